"""future.py: HPy 1.0, which is invented, and a runtime that has it.

1.0 removes two functions of 0.9, changes the signature of one and adds one; a seed shuffles the
order of all members, handles and functions alike. A runtime with this version is linked of the
objects of the normal one. Compiled anew is one file: the table of versions, with one row more and
the emulation. Taken out of the objects are the two functions that 1.0 removed: the 0.9 context
of that runtime has their emulation, which calls the functions of 1.0 alone.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from pathlib import Path

from hpystate import _native

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
STAGE = Path(_native.__file__).parent
BUILD = STAGE.parents[1]
LIST = ROOT / "include" / "hpy" / "abi" / "hpy_0_9.def"
OFFERS = ROOT / "runtime" / "loader" / "offers.cpp"

REMOVED = ("Dict_Keys", "DelItem_s")
CHANGED = {"Hash": "HPY_FUNC(int, Hash, (HPyContext *ctx, HPy obj, HPy_hash_t *hash))"}
ADDED = (
    "HPY_FUNC(HPy, GetAttrOr_s, "
    "(HPyContext *ctx, HPy obj, const char *utf8_name, HPy fallback))",
)
ENTRY = re.compile(r"^HPY_(?:HANDLE\((\w+)\)|FUNC\([^,]+, (\w+),.*\))$", re.MULTILINE)

INCLUDE = '#include "runtime/versions/v1_0/emulate.h"\n'
ROW = """\
    {.context = v1_0::kVersion.version,
     .version = v1_0::kVersion.abi,
     .release = "1.0",
     .asked_by = "get_required_hpy_major_version_NAME, get_required_hpy_minor_version_NAME",
     .name_tag = ".hpy1.so",
     .size = sizeof(v1_0::HPyContext),
     .functions = v1_0::kFunctionCount,
     .trampolines = offsetof(v1_0::HPyContext, ctx_CallRealFunctionFromTrampoline),
     .emulated = v1_0::kEmulated,
     .layer_in = &v1_0::Layers::in,
     .sibling = &v1_0::Layers::sibling,
     .dispatcher = &v1_0::Layers::dispatcher,
     .describe = &v0_9::describe_module},
"""
#: What the headers of 1.0 have in place of those of 0.9: file -> (pattern, replacement).
FUNCTION = r"/\*\* (?:(?!\*/).)*?\*/\nstatic inline [^{{;]*\b{}\([^{{;]*\{{.*?\n\}}\n\n?"
NEW_HASH = """static inline int HPy_Hash(HPyContext* ctx, HPy obj, HPy_hash_t* hash) {
    return HPY_FUNCTION(ctx, Hash)(ctx, obj, hash);
}

static inline HPy HPy_GetAttrOr_s(HPyContext* ctx, HPy obj, const char* utf8_name, HPy fallback) {
    return HPY_FUNCTION(ctx, GetAttrOr_s)(ctx, obj, utf8_name, fallback);
}

"""
HEADERS = {
    "hpy/layout.h": [(r'#include "hpy/abi/hpy_0_9\.def"', '#include "hpy/abi/hpy_1_0.def"')],
    "hpy/handle.h": [(r"#define HPY_ABI_VERSION 0\n", "#define HPY_ABI_VERSION 1\n")],
    "hpy/dict.h": [(FUNCTION.format("HPyDict_Keys"), "")],
    "hpy/object.h": [
        (FUNCTION.format("HPy_DelItem_s"), ""),
        (FUNCTION.format("HPy_Hash"), NEW_HASH),
    ],
}


def entries(seed: int | None) -> list[str]:
    """The members of 1.0's context; in the order of 0.9 without a seed."""
    found = [
        CHANGED.get(match[2] or "", match[0])
        for match in ENTRY.finditer(LIST.read_text())
        if match[2] not in REMOVED
    ]
    found += ADDED
    if seed is not None:
        random.Random(seed).shuffle(found)
    return found


def list_of(seed: int | None) -> str:
    """hpy_1_0.def: the frozen list."""
    before, rest = LIST.read_text().split("\n\n", 1)
    after = rest[max(match.end() for match in ENTRY.finditer(rest)) :]
    head = before.replace("hpy_0_9.def", "hpy_1_0.def")
    return head + "\n\n" + "\n".join(entries(seed)) + after


def layout_of(seed: int | None) -> str:
    """layout_1_0.c: the layout test, as generate.py makes that of 0.9."""
    lines = ['#include "hpy/context.h"', "", "#include <stddef.h>", ""]
    for number, entry in enumerate(entries(seed)):
        match = ENTRY.match(entry)
        assert match is not None, entry
        member = f"h_{match[1]}" if match[1] else f"ctx_{match[2]}"
        offset = 24 + 8 * number  # behind name, _private and abi_version
        lines.append(
            f'_Static_assert(offsetof(HPyContext, {member}) == {offset}, "frozen: {member}");'
        )
    size = 24 + 8 * len(entries(seed))
    lines.append(f'_Static_assert(sizeof(HPyContext) == {size}, "frozen: size");')
    return "\n".join(lines) + "\n"


def offers() -> str:
    """offers.cpp with the row of 1.0."""
    text = OFFERS.read_text()
    include = '#include "runtime/versions/v0_0_4/contexts.h"\n'
    end = "};\n\nconstexpr std::size_t kVersionCount"
    assert text.count(include) == 1 and text.count(end) == 1
    return text.replace(include, include + INCLUDE).replace(end, ROW + end)


def write_sources(folder: Path, seed: int | None, emulation: str | None = None) -> None:
    """Writes what is added to the tree, and the headers for extensions of 1.0."""
    shutil.copytree(ROOT / "include", folder / "include", dirs_exist_ok=True)
    for name, edits in HEADERS.items():
        path = folder / "include" / name
        text = path.read_text()
        for pattern, replacement in edits:
            found = re.findall(pattern, text, flags=re.DOTALL)
            assert len(found) == 1, (name, pattern, len(found))
            text = text.replace(found[0], replacement)
        path.write_text(text)
    files = {
        "include/hpy/abi/hpy_1_0.def": list_of(seed),
        "added/hpy/abi/hpy_1_0.def": list_of(seed),
        "added/runtime/versions/v1_0/emulate.h": emulation or (HERE / "emulate.h").read_text(),
        "offers.cpp": offers(),
        "layout_1_0.c": layout_of(seed),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=BUILD)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stderr}"
    return result.stdout


def facts() -> dict[str, list[str]]:
    """How _native is linked; written by tests/CMakeLists.txt."""
    found: dict[str, list[str]] = json.loads((BUILD / "future.json").read_text())
    return {key: [word for word in value if word] for key, value in found.items()}


def compile_command() -> list[str]:
    """That of offers.cpp in this build, without files."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if entry["file"] == str(OFFERS):
            words: list[str] = entry["command"].split()
            return words[: words.index("-o")]
    raise AssertionError(f"{BUILD}/compile_commands.json has no {OFFERS}")


def without_removed(folder: Path) -> Path:
    """The runtime's archive, in which the bodies of the removed functions are weak: the linker
    takes those of the emulation."""
    target = folder / "libhpystate_runtime.a"
    source = Path(facts()["runtime"][0])
    names = re.findall(r" T (\S+)$", run(["nm", str(source)]), re.MULTILINE)
    weak = [n for n in names if any(f"7context{len(r) + 4}ctx_{r}E" in n for r in REMOVED)]
    assert len(weak) == len(REMOVED), weak
    run(["objcopy", *(f"--weaken-symbol={n}" for n in weak), str(source), str(target)])
    return target


def build(folder: Path, seed: int | None, archive: Path, emulation: str | None = None) -> Path:
    """The folder for PYTHONPATH of a runtime that has 1.0, with both extensions in it."""
    write_sources(folder, seed, emulation)
    command = compile_command()
    added = [f"-I{folder / 'added'}", "-O0", "-g0", "-Wno-error"]
    run([*command, *added, "-o", str(folder / "offers.o"), "-c", str(folder / "offers.cpp")])
    linked = facts()
    stage = folder / "stage"
    package = stage / "hpystate"
    package.mkdir(parents=True, exist_ok=True)
    for path in STAGE.iterdir():
        if not path.name.startswith("_native.") and not (package / path.name).exists():
            (package / path.name).symlink_to(path.resolve(), path.is_dir())
    objects = [str(folder / "offers.o"), *linked["objects"]]
    objects += [str(archive), *linked["globals"]]
    target = package / Path(_native.__file__).name
    run([*linked["compiler"], "-shared", *linked["options"], "-o", str(target), *objects, "-ldl"])
    include = folder / "include"
    universal = ["-DHPY", "-DHPY_ABI_UNIVERSAL", "-O0", "-fPIC"]
    sources = sorted((include / "hpy" / "src").glob("*.c"))
    run(["cc", *universal, f"-I{include}", "-fsyntax-only", str(folder / "layout_1_0.c")])
    newer = ["-o", str(stage / "newer.hpy1.so"), str(HERE / "newer.c"), *map(str, sources)]
    run(["cc", "-shared", *universal, f"-I{include}", *newer])
    return stage
