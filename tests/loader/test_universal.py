"""test_universal.py: hpy.universal, as programs that were written for upstream's see it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = """
    #include <hpy.h>
    #ifdef WANTED_VERSION
    #undef HPY_ABI_VERSION
    #define HPY_ABI_VERSION WANTED_VERSION
    #endif
    HPyDef_METH(name, "name", HPyFunc_NOARGS)
    static HPy name_impl(HPyContext *ctx, HPy self) {
        return HPyUnicode_FromString(ctx, ctx->name);
    }
    static HPyDef *defines[] = {&name, NULL};
    static HPyModuleDef def = {.size = SIZE, .defines = defines};
    HPy_MODINIT(plain, def)
"""


@pytest.fixture
def universal() -> Iterator[object]:
    yield importlib.import_module("hpy.universal")
    for name in ("hpy.universal", "hpy"):
        sys.modules.pop(name, None)


def plain(*flags: str) -> str:
    return str(compile_snippet("plain", SOURCE, flags=("-DSIZE=0", *flags)))


def test_the_module_has_upstreams_names(universal) -> None:
    assert universal.__name__ == "hpy.universal"
    assert (universal.MODE_UNIVERSAL, universal.MODE_DEBUG, universal.MODE_TRACE) == (0, 1, 2)
    version, revision = universal.get_version()
    assert version == "0.9.0"
    assert hpystate.__version__ in revision


def test_load_gives_a_module(universal) -> None:
    spec = importlib.util.spec_from_loader("plain", None)

    module = universal.load("plain", plain(), spec)

    assert module.name().startswith("HPy Universal ABI")
    assert "plain" not in sys.modules


def test_load_takes_a_mode(universal) -> None:
    spec = importlib.util.spec_from_loader("plain", None)

    module = universal.load("plain", plain(), spec, mode=universal.MODE_UNIVERSAL)

    debug = universal.load("plain", plain(), spec, debug=True)
    trace = universal.load("plain", plain(), spec, mode=universal.MODE_TRACE)

    assert module.name().startswith("HPy Universal ABI")
    assert debug.name().startswith("HPy Debug Mode ABI")
    assert trace.name().startswith("HPy Trace Mode ABI")


def test_a_stub_is_served(universal, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_loader("pack.plain", None)
    file = plain()

    module = universal._load_bootstrap(
        "plain", "pack.plain", "pack", file, "a loader", spec, {"HPY_LOG": "1"}
    )

    assert (module.__name__, module.__package__) == ("pack.plain", "pack")
    assert (module.__file__, module.__loader__, module.__spec__) == (file, "a loader", spec)
    assert capsys.readouterr().out == "Loading 'plain' in HPy universal mode\n"


def test_an_unsupported_version_has_upstreams_text(universal) -> None:
    with pytest.raises(RuntimeError) as caught:
        universal.load("plain", plain("-DWANTED_VERSION=999"), None)

    assert str(caught.value) == (
        "HPy extension module 'plain' requires unsupported version of the HPy runtime. "
        "Requested version: 999.0. Current HPy version: 0.0."
    )
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    ("name", "text"), [("plain.hpy7.so", "mismatch"), ("plain.so", "not find")]
)
def test_tags_have_upstreams_texts(universal, tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(Path(plain()).read_bytes())

    with pytest.raises(RuntimeError, match=text) as caught:
        universal.load("plain", str(file), None)

    assert str(caught.value).startswith(f"HPy extension module 'plain' at path '{file}': ")


def test_a_negative_size_is_the_system_error_that_it_was(universal) -> None:
    file = str(compile_snippet("plain", SOURCE, flags=("-DSIZE=-1",)))

    with pytest.raises(SystemError, match="HPy does not permit HPyModuleDef.size < 0"):
        universal.load("plain", file, None)


def test_ours_wins_where_upstreams_package_is_installed(child: Callable, tmp_path: Path) -> None:
    """A package hpy with a build part and a runtime of its own takes the place of upstream's."""
    (tmp_path / "hpy").mkdir()
    (tmp_path / "hpy" / "universal.py").write_text("upstream = True")
    (tmp_path / "hpy" / "devel.py").write_text("devel = True")
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import hpy.universal
assert hpy.universal.upstream
import hpystate
hpystate.install()
import hpy.universal, hpy.devel
print(hasattr(sys.modules["hpy.universal"], "upstream"), hpy.devel.devel)
"""
    result = child(script, str(tmp_path))

    assert result.stdout.strip() == "False True", result.stderr
