"""A trace as alice, bob, the TTP or the observer sees it: the same steps and messages, what is hidden shown as hidden.

A view is a way of looking: the trace that it looks at has everything, and whoever has the trace can look as anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import KusciaError
from ..mpc.ledger import Message
from ..problems import choice
from .equations import HIDDEN, Line, as_fixed, as_ring, lines
from .steps import BOTH, TTP_SEES, Number, Record, Step, Task

if TYPE_CHECKING:
    import pandas as pd

OBSERVER, TTP = "observer", "ttp"


class Row(NamedTuple):
    """A number of a step as somebody sees it: `ring` and `fixed` have its first elements, or are HIDDEN."""

    name: str
    of: str
    """Whose it is: a party, "both", or the parties' sum."""
    shape: tuple[int, ...]
    ring: list[int] | str
    fixed: list[float] | str


class View:
    """A trace through the eyes of `who`."""

    def __init__(self, record: Record, who: str) -> None:
        known = (*record.names, TTP, OBSERVER)
        if who not in known:
            raise KusciaError(f"nobody called {who} sees this trace", hint=choice(who, known))
        self.who, self._record = who, record

    @property
    def steps(self) -> pd.DataFrame:
        """seq, task, kind, op, batch, epoch, formula, numbers: the formula with the first element of each number."""
        import pandas as pd

        rows = []
        for seq, step in enumerate(self._record.steps):
            found = self.lines(seq)
            formula, numbers = ("; ".join(line[i] for line in found) for i in (0, 1))
            rows.append((seq, self._task(step).id, step.kind, step.op, step.batch, step.epoch, formula, numbers))
        return pd.DataFrame(rows, columns=["seq", "task", "kind", "op", "batch", "epoch", "formula", "numbers"])

    @property
    def values(self) -> pd.DataFrame:
        """Every number of every step: seq, kind, name, of, shape, ring, fixed."""
        import pandas as pd

        rows = [(seq, step.kind, *row) for seq, step in enumerate(self._record.steps) for row in self.rows(seq)]
        return pd.DataFrame(rows, columns=["seq", "kind", *Row._fields])

    @property
    def messages(self) -> pd.DataFrame:
        """Every message, with its content as far as the trace has it: ring elements, or hidden."""
        import pandas as pd

        rows = []
        for seq, (task, m) in enumerate(self._record.messages):
            content = self.content(seq)
            rows.append((seq, self._record.tasks[task].id, m.op, m.sender, m.receiver, m.kind, m.bytes, content))
        return pd.DataFrame(rows, columns=["seq", "task", "op", "sender", "receiver", "kind", "bytes", "content"])

    def rows(self, seq: int) -> list[Row]:
        """The numbers of a step, and the sums of shares."""
        step = self._record.steps[seq]
        task, result = self._task(step), []
        for number in step.numbers:
            of = "both" if number.whose == BOTH else task.names[number.whose]
            result.append(self._row(number, of, step, task))
        for name in step.about.shared.split():
            total = step.sum(name)
            if total is not None and (mine := step.number(name, 0)) and (theirs := step.number(name, 1)):
                number = Number(name, BOTH, mine.sees & theirs.sees, mine.shape, total)
                result.append(self._row(number, " + ".join(sorted(task.names)), step, task))
        return result

    def lines(self, seq: int) -> list[Line]:
        """The formulas of a step, with names and with numbers."""
        step = self._record.steps[seq]
        task = self._task(step)
        return list(lines(step, task, lambda number: self._first(number, task)))

    def content(self, seq: int) -> list[int] | str | None:
        """What a message carried: ring elements, HIDDEN, or None if the trace does not have it."""
        at = self._record.step_of.get(seq)
        if at is None:
            return None
        place, message = self._record.messages[seq]
        task = self._record.tasks[place]
        number = carried(self._record.steps[at], message, task)
        if number is None:
            return None
        return as_ring(number.data) if self.sees(number, task) else HIDDEN

    def sees(self, number: Number, task: Task) -> bool:
        """Whether a number is to be seen."""
        if self.who == OBSERVER:
            return True
        if self.who == TTP:
            return bool(number.sees & TTP_SEES)
        return self.who in task.names and bool(number.sees & 1 << task.names.index(self.who))

    def _row(self, number: Number, of: str, step: Step, task: Task) -> Row:
        if not self.sees(number, task):
            return Row(number.name, of, number.shape, HIDDEN, HIDDEN)
        fixed = as_fixed(number.data, step, number.name, task)
        return Row(number.name, of, number.shape, as_ring(number.data), fixed)

    def _first(self, number: Number, task: Task) -> str:
        return str(number.data[0]) if self.sees(number, task) and number.data.size else HIDDEN

    def _task(self, step: Step) -> Task:
        return self._record.tasks[step.task]

    def excerpt(self, start: int = 0, count: int = 12) -> str:
        """Some steps as text: each with its formulas, in names and with the first element of each number."""
        parts = []
        for seq, step in enumerate(self._record.steps[start : start + count], start):
            where = f", batch {step.batch}" if step.batch else ""
            op = "" if step.op == step.kind else f": {step.op}"
            parts.append(f"{seq:>5}  {step.about.title}{op}{where}")
            for line in self.lines(seq):
                parts += [f"         {line.symbols}", f"           {line.numbers}"]
        return "\n".join(parts)

    def __repr__(self) -> str:
        return f"The trace as {self.who} sees it: {len(self._record.steps):,} steps\n{self.excerpt()}"


def carried(step: Step, message: Message, task: Task) -> Number | None:
    """The number that a message of a step carries, if the trace has it."""
    name = CARRIED.get((step.kind, message.kind))
    if name is None:
        return None
    party = message.receiver if message.kind == "REPLY" else message.sender
    return step.number(name, task.names.index(party))


CARRIED: dict[tuple[str, str], str] = {
    ("open x", "ALLGATHER"): "e",
    ("open y", "ALLGATHER"): "g",
    ("open", "ALLGATHER"): "x",
    ("send masked", "ALLGATHER"): "m",
    ("mask columns", "ALLGATHER"): "F",
    ("exchange", "ALLGATHER"): "mine",
    ("triple", "REPLY"): "d",
    ("triple elementwise", "REPLY"): "d",
    ("vectors", "REPLY"): "d",
    ("pair", "REPLY"): "d",
    ("send top bit", "P2P"): "h",
}
"""Which number of a step a message carries, by the kinds of both."""
