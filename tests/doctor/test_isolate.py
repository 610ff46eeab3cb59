"""test_isolate.py: what the doctor tells of loading a module as a private image."""

from __future__ import annotations

import pytest

from tests.doctor import extensions as c
from tests.doctor.conftest import Diagnose, command
from tests.images.made import SINGLE, compiled

TLS = 'static __thread long of_thread __attribute__((tls_model("initial-exec")));'


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("unheard_of", "", 'hpystate.isolate("unheard_of") is not tried; nothing was found'),
        ("unheard_of", TLS, "is not tried; its initial-exec TLS lets few images into a process"),
        ("kiwisolver", "", 'known to work: hpystate.isolate("kiwisolver"), 1.'),
        ("setproctitle", "", "refused: each copy looks for the arguments of the process"),
    ],
)
def test_the_table_and_the_file_tell_of_it(
    diagnose: Diagnose, name: str, body: str, told: str
) -> None:
    fill = "of_thread++;" if body else ""
    found = diagnose(name, c.multi(name, body, fill))

    assert found.verdict == "declare only", found
    assert told in found.isolate


def test_a_module_that_is_ready_needs_none(diagnose: Diagnose) -> None:
    found = diagnose("ready", c.multi("ready", slots=c.OWN))

    assert (found.verdict, found.isolate) == ("ready", "")


def test_the_row_is_shown() -> None:
    shown = command(compiled("single", SINGLE))

    assert 'isolate            hpystate.isolate("single") is not tried' in shown.stdout, shown
