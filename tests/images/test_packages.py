"""test_packages.py: the table of packages: ours, a user's, and what is refused in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpystate.images import packages
from hpystate.images.choice import Choice


def test_our_table_is_right_and_claims_no_test_that_nobody_ran() -> None:
    table = packages.shipped()

    assert table["h5py"]["copy"] == ["libhdf5*"]
    assert table["numpy"]["environment"] == {"OPENBLAS_NUM_THREADS": "1"}
    for name, entry in table.items():
        for tested in entry.get("tested", []):
            assert {"version", "python", "how"} <= set(tested), name
        for needed in entry.get("also", []):
            assert needed != name


def test_the_entry_of_the_nearest_name_counts() -> None:
    table = {"a": {"notes": ["a"]}, "a.b.c": {"notes": ["c"]}}
    found = {
        name: packages.entry_of(table, name).get("notes") for name in "a a.b a.b.c.d b".split()
    }

    assert found == {"a": ["a"], "a.b": ["a"], "a.b.c.d": ["c"], "b": None}


def test_a_users_entry_replaces_members_of_ours() -> None:
    ours = {"a": {"copy": ["x"], "refuse": {"*": "no"}}, "b": {"notes": ["kept"]}}
    merged = packages.merged(ours, {"a": {"refuse": {}}, "c": {}})

    assert merged == {"a": {"copy": ["x"], "refuse": {}}, "b": {"notes": ["kept"]}, "c": {}}
    assert ours["a"]["refuse"] == {"*": "no"}
    assert packages.why_refused(merged["a"]) is None
    assert packages.why_refused(ours["a"]) == "no"
    assert packages.why_refused({"refuse": {"2.7": "it is old"}}) is None


def test_what_a_package_needs_is_isolated_with_it_and_an_exception_is_not() -> None:
    table = {"pandas": {"also": ["numpy"]}, "numpy": {"also": ["deeper"]}, "deeper": {}}
    found = Choice().added(("pandas",), ("deeper",), table, False, frozenset())

    assert found.names == ("pandas", "numpy", "deeper")
    assert found.covers("numpy.random") and not found.covers("deeper")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON: "),
        ("[]", "holds a list; an object of entries was expected"),
        ({"a": 1}, "entry 'a' is 1; an object was expected"),
        ({"": {}}, "entry '': the key is an import name"),
        ({"a.": {}}, "entry 'a.': the key is an import name"),
        ({"h5py": {"copies": []}}, "entry 'h5py': 'copies' is not known; one of also, copy,"),
        ({"h5py": {"copy": "x*"}}, "entry 'h5py': 'copy' is 'x*'; a list of patterns"),
        ({"h5py": {"copy": [""]}}, "entry 'h5py': 'copy' is ['']; a list of patterns"),
        ({"h5py": {"also": [1]}}, "entry 'h5py': 'also' is [1]; a list of names"),
        ({"h5py": {"environment": {"A": 1}}}, "'environment' is {'A': 1}; variables and texts"),
        ({"h5py": {"refuse": "no"}}, "'refuse' is 'no'; versions and reasons"),
        ({"h5py": {"notes": "no"}}, "'notes' is 'no'; a list of texts"),
        ({"h5py": {"tested": [1]}}, "'tested' is [1]; a list of objects"),
    ],
)
def test_a_wrong_file_is_one_error_that_names_file_entry_and_what_was_expected(
    tmp_path: Path, content: Any, message: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError) as raised:
        packages.read(str(file), "HPYSTATE_PACKAGES")

    assert f"HPYSTATE_PACKAGES: {file}" in str(raised.value)
    assert message in str(raised.value)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ValueError, match=r"mine.json is not JSON: .* An object of entries"):
        packages.read(str(tmp_path / "mine.json"), "isolate: packages")
