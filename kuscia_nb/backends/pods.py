"""A party's program of a task: its environment, what it is handed, and what is said of its end.

Whether both parties' programs run here or one alone is up to the agent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..control.agent import Ended, Started
from ..control.environment import agent_environment, task_environment
from ..control.failures import logged
from ..control.kinds import KusciaTask
from ..control.node import Node
from ..control.objects import LABEL
from ..data.description import description_path
from ..data.table import ReadTable
from ..errors import JobStopped, KusciaError
from ..mpc import Door, Link, Seeds, TtpLine
from ..mpc.digests import Compare, comparing
from ..observer.events import Handed, ProgramBegun, ProgramEnded, Progressed, Said
from ..observer.observer import Observer
from ..observer.runs import Run
from ..operators import Operator, Party, ranked_parties
from ..operators.party import outputs
from ..problems import choice
from ..texts.sentence import Sentence

_VERIFIED = "Verified: digests of {count:,} messages are the same at both ends."
_CHECKED = "Verified: {count:,} checks of what the TTP gave came to zero."

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

    @classmethod
    def begin(
        cls,
        node: Node,
        task: KusciaTask,
        started: Started,
        ended: Ended,
        observer: Observer,
        operators: Mapping[str, Operator],
    ) -> Pod:
        """Give the program of a node's own party its environment. KusciaError, if there is none for its operator."""
        party = task.party(node.domain)
        assert party is not None
        module = party.env["runtime.component.name"]
        if module not in operators:
            what = f"the image of AppImage {party.app_image_ref} has no program {module} in this process"
            raise KusciaError(what, hint=choice(module, operators))
        run = observer.of(node.domain, task)
        environment = party.env | agent_environment(node.domain, node.storage) | task_environment(task, node.domain)
        environment |= run.options.environment()
        run.events.emit(ProgramBegun(node.domain, task.name, environment))
        return cls(node.domain, environment, operators[module], run, started, ended)

    @property
    def ranked(self) -> tuple[str, str]:
        """The domains of both parties, by rank."""
        first, second = (self.environment[f"config.node_id.{role}"] for role in ranked_parties(self.environment))
        return first, second

    def program(
        self,
        task: KusciaTask,
        link: Link,
        line: TtpLine,
        read_table: ReadTable,
        party_of: Callable[..., Party] = Party,
        compare: Compare | None = None,
    ) -> Coroutine[Any, Any, None]:
        """The program, with nothing in its hands but its own, and doors.

        `party_of` makes its party. What `compare` finds wrong in the end makes the program fail.
        """
        emit, of = self.run.events.emit, (self.domain, task.name)
        party = party_of(
            self.environment.copy(),
            link,
            Door(line.join),
            Seeds(self.run.options.seed, scope=f"{task.labels[f'{LABEL}task-alias']}/{link.name}"),
            Door(lambda message: emit(Said(*of, "log", message))),
            Door(lambda message: emit(Said(*of, "warning", message))),
            Door(lambda done, steps: emit(Progressed(*of, done, steps))),
            Door(lambda message: emit(Said(*of, "note", message))),
            Door(read_table),
            Door(lambda share: emit(Handed(*of, share.copy()))) if self.run.options.shadow else None,
        )
        program = self.operator.program(party)
        if compare is None:
            return program

        def tell(messages: int, checks: int) -> None:
            emit(Said(*of, "note", Sentence(_VERIFIED, count=messages)))
            if checks:
                emit(Said(*of, "note", Sentence(_CHECKED, count=checks)))

        return comparing(program, compare, tell)

    def tell_end(self, task_id: str, error: BaseException | None) -> None:
        """Let the observer know how the program has ended."""
        self.run.events.emit(ProgramEnded(self.domain, task_id, error))
        if error:
            level, message = ("log", str(error)) if isinstance(error, JobStopped) else ("error", logged(error))
            self.run.events.emit(Said(self.domain, task_id, level, message))

    def leave_behind(self, task_id: str, seconds: float) -> None:
        """The program was stopped, and computes on without an end: it has failed, and nobody waits for it any more."""
        text = f"the job was stopped, and its program computes on: it is left behind after {seconds:g} seconds"
        error = JobStopped(text, hint="only a restart of the kernel ends it")
        self.tell_end(task_id, error)
        self.ended(error)

    def discard(self) -> None:
        """Remove what a party of a failed task has written: it would look like a result."""
        for path in outputs(self.environment):
            for left in (path, description_path(path)):
                with suppress(OSError):
                    left.unlink()


def stopped() -> JobStopped:
    """How a program ends that somebody has stopped."""
    return JobStopped("the job was stopped")
