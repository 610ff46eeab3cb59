"""test_readme.py: the blocks of README.md and docs/ are run as they are: C, shell, Python.

Those of CONTRIBUTING.md are in test_contributing.py. Long: the tests of all blocks share a folder
with README's extension, and one list.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate.build import include_flags
from hpystate.demo import atlas_source
from hpystate.finder import HYBRID_SUFFIX
from hpystate.testing import Interpreter, InterpreterError, compile_snippet
from tests.clients.pages import ELSEWHERE, FROM_A_WHEEL, NOT_FROM_A_WHEEL, ROOT, block, blocks
from tests.conftest import Child

STAGE = Path(hpystate.__file__).absolute().parents[1]  # where its files are links, perhaps
PATIENCE = 10 if "HPYSTATE_SANITIZED" in os.environ else 1

WITHOUT_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

Run = Callable[..., subprocess.CompletedProcess[str]]


def promised(code: str) -> list[str]:
    """What the comments behind the calls of print() say."""
    return re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with README's point.c, and a `python` that is the one of this test."""
    made = tmp_path_factory.mktemp("readme")
    (made / "point.c").write_text(block("c", "HPy_MODINIT"))
    command = made / "bin" / "python"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    command.chmod(0o755)
    return made


def in_folder(folder: Path, command: list[str], package: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(package),
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60 * PATIENCE,
        check=False,
    )


def is_quiet(stderr: str) -> bool:
    """Debug mode prints nothing; on a Python without the GIL, that it brings the GIL back."""
    if WITHOUT_GIL:
        return "in a mode (debug, trace) that needs it" in stderr and stderr.count("Warning") == 1
    return stderr == ""


@pytest.fixture(scope="module")
def shell(folder: Path) -> Run:
    """Runs lines of a shell in the folder, with the package at `package`."""

    def run(lines: str, package: Path = STAGE) -> subprocess.CompletedProcess[str]:
        return in_folder(folder, ["bash", "-euc", lines], package)

    return run


@pytest.fixture(scope="module")
def python(folder: Path, shell: Run) -> Run:
    """Runs a script in the folder, in which point.hpy0.so lies: compiled by README's line."""
    compiled = shell(block("sh", "gcc"))
    assert (compiled.returncode, compiled.stderr) == (0, "")
    assert (folder / "point.hpy0.so").is_file()

    def run(script: str, package: Path = STAGE) -> subprocess.CompletedProcess[str]:
        (folder / "script.py").write_text(script)
        return in_folder(folder, ["python", "script.py"], package)

    return run


FIRST = "test_the_first_example_has_a_value_for_each_of_three_interpreters"
WHEEL = "tests/wheel/test_ways_of_building.py runs it"
#: Every block of the pages, by page and a part of it, with the test of this file that runs it, or
#: the reason why none does.
BLOCKS = {
    ("README.md", "the same C statics"): "what a run of the demo printed",
    ("README.md", "make demo"): "commands: test_pages.py",
    ("README.md", "pip install ."): "it compiles for minutes; what it would copy is copied by "
    "test_the_examples_work_with_the_package_that_an_installation_makes",
    ("README.md", "#include <hpy.h>"): FIRST,
    ("README.md", "gcc -shared"): FIRST,
    ("README.md", "Interpreter()"): FIRST,
    ("CONTRIBUTING.md", "source .venv"): "tests/clients/test_contributing.py runs it",
    ("CONTRIBUTING.md", "ctest --preset dev"): "it builds for minutes; "
    "tests/clients/test_contributing.py compares the names of the presets",
    ("CONTRIBUTING.md", "detach-on-fork"): "tests/clients/test_contributing.py runs it",
    ("docs/building.md", "hpystate new"): WHEEL,
    ("docs/building.md", "hpystate build"): WHEEL,
    ("docs/building.md", "find_package"): WHEEL,
    ("docs/building.md", "gcc -shared"): WHEEL,
    ("docs/debugging.md", "HPY=debug"): "test_the_variables_choose_and_tell_the_mode",
    ("docs/debugging.md", "LeakDetector"): (
        "test_the_example_of_debug_mode_finds_no_leak_and_finds_one"
    ),
    ("docs/debugging.md", "pytest_plugins"): "test_the_fixture_of_pytest_finds_an_open_handle",
    ("docs/debugging.md", "get_call_counts"): "test_the_example_of_trace_mode_counts_calls",
    ("docs/debugging.md", "gdb -batch"): "test_gdb_stops_in_a_function_of_the_extension",
    ("docs/debugging.md", "-fsanitize=address"): "test_an_extension_runs_under_address_sanitizer",
    ("docs/doctor.md", "doctor numpy"): "names of packages; tests/doctor/test_command.py runs such",
    ("docs/doctor.md", "PyObject *cache;"): "test_the_doctor_sees_the_cache_after_the_exercise",
    ("docs/doctor.md", "lazy.c -o lazy.so"): "test_the_doctor_sees_the_cache_after_the_exercise",
    ("docs/embedding.md", "Py_EndInterpreter(own)"): (
        "test_the_end_of_an_interpreter_on_another_thread_compiles"
    ),
    ("docs/embedding.md", "WSGIPerInterpreterGIL"): "make hosts writes such a file and runs it",
    ("docs/plugin.md", "pytest -p"): "tests/plugin/test_interpreters.py runs it on small suites",
    ("docs/plugin.md", "8 interpreters beside main"): "the same; it reads such lines",
    ("docs/inspect.md", "hpystate.inspect"): "tests/inspect/test_inspect.py runs it",
    ("docs/pool.md", "InterpreterPool"): "tests/pool/test_process.py runs it",
    ("docs/fused.md", "HPy_TypeCheck_g"): (
        "test_the_fused_example_checks_calls_and_names_what_holds_nothing"
    ),
    ("docs/pyglobal.md", "make bench-pyglobal"): "tests/bench/test_pyglobal.py runs a short form",
    ("docs/global.md", "#include <hpystate/global.h>"): "tests/face/test_documentation.py runs it",
    (
        "docs/global.md",
        "#include <hpystate/global.hpp>",
    ): "tests/face/test_documentation.py runs it",
    ("docs/global.md", "tally.c -o"): "tests/face/test_documentation.py runs it",
    ("docs/global.md", "--embed-library"): "tests/face/test_documentation.py runs it",
    ("docs/global.md", "import tally"): "tests/face/test_documentation.py runs it",
    ("docs/new-version.md", "+++ b/include/hpy/abi/hpy_1_0.def"): (
        "tests/versions/future/test_future.py compares and builds it"
    ),
    ("docs/new-version.md", "+++ b/tests/abi/layout_1_0.c"): (
        "tests/versions/future/test_future.py compares and builds it"
    ),
    ("docs/new-version.md", "+++ b/runtime/loader/offers.cpp"): (
        "tests/versions/future/test_future.py compares and builds it"
    ),
    ("docs/new-version.md", "+++ b/runtime/versions/v1_0/emulate.h"): (
        "tests/versions/future/test_future.py compares and builds it"
    ),
    ("docs/porting.md", "hpy_ext_modules"): "tests/clients/test_setup_py.py builds it",
    ("docs/porting.md", "HYBRID_SUFFIX"): "test_a_hybrid_module_is_compiled_and_found",
    (
        "docs/porting.md",
        "find_package",
    ): "test_a_package_is_built_and_imported",
    ("docs/porting.md", "[build-system]"): ("test_a_package_is_built_and_imported"),
    ("docs/porting.md", "hpystate.install()"): ("test_a_package_is_built_and_imported"),
    ("docs/interpreters-or-threads.md", "bench/ways.py"): "it needs three Pythons; "
    "tests/interpreters/test_ways.py runs its parts in one",
    **ELSEWHERE,
    ("docs/quick-start.md", "python3 -m venv"): "it compiles for minutes; make test-wheel installs "
    "what it makes, and test_learn.py goes on from there",
    ("docs/using.md", "again = "): "test_a_module_is_imported_and_loaded_without_a_search",
    ("docs/using.md", 'abi="cpython"'): "test_the_example_compiles_for_cpython_alone",
    ("docs/using.md", "InterpreterPoolExecutor"): (
        "test_the_interpreters_and_the_pool_of_the_standard_library_have_values_of_their_own"
    ),
    ("docs/versions.md", "hpystate abi"): "test_the_versions_of_a_file_are_printed",
    ("docs/versions.md", "/* point.h */"): "tests/siblings/test_documentation.py runs it",
    ("docs/versions.md", "/* point.c */"): "tests/siblings/test_documentation.py runs it",
    ("docs/versions.md", "/* line.c */"): "tests/siblings/test_documentation.py runs it",
    ("docs/versions.md", "/* point.c for"): "tests/siblings/test_documentation.py runs it",
    ("docs/versions.md", "-DHPY_UNIVERSAL_ABI"): "tests/siblings/test_documentation.py runs it",
}


def test_each_block_is_run_by_a_test_of_this_file_or_has_a_reason_why_not() -> None:
    for page, part in BLOCKS:
        assert (
            len([each for each in blocks() if each.page == page and part in each.text]) == 1
        ), part
    for each in blocks():
        found = [part for page, part in BLOCKS if page == each.page and part in each.text]
        assert len(found) == 1, (each.page, each.first_line)
    for how in BLOCKS.values():
        assert not how.startswith("test_") or " " in how or how in globals(), how


def test_each_file_that_runs_blocks_runs_from_a_wheel_too_or_has_a_reason_why_not() -> None:
    named = {"tests/clients/test_readme.py"}
    for how in BLOCKS.values():
        named |= set(re.findall(r"tests/[\w/]+\.py", how))

    assert named == {*FROM_A_WHEEL, *(name for name in NOT_FROM_A_WHEEL if "::" not in name)}
    for name in NOT_FROM_A_WHEEL:
        file, _, test = name.partition("::")
        assert f"def {test}" in (ROOT / file).read_text()


@pytest.mark.usefixtures("python")  # point.hpy0.so
def test_the_versions_of_a_file_are_printed(shell: Run) -> None:
    result = shell(block("sh", "hpystate abi", "docs/versions.md"))

    assert (result.returncode, result.stderr) == (0, "")
    assert "HPy 0.9: ABI 0.0, NAME.hpy0.so, 189 functions" in result.stdout
    assert "  gets       HPy 0.9 (ABI 0.0), 189 functions" in result.stdout
    assert '"module": "point"' in result.stdout


def test_the_doctor_sees_the_cache_after_the_exercise(folder: Path, shell: Run) -> None:
    (folder / "lazy.c").write_text(block("c", "PyObject *cache;", "docs/doctor.md"))
    compiler, *doctor = block("sh", "lazy.c -o lazy.so", "docs/doctor.md").splitlines()
    compiled = shell(compiler)
    before, after = (shell(line) for line in doctor)

    assert (compiled.returncode, compiled.stderr) == (0, "")
    assert (before.returncode, before.stderr) == (0, "")
    assert before.stdout.startswith("lazy: ready\n")
    assert (after.returncode, after.stderr) == (1, "")
    assert after.stdout.startswith("lazy: port\n")
    assert "1 static word with an object: cache" in after.stdout


def test_the_first_example_has_a_value_for_each_of_three_interpreters(python: Run) -> None:
    code = block("python", "hpystate.testing")
    result = python(code)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == promised(code) == ["(1, 1)", "(2, 2)", "(0, 0)"]


def test_the_first_example_has_nothing_in_it_that_is_not_upstreams() -> None:
    file = compile_snippet("point", block("c", "HPy_MODINIT"), headers="upstream")
    point = hpystate.load("point", str(file))

    assert point.where() == (0, 0)
    point.move((1, 1))
    assert point.where() == (1, 1)


def test_the_interpreters_and_the_pool_of_the_standard_library_have_values_of_their_own(
    python: Run,
) -> None:
    code = block("python", "InterpreterPoolExecutor", "docs/using.md")
    result = python(code)

    if sys.version_info < (3, 14):  # which has neither
        assert result.returncode == 1
        assert "ImportError: cannot import name 'interpreters' from 'concurrent'" in result.stderr
        return
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == promised(code) == ["(2, 2)", "(0, 0)", "(1, 1)"]


def test_the_examples_work_with_the_package_that_an_installation_makes(
    python: Run, shell: Run, tmp_path: Path
) -> None:
    """What `pip install .` copies, without its compilation, which takes minutes."""
    command = ["cmake", "--install", str(STAGE.parent), "--prefix", str(tmp_path)]
    copied = subprocess.run(command, capture_output=True, text=True, check=False)
    assert copied.returncode == 0, copied.stderr
    beside = tmp_path / "hpystate" / f"{Path(hpystate._native.__file__).name}-gdb.py"
    assert beside.is_file(), "gdb looks for its printers there"
    code = "import hpystate\nprint(hpystate.__file__)\n" + block("python", "hpystate.testing")

    compiled = shell(block("sh", "gcc"), package=tmp_path)
    result = python(code, package=tmp_path)

    assert (compiled.returncode, compiled.stderr, result.stderr) == (0, "", "")
    where = str(tmp_path / "hpystate" / "__init__.py")
    assert result.stdout.splitlines() == [where, *promised(code)]


def test_a_module_is_imported_and_loaded_without_a_search(python: Run) -> None:
    code = block("python", "again = ", "docs/using.md")
    result = python(code)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == promised(code) == ["(0, 0)"]


def test_the_example_compiles_for_cpython_alone(python: Run) -> None:
    """Without install(): Python's own import finds it."""
    code = block("python", 'abi="cpython"', "docs/using.md")
    result = python(
        code + "import point\npoint.move((1, 1))\nprint(point.__file__, point.where())\n"
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert ".cpython-" in result.stdout
    assert result.stdout.endswith("(1, 1)\n")


def test_the_names_of_upstreams_modules_lead_to_ours(python: Run) -> None:
    result = python(
        "import hpystate\nhpystate.install()\nimport hpy.universal, hpy.debug, hpy.trace\n"
        "print(hpy.universal.__file__)\nprint(hpy.debug.__name__, hpy.trace.__name__)\n"
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        str(STAGE / "hpystate" / "universal.py"),
        "hpystate.debug hpystate.trace",
    ]


def test_a_load_of_nothing_that_is_passed_on_is_an_error_that_names_the_function(
    child: Child,
) -> None:
    text = block("c", "HPy_MODINIT").replace("{&point_exec, ", "{")
    script = """if True:
        import sys
        import hpystate

        point = hpystate.load("point", sys.argv[1])
        point.move("here")
        print(point.where())
        other = hpystate.load("point", sys.argv[2])
        try:
            other.where()
        except SystemError as error:
            print(error)
    """
    files = [str(compile_snippet("point", text + end, flags=("-w",))) for end in ("", "/* 2 */\n")]
    ended = child(script, *files)

    # A debug build of CPython ends the process where a function gives neither a value nor an error.
    told = ended.stderr if sysconfig.get_config_var("Py_DEBUG") else ended.stdout
    assert ended.stdout.startswith("here\n"), ended.stderr
    assert re.search(r"function where> returned NULL without setting an exception", told)


FUSED = """
    #include <hpy.h>
    #include <hpystate/fused.h>

    static HPyGlobal Point_Type, on_point;
    static HPyGlobal *globals[] = {{&Point_Type, &on_point, NULL}};

    HPyDef_METH(store, "store", HPyFunc_VARARGS)
    static HPy store_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {{
        HPyGlobal_Store(ctx, &Point_Type, args[0]);
        HPyGlobal_Store(ctx, &on_point, args[1]);
        return HPy_Dup(ctx, ctx->h_None);
    }}

    HPyDef_METH(use, "use", HPyFunc_O)
    static HPy use_impl(HPyContext *ctx, HPy self, HPy arg) {{
        {block}
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
    }}

    static HPyDef *defines[] = {{&store, &use, NULL}};
    static HPyModuleDef definition = {{.defines = defines, .globals = globals}};
    HPy_MODINIT(fusing, definition)
"""


def test_the_fused_example_checks_calls_and_names_what_holds_nothing() -> None:
    text = FUSED.format(block=block("c", "HPy_TypeCheck_g", "docs/fused.md"))
    fusing = hpystate.load("fusing", str(compile_snippet("fusing", text)))

    with pytest.raises(SystemError, match="Point_Type"):
        fusing.use(1)
    fusing.store(int, str)
    assert (fusing.use(1), fusing.use("other")) == ("1", None)


def test_the_variables_choose_and_tell_the_mode(folder: Path, python: Run, shell: Run) -> None:
    del python  # it has compiled point.hpy0.so
    (folder / "app.py").write_text("import hpystate\nhpystate.install()\nimport point\n")
    lines = block("sh", "HPY=debug", "docs/debugging.md").splitlines()
    debug, one, log = map(shell, lines)

    assert [each.returncode for each in (debug, one, log)] == [0, 0, 0]
    assert is_quiet(debug.stderr)
    assert one.stderr == ""
    assert "Loading 'point' in HPy universal mode\n" in log.stdout + log.stderr
    both = shell("HPY_LOG=1 " + lines[0])
    assert "Loading 'point' in HPy universal mode with a debug context" in both.stdout + both.stderr


LEAKING = """
    #include <hpy.h>
    HPyDef_METH(where, "where", HPyFunc_NOARGS)
    static HPy where_impl(HPyContext *ctx, HPy self) {
        HPyLong_FromLong(ctx, 4711);
        return HPy_Dup(ctx, ctx->h_None);
    }
    static HPyDef *defines[] = {&where, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(point, definition)
"""


def test_the_example_of_debug_mode_finds_no_leak_and_finds_one(python: Run) -> None:
    code = block("python", "LeakDetector", "docs/debugging.md")
    result = python(code)
    assert (result.returncode, result.stdout) == (0, "")
    assert is_quiet(result.stderr)

    file = compile_snippet("point", LEAKING)
    result = python(code.replace("point.hpy0.so", str(file)))
    assert result.returncode == 1
    assert "HPyLeakError" in result.stderr
    assert "4711" in result.stderr


def test_the_fixture_of_pytest_finds_an_open_handle(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(block("python", "pytest_plugins", "docs/debugging.md"))
    load = 'hpystate.load("point", {file!r}, mode="debug").where()'
    good = compile_snippet("point", block("c", "HPy_MODINIT"))
    leaking = compile_snippet("point", LEAKING)
    (tmp_path / "test_point.py").write_text(
        "import hpystate\n"
        f"def test_good(): {load.format(file=str(good))}\n"
        f"def test_leaking(): {load.format(file=str(leaking))}\n"
    )

    command = ["python", "-m", "pytest", "-q", "--rootdir", str(tmp_path), str(tmp_path)]
    result = in_folder(folder, command, STAGE)

    # Without the GIL there is a warning, that debug mode brings it back.
    passed = re.search(r"2 passed, (?:\d+ warnings?, )?1 error", result.stdout)
    assert passed is not None, result.stdout + result.stderr
    assert re.search(r"^ERROR .*test_point\.py::test_leaking", result.stdout, re.MULTILINE)
    assert "HPyLeakError: 1 unclosed handle" in result.stdout
    assert "4711" in result.stdout


def test_the_example_of_trace_mode_counts_calls(python: Run) -> None:
    result = python(block("python", "get_call_counts", "docs/debugging.md"))

    assert (result.returncode, is_quiet(result.stderr)) == (0, True)
    assert "'ctx_Global_Load': 1" in result.stdout


@pytest.fixture
def three(folder: Path, python: Run) -> Path:
    """The folder with three.py beside point.hpy0.so."""
    del python
    (folder / "three.py").write_text(block("python", "hpystate.testing"))
    return folder


def test_gdb_stops_in_a_function_of_the_extension(three: Path) -> None:
    command = shlex.split(block("sh", "gdb -batch", "docs/debugging.md"))
    if shutil.which("gdb") is None or "HPYSTATE_SANITIZED" in os.environ:
        # No gdb is needed for developing, and under a sanitizer each stop takes very long.
        assert "break point_where_impl" in command
        return
    command[-2] = sys.executable  # gdb takes no script for it
    result = in_folder(three, command, STAGE)

    assert re.search(r"^#0 .*point_where_impl", result.stdout, re.MULTILINE), result.stderr


def test_an_extension_runs_under_address_sanitizer(three: Path, shell: Run) -> None:
    lines = block("sh", "-fsanitize=address", "docs/debugging.md")
    if WITHOUT_GIL:  # the page tells to do so
        assert " PYTHONMALLOC=malloc" in lines
        lines = lines.replace(" PYTHONMALLOC=malloc", "")
    plain = (three / "point.hpy0.so").read_bytes()
    if "HPYSTATE_SANITIZED" in os.environ or shell("gcc -print-file-name=libasan.so").stdout == (
        "libasan.so\n"
    ):
        # One run-time of a sanitizer in a process is enough; a gcc without it prints the bare name.
        assert "LD_PRELOAD" in lines
        return
    try:
        result = shell(lines)
    finally:
        (three / "point.hpy0.so").write_bytes(plain)

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == promised(block("python", "hpystate.testing"))


def test_the_end_of_an_interpreter_on_another_thread_compiles() -> None:
    """tests/interp_state/test_embedding.cpp does the same, and looks at what it destroys."""
    text = block("c", "Py_EndInterpreter(own)", "docs/embedding.md")
    code = f"#include <Python.h>\nvoid end(PyThreadState *first) {{\n{text}}}\n"
    check_syntax(code, f"-I{sysconfig.get_path('include')}")


def test_the_calls_of_the_table_of_a_port_compile() -> None:
    rows = re.findall(
        r"^\| (?!before|-)(.*?) \| (.*) \|$",
        (ROOT / "docs/porting.md").read_text(),
        re.MULTILINE,
    )
    calls = [code for _, after in rows for code in re.findall(r"`([^`]*\(ctx.*?)`", after)]
    assert len(calls) == 8
    body = "\n".join(f"    {call.rstrip(';')};" for call in calls)
    check_syntax(
        f"""
        #include <hpy.h>
        #include <hpystate/fused.h>
        static HPyGlobal Error, Point_Type, dumps, str_name, cache, decimal;
        void calls(HPyContext *ctx, HPy h, HPy *args, size_t n, const char *text,
                   HPyGlobal_Initializer make) {{
            struct {{ double x; }} *point;
        {body}
        }}
        """,
        *include_flags(),
    )


WHERE = "import {name}; print({name}.__file__, {name}.where())"


def test_a_hybrid_module_is_compiled_and_found(folder: Path, shell: Run, tmp_path: Path) -> None:
    """In a folder of its own: where both files are, the universal one is found."""
    lines = block("sh", "HYBRID_SUFFIX", "docs/porting.md")
    compiled = shell(f"cp point.c {tmp_path}\ncd {tmp_path}\n{lines}")
    assert (compiled.returncode, compiled.stderr) == (0, "")

    code = f"import hpystate; hpystate.install(); {WHERE.format(name='point')}"
    result = in_folder(folder, ["python", "-P", "-c", code], Path(f"{STAGE}:{tmp_path}"))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{tmp_path / f'point{HYBRID_SUFFIX}'} (0, 0)\n"


def test_a_package_is_built_and_imported(folder: Path, shell: Run, tmp_path: Path) -> None:
    """By CMake, as scikit-build-core does it, which also copies the package's own files."""
    project = tomllib.loads(block("toml", "[build-system]", "docs/porting.md"))
    assert project["build-system"]["build-backend"] == "scikit_build_core.build"
    assert project["project"]["dependencies"] == ["hpystate"]
    (tmp_path / "CMakeLists.txt").write_text(
        block("cmake", "hpystate_add_module", "docs/porting.md")
    )
    shutil.copy(folder / "point.c", tmp_path)
    made = tmp_path / "site"
    package = made / project["project"]["name"]
    package.mkdir(parents=True)
    text = block("python", "hpystate.install()", "docs/porting.md")
    (package / "__init__.py").write_text(text)

    built = shell(f"""
        cmake -S {tmp_path} -B {tmp_path}/build -Dhpystate_DIR=$(python -m hpystate --cmake-dir)
        cmake --build {tmp_path}/build
        cmake --install {tmp_path}/build --prefix {made}
    """)
    assert built.returncode == 0, built.stdout + built.stderr
    code = WHERE.format(name="shapes.point")
    result = in_folder(folder, ["python", "-P", "-c", code], Path(f"{STAGE}:{made}"))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{package / 'point.hpy0.so'} (0, 0)\n"


def check_syntax(code: str, *flags: str) -> None:
    command = [os.environ.get("CC", "cc"), "-x", "c", "-fsyntax-only", "-Wall", *flags, "-"]
    result = subprocess.run(
        command, input=code, capture_output=True, text=True, timeout=60 * PATIENCE, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "error" not in result.stderr


@pytest.mark.parametrize("headers", ["hpystate", "upstream"])
def test_the_example_with_every_kind_of_global_works_in_three_interpreters(headers: str) -> None:
    text = atlas_source().read_text()
    file = str(compile_snippet("atlas", text, headers=headers))  # type: ignore[arg-type]
    code = f"""
        import hpystate
        atlas = hpystate.load("atlas", {file!r})
        try:
            atlas.start(%d, 7)
            answer = atlas.work(10, %d, 7)
        finally:
            del atlas
    """

    with Interpreter("own") as second, Interpreter("own") as third:
        found = [each.run(code % (each.id, each.id)) for each in (second, third)]
        main = hpystate.load("atlas", file)
        main.start(0, 7)
        assert [*found, main.work(10, 0, 7)] == [(60, 0)] * 3
        with pytest.raises(InterpreterError, match="4095"):
            second.run(code % (4096, 0))
