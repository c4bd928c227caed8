"""Running the parties' programs. A task's programs start when every party's node has started its own.

This is the place of the container runtime and of the network between the nodes. Both parties of a task run in
lockstep on one thread; each has its own environment, seeds and end of the link, and nothing of the other's.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..control.agent import Ended, Started
from ..control.environment import agent_environment, task_environment
from ..control.failures import logged
from ..control.interrupts import undisturbed
from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.objects import LABEL
from ..data.description import description_path
from ..data.tables import Tables
from ..errors import JobStopped, KusciaError
from ..mpc import Door, Ledger, Link, NoLedger, Outcome, Seeds, Ttp, TtpLine, connect, connect_recorded, run_lockstep
from ..observer.events import Counted, Handed, ProgramBegun, ProgramEnded, Progressed, Recorded, Said
from ..observer.observer import Observer
from ..observer.runs import Run
from ..operators import OPERATORS, Operator, Party, ranked_parties
from ..operators.party import outputs
from ..problems import choice
from .base import PATIENCE

Join = Callable[[float], bool]
"""Waits for the end of a task's programs so many seconds at most; whether they have ended."""


def on_thread(name: str, target: Callable[[], None]) -> Join:
    """Run `target` on a thread of its own; returns what waits for its end."""
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()

    def join(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive()

    return join


@dataclass(frozen=True)
class Pod:
    """One party's program of a task, and whom to tell about it."""

    domain: str
    environment: dict[str, str]
    operator: Operator
    run: Run
    started: Started
    ended: Ended


@dataclass
class Session:
    """The programs of one task."""

    pods: dict[str, Pod] = field(default_factory=dict)
    links: tuple[Link, Link] | None = None
    lines: tuple[TtpLine, ...] = ()
    ledger: Ledger | None = None
    """What passes over the links, if it is written down."""
    """The parties' lines to the TTP, by rank."""
    stopped: set[str] = field(default_factory=set)
    """The domains whose program was stopped; it has failed, however it ends."""
    join: Join = lambda seconds: True
    given_up: bool = False
    """Its programs did not end when they were asked to, and nobody waits for them any more."""


class LockstepAgent:
    """The programs of all nodes in this process: those of `operators`. `spawn` runs the ones of one task."""

    def __init__(
        self,
        ttp: Ttp,
        observer: Observer,
        spawn: Callable[[str, Callable[[], None]], Join] = on_thread,
        operators: Mapping[str, Operator] = OPERATORS,
    ) -> None:
        self._ttp, self._observer, self._spawn, self._operators = ttp, observer, spawn, operators
        self._sessions: dict[str, Session] = {}
        self._tables: defaultdict[str, Tables] = defaultdict(Tables)  # by domain
        self._lock = threading.Lock()

    def start(self, node: Node, task: KusciaTask, started: Started, ended: Ended) -> None:
        """Start one party's program. KusciaError, if there is none for its operator."""
        party = task.party(node.domain)
        assert party is not None
        module = party.env["runtime.component.name"]
        if module not in self._operators:
            what = f"the image of AppImage {party.app_image_ref} has no program {module} in this process"
            raise KusciaError(what, hint=choice(module, self._operators))
        run = self._observer.of(node.domain, task)
        environment = party.env | agent_environment(node.domain, node.storage) | task_environment(task, node.domain)
        environment |= run.options.environment()
        run.events.emit(ProgramBegun(node.domain, task.name, environment))
        pod = Pod(node.domain, environment, self._operators[module], run, started, ended)
        with self._lock:
            session = self._sessions.setdefault(task.name, Session())
            session.pods[node.domain] = pod
            ranked = [environment[f"config.node_id.{role}"] for role in ranked_parties(environment)]
            if session.pods.keys() != set(ranked):
                return
            session.links = _connect((ranked[0], ranked[1]), run.options.trace)
        session.lines = tuple(TtpLine(self._ttp, link, f"{task.name}/") for link in session.links)
        if run.options.trace != "off":
            session.ledger = session.links[0].ledger
            run.events.emit(Counted(task.spec.initiator, task.name, session.ledger))
        for link in session.links:
            link.ledger = NoLedger()  # a program has its own page
        first, second = session.links
        if first.recorder and second.recorder:
            run.events.emit(Recorded(task.spec.initiator, task.name, (first.recorder, second.recorder)))
        session.join = self._spawn(f"kuscia_nb {task.name}", partial(self._run, task, session, ranked))

    @undisturbed()
    def stop(self, domain: str, task_id: str) -> None:
        """End one party's program at its next message; its peer learns that it left."""
        error = _stopped()
        with self._lock:
            session = self._sessions.get(task_id)
            if session is None or domain not in session.pods:
                return
            session.stopped.add(domain)
            waiting = session.pods.pop(domain) if session.links is None else None
            if not session.pods:
                del self._sessions[task_id]
        if waiting:
            return waiting.ended(error)
        if len(session.stopped) == 1:
            name = f"kuscia_nb stops {task_id}"
            threading.Thread(target=self._give_up, args=(task_id, session), name=name, daemon=True).start()
        for link in session.links or ():
            if link.name == domain:
                link.close(error)

    def close(self) -> None:
        """Stop all programs, and wait for their ends."""
        with self._lock:
            sessions = dict(self._sessions)
        for task_id, session in sessions.items():
            for domain in list(session.pods):
                self.stop(domain, task_id)
        for task_id in sessions:
            self.join(task_id, PATIENCE)

    def join(self, task_id: str, seconds: float) -> None:
        """Wait for the end of a task's programs, which were stopped; those that do not end are left behind."""
        session = self._sessions.get(task_id)
        if session is not None:
            session.join(seconds)
            with self._lock:
                self._sessions.pop(task_id, None)

    def _give_up(self, task_id: str, session: Session) -> None:
        """Wait for programs that were stopped; those that compute without an end are left behind, and have failed."""
        if session.join(PATIENCE):
            return
        with self._lock:
            if self._sessions.get(task_id) is not session:
                return
            del self._sessions[task_id]
            session.given_up = True
        text = f"the job was stopped, and its program computes on: it is left behind after {PATIENCE:g} seconds"
        error = JobStopped(text, hint="only a restart of the kernel ends it")
        for pod in session.pods.values():
            pod.run.events.emit(ProgramEnded(pod.domain, task_id, error))
            pod.run.events.emit(Said(pod.domain, task_id, "log", str(error)))
            pod.ended(error)

    def _run(self, task: KusciaTask, session: Session, ranked: list[str]) -> None:
        """Both programs to their end."""
        pods = [session.pods[domain] for domain in ranked]
        for pod in pods:
            pod.started()
        outcomes = self._outcomes(task, session, pods)
        with self._lock:
            if session.given_up:
                return
            self._sessions.pop(task.name, None)
        in_time = sorted(zip(pods, outcomes, strict=True), key=lambda pair: pair[1].place)
        errors = {
            pod.domain: outcome.error or (_stopped() if pod.domain in session.stopped else None)
            for pod, outcome in in_time
        }
        if any(errors.values()):
            for pod in pods:
                _discard(pod.environment)
        events = pods[0].run.events
        for domain, error in errors.items():
            events.emit(ProgramEnded(domain, task.name, error))
            if error:
                level, message = ("log", str(error)) if isinstance(error, JobStopped) else ("error", logged(error))
                events.emit(Said(domain, task.name, level, message))
        for pod in sorted(pods, key=lambda pod: pod.domain == task.spec.initiator):  # which asks the others at its end
            pod.ended(errors[pod.domain])

    def _outcomes(self, task: KusciaTask, session: Session, pods: list[Pod]) -> tuple[Outcome, Outcome]:
        assert session.links is not None
        parties = zip(pods, session.links, session.lines, strict=True)
        first, second = (self._program(task, *party) for party in parties)
        try:
            return run_lockstep((first, second), session.links)
        finally:
            for line in session.lines:
                line.close()
            if session.ledger is not None:
                session.ledger.close()

    def _program(self, task: KusciaTask, pod: Pod, link: Link, line: TtpLine) -> Coroutine[Any, Any, None]:
        """One party's program, with nothing in its hands but its own, and doors."""
        emit, of = pod.run.events.emit, (pod.domain, task.name)
        party = Party(
            pod.environment.copy(),
            link,
            Door(line.join),
            Seeds(pod.run.options.seed, scope=f"{task.labels[f'{LABEL}task-alias']}/{link.name}"),
            Door(lambda message: emit(Said(*of, "log", message))),
            Door(lambda message: emit(Said(*of, "warning", message))),
            Door(lambda done, steps: emit(Progressed(*of, done, steps))),
            Door(lambda message: emit(Said(*of, "note", message))),
            Door(self._tables[pod.domain].read),
            Door(lambda share: emit(Handed(*of, share.copy()))) if pod.run.options.shadow else None,
        )
        return pod.operator.program(party)


def _connect(names: tuple[str, str], trace: str) -> tuple[Link, Link]:
    """A link between two programs; what passes over it is written down as the job's option says."""
    if trace == "full":
        return connect_recorded(names)
    return connect(names, NoLedger() if trace == "off" else None)


def _stopped() -> JobStopped:
    return JobStopped("the job was stopped")


def _discard(environment: Mapping[str, str]) -> None:
    """Remove what a party of a failed task has written: it would look like a result."""
    for path in outputs(environment):
        for left in (path, description_path(path)):
            with suppress(OSError):
                left.unlink()
