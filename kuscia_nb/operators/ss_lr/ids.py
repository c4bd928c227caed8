"""Whether both parties' rows are those of the same ids, in the same order: checked by digests, not by ids.

The parties draw a salt together, and tell each other the SHA-256 of the salt and all their ids. Equal digests say that
the ids agree. Different ones say no more than that, unless a party guesses all of the peer's ids at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ...errors import DataError
from ...texts.sentence import Sentence
from ..party import Party

_UNCHECKED = (
    "Rows are taken to be in the same order: nothing checks that row 1 of {first} belongs to row 1 of {second}."
)
_RUN_PSI = "run psi first: ecdh_psi brings both files' rows into one order"


async def check_order(party: Party, both_have_ids: bool, ids: list[str] | None) -> None:
    """A DataError at both parties, if both have ids and they do not agree; a note, if there is nothing to compare."""
    first, second = party.domains
    if ids is None or not both_have_ids:
        party.note(Sentence(_UNCHECKED, first=first, second=second))
        return
    salt = party.seeds.draw("ids")
    await party.link.send(salt, "ids: salt")
    peers = await party.link.receive("ids: salt", len(salt))
    salt = peers + salt if party.link.rank else salt + peers
    in_order, as_set = _digest(salt, ids), _digest(salt, sorted(ids))
    await party.link.send(in_order + as_set, "ids: digests")
    received = await party.link.receive("ids: digests", 64)
    if received[:32] == in_order:
        party.log(f"the ids of {first} and {second} agree in all {len(ids)} rows")
        return
    what = "have the same ids in another order" if received[32:] == as_set else "do not have the same ids"
    raise DataError(f"the rows of {first} and {second} {what}", hint=_RUN_PSI)


def _digest(salt: bytes, ids: Iterable[str]) -> bytes:
    """Of ids and where each one ends."""
    digest = hashlib.sha256(salt)
    for one in ids:
        text = one.encode()
        digest.update(len(text).to_bytes(8, "little") + text)
    return digest.digest()
