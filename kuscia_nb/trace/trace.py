"""What a job's parties sent each other and the TTP, and what they computed: the observer's view, which no party has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import KusciaError
from ..mpc.ledger import Ledger, Message, Total
from ..mpc.traced import Notes
from .columns import pack
from .file import load, save
from .observe import observe
from .steps import Record
from .view import View

if TYPE_CHECKING:
    import pandas as pd

FULL = 'trace="full" (%%kusciajob --trace full) records the numbers of every step'


class Trace:
    """The messages of a job, and with trace="full" every step of both parties.

    `messages` and `totals` are frames; `steps` is one, too. `view("alice")` shows the same as alice sees it. `save`
    writes it all into one file, which `Trace.load` reads, without the job and its cluster. In a notebook a trace shows
    itself step by step.
    """

    def __init__(self, record: Record | Callable[[], Record], ledgers: Mapping[str, Ledger] | None = None) -> None:
        self._record = record
        self._ledgers = ledgers
        """Those of a job, for what can be had without putting everything together."""

    @classmethod
    def observe(
        cls,
        level: str,
        ledgers: Mapping[str, Ledger],
        notes: Mapping[str, Sequence[Notes]],
        title: str = "",
        *,
        seed: bool = False,
    ) -> Trace:
        """The trace of a job as far as it has come: ledgers and both parties' notes, by task."""
        return cls(partial(observe, level, ledgers, notes, title, seed), ledgers)

    @cached_property
    def record(self) -> Record:
        """The plain data, put together when it is first asked for."""
        return self._record if isinstance(self._record, Record) else self._record()

    @classmethod
    def load(cls, path: str | Path) -> Trace:
        """Read a saved trace; KusciaError, if the file is none. Nothing in the file is executed."""
        return cls(load(path))

    def save(self, path: str | Path) -> Path:
        """Write the trace into a file; by custom its name ends in .trace. Whoever has the file sees everything."""
        return save(self.record, path)

    @property
    def level(self) -> str:
        """full, sizes or off."""
        return self.record.level

    @property
    def left_out(self) -> str:
        """What of a long run is not in the trace, as text; empty if all is."""
        return self.record.left_out

    @property
    def messages(self) -> pd.DataFrame:
        """Every message, counted once: seq, round, task, op, sender, receiver, kind, key, dtype, shape, bytes, time.

        `bytes` is the payload, `round` the length of the longest chain of messages that had to come before, `time` in
        seconds since the task began. Of a long task the frame lists the beginning: `unlisted` says how many messages
        are missing here; `totals` has them all.
        """
        import pandas as pd

        rows = [(task, *message) for task, messages in self._messages() for message in messages]
        frame = pd.DataFrame(rows, columns=["task", *Message._fields])
        frame.index.name = "seq"
        return frame[["round", "task", *(name for name in Message._fields if name != "round")]].reset_index()

    @property
    def unlisted(self) -> int:
        """How many messages of long tasks are counted, but not listed."""
        if self._ledgers is not None:
            return sum(len(ledger) - len(ledger.messages) for ledger in self._ledgers.values())
        return sum(task.unlisted for task in self.record.tasks)

    @property
    def totals(self) -> pd.DataFrame:
        """Messages, bytes and rounds by direction, summed over the tasks. With trace="off" nothing is counted."""
        import pandas as pd

        sums: dict[tuple[str, str], list[int]] = {}
        for direction, total in self._totals():
            known = sums.get(direction, [0, 0, 0])
            sums[direction] = [a + b for a, b in zip(known, total[:3], strict=True)]
        rows = [(*direction, *total) for direction, total in sums.items()]
        return pd.DataFrame(rows, columns=["sender", "receiver", "messages", "bytes", "rounds"])

    def _messages(self) -> Iterable[tuple[str, Iterable[Message]]]:
        if self._ledgers is not None:
            return ((task, ledger.messages) for task, ledger in self._ledgers.items())
        return ((self.record.tasks[task].id, (message,)) for task, message in self.record.messages)

    def _totals(self) -> Iterable[tuple[tuple[str, str], Total]]:
        if self._ledgers is not None:
            return (item for ledger in self._ledgers.values() for item in ledger.totals().items())
        return (((sender, receiver), total) for task in self.record.tasks for sender, receiver, total in task.totals)

    @property
    def steps(self) -> pd.DataFrame:
        """Every step: seq, task, kind, op, batch, epoch, formula, numbers as the observer sees them.

        Batches and epochs count from 1; 0 stands for outside of training.
        """
        return self.view("observer").steps

    def view(self, who: str) -> View:
        """The same as alice, bob, ttp or observer sees it; what is hidden from them is the word "hidden".

        It is a way of looking, not a protection: the trace has everything.
        """
        if self.level != "full":
            raise KusciaError(f"this trace has no numbers: its level is {self.level}", hint=FULL)
        return View(self.record, who)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of everything but times and task ids: runs with the same seed and data have the same one."""
        header, arrays = pack(self.record)
        header["tasks"] = [task | {"id": ""} for task in header["tasks"]]
        digest = hashlib.sha256(repr(header).encode())
        for name, array in arrays.items():
            if name != "message_time":
                digest.update(array.tobytes())
        return digest.hexdigest()

    def diagram(self, start: int | None = None, count: int = 12, *, format: str = "svg") -> str | bytes:
        """A sequence diagram of some messages: an SVG text, or with format="png" a picture (needs matplotlib)."""
        from ..views.trace_diagram import diagram

        return diagram(self.record, start, count, format)

    def widget(self, locale: str = "") -> Any:
        """The viewer as a widget, also when a notebook would show the static form (needs the extra `trace`)."""
        from ..views.trace_viewer import widget

        return widget(self.record, locale)

    def __repr__(self) -> str:
        from ..views.trace_text import text

        return text(self.record)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        from ..views.trace_viewer import bundle

        return bundle(self.record)
