"""Running the program of one party alone: the peer's runs on its own node, and both meet over a link, by the task's id.

The TTP is asked over a connection. What passes over the link is in this node's ledger: what is sent as it is sent, what
comes as it is received.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from ..control.agent import Ended, Started
from ..control.interrupts import undisturbed
from ..control.kinds import KusciaTask
from ..control.node import Node
from ..data.tables import Tables
from ..errors import KusciaError
from ..mpc import Ledger, Link, NoLedger, Notes, TracedLink, TtpLine, run_alone
from ..mpc.inbox import Inbox, Letter, Slot
from ..observer.events import Counted, Traced
from ..observer.observer import Observer
from ..operators import OPERATORS, Operator
from ..wire.ttp_client import RemoteTtp
from .base import PATIENCE
from .pods import Join, Pod, on_thread, stopped


class Wire(Inbox, Protocol):
    """One task's way to the peer's program, and this party's inbox."""

    def put(self, posted: tuple[Slot, Letter], /) -> None:
        """Send a message."""
        ...

    def connect(self) -> None:
        """Meet the peer's program. LinkError, if it is not there in time; the error of `stop`, if that comes first."""
        ...

    def finish(self, *, failed: bool) -> None:
        """Let the peer know that this program has ended, and how; wait until all has arrived."""
        ...

    def stop(self, error: BaseException) -> None:
        """Whoever waits here, now or later, gets `error`; from any thread."""
        ...

    def abort(self) -> None:
        """Let go of everything; again is fine."""
        ...


Reach = Callable[[str, int, tuple[str, str]], Wire]
"""Makes the wire of a task: its id, this party's rank, both domains by rank."""


@dataclass
class Session:
    """This node's program of one task."""

    pod: Pod
    wire: Wire
    stopped: bool = False
    """It was stopped, and has failed, however it ends."""
    given_up: bool = False
    """It did not end when it was asked to, and nobody waits for it any more."""
    join: Join = field(default=lambda seconds: True)


class AloneAgent:
    """The programs of one node."""

    def __init__(
        self,
        reach: Reach,
        leave: Callable[[str], None],
        ttp: Callable[[], RemoteTtp],
        observer: Observer,
        operators: Mapping[str, Operator] = OPERATORS,
    ) -> None:
        """`leave` is told of every task whose wire is over."""
        self._reach, self._leave, self._ttp = reach, leave, ttp
        self._observer, self._operators = observer, operators
        self._sessions: dict[str, Session] = {}
        self._tables: defaultdict[str, Tables] = defaultdict(Tables)  # by domain
        self._lock = threading.Lock()

    def start(self, node: Node, task: KusciaTask, started: Started, ended: Ended) -> None:
        """Start the program of the node's own party. KusciaError, if there is none for its operator."""
        pod = Pod.begin(node, task, started, ended, self._observer, self._operators)
        wire = self._reach(task.name, pod.ranked.index(node.domain), pod.ranked)
        session = Session(pod, wire)
        with self._lock:
            if task.name in self._sessions:
                raise KusciaError(f"a program of task {task.name} runs already")
            self._sessions[task.name] = session
        session.join = on_thread(f"kuscia_nb {task.name}", partial(self._run, task, session))

    @undisturbed()
    def stop(self, domain: str, task_id: str) -> None:
        """End the program at its next message, or its waiting for the peer; the peer learns that it left."""
        with self._lock:
            session = self._sessions.get(task_id)
            if session is None or session.stopped:
                return
            session.stopped = True
        name = f"kuscia_nb stops {task_id}"
        threading.Thread(target=self._give_up, args=(task_id, session), name=name, daemon=True).start()
        session.wire.stop(stopped())

    def join(self, task_id: str, seconds: float) -> None:
        """Wait for the end of a program that was stopped; one that does not end is left behind."""
        if session := self._sessions.get(task_id):
            session.join(seconds)
            with self._lock:
                self._sessions.pop(task_id, None)

    def close(self) -> None:
        """Stop all programs, and wait for their ends."""
        for task_id, session in list(self._sessions.items()):
            self.stop(session.pod.domain, task_id)
        for task_id in list(self._sessions):
            self.join(task_id, PATIENCE)

    def _run(self, task: KusciaTask, session: Session) -> None:
        """The program to its end."""
        error = self._outcome(task, session) or (stopped() if session.stopped else None)
        with self._lock:
            if session.given_up:
                return
            self._sessions.pop(task.name, None)
        if error is not None:
            session.pod.discard()
        session.pod.tell_end(task.name, error)
        session.pod.ended(error)

    def _outcome(self, task: KusciaTask, session: Session) -> BaseException | None:
        """What went wrong, or None."""
        pod, wire = session.pod, session.wire
        failed = True
        try:
            wire.connect()
            pod.started()
            error = self._program(task, pod, wire)
            failed = error is not None
            return error
        except Exception as error:  # the peer is not there, a TTP's key cannot be read, ...
            return error
        finally:
            wire.finish(failed=failed)
            wire.abort()
            self._leave(task.name)

    def _program(self, task: KusciaTask, pod: Pod, wire: Wire) -> BaseException | None:
        """Drive the program; what it sends and receives is counted."""
        level, ttp = pod.run.options.trace, self._ttp()
        ledger = NoLedger() if level == "off" else Ledger()
        link = self._link(task, pod, wire, ledger)
        line = TtpLine(ttp, link, f"{task.name}/")
        if level != "off":
            pod.run.events.emit(Counted(pod.domain, task.name, ledger))
        link.ledger = NoLedger()  # a program has its own pages
        try:
            program = pod.program(task, link, line, self._tables[pod.domain].read)
            return run_alone(program, link).error
        finally:
            line.close()
            ttp.close()
            ledger.close()

    def _link(self, task: KusciaTask, pod: Pod, wire: Wire, ledger: Ledger) -> Link:
        """This party's end; what passes over it is written down as the job's option says."""
        rank, names = pod.ranked.index(pod.domain), pod.ranked
        if pod.run.options.trace != "full":
            return Link(rank, names, wire, wire.put, ledger, alone=True)
        link = TracedLink(rank, names, wire, wire.put, ledger, alone=True)
        absent = Notes(link.peer, link.name, 1 - rank)  # an empty page: what the peer computes is known there alone
        pod.run.events.emit(Traced(pod.domain, task.name, (absent, link.notes) if rank else (link.notes, absent)))
        return link

    def _give_up(self, task_id: str, session: Session) -> None:
        """Wait for a program that was stopped; one that computes without an end is left behind, and has failed."""
        if session.join(PATIENCE):
            return
        with self._lock:
            if self._sessions.get(task_id) is not session:
                return
            del self._sessions[task_id]
            session.given_up = True
        session.pod.leave_behind(task_id, PATIENCE)
