"""place.py: a small extension that is put where a test wants it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from hpystate.testing import compile_snippet

#: The fixture `put`: puts the extension of a module into a folder, and returns its file.
Put = Callable[..., Path]

SOURCE = """
    #include <hpy.h>
    HPyDef_METH(where, "where", HPyFunc_NOARGS, .doc = "Tells where.")
    static HPy where_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "here"); }
    static HPyDef *defines[] = {&where, NULL};
    static HPyModuleDef def = {.doc = "A place.", .defines = defines};
    HPy_MODINIT(NAME, def)
"""


def put_extension(folder: Path, name: str = "place", file: str | None = None) -> Path:
    """Compiles the module `name` once for all tests; `file` is X.hpy0.so unless said otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    compiled = compile_snippet(name, SOURCE.replace("NAME", name))
    target = os.path.join(folder, file if file is not None else f"{name}.hpy0.so")
    shutil.copy(compiled, target)
    return Path(target)
