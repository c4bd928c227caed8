"""The trace viewer: a widget where there is anywidget and somebody who looks, in the place of the static form.

The widget gets a header and one buffer of columns, once; everything else happens in the browser
(labextension/src/viewer, which `npm run build:viewer` makes static/trace_viewer.js of). The static form is text, and
HTML of plain tables and a picture. It alone is what a cell's output has: a saved view of a widget would be an error in
a notebook that is opened again.
"""

from __future__ import annotations

import dataclasses
import sys
from bisect import bisect_left, bisect_right
from functools import cache
from html import escape
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from ..errors import KusciaError
from ..mpc.ledger import Message
from ..texts import speaker
from ..trace.columns import Arrays, pack
from ..trace.garbage import uncollected
from ..trace.steps import Record, Step
from ..trace.tour import told
from ..trace.view import OBSERVER, TTP
from .table import html_note, html_paragraph
from .trace_diagram import arrows, lanes
from .trace_diagram import html as diagram
from .trace_patterns import carried_places, kinds, lenses, patterns, seen_by
from .trace_text import headline, remarks, tables, text

STATIC = Path(__file__).parent.parent / "static"
MOST_BYTES = 1_400_000
"""What the state of a widget takes in a browser at most; a notebook file that keeps it has a third more."""
_LEAST_OF_A_STEP, _LEAST_OF_A_MESSAGE = 10, 28
"""Bytes in the state, at least: more than fit are not even tried."""
_COLUMNS = (
    *(f"step_{name}" for name in ("op", "batch", "epoch", "messages", "draws")),
    *(f"message_{name}" for name in ("op", "sender", "receiver", "key", "number", "round", "bytes")),
    *("own_messages", "draws", "number_array", "array_length", "words"),
)
"""Columns of a trace that the viewer has as they are; what else it knows of a step is in the step's pattern."""


def bundle(record: Record) -> dict[str, str]:
    """The MIME bundle: text and HTML, in whose place the browser puts the widget, if it can be."""
    shown = html(record)
    if record.messages and _interactive():
        place = uuid4().hex
        _viewer()(**_traits(record), place=place)  # ipywidgets keeps it
        shown = f'<div data-kuscia-trace="{place}">{shown}</div>'
    return {"text/plain": text(record), "text/html": shown}


def html(record: Record) -> str:
    """The static form."""
    parts = [html_paragraph(headline(record)), *(html_note(remark) for remark in remarks(record))]
    parts += [table.html() for table in tables(record)]
    shown = arrows(record, None, 12)
    if shown:
        words = speaker()("Messages {first:,} to {last:,}", first=shown[0].seq, last=shown[-1].seq)
        parts.append(f"<p>{escape(words)}</p>{diagram(lanes(record), shown)}")
    return "".join(parts)


def widget(record: Record, locale: str = "") -> Any:
    """The viewer; KusciaError without anywidget, and if there is nothing to be seen."""
    if not record.messages:
        raise KusciaError("there is no message in this trace", hint="print(trace) says why")
    if find_spec("anywidget") is None:
        raise KusciaError("the trace viewer needs anywidget", hint='%pip install "kuscia_nb[trace]"')
    return _viewer()(**_traits(record), locale=locale)


def _traits(record: Record) -> dict[str, Any]:
    header, columns = state(record)
    return {"header": header, "columns": columns}


@uncollected()
def state(record: Record) -> tuple[dict[str, Any], bytes]:
    """What the browser gets: a header with the places of the columns, and all columns in one buffer.

    Of every array there are as many elements as fit into MOST_BYTES, and of a very long trace the beginning and the end
    of each task.
    """
    listed, elements, least = record.steps, 4, _LEAST_OF_A_STEP
    if not listed:
        listed, elements, least = record.messages, 1, _LEAST_OF_A_MESSAGE
    most = min(len(listed), MOST_BYTES // least)
    while True:
        shown, numbers = _ends(record, most)
        header, columns = _described(shown, elements)
        places, buffer = _joined({**columns, "step_number": np.array(numbers)})
        if len(buffer) <= MOST_BYTES:
            header |= {"columns": places, "elements": elements, "cut": len(listed) - len(numbers)}
            return header | {"numbers": bool(record.steps)}, buffer
        if elements > 1:
            elements = _elements_that_fit(columns["array_length"], len(buffer) - MOST_BYTES)
        else:
            most = int(0.95 * most * MOST_BYTES / len(buffer))


def _described(record: Record, elements: int) -> tuple[dict[str, Any], Arrays]:
    """What the header says of a trace, and the columns that the viewer has."""
    packed, arrays = pack(record, elements)
    found, members = patterns(record)
    columns = {name: arrays[name] for name in _COLUMNS}
    columns |= {"step_pattern": np.array(members), "own_carried": np.array(carried_places(record))}
    header = {
        "title": record.title,
        "repeatable": bool(record.notes),
        "tasks": [{"id": task.id, "left_out": task.left_out, "unlisted": task.unlisted} for task in record.tasks],
        "lenses": lenses(record),
        "draws_seen": seen_by((TTP, OBSERVER), record),
        "names": {name: packed["names"][name] for name in ("ops", "people", "keys")},
        "kinds": kinds(found),
        "tour": told(record),
        "patterns": found,
    }
    return header, columns


def _elements_that_fit(lengths: np.ndarray, excess: int) -> int:
    """Of arrays with so many elements each, how many may stay of each one to save so many bytes; 1 at least."""
    for elements in range(int(lengths.max(initial=0)) - 1, 1, -1):
        if 8 * np.maximum(lengths.astype(int) - elements, 0).sum() >= excess:
            return elements
    return 1


def _ends(record: Record, most: int) -> tuple[Record, list[int]]:
    """So many steps of each task, half of them from its end, with their messages alone; and where they were.

    In a trace of sizes only, every message is a step without numbers.
    """
    kept: list[int] = []
    listed = record.steps or record.messages
    for task in range(len(record.tasks)):
        begin, end = (find(listed, task, key=attrgetter("task")) for find in (bisect_left, bisect_right))
        half = most // 2 if end - begin > most else 0
        kept += [*range(begin, min(begin + most - half, end)), *range(end - half, end)]
    steps = [record.steps[i] if record.steps else _as_step(i, *record.messages[i]) for i in kept]
    sent = sorted({seq for step in steps for seq in step.messages})
    place = {seq: i for i, seq in enumerate(sent)}
    steps = tuple(step._replace(messages=tuple(place[seq] for seq in step.messages)) for step in steps)
    return dataclasses.replace(record, steps=steps, messages=tuple(record.messages[seq] for seq in sent)), kept


def _as_step(seq: int, task: int, message: Message) -> Step:
    return Step(task, "send", message.op, seq, 0, 0, 0, (), (seq,), ())


def _joined(arrays: Arrays) -> tuple[list[dict[str, Any]], bytes]:
    """All columns in one buffer, each in the smallest type that holds it, and where they are."""
    places, parts, length = [], [], 0
    for name, array in arrays.items():
        array = array if name in ("words", "draws", "message_bytes") else _narrow(array)
        data = array.tobytes()
        places.append({"name": name, "type": array.dtype.name, "start": length, "length": len(array)})
        padding = -len(data) % 8
        parts += [data, bytes(padding)]
        length += len(data) + padding
    return places, b"".join(parts)


def _narrow(array: np.ndarray) -> np.ndarray:
    """The same numbers in 1, 2 or 4 bytes."""
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    kinds = (np.int8, np.int16, np.int32) if low < 0 else (np.uint8, np.uint16, np.uint32)
    return array.astype(next(kind for kind in kinds if high <= np.iinfo(kind).max and low >= np.iinfo(kind).min))


def _interactive() -> bool:
    """Whether a person looks, and there is anywidget."""
    ipython = sys.modules.get("IPython")
    if ipython is None or find_spec("anywidget") is None:
        return False
    from .live import watchable

    return watchable(ipython.get_ipython())


@cache
def _viewer() -> Any:
    """The widget's class; anywidget is loaded here."""
    import anywidget
    import traitlets

    class TraceViewer(anywidget.AnyWidget):
        """A trace, step by step."""

        _esm = STATIC / "trace_viewer.js"
        _css = STATIC / "trace_viewer.css"
        header = traitlets.Dict().tag(sync=True)
        columns = traitlets.Bytes().tag(sync=True)
        locale = traitlets.Unicode("").tag(sync=True)
        place = traitlets.Unicode("").tag(sync=True)

    return TraceViewer
