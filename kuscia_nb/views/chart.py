"""What an operator shows as lines over a count, such as a loss by epoch, as a drawing without script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from ..operators.results import Chart
from ..texts import Say
from .table import wrapped

_LEFT, _TOP, _WIDTH, _HEIGHT = 52, 10, 420, 130
"""Of the axes, in a drawing that has room for their words."""
_FIRST = 'stroke="var(--jp-brand-color1, #1976d2)" stroke-width="2"'
_OTHER = 'stroke="currentColor" stroke-width="5" stroke-opacity="0.35"'
"""Wide and pale, so that both are seen where one lies above the other."""
_LEVEL = 'stroke-dasharray="1 4"'
_ENTRY = 130
"""Room for a name below the drawing."""


class Drawing(NamedTuple):
    """A chart in the language of a report."""

    chart: Chart
    say: Say

    def text(self) -> str:
        """For a terminal: what it comes to."""
        return "\n".join(map(wrapped, (self.say(self.chart.title), f"  {self.say(self.chart.words)}")))

    def html(self) -> str:
        """For a notebook, below a title that hides and shows it."""
        title, words = (escape(self.say(text)) for text in (self.chart.title, self.chart.words))
        return f"<details open><summary>{title}</summary>{self._svg()}<div>{words}</div></details>"

    def _svg(self) -> str:
        chart, say = self.chart, self.say
        axes = _Axes.of(chart)
        name = escape(f"{say(chart.title)}: {say(chart.words)}", quote=True)
        right, bottom = _LEFT + _WIDTH, _TOP + _HEIGHT
        width, height = right + 10, bottom + 46
        styles = [_FIRST, *[_OTHER] * (len(chart.lines) - 1)]
        lines = [(style, axes.path(chart.at, values)) for style, (_, values) in zip(styles, chart.lines, strict=True)]
        curves = "".join(f'<path {style} d="{path}"/>' for style, path in reversed(lines))
        numbers = "".join(_text(_LEFT - 6, axes.y(at) + 4, f"{at:.3f}", "end") for at in (axes.low, axes.high))
        counts = _text(_LEFT, bottom + 15, "0") + _text(right, bottom + 15, f"{chart.until:,}", "end")
        counted = _text(_LEFT + _WIDTH // 2, bottom + 15, say(chart.counted), "middle")
        names = [(style, say(line)) for style, (line, _) in zip(styles, chart.lines, strict=True)]
        legend = _legend(bottom + 36, [*names, (_LEVEL, say(chart.level[0]))])
        return (
            f'<svg role="img" aria-label="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'style="display:block;max-width:100%;font:11px sans-serif" fill="none" stroke="currentColor">'
            f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}"/>'
            f'<path {_LEVEL} d="M{_LEFT} {axes.y(chart.level[1])}H{right}"/>{curves}'
            f'<g stroke="none" fill="currentColor">{numbers}{counts}{counted}</g>{legend}</svg>'
        )


class _Axes(NamedTuple):
    """Where a value at a count stands."""

    until: int
    low: float
    high: float

    @classmethod
    def of(cls, chart: Chart) -> _Axes:
        """With room for all that are numbers."""
        values = [value for _, line in chart.lines for value in line if math.isfinite(value)]
        values.append(chart.level[1])
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.01
        return cls(chart.until, low - room, high + room)

    def x(self, count: float) -> float:
        return round(_LEFT + _WIDTH * count / self.until, 1)

    def y(self, value: float) -> float:
        return round(_TOP + _HEIGHT * (self.high - value) / (self.high - self.low), 1)

    def path(self, counts: Sequence[int], values: Sequence[float]) -> str:
        """A line through the values that are numbers; a single one is a dot."""
        points = [(self.x(at), self.y(value)) for at, value in zip(counts, values, strict=True) if math.isfinite(value)]
        return "M" + "L".join(f"{x} {y}" for x, y in points) + ("h0.1" if len(points) == 1 else "")


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend(y: int, entries: Sequence[tuple[str, str]]) -> str:
    """Each line with its name, side by side."""
    drawn = []
    for place, (style, name) in enumerate(entries):
        x = _LEFT + place * _ENTRY
        label = f'<g stroke="none" fill="currentColor">{_text(x + 28, y, name)}</g>'
        drawn.append(f'<path {style} d="M{x} {y - 4}h22"/>{label}')
    return "".join(drawn)
