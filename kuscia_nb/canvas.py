"""Drawing with matplotlib, without its global state: a figure of its own for each picture, and the picture as PNG.

Every picture has a white ground of its own, so that it can be read on light and on dark pages. Colours are those of
Okabe and Ito, which people of all kinds of colour vision can tell apart; nothing is told by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .errors import KusciaError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUND, INK, FAINT = "white", "#1a1a1a", "#8c8c8c"
WIDTH = 100
"""Columns of what it says as text."""
_DPI = 200
_SHARPNESS = 2
"""Pixels of the PNG for one on the page."""
_COLOURS = 64
"""Of the PNG: enough for lines and letters, in a third of the bytes, which notebooks store."""
_SUFFIXES = (".png", ".svg", ".pdf")


class Look(NamedTuple):
    """How one kind of thing is drawn: a colour, and a hatch and a marker that say the same."""

    colour: str
    hatch: str
    marker: str
    line: Any = "-"


LOOKS = (
    Look("#0072b2", "///", "o"),
    Look("#d55e00", "...", "s", "--"),
    Look("#009e73", "xxx", "^", "-."),
    Look("#cc79a7", "\\\\\\", "D", ":"),
)
SECRET, PLAIN, EXACT = LOOKS[0], LOOKS[1], LOOKS[2]


class Picture:
    """A drawn picture. A notebook shows it; as text it says what is in it, which is also its alternative text."""

    def __init__(self, figure: Figure, words: str) -> None:
        self.figure = figure
        """The matplotlib figure, to be changed at will."""
        self.words = words
        """What the picture shows, with its numbers."""
        self._png: bytes | None = None

    def _repr_png_(self) -> bytes:
        if self._png is None:
            from PIL import Image  # matplotlib brings it

            self.figure.canvas.draw()
            drawn = Image.fromarray(np.asarray(self.figure.canvas.buffer_rgba()))  # type: ignore[attr-defined]
            stream = BytesIO()
            drawn.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(stream, "PNG")
            self._png = stream.getvalue()
        return self._png

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = (round(inches * _DPI / _SHARPNESS) for inches in self.figure.get_size_inches())
        data = {"image/png": self._repr_png_(), "text/plain": repr(self)}
        return data, {"image/png": {"width": width, "height": height, "alt": self.words}}

    def save(self, path: str | Path) -> Path:
        """Write it as PNG, SVG or PDF, as the name ends."""
        path = Path(path)
        if path.suffix.lower() not in _SUFFIXES:
            raise KusciaError(
                f"a picture cannot be saved as {path.name}", hint="a name that ends in .png, .svg or .pdf"
            )
        if path.suffix.lower() == ".png":
            path.write_bytes(self._repr_png_())
        else:
            self.figure.savefig(path)
        return path

    def __repr__(self) -> str:
        return textwrap.fill(self.words, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def canvas(title: str, size: tuple[float, float], panels: int = 1, *, rows: int = 1, **layout: Any) -> Canvas:
    """An empty picture of `size` inches with its panels in so many rows. KusciaError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise KusciaError("pictures need matplotlib", hint="pip install matplotlib") from error
    margins = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
    figure = Figure(figsize=size, dpi=_DPI, layout=margins, facecolor=GROUND, edgecolor=GROUND)
    FigureCanvasAgg(figure)
    figure.suptitle(title, color=INK, fontsize=12, fontweight="bold")
    axes = figure.subplots(rows, panels // rows, squeeze=False, **layout).ravel().tolist()
    for each in axes:
        _plain(each)
    return Canvas(figure, axes)


class Canvas(NamedTuple):
    """A figure and its panels."""

    figure: Figure
    axes: Sequence[Axes]


def _plain(axes: Axes) -> None:
    """Everything that a person's own style could have made unreadable."""
    axes.set_facecolor(GROUND)
    axes.tick_params(which="both", colors=INK, labelsize=9)
    axes.grid(False)
    for name, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_visible(name in ("left", "bottom"))


def labelled(axes: Axes, title: str, x: str, y: str) -> None:
    """Title and axis labels of a panel."""
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    axes.set_xlabel(x, color=INK, fontsize=9)
    axes.set_ylabel(y, color=INK, fontsize=9)


def legend(drawn: Canvas, axes: Axes, columns: int) -> None:
    """What is what in a panel, below the picture."""
    handles, labels = axes.get_legend_handles_labels()
    drawn.figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        facecolor=GROUND,
        edgecolor=GROUND,
        labelcolor=INK,
        fontsize=9,
        handlelength=2.6,
    )
