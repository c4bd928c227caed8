"""The steps of a jsonpath: each makes a list of values of a list of values, and none of what is not there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from .encode import to_text

Step = Callable[[list[Any]], list[Any]]


class JsonPathError(ValueError):
    """A template that is wrong (`parsing`), or that does not fit the data."""

    def __init__(self, text: str, parsing: bool = False) -> None:
        super().__init__(text)
        self.parsing = parsing


MOST_VALUES = 100_000
"""Every ".." finds all that the one before it has found, and all that is in that."""


def walk(values: list[Any], steps: list[Step]) -> list[Any]:
    for step in steps:
        values = step(values)
    return values


def constant(text: str) -> Step:
    return lambda values: [text]


def word(text: str) -> Step:
    """true, false, or {end}"""
    if text in ("true", "false"):
        return lambda values: [text == "true"] * len(values)
    if text == "end":
        return end_of_range

    def unknown(values: list[Any]) -> list[Any]:
        raise JsonPathError(f"unrecognized identifier {text}")

    return unknown


def end_of_range(values: list[Any]) -> list[Any]:
    raise JsonPathError("not in range, nothing to end")


def field_named(name: str) -> Step:
    return lambda values: [value[name] for value in values if isinstance(value, Mapping) and name in value]


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def wildcard(values: list[Any]) -> list[Any]:
    return [child for value in values for child in _children(value)]


def recursive(values: list[Any]) -> list[Any]:
    """Every value that has something in it, and so on down."""
    found: list[Any] = []
    for value in values:
        if value and isinstance(value, Mapping | list | tuple | str):
            found += [value, *recursive(_children(value))]
        if len(found) > MOST_VALUES:
            raise JsonPathError(f"more than {MOST_VALUES} values: two dots are enough")
    return found


def slice_of(start: int | None, stop: int | None, step: int | None, single: bool) -> Step:
    """A part of every list; unlike Python's, a slice must not reach beyond its ends."""
    if step is not None and step <= 0:
        raise JsonPathError("step must be > 0")

    def sliced(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise JsonPathError(f"{_go_type(value)} is not array or slice")
        size = len(value)
        begin = start or 0
        begin += size if begin < 0 else 0
        end = size if stop is None else stop + size if stop < 0 else stop
        end = begin + 1 if single else end
        if begin == end:
            return []
        for index, inside in ((begin, 0 <= begin < size), (end - 1, 0 <= end <= size)):
            if not inside:
                raise JsonPathError(f"array index out of bounds: index {index}, length {size}")
        if begin > end:
            raise JsonPathError(f"starting index {begin} is greater than ending index {end}")
        return list(value[begin:end:step])

    return lambda values: [item for value in values for item in sliced(value)]


def _go_type(value: Any) -> str:
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    return {bool: "bool", int: "int64", float: "float64"}.get(type(value), "string")


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def filtered_by(left: list[Step], comparison: str, right: list[Step]) -> Step:
    def passes(item: Any) -> bool:
        found = walk([item], left)
        if comparison == "exists":
            return bool(found)
        other = walk([item], right) if found else []
        if len(found) > 1 or len(other) > 1:
            raise JsonPathError("can only compare one element at a time")
        if not other:
            return False
        if comparison not in _COMPARISONS:
            raise JsonPathError(f"unrecognized filter operator {comparison}")
        if type(found[0]) is not type(other[0]):
            raise JsonPathError("incompatible types for comparison")
        return _COMPARISONS[comparison](found[0], other[0])

    def filtered(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise JsonPathError(f"{to_text(value)} is not array or slice and cannot be filtered")
        return [item for item in value if passes(item)]

    return lambda values: [item for value in values for item in filtered(value)]
