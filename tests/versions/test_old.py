"""test_old.py: binaries of HPy 0.0.4, compiled with its headers as published, load and run."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import LoadError, _native
from hpystate.testing import Interpreter, compile_snippet
from tests.upstream.old import (
    compile_old_proof_of_concept,
    compile_old_snippet,
    python_include,
)
from tests.versions.sources import DERIVER, IMPORTER, KEEPER, MINIMAL, NEW, PROOF, TRAMPOLINES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has keeper.hpy.so and upstream's proof of concept."""
    made = compile_old_proof_of_concept(tmp_path_factory.mktemp("old"))
    compile_old_snippet("keeper", KEEPER, made)
    return made


@pytest.fixture(params=["universal", "debug", "trace"])
def keeper(request: pytest.FixtureRequest, folder: Path) -> ModuleType:
    return hpystate.load("keeper", folder / "keeper.hpy.so", mode=request.param)


def refused(file: Path, kind: str, *texts: str, name: str | None = None) -> LoadError:
    with pytest.raises(LoadError) as caught:
        hpystate.load(name or file.name.partition(".")[0], file)
    assert caught.value.kind == kind
    for text in texts:
        assert text in str(caught.value)
    return caught.value


# ---- it works ----------------------------------------------------------------------------------


def test_the_proof_of_concept_works_in_main(folder: Path, child: Callable) -> None:
    result = child(PROOF.format(folder=str(folder)).replace("\n    ", "\n"))

    assert (result.returncode, result.stderr) == (0, "")


def test_the_proof_of_concept_works_in_a_subinterpreter(
    folder: Path, interpreter: Interpreter
) -> None:
    interpreter.run(PROOF.format(folder=str(folder)))


def test_every_interpreter_has_types_of_its_own(folder: Path) -> None:
    with Interpreter("own") as one, Interpreter("own") as two:
        addresses = {i.run(PROOF.format(folder=str(folder))) for i in (one, two)}
        module = hpystate.load("pof", folder / "pof.hpy.so")

        assert len(addresses | {id(module.Point)}) == 3
        assert repr(module.Point(1, 2)) == "Point(1, 2)"


def test_a_global_has_a_value_for_each_interpreter(folder: Path) -> None:
    code = f"""
        import hpystate
        keeper = hpystate.load("keeper", {str(folder / "keeper.hpy.so")!r})
        before = keeper.get()
        keeper.put(VALUE)
        answer = before, keeper.get()
    """
    here = hpystate.load("keeper", folder / "keeper.hpy.so")
    here.put("main")
    with Interpreter("own") as one, Interpreter("own") as two:
        assert one.run(code.replace("VALUE", "'one'")) == ("nothing", "one")
        assert two.run(code.replace("VALUE", "'two'")) == ("nothing", "two")
        assert one.run("answer = keeper.get()") == "one"
    assert here.get() == "main"


def test_a_function_may_write_to_its_arguments(keeper: ModuleType) -> None:
    arguments = ("a", "b", "c")

    assert keeper.last(*arguments) == "c"
    assert arguments == ("a", "b", "c")


def test_keywords_come_as_a_dict_and_fields_are_kept(keeper: ModuleType) -> None:
    box = keeper.Box("inside")

    assert box.open() == "inside"
    assert box.open(key=1) == box.open(1) == 1
    with pytest.raises(TypeError):
        box.open("not a number")
    derived = type("Derived", (keeper.Box,), {})
    assert derived("deeper").open() == "deeper"


def test_a_second_module_of_one_file_has_its_definitions_name(keeper: ModuleType) -> None:
    assert (keeper.__name__, keeper.helper.__name__) == ("keeper", "helper")
    assert keeper.helper.__doc__ == "a second one"
    keeper.put("shared by both")
    assert keeper.helper.get() == "shared by both"


def test_it_is_imported_by_its_name_with_a_spec(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = folder / "pack"
    package.mkdir(exist_ok=True)
    (package / "keeper.hpy.so").write_bytes((folder / "keeper.hpy.so").read_bytes())
    monkeypatch.syspath_prepend(str(folder))
    try:
        module = importlib.import_module("pack.keeper")
        assert module.__name__ == module.__spec__.name == "pack.keeper"
        assert module.get.__module__ == "pack.keeper"
        assert module.__file__ == str(package / "keeper.hpy.so")
        assert module.helper.__name__ == "helper"
    finally:
        sys.modules.pop("pack.keeper", None)
        sys.modules.pop("pack", None)


def test_a_file_of_0_9_in_the_same_folder_wins(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = """
        #include <hpy.h>
        HPyDef_METH(version, "version", HPyFunc_NOARGS)
        static HPy version_impl(HPyContext *ctx, HPy self) {
            return HPyUnicode_FromString(ctx, "0.9");
        }
        static HPyDef *defines[] = {&version, NULL};
        static HPyModuleDef def = {.defines = defines};
        HPy_MODINIT(keeper, def)
    """
    for file in (compile_snippet("keeper", new), folder / "keeper.hpy.so"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        assert importlib.import_module("keeper").version() == "0.9"
    finally:
        sys.modules.pop("keeper", None)


# ---- beside 0.9 --------------------------------------------------------------------------------


@pytest.fixture(params=["universal", "debug", "trace"])
def deriver(request: pytest.FixtureRequest, tmp_path: Path) -> ModuleType:
    file = compile_old_snippet("deriver", DERIVER, tmp_path)
    return hpystate.load("deriver", file, mode=request.param)


def test_a_type_of_0_0_4_on_one_of_0_9_has_functions_of_both(deriver: ModuleType) -> None:
    newer = hpystate.load("newer", compile_snippet("newer", NEW))
    both = deriver.derive(newer.Num)()

    assert (both.twice(21), both.thrice(14)) == (42, 42)


def test_a_type_of_0_9_and_one_of_0_0_4_in_one_class(folder: Path) -> None:
    newer = hpystate.load("newer", compile_snippet("newer", NEW))
    keeper = hpystate.load("keeper", folder / "keeper.hpy.so")
    mixed = type("Mixed", (keeper.Box,), {"num": newer.Num()})("x")

    assert (mixed.open(), mixed.num.twice(2)) == ("x", 4)


def test_a_module_that_a_function_makes_later_is_made(deriver: ModuleType) -> None:
    made = deriver.later()

    assert made.__name__ == "made_later"
    assert made.derive(object)().thrice(2) == 6


def test_a_parameter_of_an_unknown_kind_is_refused_and_not_read(deriver: ModuleType) -> None:
    with pytest.raises(TypeError, match="unknown HPyType_SpecParam .*'deriver.D': its kind is 3"):
        deriver.bad()


# ---- imports within imports --------------------------------------------------------------------


def test_an_import_in_an_init_function_takes_nothing_from_the_outer_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = compile_old_snippet("importer", IMPORTER, folder)
    monkeypatch.syspath_prepend(str(folder))
    try:
        outer = hpystate.load("a.b.importer", file, mode="debug")
        assert outer.__name__ == "a.b.importer"
        assert outer.inner.__name__ == "keeper"
        assert outer.inner.get.__module__ == "keeper"
        assert outer.inner.last(1, 2) == 2
    finally:
        sys.modules.pop("keeper", None)


# ---- trampolines -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_trampolines_of_the_file_work(mode: str, tmp_path: Path) -> None:
    file = compile_old_snippet("jump", TRAMPOLINES, tmp_path, flags=[python_include()])
    jump = hpystate.load("jump", file, mode=mode)

    assert (jump.no(), jump.one(4), jump.many(1, 2, 3)) == (1, 8, 3)
    assert (jump.named(1), jump.named(1, a=2, b=3)) == (1, 21)
    assert (jump.compare(0), jump.has(True), jump.has(0), jump.len()) == (5, 1, 0, 1 << 40)
    with pytest.raises(TypeError):
        jump.one(object())


def test_a_file_that_uses_the_c_api_is_refused_with_a_gil_of_its_own(tmp_path: Path) -> None:
    file = compile_old_snippet("jump", TRAMPOLINES, tmp_path, flags=[python_include()])
    code = f"""
        import hpystate
        try:
            hpystate.load("jump", {str(file)!r})
            answer = None
        except hpystate.LoadError as error:
            answer = error.kind
        answer = answer, hpystate.load("jump", {str(file)!r}, interpreters="own-gil").no()
    """
    with Interpreter("own") as other:
        assert other.run(code) == ("refused-interpreter", 1)


# ---- what is wrong is refused ------------------------------------------------------------------


def test_an_init_function_that_returns_null_is_refused(tmp_path: Path) -> None:
    file = compile_old_snippet("wrong", MINIMAL.replace("BODY", "return HPy_NULL;"), tmp_path)

    refused(file, "init-null", "HPyInit_wrong returned HPy_NULL without an exception")


def test_an_exception_of_the_init_function_is_the_imports(tmp_path: Path) -> None:
    body = 'HPyErr_SetString(ctx, ctx->h_KeyError, "mine"); return HPy_NULL;'
    file = compile_old_snippet("wrong", MINIMAL.replace("BODY", body), tmp_path)

    with pytest.raises(KeyError, match="mine"):
        hpystate.load("wrong", file)


def test_an_exception_beside_a_module_is_a_system_error(tmp_path: Path) -> None:
    body = """
        HPy m = HPyModule_Create(ctx, &def);
        HPyErr_SetString(ctx, ctx->h_KeyError, "mine");
        return m;
    """
    file = compile_old_snippet("wrong", MINIMAL.replace("BODY", body), tmp_path)

    with pytest.raises(SystemError):
        hpystate.load("wrong", file)


@pytest.mark.parametrize("what", ["NULL", "&nameless"])
def test_a_definition_that_is_missing_is_named(what: str, tmp_path: Path) -> None:
    body = f"static HPyModuleDef nameless; return HPyModule_Create(ctx, {what});"
    file = compile_old_snippet("wrong", MINIMAL.replace("BODY", body), tmp_path)

    with pytest.raises(SystemError, match="HPyModule_Create: the .* is NULL"):
        hpystate.load("wrong", file)


def test_a_method_of_an_unknown_signature_is_a_value_error(tmp_path: Path) -> None:
    body = """
        static HPyDef odd = {.kind = HPyDef_Kind_Meth,
            .meth = {.name = "odd", .impl = (HPyCFunction)init_wrong_impl,
                     .signature = (HPyFunc_Signature)31}};
        static HPyDef *defines[] = {&odd, NULL};
        def.defines = defines;
        return HPyModule_Create(ctx, &def);
    """
    file = compile_old_snippet("wrong", MINIMAL.replace("BODY", body), tmp_path)

    with pytest.raises(ValueError, match="Unsupported HPyMeth signature"):
        hpystate.load("wrong", file)


def test_a_file_of_that_name_that_lacks_the_init_function_is_refused(folder: Path) -> None:
    refused(folder / "keeper.hpy.so", "missing-version", "It holds keeper", name="other")


def test_what_the_file_declares_is_told(folder: Path) -> None:
    _, declared = _native.inspect("keeper", str(folder / "keeper.hpy.so"))

    assert (declared["abi"], declared["tag"], declared["hybrid"]) == ("0.0.4", "hpy", False)


def test_hpy_universal_loads_it_without_a_spec(folder: Path) -> None:
    from hpy import universal

    module = universal.load("keeper", str(folder / "keeper.hpy.so"), debug=True)
    assert module.last(1, 2) == 2


def test_its_last_context_outlives_the_interpreter_of_it(folder: Path, child: Callable) -> None:
    """The file's static holds the context of an interpreter that has ended; nothing uses it."""
    file = str(folder / "keeper.hpy.so")
    result: subprocess.CompletedProcess[str] = child(f"""
import hpystate
from hpystate.testing import Interpreter
here = hpystate.load("keeper", {file!r})
here.put("kept")
for _ in range(3):
    with Interpreter("own") as other:
        other.run("import hpystate; k = hpystate.load('keeper', {file!r}); k.put(k.Box(k))")
print(here.get(), here.Box(1).open())
""")
    assert (result.stdout, result.returncode) == ("kept 1\n", 0), result.stderr
