"""What a job has written into its nodes' files: shares, weights, predictions, reports, and plaintext beside them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .backends.base import Backend
from .control.resources import FAILED, PENDING, RUNNING
from .data.description import description_path
from .data.files import Folder, readable
from .errors import DataError, JobError, ModelWarning
from .model import Model
from .mpc import decode
from .observer.events import ProgramBegun
from .observer.history import History, operator_of
from .observer.runs import Run
from .operators.shares import read_share
from .operators.ss_lr.reach import beyond
from .operators.ss_lr.scaling import Scaling, original_units
from .problems import choice

if TYPE_CHECKING:
    import pandas as pd

    from .operators.ss_lr.shadow import Shadow


class Results(History):
    """A job's history with what it has left on its nodes."""

    def __init__(self, backend: Backend, run: Run) -> None:
        super().__init__(run, backend.unknown)
        self._backend = backend
        self._shadows: dict[str | None, Shadow] = {}

    def shares(self, node: str, task: str | None = None) -> pd.DataFrame:
        """One node's own share of the weights: feature, owner, ring (uint64), share (that as a number).

        One share alone says nothing about the weights. Names come from both nodes' files, shares from this one's.
        """
        import pandas as pd

        files = self._results(task)
        if node not in files:
            raise DataError(f"{node} is not a party of job {self.name}", hint=choice(node, list(files)))
        ring, description = files[node]
        features, owners = _names(files)
        share = decode(ring, description["fxp_bits"])
        return pd.DataFrame({"feature": features, "owner": owners, "ring": ring, "share": share})

    def weights(self, task: str | None = None) -> pd.DataFrame:
        """The model: feature, owner, one column of shares for each node, weight.

        If a party has scaled its columns, `original_units` are the weights for the columns as they were. A weight
        that cannot be right is a ModelWarning.
        """
        frame, doubt = self.weights_and_doubt(task)
        if doubt is not None:
            warnings.warn(doubt, ModelWarning, stacklevel=2)
        return frame

    def weights_and_doubt(self, task: str | None = None) -> tuple[pd.DataFrame, str | None]:
        """The frame of `weights`, and what there is to say if it cannot be right.

        This is the only place where the shares of both nodes meet.
        """
        import pandas as pd

        files = self._results(task)
        features, owners = _names(files)
        columns: dict[str, Any] = {"feature": features, "owner": owners}
        for node in sorted(files):
            columns[node] = decode(files[node][0], files[node][1]["fxp_bits"])
        first, second = files.values()
        columns["weight"] = weights = decode(first[0] + second[0], first[1]["fxp_bits"])
        scalings = [Scaling.read(description) for _, description in files.values()]
        if any(scaling.scale != "none" for scaling in scalings):
            columns["original_units"] = original_units(weights, scalings)
        owned = [(len(description["columns"]), description["reach"]) for _, description in files.values()]
        return pd.DataFrame(columns), beyond(weights, features, owned)

    def model(self, task: str | None = None) -> Model:
        """The model for columns in their original units, to predict with, to save, or for scikit-learn.

        It is the observer's: both parties' shares and scaling meet in it, and no party has it.
        """
        frame, doubt = self.weights_and_doubt(task)
        if doubt is not None:
            warnings.warn(doubt, ModelWarning, stacklevel=2)
        weights = frame["original_units" if "original_units" in frame else "weight"].tolist()
        features, owners = frame["feature"].tolist(), frame["owner"].tolist()
        return Model(tuple(features[:-1]), tuple(owners[:-1]), tuple(weights[:-1]), weights[-1], job=self.name)

    def predictions(self, node: str, task: str | None = None) -> pd.DataFrame:
        """What a node has learned of ss_lr_predict: the id (if there is one), score, probability, predicted."""
        import pandas as pd

        path, name = self._own_output(node, "ss_lr_predict", task)
        if name is None:
            frame = pd.read_csv(readable(path), dtype=str)  # ids are texts: 007 is not 7
            return frame.astype({"score": float, "probability": float, "predicted": int})
        raise DataError(f"{node} has no predictions: {name} alone has learned them", hint=f'job.predictions("{name}")')

    def evaluation(self, task: str | None = None) -> pd.DataFrame:
        """What ss_lr_evaluate says of the model, of the node that has the labels: metric, value."""
        import pandas as pd

        metrics = self.report(task)["metrics"]
        values = [float("nan") if value is None else value for value in metrics.values()]
        return pd.DataFrame({"metric": list(metrics), "value": values})

    def report(self, task: str | None = None) -> dict[str, Any]:
        """The whole report of ss_lr_evaluate: owner, holdout, threshold, metrics, confusion and curves."""
        for node in self.nodes:
            path, owner = self._own_output(node, "ss_lr_evaluate", task)
            if owner is None and "curves" in (found := json.loads(path.read_text("utf-8"))):
                return found
        raise DataError(f"no node of job {self.name} that can be read has the report")

    @property
    def shadow(self) -> Shadow:
        """The teacher's shadow, of a job that was started with `shadow=True`: the same training in plaintext.

        The observer reads both nodes' data for it, which no party can.
        """
        if not self.options.shadow:
            hint = "start it with shadow=True: the observer then reads both nodes' data and trains in plaintext"
            raise JobError(f"job {self.name} has no teacher's shadow", hint=hint)
        self._check_known("shadow")
        return self.observed(None)

    def fxp_bits(self, task: str | None = None) -> int:
        """Fraction bits of the weights."""
        return next(iter(self._results(task).values()))[1]["fxp_bits"]

    def observed(self, task: str | None) -> Shadow:
        """A task's training beside plaintext, from both nodes' files."""
        from .operators.ss_lr.observed import Material
        from .operators.ss_lr.shadow import Shadow

        self._check_finished()
        task_id = self._last("ss_lr", task)
        if task_id not in self._shadows:
            environments = [self.env(node, task_id) for node in self.nodes]
            if any(environment.get("runtime.component.name") != "ss_lr" for environment in environments):
                raise JobError(f"task {self._alias(task_id)} is no ss_lr: it has no plaintext to be compared with")
            files = self._results(task)
            material = Material.read(environments, since=next(iter(self._run.events)).time.timestamp())
            shares = tuple(ring for ring, _ in files.values())
            self._shadows[task_id] = Shadow(material, shares, *_names(files), self.seed, self._alias(task_id))
        return self._shadows[task_id]

    def _results(self, task: str | None) -> dict[str, tuple[Any, dict[str, Any]]]:
        """Node -> share and description, by rank, from the nodes' result files."""
        self._check_finished()
        task_id = self._last("ss_lr", task)
        found = {}
        for domain, node in self._backend.nodes.items():
            environment = self._run.events.last(ProgramBegun, node=domain, subject=task_id)
            if environment is not None:
                if operator_of(environment) != "ss_lr":
                    hint = f"%kuscia result {self.name} shows what it has written"
                    raise JobError(f"task {self._alias(task_id)} is no ss_lr: it has no weights", hint=hint)
                path = _output(environment, node.storage)
                if self._backend.closed and not path.exists():
                    raise JobError(f"the result of job {self.name} is gone with its nodes", hint="run it again")
                found[domain] = read_share(path)
        return dict(sorted(found.items(), key=lambda item: item[1][1]["rank"]))

    def _own_output(self, node: str, operator: str, task: str | None) -> tuple[Folder, str | None]:
        """Where a node's output of an operator is; and who alone has learned it, if that is the other node."""
        self._check_finished()
        self._check_node(node)
        task_id = self._last(operator, task)
        environment = self._run.events.last(ProgramBegun, node=node, subject=task_id)
        if environment is None or operator_of(environment) != operator:
            named = f"task {self._alias(task_id)} is no {operator}" if task else f"job {self.name} has no {operator}"
            raise JobError(named, hint=f"a task of {operator}, with the result of ss_lr as its input")
        path = _output(environment, self._backend.nodes[node].storage)
        if path.exists():
            return path, None
        try:
            return path, json.loads(description_path(path).read_text("utf-8"))["receiver"]
        except (OSError, ValueError, KeyError):
            raise JobError(f"the result of job {self.name} is gone from {node}", hint="run it again") from None

    def _check_finished(self) -> None:
        """A JobError for a job without a result."""
        if self.phase in (PENDING, RUNNING):
            raise JobError(f"job {self.name} has no result yet: it is {self.phase}", hint="job.wait()")
        if self.phase == FAILED:
            raise JobError(f"job {self.name} has no result: it failed", hint="job.wait() raises the reason")


def _output(environment: ProgramBegun, storage: Folder) -> Folder:
    """The result file of the program with this environment, below its node's storage."""
    outputs = [value for key, value in environment.data.items() if key.startswith("runtime.component.output.")]
    if not outputs:
        raise JobError(f"task {environment.subject} has no output")
    place = json.loads(outputs[0])
    return storage / place["namespace"] / place["name"]


def _names(files: Mapping[str, tuple[Any, dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """Feature names and owners of the weights: each name from the file of the node that owns the feature."""
    owners = next(iter(files.values()))[1]["owners"]
    first = next(iter(files))
    names = [files[owner or first][1]["features"][i] for i, owner in enumerate(owners)]
    return names, owners
