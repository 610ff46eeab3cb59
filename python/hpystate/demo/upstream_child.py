"""demo/upstream_child.py: FOLDER COUNT: runs under upstream's runtime; imports nothing of hpystate.

Writes one JSON line for each look at an interpreter, as soon as it knows it: the process may crash.
"""

import os
import sys

START = """
import importlib.util, json, os, sys
from hpy.universal import load

def load_file(name, file):
    return load(name, file, importlib.util.spec_from_loader(name, None))

atlas = load_file("atlas", os.path.join({folder!r}, "atlas.hpy0.so"))
atlas.start({id}, {nonce})

def look(title):
    loads, wrong = atlas.work(50, {id}, {nonce})
    report = dict(interpreter=title, loads=loads, wrong=wrong)
    os.write(1, json.dumps(report).encode() + b"\\n")

look({title!r} + ", after its import")
"""


def main(folder: str, count: int) -> None:
    import _xxsubinterpreters as interpreters

    scope: dict = {}
    exec(START.format(folder=folder, id=0, nonce=4711, title="main"), scope)
    made = []
    for number in range(1, count + 1):
        made.append(interpreters.create(isolated=False))
        title = f"legacy {number}"
        code = START.format(folder=folder, id=number, nonce=4711 + number, title=title)
        interpreters.run_string(made[-1], code)
        scope["look"](f"main, after the import in {title}")
    for number, interpreter in enumerate(made, start=1):
        interpreters.run_string(interpreter, f"look('legacy {number}, in the end')")
    for number, interpreter in enumerate(made, start=1):
        interpreters.destroy(interpreter)
        scope["look"](f"main, after the end of legacy {number}")
    os._exit(0)  # what CPython does at its end is not what is checked here


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
