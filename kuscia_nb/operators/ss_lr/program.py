"""ss_lr: two parties train a logistic regression on their columns, neither seeing the other's.

Each party reads its own file, agrees on the terms with its peer, trains on shares and writes its own share of the
weights. Labels, scores and weights are never opened (the reference operator opens labels and scores at the end, to
print an accuracy; this one does not).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...data.blocks import Matrix
from ...errors import DataError
from ...mpc import Layout, Semi2k, Terms, encode
from ...mpc.beside import beside
from ...mpc.share import ASSISTED, LOCAL
from ...options import Options, variable
from ...texts.sentence import Sentence
from ..component import Component
from ..foreign import unused
from ..party import Operator, Party
from ..shares import write_share
from . import reach
from .columns import Encoded, memory_of, notes_on_memory
from .handshake import shake_hands
from .ids import check_order
from .losses import handing
from .model import digest
from .parameters import PARAMETERS, Parameters, label_problems, problems
from .results import SharedModel
from .rounding import Choice, agreed
from .rows import Rows
from .sanity import Sanity
from .scaling import Scaling
from .templates import TEMPLATES
from .training import Plan, targets, train

STRATEGY = variable("strategy")
"""The variable that says how products of secrets are made: an options.Strategy."""


async def ss_lr(party: Party) -> None:
    """Two parties train a logistic regression on their columns, neither seeing the other's.

    Both files have the same rows in the same order: that of ecdh_psi, whose output may be the input here, or one that
    the parties have agreed on. With an id_column at both, that is checked; ids are no features. The party with
    has_label has the label, 0 or 1, in its last column. Each party may scale its columns. Its output is its own share
    of the weights; only both shares together are the model. In the JSON file beside it are the names of this party's
    columns and how they were scaled.
    """
    parameters = Parameters.from_environment(party.environment)
    path, result = party.input("train_data"), party.output("train_data")
    memory = memory_of(party.environment)
    rows = await beside(lambda: Rows.read(path, parameters, party.shown(path), party.read_table, memory))
    _check_count(party, parameters, len(rows.names))
    party.log(f"read {len(rows)} rows x {len(rows.names)} features from {party.shown(path)}")
    sanity, scaling, remarks = await beside(partial(_looked_at, party, rows, parameters))
    training = sanity.rows

    strategy = party.environment.get(STRATEGY, Options.strategy)
    choice = Choice.of(party.environment, parameters, training.features)
    both = await shake_hands(party, parameters, rows, strategy, choice)
    await check_order(party, all(terms.has_ids for terms in both), rows.ids)
    assisted, decided = agreed([terms.assisted for terms in both])
    checked = parameters.warnings(len(training), training.largest, assisted=assisted)
    for warning in (*unused(party.parameters), *remarks, *checked, *choice.warnings()):
        party.warn(warning)
    if party.link.rank == decided:
        party.note(choice.note(party.domain))
    for note in (*sanity.notes(), *notes_on_memory(party.domain, training.features, memory)):
        party.note(note)

    layout = Layout(
        columns=(both[0].features, both[1].features),
        batch_size=parameters.batch_size,
        batches=len(training) // parameters.batch_size,
        epochs=parameters.num_epoch,
        penalised=parameters.l2_norm > 0,
    )
    description = {
        "task_id": party.task_id,
        "party": party.role,
        "rank": party.link.rank,
        "features": _feature_names(party, layout, rows.names),
        "owners": _owners(party, layout),
        "columns": list(rows.names),
        "label": rows.label,
        "id_column": rows.id_column,
        "scaling": scaling.as_json(),
        "holdout": parameters.holdout,
        "rows": len(rows),
        "digest": digest(rows.features),
        "reach": reach.description(parameters, layout.epochs * layout.batches, training.largest),
    }
    own, labels = Encoded(training.features, parameters.fxp_bits, memory), training.labels
    del rows, training, sanity  # what they have besides would stay in memory
    weights = await _train(party, parameters, layout, own, labels, strategy, ASSISTED if assisted else LOCAL[0])
    with party.writing(result):
        write_share(result, weights, parameters.fxp_bits, description)
    party.log(f"wrote this party's share of {layout.width} weights to {party.shown(result)}")


def _looked_at(party: Party, rows: Rows, parameters: Parameters) -> tuple[Sanity, Scaling, list[Sentence]]:
    """What is trained on, and what is to be said of it beforehand: passes over all rows."""
    training, scaling = rows.to_train_on(parameters)
    sanity = Sanity(party.domain, party.shown(party.input("train_data")), rows, training, parameters)
    return sanity, scaling, [*scaling.warnings(party.domain, rows.names), *sanity.warnings()]


async def _train(
    party: Party,
    parameters: Parameters,
    layout: Layout,
    own: Encoded,
    labels: Matrix | None,
    strategy: str,
    truncation: str,
) -> NDArray[np.uint64]:
    """This party's additive share of the weights, shape (width,)."""
    bits = parameters.fxp_bits
    session = f"{parameters.ttp_session_id}/{party.task_id}"
    terms = Terms(session, parameters.ttp_adjust_rank, bits, truncation)
    mpc = await Semi2k.start(party.link, party.ttp, party.seeds, terms)
    try:
        plan = Plan(
            layout,
            rate=np.array(parameters.step_rate, np.uint64),
            l2=encode(np.float32(parameters.l2_norm), bits),
            strategy=strategy,
        )
        party.log(f"{layout.epochs} x {layout.batches} batches of {layout.batch_size}, {plan.strategy} products")
        on_step = handing(party.hand, layout)
        share = await train(mpc, own, targets(mpc, labels, own.shape[0]), plan, party.progress, on_step)
    finally:
        mpc.leave()
    return share.ring


def _check_count(party: Party, parameters: Parameters, features: int) -> None:
    """feature_nums, if it is given, has to be right."""
    expected = (parameters.feature_nums or {}).get(party.role, features)
    if expected != features:
        what = f"feature_nums says {expected} features for {party.role}, its file has {features}"
        raise DataError(what, where=party.shown(party.input("train_data")), hint="a label is not a feature")


def _owners(party: Party, layout: Layout) -> list[str]:
    """The node behind each weight, by rank; the intercept is nobody's."""
    first, second = party.domains
    return [first] * layout.columns[0] + [second] * layout.columns[1] + [""]


def _feature_names(party: Party, layout: Layout, names: tuple[str, ...]) -> list[str]:
    """This party's own column names; those of the peer were never told, so they are numbers here."""
    owned = layout.owned(party.link.rank)
    result = [f"{owner}.{i}" for owner, count in zip(party.domains, layout.columns, strict=True) for i in range(count)]
    result[owned] = names
    return [*result, "intercept"]


SS_LR = Operator(
    Component("ss_lr", "ss-lr", inputs=("train_data",), outputs=("train_data",)),
    ss_lr,
    image="ss-lr",
    parameters=PARAMETERS,
    checks=problems,
    checks_parties=label_problems,
    result=SharedModel,
    provider="secretflow",
    versions=("2.0.0", "v1.0.0", "latest"),  # in its tutorial, the standard's example, and as FATE's users write it
    templates=TEMPLATES,
)
