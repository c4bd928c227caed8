"""The rooms of the package and the arrows between them, from its import statements: a picture and a table."""

from __future__ import annotations

import ast
import html
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import kuscia_nb

from .markdown import code, codes, page, sentence, table

PACKAGE = Path(kuscia_nb.__file__).parent
Arrow = tuple[str, str]


def picture() -> str:
    """The drawing as SVG: a room stands above all that it imports; what another room leads to anyway is not drawn."""
    down, up = sorted_arrows()
    return f"```{{raw}} html\n{_drawing(down, up)}\n```\n"


def rooms_table() -> str:
    """Each room with what it is and what it imports, from the front door inward."""
    down, up = sorted_arrows()
    depth = _depths(down)
    rows = []
    for room in sorted(depth, key=lambda one: (-depth[one], one)):
        uses = [other for name, other in sorted(down) if name == room]
        exceptions = [other for name, other in sorted(up) if name == room]
        against = f"; against the arrows: {codes(exceptions)}" if exceptions else ""
        rows.append((code(room), sentence(about(room)), (codes(uses) or "-") + against))
    return page([table(("room", "what it is", "imports"), rows)])


def rooms() -> dict[str, Path]:
    """The packages and modules directly in the package, by name, with the file that says what each is."""
    found = {path.parent.name: path for path in sorted(PACKAGE.glob("*/__init__.py"))}
    return found | {path.stem: path for path in sorted(PACKAGE.glob("*.py")) if not path.stem.startswith("__")}


def about(room: str) -> str:
    """The first sentence of a room's docstring."""
    text = ast.get_docstring(ast.parse(rooms()[room].read_text("utf-8"))) or ""
    return text.partition("\n")[0]


def arrows() -> Counter[Arrow]:
    """How many imports lead from a room to another one, lazy ones included; those for types alone do not count."""
    known = rooms()
    found: Counter[Arrow] = Counter()
    for room, path in known.items():
        for module in path.parent.rglob("*.py") if path.stem == "__init__" else [path]:
            inside = ("kuscia_nb", *module.relative_to(PACKAGE).with_suffix("").parts[:-1])
            for target in _imported(ast.parse(module.read_text("utf-8")), inside):
                if target in known and target != room:
                    found[room, target] += 1
    return found


def sorted_arrows() -> tuple[set[Arrow], set[Arrow]]:
    """The arrows that lead down, and the fewest imports that lead back up."""
    down: set[Arrow] = set()
    up: set[Arrow] = set()
    for (room, other), _ in sorted(arrows().items(), key=lambda arrow: (-arrow[1], arrow[0])):
        (up if room in _reached(other, down) else down).add((room, other))
    return down, up


def _imported(tree: ast.Module, inside: tuple[str, ...]) -> Iterator[str]:
    """The rooms that a module's relative imports name."""
    for node in _without_types(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*inside[: len(inside) - node.level + 1], *(node.module or "").split(".")]
            named = [base[1]] if len(base) > 1 and base[1] else [alias.name for alias in node.names]
            yield from named


def _without_types(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below, but not what is there for type checkers only."""
    for_types = node.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" else []
    for child in ast.iter_child_nodes(node):
        if child not in for_types:
            yield child
            yield from _without_types(child)


def _reached(room: str, down: Iterable[Arrow]) -> set[str]:
    found, new = set[str](), {room}
    while new:
        found |= new
        new = {other for one, other in down if one in new} - found
    return found


def _depths(down: set[Arrow]) -> dict[str, int]:
    """How far above the ground each room stands."""
    depth = dict.fromkeys(rooms(), 0)
    for _ in depth:
        for room, other in down:
            depth[room] = max(depth[room], depth[other] + 1)
    return depth


WIDTH, ROW, BOX = 900, 84, 118


def _drawing(down: set[Arrow], up: set[Arrow]) -> str:
    depth = _depths(down)
    above = {(a, b) for a, b in down if not any((a, c) in down and b in _reached(c, down) for c in depth if c != b)}
    places, height = _places(depth, above), (max(depth.values()) + 1) * ROW
    lines = [_line(places, arrow, kind) for kind, some in (("down", above), ("up", up)) for arrow in sorted(some)]
    boxes = [_box(room, *places[room]) for room in sorted(places)]
    return "\n".join([_HEAD.format(width=WIDTH, height=height), *lines, *boxes, "</svg>"])


_HEAD = """<svg class="rooms" viewBox="0 0 {width} {height}" role="img" aria-label="The rooms of the package">
<style>.rooms rect {{ fill: var(--color-background-secondary); stroke: var(--color-foreground-muted) }}
.rooms text {{ fill: var(--color-foreground-primary); font: 14px sans-serif; text-anchor: middle }}
.rooms path {{ stroke: var(--color-foreground-muted); fill: none }} .rooms .up {{ stroke-dasharray: 3 4 }}</style>"""


def _places(depth: Mapping[str, int], above: set[Arrow]) -> dict[str, tuple[float, float]]:
    """The middle of each room; one is above the middle of what it leads to, as far as its row has room."""
    places: dict[str, tuple[float, float]] = {}
    top = max(depth.values())
    for level in range(top + 1):
        row = sorted(room for room in depth if depth[room] == level)
        wish = {room: [places[b][0] for a, b in above if a == room] for room in row}
        row.sort(key=lambda room: sum(wish[room]) / max(len(wish[room]), 1))
        for place, room in enumerate(row):
            places[room] = WIDTH * (place + 0.5) / len(row), (top - level + 0.5) * ROW
    return places


def _line(places: Mapping[str, tuple[float, float]], arrow: Arrow, kind: str) -> str:
    (x, y), (to_x, to_y) = places[arrow[0]], places[arrow[1]]
    y, to_y = (y + 18, to_y - 18) if to_y > y else (y - 18, to_y + 18)
    bend = (to_y - y) / 2
    curve = f"M{x:.0f} {y:.0f} C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path class="{kind}" d="{curve}"><title>{arrow[0]} imports {arrow[1]}</title></path>'


def _box(room: str, x: float, y: float) -> str:
    title = f"<title>{html.escape(about(room))}</title>"
    rect = f'<rect x="{x - BOX / 2:.0f}" y="{y - 18:.0f}" width="{BOX}" height="36" rx="6"/>'
    return f'<g>{title}{rect}<text x="{x:.0f}" y="{y + 5:.0f}">{room}</text></g>'
