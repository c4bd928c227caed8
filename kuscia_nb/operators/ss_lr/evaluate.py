"""ss_lr_evaluate: how good a model is on rows with labels; their owner learns the scores and computes it."""

from __future__ import annotations

import json
from typing import Any

from ...errors import DataError, ParameterError
from ...texts.sentence import Sentence
from ..component import Component
from ..parameter import Parameter, boolean, number
from ..party import Operator, Party
from ..schema import read_object
from .metrics import Evaluation, evaluate
from .model import digest
from .results import Evaluated
from .rows import held_out
from .scores import Scorer, given, parameters_of

_THRESHOLD = "from which probability on a row counts as 1"
_SHARES = "whether the numbers (never scores or curves) are sent to the party without labels"
_HOLDOUT = "which part of the rows, those that ss_lr has held out; left out, as in the training; 0 evaluates all rows"
PARAMETERS = parameters_of(
    Parameter("threshold", number("0 to 1", lambda value: 0 <= value <= 1), "0.5", "", _THRESHOLD),
    Parameter("share_metrics", boolean(), "false", "", _SHARES),
    Parameter("holdout", number("0 to less than 1", lambda value: 0 <= value < 1), None, "of the rows", _HOLDOUT),
)

_SEEN = "The model was evaluated on the rows that it was trained on: new ones will do worse. Set holdout in ss_lr."


async def ss_lr_evaluate(party: Party) -> None:
    """Say how good a model is, on rows whose labels one party has.

    The inputs are those of ss_lr_predict. The owner of the labels learns the scores and writes a report: accuracy, AUC,
    KS, log loss, confusion matrix, ROC, calibration and lift. With share_metrics the other party gets the numbers, and
    never scores or curves. If ss_lr has held rows out, these are evaluated, and no others.
    """
    parameters = given(party, PARAMETERS, "ss_lr_evaluate")
    terms = {name: parameters[name] for name in ("threshold", "share_metrics", "holdout")}
    scorer = await Scorer.agree(party, parameters, terms)
    owner = _owner(scorer)
    holdout = _holdout(scorer, parameters["holdout"])
    scores = await scorer.open(owner, holdout)
    if scores is not None:
        labels = scorer.rows.labels
        assert labels is not None  # or it would not be the owner
        labels = labels[held_out(len(labels), holdout)] if holdout else labels
        found = evaluate(scores, labels, parameters["threshold"])
        report = _report(party, scorer, found, holdout, parameters["threshold"])
        if parameters["share_metrics"]:
            numbers = {name: report[name] for name in report if name != "curves"}
            await party.link.send(json.dumps(numbers).encode(), "metrics")
        _warn(party, scorer, holdout)
    elif parameters["share_metrics"]:
        report = await party.link.receive_as(read_object, "metrics")
    else:
        report = {"receiver": party.domains[owner], "rows": len(scorer.rows.features)}
        party.describe_output("report", report)
        party.log(f"sent this party's share of the scores to {party.domains[owner]}, which has the report")
        return
    party.write_text("report", json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _owner(scorer: Scorer) -> int:
    """The rank of the party with labels; the same error at both if it is none or two."""
    domains = scorer.party.domains
    having = [rank for rank, offer in enumerate(scorer.offers) if offer.has_label]
    if len(having) == 1:
        return having[0]
    if having:
        what = f"more than one party have labels: {', '.join(domains)}"
        raise DataError(what, hint="set has_label to false for one of them, or label_owner")
    trained = next((rank for rank, offer in enumerate(scorer.offers) if offer.had_label), 0)
    what = f"no party has labels to evaluate with: no file has the label column that {domains[trained]} trained with"
    raise DataError(what, hint="has_label: true where the label is the last column; ss_lr_predict needs no labels")


def _holdout(scorer: Scorer, wanted: float | None) -> float:
    """Which part of the rows is evaluated."""
    part, rows = scorer.part, len(scorer.rows.features)
    if wanted is None and part.holdout and rows != part.rows:
        what = f"the model's training held out {part.holdout:g} of {part.rows} rows, and this file has {rows}"
        raise ParameterError(what, hint="the file of the training, or holdout: 0 to evaluate all rows of another one")
    return part.holdout if wanted is None else wanted


def _warn(party: Party, scorer: Scorer, holdout: float) -> None:
    """Say it if the model has seen these rows."""
    same = digest(scorer.rows.features) == scorer.part.digest
    if same and (not holdout or holdout != scorer.part.holdout):
        party.warn(Sentence(_SEEN))


def _report(party: Party, scorer: Scorer, found: Evaluation, holdout: float, threshold: float) -> dict[str, Any]:
    return {
        "model": scorer.part.task_id,
        "owner": party.domain,
        "holdout": holdout,
        "threshold": threshold,
        **found.as_json(),
    }


SS_LR_EVALUATE = Operator(
    Component("ss_lr_evaluate", "ss-lr-evaluate", inputs=("model", "train_data"), outputs=("report",)),
    ss_lr_evaluate,
    image="ss-lr-evaluate",
    parameters=PARAMETERS,
    result=Evaluated,
)
