"""What the tasks of ss_lr, ss_lr_predict and ss_lr_evaluate have left, read by the observer of both nodes."""

from __future__ import annotations

import json
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...canvas import Picture
from ...data.description import description_path
from ...data.files import readable
from ...errors import DataError, JobError
from ...mpc import decode
from ...problems import choice
from ...texts.sentence import Sentence
from ..linear_model import Model
from ..results import Ran, Sheet, Told, doubtful
from ..shares import read_share
from .losses import LossWatch
from .reach import beyond
from .scaling import Scaling, original_units

if TYPE_CHECKING:
    import pandas as pd

    from .shadow import Shadow

MOST_WEIGHTS = 60
"""A model with more shows its first and last ones."""
_TRAINED = "{first} and {second} have trained a model together. Each has a share of it that looks random."
_WEIGHTS = "Weights (each share is random, their sum modulo 2^64 is the weight)"
_SHARE = "What {node} has: its share of the weights, which alone says nothing"
_ALONE = "The weights are not known here: {reason}."
_SOME = "Weights (first and last of {count:,}; job.weights() has all)"
_ACCURACY = "accuracy {accuracy:.3f}"
_WITH_AUC = "accuracy {accuracy:.3f}, AUC {auc:.3f}"
_HELD_OUT = "{quality} on {rows:,.0f} held-out rows of {owner}"
_ROWS = "{quality} on {rows:,.0f} rows of {owner}"


class SharedModel:
    """The parties' shares of the weights, and what they add up to."""

    pictures = ("weights", "truncation", "loss")
    watch = LossWatch

    def __init__(self, ran: Ran) -> None:
        files = {node: read_share(path) for node, path in ran.outputs.items()}
        self._ran = ran
        self._files = dict(sorted(files.items(), key=lambda item: item[1][1]["rank"]))
        descriptions = {node: description for node, (_, description) in self._files.items()}
        first = next(iter(descriptions))
        self._owners: list[str] = descriptions[first]["owners"]
        self._features = [
            descriptions.get(owner, descriptions[first])["features"][i] for i, owner in enumerate(self._owners)
        ]
        self.fxp_bits: int = descriptions[first]["fxp_bits"]
        """Fraction bits of the weights."""

    def shares(self, node: str) -> pd.DataFrame:
        """One node's own: feature, owner, ring (uint64), share. Names come from all files that are here."""
        import pandas as pd

        if node in self._ran.missing:
            raise self._ran.unread(node)
        if node not in self._files:
            what = f"{node} is not a party of job {self._ran.job}"
            raise DataError(what, hint=choice(node, list(self._files)))
        ring, description = self._files[node]
        share = decode(ring, description["fxp_bits"])
        return pd.DataFrame({"feature": self._features, "owner": self._owners, "ring": ring, "share": share})

    def weights(self) -> tuple[pd.DataFrame, Sentence | None]:
        """Both parties' shares added up, and what there is to say if that cannot be right.

        This is the only place where the shares of both nodes meet.
        """
        import pandas as pd

        for node, reason in self._ran.missing.items():
            what = f"the weights of job {self._ran.job} are not known here: {reason}"
            raise JobError(what, hint=f'"reveal": "both" among the job\'s parameters, which {node} has to agree to')
        columns: dict[str, Any] = {"feature": self._features, "owner": self._owners}
        for node in sorted(self._files):
            columns[node] = decode(self._files[node][0], self._files[node][1]["fxp_bits"])
        first, second = self._files.values()
        columns["weight"] = weights = decode(first[0] + second[0], first[1]["fxp_bits"])
        scalings = [Scaling.read(description) for _, description in self._files.values()]
        if any(scaling.scale != "none" for scaling in scalings):
            columns["original_units"] = original_units(weights, scalings)
        owned = [(len(description["columns"]), description["reach"]) for _, description in self._files.values()]
        return pd.DataFrame(columns), beyond(weights, self._features, owned)

    def model(self) -> tuple[Model, Sentence | None]:
        """The model for columns in their original units, and what there is to say if it cannot be right."""
        frame, doubt = self.weights()
        *weights, intercept = frame["original_units" if "original_units" in frame else "weight"].tolist()
        names, owners = tuple(self._features[:-1]), tuple(self._owners[:-1])
        return Model(names, owners, tuple(weights), intercept, job=self._ran.job), doubt

    @cached_property
    def shadow(self) -> Shadow:
        """The same training in plaintext, from both nodes' files."""
        from .observed import Material
        from .shadow import Shadow

        material = Material.read(list(self._ran.environments.values()), since=self._ran.began)
        shares = tuple(ring for ring, _ in self._files.values())
        handed = tuple(self._ran.handed[node] for node in self._files) if any(self._ran.handed.values()) else ()
        seed = self._ran.options.seed
        return Shadow(material, shares, self._features, self._owners, seed, self._ran.alias, handed)

    def draw(self, name: str) -> Picture:
        """One of its pictures."""
        from . import pictures_errors, pictures_quality
        from .shadow import DIVERGES

        if name == "loss":
            return pictures_quality.loss(self._ran.job, self.shadow.losses)
        if self.shadow.diverges:
            raise JobError(DIVERGES, hint="scale the features to [-1, 1] (scale: minmax), or lower learning_rate")
        if name == "weights":
            return pictures_errors.weights(self._ran.job, self.shadow)
        return pictures_errors.truncation(self._ran.job, self.shadow.run())

    def told(self) -> Told:
        """The weights, with as many decimals as a fixed-point number of the job has; else this side's share."""
        if self._ran.missing:
            return self._told_alone()
        frame, doubt = self.weights()
        nodes, decimals = sorted(self._files), math.ceil(self.fxp_bits * math.log10(2))
        rows = [
            (
                feature,
                owner,
                *(f"{number:.{decimals}f}" for number in numbers[: len(nodes) + 1]),
                *(f"{number:.6g}" for number in numbers[len(nodes) + 1 :]),
            )
            for feature, owner, *numbers in frame.to_numpy(dtype=object).tolist()
        ]
        original = ["in original units"] if "original_units" in frame else []
        columns = ("feature", "owner", *(Sentence("share of {node}", node=node) for node in nodes), "weight", *original)
        title = Sentence(_SOME, count=len(rows)) if len(rows) > MOST_WEIGHTS else Sentence(_WEIGHTS)
        trained = Sentence(_TRAINED, first=nodes[0], second=nodes[1])
        return Told([trained], [Sheet(title, columns, shortened(rows), left=2)], doubtful(doubt))

    def _told_alone(self) -> Told:
        """What one node alone can say."""
        [(node, (ring, description))], [(other, reason)] = self._files.items(), self._ran.missing.items()
        decimals = math.ceil(self.fxp_bits * math.log10(2))
        numbers = [f"{number:.{decimals}f}" for number in decode(ring, description["fxp_bits"]).tolist()]
        rows = list(zip(self._features, self._owners, numbers, strict=True))
        columns = ("feature", "owner", Sentence("share of {node}", node=node))
        title = Sentence(_SHARE, node=node)
        trained = Sentence(_TRAINED, first=node, second=other)
        return Told([trained], [Sheet(title, columns, shortened(rows), left=2)], [Sentence(_ALONE, reason=reason)])


class Predictions:
    """The scores, at the node that has learned them."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def predictions(self, node: str) -> pd.DataFrame:
        """The id (if there is one), score, probability, predicted."""
        import pandas as pd

        path = self._ran.output(node)
        if path.exists():
            frame = pd.read_csv(readable(path), dtype=str)  # ids are texts: 007 is not 7
            return frame.astype({"score": float, "probability": float, "predicted": int})
        try:
            name = json.loads(description_path(path).read_text("utf-8"))["receiver"]
        except (OSError, ValueError, KeyError):
            raise self._ran.gone(node) from None
        what = f"{node} has no predictions: {name} alone has learned them"
        raise DataError(what, hint=f'job.predictions("{name}")')


class Evaluated:
    """The report of an evaluation, at the node that has the labels."""

    pictures = ("roc", "ks", "calibration")

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def report(self) -> dict[str, Any]:
        """owner, holdout, threshold, metrics, confusion and curves."""
        for node, path in self._ran.outputs.items():
            if not path.exists() and not description_path(path).exists():
                raise self._ran.gone(node)
            if path.exists() and "curves" in (found := json.loads(path.read_text("utf-8"))):
                return found
        raise DataError(f"no node of job {self._ran.job} that can be read has the report")

    def draw(self, name: str) -> Picture:
        """One of its pictures."""
        from . import pictures_quality

        return getattr(pictures_quality, name)(self._ran.job, self.report())

    def told(self) -> Told:
        """How good the model is, in one line."""
        report = self.report()
        numbers = report["metrics"]
        quality = Sentence(_ACCURACY if numbers["auc"] is None else _WITH_AUC, **numbers)
        template = _HELD_OUT if report["holdout"] else _ROWS
        return Told([Sentence(template, quality=quality, rows=numbers["rows"], owner=report["owner"])])


def shortened(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The first and last of many rows."""
    return rows if len(rows) <= MOST_WEIGHTS else [*rows[: MOST_WEIGHTS - 10], ("…",) * len(rows[0]), *rows[-10:]]
