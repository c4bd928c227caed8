"""What a job's parties sent each other and the TTP, for people: the observer's view, which no party has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..mpc.link import Ledger, Message

if TYPE_CHECKING:
    import pandas as pd


class Trace:
    """The message ledgers of a job's tasks, in the order in which the tasks ran."""

    def __init__(self, ledgers: Mapping[str, Ledger]) -> None:
        self._ledgers = dict(ledgers)

    @property
    def messages(self) -> pd.DataFrame:
        """Every message, counted once: seq, round, task, op, sender, receiver, kind, key, dtype, shape, bytes, time.

        `bytes` is the payload, `round` the length of the longest chain of messages that had to come before, `time` in
        seconds since the task began. The ledger knows sizes, not contents. Of a long task it lists the beginning:
        `unlisted` says how many messages are missing here; `totals` has them all.
        """
        import pandas as pd

        rows = [(task, *message) for task, ledger in self._ledgers.items() for message in ledger.messages]
        frame = pd.DataFrame(rows, columns=["task", *Message._fields])
        frame.index.name = "seq"
        return frame[["round", "task", *(name for name in Message._fields if name != "round")]].reset_index()

    @property
    def unlisted(self) -> int:
        """How many messages of long tasks are counted, but not listed."""
        return sum(len(ledger) - len(ledger.messages) for ledger in self._ledgers.values())

    @property
    def totals(self) -> pd.DataFrame:
        """Messages, bytes and rounds by direction, summed over the tasks."""
        import pandas as pd

        sums: dict[tuple[str, str], list[int]] = {}
        for ledger in self._ledgers.values():
            for direction, total in ledger.totals().items():
                known = sums.get(direction, [0, 0, 0])
                sums[direction] = [a + b for a, b in zip(known, total[:3], strict=True)]
        rows = [(*direction, *total) for direction, total in sums.items()]
        return pd.DataFrame(rows, columns=["sender", "receiver", "messages", "bytes", "rounds"])

    def __repr__(self) -> str:
        return f"<Trace: {sum(len(ledger) for ledger in self._ledgers.values())} messages>"
