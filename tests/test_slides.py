"""Slides of the notebooks: what begins one, what is on it, and what is not."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

import make
import slides

LESSON = make.HERE / "zh" / "05_beaver_and_ttp.ipynb"


def parts(page: str) -> list[str]:
    """The slides of a page; those that stand below each other are in one section."""
    (body,) = re.findall(r'(?s)<div class="slides">(.*)', page)
    return body.split("<section>")


@pytest.mark.parametrize("path", make.notebooks(), ids=lambda path: path.relative_to(make.HERE).as_posix())
def test_a_heading_begins_a_slide_and_nothing_else_does(path: Path) -> None:
    cells = slides.tagged(nbformat.read(path, as_version=4)).cells
    nbformat.validate(nbformat.v4.new_notebook(cells=cells))
    for cell in cells:
        headings = re.findall(r"(?m)^#{1,2} ", cell.source) if cell.cell_type == "markdown" else []
        assert cell.metadata.slideshow.slide_type == ("slide" if headings else "subslide")
        assert len(headings) <= 1
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    words = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    assert text.split() == words.split(), "nothing of the text is lost"


def test_slides_have_the_outputs_and_no_answers() -> None:
    page = slides.slides(nbformat.read(LESSON, as_version=4))
    headings = re.findall(r"<h[12][^>]*>(.*?)<", page)
    assert len(headings) > 8
    assert len(parts(page)) > 2 * len(headings), "cells are slides below their headings"
    assert "1457784053593148194" in page, "an output that the text speaks of"
    assert "SOLUTION" not in page
    assert "bobs_share = c1" not in re.sub("<[^>]+>", "", page), "an answer"
    assert "练习 5.1：正确" not in page


def test_reveal_may_be_a_copy(tmp_path: Path) -> None:
    page = slides.slides(nbformat.read(LESSON, as_version=4), "reveal.js")
    assert "reveal.js/dist/reveal" in page
    assert "unpkg.com" not in page
