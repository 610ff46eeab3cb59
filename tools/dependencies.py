"""dependencies.py [GROUP...]: prints what pyproject.toml names, for pip's command line; without a
group, what developing needs."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
print(
    " ".join(
        requirement.replace(" ", "")
        for name in (sys.argv[1:] or ("demo", "dev", "doctor", "upstream"))
        for requirement in extras[name]
    )
)
