"""dist_info.py VERSION STAGE: writes the metadata of the package in a build folder, as pip does it
for one that it installs: its name, its version, and the entry points of pyproject.toml."""

import shutil
import sys
import tomllib
from pathlib import Path

version, stage = sys.argv[1], Path(sys.argv[2])
project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
for old in stage.glob(f"{project['name']}-*.dist-info"):
    shutil.rmtree(old)
folder = stage / f"{project['name']}-{version}.dist-info"
folder.mkdir(parents=True)
(folder / "METADATA").write_text(
    f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
)
with (folder / "entry_points.txt").open("w") as file:
    scripts = {"console_scripts": project["scripts"]}
    for group, points in (scripts | project["entry-points"]).items():
        file.write(f"[{group}]\n")
        file.writelines(f"{name} = {value}\n" for name, value in points.items())
