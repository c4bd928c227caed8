"""A trace as text: what there is, the totals, and its first steps with their formulas."""

from __future__ import annotations

from ..texts import speaker
from ..trace.steps import Record
from ..trace.view import View
from .table import Table, wrapped

FIRST = 12
"""So many steps are in the excerpt."""

GET_NUMBERS = 'This trace has sizes only: trace="full" (%%kusciajob --trace full) records the numbers of every step.'
NOTHING = 'Tracing was off: no message was listed or counted. trace="sizes" is the default.'
NO_MESSAGE = "There is no message in it: none was sent, or none yet."
OBSERVER = "This is the observer's trace: it has the numbers of all parties, which no party has."


def headline(record: Record) -> str:
    """What there is, in a line."""
    say = speaker()
    of = say("Trace of {job}", job=record.title) if record.title else say("Trace")
    if record.level == "off":
        return say("{of}: off", of=of)
    if not record.steps:
        return say("{of}: {messages:,} messages", of=of, messages=len(record.messages))
    counts = {"steps": len(record.steps), "messages": len(record.messages)}
    return say("{of}: {steps:,} steps, {messages:,} messages", of=of, **counts)


def remarks(record: Record) -> list[str]:
    """What has to be said with it."""
    say = speaker()
    about = {"full": OBSERVER, "sizes": GET_NUMBERS}.get(record.level, NOTHING)
    if record.level != "off" and not record.messages:
        about = NO_MESSAGE
    what = "; ".join(map(say, record.lacking))
    left_out = [say("Left out: {what}.", what=what)] if what else []
    return [say(about), *map(say, record.notes), *left_out]


def totals(record: Record) -> Table:
    """Who has sent how much to whom, task by task."""
    rows = [
        (task.id, sender, receiver, f"{total.messages:,}", f"{total.rounds:,}", f"{total.bytes:,}")
        for task in record.tasks
        for sender, receiver, total in task.totals
    ]
    say = speaker()
    columns = (say("task"), say("from"), say("to"), say("messages"), say("rounds"), say("bytes"))
    return Table(say("Messages"), columns, rows, left=3)


def steps(record: Record, count: int = FIRST) -> Table:
    """The first steps, each with its formula and the first element of every number."""
    say, view, rows = speaker(), View(record, "observer"), []
    for seq, step in enumerate(record.steps[:count]):
        what = (str(seq), say(step.about.title), step.op, str(step.batch or ""))
        lines = view.lines(seq) or [("", "")]
        rows += [(*(what if i == 0 else ("",) * 4), *line) for i, line in enumerate(lines)]
    columns = (say("step"), say("what"), say("of"), say("batch"), say("formula"), say("numbers"))
    return Table(_steps_title(record), columns, rows, left=6)


def _steps_title(record: Record) -> str:
    text = "The first of {count:,} steps; numbers modulo 2^64, the first element of each"
    return speaker()(text, count=len(record.steps))


def messages(record: Record, count: int = FIRST) -> Table:
    """The first messages."""
    rows = [
        (str(seq), m.sender, m.receiver, m.op, str(m.round), f"{m.bytes:,}")
        for seq, (_, m) in enumerate(record.messages[:count])
    ]
    say = speaker()
    columns = (say("seq"), say("from"), say("to"), say("what"), say("round"), say("bytes"))
    return Table(say("The first of {count:,} messages", count=len(record.messages)), columns, rows, left=4)


def tables(record: Record) -> list[Table]:
    """What the static forms show."""
    if not record.messages:
        return []
    return [totals(record), steps(record) if record.steps else messages(record)]


def text(record: Record) -> str:
    """The trace for a terminal."""
    parts = ["\n".join(wrapped(line) for line in [headline(record), *remarks(record)])]
    if record.steps:
        excerpt = View(record, "observer").excerpt(0, FIRST)
        parts += [totals(record).text(), wrapped(f"{_steps_title(record)}\n{excerpt}")]
    else:
        parts += [table.text() for table in tables(record)]
    return "\n\n".join(parts)
