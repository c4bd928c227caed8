"""A trace by what a person calls it: a job's name, or a file."""

from __future__ import annotations

import os
from collections.abc import Callable

from ..data.files import typed
from .trace import Trace

SUFFIX = ".trace"


def find(name: str, of_job: Callable[[str], Trace]) -> Trace:
    """The trace in a file, else that of a job: a file is what there is, ends in .trace or has a folder in its name."""
    path = typed(name)
    if path.suffix == SUFFIX or path.name != name or os.path.isfile(path):
        return Trace.load(path)
    return of_job(name)
