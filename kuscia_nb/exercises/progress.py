"""What has become of a notebook's exercises, one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..errors import KusciaError
from ..problems import choice
from ..texts import speaker
from ..views.table import Table, html_paragraph, wrapped
from .checking import OPEN, RIGHT, WRONG, names, verdicts

_SAID = {RIGHT: "solved", WRONG: "not yet", OPEN: "not answered yet"}


class Standing(NamedTuple):
    """One exercise: the last verdict, and how many answers were checked until then."""

    exercise: str
    state: str
    tries: int


@dataclass(frozen=True, repr=False)
class Progress:
    """Where somebody is with the exercises. It shows itself; `standings` is for programs."""

    standings: tuple[Standing, ...]

    @property
    def solved(self) -> int:
        """How many exercises were answered correctly, at last."""
        return sum(one.state == RIGHT for one in self.standings)

    def __repr__(self) -> str:
        return f"{wrapped(self._headline())}\n\n{self._table().text()}"

    def _repr_html_(self) -> str:
        return html_paragraph(self._headline()) + self._table().html()

    def _headline(self) -> str:
        say = speaker()
        if not self.standings:
            return say("No exercise was checked in this kernel yet.")
        return say("{solved} of {count} exercises are solved.", solved=self.solved, count=len(self.standings))

    def _table(self) -> Table:
        say = speaker()
        columns = (say("exercise"), say("verdict"), say("tries"))
        rows = [(one.exercise, say(_SAID[one.state]), str(one.tries)) for one in self.standings]
        return Table(say("Exercises"), columns, rows, left=2, empty=say("nothing yet"))


def progress(lesson: int | str | None = None) -> Progress:
    """Where you are with the exercises: of the notebooks of which one was checked in this kernel, or of one notebook.

    A verdict is that of the last `kn.check`; nothing is checked again, and a new kernel begins with nothing. An unknown
    notebook is a KusciaError.
    """
    all_names = names()
    lesson = int(lesson) if isinstance(lesson, str) and lesson.isdecimal() else lesson
    lessons = {_lesson(name) for name in all_names}
    if lesson is not None and lesson not in lessons:
        raise KusciaError(f"no notebook {lesson!r} has exercises", hint=choice(str(lesson), map(str, lessons)))
    shown = {_lesson(name) for name in verdicts} if lesson is None else {lesson}
    return Progress(tuple(_standing(name) for name in all_names if _lesson(name) in shown))


def _standing(name: str) -> Standing:
    given = verdicts.get(name, [])
    return Standing(name, given[-1] if given else OPEN, sum(state != OPEN for state in given))


def _lesson(name: str) -> int:
    return int(name.partition(".")[0])
