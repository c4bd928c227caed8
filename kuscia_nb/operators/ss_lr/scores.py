"""Scores of rows on shares: neither party has the other's columns or the weights, and one of them learns the scores.

    z = [X_0 | X_1] w + b        X_r: rank r's columns, scaled as in the training; w, b: shares of both

This program uses nothing that an operator of one's own could not use: `party.read_share` for the shares that an earlier
task has left, `mpc.take` to compute with them again, `mpc.open(..., to=rank)` to tell one party alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...mpc.beside import beside
from ..parameter import Parameter, check_equal, form, read_all
from ..party import Party
from ..schema import read_like
from .ids import check_order
from .metrics import Floats
from .model import TASK_ID, Given, Part
from .parameters import PARAMETERS
from .rows import held_out

_BLOCK_ELEMENTS = 2**20
"""Ring elements (8 MiB) of the matrix that are multiplied in one go."""
_SHARED = ("name", "namespace", "has_label", "label_owner", "id_column", "skip_rows", "ttp_adjust_rank")
_MODEL_TASK = "the ss_lr task of an earlier job whose model is used; left out where a task of this job is the input"


def parameters_of(*more: Parameter) -> tuple[Parameter, ...]:
    """Those of ss_lr that say what a file is like, the model, and `more`."""
    table = {parameter.name: parameter for parameter in PARAMETERS}
    task = Parameter("model_task", form("the id of a task", TASK_ID.pattern), None, "", _MODEL_TASK)
    return (*(table[name] for name in _SHARED), task, *more)


def given(party: Party, table: tuple[Parameter, ...], operator: str) -> dict[str, Any]:
    """A value for each parameter of the table; one ParameterError for all that is wrong."""
    values = read_all(table, party.parameters, operator)
    if values["label_owner"] is not None:
        values["has_label"] = values["label_owner"] == party.role
    return values


@dataclass(frozen=True)
class Offer:
    """What a party tells its peer before they compute: no name of a column, and no cell."""

    task_id: str
    """Of the model."""
    fxp_bits: int
    rows: int
    columns: int
    has_label: bool
    """Whether this file has labels."""
    had_label: bool
    """Whether this party had the label in the training."""
    has_ids: bool
    terms: Mapping[str, Any]
    """Parameters that both parties must have alike."""


class Scorer:
    """A party's model and rows, agreed on with its peer."""

    def __init__(self, party: Party, part: Part, rows: Given, offers: list[Offer]) -> None:
        self.party, self.part, self.rows, self.offers = party, part, rows, offers

    @classmethod
    async def agree(cls, party: Party, parameters: Mapping[str, Any], terms: Mapping[str, Any]) -> Scorer:
        """Read model and rows, and check with the peer that they fit; the same error at both parties if not."""
        part = Part.read(party, parameters["model_task"])
        rows = await beside(lambda: Given.read(party, part, parameters))
        party.log(f"read {len(rows.features)} rows x {len(part.columns)} features from {rows.where}")
        _check_room(part, rows)
        mine = Offer(
            part.task_id,
            part.fxp_bits,
            len(rows.features),
            len(part.columns),
            rows.labels is not None,
            part.label is not None,
            rows.ids is not None,
            {**terms, "ttp_adjust_rank": parameters["ttp_adjust_rank"]},
        )
        await party.link.send(json.dumps(asdict(mine)).encode(), "handshake")
        theirs = Offer(**await party.link.receive_as(read_like(asdict(mine)), "handshake"))
        offers = [theirs, mine] if party.link.rank else [mine, theirs]
        _check(offers, part, party.domains)
        await check_order(party, all(offer.has_ids for offer in offers), rows.ids)
        return cls(party, part, rows, offers)

    async def open(self, to: int, holdout: float = 0) -> Floats | None:
        """The scores of all rows, or of those held out, in float64 at rank `to`; None at the other party.

        Of features neither party tells a bound: the weights have none, so that the TTP helps to cut anyway.
        """
        features = self.part.scaling.apply(self.rows.features)
        if holdout:
            features = features[held_out(len(features), holdout)]
        blocks: list[NDArray[np.floating[Any]]] = []
        step = max(1, _BLOCK_ELEMENTS // len(self.part.ring))
        bits, adjusts = self.part.fxp_bits, self.offers[0].terms["ttp_adjust_rank"]
        async with self.party.mpc(bits, adjusts) as mpc:
            weights = mpc.take(self.part.ring)
            for start in range(0, len(features), step):
                self.party.progress(start, len(features))
                both = mpc.columns(*await mpc.share(features[start : start + step], largest=math.inf))
                scores = await mpc.dot(both, weights[:-1]) + weights[-1:]
                opened = await mpc.open(scores, to=to)
                if opened is not None:
                    blocks.append(opened)
        self.party.progress(1, 1)
        return np.concatenate(blocks).astype(np.float64) if blocks else None


def _check_room(part: Part, rows: Given) -> None:
    """A DataError, if a value times a weight of 1 already is beyond the ring: the row's score would be any number."""
    sizes, room = np.abs(part.scaling.apply(rows.features)), 2.0 ** (63 - 2 * part.fxp_bits)
    row, column = np.unravel_index(sizes.argmax(), sizes.shape)
    if sizes[row, column] >= room:
        what = f"the value {rows.features[row, column]:.7g} is too large to be scored: "
        what += f"scaled as in the training it is {sizes[row, column]:.3g}, and there is room below {room:.3g}"
        where = f"{rows.where}, row {row + 1}, column {part.columns[column]}"
        raise DataError(what, where=where, hint="correct it, or leave its row out of both files")


def _check(offers: list[Offer], part: Part, domains: list[str]) -> None:
    """That both parties speak of the same model, rows and terms."""
    first, second = offers
    if first.task_id != second.task_id:
        what = f"the parties have parts of different models: {domains[0]} of task {first.task_id}"
        raise DataError(f"{what}, {domains[1]} of {second.task_id}", hint="the results of one task of ss_lr at both")
    if first.fxp_bits != second.fxp_bits:
        what = f"the parts of the model have different fxp_bits: {first.fxp_bits} and {second.fxp_bits}"
        raise DataError(what, hint="the results of one task of ss_lr at both, as they were written")
    for rank, offer in enumerate(offers):
        if offer.columns != part.counts[rank]:
            what = f"the model has {part.counts[rank]} columns of {domains[rank]}, and its part has {offer.columns}"
            raise DataError(what, hint="the results of one task of ss_lr at both, as they were written")
    check_equal(first.terms, second.terms, domains)
    if first.rows != second.rows:
        what = f"sample size inconsistent: {domains[0]} has {first.rows} rows, {domains[1]} has {second.rows}"
        raise DataError(what, hint="both files need the same rows in the same order: run ecdh_psi first")
