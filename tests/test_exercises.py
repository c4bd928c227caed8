"""Checking an answer: what is said of right and wrong ones, and how the hints come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb import texts
from kuscia_nb.errors import WrongAnswer
from kuscia_nb.exercises import checking
from kuscia_nb.exercises.checking import Unanswered, Wrong, called, exercise, names, number


@pytest.fixture
def even() -> Iterator[str]:
    """An exercise for whole even numbers."""

    @exercise("0.1", "first hint", "second hint", why="It can be halved.")
    def test(answer: Any) -> None:
        if number(answer) % 2:
            raise Wrong("{answer} is odd.", answer=answer)

    yield "0.1"
    del checking._exercises["0.1"]
    checking._tries.clear()
    checking.verdicts.clear()


def test_a_right_answer_says_why(even: str) -> None:
    verdict = kn.check(even, 4)
    assert verdict.state == "right"
    assert repr(verdict) == "Exercise 0.1: right.\nIt can be halved."
    assert "<strong>✓ Exercise 0.1: right.</strong>" in verdict._repr_html_()


def test_right_and_wrong_do_not_look_alike(even: str) -> None:
    """Not by colour alone: a mark goes before the words."""
    marks = [kn.check(even, answer)._repr_html_().partition("<strong>")[2][0] for answer in (4, 3, ...)]
    assert len(set(marks)) == 3


@pytest.mark.parametrize("answer", [..., None])
def test_no_answer_is_no_wrong_one(even: str, answer: Any) -> None:
    assert kn.check(even, answer).state == "not answered yet"
    assert kn.check(even).more == ("Put your answer in place of ... and run the cell again.",)
    assert "first hint" in repr(kn.check(even, 3)), "no hint has been used"


def test_each_wrong_answer_gets_the_next_hint_and_the_last_one_stays(even: str) -> None:
    said = [kn.check(even, 3).more for _ in range(3)]
    assert [more[0] for more in said] == ["3 is odd."] * 3
    hints = ["Hint 1 of 2: first hint", "Hint 2 of 2: second hint", "Hint 2 of 2: second hint"]
    assert [more[1] for more in said] == hints
    kn.check(even, 2)
    assert kn.check(even, 3).more[1] == hints[0], "a right answer begins anew"


def test_an_answer_of_another_kind_is_wrong_and_no_traceback(even: str) -> None:
    assert "this is 'four'" in repr(kn.check(even, "four"))
    assert "this is of type list" in repr(kn.check(even, [1, 2]))
    assert "this is nan" in repr(kn.check(even, float("nan")))
    assert "this is True" in repr(kn.check(even, True))
    assert "this is of type list" in repr(kn.check(even, [[4], [4, 4]]))
    assert "this is of type dict" in repr(kn.check(even, {"four": 4}))


FOURS = [4, 4.0, "4", " 4.0", [4], np.int64(4), np.array(4), np.array([4.0]), pd.Series([4]), pd.Series([4]).sum()]


@pytest.mark.parametrize("answer", FOURS)
def test_a_number_may_come_in_any_form(even: str, answer: Any) -> None:
    assert kn.check(even, answer).state == "right"


def test_what_cannot_be_checked_says_so(even: str) -> None:
    class Strange:
        def __float__(self) -> float:
            raise RuntimeError("strange")

    verdict = kn.check(even, Strange())
    assert (verdict.state, verdict.more[0]) == ("not yet", "It cannot be checked: RuntimeError: strange")


def test_html_in_an_answer_stays_text(even: str) -> None:
    assert "<script>" not in kn.check(even, "<script>")._repr_html_()


def test_a_verdict_is_true_for_a_right_answer_alone(even: str) -> None:
    """So that `assert kn.check(...)` grades."""
    assert kn.check(even, 4)
    assert not kn.check(even, 3)
    assert not kn.check(even)
    assert not kn.check("1.1", 3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [(3, ["not yet", "3 is odd.", "Hint 1 of 2: first hint"]), (..., ["not answered yet", "Put your answer"])],
)
def test_strict_raises_what_the_verdict_says(even: str, answer: Any, words: list[str]) -> None:
    with pytest.raises(WrongAnswer) as caught:
        kn.check(even, answer, strict=True)
    assert [word for word in words if word not in str(caught.value)] == []
    assert isinstance(caught.value, kn.KusciaError)


def test_strict_changes_nothing_for_a_right_answer(even: str) -> None:
    assert repr(kn.check(even, 4, strict=True)) == repr(kn.check(even, 4))


def test_an_unknown_exercise_is_an_error_that_names_the_others() -> None:
    with pytest.raises(kn.KusciaError, match=r"(?s)there is no exercise 1\.9.*1\.1"):
        kn.check("1.9", 1)


def test_functions_are_called() -> None:
    assert called(lambda x, y: x + y, 1, 2) == 3
    with pytest.raises(Unanswered):
        called(lambda: ...)
    with pytest.raises(Wrong, match="raises"):
        called(lambda x: 1 / x, 0)
    with pytest.raises(Wrong, match="function"):
        called(3)


def test_progress_is_that_of_the_notebooks_that_were_begun(even: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checking.verdicts.clear()
    assert kn.progress().standings == ()
    for answer in (..., 3, 5, 4):
        kn.check(even, answer)
    kn.check("9.2")
    shown = kn.progress()
    assert shown.standings[0] == ("0.1", "right", 3), "what is not answered is no try"
    assert [one.state for one in shown.standings[1:]] == ["not answered yet"] * (len(shown.standings) - 1)
    assert {one.exercise.partition(".")[0] for one in shown.standings} == {"0", "9"}
    assert repr(shown).startswith(f"1 of {len(shown.standings)} exercises are solved.")
    assert "<td" in shown._repr_html_()
    kn.check(even, 3)
    assert kn.progress().solved == 0, "the last answer counts"
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert "还不对" in repr(kn.progress())
    assert not re.search("[a-z]{3}", repr(kn.progress()))


def test_progress_of_one_notebook() -> None:
    exercises = [one.exercise for one in kn.progress(11).standings]
    assert exercises == [name for name in names() if name.startswith("11.")] != []
    with pytest.raises(kn.KusciaError, match=r"(?s)no notebook 77 has exercises.*11"):
        kn.progress(77)
    assert kn.progress("11").standings == kn.progress(11).standings, "as it is written in 11.1"


def test_in_chinese(even: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_chosen", "zh")
    assert "正确" in kn.check(even, 2).headline
    assert "提示 1/2" in kn.check(even, 1).more[1]


def test_every_exercise_has_hints_and_a_reason() -> None:
    for name in names():
        found = checking._exercises[name]
        assert found.hints
        assert found.why
