"""What the initiator of a task hears of its peers beyond a phase: that their people have to approve it, why it failed.

A program whose peer has failed knows nothing but that. So a task whose own program has ended so waits a moment for the
peer's word before it is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import PeerFailed
from .consent import WAITS
from .kinds import KusciaTask, PartyTaskStatus
from .node import Node
from .objects import Condition, condition
from .peer import Peer
from .resources import FAILED, PENDING, Phase
from .scheduling import FINAL
from .standing import FAILURE, Standing

CONDITION = "PeersApproved"
"""Of a task at its initiator: False while a peer's people have not approved the job."""
WORD = 5.0
"""Seconds in which a peer whose program has failed says why: its node hears of it a moment later than its peer."""

Answers = dict[str, tuple[Phase, str]]
"""Phase and message of parties, by label."""


class Heard(NamedTuple):
    """The answers with what was heard, and what that means for the task."""

    answers: Answers
    conditions: tuple[Condition, ...] = ()


class Hearing:
    """Of one node, about its tasks. Where all nodes are the same people's, nothing is asked."""

    def __init__(self, node: Node, peers: Mapping[str, Peer], clock: Callable[[], float]) -> None:
        self._node, self._peers, self._clock = node, peers, clock
        self._bereft: dict[str, float] = {}

    def forget(self, name: str) -> None:
        """The task is over."""
        self._bereft.pop(name, None)

    def of(self, task: KusciaTask, answers: Answers) -> Heard:
        """What the peers with these answers say of why they wait or have failed."""
        if self._node.consent is None:
            return Heard(answers)
        said, waits = dict(answers), []
        for party in task.spec.parties:
            phase, message = answers.get(party.label, ("", ""))
            if phase in (PENDING, FAILED) and not message:
                found = Standing(party.domain_id, self._peers[party.domain_id].standing(task.name))
                said[party.label] = (phase, found.sentence)
                waits += [found.sentence] if found.word == WAITS else []
        if waits:
            return Heard(said, (Condition(type=CONDITION, status="False", reason=WAITS, message="; ".join(waits)),))
        return Heard(said, (Condition(type=CONDITION, status="True"),) if awaited(task) else ())

    def awaits_word(self, task: KusciaTask) -> bool:
        """Whether a peer may still say why its program has failed."""
        if not bereft(task) or all(status.phase in FINAL for status in self._outer(task)):
            return False
        return self._clock() - self._bereft.setdefault(task.name, self._clock()) < WORD

    def reasons(self, task: KusciaTask, own: str) -> list[str]:
        """What is said of the parties that have failed; the one that is to blame first."""
        theirs = [status.message for status in self._outer(task) if status.phase == FAILED]
        return [*theirs, own] if bereft(task) else [own, *theirs]

    def _outer(self, task: KusciaTask) -> list[PartyTaskStatus]:
        return [status for status in task.status.party_task_status if status.domain_id != self._node.domain]


def bereft(task: KusciaTask) -> bool:
    """Whether the program here has failed because the peer's has, or is gone."""
    return task.annotations.get(FAILURE) == PeerFailed.__name__


def awaited(task: KusciaTask) -> Condition | None:
    """The condition of a task that peers have not approved yet."""
    found = condition(task.status.conditions, CONDITION)
    return found if found is not None and found.status == "False" else None
