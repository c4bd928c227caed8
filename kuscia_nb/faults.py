"""Faults to inject into a job on purpose, to see what is noticed of them: `%%kusciajob --inject "drop:7"`.

A fault is written `KIND:NUMBER@PARTY#SEED`, several with commas between them:

    drop:7                  the 7th message of each task never arrives
    flip:3@alice            one bit of the 3rd message that alice sends is another one
    truncate:3@alice#5      that message is cut, at the place that seed 5 chooses
    ttp-wrong:2             one bit of the TTP's 2nd reply is another one
    disk-full@bob           bob's node has no room for what he writes

`KINDS` has all of them. Without a party, messages are counted in the order in which both send them; without a number
it is the first one. The TTP's replies are nobody's, and a file has no number. The same fault does the same to the same
job.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import KusciaError
from .problems import choice

if TYPE_CHECKING:
    import numpy as np


class Kind(NamedTuple):
    """A kind of fault."""

    place: str
    """message, program, ttp, input or output."""
    means: str


KINDS = {
    "drop": Kind("message", "it never arrives"),
    "delay": Kind("message", "it arrives when it was missed"),
    "duplicate": Kind("message", "it arrives twice"),
    "reorder": Kind("message", "it arrives after the next one of its sender"),
    "flip": Kind("message", "one of its bits is another one"),
    "truncate": Kind("message", "it is cut"),
    "replay": Kind("message", "it has the content of an earlier one of its sender, of the same shape"),
    "random": Kind("message", "it has random content"),
    "fail": Kind("program", "the program that sends it fails instead"),
    "ttp-error": Kind("ttp", "the TTP refuses a request for corrections"),
    "ttp-lost": Kind("ttp", "the TTP has lost the session when it is asked"),
    "ttp-wrong": Kind("ttp", "one bit of the TTP's reply is another one"),
    "unreadable": Kind("input", "a party may not read its input"),
    "unwritable": Kind("output", "a party may not write its result"),
    "disk-full": Kind("output", "there is no room for a party's result"),
}
"""By name."""

_COUNTED = ("message", "program", "ttp")
"""Places where faults have a number."""
_FORM = re.compile(
    r"(?P<kind>[a-z-]+)(:(?P<number>[1-9]\d{0,8}))?(@(?P<party>[^\s:@,#]+))?(#(?P<seed>\d{1,9}))?", re.ASCII
)


class Fault(NamedTuple):
    """A fault, as it was written."""

    kind: str
    number: int = 1
    """Of the message, or the request to the TTP."""
    party: str = ""
    """Whose: a domain; empty for both."""
    seed: int = 0

    def __str__(self) -> str:
        counted = self.place in _COUNTED
        parts = (self.kind, f":{self.number}" * counted, f"@{self.party}" * bool(self.party))
        return "".join(parts) + f"#{self.seed}" * bool(self.seed)

    @property
    def place(self) -> str:
        """message, program, ttp, input or output."""
        return KINDS[self.kind].place

    def drawing(self) -> random.Random:
        """Where what is left open comes from."""
        return random.Random(str(self))


def parse(text: str) -> tuple[Fault, ...]:
    """The faults in a text. A KusciaError says what is none."""
    if not isinstance(text, str):
        raise KusciaError(f"{text!r} is no fault", hint='a text, such as "drop:7"')
    return tuple(_fault(one.strip()) for one in text.split(","))


def _fault(text: str) -> Fault:
    found = _FORM.fullmatch(text)
    if found is None:
        raise KusciaError(f"{text!r} is no fault", hint='KIND:NUMBER@PARTY, such as "drop:7" or "flip:3@alice"')
    if found["kind"] not in KINDS:
        raise KusciaError(f"there is no fault {found['kind']!r}", hint=choice(found["kind"], KINDS))
    place = KINDS[found["kind"]].place
    if found["number"] and place not in _COUNTED:
        raise KusciaError(f"{text!r} has a number, and strikes at a file", hint=text.replace(f":{found['number']}", ""))
    if found["party"] and place == "ttp":
        what = f"{text!r} has a party, and strikes at a reply of the TTP"
        raise KusciaError(what, hint=text.replace(f"@{found['party']}", ""))
    return Fault(found["kind"], int(found["number"] or 1), found["party"] or "", int(found["seed"] or 0))


def check(text: str, parties: Iterable[str]) -> None:
    """That each fault in a text has its party among those of a job. A KusciaError says which has not."""
    parties = sorted({*parties})
    for fault in parse(text):
        if fault.party and fault.party not in parties:
            what = f"{str(fault)!r} cannot come to this job: {fault.party} is not a party of it"
            raise KusciaError(what, hint=choice(fault.party, parties))


def damaged(fault: Fault, payload: Any) -> Any:
    """A payload of a message or a reply, an array or bytes, as a fault leaves it: flip, truncate or random."""
    import numpy as np

    if isinstance(payload, list):
        return [damaged(fault, payload[0]), *payload[1:]]
    content = np.frombuffer(bytes(payload) if isinstance(payload, bytes) else payload.tobytes(), np.uint8).copy()
    draw = fault.drawing()
    if fault.kind == "truncate":
        return _cut(payload, draw)
    if fault.kind == "random":
        content[:] = np.frombuffer(draw.randbytes(content.size), np.uint8)
    elif content.size:
        content[draw.randrange(content.size)] ^= 1 << draw.randrange(8)
    if isinstance(payload, bytes):
        return content.tobytes()
    return content.view(payload.dtype).reshape(payload.shape)


def _cut(payload: bytes | np.ndarray[Any, Any], draw: random.Random) -> Any:
    if isinstance(payload, bytes):
        return payload[: draw.randrange(max(len(payload), 1))]
    return payload.reshape(-1)[: draw.randrange(max(payload.size, 1))].copy()
