"""The exercises of notebook 09, one's own data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, KusciaError
from ..job import Job
from ..texts.sentence import Sentence
from .checking import Wrong, exercise, number

ZEROS, NEAR = 0.97, 0.1
"""The share of label 0 in exercise 9.2, and how far off the estimates of 9.3 may be, as a part of 1."""


@exercise(
    "9.1",
    "%kuscia explain ss_lr_predict lists its parameters. One of them says which party learns the scores.",
    "A party is named by its role and number in the job: bob is guest.0.",
    'scored("for-the-bank", receiver="guest.0") is the manifest, and attempt(...) runs it.',
    why="alice has sent her share of each score, and learned nothing. Who receives is a parameter that both can see.",
)
def for_bob(answer: Any) -> None:
    if not isinstance(answer, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    answer.wait()
    try:
        answer.predictions("bob")
    except DataError:
        raise Wrong("In this job alice has learned the scores.") from None
    except KusciaError as error:
        raise Wrong("The job has no predictions: {error}", error=error.what) from None


@exercise(
    "9.2",
    "With the same score for all, every row gets the same class. How often is that right, if it is the frequent one?",
    "AUC asks how often a row with label 1 has a higher score than one with label 0. Equal scores count half.",
    why="An accuracy of 0.97 sounds good, and this model knows nothing. AUC shows it, and so does the share of zeros.",
)
def same_for_all(answer: Any) -> None:
    accuracy, auc = _pair(answer, Sentence("accuracy and AUC"))
    if 1 < accuracy <= 100 or 1 < auc <= 100:
        raise Wrong("Both are numbers from 0 to 1.")
    if abs(accuracy - ZEROS) > 1e-3 and abs(accuracy - (1 - ZEROS)) > 1e-3:
        raise Wrong("The accuracy is another one.")
    if abs(accuracy - (1 - ZEROS)) <= 1e-3:
        raise Wrong("That is so if it always says 1. It may as well always say 0.")
    if abs(auc - 0.5) > 1e-3:
        raise Wrong("The accuracy is right, the AUC is not.")


@exercise(
    "9.3",
    "A score is visits * w1 + age * w2 + what bob's columns add. That last part looks like noise to alice.",
    "Find the line that fits the scores best: np.linalg.lstsq with visits, age and a column of ones.",
    "The rows have to be in the same order: shop.set_index('id').loc[scores.index].",
    why="What bob's columns add has nothing to do with alice's here, so it averages out. The weights were secret, and "
    "2,000 scores have told them.",
)
def own_weights(answer: Any) -> None:
    job, estimates = _parts(answer, Sentence("a job and two estimates"))
    if not isinstance(job, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(job).__name__)
    visits, age = _pair(estimates, Sentence("visits and age"))
    model = job.model()
    true = dict(zip(model.features, model.weights, strict=True))
    if not {"visits", "age"} <= true.keys():
        raise Wrong("This job's model has no columns visits and age.")
    off = np.abs(np.array([visits, age]) / [true["visits"], true["age"]] - 1)
    if (off < NEAR).all():
        return
    scaled = job.weights().set_index("feature")["weight"]
    if np.allclose([visits, age], scaled[["visits", "age"]], rtol=NEAR):
        raise Wrong("These are the weights of scaled columns. A visit and a year are asked for.")
    name = "visits" if off[0] >= NEAR else "age"
    raise Wrong("The weight of {name} is another one.", name=name)


def _parts(answer: Any, what: str) -> tuple[Any, Any]:
    """The two parts of an answer."""
    if isinstance(answer, str | bytes | dict) or not hasattr(answer, "__len__") or len(answer) != 2:
        raise Wrong("A pair is asked for: {what}.", what=what)
    first, second = answer
    return first, second


def _pair(answer: Any, what: str) -> tuple[float, float]:
    """Two numbers."""
    first, second = _parts(answer, what)
    return number(first), number(second)
