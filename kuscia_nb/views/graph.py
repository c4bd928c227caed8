"""The tasks of a job and which waits for which, as a drawing without script: it stays in a saved notebook.

Columns are how many tasks have to come before; a line goes from a task to each that waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT, _GAP, _SPACE = 150, 40, 46, 14
_PAPER = 'style="fill:var(--jp-layout-color0, Canvas)"'
"""A box hides the lines that pass behind it."""
_TEXT = 'text-anchor="middle" fill="currentColor"'


class Node(NamedTuple):
    """A task: its alias, what it runs, its phase, and the aliases it waits for."""

    alias: str
    operator: str
    phase: str
    after: tuple[str, ...] = ()


def columns(nodes: Sequence[Node]) -> dict[str, int]:
    """The column of each task: one more than the last of those that it waits for."""
    waits = {node.alias: node.after for node in nodes}
    found: dict[str, int] = {}
    while len(found) < len(waits):
        ready = {alias for alias, after in waits.items() if alias not in found and set(after) <= found.keys()}
        found |= {alias: max((found[one] + 1 for one in waits[alias]), default=0) for alias in ready}
        if not ready:  # a circle, which no job that was taken has
            found |= {alias: 0 for alias in waits if alias not in found}
    return found


def words(nodes: Sequence[Node]) -> str:
    """The same as text: psi_1 -> ss_lr_1 -> predict_1, evaluate_1."""
    column = columns(nodes)
    levels = [[node.alias for node in nodes if column[node.alias] == at] for at in range(max(column.values()) + 1)]
    return " -> ".join(", ".join(level) for level in levels)


def svg(nodes: Sequence[Node], title: str) -> str:
    """The drawing, in the page's own colours; `title` is its name for screen readers."""
    column = columns(nodes)
    place = _places(nodes, column)
    width = (max(column.values()) + 1) * (_WIDTH + _GAP) - _GAP + 2
    height = max(y for _, y in place.values()) + _HEIGHT + 1
    lines = "".join(_line(place[before], place[node.alias]) for node in nodes for before in node.after)
    boxes = "".join(_box(node, *place[node.alias]) for node in nodes)
    name = escape(f"{title}: {words(nodes)}", quote=True)
    return (
        f'<svg role="img" aria-label="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'style="max-width:100%;font:12px sans-serif" fill="none" stroke="currentColor">{lines}{boxes}</svg>'
    )


def _places(nodes: Sequence[Node], column: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """The left upper corner of each box."""
    rows: dict[int, int] = {}
    place = {}
    for node in nodes:
        at = column[node.alias]
        place[node.alias] = (1 + at * (_WIDTH + _GAP), 1 + rows.get(at, 0) * (_HEIGHT + _SPACE))
        rows[at] = rows.get(at, 0) + 1
    return place


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """A curve with a head."""
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    to, down = end[0], end[1] + _HEIGHT // 2
    middle = (x + to) // 2
    return f'<path d="M{x} {y}C{middle} {y} {middle} {down} {to} {down}m-7 -4l7 4l-7 4"/>'


def _box(node: Node, x: int, y: int) -> str:
    middle = x + _WIDTH // 2
    alias, below = (escape(_short(text)) for text in (node.alias, f"{node.operator}: {node.phase}"))
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4" {_PAPER}/>'
        f'<g stroke="none" {_TEXT}><text x="{middle}" y="{y + 16}" font-weight="bold">{alias}</text>'
        f'<text x="{middle}" y="{y + 32}" font-size="10">{below}</text></g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= 26 else f"{text[:25]}…"
