"""test_pages.py: commands, names, messages and tests that the documents name are there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.clients.pages import NOT_RUN, PAGES, PROGRAMS, ROOT, commands

SOURCES = ("globals", "interp_state", "runtime", "python", "include")
QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
ARGS = re.compile(r"`(ARGS=.*?)`")
CONTINUED = re.compile(r'(?<!\\)"\s*\n\s*[fr]*"')


# ---- commands ----------------------------------------------------------------------------------
def test_every_command_is_run_or_has_a_reason_why_not() -> None:
    steps = (ROOT / ".ci" / "run").read_text()
    unknown = []
    for command in sorted(commands()):
        target = re.match(r"(make ([a-z-]+))", command)
        key = target[1] if target else command
        is_step = target is not None and re.search(rf"{key}(?![\w-])", steps) is not None
        if not is_step and key not in NOT_RUN:
            unknown.append(command)

    assert unknown == [], "run them in a test, or give the reason in NOT_RUN of pages.py"


def test_no_reason_is_given_for_a_command_that_no_page_has() -> None:
    keys = {re.sub(r"^(make [a-z-]+).*", r"\1", command) for command in commands()}

    assert set(NOT_RUN) - keys == set()


def test_the_options_in_the_arguments_of_make_are_those_of_its_programs() -> None:
    tried = 0
    rows = re.findall(r"^\| `make .*", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    in_rows = {
        f"make {re.split('[` ]', row)[3]} {given}" for row in rows for given in ARGS.findall(row)
    }
    for command in commands() | in_rows:
        for target, options in re.findall(r'make ([a-z-]+) .*ARGS="?([^"]*)', command):
            known = "".join((ROOT / file).read_text() for file in PROGRAMS[target])
            for option in re.findall(r"--[a-z-]+", options):
                assert option in known, command
                tried += 1
    assert len(in_rows) > 6
    assert tried > 8


# ---- names -------------------------------------------------------------------------------------
#: Names that are not in the headers of 0.9: of HPy 0.0.4, and of a version that tests invented.
OF_OTHER_VERSIONS = {
    "new-version.md": {"HPy_GetAttrOr_s"},
    "versions.md": {"HPyModule_Create"},
}


def test_the_names_of_the_api_in_the_documents_are_those_of_the_headers() -> None:
    known = set()
    for header in [*(ROOT / "include").rglob("*.h"), *(ROOT / "include").rglob("*.def")]:
        known |= set(re.findall(r"\w+", header.read_text()))
    slots = (ROOT / "include" / "hpy" / "abi" / "slots.def").read_text()
    known |= {f"HPy_{name}" for name in re.findall(r"^HPY_SLOT\((\w+)", slots, re.MULTILINE)}
    known |= {"HPyLeakError", "HPyLoader", "HPyErr_Format_g"}  # Python's; a macro family
    known |= {"HPyInit_NAME", "HPyInitGlobalContext_NAME"}  # what a file exports
    for page in PAGES:
        text = page.read_text()
        named = set(re.findall(r"\bHPy(?:\w*_\w+|[A-Z]\w+)\b(?!\*)", text))
        others = OF_OTHER_VERSIONS.get(page.name, set())
        assert named - known - others == set(), page
        for start in re.findall(r"\b(HPy\w+)\*", text):  # HPyBytes_*: all that begin so
            assert any(name.startswith(start) for name in known), (page, start)


# ---- messages ----------------------------------------------------------------------------------
def texts() -> list[str]:
    """The string literals of the sources; those that follow one another are one text."""
    found = []
    for folder in SOURCES:
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in {".h", ".hpp", ".cpp", ".c", ".def", ".py"}:
                joined = CONTINUED.sub("", file.read_text())
                found += [text.replace('\\"', '"') for text in QUOTED.findall(joined)]
    return found


def debugging() -> str:
    return (ROOT / "docs" / "debugging.md").read_text()


def quoted_messages() -> list[str]:
    """The code in the first cells of tables whose first heading is "message"."""
    tables = re.findall(r"^\| message \|.*\n\|[- |]+\n((?:\|.*\n)+)", debugging(), re.MULTILINE)
    return [message for table in tables for message in re.findall(r"^\| `(.*?)` \|", table, re.M)]


def test_every_message_of_the_page_is_in_the_sources() -> None:
    known = texts()
    messages = quoted_messages()

    assert len(messages) > 25
    assert [each for each in messages if not any(each in text for text in known)] == []


#: Which messages must have a row. First, those that begin with hpystate's name: they are about
#: the process or the interpreter, which the reader does not see in the source. Second, what a call
#: of PyErr in C++ raises as SystemError, in the rooms that a call from Python reaches. Left out are
#: the rooms of definitions, and all other exceptions: those messages name the definition or the
#: argument, what was found and what was expected, and would need a hundred rows that repeat them.
OF_HPYSTATE = re.compile(r'"(hpystate[: ](?:[^"\\\n]|\\.)*)"')
RAISED = re.compile(r'PyExc_SystemError,\s*"((?:[^"\\\n]|\\.)*)"')
OF_DEFINITIONS = ("runtime/types/", "runtime/loader/")


def messages_that_need_a_row() -> dict[str, str]:
    """Message -> the file that has it."""
    found = {}
    for folder in ("globals", "interp_state", "runtime", "python"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix not in {".h", ".hpp", ".cpp"}:
                continue
            name = str(file.relative_to(ROOT))
            text = CONTINUED.sub("", file.read_text())
            messages = OF_HPYSTATE.findall(text)
            if not name.startswith(OF_DEFINITIONS):
                messages += RAISED.findall(text)
            found |= {message.replace('\\"', '"'): name for message in messages}
    return found


#: What the pool raises, besides TypeError and ValueError: those name the argument, what was found
#: and what was expected.
OF_POOL = {
    *("AttributeError", "BrokenInterpreterPool", "ImportError", "OSError", "RuntimeError"),
    *("TaskInterrupted", "TransferError", "WorkerDied"),
}
#: Python's own words: of a module's __getattr__.
IN_PYTHONS_WORDS = "has no attribute"


def messages_of_the_pool() -> dict[str, str]:
    """The text of each error that the pool makes -> where; {} stands for what is put into it."""
    found = {}
    for file in sorted((ROOT / "python" / "hpystate" / "pool").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in OF_POOL:
                continue
            parts = getattr(node.args[0], "values", node.args[:1]) if node.args else []
            text = "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in parts)
            if any(isinstance(part, ast.Constant) for part in parts):
                found[text] = f"{file.name}:{node.lineno}"
    return found


def test_every_message_of_the_pool_has_a_row() -> None:
    needed = {
        text: where
        for text, where in messages_of_the_pool().items()
        if IN_PYTHONS_WORDS not in text
    }
    rows = quoted_messages()

    assert len(needed) > 12
    missing = [
        f"{where}: {text}"
        for text, where in needed.items()
        if not any(row in text for row in rows if len(row) > 12)
    ]
    assert missing == []


def test_every_message_about_the_interpreter_or_a_call_has_a_row() -> None:
    needed = messages_that_need_a_row()
    rows = quoted_messages()

    assert len(needed) > 25
    missing = [
        f"{file}: {message}"
        for message, file in needed.items()
        if not any(row in message for row in rows)
    ]
    assert missing == [], "add a row to a table of docs/debugging.md"


def test_a_message_that_goes_on_in_the_next_literal_is_found() -> None:
    assert QUOTED.findall(CONTINUED.sub("", 'f("one "\n    f"two", "three")')) == [
        "one two",
        "three",
    ]


def test_every_reason_of_a_load_error_is_in_the_page() -> None:
    kinds = re.findall(r'"([\w-]+)"', (ROOT / "runtime/loader/errors.def").read_text())
    rows = re.findall(r"^\| (`[\w-]+`(?:, `[\w-]+`)*) \|", debugging(), re.MULTILINE)
    named = [kind for row in rows for kind in re.findall(r"`([\w-]+)`", row)]

    assert len(kinds) > 20
    assert sorted(kind for kind in named if kind in kinds) == sorted(kinds)


# ---- rules -------------------------------------------------------------------------------------
RULES = re.split(r"^### ", (ROOT / "docs" / "rules.md").read_text(), flags=re.MULTILINE)[1:]


def cited(text: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)`,\s+`(test_\w+)`", text)


def test_the_rules_are_numbered_in_their_order() -> None:
    assert [rule.partition(". ")[0] for rule in RULES] == [str(n + 1) for n in range(len(RULES))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"rule {rule.partition('.')[0]}")
def test_a_rule_says_why_and_names_the_tests_that_are_behind_it(rule: str) -> None:
    for key in ("Why", "Otherwise", "Debug mode"):
        assert rule.count(f"- **{key}**: ") == 1, key
    behind = rule.partition("- **Debug mode**: ")[2].partition("\n## ")[0]
    assert cited(behind), "the answer for debug mode names no test"
    for file, name in cited(rule):
        assert f"def {name}(" in (ROOT / file).read_text(), (file, name)
    named = re.findall(r"`(test_\w+)`", rule)
    assert sorted(named) == sorted(name for _, name in cited(rule))


def test_other_pages_refer_to_rules_that_there_are() -> None:
    for number in re.findall(r"\[rule (\d+)\]\(rules\.md\)", debugging()):
        assert 1 <= int(number) <= len(RULES)
