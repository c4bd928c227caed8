"""A trace as a small header and a few flat arrays: the form in which it is saved, and sent to a browser.

Every array of numbers is kept once, in `words`, however many steps show it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import KusciaError
from ..mpc.ledger import Message, Total
from .formulas import KINDS, TTP
from .garbage import uncollected
from .steps import BOTH, Number, Record, Sent, Step, Task

Arrays = dict[str, NDArray[Any]]
Columns = dict[str, list[Any]]
Tables = dict[str, list[Any]]

DTYPES = {
    **dict.fromkeys(("step_task", "step_op", "number_shape", "message_task", "message_op", "message_shape"), np.uint16),
    **dict.fromkeys(("step_kind", "step_bits", "number_name", "number_whose", "number_sees"), np.uint8),
    **dict.fromkeys(("message_sender", "message_receiver", "message_kind", "message_dtype"), np.uint8),
    **dict.fromkeys(("step_numbers", "step_messages", "step_draws"), np.uint16),
    **dict.fromkeys(("step_operation", "own_messages", "message_round", "message_number", "number_array"), np.uint32),
    **dict.fromkeys(("step_batch", "step_epoch"), np.int32),
    **dict.fromkeys(("array_start", "array_length", "message_key"), np.uint32),
    **dict.fromkeys(("draws", "words", "message_bytes"), np.uint64),
    "message_time": np.float64,
}
"""Every column and its type."""


class Names:
    """Things by number, in the order in which they are met."""

    def __init__(self, known: Iterable[Hashable] = ()) -> None:
        self._numbers: dict[Hashable, int] = {thing: i for i, thing in enumerate(known)}

    def __getitem__(self, thing: Hashable) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    @property
    def things(self) -> list[Any]:
        return list(self._numbers)


def pack(record: Record, elements: int | None = None) -> tuple[dict[str, Any], Arrays]:
    """The header and the columns of a trace; of each array at most so many elements."""
    names = {table: Names() for table in ("ops", "numbers", "shapes", "people", "message_kinds", "keys", "dtypes")}
    names["kinds"] = Names(KINDS)
    columns: dict[str, list[Any]] = {name: [] for name in DTYPES}
    words: list[NDArray[np.uint64]] = []
    arrays: dict[int, int] = {}  # id of an array -> its number
    length = 0

    def put(prefix: str, **values: Any) -> None:
        for name, value in values.items():
            columns[prefix + name].append(value)

    for step in record.steps:
        counts = {"numbers": len(step.numbers), "messages": len(step.messages), "draws": len(step.draws)}
        put("step_", task=step.task, kind=names["kinds"][step.kind], op=names["ops"][step.op], bits=step.bits)
        put("step_", operation=step.operation, batch=step.batch, epoch=step.epoch, **counts)
        columns["own_messages"] += step.messages
        columns["draws"] += step.draws
        for number in step.numbers:
            if id(number.data) not in arrays:
                arrays[id(number.data)] = len(arrays)
                data = number.data if elements is None else number.data[:elements]
                words.append(data)
                put("array_", start=length, length=data.size)
                length += data.size
            put("number_", name=names["numbers"][number.name], whose=number.whose, sees=number.sees)
            put("number_", shape=names["shapes"][number.shape], array=arrays[id(number.data)])
    for task, m in record.messages:
        pattern, key_number = _split(m.key)
        put("message_", task=task, op=names["ops"][m.op], key=names["keys"][pattern], number=key_number, round=m.round)
        put("message_", sender=names["people"][m.sender], receiver=names["people"][m.receiver], bytes=m.bytes)
        put("message_", kind=names["message_kinds"][m.kind], dtype=names["dtypes"][m.dtype], time=m.time)
        put("message_", shape=names["shapes"][m.shape])
    packed: Arrays = {name: np.array(column, DTYPES[name]) for name, column in columns.items() if name != "words"}
    packed["words"] = np.concatenate(words) if words else np.empty(0, np.uint64)
    header = {
        "level": record.level,
        "title": record.title,
        "notes": list(record.notes),
        "tasks": [task._asdict() for task in record.tasks],
        "names": {table: known.things for table, known in names.items()},
    }
    return header, packed


@uncollected()
def unpack(header: dict[str, Any], arrays: Arrays) -> Record:
    """The trace of a header and columns; KusciaError, if they do not fit together."""
    try:
        return _unpack(header, arrays)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise KusciaError(f"the parts of the trace do not fit together: {type(error).__name__}: {error}") from error


def _unpack(header: dict[str, Any], arrays: Arrays) -> Record:
    for name, dtype in DTYPES.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            raise ValueError(f"column {name} has another type")
    tables, columns = header["names"], {name: arrays[name].tolist() for name in DTYPES if name != "words"}
    tables["shapes"] = [tuple(_whole(size) for size in shape) for shape in tables["shapes"]]
    tasks = tuple(_task(task) for task in header["tasks"])
    messages = tuple(_messages(columns, tables, tasks))
    steps = tuple(_steps(columns, tables, tasks, _numbers(columns, tables, arrays["words"]), len(messages)))
    notes = tuple(str(note) for note in header["notes"])
    return Record(str(header["level"]), tasks, steps, messages, str(header["title"]), notes)


def _steps(
    columns: Columns, tables: Tables, tasks: Sequence[Task], numbers: list[Number], messages: int
) -> Iterator[Step]:
    own, draws = columns["own_messages"], columns["draws"]
    if own and max(own) >= messages:
        raise ValueError("a step has a message that is not there")
    at = [0, 0, 0]
    rows = _zipped(columns, "step_", "task kind op operation batch epoch bits numbers messages draws")
    for task, kind, op, operation, batch, epoch, bits, *counts in rows:
        ends = [start + count for start, count in zip(at, counts, strict=True)]
        parts = numbers[at[0] : ends[0]], own[at[1] : ends[1]], draws[at[2] : ends[2]]
        about = tables["kinds"][kind]
        if [len(part) for part in parts] != counts or bits > 63 or about not in KINDS or task >= len(tasks):
            raise ValueError(f"a step of kind {about} is not possible")
        of = str(tables["ops"][op])
        yield Step(task, about, of, operation, batch, epoch, bits, tuple(parts[0]), tuple(parts[1]), tuple(parts[2]))
        at = ends


def _numbers(columns: Columns, tables: Tables, words: NDArray[np.uint64]) -> list[Number]:
    pool = []
    for start, length in zip(columns["array_start"], columns["array_length"], strict=True):
        if start + length > words.size:
            raise ValueError("an array ends behind the last word")
        pool.append(words[start : start + length])
    result = []
    for name, whose, sees, shape, array in _zipped(columns, "number_", "name whose sees shape array"):
        number = Number(str(tables["numbers"][name]), whose, sees, tables["shapes"][shape], pool[array])
        if whose > BOTH or number.data.size > number.size:
            raise ValueError(f"number {number.name} is not possible")
        result.append(number)
    return result


def _messages(columns: Columns, tables: Tables, tasks: Sequence[Task]) -> Iterator[Sent]:
    names = "task round op sender receiver kind key number dtype shape bytes time"
    for task, round, op, *people, kind, key, number, dtype, shape, size, time in _zipped(columns, "message_", names):
        if task >= len(tasks):
            raise ValueError(f"there is no task {task}")
        sender, receiver = (str(tables["people"][person]) for person in people)
        if not {sender, receiver} <= {*tasks[task].names, TTP}:
            raise ValueError(f"{sender} and {receiver} are not of this task")
        texts = str(tables["message_kinds"][kind]), str(tables["keys"][key]).replace("{}", str(number))
        of, type_ = str(tables["ops"][op]), str(tables["dtypes"][dtype])
        yield Sent(task, Message(round, of, sender, receiver, *texts, type_, tables["shapes"][shape], size, time))


def _split(key: str) -> tuple[str, int]:
    """A message's key with {} for its number, and the number."""
    found = re.search(r"\d+(?=:)", key)
    return (f"{key[: found.start()]}{{}}{key[found.end() :]}", int(found[0])) if found else (key, 0)


def _zipped(columns: dict[str, list[Any]], prefix: str, names: str) -> Iterable[tuple[Any, ...]]:
    return zip(*(columns[prefix + name] for name in names.split()), strict=True)


def _task(task: dict[str, Any]) -> Task:
    first, second = task["names"]
    totals = tuple((str(a), str(b), Total(*map(_whole, total))) for a, b, total in task["totals"])
    fxp_bits, left_out, unlisted = (_whole(task[name]) for name in ("fxp_bits", "left_out", "unlisted"))
    names = str(first), str(second)
    return Task(str(task["id"]), names, fxp_bits, bool(task["mirrored"]), left_out, unlisted, totals)


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is not a whole number")
    return value
