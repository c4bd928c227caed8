"""A run as a file and back: JSON lines, the first one for the run, then one for each event.

What the views need is in it. No numbers of a full trace, for which there is `Trace.save`, and no shares of a shadow.
Whoever has the file sees what the observer sees, of all nodes. Nothing in it is executed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from .. import errors
from ..bfia.client import Exchange
from ..bfia.wire import Request, Response
from ..control.failures import job_error
from ..control.resources import KusciaJob
from ..data.files import write_atomically
from ..errors import DataError, KusciaError
from ..mpc.ledger import Ledger, Message, Stream, Total
from ..options import Options
from ..texts import sentence
from .events import Event, Handed, Traced
from .runs import Run

_FORMAT = "kuscia_nb.run/1"
_WINDOW = 1 << 15
"""How many bytes back zlib looks for what it has seen before."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
_KINDS = {kind.__name__: kind for kind in Event.__subclasses__()}


def save(run: Run, path: str | Path) -> Path:
    """Write down a run as far as it has come."""
    path = Path(path)
    nodes = {domain: kept is not None for domain, kept in run.nodes.items()}
    head = {"format": _FORMAT, **begun(run), "nodes": nodes, "ended": run.ended.is_set()}
    lines = [head, *(written(event) for event in run.events if not isinstance(event, Traced | Handed))]
    write_atomically(path, "".join(f"{as_text(line)}\n" for line in lines).encode())
    return path


def load(path: str | Path) -> Run:
    """What `save` has written; a DataError says why a file is none."""
    try:
        head, *lines = map(json.loads, Path(path).read_text("utf-8").splitlines())
        if head["format"] != _FORMAT:
            raise ValueError(f"its format is {head['format']}")
        run = begun_from(head)
        run.nodes |= {domain: run.job if kept else None for domain, kept in head["nodes"].items()}
        for line in lines:
            run.events.emit(event_from(line))
        if head["ended"]:
            run.ended.set()
        return run
    except FileNotFoundError:
        raise DataError("there is no such file", where=str(path)) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, KusciaError) as error:
        what = f"it is no run: {type(error).__name__}: {error}"
        raise DataError(what, where=str(path), hint="a file that observer.file.save has written") from error


class Packing:
    """Events of many runs in little memory: most of them are those of the first run, with other names and times."""

    def __init__(self) -> None:
        self._first = b""
        self.unpacked = lru_cache(8)(self._unpacked)
        """The inverse of `packed`; the same events for the next look, as long as nobody looks at many others."""

    def packed(self, events: Iterable[Event]) -> bytes:
        """A run's events, as bytes for `unpacked`."""
        text = as_text([written(event) for event in events]).encode()
        self._first = self._first or text[-_WINDOW:]
        packer = zlib.compressobj(zdict=self._first)
        return packer.compress(text) + packer.flush()

    def _unpacked(self, content: bytes) -> tuple[Event, ...]:
        return tuple(map(event_from, json.loads(zlib.decompressobj(zdict=self._first).decompress(content))))


class Counts(Ledger):
    """A ledger that was read: nothing more is written into it."""

    def __init__(self, messages: Sequence[Message], totals: Mapping[tuple[str, str], Total], sent: int) -> None:
        super().__init__(0)
        self._messages, self._sums, self._sent = messages, dict(totals), sent

    def __len__(self) -> int:
        return self._sent

    def listed(self) -> tuple[Sequence[Message], Sequence[Stream]]:
        """The messages, and the stream of each one."""
        return self._messages, [Stream(one.sender, one.receiver, one.kind, one.key) for one in self._messages]

    def totals(self) -> dict[tuple[str, str], Total]:
        """What all messages come to, by (sender, receiver)."""
        return self._sums


def begun(run: Run) -> dict[str, Any]:
    """How a run has begun, in what JSON has."""
    return {"job": run.job.manifest(), "options": dict(vars(run.options)), "created": _plain(run.created)}


def begun_from(head: Mapping[str, Any]) -> Run:
    """The inverse of `begun`: a run to which nothing has happened. What it recorded in full is not there any more."""
    job, options = KusciaJob.model_validate_json(json.dumps(head["job"])), Options(**head["options"])
    if options.trace == "full":
        options = replace(options, trace="sizes")
    return Run(job, options, _read(head["created"]))


def written(event: Event) -> dict[str, Any]:
    """An event in what JSON has."""
    named = {name: _plain(getattr(event, name)) for name in _names(type(event))}
    return {"event": type(event).__name__, **named}


@cache
def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def event_from(line: dict[str, Any]) -> Event:
    """The inverse of `written`."""
    kind = _KINDS[line.pop("event")]
    return kind(**{name: _read(value) for name, value in line.items()})


def as_text(content: object) -> str:
    """JSON in a line."""
    return _ENCODER.encode(content)


# --- values that JSON does not have, as {"name of the type": ...} ----------------------------------------------------

_SAME = (str, int, float, bool)


def _plain(value: Any) -> Any:
    """A value in what JSON has."""
    if value is None or type(value) in _SAME:
        return value
    match value:
        case datetime():
            return {"time": value.isoformat()}
        case sentence.Sentence():
            values = {name: _plain(one) for name, one in value.values.items()}
            return {"sentence": [value.template, values, _plain(value.short)]}
        case Ledger():
            totals = [[*direction, list(total)] for direction, total in value.totals().items()]
            return {"ledger": [[list(message) for message in value.messages], totals, len(value)]}
        case Exchange(sender, receiver, request, response, time):
            bodies = [one.body.decode("latin-1") for one in (request, response)]
            asked = [request.method, request.path, dict(request.headers), bodies[0]]
            answered = [response.status, bodies[1], response.content_type]
            return {"exchange": [sender, receiver, asked, answered, _plain(time)]}
        case BaseException():
            error = job_error("", value)
            return {"error": [type(error).__name__, error.what, error.where, error.hint]}
        case Mapping():
            return {"map": dict(value)}
    return value.item() if hasattr(value, "item") else value


def _sentence(template: str, values: dict[str, Any], short: Any) -> sentence.Sentence:
    return sentence.Sentence(template, short=_read(short), **{name: _read(one) for name, one in values.items()})


def _ledger(messages: list[list[Any]], totals: list[Any], sent: int) -> Ledger:
    fields: list[list[Any]] = [[tuple(one) if isinstance(one, list) else one for one in row] for row in messages]
    read = [Message(*row) for row in fields]
    return Counts(read, {(sender, receiver): Total(*sums) for sender, receiver, sums in totals}, sent)


def _exchange(sender: str, receiver: str, asked: list[Any], answered: list[Any], time: Any) -> Exchange:
    request = Request(asked[0], asked[1], asked[2], asked[3].encode("latin-1"))
    return Exchange(
        sender, receiver, request, Response(answered[0], answered[1].encode("latin-1"), answered[2]), _read(time)
    )


def _error(name: str, what: str, where: str, hint: str) -> KusciaError:
    known = getattr(errors, name, None) or type(name, (KusciaError,), {})
    return known(what, where=where, hint=hint)


_READERS: dict[str, Callable[..., Any]] = {
    "sentence": _sentence,
    "ledger": _ledger,
    "exchange": _exchange,
    "error": _error,
}


def _read(value: Any) -> Any:
    """The inverse of `_plain`."""
    if not isinstance(value, dict):
        return value
    ((name, content),) = value.items()
    if name == "time":
        return datetime.fromisoformat(content)
    return content if name == "map" else _READERS[name](*content)
