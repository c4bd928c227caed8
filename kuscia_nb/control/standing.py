"""Where a node's part of a task stands, in a word that its peer may know: why it waits, or what kind of failure it was.

An error's text may quote its party's data. So only the name of its class goes to the peer, and what is said of it there
is the peer's own sentence.
"""

from __future__ import annotations

from typing import NamedTuple

from ..errors import KusciaError
from .consent import REFUSED, WAITS, is_waiting
from .kinds import KusciaTask
from .node import Node
from .records import OVERDUE
from .resources import FAILED, STOPPED

FAILURE = "kuscia-nb/failure"
"""Annotation of a task whose program has failed on this node: the kind of error, for the node's peers."""
_PROGRAM, _STOPPED, _TIME = "Error", "JobStopped", "TimeLimitExceeded"

_SENTENCES = {
    "DataError": "{domain}'s data file cannot be used: it is missing, or something in it is not as it should be",
    "ParameterError": "a parameter is not allowed at {domain}, or does not fit {domain}'s data",
    "NotReached": "{domain}'s program has not reached the other one",
    "TimeLimit": "{domain}'s program has waited too long for a message",
    "UnexpectedMessage": "{domain}'s program has got a message that the protocol does not have in that place",
    "TtpNotReached": "{domain} does not reach the TTP",
    "SeedDecryptError": "the TTP cannot decrypt {domain}'s seed: see that both parties have the same key of the TTP",
    "TtpError": "the TTP has refused a request of {domain}",
    "LinkError": "{domain}'s program could not go on with its link",
    _STOPPED: "the job was stopped at {domain}",
    _TIME: "the job has taken longer than its time limit at {domain}",
    REFUSED: "{domain} has refused the job",
    "KusciaError": "{domain}'s program has refused to go on",
    _PROGRAM: "{domain}'s program has failed with an error",
}
_SAY_NO_MORE = (_STOPPED, _TIME, REFUSED)
"""Of these there is no more in a log."""


class Standing(NamedTuple):
    """A part of a task at a peer's node."""

    domain: str
    word: str
    """WAITS, a kind of failure, or nothing, if there is nothing to say."""

    @property
    def sentence(self) -> str:
        """What is said of it here; words that are not known say nothing."""
        if self.word == WAITS:
            return f"{self.domain} has to approve this job at its own node before anything runs"
        text = _SENTENCES.get(self.word, "").format(domain=self.domain)
        return text if not text or self.word in _SAY_NO_MORE else f"{text}; {self.domain}'s own log says more"


def kind_of(error: BaseException) -> str:
    """The word for an error: the nearest of its classes that has a sentence; that the peer is at fault is no news."""
    if not isinstance(error, KusciaError):
        return _TIME if isinstance(error, TimeoutError) else _PROGRAM
    names = [one.__name__ for one in type(error).__mro__]
    return "PeerFailed" if "PeerFailed" in names else next(name for name in names if name in _SENTENCES)


def standing(node: Node, task_id: str) -> str:
    """The word for this node's part of a task."""
    task = node.store.get(KusciaTask, task_id)
    job = node.job_of(task_id)
    if job is None:
        return ""
    if is_waiting(job):
        return WAITS
    if job.status.reason == REFUSED:
        return REFUSED
    if task is not None and FAILURE in task.annotations:
        return task.annotations[FAILURE]
    failed = FAILED in (job.status.phase, task.status.phase if task else "")
    if failed and OVERDUE in job.annotations:
        return _TIME
    return _STOPPED if failed and STOPPED in (job.status.reason, task.status.reason if task else "") else ""
