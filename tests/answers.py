"""What is said of answers to the exercises of the notebooks."""

from __future__ import annotations

from typing import Any

import kuscia_nb as kn


def said(exercise: str, answer: Any) -> str:
    """What is wrong with an answer that is not right."""
    verdict = kn.check(exercise, answer)
    assert verdict.state == "not yet", verdict
    return verdict.more[0]


def right(exercise: str, answer: Any) -> None:
    """Assert that an answer is right."""
    verdict = kn.check(exercise, answer)
    assert verdict.state == "right", verdict
