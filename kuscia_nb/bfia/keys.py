"""Keys that a JSON text has twice in one object. Most readers take the last one, and nobody hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..problems import FieldPath


def keys_twice(text: bytes) -> list[FieldPath]:
    """The paths of all such keys of a sound JSON text."""
    found = False

    def noticed(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(dict(pairs)) < len(pairs)

    json.loads(text.decode(), object_pairs_hook=noticed)
    return list(dict.fromkeys(_twice(json.loads(text.decode(), object_pairs_hook=_Pairs), ()))) if found else []


class _Pairs(list[tuple[str, Any]]):
    """An object with every key that it was written with."""


def _twice(value: Any, path: FieldPath) -> Iterator[FieldPath]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, item in value:
            if name in seen:
                yield (*path, name)
            seen.add(name)
            yield from _twice(item, (*path, name))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _twice(item, (*path, i))
