"""What programs tell each other in JSON: only what has the form of one's own part is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def read_like(mine: Any) -> Callable[[bytes], Any]:
    """Reads JSON that has the form of `mine`, an object or a list; a ValueError for any other.

    That is the same keys, or as many items, and in each place the same kind of value. In objects inside of it only the
    keys have to be the same.
    """

    def read(message: bytes) -> Any:
        theirs = json.loads(message)
        example = json.loads(json.dumps(mine))
        if isinstance(example, dict) and _same_keys(example, theirs):
            places = [(key, example[key], theirs[key]) for key in example]
        elif isinstance(example, list) and isinstance(theirs, list) and len(example) == len(theirs):
            places = list(zip(range(len(example)), example, theirs, strict=True))
        else:
            raise ValueError("it has another form")
        for place, own, other in places:
            if _kind(own) is not _kind(other) or (isinstance(own, dict) and not _same_keys(own, other)):
                raise ValueError(f"{place} has another form")
        return theirs

    return read


def read_object(message: bytes) -> dict[str, Any]:
    """A JSON object; a ValueError for anything else."""
    value = json.loads(message)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value


def _same_keys(example: dict[str, Any], value: Any) -> bool:
    return isinstance(value, dict) and example.keys() == value.keys()


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)
