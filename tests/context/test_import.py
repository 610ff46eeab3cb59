"""test_import.py: importing a module by name."""

from __future__ import annotations

import json.decoder
from types import ModuleType

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(load) { return handle(ctx, HPyImport_ImportModule(ctx, TEXT(0))); }
"""


def test_a_dotted_name_gives_the_last_module(c: ModuleType) -> None:
    assert c.load("json.decoder") is json.decoder


def test_a_module_that_is_not_there_is_an_import_error(c: ModuleType) -> None:
    with pytest.raises(ModuleNotFoundError):
        c.load("there.is.no.such")


def test_a_null_name_is_a_system_error_naming_the_function(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyImport_ImportModule: 'utf8_name' is NULL"):
        c.load(NULL)
