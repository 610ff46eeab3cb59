"""dependencies.py: prints what pyproject.toml names for developing, for pip's command line."""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
print(
    " ".join(
        requirement.replace(" ", "")
        for name in ("demo", "dev", "upstream")
        for requirement in extras[name]
    )
)
