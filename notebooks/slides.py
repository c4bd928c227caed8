"""Slides of the notebooks, for a lecture: make slides, or

    python notebooks/slides.py              of all notebooks
    python notebooks/slides.py 04 zh/01     of those whose paths begin so

An HTML file for each, in build/slides, with the stored outputs. A heading begins a slide; each code cell is a
slide below it, with its output. Answers to exercises are left out. To be shown, the files need reveal.js
from unpkg.com; --reveal FOLDER names a copy beside them, for a room without a network.

In JupyterLab, the property inspector shows the same tags (`slideshow` in a cell's metadata) in the notebooks that
--tagged writes beside the HTML files, to change them before `jupyter nbconvert --to slides`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from copy import deepcopy

import nbformat
from make import HERE, SOLUTION, notebooks
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from traitlets.config import Config

OUT = HERE.parent / "build" / "slides"

_HEADING = re.compile(r"(?m)^(?=#{1,2} )")


def tagged(notebook: NotebookNode) -> NotebookNode:
    """A copy in which each cell has its kind of slide, and no answers."""
    copy = deepcopy(notebook)
    copy.cells = [cell for one in copy.cells for cell in _cells(one)]
    return copy


def _cells(cell: NotebookNode) -> Iterator[NotebookNode]:
    """The cell, or a Markdown cell in parts, each of which begins with a heading."""
    if cell.cell_type == "code":
        if SOLUTION.search(cell.source):
            cell.source, cell.outputs, cell.execution_count = SOLUTION.sub("", cell.source).rstrip("\n"), [], None
        yield _slide(cell, "subslide")
        return
    for number, part in enumerate(text for text in _HEADING.split(cell.source) if text.strip()):
        one = deepcopy(cell)
        one.id = cell.id if number == 0 else f"{cell.id}-{number}"
        one.source = part.strip("\n")
        yield _slide(one, "slide" if _HEADING.match(part) else "subslide")


def _slide(cell: NotebookNode, kind: str) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def slides(notebook: NotebookNode, reveal: str | None = None) -> str:
    """An HTML page: the notebook as slides, which scroll where there is more than a screen holds."""
    config = Config({"SlidesExporter": {"reveal_scroll": True, "reveal_number": "c"}})
    if reveal is not None:
        config.SlidesExporter.reveal_url_prefix = reveal
    page, _ = SlidesExporter(config=config).from_notebook_node(tagged(notebook))
    return page


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", help="beginnings of paths, such as 04 or zh/01; all if left out")
    parser.add_argument("--reveal", metavar="FOLDER", help="a copy of reveal.js, as the slides see it")
    parser.add_argument("--tagged", action="store_true", help="also write the notebooks with their tags")
    asked = parser.parse_args()
    for path in notebooks():
        name = path.relative_to(HERE).with_suffix("")
        if asked.notebooks and not name.as_posix().startswith(tuple(asked.notebooks)):
            continue
        page = OUT / f"{name}.slides.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        notebook = nbformat.read(path, as_version=4)
        page.write_text(slides(notebook, asked.reveal), "utf-8")
        if asked.tagged:
            nbformat.write(tagged(notebook), page.with_suffix("").with_suffix(".ipynb"))
        print(page.relative_to(HERE.parent))


if __name__ == "__main__":
    main()
