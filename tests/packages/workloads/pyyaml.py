"""pyyaml.py: loads and dumps by libyaml, a tag of one's own, a text that is not YAML."""

from __future__ import annotations

import yaml
from yaml import CSafeDumper, CSafeLoader


class Loader(CSafeLoader):
    pass


class Dumper(CSafeDumper):
    pass


class Length:
    def __init__(self, n: int) -> None:
        self.n = n


Loader.add_constructor("!length", lambda loader, node: Length(int(loader.construct_scalar(node))))
Dumper.add_representer(Length, lambda d, value: d.represent_scalar("!length", str(value.n)))


def work(i: int) -> object:
    text = f"a: [1, 2.5, null, yes]\nb: &x {{n: {i}}}\nc: *x\nlen: !length {i}\nday: 2020-01-02\n"
    data = yaml.load(text, Loader)
    length = data.pop("len")
    dumped = yaml.dump({"l": length, "list": [i, "x: y"]}, Dumper=Dumper)
    try:
        yaml.load("a: [1" + "\n- b" * (i + 1), Loader)
    except yaml.YAMLError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    events = [type(event).__name__ for event in yaml.parse(text, Loader)]
    return repr(data), type(length) is Length and length.n, dumped, said, events
