"""Faults around the programs of a task: in what carries their messages, in their TTP, in their files.

Programs and protocol know nothing of it. Each is told once, when it strikes.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..errors import DataError, InjectedFault, TtpError
from ..faults import Fault, damaged, parse
from ..mpc import Ttp, VerifiedMailbox
from ..mpc.door import opened
from ..mpc.inbox import Letter, Put, Slot
from ..mpc.link import key_of
from ..operators import Party
from ..texts.sentence import Sentence

_INJECTED = "Injected fault {fault}, at {at}."
_NEVER = "Injected fault {fault}: it did not come to that."

Tell = Callable[[str, Sentence], None]
"""(party, what was done)."""


class Injection:
    """The faults of one task between parties of these names, by rank; `tell` says of each that it was injected."""

    def __init__(self, text: str, names: tuple[str, str], tell: Tell) -> None:
        self.names = names
        self._left, self._tell = list(parse(text)), tell
        self._counts: Counter[tuple[str, str]] = Counter()
        self._boxes = 0

    def take(self, place: str, party: str) -> list[Fault]:
        """Count one more at a place, of a party; what is to happen now."""
        for whose in (party, ""):
            self._counts[place, whose] += 1
        due = [one for one in self._left if one.place == place and self._counts[place, one.party] == one.number]
        due = [one for one in due if one.party in ("", party)]
        self._left = [one for one in self._left if one not in due]
        return due

    def put_off(self, kind: str, due: list[Fault]) -> list[Fault]:
        """What is due, without the faults of a kind, which are due when the next one is counted."""
        self._left += [one._replace(number=one.number + 1) for one in due if one.kind == kind]
        return [one for one in due if one.kind != kind]

    def tell(self, fault: Fault, party: str, key: str = "") -> None:
        """Say that a fault was injected."""
        if fault.place in ("message", "program"):
            at = Sentence("{key} from {party}", key=key, party=party)
        elif fault.place == "ttp":
            at = Sentence("request {number} to the TTP", number=fault.number)
        else:
            at = Sentence("a file of {party}", party=party)
        self._tell(party, Sentence(_INJECTED, fault=str(fault), at=at))

    def finish(self) -> None:
        """The task has ended: some faults have had no occasion."""
        for fault in self._left:
            self._tell(fault.party or self.names[0], Sentence(_NEVER, fault=str(fault)))

    def mailbox(self) -> VerifiedMailbox:
        """The inbox of rank 0, then that of rank 1."""
        self._boxes += 1
        return _Mailbox(self, 2 - self._boxes)

    def ttp(self, ttp: Ttp) -> Ttp:
        """A TTP with these faults."""
        return cast("Ttp", _FaultyTtp(ttp, self))

    def party(self, *arguments: Any) -> Party:
        """A party with these faults in its files."""
        return _FaultyParty(*arguments, injection=self)


class _Mailbox(VerifiedMailbox):
    """An inbox on whose way messages of a rank meet faults."""

    def __init__(self, injection: Injection, sender: int) -> None:
        super().__init__()
        self._injection, self._sender = injection, sender
        self._earlier: dict[tuple[type, Any], Any] = {}
        self._held: list[tuple[Slot, Letter]] = []
        self._late: list[tuple[Slot, Letter]] = []
        self._lay: Put = super().door()

    def door(self) -> Put:
        """For who sends."""
        return opened(self._passing())

    def _passing(self) -> Generator[None, tuple[Slot, Letter], None]:
        while True:
            posted = yield
            self._pass(*posted)

    def _pass(self, slot: Slot, letter: Letter) -> None:
        injection, party = self._injection, self._injection.names[self._sender]
        for fault in injection.take("program", party):
            injection.tell(fault, party, key_of(slot, self._sender))
            raise InjectedFault(f"the program of {party} fails on purpose: {fault}")
        payload, round = letter
        shape = type(payload), np.shape(payload) if isinstance(payload, np.ndarray) else len(payload)
        waiting, self._held = self._held, []
        kinds = injection.take("message", party)
        if shape not in self._earlier:  # nothing of this form to say again: with the next message, then
            kinds = injection.put_off("replay", kinds)
        for fault in kinds:
            injection.tell(fault, party, key_of(slot, self._sender))
            if fault.kind in ("flip", "truncate", "random"):
                payload = damaged(fault, payload)
            elif fault.kind == "replay":
                payload = self._earlier[shape]
        self._earlier[shape] = payload
        self._send({fault.kind for fault in kinds}, (slot, (payload, round)))
        for posted in waiting:
            self._lay(posted)

    def _send(self, kinds: set[str], posted: tuple[Slot, Letter]) -> None:
        if "drop" in kinds:
            return
        if "reorder" in kinds:
            self._held.append(posted)
        elif "delay" in kinds or self._late:  # what comes behind it waits with it
            self._late.append(posted)
        else:
            self._lay(posted)
            if "duplicate" in kinds:
                self._lay(posted)

    def wait_for(self, slot: Slot) -> Iterable[Slot]:
        """As any inbox; what is delayed comes when it was missed."""
        waits_for = super().wait_for(slot)
        late, self._late = self._late, []
        for posted in late:
            self._lay(posted)
        return waits_for


class _FaultyTtp:
    """A TTP, some of whose replies meet faults. All that it does else is the TTP's."""

    def __init__(self, ttp: Ttp, injection: Injection) -> None:
        self._ttp, self._injection = ttp, injection

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._ttp, name)
        if not name.startswith("adjust"):
            return function

        def asked(session_id: str, *arguments: Any, **options: Any) -> Any:
            faults = self._injection.take("ttp", "ttp")
            for fault in faults:
                self._injection.tell(fault, "ttp")
                if fault.kind == "ttp-error":
                    raise TtpError(f"the TTP refuses a request on purpose: {fault}")
                if fault.kind == "ttp-lost":
                    for _ in self._injection.names:
                        self._ttp.delete_session(session_id)
            reply = function(session_id, *arguments, **options)
            for fault in faults:
                reply = damaged(fault, reply)
            return reply

        return asked


@dataclass(frozen=True)
class _FaultyParty(Party):
    """A party whose files meet faults."""

    injection: Injection = field(kw_only=True, repr=False)

    def input(self, name: str) -> Path:
        """Where the input of this name lies, if it may be read."""
        path = super().input(name)
        for fault in self.injection.take("input", self.domain):
            self.injection.tell(fault, self.domain)
            what = f"the file cannot be read: {os.strerror(errno.EACCES)}"
            raise DataError(what, where=self.shown(path), hint="look who may read it")
        return path

    @contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """What is written meets a disk without room, or one on which this party may not write."""
        with super().writing(path):
            for fault in self.injection.take("output", self.domain):
                self.injection.tell(fault, self.domain)
                code = errno.ENOSPC if fault.kind == "disk-full" else errno.EACCES
                raise OSError(code, os.strerror(code), str(path))
            yield
