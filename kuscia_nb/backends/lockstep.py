"""Running the parties' programs. A task's programs start when every party's node has started its own.

This is the place of the container runtime and of the network between the nodes. Both parties of a task run in
lockstep on one thread; each has its own environment, seeds and end of the link, and nothing of the other's.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..control.agent import Ended, Started
from ..control.interrupts import undisturbed
from ..control.kinds import KusciaTask
from ..control.node import Node
from ..data.tables import Tables
from ..mpc import (
    Ledger,
    Link,
    LockstepMailbox,
    NoLedger,
    Outcome,
    TracedLink,
    Ttp,
    TtpLine,
    VerifiedMailbox,
    connect,
    connect_traced,
    run_lockstep,
    verified,
)
from ..mpc.digests import Compare
from ..observer.events import Counted, Said, Traced
from ..observer.observer import Observer
from ..observer.runs import Run
from ..operators import OPERATORS, Operator, Party
from ..texts import Sentence
from .base import PATIENCE
from .injected import Injection
from .pods import Join, Pod, on_thread, stopped


@dataclass
class Session:
    """The programs of one task."""

    pods: dict[str, Pod] = field(default_factory=dict)
    links: tuple[Link, Link] | None = None
    lines: tuple[TtpLine, ...] = ()
    """The parties' lines to the TTP, by rank."""
    ledger: Ledger | None = None
    """What passes over the links, if it is written down."""
    checks: Sequence[Compare | None] = ()
    """What compares a party's messages with the peer's in the end, by rank, if that was asked for."""
    injection: Injection | None = None
    """What is to go wrong on purpose."""
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
        pod = Pod.begin(node, task, started, ended, self._observer, self._operators)
        run, ranked = pod.run, pod.ranked
        with self._lock:
            session = self._sessions.setdefault(task.name, Session())
            session.pods[node.domain] = pod
            if session.pods.keys() != set(ranked):
                return
            if run.options.inject:
                session.injection = _injection(run, task.name, ranked)
            boxes: list[LockstepMailbox] = []
            session.links = _connect(ranked, run.options.trace, _mailbox(run, session.injection, boxes))
        session.checks = [
            verified(link, box) if run.options.verify and isinstance(box, VerifiedMailbox) else None
            for link, box in zip(session.links, boxes, strict=True)
        ]
        ttp = session.injection.ttp(self._ttp) if session.injection else self._ttp
        session.lines = tuple(TtpLine(ttp, link, f"{task.name}/") for link in session.links)
        if run.options.trace != "off":
            session.ledger = session.links[0].ledger
            run.events.emit(Counted(task.spec.initiator, task.name, session.ledger))
        for link in session.links:
            link.ledger = NoLedger()  # a program has its own page
        first, second = session.links
        if isinstance(first, TracedLink) and isinstance(second, TracedLink):
            run.events.emit(Traced(task.spec.initiator, task.name, (first.notes, second.notes)))
        session.join = self._spawn(f"kuscia_nb {task.name}", partial(self._run, task, session, ranked))

    @undisturbed()
    def stop(self, domain: str, task_id: str) -> None:
        """End one party's program at its next message; its peer learns that it left."""
        error = stopped()
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
        for pod in session.pods.values():
            pod.leave_behind(task_id, PATIENCE)

    def _run(self, task: KusciaTask, session: Session, ranked: tuple[str, str]) -> None:
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
            pod.domain: outcome.error or (stopped() if pod.domain in session.stopped else None)
            for pod, outcome in in_time
        }
        if any(errors.values()):
            for pod in pods:
                pod.discard()
        for pod, _ in in_time:
            pod.tell_end(task.name, errors[pod.domain])
        for pod in sorted(pods, key=lambda pod: pod.domain == task.spec.initiator):  # which asks the others at its end
            pod.ended(errors[pod.domain])

    def _outcomes(self, task: KusciaTask, session: Session, pods: list[Pod]) -> tuple[Outcome, Outcome]:
        assert session.links is not None
        parties = zip(pods, session.links, session.lines, session.checks, strict=True)
        party_of = session.injection.party if session.injection else Party
        first, second = (
            pod.program(task, link, line, self._tables[pod.domain].read, party_of, check)
            for pod, link, line, check in parties
        )
        try:
            return run_lockstep((first, second), session.links)
        finally:
            if session.injection:
                session.injection.finish()
            for line in session.lines:
                line.close()
            if session.ledger is not None:
                session.ledger.close()


def _mailbox(run: Run, injection: Injection | None, boxes: list[LockstepMailbox]) -> Callable[[], LockstepMailbox]:
    """What makes the parties' inboxes as the job's options say; they are put into `boxes`, too."""
    make = injection.mailbox if injection else VerifiedMailbox if run.options.verify else LockstepMailbox

    def made() -> LockstepMailbox:
        boxes.append(make())
        return boxes[-1]

    return made


def _connect(names: tuple[str, str], trace: str, mailbox: Callable[[], LockstepMailbox]) -> tuple[Link, Link]:
    """A link between two programs; what passes over it is written down as the job's option says."""
    if trace == "full":
        return connect_traced(names, mailbox=mailbox)
    return connect(names, NoLedger() if trace == "off" else None, mailbox)


def _injection(run: Run, task_id: str, names: tuple[str, str]) -> Injection:
    """The faults of a job, of which its warnings tell."""

    def tell(party: str, sentence: Sentence) -> None:
        domain = party if party in names else names[0]
        run.events.emit(Said(domain, task_id, "warning", sentence))

    return Injection(run.options.inject or "", names, tell)
