"""Finding out whether each message has come as it was sent: both ends keep a running digest, and compare at the end.

A party digests what it sends as it sends it, and what it receives as it takes it, each kind of message in its own
order. With these digests goes one of what they have checked of the TTP (see `sacrifice`).

What a digest has of a long message is a tag, by a key of what was digested before. A fault that does not depend on
that key leaves the tag as it is with probability 2^-100 at most, for anything below 4 GB (GHASH: blocks of 16 bytes,
times 2^-128). Neither digests nor keys are secrets: this finds faults, not somebody between the parties who can change
the last messages, too.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..errors import UnexpectedMessage, WrongTriple
from .inbox import Letter, LockstepMailbox, Put, Slot
from .link import Link
from .payload import Payload
from .zeros import Zeros

T = TypeVar("T")
Compare = Callable[[], Coroutine[Any, Any, tuple[int, int]]]
"""Compares with the peer what both have sent, received and checked; how many messages and checks that were."""

_HINT = "what carries the messages; start the job again, for nothing of this one can be relied upon"
_COUNT = struct.Struct("<Q")
_SIZE = 16
"""Bytes of a digest."""
LONG = 2**14
"""Bytes from which on it is a message's tag that is digested: BLAKE2b would take up to twenty times as long."""


class Digest:
    """Of all messages of one direction; their types and shapes are compared with what is expected anyway."""

    def __init__(self) -> None:
        self._hashes = {kind: hashlib.blake2b(digest_size=_SIZE) for kind in (int, tuple)}  # collective, p2p
        self._updates = {kind: one.update for kind, one in self._hashes.items()}
        self.count = 0
        """How many messages that were."""

    def add(self, slot: Slot, payload: Payload) -> None:
        """One more message."""
        self.count += 1
        kind = type(slot)
        if isinstance(payload, bytes):
            content, size = payload, len(payload)
        else:
            content, size = payload.data if payload.flags.c_contiguous else payload.tobytes(), payload.nbytes
        if size >= LONG:
            content = _tag(self._hashes[kind].digest(), memoryview(content).cast("B"))
        self._updates[kind](content)

    def now(self) -> bytes:
        """For comparing: the number of messages, and both digests as they are now."""
        return _COUNT.pack(self.count) + b"".join(one.digest() for one in self._hashes.values())


_LENGTH = _COUNT.size + 2 * _SIZE


class _Letters(dict[Slot, Letter]):
    """What lies in an inbox, and is digested as it is taken."""

    def __init__(self, taken: Digest) -> None:
        super().__init__()
        self._taken = taken

    def __delitem__(self, slot: Slot) -> None:
        self._taken.add(slot, self[slot][0])
        super().__delitem__(slot)

    def pop(self, slot: Slot) -> Letter:  # type: ignore[override]
        letter = super().pop(slot)
        self._taken.add(slot, letter[0])
        return letter


class VerifiedMailbox(LockstepMailbox):
    """An inbox that digests what is taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = Digest()
        self.letters = _Letters(self.taken)


def verified(link: Link, inbox: VerifiedMailbox) -> Compare:
    """Let a link, whose inbox that is, digest what it sends from now on, and what the TTP gives be checked.

    What it returns compares in the end: both parties await it when their programs have come to theirs, and get the
    numbers of messages and of checks. UnexpectedMessage, if a message has not come as it was sent, names the direction;
    WrongTriple, if all have, and the TTP was wrong.
    """
    sent, zeros = Digest(), Zeros(link.rank)
    link.deliver, link.zeros = _digesting(sent, link.deliver), zeros

    async def compare() -> tuple[int, int]:
        mine, count = sent.now() + inbox.taken.now(), sent.count + inbox.taken.count
        told = mine + zeros.now()
        theirs = await link.exchange_bytes(told + _sum(told), "digests of all messages", len(told) + _SIZE)
        theirs, checked = theirs[:-_SIZE], theirs[-_SIZE:]
        if _sum(theirs) != checked:  # of nothing that stands in it, neither the TTP nor a direction, can be relied upon
            what = f"what {link.name} got from {link.peer} is not what {link.peer} has sent: the digests themselves"
            raise UnexpectedMessage(what, hint=_HINT)
        directions = (
            (link.name, link.peer, mine[:_LENGTH], theirs[_LENGTH : 2 * _LENGTH]),
            (link.peer, link.name, theirs[:_LENGTH], mine[_LENGTH:]),
        )
        for sender, receiver, given, got in directions:
            if given != got:
                (were_sent,), (were_taken,) = _COUNT.unpack_from(given), _COUNT.unpack_from(got)
                what = f"what {receiver} got from {sender} is not what {sender} has sent"
                if were_sent != were_taken:
                    what += f": {were_sent} messages were sent, {were_taken} taken"
                raise UnexpectedMessage(f"{what}; their digests differ", hint=_HINT)
        if theirs[2 * _LENGTH :] != zeros.now():
            first, second = (link.peer, link.name) if link.rank else (link.name, link.peer)
            what = f"{first} and {second} got a product of the TTP that is not that of its factors"
            raise WrongTriple(what, hint="look who runs the TTP, and start the job again with another one")
        return count, zeros.count

    return compare


def _tag(before: bytes, message: memoryview) -> bytes:
    """AES-GMAC of a long message; the key is the digest of what came before."""
    tag = Cipher(algorithms.AES(before), modes.GCM(bytes(12))).encryptor()
    tag.authenticate_additional_data(message)
    tag.finalize()
    return tag.tag


def _sum(told: bytes) -> bytes:
    return hashlib.blake2b(told, digest_size=_SIZE).digest()


async def comparing(program: Coroutine[Any, Any, T], compare: Compare, tell: Callable[[int, int], None]) -> T:
    """A program, and then what `verified` returned; `tell` gets the numbers of messages and of checks."""
    result = await program
    tell(*await compare())
    return result


def _digesting(sent: Digest, deliver: Put) -> Put:
    add = sent.add

    def put(posted: tuple[Slot, Letter]) -> None:
        add(posted[0], posted[1][0])
        deliver(posted)

    return put
