"""How far a job is, as text, while somebody waits: a line that a terminal writes over, or a line now and then.

A terminal is an error stream that is one. Lines now and then are for a kernel in which nobody can be asked: papermill
and `jupyter execute` keep them in their log and in the cell. Where a person looks at a notebook, and in a program whose
output goes to a file, nothing is written.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import accumulate
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, Protocol
from unicodedata import east_asian_width

from ..observer.progress import State
from ..texts import speaker
from .live_html import how_far

if TYPE_CHECKING:
    from ..job import Job

QUIET, PERIOD = 1.0, 0.2
"""Seconds until a terminal's first line, and from one to the next."""
LOGGED = 10.0
"""Seconds from one line of a log to the next: a job that takes less leaves none."""
_ERASED = "\r\x1b[2K"


class Teller(Protocol):
    """Where it is written."""

    period: float
    """Seconds from one line to the next."""

    def tell(self, line: str) -> None:
        """Show how far it is."""
        ...

    def leave(self) -> None:
        """The job has ended, or nobody waits any longer."""
        ...


class Terminal:
    """A line that is written over, and is gone at the end."""

    period = PERIOD

    def tell(self, line: str) -> None:
        sys.stderr.write(_ERASED + fitting(line, get_terminal_size().columns - 1))
        sys.stderr.flush()

    def leave(self) -> None:
        sys.stderr.write(_ERASED)
        sys.stderr.flush()


def fitting(line: str, columns: int) -> str:
    """As much of a line as fits: a Chinese character takes two columns."""
    ends = accumulate(2 if east_asian_width(one) in "WF" else 1 for one in line)
    return line[: sum(end <= columns for end in ends)]


class Log:
    """A line now and then."""

    def __init__(self) -> None:
        self.period = LOGGED

    def tell(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def leave(self) -> None:
        """What is written stays."""


def teller() -> Teller | None:
    """Where it can be written here; None, if nowhere."""
    if sys.stderr is not None and sys.stderr.isatty():
        return None if os.environ.get("TERM") == "dumb" else Terminal()
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kernel: Any = getattr(shell, "kernel", None)
    if not hasattr(kernel, "get_parent") or kernel.get_parent().get("content", {}).get("allow_stdin", True):
        return None
    return Log()


def follow(job: Job, timeout: float | None) -> bool:
    """`Job.ended`, and how far it is in the meantime."""
    shown = teller()
    if shown is None:
        return job.ended(timeout)
    end = time.monotonic() + (float("inf") if timeout is None else timeout)
    state, period, told = State(job.name, job.events), max(QUIET, shown.period), False
    try:
        while not job.ended(min(period, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                return False
            state.catch_up()
            shown.tell(line(state, job.name))
            period, told = shown.period, True
        return True
    finally:
        if told:
            shown.leave()


def line(state: State, name: str) -> str:
    """`job-ss-lr: train 37 % · epoch 2/5, batch 10/476 · 1,200 steps/s · 0:12 left`, of the task that is behind."""
    begun = [(node, task) for node, task in state.tasks if state.progress[node, task].steps]
    if not begun:
        return speaker()("{name}: no program has begun, after {seconds:.0f} s", name=name, seconds=state.seconds)
    progress = min((state.progress[key] for key in begun if key[1] == begun[-1][1]), key=lambda one: one.fraction)
    return f"{name}: {state.aliases[begun[-1][1]]} {how_far(speaker(), progress, int(100 * progress.fraction))}"
