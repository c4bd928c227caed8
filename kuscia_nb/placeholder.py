"""`{{name}}` in a magic's cell: which there are, what is written for a value, and what only looks like one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

VARIABLE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")
_BRACES = re.compile(r"^(?![ \t]*#).*?(\{\{(.*?)\}\})", re.MULTILINE)
_UNFILLED = re.compile(r"[\"']?(?:\$?\{\s*([^\W\d]\w*)\s*\}|\$([^\W\d]\w*))")


def written(value: Any) -> str:
    """A variable's value as JSON has it; a text as it is, as it stands in quotes or in YAML.

    ValueError or TypeError say what JSON does not have.
    """
    if hasattr(value, "tolist") and not isinstance(value, float):  # of NumPy, but for float64, which is a float
        single = getattr(value, "ndim", 1) == 0
        value = float(str(value)) if single and isinstance(value.tolist(), float) else value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no number {value}")
    if value is None or isinstance(value, bool | dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_inside)
    return str(value)


def _inside(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def expressions(text: str) -> Iterator[tuple[int, str]]:
    """The index and the text of braces that hold something else than a name; comments may say what they like."""
    for match in _BRACES.finditer(text):
        if not VARIABLE.fullmatch(match[1]):
            yield match.start(1), match[1]


def no_name(found: str) -> tuple[str, str]:
    """What is said of such braces, and what to try."""
    inside = found.strip("{} ")
    return f"{found}: only the name of a variable is filled in", f"value = {inside} in a cell before, and {{{{value}}}}"


def unfilled(text: str, at: int = 0) -> str:
    """What to try, if `{name}` or `$name` stands at this index, which other tools fill in; else nothing."""
    match = _UNFILLED.match(text, at)
    return f"{{{{{match[1] or match[2]}}}}}: a magic fills in what has two braces" if match else ""
