"""What the trace viewer's script is told: the same as a view says, for every step and through everybody's eyes.

`python tests/test_viewer_state.py` writes anew what the script's own tests hear (labextension/test/viewer).
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_trace import Traced, assisted, operations, training

from kuscia_nb import mpc
from kuscia_nb.trace.equations import HIDDEN
from kuscia_nb.trace.steps import Record
from kuscia_nb.trace.view import View
from kuscia_nb.views import trace_viewer
from kuscia_nb.views.trace_viewer import state

TOLD = Path(__file__).parent.parent / "labextension" / "test" / "viewer" / "told.ts"
Row = tuple[str, str, str]
LENSES = ["alice", "bob", "ttp", "observer"]
PROGRAMS: dict[str, Any] = {
    "operations": operations,
    "assisted": assisted,
    **{strategy: training(strategy) for strategy in ("preprocessed", "interconnection")},
}
HEAD = """\
/*
 * Traces as a kernel sends them to the viewer, and what is to be seen of them: python tests/test_viewer_state.py
 */
import type { ITold } from './fixture';
"""


def twice(record: Record) -> Record:
    """A trace of two tasks that did the same."""
    count = len(record.messages)
    later = (step._replace(task=1, messages=tuple(seq + count for seq in step.messages)) for step in record.steps)
    tasks = (*record.tasks, record.tasks[0]._replace(id="second"))
    messages = (*record.messages, *(sent._replace(task=1) for sent in record.messages))
    return dataclasses.replace(record, tasks=tasks, steps=(*record.steps, *later), messages=messages)


def decoded(found: tuple[dict[str, Any], bytes]) -> dict[str, np.ndarray]:
    """The columns by name."""
    header, data = found
    return {at["name"]: np.frombuffer(data, at["type"], at["length"], at["start"]) for at in header["columns"]}


@pytest.fixture(scope="module", params=PROGRAMS)
def record(request: pytest.FixtureRequest) -> Record:
    return Traced(PROGRAMS[request.param]).record


class Shown:
    """The steps of a state through somebody's eyes, put together as the script does it."""

    def __init__(self, record: Record, lens: str) -> None:
        self._header, _ = found = state(record)
        self._columns = decoded(found)
        self._lens = self._header["lenses"].index(lens)
        lengths = self._columns["array_length"]
        self._arrays = np.split(self._columns["words"], np.cumsum(lengths)[:-1])
        self._next = iter(self._columns["number_array"])
        self._carried = iter(self._columns["own_carried"])

    def steps(self) -> Iterator[tuple[list[str], set[Row], list[str | None]]]:
        """Of each: its lines, its rows, and what its messages carried, by the first element of each number."""
        for place, messages in zip(self._columns["step_pattern"], self._columns["step_messages"], strict=True):
            pattern = self._header["patterns"][place]
            firsts = [self._first(number) for number in pattern["numbers"]]
            lines = ["".join(self._text(piece, firsts) for piece in pieces) for pieces in pattern["equations"]]
            rows = {self._row([(pattern["numbers"][at], firsts[at]) for at in places]) for places in pattern["rows"]}
            carried = [next(self._carried) for _ in range(messages)]
            yield lines, rows, [firsts[at - 1] if at else None for at in carried]

    def _first(self, number: dict[str, Any]) -> str:
        array = self._arrays[next(self._next)]
        return str(array[0]) if number["seen"] >> self._lens & 1 else HIDDEN

    def _text(self, piece: Any, firsts: list[str]) -> str:
        if isinstance(piece, str):
            return piece
        return "·".join(one if isinstance(one, str) else firsts[one] for one in piece[1])

    def _row(self, parts: list[tuple[dict[str, Any], str]]) -> Row:
        of = " + ".join(sorted(number["of"] or "both" for number, _ in parts))
        hidden = any(first == HIDDEN for _, first in parts)
        return parts[0][0]["name"], of, HIDDEN if hidden else str(sum(int(first) for _, first in parts) % 2**64)


@pytest.mark.parametrize("lens", LENSES)
def test_the_script_is_told_what_a_view_says(record: Record, lens: str) -> None:
    """The same numbers in the same formulas, hidden from the same people."""
    view, shown = View(record, lens), list(Shown(record, lens).steps())
    assert len(shown) == len(record.steps)
    for seq, (lines, rows, carried) in enumerate(shown):
        assert lines == [line.numbers for line in view.lines(seq)]
        assert rows == {(row.name, row.of, first(row.ring)) for row in view.rows(seq)}
        assert carried == [first(view.content(message)) for message in record.steps[seq].messages]


def first(elements: list[int] | str | None) -> Any:
    """The first of some elements, if they are seen, as text."""
    return str(elements[0]) if isinstance(elements, list) else elements


def test_who_computes_is_who_has_numbers_of_its_own(record: Record) -> None:
    header, _ = state(record)
    for pattern in header["patterns"]:
        owners = {number["of"] for number in pattern["numbers"]} - {None}
        assert owners <= {"alice", "bob"}
        assert all(number["seen"] >> LENSES.index(number["of"]) & 1 for number in pattern["numbers"] if number["of"])
        assert all(number["seen"] >> LENSES.index("observer") & 1 for number in pattern["numbers"])


# --- what the script's tests hear ------------------------------------------------------------------------------------


def told() -> str:
    """The text of the file."""
    whole = _told(Traced(operations).record)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_viewer, "MOST_BYTES", 5_500)
        cut = _told(twice(Traced(training("interconnection", mpc.Layout((2, 1), 2, 3, 2))).record), patterns=False)
    parts = [
        HEAD,
        f"/** Every operation once; of each pattern the first step. */\n{_constant('whole', whole)}",
        f"/** A training, twice: of each task the beginning and the end. */\n{_constant('cut', cut)}",
    ]
    return "\n".join(parts)


def _constant(name: str, value: Any) -> str:
    return f"export const {name}: ITold = {_json(value)};\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _told(record: Record, *, patterns: bool = True) -> dict[str, Any]:
    header, columns = found = state(record)
    shown = decoded(found)
    places, firsts = shown["step_number"].tolist(), np.unique(shown["step_pattern"], return_index=True)[1]
    steps = sorted(firsts.tolist()) if patterns else [0, len(places) - 1]
    told = [{"i": i, **_step(record, places[i])} for i in steps]
    return {"header": header, "columns": base64.b64encode(columns).decode(), "steps": told}


def _step(record: Record, seq: int) -> dict[str, Any]:
    """A step as the views show it."""
    step, views = record.steps[seq], [View(record, lens) for lens in LENSES]
    observer = views[-1]
    messages = [(record.messages[one].message, observer.content(one)) for one in step.messages]
    return {
        **{"number": seq, "task": record.tasks[step.task].id, "kind": step.kind, "op": step.op},
        **{"batch": step.batch, "epoch": step.epoch, "draws": list(map(int, step.draws))},
        "symbols": [line.symbols for line in observer.lines(seq)],
        "lines": {view.who: [line.numbers for line in view.lines(seq)] for view in views if view.who != "bob"},
        "rows": [
            {
                **{
                    "name": row.name,
                    "of": row.of,
                    "ring": [str(word) for word in row.ring[:2]],
                    "fixed": row.fixed[:2],
                },
                "seen": [view.who for view in views if view.rows(seq)[place].ring != HIDDEN],
            }
            for place, row in enumerate(observer.rows(seq))
        ],
        "messages": [
            [m.op, m.sender, m.receiver, m.round, m.bytes, m.key, content and str(content[0])]
            for m, content in messages
        ],
    }


def test_the_scripts_tests_hear_what_a_kernel_says() -> None:
    assert TOLD.read_text("utf-8") == told()


if __name__ == "__main__":
    TOLD.write_text(told(), "utf-8")
