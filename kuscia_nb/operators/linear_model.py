"""A trained model as a thing to use: `job.model()`. It is the observer's, as it puts both parties' shares together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.files import write_atomically
from ..errors import DataError
from .ss_lr.metrics import probabilities

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = "kuscia_nb.model/1"


@dataclass(frozen=True)
class Model:
    """Weights for columns in their original units; whoever has it needs no party any more."""

    features: tuple[str, ...]
    """The columns of both parties, by rank."""
    owners: tuple[str, ...]
    """The node of each column."""
    weights: tuple[float, ...]
    """One for each column."""
    intercept: float
    """What is added to each score."""
    sigmoid: str = "0.5 + z / 8, cut to [0, 1]"
    """What turns a score z = x . w + b into a probability."""
    job: str = ""
    """Where it was trained."""

    def decision_function(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The score of each row. A DataError names a column that is missing; what is no feature is left out."""
        if not hasattr(rows, "columns"):
            raise DataError(
                f"{type(rows).__name__} has no names of columns", hint=f"a frame with {_some(self.features)}"
            )
        found = [_column(rows, name, owner) for name, owner in zip(self.features, self.owners, strict=True)]
        return np.column_stack(found) @ np.array(self.weights) + self.intercept

    def predict_proba(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The probabilities of 0 and of 1 for each row, (rows, 2), with the sigmoid of the training."""
        chances = probabilities(self.decision_function(rows))
        return np.column_stack([1 - chances, chances])

    def predict(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """The class of each row: 1 from a probability of 0.5 on."""
        return (self.predict_proba(rows)[:, 1] >= 0.5).astype(np.int64)

    def to_sklearn(self) -> Any:
        """The same scores and classes as a LogisticRegression of scikit-learn, which is needed for it.

        It wants the columns in the order of `features`. Its predict_proba is scikit-learn's, the logistic function, and
        not the sigmoid of the training.
        """
        from sklearn.linear_model import LogisticRegression

        fitted = {
            "classes_": np.array([0, 1]),
            "coef_": np.array([self.weights]),
            "intercept_": np.array([self.intercept]),
            "n_features_in_": len(self.features),
        }
        if len(set(self.features)) == len(self.features):
            fitted["feature_names_in_"] = np.array(self.features, object)
        model = LogisticRegression()
        vars(model).update(fitted)
        return model

    def save(self, path: str | Path) -> Path:
        """Write it as JSON, with every bit of the numbers."""
        path = Path(path)
        text = json.dumps({"format": _FORMAT, **asdict(self)}, indent=2, ensure_ascii=False)
        write_atomically(path, (text + "\n").encode())
        return path

    @classmethod
    def load(cls, path: str | Path) -> Model:
        """What `save` has written; a DataError says why a file is none."""
        path = Path(path)
        try:
            found = json.loads(path.read_text("utf-8"))
            if found.pop("format") != _FORMAT:
                raise ValueError("another format")
            names = (found.pop("features"), found.pop("owners"))
            features, owners = (tuple(map(str, some)) for some in names)
            weights = tuple(float(weight) for weight in found.pop("weights"))
            if not len(features) == len(owners) == len(weights):
                raise ValueError("not as many weights as columns")
            return cls(features, owners, weights, float(found.pop("intercept")), **found)
        except FileNotFoundError:
            raise DataError("there is no such file", where=str(path)) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"it is no model: {type(error).__name__}: {error}"
            raise DataError(what, where=str(path), hint="a file that Model.save has written") from error

    def __repr__(self) -> str:
        return f"<Model of {len(self.features)} columns: {_some(self.features)}>"


def _column(rows: pd.DataFrame, name: str, owner: str) -> NDArray[np.float64]:
    """A column as numbers; `alice.x0`, if both parties have one of that name."""
    full = f"{owner}.{name}"
    found = [column for column in (full, name) if column in rows.columns]
    if not found:
        raise DataError(
            f"the rows have no column {name!r}, which the model has of {owner}",
            hint=f"the rows have {_some(list(rows.columns))}",
        )
    try:
        return rows[found[0]].to_numpy(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"column {found[0]!r} has something that is no number: {error}") from error


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(map(str, names[:5]))
    return shown + (", …" if len(names) > 5 else "")
