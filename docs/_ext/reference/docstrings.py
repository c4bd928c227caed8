"""Docstrings for autodoc: people read and write them in Markdown's manner, autodoc reads reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .spec import linked

GIVEN_OUT = {
    "kuscia_nb.Cluster",
    "kuscia_nb.Job",
    "kuscia_nb.Party",
    "kuscia_nb.Trace",
    "kuscia_nb.control.kubectl.output.Output",
    "kuscia_nb.operators.computation.Computation",
    "kuscia_nb.operators.ss_lr.shadow.Shadow",
    "kuscia_nb.trace.view.View",
    "kuscia_nb.views.pictures.Pictures",
    "kuscia_nb.canvas.Picture",
}
"""Classes whose objects come from functions and methods."""


def as_rst(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's autodoc-process-docstring: `code` becomes literal, indented lines a block, rules links, marks text."""
    if lines and lines[0].startswith("Alias for field number"):  # NamedTuple's own words
        lines.clear()
    lines[:] = linked("\n".join(_converted(lines))).splitlines()


def without_constructor(app: Any, what: str, name: str, *_: object) -> tuple[str, str] | None:
    """Sphinx's autodoc-process-signature: how to make what nobody makes by hand is not shown."""
    return ("", "") if what == "class" and name in GIVEN_OUT else None


def _converted(lines: list[str]) -> Iterator[str]:
    indented, before_blank = False, True
    for line in lines:
        if line.strip():
            begins = line.startswith("    ")
            if begins and not indented and before_blank:
                yield from ("::", "")
                indented = True
            elif not begins:
                indented = False
        before_blank = not line.strip()
        yield line if indented else _inline(line)


def _inline(line: str) -> str:
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(f"`{part}`" if part.startswith("`") else re.sub(r"([*_|])", r"\\\1", part) for part in parts)
