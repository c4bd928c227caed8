"""What a finished task has left, as the observer of its nodes reads it, if its operator brings a reader.

A reader is called with a `Ran`, and is best a class. What its objects have, the job has: `weights`, `shares` and
`model` of shares of a model, `predictions`, `report`, a `shadow`, pictures; all of it is at `job.result()`. `told` says
what stands in the job's report.

A reader may have `watch`, too. In a job with `shadow=True` it is called with a `Ran` while the task runs, and gives an
object whose `told(handed)` says, again and again, what follows from all that the parties have handed the observer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..data.files import Folder
from ..errors import JobError
from ..options import Options
from ..problems import choice
from ..texts.sentence import Sentence


@dataclass(frozen=True)
class Ran:
    """A task that has succeeded, or that is watched while it runs."""

    job: str
    alias: str
    options: Options
    """How the job was run."""
    began: float
    """When its first program began, in seconds since 1970: an earlier task may have written its input until then."""
    environments: Mapping[str, Mapping[str, str]]
    """What each node's program was started with; the initiator's first."""
    outputs: Mapping[str, Folder]
    """The first output of each node. A party may have written none."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Parties whose result is on a node that is not here, and why it is not read."""
    handed: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """What each node's program has handed the observer on the way: nothing without `shadow=True`."""

    def output(self, node: str) -> Folder:
        """A node's output. JobError, if it is not here."""
        if node not in self.outputs:
            raise self.unread(node)
        return self.outputs[node]

    def unread(self, node: str) -> JobError:
        """The error where a node's output is not here."""
        if reason := self.missing.get(node):
            return JobError(f"the result of {node} in job {self.job} is not here: {reason}")
        return JobError(f"{node} is not a party of job {self.job}", hint=choice(node, list(self.outputs)))

    def gone(self, node: str) -> JobError:
        """The error where a node's output is not there any more."""
        return JobError(f"the result of job {self.job} is gone from {node}", hint="run it again")


class Sheet(NamedTuple):
    """A table of texts for a job's report; the first `left` columns are words, the others numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


class Chart(NamedTuple):
    """Lines over a count from 0, and their last values in words."""

    title: str
    words: str
    counted: str
    """What is counted."""
    until: int
    """Where the counting ends."""
    at: Sequence[int]
    lines: Sequence[tuple[str, Sequence[float]]]
    """The name of each, and its value at each of these counts; what the chart is about comes first."""
    level: tuple[str, float]
    """A value to compare with, and its name."""


class Told(NamedTuple):
    """What a job's report says of a result. A Sentence with a translation is said in the language of the report."""

    summary: Sequence[str] = ()
    sheets: Sequence[Sheet] = ()
    notes: Sequence[str] = ()
    """What has to be said with it: doubts, for example."""
    charts: Sequence[Chart] = ()


def doubtful(doubt: Sentence | None) -> list[Sentence]:
    """A doubt as a note."""
    return [] if doubt is None else [Sentence("Warning: {text}", text=doubt)]
