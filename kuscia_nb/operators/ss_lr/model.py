"""One party's part of a model: its share of the weights, which of its columns they are for, and how to scale them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.description import description_path, id_column
from ...data.table import DataTable
from ...errors import DataError, ParameterError
from ...mpc import Ring
from ..ids import checked_ids
from ..party import Party
from ..shares import read_share
from .rows import checked_labels
from .scaling import Scaling

TASK_ID = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_CODED = "code its classes as 0 and 1, or leave the column out"
_RESULTS = "input model: the result of an ss_lr task, as in ss_lr_1.result"


class Part(NamedTuple):
    """What a party has of a model."""

    ring: Ring
    """Its share of the weights, (width,): features in rank order, then the intercept."""
    task_id: str
    """Of the training, the same for both parties."""
    rank: int
    fxp_bits: int
    counts: tuple[int, int]
    """Columns of rank 0 and 1."""
    columns: tuple[str, ...]
    """The names of this party's own."""
    label: str | None
    """The label's column, at the party that had it."""
    scaling: Scaling
    holdout: float
    """Which part of the rows was kept out of the training."""
    rows: int
    """Of the file, those held out among them."""
    digest: str
    """Of the file's features: see `digest`."""

    @classmethod
    def read(cls, party: Party, task_id: str | None) -> Part:
        """The input `model`, or the result of an earlier job's task; a DataError says why it is none for this party."""
        path = party.input("model") if task_id is None else _result(party, task_id)
        shown = party.shown(path)
        if not description_path(path).exists():
            hint = f"{_RESULTS}; or model_task: the id of a task of an earlier job"
            raise DataError("it is no model of ss_lr", where=shown, hint=hint)
        ring, found = read_share(path)
        try:
            owners: Sequence[str] = found["owners"]
            first = sum(owner == party.domains[0] for owner in owners)
            scaling = Scaling.read(found)
            part = cls(
                ring,
                found["task_id"],
                found["rank"],
                found["fxp_bits"],
                (first, len(owners) - first - 1),
                tuple(found["columns"]),
                found["label"],
                scaling,
                found["holdout"],
                found["rows"],
                found["digest"],
            )
        except (KeyError, TypeError, ValueError) as error:
            what = f"it is not one party's part of a model of ss_lr: {type(error).__name__} {error} in its description"
            raise DataError(what, where=shown, hint=_RESULTS) from error
        if part.rank != party.link.rank:
            what = f"it is the share of rank {part.rank} ({found.get('party')}), and {party.domain} is rank"
            hint = "the parties have the roles that they had in the training"
            raise DataError(f"{what} {party.link.rank} ({party.role})", where=shown, hint=hint)
        return part


def _result(party: Party, task_id: str) -> Path:
    """The result of an ss_lr task of an earlier job, in this party's own storage."""
    job, role = task_id.rpartition("-")[0], party.role.replace(".", "-")
    folder = party.storage / f"{job}-{role}"
    found = sorted(path for path in folder.glob(f"{task_id}-*") if path.suffix != ".json")
    if len(found) != 1:
        others = [path.parent.name for path in party.storage.glob(f"{job}-*/{task_id}-*.json")]
        if not found and others:
            before = others[0].removeprefix(f"{job}-").replace("-", ".")
            what = f"{party.domain} was {before} in the training of task {task_id}, and is {party.role} here"
            raise DataError(what, where=party.shown(folder), hint="the parties have the roles that they had there")
        what = f"there is no result of task {task_id}" if not found else f"task {task_id} has {len(found)} results"
        hint = "model_task is the id of a task of ss_lr that ran on these nodes: job.tasks has it"
        raise DataError(what, where=party.shown(folder) if job else party.domain, hint=hint)
    return found[0]


def digest(features: NDArray[np.float32]) -> str:
    """What tells one file's features from another's: SHA-256 of at most 1,000 rows, spread over them. Stays private."""
    some = np.unique(np.linspace(0, len(features) - 1, 1000).astype(int))
    return hashlib.sha256(np.ascontiguousarray(features[some]).tobytes()).hexdigest()


class Given(NamedTuple):
    """Rows that a model is used on, in the order of the model's columns."""

    features: NDArray[np.float32]
    """(rows, columns), not scaled."""
    labels: NDArray[np.float32] | None
    ids: list[str] | None
    id_column: str | None
    where: str
    """The file, for people."""

    @classmethod
    def read(cls, party: Party, part: Part, parameters: Mapping[str, Any]) -> Given:
        """This party's rows: the input train_data, or the file that `namespace` and `name` say."""
        path = _file(party, parameters)
        shown, skip_rows = party.shown(path), parameters["skip_rows"]
        column = parameters["id_column"] or id_column(path)
        table = party.read_table(path, skip_rows, shown, column)
        ids = None if table.ids is None else checked_ids(table.ids, shown, table.skip_rows)
        label = _label(table, part, parameters["has_label"])
        features = table.values[:, _positions(table.names, part, label, shown)]
        labels = None if label is None else checked_labels(table, label, shown, _CODED)
        return cls(features, labels, ids, column, shown)


def _file(party: Party, parameters: Mapping[str, Any]) -> Path:
    """Where a party's rows are."""
    if party.has_input("train_data"):
        return party.input("train_data")
    if parameters["name"] is None or parameters["namespace"] is None:
        what = f"{party.role} has no rows to use the model on"
        raise ParameterError(what, hint="namespace and name of its file, or a second input such as psi_1.train_data")
    return party.storage / parameters["namespace"] / parameters["name"]


def _label(table: DataTable, part: Part, has_label: bool | None) -> int | None:
    """Where the label is: the last column if the job says so, else the column that was the label in the training."""
    if has_label:
        return len(table.names) - 1
    if has_label is None and part.label in table.names and part.label not in part.columns:
        return table.names.index(part.label)
    return None


def _positions(names: tuple[str, ...], part: Part, label: int | None, where: str) -> list[int]:
    """Where the model's columns are in a file; a DataError names those that are missing or too many."""
    there = {name: i for i, name in enumerate(names) if i != label}
    missing = [name for name in part.columns if name not in there]
    more = [name for name in there if name not in part.columns]
    if missing or more:
        said = [f"{what}: {', '.join(some[:5])}" for what, some in (("missing", missing), ("not in it", more)) if some]
        what = f"the model has {len(part.columns)} columns of this party, and the file has others ({'; '.join(said)})"
        hint = "the same columns as in the training"
        if more and not missing:
            hint += "; a label is the last column with has_label, an id is named by id_column"
        raise DataError(what, where=where, hint=hint)
    return [there[name] for name in part.columns]
