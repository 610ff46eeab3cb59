"""test_future.py: the machinery of versions serves an HPy 1.0 that does not exist yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension
from tests.versions.future import diff, future

HERE = Path(__file__).parent
#: The orders of 1.0's members: twenty, of which `make test` has two.
SEEDS = [pytest.param(seed, marks=[pytest.mark.long] if seed > 1 else []) for seed in range(20)]
#: Of the functions that 1.0 removed.
TOPICS = ("dict", "object")
MODES = ("universal", "debug", "trace")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime without what 1.0 removed."""
    return future.without_removed(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with an extension for 0.9, compiled once: it knows nothing of 1.0."""
    return compile_extension("older", [HERE / "older.c"], tmp_path_factory.mktemp("older")).parent


def run(stage: Path, older: Path, mode: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(stage)}
    command = [sys.executable, str(HERE / "child.py"), str(stage), str(older), mode]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=100
    )


def check(stage: Path, older: Path, mode: str) -> None:
    result = run(stage, older, mode)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


@pytest.mark.parametrize("seed", SEEDS)
def test_files_of_0_9_and_1_0_run_together(
    seed: int, archive: Path, older: Path, tmp_path: Path
) -> None:
    stage = future.build(tmp_path, seed, archive)

    for mode in MODES if seed == 0 else MODES[:1]:
        check(stage, older, mode)


def test_the_removed_functions_pass_the_tests_of_0_9(archive: Path, tmp_path: Path) -> None:
    stage = future.build(tmp_path, 0, archive)
    (tmp_path / "tests").symlink_to(future.BUILD / "tests")  # tests/limits looks there
    tests = [str(future.ROOT / "tests" / "context" / f"test_{name}.py") for name in TOPICS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]

    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=future.ROOT,
        env=os.environ | {"PYTHONPATH": str(stage)},
        timeout=100,
    )

    assert result.returncode == 0, result.stdout + result.stderr


TWO_COPIES = """
import importlib.machinery, importlib.util, sys
import hpystate
file, copied = sys.argv[1:]

def native(path):
    loader = importlib.machinery.ExtensionFileLoader("_native", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_native", loader))
    loader.exec_module(module)
    return module

def load_by(native):
    spec = importlib.machinery.ModuleSpec("newer", None, origin=file)
    opened, declared = native.inspect("newer", file)
    module = native.create(opened, spec, "universal", None, None)
    native.execute(module)
    return module

modules = [load_by(native(path)) for path in (hpystate._native.__file__, copied)]
for number, module in enumerate(modules):
    module.put(number)
print(*(module.get_by_trampoline() for module in modules))
print(*(module.get() for module in modules))
"""


def test_two_copies_of_the_runtime_share_a_file_of_1_0_and_its_trampolines(
    archive: Path, tmp_path: Path
) -> None:
    """The file keeps the context that the second copy gave it, which passes the first one's calls
    on, by their operands."""
    stage = future.build(tmp_path, 0, archive)
    (native,) = (stage / "hpystate").glob("_native.*")
    copied = shutil.copy(native, tmp_path)
    result = subprocess.run(
        [sys.executable, "-c", TWO_COPIES, str(stage / "newer.hpy1.so"), copied],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(stage)},
        timeout=100,
    )

    assert result.stdout.splitlines() == ["0 1", "0 1"], result.stderr


def test_seeds_move_every_member() -> None:
    orders = [future.entries(seed) for seed in range(20)]
    plain = future.entries(None)

    assert len({tuple(order) for order in orders}) == 20
    for order in orders:
        assert sorted(order) == sorted(plain)
    for member in plain:
        assert len({order.index(member) for order in orders}) > 10, member


#: A mistake in the emulation, and what notices it.
MUTANTS = {
    "a position is that of 0.9": (
        "ctx->h_ListType",
        "reinterpret_cast<HPyContext*>(ctx)->h_ListType",
    ),
    "the changed signature is not emulated": ("*hash == -1 ? -1 : 0", "*hash == 0 ? 0 : -1"),
    "the removed function is not emulated": (
        'ctx->h_DictType, "keys"',
        'ctx->h_DictType, "values"',
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("mistake", MUTANTS)
def test_a_mistake_is_noticed(mistake: str, archive: Path, older: Path, tmp_path: Path) -> None:
    before, after = MUTANTS[mistake]
    text = (HERE / "emulate.h").read_text()
    assert text.count(before) == 1
    stage = future.build(tmp_path, 0, archive, text.replace(before, after))

    result = run(stage, older, "universal")

    assert result.returncode != 0


def test_a_runtime_without_1_0_refuses_its_files(archive: Path, tmp_path: Path) -> None:
    file = future.build(tmp_path, 0, archive) / "newer.hpy1.so"

    with pytest.raises(ImportError, match=r"needs HPy ABI 1\.0, another major version") as caught:
        hpystate.load("newer", file)

    assert "has 0.0 (HPy 0.9), 0.0.4 (HPy 0.0.4)" in str(caught.value)


def test_the_documents_show_the_diff_of_adding_the_version() -> None:
    assert diff.PAGE.read_text() == diff.whole(), "run diff.py --write"
