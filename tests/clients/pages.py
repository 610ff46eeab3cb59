"""pages.py: README.md, CONTRIBUTING.md and docs/ as tests see them: blocks, commands, and what no
test runs."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:make|python3?|pip|gcc|cmake|ctest|gdb|export|source|git|pre-commit|\.|tools/\S+|\.ci/run"
    r"|(?!ARGS=)[A-Z_]+=\S+)(?: |$)"
)

#: The commands outside of blocks that no test and no step of .ci/run runs as they are, with the
#: reason. A command of `make` is listed by its target. Blocks are listed in test_readme.py.
NOT_RUN = {
    "make bench": "it takes minutes, and other work on the machine spoils its times; tests/bench "
    "tries what it prints and writes",
    "make bench-pyglobal": "the same; tests/bench/test_pyglobal.py runs a short form of it",
    "make evaluate": "the same; tests/bench/test_evaluate.py runs short steps of it",
    "make bench-pool": "it takes minutes, and other work on the machine spoils its times",
    "make bench-service": "the same; tests/bench/test_service.py tries what it measures and draws",
    "make hosts": "it installs Apache and takes minutes; tests/bench/test_apache.py",
    "pip install 'hpystate[pool]'": "it compiles for minutes",
    "pip install cloudpickle": "what a message tells; tests/pool tries both ways",
    "python -m hpystate run math:factorial --interpreters 2 --json 20 30": "tests/pool/"
    "test_process.py runs such",
    "source": "of gdb; tests/inspect/test_gdb.py runs it",
    "make bench-threads": "it takes minutes, and it needs a Python without the GIL",
    "make doctor-packages": "it fetches 30 packages and takes minutes; "
    "tests/doctor/test_packages.py tries what it writes",
    "make suite-packages": "the same, with five; tests/plugin/test_packages.py",
    "make packages": "the same, with all of a list; tests/packages/test_packages.py",
    "make matrix": "it fetches and builds interpreters for hours; tests/tools/test_matrix.py",
    "make fresh": "it runs for an hour; .ci/run does the same on one of its machines, and "
    "tests/tools/test_fresh.py",
    "make wheels": "it makes chroots and builds for half an hour; tests/tools/test_wheels.py",
    "make lint": "make check runs all of it, on the same list",
    "make test": ".ci/run does, and this test is a part of it",
    ".ci/run": "this test is a part of it",
    ". .venv/3.12/bin/activate": "of the shell; .ci/run works in that environment",
    "export PYTHONPATH=$PWD/build/release-3.12/stage": "of the shell; the demo works so",
    "make": "the same as make build, which is the Makefile's first goal",
    "make build": "it made the build that this test runs with",
    "HPYSTATE_UNITY=ON make build": ".ci/run builds so for the versions other than the first; "
    "tests/tools/test_setup.py",
    "make format": "it rewrites files; make check runs the same formatters",
    "ctest": "a program that is named; test_contributing.py runs it",
    "cmake --preset dev -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g && "
    "cmake --build --preset dev": "it builds for minutes; test_contributing.py compares the names "
    "of the presets",
    ".ci/run --list": "tests/tools/test_ci.py runs it",
    "PYTHON=/path/to/python3.13": "a variable with a path of the reader's; .ci/run sets it",
    "COMPILER=clang": "a variable; make matrix sets it",
    "HPYSTATE_TEST_SECONDS=5": "a variable; tests/limits/test_limits.py",
    "pre-commit run": "it checks what is staged; make check runs the same hooks on all files",
    "pre-commit install": "it changes the clone's .git",
    "python -m pytest tests/layers/test_bad_input.py": "a file of tests, which make test runs",
    "python tools/tables.py --write": "it rewrites documents; tests/tools/test_tables.py tries it",
    "tools/tables.py --write": "the same",
    "python tools/tidy.py runtime/context/list.cpp": "make check runs it on all files",
    "tools/get-python.sh 3.13-asan FOLDER": "it builds an interpreter for minutes; make matrix",
    "tools/get-python.sh 3.16 FOLDER": "a version that does not exist yet",
    "tools/abi/dumps/": "a folder that is named",
    "tools/abi/generate.py": "a file that is named; make check runs it",
    "tools/check_api.py": "a file that is named; make check runs it",
    "tools/check_words.py": "a file that is named; make check runs it",
    "tools/docs_api.py": "a file that is named; tests/docs/test_stage.py calls it",
    "tools/drawings.py": "a file that is named; tests/tools/test_drawings.py runs it",
    "tools/find-python.sh": "a file that is named; tools/setup.sh reads it",
    "tools/matrix.py": "a file that is named; tests/tools/test_matrix.py",
    "tools/setup.sh": "a file that is named; each target of make runs it",
    "tools/get-python.sh": "it fetches an interpreter; tests/tools/test_setup.py, make matrix",
    "tools/sanitize.sh": "a file that is named; make sanitize runs it",
    "tools/tables.py": "a file that is named; tests/tools/test_tables.py runs it",
    "python -m hpystate": "tests/cli/test_command_line.py",
    "python -m hpystate --include-dir": "test_readme.py runs it in README's block",
    "python -m hpystate --embed-library": "tests/face/test_documentation.py runs it in a block",
    "python -m hpystate doctor": "tests/clients/test_demo.py runs it",
    "python -m hpystate doctor NAME": "test_readme.py runs the block of docs/doctor.md",
    "pip install pyelftools rich": "it needs the network; every test has both",
    "python -m hpystate abi": "test_readme.py runs it in the block of docs/versions.md",
    "python -m hpystate abi FILE": "the same; tests/loader/test_abi.py",
    "pip install --no-build-isolation .": "tests/clients/test_setup_py.py installs so, and builds "
    "the page's setup.py",
    "python setup.py build_ext --inplace": "the same file",
    "pip wheel --no-build-isolation .": "it needs scikit-build-core, which no test has; "
    "test_readme.py runs the CMake that it runs",
    "pip install .": "make test-wheel builds a wheel from the same files",
    "HPY=debug": "a variable; test_readme.py runs it in a block",
    'HPYSTATE_GIL="name=off"': "a variable; tests/loader/test_gil.py",
    'HPYSTATE_GIL="point=off,*=on"': "a variable; tests/loader/test_gil.py",
    'HPYSTATE_INTERPRETERS="numpy*=shared-gil,point=own-gil"': "a variable; "
    "tests/loader/test_module.py",
    'HPYSTATE_OTHER_RUNTIMES="point=copy,*=refuse"': "a variable; "
    "tests/loader/test_other_runtimes.py",
    "make two-pythons": "it needs a second Python; tests/loader/test_two_pythons.py runs it where "
    "there is one",
    "HPYSTATE_PYPY=FOLDER make test-pypy": "it fetches PyPy; tests/hosts/test_pypy.py works with "
    "what is in that folder",
    "tools/get-pypy.sh": "a file that is named; make test-pypy runs it",
    'HPYSTATE_ISOLATE="numpy,lxml"': "a variable; tests/images/test_isolate.py",
    'HPYSTATE_ISOLATE="*,-torch"': "a variable; tests/images/test_isolate.py",
    "HPYSTATE_PACKAGES=mine.json": "a variable; tests/images/test_isolate.py",
    "HPYSTATE_IMAGES=log": "a variable; tests/images/test_isolate.py",
    "HPYSTATE_IMAGES=files": "a variable; tests/images/test_files.py",
    "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384": "a variable of glibc's; "
    "tests/images/test_files.py reads it in the message",
    "OPENBLAS_NUM_THREADS=1": "a variable of OpenBLAS's",
    "PYTHON_GIL=0": "a variable of CPython's; tests/loader/test_gil.py",
}

#: The blocks that tests/clients/test_learn.py types in their order, as a reader would.
TYPED = (
    ("docs/embedding.md", "pthread_create"),
    ("docs/embedding.md", "gcc host.c"),
    ("docs/quick-start.md", "hpystate new myext"),
    ("docs/quick-start.md", "ExitStack"),
    ("docs/quick-start.md", "python eight.py"),
    ("docs/quick-start.md", "--interpreters 8 tests"),
    ("docs/tutorial.md", "PyInit_shelf"),
    ("docs/tutorial.md", "gcc -shared"),
    ("docs/tutorial.md", 'Interpreter("shared")'),
    ("docs/tutorial.md", "hpystate doctor"),
    ("docs/tutorial.md", "HPy_MODINIT"),
    ("docs/tutorial.md", "rm shelf.so"),
    ("docs/tutorial.md", "# Emma"),
    ("docs/tutorial.md", "HPy_New_g"),
    ("docs/tutorial.md", "def test_nothing"),
    ("docs/tutorial.md", "--interpreters 8"),
    ("docs/tutorial.md", "HPY=debug pytest"),
    ("docs/tutorial.md", 'name="shelf"'),
    ("docs/tutorial.md", "pip wheel"),
)

ISOLATE = (
    *("PyInit_counter", "gcc -shared", "first.run", "InterpreterPool", '"copy"'),
    "HPYSTATE_IMAGES=log,files",
)
#: The blocks that tests other than tests/clients/test_readme.py run.
ELSEWHERE = {
    **dict.fromkeys(TYPED, "tests/clients/test_learn.py types it"),
    **{("docs/isolate.md", part): "tests/images/test_documentation.py runs it" for part in ISOLATE},
    ("docs/install.md", "hpystate enable"): "tests/wheel/test_enable.py runs it",
    ("docs/install.md", "--print-completion"): "tests/wheel/test_commands.py runs it",
    ("docs/cython.md", "cython_counter"): "tests/cython/test_counter.py runs it",
    ("docs/cython.md", "cython_hpy"): "tests/cython/test_hpy.py runs it",
    ("docs/evaluation.md", "make evaluate"): "tests/bench/test_evaluate.py runs short steps of it",
}

#: Of the files with tests that run blocks of the pages, those that `make test-wheel` runs too: with
#: the wheel, in an environment that has nothing else of ours. The others, and tests of these files
#: that need the tree's own build, have a reason.
FROM_A_WHEEL = (
    "tests/clients/test_learn.py",
    "tests/clients/test_readme.py",
    "tests/clients/test_setup_py.py",
    "tests/cython/test_counter.py",
    "tests/cython/test_hpy.py",
    "tests/doctor/test_command.py",
    "tests/face/test_documentation.py",
    "tests/images/test_documentation.py",
    "tests/inspect/test_inspect.py",
    "tests/plugin/test_interpreters.py",
    "tests/pool/test_process.py",
    "tests/siblings/test_documentation.py",
)
NOT_FROM_A_WHEEL = {
    "tests/bench/test_evaluate.py": "bench/ is in the tree alone",
    "tests/bench/test_pyglobal.py": "bench/ measures the build of the tree",
    "tests/interpreters/test_ways.py": "bench/ is in the tree alone",
    "tests/clients/test_contributing.py": "its blocks are about the tree",
    "tests/clients/test_readme.py::"
    "test_the_examples_work_with_the_package_that_an_installation_makes": "it installs the build "
    "of the tree; the wheel is an installation",
    "tests/versions/future/test_future.py": "it builds the runtime with another version",
    "tests/wheel/test_commands.py": "make test-wheel runs it as its own",
    "tests/wheel/test_enable.py": "the same",
    "tests/wheel/test_ways_of_building.py": "the same",
}

#: What takes the options in the ARGS of a target.
PROGRAMS = {
    "bench": ("bench/run.py",),
    "bench-pyglobal": ("bench/run_pyglobal.py",),
    "bench-service": ("bench/service.py",),
    "bench-threads": ("bench/threads.py",),
    "hosts": ("bench/apache/serve.py",),
    "doctor-packages": ("tools/doctor_packages.py",),
    "demo": ("python/hpystate/demo/__init__.py",),
    "evaluate": ("bench/evaluate.py",),
    "fresh": ("tools/fresh.py",),
    "fuzz": ("tests/fuzz/run.py",),
    "matrix": ("tools/matrix.py",),
    "packages": ("tools/packages.py",),
    "sanitize": ("tools/sanitize.sh", "stress/run.py"),
    "stress": ("stress/run.py",),
    "suite-packages": ("tools/suite_packages.py",),
    "test-upstream": ("tests/upstream/run.py",),
    "test-wheel": ("tests/wheel/run.py",),
    "wheels": ("tools/wheels.py",),
}


class Block(NamedTuple):
    page: str
    language: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def blocks() -> list[Block]:
    """The fenced blocks of all pages; their language is "" where they name none."""
    return [
        Block(str(page.relative_to(ROOT)), found[2], textwrap.dedent(found[3]))
        for page in PAGES
        for found in FENCE.finditer(page.read_text())
    ]


def block(language: str, part: str, page: str = "README.md") -> str:
    """The one block of a page that is in a language and has a part in it."""
    found = [each.text for each in blocks() if each[:2] == (page, language) and part in each.text]
    assert len(found) == 1, f"{page}: {len(found)} blocks in {language} have {part!r} in them"
    return found[0]


def commands() -> set[str]:
    """The commands in the pages' text, and those in blocks that are in no language."""
    found = set()
    for page in PAGES:
        text = page.read_text()
        found |= set(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    for each in blocks():
        if each.language == "":
            found |= {line.partition("#")[0].strip() for line in each.text.splitlines()}
    return {command for command in found if COMMAND.match(command)}
