"""Writing down what becomes of jobs, as it happens, so that the end of this process loses no result.

Jobs, tasks and events go into a file of each node (`node_file`); what an earlier process has written there is taken
over first. What changes often is written a little later, in one piece; the end of a job before anybody hears of it.
Messages and traces are not written: `Trace.save` is for that.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.objects import Object
from ..control.resources import SUCCEEDED, KusciaJob
from ..control.store import Change
from ..data.files import make_folder
from ..errors import KusciaError
from ..observer.events import Counted, Event, Exchanged, Handed, Progressed, Said, Traced
from ..observer.file import as_text, begun, begun_from, event_from, written
from ..observer.observer import Observer
from ..observer.runs import Matter, Run
from .node_file import MOVE, News, NodeFile

_KINDS = (KusciaJob, KusciaTask)
_NOT_WRITTEN = (Counted, Exchanged, Handed, Traced)
_PAUSE = 1.0
"""Seconds in which what has changed is written at the latest, and what programs have said."""
_GONE = "the job ran in an earlier process, and {} are kept in memory alone"
UNKNOWN: Mapping[Matter, str] = {
    "trace": _GONE.format("its messages") + ": job.trace.save(path) writes them down",
    "exchanges": _GONE.format("messages of its nodes"),
}
_CANNOT = "what becomes of this job cannot be written down ({error}): it is forgotten when this process ends"

Changes = dict[tuple[str, str, str], Object | None]
"""By domain, kind and name; None of what was deleted."""


@dataclass
class _Live:
    """A run to which something may still happen."""

    run: Run
    seen: int = 0
    """How many of its events are dealt with."""
    first: int = 0
    """The number of the first one."""
    having: set[str] = field(default_factory=set)
    """The domains of the nodes that have the job, as of what is being written: meanwhile another one may get it."""
    heads: set[str] = field(default_factory=set)
    """The domains whose files have how it has begun."""

    @cached_property
    def head(self) -> str:
        """How it has begun."""
        return as_text(begun(self.run))


class Keeper:
    """Takes over what the nodes' files have; from `start` on it writes into them."""

    def __init__(self, nodes: Mapping[str, Node], observer: Observer) -> None:
        self._nodes, self._observer = nodes, observer
        self._files: dict[str, NodeFile] = {}
        self._changed: Changes = {}
        self._deleted: list[tuple[str, str, str]] = []
        self._live: dict[str, _Live] = {}
        self._noting, self._writing = threading.Lock(), threading.Lock()
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write_often, name="kuscia_nb keeps jobs", daemon=True)
        try:
            for domain, node in nodes.items():
                make_folder(node.storage)
                self._files[domain] = NodeFile(node.storage)
            self._take_over()
        except BaseException:
            self._close_files()
            raise

    def start(self) -> None:
        """Write down what changes. To be called before the observer watches the nodes, so that it has heard less."""
        for domain, node in self._nodes.items():
            node.store.subscribe(partial(self._hear, domain))
        self._observer.keep = self.flush
        self._thread.start()

    def flush(self) -> None:
        """Write down what has happened so far."""
        with self._writing:
            if self._closed.is_set():
                return
            with self._noting:
                changed, self._changed = self._changed, {}
                deleted, self._deleted = self._deleted, []
            self._put_off(changed)
            for live in self._live.values():
                live.having |= _having(live.run)
            over = [run_id for run_id, live in self._live.items() if live.run.ended.is_set()]
            events = {run_id: live.run.events.since(live.seen) for run_id, live in self._live.items()}
            try:
                results = {key: new for key, new in changed.items() if _tells_success(new)}
                for domain, file in self._files.items():
                    file.write(self._news(domain, changed, results, deleted, events))
                for domain, file in self._files.items() if results else ():  # so that on all nodes it is so
                    file.write(News([], _rows(domain, results), [], []))
            except sqlite3.Error as error:
                with self._noting:
                    self._changed, self._deleted = changed | self._changed, deleted + self._deleted
                return self._warn(error)
            for run_id, live in self._live.items():
                live.seen += len(events[run_id])
                live.heads |= live.having
            for run_id in over:
                del self._live[run_id]

    def close(self) -> None:
        """Write down the rest, and nothing from now on."""
        self.flush()
        with self._writing:
            self._closed.set()
            self._close_files()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _put_off(self, changed: Changes) -> None:
        """Take out the jobs of which the observer has not heard yet, as no file has one without how it has begun."""
        for key, new in list(changed.items()):
            if not isinstance(new, KusciaJob):
                continue
            run = self._observer.run_of(new)
            if run and key[0] in _having(run):
                self._live.setdefault(_id(run), _Live(run))
                continue
            del changed[key]
            with self._noting:
                self._changed.setdefault(key, new)
            self._wake.set()

    def _hear(self, domain: str, change: Change) -> None:
        object = change.object
        if type(object) not in _KINDS:
            return
        key = domain, object.kind, object.name
        with self._noting:
            self._changed[key] = change.new
            if change.new is None:
                self._deleted.append(key)
        if _given_ids(domain, change):
            self.flush()  # what its programs write can be told by these
        elif not self._wake.is_set():
            self._wake.set()

    def _news(
        self,
        domain: str,
        changed: Changes,
        later: Changes,
        deleted: list[tuple[str, str, str]],
        events: Mapping[str, list[Event]],
    ) -> News:
        begins = [(run_id, live) for run_id, live in self._live.items() if domain in live.having - live.heads]
        return News(
            [(kind, name) for of, kind, name in deleted if of == domain],
            _rows(domain, {key: new for key, new in changed.items() if key not in later}),
            [(run_id, live.run.name, live.head) for run_id, live in begins],
            [
                (run_id, found[0][0], as_text(found))
                for run_id, live in self._live.items()
                if domain in live.having and (found := list(_to_write(domain, events[run_id], live.first + live.seen)))
            ],
        )

    def _warn(self, error: sqlite3.Error) -> None:
        """Say, once to each, that jobs are not written down."""
        text = _CANNOT.format(error=error)
        for live in self._live.values():
            events = live.run.events
            if all(said.message != text for said in events.select(Said)):
                events.emit(Said(live.run.job.spec.initiator, live.run.name, "warning", text))

    def _write_often(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(_PAUSE if self._live else None)
            self._wake.clear()
            self._closed.wait(_PAUSE)
            self.flush()

    def _take_over(self) -> None:
        """What an earlier process has written down, on all nodes."""
        runs: dict[str, Run] = {}
        having: defaultdict[str, dict[str, KusciaJob]] = defaultdict(dict)
        events: defaultdict[str, dict[int, Event]] = defaultdict(dict)
        for domain, file in self._files.items():
            try:
                store = self._nodes[domain].store
                store.restore([kind.model_validate_json(one) for kind in _KINDS for one in file.objects(kind.__name__)])
                for run_id, name, content in file.runs():
                    if job := store.get(KusciaJob, name):
                        runs.setdefault(run_id, begun_from(json.loads(content)))
                        having[run_id][domain] = job
                for run_id, _, content in file.events():
                    events[run_id] |= {number: event_from(line) for number, line in json.loads(content)}
            except (ValueError, LookupError, TypeError) as error:
                raise KusciaError(f"{file.path} has what cannot be read: {error}", hint=MOVE) from error
        for run_id, run in sorted(runs.items(), key=lambda found: found[1].created):
            self._restore(run_id, run, having[run_id], events[run_id])

    def _restore(self, run_id: str, run: Run, jobs: Mapping[str, KusciaJob], events: Mapping[int, Event]) -> None:
        run.unknown = UNKNOWN
        for number in sorted(events):
            run.events.emit(events[number])
        seen = len(events)
        tasks = {domain: self._nodes[domain].store.owned(KusciaTask, job) for domain, job in jobs.items()}
        self._observer.restore(run, jobs, tasks)
        if not run.ended.is_set():
            self._live[run_id] = _Live(run, seen, max(events, default=-1) + 1 - seen, set(jobs))

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()


def _given_ids(domain: str, change: Change) -> bool:
    """Whether a job's tasks have got their ids on the initiator's node, with which they can begin."""
    old, new = change.old, change.new
    if type(old) is not KusciaJob or type(new) is not KusciaJob or new.spec.tasks is old.spec.tasks:
        return False
    return domain == new.spec.initiator and any(task.task_id for task in new.spec.tasks)


def _tells_success(object: Object | None) -> bool:
    """Whether it is a job that says of a task that it has succeeded, which is so on all nodes then."""
    return isinstance(object, KusciaJob) and SUCCEEDED in object.status.task_status.values()


def _rows(domain: str, changed: Changes) -> list[tuple[str, str, str]]:
    """What is new or different on a node."""
    rows = changed.items()
    return [(kind, name, to_json(_plain(new)).decode()) for (of, kind, name), new in rows if of == domain and new]


def _id(run: Run) -> str:
    """A name that no other run of the job has."""
    return f"{run.name}/{run.created.isoformat()}"


def _having(run: Run) -> set[str]:
    """The nodes that have the run's job."""
    return {domain for domain, job in run.nodes.items() if job}


def _to_write(domain: str, events: list[Event], first: int) -> Iterator[tuple[int, Any]]:
    """What of a run's events is written down of a node, with their numbers; of how far a program is, the last word."""
    last = {(event.node, event.subject): event for event in events if isinstance(event, Progressed)}
    for number, event in enumerate(events, first):
        if event.node != domain or isinstance(event, _NOT_WRITTEN):
            continue
        if not isinstance(event, Progressed) or last[event.node, event.subject] is event:
            yield number, written(event)


def _plain(value: Any) -> Any:
    """An object with what is in its fields, in what JSON has but for times, in a third of the time of its manifest."""
    kind = type(value)
    if kind is str:
        return value
    if kind is tuple:
        return [_plain(one) for one in value]
    if kind is dict:
        return {name: _plain(one) for name, one in value.items()}
    if not (names := _fields(kind)):
        return value
    fields = vars(value)
    return {
        name: one if type(one) is str else _plain(one)  # most are texts
        for name in names
        if (one := fields[name]) or one not in (None, ())
    }


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """Of a model; other values have none."""
    return tuple(kind.__pydantic_fields__) if issubclass(kind, BaseModel) else ()
