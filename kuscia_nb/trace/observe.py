"""The observer's act: both parties' notes and the ledger put together into one trace. No party could do it.

Both parties run the same program, so their notes of one operation stand at the same place between the messages. What
only one of them has (a local computation) is a step of that party alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from math import inf
from operator import attrgetter

from ..mpc.lazy import Lazy
from ..mpc.ledger import Ledger, Message, Stream
from ..mpc.traced import Notes
from ..mpc.traced.numbers import Note
from .formulas import COMMON, EXPANDED, IGNORED, KINDS, PARTS, SHIFTING, TTP, Part
from .garbage import uncollected
from .steps import BOTH, SEES, Number, Record, Sent, Step, Task

Pair = tuple[Note | None, Note | None]
"""An operation as noted by rank 0 and by rank 1."""


@uncollected()
def observe(
    level: str,
    ledgers: Mapping[str, Ledger],
    notes: Mapping[str, Sequence[Notes]],
    title: str = "",
    seed: bool = False,
) -> Record:
    """The record of a job, by task id, as far as it has come."""
    tasks: list[Task] = []
    steps: list[Step] = []
    listed = [ledger.listed() for ledger in ledgers.values()]
    messages = [own for own, _ in listed]
    starts = [0, *accumulate(map(len, messages))]
    for number, (name, ledger) in enumerate(ledgers.items()):
        pair = notes.get(name, ())
        tasks.append(_task(name, ledger, messages[number], pair))
        if pair:
            places = Places(listed[number][1], starts[number])
            steps += _steps(number, [own.read() for own in pair], tasks[-1].names, places)
    remarks = ("Repeatable run with a seed: nothing in it is secret.",) if seed else ()

    def sent(seq: int) -> Sent:
        task = bisect_right(starts, seq) - 1
        return Sent(task, messages[task][seq - starts[task]])

    return Record(level, tuple(tasks), tuple(steps), Lazy(starts[-1], sent), title, remarks)


def _task(name: str, ledger: Ledger, listed: Sequence[Message], notes: Sequence[Notes]) -> Task:
    totals = tuple((*direction, total) for direction, total in ledger.totals().items())
    unlisted = len(ledger) - len(listed)
    if notes:
        first, second = notes
        left_out = first.left_out + second.left_out
        bits = first.fxp_bits or second.fxp_bits  # one party's notes may be empty: its node is elsewhere
        return Task(name, first.names, bits, second.mirrored, left_out, unlisted, totals)
    parties = sorted({name for sender, receiver, _ in totals for name in (sender, receiver)} - {"ttp"})
    return Task(name, (parties[0], parties[-1]) if parties else ("", ""), 0, False, 0, unlisted, totals)


class Places:
    """Where the messages of a task are in the trace; the first of them is at `start`."""

    def __init__(self, streams: Iterable[Stream], start: int) -> None:
        self._found: dict[tuple[str, str], list[int]] = {}
        """By party and kind, in their order."""
        for seq, (sender, receiver, kind, _) in enumerate(streams, start):
            self._found.setdefault((receiver if kind == "REPLY" else sender, kind), []).append(seq)

    def find(self, party: str, kind: str, number: int) -> int | None:
        """The place of the message that a party's notes name so; a reply has the number of its request."""
        found = self._found.get((party, "REQUEST" if kind == "REPLY" else kind), [])
        if number > len(found):
            return None
        if kind != "REPLY":
            return found[number - 1]
        replies = self._found.get((party, kind), [])
        after = bisect_right(replies, found[number - 1])
        end = found[number] if number < len(found) else inf
        return replies[after] if after < len(replies) and replies[after] < end else None


def _steps(task: int, notes: Sequence[list[Note]], names: tuple[str, str], places: Places) -> Iterator[Step]:
    """All steps of a task, in order."""
    for operation, pair in enumerate(_pairs(*notes)):
        note = pair[0] or pair[1]
        assert note is not None
        for part in EXPANDED.get(note.kind, ((note.kind, "", TTP),)):
            kind, wanted, own = part
            numbers = tuple(_numbers(pair, kind, wanted.split(), names))
            if kind == "truncate" and not any(number.name == "t" for number in numbers):
                continue
            own_messages = [
                seq
                for rank, one in enumerate(pair)
                if one is not None
                for message in _messages(one, part)
                if (seq := places.find(names[rank], *message)) is not None
            ]
            draws = note.draws if own == TTP else ()
            bits = note.bits if kind in SHIFTING else 0
            yield Step(
                task,
                kind,
                note.op,
                operation,
                note.batch,
                note.epoch,
                bits,
                numbers,
                tuple(sorted(own_messages)),
                draws,
            )


def _messages(note: Note, part: Part) -> Iterable[tuple[str, int]]:
    """The messages of a note that belong to one of the steps that it becomes."""
    if note.kind not in EXPANDED:
        return note.messages
    own = part[2]
    exchanges = [message for message in note.messages if message[0] in ("ALLGATHER", "P2P")]
    if own == TTP:
        return [message for message in note.messages if message[0] in ("REQUEST", "REPLY")]
    return exchanges[own : own + 1] if isinstance(own, int) else ()


def _numbers(pair: Pair, kind: str, wanted: list[str], names: tuple[str, str]) -> Iterator[Number]:
    """The numbers of a step, in the order in which they are wanted, else in that of the notes."""
    sees = KINDS[kind].sees
    if not wanted:
        wanted = list(dict.fromkeys(name for note in pair if note for name in note.values if name not in IGNORED))
    for entry in wanted:
        name = entry.partition(".")[0]
        source = PARTS.get(entry, entry)
        for rank, note in enumerate(pair):
            if note is None or source not in note.values:
                continue
            shape, data = note.values[source]
            if entry in COMMON:
                yield Number(name, BOTH, 3, shape, data)
                break
            seen = SEES[sees[name]] | 1 << rank
            if kind == "share" and not note.op.endswith(f" of {names[rank]}"):
                seen = 3  # the zeros of who does not own the input
            yield Number(name, rank, seen, shape, data)


def _pairs(first: list[Note], second: list[Note]) -> Iterator[Pair]:
    """Both parties' notes, brought together."""
    groups = [{key: list(group) for key, group in groupby(notes, attrgetter("segment"))} for notes in (first, second)]
    for segment in sorted(groups[0].keys() | groups[1].keys()):
        others = groups[1].get(segment, [])
        for note in groups[0].get(segment, []):
            match = next((i for i, other in enumerate(others) if (other.kind, other.op) == (note.kind, note.op)), None)
            yield note, None if match is None else others.pop(match)
        for note in others:
            yield None, note
