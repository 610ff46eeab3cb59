"""images.py: whether hpystate.isolate() may load a module unmodified, by what is known of it.

A table of packages that were tried knows more than the file tells (docs/isolate.md). Nothing here
is a promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpystate.doctor.examine import Findings
from hpystate.images import packages


def told(found: Findings) -> str:
    """A sentence; "" for an extension of HPy, which needs no image."""
    if found.hpy is not None:
        return ""
    assert found.facts is not None
    name = found.target.name
    entry = packages.entry_of(packages.shipped(), name)
    reason = packages.why_refused(entry)
    if reason is not None:
        return f"refused: {reason}"
    call = f'hpystate.isolate("{name.partition(".")[0]}")'
    tested: Sequence[dict[str, Any]] = entry.get("tested", ())
    if tested:
        versions = sorted({row["version"] for row in tested})
        pythons = ", ".join(sorted({row["python"] for row in tested}))
        text = f"known to work: {call}, {' and '.join(versions)} on CPython {pythons}"
        return f"{text}; {tested[-1]['how']}"
    if found.facts.static_tls:
        return f"{call} is not tried; its initial-exec TLS lets few images into a process"
    return f"{call} is not tried; nothing was found against it"
