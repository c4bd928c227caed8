"""Templates around a training: alignment before it, scores and their quality after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..parameter import Parameter, form
from ..template import Task, Template, Wanted
from .parameters import PARAMETERS
from .suggest import suggest

_BY_SIZE = "; left empty, it is chosen by how many rows and columns the files have"
_TABLE = {one.name: one for one in PARAMETERS}
_SUGGESTED = [_TABLE[name] for name in ("learning_rate", "batch_size", "num_epoch", "l2_norm")]
_TRAINING = (
    *(one._replace(default=None, required=False, meaning=one.meaning + _BY_SIZE) for one in _SUGGESTED),
    _TABLE["holdout"]._replace(default="0.2"),
)
_ID = Parameter(
    "id_column",
    form("the name of a column", r"\S(.*\S)?"),
    "id",
    "",
    "the column with ids in both files; it is no feature",
)


def _aligned(wanted: Wanted) -> list[Task]:
    psi = Task("psi_1", "ecdh_psi", (), "train_data", {}, wanted.files)
    return [psi, *_trained(wanted, ("psi_1.train_data",), {node: {} for node in wanted.files})]


def _in_order(wanted: Wanted) -> list[Task]:
    return _trained(wanted, (), wanted.files)


def _trained(wanted: Wanted, rows: tuple[str, ...], own: Mapping[str, Mapping[str, Any]]) -> list[Task]:
    """Training, scores and report on `rows` of another task, or on each party's `own` file."""
    owner, scale = wanted.owner, {"scale": wanted.training.get("scale", "standard")}
    common = {"learning_rate": 0.1, "batch_size": 32, "num_epoch": 10, "l2_norm": 0, "holdout": 0.2}
    common |= {key: value for key, value in wanted.training.items() if key != "scale"}
    scaled = {node: {**given, **scale} for node, given in own.items()}
    later = ("ss_lr_1.result", *rows)
    return [
        Task("ss_lr_1", "ss_lr", rows, "result", {"label_owner": owner, **common}, scaled),
        Task("ss_lr_predict_1", "ss_lr_predict", later, "scores", {"receiver": owner}, own),
        Task("ss_lr_evaluate_1", "ss_lr_evaluate", later, "report", {"label_owner": owner, "share_metrics": True}, own),
    ]


TEMPLATES = (
    Template(
        "psi-lr",
        "align, train, predict, evaluate",
        "Bring the rows of two files into one order by their ids, train a model on them, say how good it is on rows "
        "that were held out, and score all rows.",
        _aligned,
        (_ID, *_TRAINING),
        suggest,
    ),
    Template(
        "lr",
        "train, predict, evaluate",
        "The same for two files whose rows are in the same order already.",
        _in_order,
        _TRAINING,
        suggest,
    ),
)
"""psi-lr aligns both files by their ids first, lr takes rows in the same order."""
