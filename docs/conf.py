"""The documentation, built by `make docs` into build/docs.

The source folder is the project's own (`sphinx-build -c docs . OUT`), so that a relative link between pages, notebooks
and other files is the same here as on a code host, and Sphinx checks it.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
sys.path[:0] = [str(PROJECT), str(PROJECT / "docs" / "_ext")]

import kuscia_nb  # noqa: E402  # the reference is that of this folder, whatever is installed

project = "kuscia_nb"
author = "the kuscia_nb authors"
copyright = f"{author}; Apache-2.0"
release = version = kuscia_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "reference"]
root_doc = "docs/index"
include_patterns = [
    "docs/**/*.md",
    "docs/*.md",
    "notebooks/*.ipynb",
    "notebooks/zh/*.ipynb",
    "notebooks/10_two_nodes/*.ipynb",
    "benchmarks/results/*.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
]
# Folders named here are not even looked into.
exclude_patterns = [".*", "build", "dist", "kuscia_nb", "labextension", "tests", "**/.ipynb_checkpoints"]

# Pages and notebooks are MyST. Outputs are those that the notebooks are committed with: CI executes them elsewhere.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
nitpick_ignore_regex = [
    # Types of other libraries, whose documentation is not looked up: a build needs no network.
    (
        "py:class",
        r"(np|pd|npt|numpy|pandas|pathlib|collections|matplotlib|ipywidgets|types|typing|datetime|contextlib)\..*",
    ),
    ("py:class", r"Any|Path|NDArray|Figure|P|Sentence|Accept|Reveal"),
    # Types in a module of their own, which a signature names and nobody imports.
    ("py:class", r"kuscia_nb\.[a-z_]+\..*"),
]

smartquotes = False  # quotes and dots in help texts are meant as they are

html_title = "kuscia_nb"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["kuscia_nb.css"]
html_additional_pages = {"index": "to_docs.html"}
templates_path = ["_templates"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
