"""Before the protocol starts: the parties tell each other their terms, and each checks both.

What is exchanged is what the interconnection handshake exchanges (spec: ss_lr §7): the row count, the number of
features, who has the label, and the parameters; and whether there are ids, the strategy, and how to truncate, with one
bit that follows from the data (`rounding` says which). It travels under the handshake's keys, as JSON. No cell and no
column name does.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, NamedTuple

from ...errors import DataError, ParameterError
from ..parameter import check_equal
from ..party import Party
from ..schema import read_like
from .parameters import PARAMETERS, Parameters
from .rounding import Choice
from .rows import Rows

OWN = frozenset(parameter.name for parameter in PARAMETERS if parameter.own)
"""Parameters that each party has for itself."""


class Proposal(NamedTuple):
    """What one party brings (the standard's LrDataIoProposal, and the parameters)."""

    rows: int
    features: int
    has_label: bool
    parameters: dict[str, Any]
    has_ids: bool
    options: dict[str, str]
    """Of the job, beside its parameters: strategy and truncation."""
    assisted: bool
    """Whether the TTP has to help to truncate."""


async def shake_hands(
    party: Party, parameters: Parameters, rows: Rows, strategy: str, truncation: Choice
) -> list[Proposal]:
    """Both parties' terms in rank order; a DataError or ParameterError, the same at both, if they do not fit."""
    common = {key: value for key, value in dataclasses.asdict(parameters).items() if key not in OWN}
    options = {"strategy": strategy, "truncation": truncation.asked}
    has_ids, assisted = rows.ids is not None, truncation.assisted
    mine = Proposal(len(rows), len(rows.names), parameters.has_label, common, has_ids, options, assisted)
    await party.link.send(json.dumps(mine).encode(), "handshake")
    theirs = Proposal(*await party.link.receive_as(read_like(mine), "handshake"))
    both = [theirs, mine] if party.link.rank else [mine, theirs]
    _check(both, party.domains)
    return both


def _check(both: list[Proposal], domains: list[str]) -> None:
    first, second = both
    check_equal(first.parameters, second.parameters, domains)
    for name, ours in first.options.items():
        if ours != (others := second.options.get(name)):
            what = f"{name} differs: {ours!r} at {domains[0]}, {others!r} at {domains[1]}"
            raise ParameterError(what, hint="start the job with the same options at both")
    if first.rows != second.rows:
        what = f"sample size inconsistent: {domains[0]} has {first.rows} rows, {domains[1]} has {second.rows}"
        hint = (
            "both files need the same rows in the same order; check skip_rows, or align them by ids: run ecdh_psi first"
        )
        raise DataError(what, hint=hint)
    labels = [domain for domain, terms in zip(domains, both, strict=True) if terms.has_label]
    if not labels:
        raise DataError(
            "no party has label", hint="set has_label to true for the party with the label in its last column"
        )
    if len(labels) > 1:
        what = f"more than one party have label: {', '.join(labels)}"
        raise DataError(what, hint="set has_label to false for one of them")
