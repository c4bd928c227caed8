"""Plain tables and paragraphs, as text of at most WIDTH columns and as HTML.

The HTML has no script, no style sheet and no colour that carries a meaning. What little style there is stands in the
elements, takes JupyterLab's variables and can be dropped without harm.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from itertools import zip_longest
from typing import NamedTuple

WIDTH = 100

_TABLE = "margin:0.2em 0 1em 0;font-variant-numeric:tabular-nums"
_CELL = {
    "left": "padding:0.15em 0.7em;text-align:left",
    "right": "padding:0.15em 0.7em;text-align:right;white-space:nowrap",
}
"""By side: words are broken where there is no room, numbers are not."""
_NOTE = "white-space:pre-wrap;border-left:3px solid var(--jp-warn-color1, #b35900);padding-left:0.7em"


class Table(NamedTuple):
    """Rows of text below a title. The first `left` columns are words, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    left: int
    empty: str = "nothing yet"

    def text(self, *, whole: bool = False) -> str:
        """The table in columns; what does not fit is cut, or goes on in the next line if it is to be `whole`."""
        if not self.rows:
            return f"{self.title}\n  ({self.empty})"
        lines = [self.columns, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        while sum(widths) + 2 * len(widths) > WIDTH:
            widths[widths.index(max(widths))] -= 1
        if whole:
            lines = [part for line in lines for part in _broken(line, widths)]
        return "\n".join([wrapped(self.title), *(self._line(line, widths) for line in lines)])

    def _line(self, cells: tuple[str, ...], widths: list[int]) -> str:
        parts = []
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            cell = clipped(cell, width)
            parts.append(cell.ljust(width) if column < self.left else cell.rjust(width))
        return "  " + "  ".join(parts).rstrip()

    def html(self, folded: bool = False) -> str:
        """The table below a title that hides and shows it; `folded`: hidden at first."""
        head = self._html_row("th", self.columns)
        body = "".join(self._html_row("td", row) for row in self.rows)
        table = f'<table style="{_TABLE}"><thead>{head}</thead><tbody>{body}</tbody></table>'
        shown = table if self.rows else f"<p>{escape(self.empty)}</p>"
        opened = "" if folded else " open"
        return f"<details{opened}><summary>{escape(self.title)}</summary>{shown}</details>"

    def _html_row(self, tag: str, cells: tuple[str, ...]) -> str:
        sides = ("left" if column < self.left else "right" for column in range(len(cells)))
        return "<tr>" + "".join(_html_cell(tag, side, cell) for side, cell in zip(sides, cells, strict=True)) + "</tr>"


def _html_cell(tag: str, side: str, cell: str) -> str:
    return f'<{tag} align="{side}" style="{_CELL[side]}">{escape(cell)}</{tag}>'


def _broken(cells: tuple[str, ...], widths: list[int]) -> Iterator[tuple[str, ...]]:
    """The lines of a row whose cells are broken where they do not fit."""
    parts = (textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True))
    return zip_longest(*parts, fillvalue="")


def clipped(text: str, width: int) -> str:
    """The text, or what of it fits."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def wrapped(text: str) -> str:
    """The text with its own lines kept and long ones broken, their rest indented."""
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2), break_on_hyphens=False)
        for line in text.split("\n")
    )


def html_paragraph(first: str, *others: str) -> str:
    """Lines of text, the first one in bold."""
    return "<p>" + "<br>".join([f"<strong>{escape(first)}</strong>", *map(escape, others)]) + "</p>"


def html_note(text: str, detail: str = "") -> str:
    """A note that is set apart; its kind is its first word, not its colour. A detail is shown by a click."""
    if detail:
        return f'<details style="{_NOTE}"><summary>{escape(text)}</summary>{escape(detail)}</details>'
    return f'<p style="{_NOTE}">{escape(text)}</p>'
