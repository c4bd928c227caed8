"""What is well and what is not, one line a check: the form that all checks have, whatever they look at.

A kind of backend that wants to be looked at has a function that yields `Check`s, in an order in which the first that
fails is what to mend first. `KINDS` of `doctor_command` names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Verdict = Literal["ok", "warn", "no"]


class Check(NamedTuple):
    """What was looked at, and what was found."""

    name: str
    verdict: Verdict
    value: str
    """What is there."""
    remedy: str = ""
    """What to do, unless all is well."""


def line(check: Check) -> str:
    """One check for a terminal."""
    first = f"{check.verdict:<5}{check.name:<20} {check.value}"
    return f"{first}\n{'':<26}try: {check.remedy}" if check.remedy else first


def exit_code(checks: Iterable[Check]) -> int:
    """1 if something does not work, and else 0."""
    return int(any(check.verdict == "no" for check in checks))
