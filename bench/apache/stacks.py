"""stacks.py: where the threads of one mod_wsgi process are, by gdb, while two groups are at work.

    python bench/apache/stacks.py [--samples N] [--clients N] [--changed]

Needs gdb and the right to attach. It prints how many threads are in page(), at the lock of the
modules, and at the GIL with that lock; and in how many samples requests waited for nothing: one
group at most is in page(), and others wait at that lock.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

from load import Load
from mod_wsgi import need_mod_wsgi
from rates import GROUPS, SIZES
from serve import Hosts
from server import Site

#: Where a thread is: the first that its stack has.
PLACES = (
    ("page()", "page_impl"),
    ("at the lock", "mutex_lock"),
    ("GIL, with the lock", "PyEval_RestoreThread"),
    ("GIL, without the lock", "PyEval_AcquireThread"),
)
SECONDS = 300


def places(pid: int) -> Counter[str]:
    """Threads that serve a request, by place; the others wait for one."""
    command = ["gdb", "-p", str(pid), "-batch", "-nx", "-ex", "thread apply all bt"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if "#0" not in done.stdout:
        raise SystemExit(f"stacks.py: gdb cannot look into process {pid}: {done.stderr[-300:]}")
    found: Counter[str] = Counter()
    for stack in re.split(r"^Thread ", done.stdout, flags=re.MULTILINE)[1:]:
        if "wsgi_execute_script" in stack or "wsgi_acquire_interpreter" in stack:
            place = (name for name, function in PLACES if function in stack)
            found[next(place, "elsewhere in a request")] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--clients", type=int, default=4, help="of each group")
    parser.add_argument("--changed", action="store_true", help="the mod_wsgi with more locks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        site = Site("site", "hpy", groups=GROUPS)
        module = need_mod_wsgi(changed=options.changed)
        with Hosts(Path(scratch)).apache(site, module=module) as apache:
            rows, clients = SIZES["20 ms"]["hpy"], len(GROUPS) * options.clients
            first = Load(apache.port, "site", GROUPS, 1, 4, 40).run()
            load = Load(apache.port, "site", GROUPS, rows, clients, seconds=SECONDS)
            busy = threading.Thread(target=load.run)
            busy.start()
            samples = [places(min(first.processes)) for _ in range(options.samples)]
            load.stop()
            busy.join()
    total = sum(samples, Counter())
    for name, count in total.most_common():
        print(f"{count / len(samples):5.2f} threads {name}")
    held_up = sum(each["page()"] <= 1 and each["at the lock"] > 0 for each in samples)
    print(
        f"{held_up} of {len(samples)} samples: threads at the lock, and one group at most in page()"
    )


if __name__ == "__main__":
    main()
