"""ecdh_psi: which ids both parties have, found out without telling any other (spec: bfia §4).

Private set intersection by commutative blinding [Meadows 1986; Huberman, Franklin, Hogg 1999]: see `exchange` for the
messages and `curve` for the arithmetic.
"""

from __future__ import annotations

import json
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.description import write_description
from ...data.files import write_atomically
from ...data.records import Records, read_records
from ...errors import DataError
from ...mpc import BlockPrg, Link
from ...texts.sentence import Sentence
from ..component import Component
from ..ids import check_unique, checked_ids
from ..parameter import check_equal, read_all
from ..party import Operator, Party
from ..schema import read_like
from .curve import Scalar, hashed
from .exchange import Blinded, Terms, blind_twice, note
from .parameters import AGREED, PARAMETERS

_BLANKS = "{domain}: {count:,} ids have blanks around them, which are left out"
_BOTH = (
    "{first} ({rows:,} rows) and {second} ({others:,} rows) have {common:,} ids in common. "
    "Both know now which ones, and how many rows the other one has; of all other ids they have seen random numbers."
)
_ONE = "{receiver} alone knows now which ids of {first} ({rows:,} rows) and {second} ({others:,} rows) are the same."
_NONE_IN_COMMON = (
    "ids are compared as texts, so that 007 is not 7: look whether both columns have the same kind of ids, and name"
    " another one with id_column"
)


async def ecdh_psi(party: Party) -> None:
    """Two parties find out which ids both of them have, and bring those rows into one order.

    Each party's file has a column of ids, which are texts that occur once. Its output is the rows whose ids both
    parties have, with the ids first: row 1 of one output belongs to row 1 of the other, as ss_lr needs it. The order
    is that of the ids' twice blinded points: random, new in every run, and known to whoever knows the result.

    Each party learns which of its ids the other one has, so how many these are, and how many rows the other one has. Of
    the other ids it learns nothing but how many of their hashes are points of the curve itself, about half of them.
    With result_to_rank, one party alone learns the ids; the other one learns the number of rows, and gets no rows.
    """
    values = read_all(PARAMETERS, party.parameters, "ecdh_psi")
    path, column = party.input("train_data"), values["id_column"] or values["field_names"]
    shown = f"{party.shown(path)}, column {column}"
    records = read_records(path, values["skip_rows"], party.shown(path), column)
    ids = _ids(party, records, shown)

    terms = await _shake_hands(party, values, len(ids))
    order = np.argsort(BlockPrg(party.seeds.draw("order")).draw(len(ids)))
    points = hashed([ids[i] for i in order])
    secret = party.seeds.draw("scalar") + party.seeds.draw("scalar, second half")
    with Scalar(secret, terms.own + terms.peers) as scalar:
        own, peers = await blind_twice(party.link, scalar, points, terms, party.progress)
    rows = order[_common(party.link, own, peers)]
    if terms.i_learn and not len(rows):
        what = f"{' and '.join(party.domains)} have no id in common"
        raise DataError(what, where=shown, hint=_NONE_IN_COMMON)
    _write(party, records.write(rows, ids), {"id_column": column, "columns": records.names, "rows": len(rows)})
    party.note(_learned(party, terms, len(rows)))


def _ids(party: Party, records: Records, shown: str) -> list[str]:
    """The ids of all rows, without blanks around them; a DataError, if they are not fit to be compared."""
    ids = checked_ids(records.ids, shown, records.skip_rows)
    check_unique(ids, shown, records.skip_rows)
    party.log(f"read {len(ids)} ids from {shown}")
    if count := sum(map(operator.ne, ids, records.ids)):
        party.warn(Sentence(_BLANKS, domain=party.domain, count=count))
    return ids


async def _shake_hands(party: Party, values: dict[str, Any], rows: int) -> Terms:
    """What both parties bring, once they have agreed on the terms. No name of a column is told."""
    mine = {"rows": rows, "parameters": {name: values[name] for name in AGREED}}
    await party.link.send(json.dumps(mine).encode(), "handshake")
    theirs = await party.link.receive_as(read_like(mine), "handshake")
    first, second = (theirs, mine) if party.link.rank else (mine, theirs)
    check_equal(first["parameters"], second["parameters"], party.domains)
    receiver, rank = int(values["result_to_rank"]), party.link.rank
    return Terms(rows, theirs["rows"], receiver in (-1, rank), receiver in (-1, 1 - rank))


def _common(link: Link, own: Blinded, peers: Blinded) -> NDArray[np.int64]:
    """Where in `own` the points are that both have, in the order of the points: the same one at both parties."""
    common, mine, _ = np.intersect1d(own, peers, assume_unique=True, return_indices=True)
    note(link, "compare", "compare", own, peers, common)
    return mine


def _write(party: Party, content: bytes, description: dict[str, Any]) -> None:
    """The output, after its description."""
    path = party.output("train_data")
    with party.writing(path):
        write_description(path, {"task_id": party.task_id, "party": party.role, "rank": party.link.rank, **description})
        write_atomically(path, content)
    party.log(f"wrote {description['rows']} rows to {party.shown(path)}")


def _learned(party: Party, terms: Terms, common: int) -> Sentence:
    """Who knows what now; the same sentence at both parties."""
    first, second = party.domains
    rows, others = (terms.peers, terms.own) if party.link.rank else (terms.own, terms.peers)
    if terms.i_learn and terms.peer_learns:
        return Sentence(_BOTH, first=first, second=second, rows=rows, others=others, common=common)
    receiver = party.domain if terms.i_learn else next(one for one in party.domains if one != party.domain)
    return Sentence(_ONE, receiver=receiver, first=first, second=second, rows=rows, others=others)


ECDH_PSI = Operator(
    Component("ecdh_psi", "ecdh-psi", inputs=("train_data",), outputs=("train_data",)),
    ecdh_psi,
    image="ecdh-psi",
    parameters=PARAMETERS,
)
