"""ruamel_yaml_clib.py: loads and dumps by the C parser, and a text that is not YAML."""

from __future__ import annotations

import io

import _ruamel_yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def work(i: int) -> object:
    text = f"a: [1, 2.5, null]\nb: &x {{n: {i}}}\nc: *x\nword: 'ä{i}'\n"
    reader = YAML(typ="safe", pure=False)
    data = reader.load(text)
    sink = io.StringIO()
    reader.dump({"n": i, "list": ["x: y", 1.5]}, sink)
    try:
        YAML(typ="safe", pure=False).load("a: [1" + "\n- b" * (i + 1))
    except YAMLError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return repr(data), sink.getvalue(), said, _ruamel_yaml.get_version()
