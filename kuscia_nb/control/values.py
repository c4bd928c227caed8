"""What a dict may hold to be a manifest or a request: only what JSON has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..problems import FieldPath, Problem


def json_like(data: Any) -> Any:
    """A copy in dicts and lists, with keys that are texts, as JSON has them."""
    if isinstance(data, Mapping):
        return {key if isinstance(key, str) else str(key): json_like(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [json_like(item) for item in data]
    return data


def value_problems(value: Any, path: FieldPath = ()) -> Iterator[Problem]:
    """Numbers and texts that no double and no UTF-8 text can hold, and what is no JSON at all."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from value_problems(key, path)
            yield from value_problems(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from value_problems(item, (*path, i))
    elif isinstance(value, str):
        if re.search("[\ud800-\udfff]", value):
            yield Problem(path, "half of a surrogate pair is not a character", "both halves, or neither")
    elif isinstance(value, int | float):
        if not math.isfinite(double := to_double(value)):
            yield Problem(path, f"a number must be finite, is {double}")
    elif value is not None:
        yield _strange(value, path)


def strange_values(value: Any, path: FieldPath = ()) -> Iterator[Problem]:
    """What is no JSON at all, among dicts and lists."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strange_values(item, (*path, key))
    elif value is not None and not isinstance(value, str | int | float):
        yield _strange(value, path)


def _strange(value: object, path: FieldPath) -> Problem:
    hint = "a text, a number, true, false, a list or an object"
    return Problem(path, f"JSON has no {type(value).__name__}", hint)


def to_double(number: float) -> float:
    """The nearest double, infinite if there is none."""
    try:
        return float(number)
    except OverflowError:
        return math.inf
