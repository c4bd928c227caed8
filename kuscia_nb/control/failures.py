"""What is said of a program that has failed: to its own node's log all of it, to whoever waits for the job the line.

A program's error may quote its party's data. It goes into that party's log and to the observer, never to the peer.
"""

from __future__ import annotations

import traceback
from types import TracebackType

from ..errors import JobFailed, KusciaError
from ..mpc import digests, scheduler

_AROUND = (scheduler.__file__, digests.__file__)
"""What drives a program."""


def logged(error: BaseException) -> str:
    """An error as a program's last words: a traceback, unless it is one that says all by itself."""
    if isinstance(error, KusciaError):
        return f"{type(error).__name__}: {error}"
    return "".join(traceback.format_exception(type(error), error, _of_program(error))).rstrip()


def job_error(domain: str, error: BaseException) -> KusciaError:
    """The error of a job whose program on `domain` ended with `error`; it points at the program's own line."""
    if isinstance(error, KusciaError):
        return error
    frames = traceback.extract_tb(_of_program(error))
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    where = f"line {own[-1].lineno}, in {own[-1].name}\n{own[-1].line}" if own else ""
    what = f"the program of {domain} failed: {type(error).__name__}: {error}"
    failed = JobFailed(what, where=where, hint=f"job.logs({domain!r}), or kubectl logs, for the whole traceback")
    failed.__cause__ = error
    return failed


def _of_program(error: BaseException) -> TracebackType | None:
    """The traceback from where the program begins."""
    found = error.__traceback__
    while found and found.tb_next and found.tb_frame.f_code.co_filename in _AROUND:
        found = found.tb_next
    return found
