"""What a text that cannot be read probably is: something that was copied along with a job, or in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..problems import Problem
from .parse import MOST_CHARACTERS

_EXAMPLE = "print(kn.tutorial_manifest())"
_CONFIG = frozenset(("module_name", "task_params"))
"""What a taskInputConfig has, and nothing else."""

_KINDS = (
    (
        r"^[^\n{#]*apiVersion: *[^\n{]+?(?:kind|items|metadata):",
        "the line breaks were lost in copying",
        f"one line for each key, as {_EXAMPLE} shows the tutorial's job",
    ),
    (r"^ {0,3}(?:```|~~~)", "this is the fence around a block of code", "only the lines between the fences"),
    (
        r"\A\s*(?:\$ +)?curl\s",
        "this is a command line for a shell, not a request",
        "only the text in the quotes behind -d",
    ),
    (
        r"\A\s*(?:[$#] +)?(?:kubectl|docker|cat|more|vim?) ",
        "this is a command line for a shell, not a manifest",
        "only the lines of the manifest; %kubectl runs kubectl's lines",
    ),
    (
        r"^(?:metadata: *\nname|spec: *\ninitiator):",
        "the indentation was lost in copying",
        f"two blanks more below each key that holds others, as in {_EXAMPLE}",
    ),
)


def recognised(text: str) -> Problem | None:
    """What a text that no reader takes is. One that is too large to be read is told by its beginning."""
    text = text[:MOST_CHARACTERS]
    for pattern, what, hint in _KINDS:
        if match := re.search(pattern, text, re.MULTILINE):
            start = match.end() - len(match[0].lstrip())
            return Problem((), what, hint, at=start)
    return None


def bare_config(data: Mapping[Any, Any]) -> Problem | None:
    """The content of a taskInputConfig in the place of a job."""
    if data.keys() >= _CONFIG or data.keys() == {"taskInputConfig"}:
        hint = f"taskInputConfig of a task in a manifest, as in {_EXAMPLE}"
        return Problem((), "this is a taskInputConfig alone, not a job", hint)
    return None
