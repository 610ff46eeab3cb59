"""conf.py: how Sphinx makes the site. `make docs` calls it with the pages that tools/docs_site.py
wrote; docs/index.md has the chapters."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT / "python")]

project = "hpystate"
author = "the authors of hpystate"
(version,) = re.findall(
    r'^#define HPYSTATE_VERSION "(.+)"', (ROOT / "include/hpystate/version.h").read_text(), re.M
)
release = version

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
    "package_texts",
]
#: The site is built where no runtime is: the compiled module is not imported.
autodoc_mock_imports = ["hpystate._native", "dask", "distributed", "joblib", "cloudpickle"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 60
maximum_signature_line_length = 60

source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"
highlight_language = "text"
myst_enable_extensions = ["colon_fence"]
#: Anchors as a viewer of the repository makes them: [a message](debugging.md#a-call-fails).
myst_heading_anchors = 4

nitpicky = True
#: Types of the standard library, of CPython and of other headers have no page here.
nitpick_ignore_regex = [("py:.*", r"(?!hpystate).*"), ("c:.*", ".*"), ("cpp:.*", ".*")]

html_theme = "furo"
html_title = f"hpystate {version}"
html_static_path = [str(ROOT / "docs" / "_static")]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
