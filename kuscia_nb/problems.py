"""A problem in a manifest or with a parameter, as data, and what to suggest instead; its text is made last."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal, NamedTuple

Magic = Literal["kusciajob", "bfia_submit"]
"""What the first line of a cell says: a manifest in YAML (or JSON) is below it, or a BFIA request in JSON."""

FieldPath = tuple[str | int, ...]
"""Where a value is: spec.tasks[0].alias is ("spec", "tasks", 0, "alias")."""


class Problem(NamedTuple):
    """Something wrong in a manifest: the path of the value, what is wrong with it, and what to try.

    Of an operator, the path is the name of its parameter.
    """

    path: FieldPath
    text: str
    hint: str = ""
    on_key: bool = False  # the fault is in the key, not in the value
    at: int | None = None  # its index in the text, where the path alone would not lead there
    complete: bool = False  # the text says itself what it is about, as Kuscia's own do
    missing: tuple[str, ...] = ()  # the fields of a request that are not there, which one sentence is about


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` was probably meant to be."""
    folded = {option.lower(): option for option in options}
    matches = difflib.get_close_matches(word.lower(), folded, n=1)
    return folded[matches[0]] if matches else None


def choice(word: object, options: Iterable[str]) -> str:
    """A hint with the nearest option, if the word is a text, and all there are."""
    options = sorted(set(options))
    known = ", ".join(options)
    match = nearest(word, options) if isinstance(word, str) else None
    return f'"{match}" (known: {known})' if match else f"one of: {known}" if known else "none is known"
