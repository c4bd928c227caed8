"""A trace as text: what there is, the totals, and its first steps with their formulas."""

from __future__ import annotations

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
    of = f"Trace of {record.title}" if record.title else "Trace"
    if record.level == "off":
        return f"{of}: off"
    steps = f"{len(record.steps):,} steps, " if record.steps else ""
    return f"{of}: {steps}{len(record.messages):,} messages"


def remarks(record: Record) -> list[str]:
    """What has to be said with it."""
    about = {"full": OBSERVER, "sizes": GET_NUMBERS}.get(record.level, NOTHING)
    if record.level != "off" and not record.messages:
        about = NO_MESSAGE
    left_out = [record.left_out[0].upper() + record.left_out[1:] + "."] if record.left_out else []
    return [about, *record.notes, *left_out]


def totals(record: Record) -> Table:
    """Who has sent how much to whom, task by task."""
    rows = [
        (task.id, sender, receiver, f"{total.messages:,}", f"{total.rounds:,}", f"{total.bytes:,}")
        for task in record.tasks
        for sender, receiver, total in task.totals
    ]
    return Table("Messages", ("task", "from", "to", "messages", "rounds", "bytes"), rows, left=3)


def steps(record: Record, count: int = FIRST) -> Table:
    """The first steps, each with its formula and the first element of every number."""
    view, rows = View(record, "observer"), []
    for seq, step in enumerate(record.steps[:count]):
        what = (str(seq), step.about.title, step.op, str(step.batch or ""))
        lines = view.lines(seq) or [("", "")]
        rows += [(*(what if i == 0 else ("",) * 4), *line) for i, line in enumerate(lines)]
    title = f"The first of {len(record.steps):,} steps; numbers modulo 2^64, the first element of each"
    return Table(title, ("step", "what", "of", "batch", "formula", "numbers"), rows, left=6)


def messages(record: Record, count: int = FIRST) -> Table:
    """The first messages."""
    rows = [
        (str(seq), m.sender, m.receiver, m.op, str(m.round), f"{m.bytes:,}")
        for seq, (_, m) in enumerate(record.messages[:count])
    ]
    title = f"The first of {len(record.messages):,} messages"
    return Table(title, ("seq", "from", "to", "what", "round", "bytes"), rows, left=4)


def tables(record: Record) -> list[Table]:
    """What the static forms show."""
    if not record.messages:
        return []
    return [totals(record), steps(record) if record.steps else messages(record)]


def text(record: Record) -> str:
    """The trace for a terminal."""
    parts = ["\n".join(wrapped(line) for line in [headline(record), *remarks(record)])]
    if record.steps:
        title = f"The first of {len(record.steps):,} steps; numbers modulo 2^64, the first element of each"
        parts += [totals(record).text(), wrapped(f"{title}\n{View(record, 'observer').excerpt(0, FIRST)}")]
    else:
        parts += [table.text() for table in tables(record)]
    return "\n\n".join(parts)
