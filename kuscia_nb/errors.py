"""Errors of kuscia_nb: what happened, where, and what to try.

Every error that a person can meet is a `KusciaError`. Its class names the situation, its text has up to three
parts, and in a notebook it shows as one block without a traceback (`sys.last_value` still has it).

    KusciaError
    ├── ManifestError      a manifest or request that cannot be read or is not valid
    ├── ParameterError     an operator's parameter that is not allowed
    ├── DataError          a data file that cannot be used: which party, file, row, column
    ├── JobError           a job that cannot be started, found or finished
    │   ├── JobFailed      the job ran and failed
    │   ├── JobStopped     somebody stopped it
    │   └── InjectedFault  a program failed on purpose
    ├── LinkError          messages between the parties
    │   ├── Deadlock       every party waits for a message that nobody sends
    │   ├── PeerFailed     the other party failed or left
    │   ├── NotReached     the other party is not there
    │   ├── TimeLimit      what was waited for did not come in time
    │   └── UnexpectedMessage  what has come is not what the protocol has in this place
    ├── TtpError           the trusted third party refused
    │   ├── SessionError   (code 1) unknown, incomplete or contradictory session
    │   ├── OpAdjustError  (code 2) a request that does not fit the session
    │   ├── SeedDecryptError  a seed that was encrypted to another key
    │   └── TtpNotReached  nobody answers, or not in time
    ├── EngineError        Docker: no engine, no container, or one that does not do what it should
    └── WrongAnswer        an answer to an exercise, where only a right one may pass
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .problems import Problem


class KusciaError(Exception):
    """An error that says what is wrong, where, and what to try.

    `where` may have several lines (a file position and the offending line with a caret).
    """

    exit_code = 1
    """Of a command that it ends: 1 it failed, 3 somebody was not reached, 4 it took too long. 2 is wrong use."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append("\n".join("  " + line for line in self.where.splitlines()))
        if self.hint:
            parts.append("  try: " + self.hint)
        return "\n".join(parts)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for an error's own rendering: one block, no traceback."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.hint)


class ModelWarning(UserWarning):
    """A model that cannot be right: the sentence says why, and what to try."""


def _rebuild(cls: type[KusciaError], what: str, where: str, hint: str) -> KusciaError:
    return cls(what, where=where, hint=hint)


class ManifestError(KusciaError):
    """A manifest or request that cannot be read or is not valid."""

    faults: Sequence[tuple[int | None, Problem]] = ()
    """All problems, each with its index in the text if it has a place there."""


class ParameterError(KusciaError):
    """An operator's parameter that is not allowed."""

    problems: Sequence[Problem] = ()
    """All that is wrong, each with the parameter's name as its path."""


class DataError(KusciaError):
    """A data file that cannot be used."""


class JobError(KusciaError):
    """A job that cannot be started, found or finished."""


class JobFailed(JobError):
    """The job ran and failed."""


class JobStopped(JobError):
    """The job was stopped."""


class InjectedFault(JobError):
    """A program failed on purpose: the job was started with `inject`."""


class LinkError(KusciaError):
    """Messages between the parties."""


class Deadlock(LinkError):
    """Every party waits for a message that nobody sends."""


class PeerFailed(LinkError):
    """The other party failed or left, so this one cannot go on."""


class NotReached(LinkError):
    """The other party is not there: nothing listens, or something else does."""

    exit_code = 3


class TimeLimit(LinkError):
    """What was waited for did not come in time."""

    exit_code = 4


class UnexpectedMessage(LinkError):
    """What came from the other party is not what the protocol has in this place: it misbehaves, or the network."""


class TtpError(KusciaError):
    """The trusted third party refused a request (interconnection ErrorCode in `code`)."""

    code = 0


class SessionError(TtpError):
    """Unknown, incomplete or contradictory session."""

    code = 1


class OpAdjustError(TtpError):
    """A request for an adjustment that does not fit its session or its shapes."""

    code = 2


class WrongTriple(TtpError):
    """A correction of the TTP that does not make a product what it should be: found with `verify`."""


class SeedDecryptError(TtpError):
    """A seed that this TTP cannot decrypt: it was encrypted to another one's key."""


class TtpNotReached(TtpError):
    """The TTP cannot be reached, goes away, or does not answer in time."""

    exit_code = 3


class EngineError(KusciaError):
    """Docker: there is no engine, or no container, or one that does not do what it should."""

    exit_code = 3


class WrongAnswer(KusciaError):
    """An answer to an exercise that is not right, or is not there, with `kn.check(..., strict=True)`."""
