"""Text with tabs, put into columns the way Go's text/tabwriter does it."""

from __future__ import annotations

from itertools import groupby


class Tabs:
    """Columns that are `padding` wider than their widest cell, and at least `minimum` wide.

    A column reaches over the neighbouring lines that have it. With `remember` it never becomes narrower again, so
    that rows which are written later stand below the earlier ones.
    """

    def __init__(self, minimum: int = 6, padding: int = 3, remember: bool = True) -> None:
        self._minimum, self._padding, self._remember = minimum, padding, remember
        self._widths: list[int] = []

    def text(self, text: str) -> str:
        """The text with blanks for tabs. What follows the last tab of a line belongs to no column."""
        lines = [line.split("\t") for line in text.split("\n")]
        for column in range(max(map(len, lines)) - 1):
            having = [len(line) - 1 > column for line in lines]
            for has_it, block in groupby(range(len(lines)), having.__getitem__):
                if has_it:
                    self._pad([lines[i] for i in block], column)
        return "\n".join(map("".join, lines))

    def _pad(self, lines: list[list[str]], column: int) -> None:
        width = max(self._minimum, max(len(line[column]) for line in lines) + self._padding)
        if self._remember:
            self._widths += [0] * (column + 1 - len(self._widths))
            width = self._widths[column] = max(width, self._widths[column])
        for line in lines:
            line[column] = line[column].ljust(width)
