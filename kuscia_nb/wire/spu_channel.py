"""yacl's channel between two parties: which messages there are, in which order, and what was taken. No socket in here.

Every data message has a number, from 1, behind its key: `root:3:ALLGATHER`, the bytes 01 02, and `7`. Whoever takes a
message from its box acknowledges the number, and nobody has more than a *window* of messages under way that were not
acknowledged. Large values travel in parts, in any order; what comes twice is dropped. At the end each party says how
many messages it has sent (FIN), and has to wait for the other's, all of its messages, and all acknowledgements
(spec: ss_lr §6a).

Without numbers (`disable_msg_seq_id`) keys are plain, nothing is acknowledged, and there is no window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from . import push
from .protobuf import Buffer
from .push import Push

_MARK = "\x01\x02"
_ACK, _FIN = "ACK" + _MARK, "FIN" + _MARK
_AHEAD = 2**16
"""How far the number of a message may be ahead of those that have arrived."""
_REMEMBERED = 4096


class Bounds(NamedTuple):
    """What a peer may make this party hold."""

    keys: int = 4096
    """Messages that were not taken, and messages of which a part has come."""
    bytes: int = 2**30
    """Of all of them together."""


BOUNDS = Bounds()


class UnknownSender(ValueError):
    """A push of somebody who is not the peer."""


class Outgoing(NamedTuple):
    """A push as it leaves: all of the message, the value apart."""

    head: bytes
    value: memoryview | None

    @property
    def length(self) -> int:
        """Bytes of both."""
        return len(self.head) + (0 if self.value is None else len(self.value))


class _Parts:
    """A message that comes in parts."""

    def __init__(self, total: int) -> None:
        self.value = bytearray(total)
        self.missing = total
        self._taken: dict[int, int] = {}

    def add(self, part: Push) -> None:
        """One of them; again is fine."""
        if part.total != len(self.value):
            raise ValueError(f"parts of {part.key!r} disagree about its length: {part.total} and {len(self.value)}")
        offset, length = part.offset, len(part.value)
        if self._taken.get(offset) == length:
            return
        if any(start < offset + length and offset < start + size for start, size in self._taken.items()):
            raise ValueError(f"parts of {part.key!r} overlap at {offset}")
        self._taken[offset] = length
        self.value[offset : offset + length] = part.value
        self.missing -= length


class SpuChannel:
    """One party's end of a channel."""

    def __init__(
        self, rank: int, *, numbered: bool = True, window: int = 10, part: int = 2**20, bounds: Bounds
    ) -> None:
        self._rank, self._numbered, self._part, self._bounds = rank, numbered, part, bounds
        self._window = window if numbered else 0
        self.connected = False
        """Whether the peer has said that it is there."""
        self._waiting: deque[tuple[str, memoryview]] = deque()
        self._sent = 0
        self._acknowledged: set[int] = set()
        self._due: list[int] = []
        self._letters: dict[str, tuple[bytes, int]] = {}
        self._parts: dict[str, _Parts] = {}
        self._held = 0
        self._low, self._seen = 0, set[int]()  # all numbers up to the first have arrived, and those in the second
        self._taken: deque[str] = deque(maxlen=_REMEMBERED)  # keys, where messages have no numbers
        self._closing = False
        self._peers_count: int | None = None

    # What leaves.

    def hello(self) -> Outgoing:
        """That this party is there; it may be said more than once."""
        return self._whole(f"connect_{self._rank}{_MARK}0", b"")

    def post(self, key: str, value: Buffer) -> None:
        """Put a message behind those that wait to leave. Its value is given away until then."""
        self._waiting.append((key, memoryview(value).cast("B") if len(value) else memoryview(b"")))

    def leaving(self) -> Iterator[Outgoing]:
        """What may leave now: acknowledgements, and what the window has room for."""
        for number in self._due:
            yield self._whole(_ACK, str(number).encode())
        self._due.clear()
        while self._waiting and not (self._window and self._sent - len(self._acknowledged) >= self._window):
            key, value = self._waiting.popleft()
            self._sent += 1
            yield from self._cut(f"{key}{_MARK}{self._sent}" if self._numbered else key, value)

    @property
    def held_back(self) -> bool:
        """Whether something waits for acknowledgements before it may leave."""
        return bool(self._waiting)

    def finish(self) -> Iterator[Outgoing]:
        """The last words, once all messages have left; from now on what comes is acknowledged as it comes."""
        self._closing = True
        self._due += [number for _, number in self._letters.values()] if self._numbered else []
        self._letters.clear()
        yield from self.leaving()
        yield self._whole(_FIN, str(self._sent if self._numbered else 0).encode())

    @property
    def finished(self) -> bool:
        """Whether the peer has said its last words, and both have all of each other's messages."""
        if self._peers_count is None:
            return False
        return not self._numbered or (self._low >= self._peers_count and len(self._acknowledged) >= self._sent)

    def _whole(self, key: str, value: bytes) -> Outgoing:
        return Outgoing(push.head(self._rank, key, len(value)) + value, None)

    def _cut(self, key: str, value: memoryview) -> Iterator[Outgoing]:
        total, part = len(value), self._part
        if total <= part:
            yield Outgoing(push.head(self._rank, key, total), value)
            return
        for offset in range(0, total, part):
            piece = value[offset : offset + part]
            yield Outgoing(push.head(self._rank, key, len(piece), total, offset), piece)

    # What comes.

    def take(self, key: str) -> bytes | None:
        """A message, if it is there: it is acknowledged by the next that leaves."""
        letter = self._letters.pop(key, None)
        if letter is None:
            return None
        value, number = letter
        self._held -= len(value)
        if self._numbered:
            self._due.append(number)
        else:
            self._taken.append(key)
        return value

    def unread(self) -> list[str]:
        """The keys of messages that have come and were not taken."""
        return list(self._letters)

    def receive(self, part: Push) -> None:
        """What the peer has pushed. ValueError says what is wrong with it."""
        if part.sender != 1 - self._rank:
            same = " as this party is" if part.sender == self._rank else ""
            raise UnknownSender(f"the sender says that it is rank {part.sender}{same}")
        key, mark, suffix = part.key.partition(_MARK)
        if key == "ACK" and mark and not suffix:
            return self._acknowledge(_count(part.value))
        if key == "FIN" and mark and not suffix:
            self._peers_count = _count(part.value)
            return None
        if key == f"connect_{part.sender}":
            self.connected = True
            return None
        if bool(mark) != self._numbered:
            has, wants = ("a", "none") if mark else ("no", "one")
            raise ValueError(f"the key {part.key!r} has {has} number, and this end sends {wants} (disable_msg_seq_id)")
        number = _number(suffix) if mark else 0
        if not self._known(key, number):
            self._add(part, key, number)
        return None

    def _known(self, key: str, number: int) -> bool:
        """Whether a whole message has come already."""
        if not self._numbered:
            return key in self._letters or key in self._taken
        if number > self._low + _AHEAD:
            raise ValueError(f"message number {number} is far ahead of {self._low}, up to which all have come")
        return number <= self._low or number in self._seen

    def _add(self, part: Push, key: str, number: int) -> None:
        if part.total is None:
            self._hold(len(part.value))
            return self._deliver(key, number, bytes(part.value))
        parts = self._parts.get(part.key)
        if parts is None:
            self._hold(part.total)
            parts = self._parts[part.key] = _Parts(part.total)
        parts.add(part)
        if not parts.missing:
            del self._parts[part.key]
            self._deliver(key, number, bytes(parts.value))
        return None

    def _hold(self, size: int) -> None:
        keys, largest = self._bounds
        if len(self._letters) + len(self._parts) >= keys:
            raise ValueError(f"more than {keys:,} messages that nobody has asked for")
        if self._held + size > largest:
            raise ValueError(f"a message of {size:,} bytes, with {self._held:,} waiting; allowed: {largest:,}")
        self._held += size

    def _deliver(self, key: str, number: int, value: bytes) -> None:
        if self._numbered:
            self._seen.add(number)
            while self._low + 1 in self._seen:
                self._low += 1
                self._seen.remove(self._low)
        if self._closing:
            self._held -= len(value)
            self._due += [number] if self._numbered else []
        elif key in self._letters:
            raise ValueError(f"a second message with the key {key!r}")
        else:
            self._letters[key] = value, number

    def _acknowledge(self, number: int) -> None:
        if not 0 < number <= self._sent:
            raise ValueError(f"message {number} is acknowledged, and {self._sent} were sent")
        self._acknowledged.add(number)


def _count(value: memoryview) -> int:
    text = bytes(value[:20])
    if len(value) > 20 or not text.isdigit():
        raise ValueError("an acknowledgement or an end without a number")
    return int(text)


def _number(suffix: str) -> int:
    if not (suffix.isascii() and suffix.isdigit()) or len(suffix) > 20 or int(suffix) < 1:
        raise ValueError(f"{suffix[:20]!r} is no number of a message")
    return int(suffix)
