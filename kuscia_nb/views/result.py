"""The files that a job has left on its nodes, as `more` shows them on a Kuscia node; and what they come to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ..data.description import description_path
from ..data.files import Folder
from ..errors import JobError
from ..problems import choice
from ..texts import speaker
from .job import table
from .table import Table, html_note, html_paragraph, wrapped

if TYPE_CHECKING:
    from ..job import Job

_MOST_LINES = 60
_OUTPUT = "runtime.component.output."


class File(NamedTuple):
    """An output: where it is ("alice: job-ss-lr-host-0/job-ss-lr-26e3489ac66e-result"), and what is in it."""

    place: str
    lines: list[str]
    left_out: int = 0

    def text(self) -> str:
        more = [f"  … and {self.left_out:,} more lines"] if self.left_out else []
        return "\n".join([self.place, *(f"  {line}" for line in self.lines), *more])

    def html(self) -> str:
        more = [f"… and {self.left_out:,} more lines"] if self.left_out else []
        content = escape("\n".join([*self.lines, *more]))
        return f"<details open><summary>{escape(self.place)}</summary><pre>{content}</pre></details>"


@dataclass(frozen=True)
class Result:
    """A job's output files, and what their operators say of them."""

    headline: str
    files: tuple[File, ...]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    """Why they cannot be right."""

    def __repr__(self) -> str:
        told = [*map(wrapped, self.notes), *(table.text() for table in self.tables)]
        return "\n\n".join([self.headline, *(file.text() for file in self.files), *told])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        files = "".join(f"<div>{file.html()}</div>" for file in self.files)
        side_by_side = f'<div style="display:flex;flex-wrap:wrap;column-gap:3em">{files}</div>'
        told = "".join([*map(html_note, self.notes), *(table.html() for table in self.tables)])
        return {"text/plain": repr(self), "text/html": html_paragraph(self.headline) + side_by_side + told}


def result(job: Job, storage: Mapping[str, Folder], node: str | None = None) -> Result:
    """What a finished job has written, on one node or on all; the weights only together. `storage` by node."""
    if job.phase != "Succeeded":
        yet, hint = ("", "job.wait() raises the reason") if job.phase == "Failed" else (" yet", "job.wait()")
        raise JobError(f"job {job.name} has no result{yet}: it is {job.phase}", hint=hint)
    if node is not None and node not in job.nodes:
        raise JobError(f"{node} is not a party of job {job.name}", hint=choice(node, job.nodes))
    if node is not None and node not in storage:
        raise JobError(f"{node}'s node is elsewhere: its files are on it alone", hint=choice(node, list(storage)))
    asked = [one for one in job.nodes if one in storage] if node is None else [node]
    files = [file for one in asked for file in _files(job, one, storage[one])]
    say, told = speaker(), job.told(shadow=False) if node is None else []
    tables = tuple(table(sheet, say) for part in told for sheet in part.sheets)
    notes = tuple(say(note) for part in told if part.sheets for note in part.notes)
    return Result(f"Result of {job.name}", tuple(files), tables, notes)


def _files(job: Job, node: str, storage: Folder) -> Iterator[File]:
    """One node's outputs, task by task."""
    tasks = job.tasks
    for task in tasks["task"][tasks["node"] == node]:
        for variable, location in job.env(node, task).items():
            if variable.startswith(_OUTPUT):
                place = json.loads(location)
                yield _file(node, storage, f"{place['namespace']}/{place['name']}")


def _file(node: str, storage: Folder, name: str) -> File:
    try:
        lines = (storage / name).read_text("utf-8", "replace").splitlines()
    except OSError as error:
        return File(f"{node}: {name}", [_absent(storage / name) or f"cannot be read: {error.strerror}"])
    return File(f"{node}: {name}", lines[:_MOST_LINES], max(0, len(lines) - _MOST_LINES))


def _absent(path: Folder) -> str:
    """Why a node has no output, if its description says so."""
    try:
        receiver = json.loads(description_path(path).read_text("utf-8"))["receiver"]
    except (OSError, ValueError, KeyError):
        return ""
    return f"(nothing here: {receiver} alone has learned it)"
