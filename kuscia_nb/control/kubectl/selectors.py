"""Label selectors: a=b, a!=b, a in (b, c), a notin (b), a, !a, with commas between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .output import KubectlError

Matches = Callable[[Mapping[str, str]], bool]

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<key>{_KEY})\s*(?P<sign>==?|!=)\s*(?P<value>{_VALUE})"
    rf"|(?P<set_key>{_KEY})\s+(?P<set>in|notin)\s*\((?P<values>\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*)\)"
    rf"|(?P<absent>!\s*)?(?P<present>{_KEY}))\s*(?:,|\Z)"
)


def selector(text: str) -> Matches:
    """Whether an object with these labels is meant; an empty text means all."""
    requirements: list[Matches] = []
    at = 0
    while at < len(text.rstrip()):
        match = _REQUIREMENT.match(text, at)
        if match is None:
            hint = "-l key=value, key!=value, 'key in (a, b)', 'key notin (a)', key or '!key', with commas between them"
            raise KubectlError(f"error: unable to parse requirement: {text[at:].strip()!r}", hint=hint)
        requirements.append(_requirement(match))
        at = match.end()
    return lambda labels: all(met(labels) for met in requirements)


def _requirement(match: re.Match[str]) -> Matches:
    if key := match["key"]:
        equal, value = match["sign"] != "!=", match["value"]
        return lambda labels: (labels.get(key) == value) is equal
    if key := match["set_key"]:
        among, values = match["set"] == "in", {value.strip() for value in match["values"].split(",")}
        return lambda labels: (key in labels and labels[key] in values) is among
    name, wanted = match["present"], match["absent"] is None
    return lambda labels: (name in labels) is wanted
