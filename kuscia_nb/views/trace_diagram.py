"""A sequence diagram of a part of a trace: who sends what to whom. SVG as text, PNG if matplotlib is there."""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape
from typing import NamedTuple

from ..errors import KusciaError
from ..texts import speaker
from ..trace.steps import Record

LANE, ROW, TOP, LABEL = 260, 30, 46, 13
GROUND, INK = "white", "#1a1a1a"
TTP = "ttp"


class Arrow(NamedTuple):
    """A message in a diagram."""

    seq: int
    sender: str
    receiver: str
    label: str


def lanes(record: Record) -> list[str]:
    """The parties and the TTP, from left to right."""
    return [*record.names, TTP]


def arrows(record: Record, start: int | None, count: int) -> list[Arrow]:
    """So many messages from `start` on; without one, from the first message of the training or the computation."""
    if start is None:
        start = next((seq for seq, (_, m) in enumerate(record.messages) if m.kind == "ALLGATHER"), 0)
        start = max(0, start - 2)
    return [
        Arrow(seq, m.sender, m.receiver, f"{m.op}, {m.bytes:,} bytes")
        for seq, (_, m) in enumerate(record.messages[start : start + count], start)
    ]


def diagram(record: Record, start: int | None = None, count: int = 12, format: str = "svg") -> str | bytes:
    """The diagram in one of the formats svg and png; KusciaError, if that is not possible."""
    shown = arrows(record, start, count)
    if not shown:
        raise KusciaError("there are no messages to draw", hint='trace="full" or "sizes", and a smaller start')
    if format == "svg":
        return svg(lanes(record), shown)
    if format == "png":
        return _png(lanes(record), shown)
    raise KusciaError(f"format {format!r} is unknown", hint="svg or png")


def describe(shown: list[Arrow]) -> str:
    """The diagram in words."""
    say = speaker()
    return "; ".join(say("{sender} to {receiver}: {what}", **_words(arrow)) for arrow in shown)


def _words(arrow: Arrow) -> dict[str, str]:
    return {"sender": arrow.sender, "receiver": arrow.receiver, "what": arrow.label}


def svg(people: list[str], shown: list[Arrow]) -> str:
    """As an inline SVG in the text's own colour, which reads in light and in dark."""
    places = {name: LANE // 2 + i * LANE for i, name in enumerate(people)}
    width, height = LANE * len(people), TOP + ROW * len(shown) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" style="max-width:100%;height:auto" fill="currentColor" stroke="none" '
        f'font-family="sans-serif" font-size="12"><title>Sequence diagram of {len(shown)} messages</title>'
        f"<desc>{escape(describe(shown))}</desc>"
    ]
    for name, x in places.items():
        parts.append(f'<text x="{x}" y="18" text-anchor="middle" font-weight="bold">{escape(_lane(name))}</text>')
        parts.append(f'<path d="M{x} 26V{height - 4}" stroke="currentColor" stroke-opacity="0.4" fill="none"/>')
    for i, arrow in enumerate(shown):
        parts.append(_svg_arrow(arrow, places[arrow.sender], places[arrow.receiver], TOP + ROW * i + LABEL))
    return "".join([*parts, "</svg>"])


def html(people: list[str], shown: list[Arrow]) -> str:
    """As a picture with its description: front ends take an inline SVG out of a notebook that they do not trust.

    A picture knows nothing of the page's colours, so it has a ground of its own.
    """
    drawn = svg(people, shown).replace("<title>", f'<rect width="100%" height="100%" fill="{GROUND}"/><title>', 1)
    data = b64encode(drawn.replace("currentColor", INK).encode()).decode()
    words = escape(f"Sequence diagram of {len(shown)} messages. {describe(shown)}")
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{words}"/>'


def _svg_arrow(arrow: Arrow, start: int, end: int, y: int) -> str:
    side = 1 if end > start else -1
    tip = f"M{end} {y}l{-8 * side} -4v8z"
    middle = (start + end) // 2 if abs(end - start) == LANE else start + side * LANE // 2
    return (
        f'<path d="M{start} {y}H{end - 7 * side}" stroke="currentColor" stroke-width="1.3" fill="none"/>'
        f'<path d="{tip}"/><text x="{middle}" y="{y - 4}" text-anchor="middle">{escape(arrow.label)}</text>'
    )


def _lane(name: str) -> str:
    return "TTP" if name == TTP else name


def _png(people: list[str], shown: list[Arrow]) -> bytes:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise KusciaError("a PNG needs matplotlib", hint='%pip install matplotlib, or format="svg"') from error
    figure = Figure(figsize=(2.6 * len(people), 0.8 + 0.32 * len(shown)), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(-0.5, len(people) - 0.5), ylim=(len(shown) + 0.3, -1.4))
    axes.axis("off")
    for x, name in enumerate(people):
        axes.text(x, -0.9, _lane(name), ha="center", weight="bold", size=10)
        axes.plot([x, x], [-0.6, len(shown)], color="0.7", linewidth=0.8, zorder=0)
    for y, arrow in enumerate(shown):
        start, end = people.index(arrow.sender), people.index(arrow.receiver)
        axes.annotate(
            "", (end, y), (start, y), arrowprops={"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}
        )
        middle = start + (0.5 if end > start else -0.5)
        axes.text(middle, y - 0.12, arrow.label, ha="center", va="bottom", size=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
