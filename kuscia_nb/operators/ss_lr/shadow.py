"""The teacher's shadow: the same training in plaintext, on both parties' data, beside the secret one.

No party can do this: the observer reads both nodes' files, after the job. It says how far the secret weights are from
what was asked for, and which part of the job each difference comes from. With w from plaintext in float64:

    encoding     fixed point of features and l2_norm, exact rate    minus   everything as it was asked for
    rate         the rate that the ring has                         minus   the exact learning_rate / batch_size
    truncation   the job's own weights                              minus   plaintext with the ring's numbers

The three add up to the whole difference. Truncation rounds at random; `Plaintext.spread` says how much is expected.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, JobError
from ...mpc import Ring, decode
from ...mpc.ring import signed
from ...texts.sentence import Sentence
from ..results import Sheet, Told
from .losses import WATCHED, LossCurve, Losses, shown_steps
from .metrics import evaluate
from .observed import Material, Seen
from .plaintext import Floats, Spread
from .reach import reach
from .results import shortened

if TYPE_CHECKING:
    import pandas as pd

DIVERGES = "Teacher's shadow: the plaintext run diverges as well"
_TOLD = "Teacher's shadow: plaintext of both parties, computed by the observer; errors in ulp = 2^-{bits}"
LABEL = "teacher's shadow: plaintext of both parties, computed by the observer"


@dataclass(frozen=True, eq=False, repr=False)
class Shadow:
    """A finished job beside its plaintext: what the observer sees, and no party."""

    material: Material
    """Both parties' data and parameters."""
    shares: tuple[Ring, ...]
    """The job's result, by rank."""
    features: list[str]
    """The names of the weights, in the order of the ring's columns."""
    owners: list[str]
    """The node of each of them."""
    seed: int | None
    """Of a repeatable job; None if its randomness was fresh."""
    scope: str
    """What the job's seeds were drawn for, without the party."""
    handed: tuple[Sequence[Ring], ...] = ()
    """Each party's shares after the steps of `shown_steps`, of a job that was watched."""

    @property
    def ulp(self) -> float:
        """What one unit in the last place is worth."""
        return 2.0**-self.material.fxp_bits

    @cached_property
    def weights(self) -> pd.DataFrame:
        """Each weight: feature, owner, secret, plaintext (ring's rate), exact_rate; and their differences in ulp.

        `error_ulp` is secret - plaintext: what truncation did. `exact_rate_error_ulp` is secret - exact_rate.
        """
        import pandas as pd

        secret = decode(self.shares[0] + self.shares[1], self.material.fxp_bits)
        plaintext, exact = self.plaintexts["ring"][-1], self.plaintexts["exact rate"][-1]
        return pd.DataFrame(
            {
                "feature": self.features,
                "owner": self.owners,
                "secret": secret,
                "plaintext": plaintext,
                "exact_rate": exact,
                "error_ulp": (secret - plaintext) / self.ulp,
                "exact_rate_error_ulp": (secret - exact) / self.ulp,
            }
        )

    @cached_property
    def plaintexts(self) -> dict[str, Floats]:
        """Plaintext weights after each kept step: "ring" (numbers and rate), "exact rate", "exact" (neither)."""
        return {
            "ring": self.material.plaintext(ring_numbers=True, ring_rate=True).weights(),
            "exact rate": self.material.plaintext(ring_numbers=True, ring_rate=False).weights(),
            "exact": self.material.plaintext(ring_numbers=False, ring_rate=False).weights(),
        }

    def quality(self) -> pd.DataFrame:
        """What both models are worth on the rows that they were trained on: a row each, by `metrics.evaluate`."""
        import pandas as pd

        weights = (self.weights["secret"].to_numpy(), self.plaintexts["ring"][-1])
        found = [evaluate(self.material.scores(one), self.material.labels).metrics for one in weights]
        return pd.DataFrame(found, index=["on shares", "plaintext"]).astype({"rows": int})

    @cached_property
    def losses(self) -> Losses:
        """The log loss on the training rows after each epoch: of the job, if it was watched or can be repeated.

        Of any other job it is that of a run like it.
        """
        if self.handed:
            return LossCurve(self.material, WATCHED).catch_up(*self.handed)
        after = shown_steps(self.material.layout)
        first, second = self.material.train(after, self.seed, self.scope)
        return LossCurve(self.material, _source(self.seed)).catch_up([*first.weights], [*second.weights])

    @cached_property
    def spread(self) -> Spread | None:
        """The truncation error that is to be expected."""
        plaintext = self.material.plaintext(ring_numbers=True, ring_rate=True)
        return plaintext.spread(self.material.fxp_bits, self.material.grains)

    def run(self) -> Steps:
        """The job's own steps if it is repeatable, otherwise those of a run like it."""
        return self.rehearse() if self.seed is None else self.replay()

    @property
    def steps(self) -> pd.DataFrame:
        """The error after each step, see `Steps.frame`. Only of a repeatable job, whose steps can be computed again."""
        return self.replay().frame

    def replay(self) -> Steps:
        """The job once more with its own seed, and its weights after each step; checked against its result."""
        if self.seed is None:
            hint = "run the job with seed=..., or shadow.rehearse(): the same training with other random numbers"
            raise JobError("the job has kept no weights on the way, and it cannot be repeated", hint=hint)
        return self._replayed

    @cached_property
    def _replayed(self) -> Steps:
        steps = self._train(self.seed)
        if not all(np.array_equal(seen.weights[-1], own) for seen, own in zip(steps.seen, self.shares, strict=True)):
            raise DataError("the job's steps computed again give other shares", hint="run the job again")
        return steps

    def rehearse(self) -> Steps:
        """The same training on the same data with fresh random numbers: not the job, but a run like it."""
        return self._train(None)

    def _train(self, seed: int | None) -> Steps:
        kept = self.material.plaintext(ring_numbers=True, ring_rate=True).kept
        return Steps(self, kept, self.material.train(kept, seed, self.scope), seed is not None)

    @property
    def diverges(self) -> bool:
        """Whether the plaintext run, too, has weights that no model has."""
        material, layout = self.material, self.material.layout
        largest = max(1.0, *(float(np.abs(features).max()) for features in material.features))
        weights = self.plaintexts["ring"][-1]
        return not bool((np.abs(weights) <= reach(material.parameters, layout.epochs * layout.batches, largest)).all())

    def told(self) -> Told:
        """The weights on shares and in plaintext, and the loss of a job that was watched, for the job's report."""
        charts = [self.losses.chart()] if self.handed else []
        if self.diverges:
            return Told(notes=[Sentence(DIVERGES)], charts=charts)
        frame = self.weights.reindex(columns=["feature", "owner", "secret", "plaintext", "error_ulp"])
        bits = self.material.fxp_bits
        decimals = math.ceil(bits * math.log10(2))
        rows = [
            (feature, owner, f"{secret:.{decimals}f}", f"{plaintext:.{decimals}f}", f"{error:+.1f}")
            for feature, owner, secret, plaintext, error in frame.to_numpy(dtype=object).tolist()
        ]
        columns = ("feature", "owner", "weight", "plaintext", "error in ulp")
        return Told(sheets=[Sheet(Sentence(_TOLD, bits=bits), columns, shortened(rows), left=2)], charts=charts)

    def __repr__(self) -> str:
        if self.diverges:
            return textwrap.fill(DIVERGES, 100)
        return f"{textwrap.fill(self._headline, 100)}\n\n{self.weights.to_string(float_format='{:.6g}'.format)}"

    def _repr_html_(self) -> str:
        if self.diverges:
            return f"<p><strong>{DIVERGES}</strong></p>"
        return f"<p><strong>{self._headline}</strong></p>{self.weights.to_html(float_format='{:.6g}'.format)}"

    @property
    def _headline(self) -> str:
        own, exact = (self.weights[name].abs().max() for name in ("error_ulp", "exact_rate_error_ulp"))
        text = f"{LABEL[0].upper()}{LABEL[1:]}. 1 ulp = 2^-{self.material.fxp_bits}. Largest error of a weight: "
        return f"{text}{own:.1f} ulp with the rate that the ring has, {exact:.1f} ulp with the exact rate."


@dataclass(frozen=True, eq=False, repr=False)
class Steps:
    """A training on shares beside plaintext, step by step."""

    shadow: Shadow
    kept: NDArray[np.int64]
    """The steps, from 1."""
    seen: tuple[Seen, Seen]
    """What each rank has of it."""
    is_the_job: bool
    """Whether it is the job itself, or a run like it."""

    def received(self, node: str) -> Ring:
        """The first numbers that a node got from its peer."""
        return self.seen[self.shadow.material.nodes.index(node)].received

    @property
    def source(self) -> str:
        """Where the secret weights come from, for people."""
        return _source(self.shadow.seed if self.is_the_job else None)

    @cached_property
    def errors(self) -> dict[str, Floats]:
        """Of every weight after each step, in ulp, (kept, width): truncation, rate, encoding; they add up."""
        secret = signed(self.seen[0].weights + self.seen[1].weights).astype(np.float64)
        ring, rate, exact = (weights / self.shadow.ulp for weights in self.shadow.plaintexts.values())
        return {"truncation": secret - ring, "rate": ring - rate, "encoding": rate - exact}

    @property
    def frame(self) -> pd.DataFrame:
        """step, epoch, batch (from 1); for each source of error its root mean square over the weights and the largest.

        All are in ulp. `expected` is the root mean square that truncation should have.
        """
        import pandas as pd

        batches = self.shadow.material.layout.batches
        columns: dict[str, Any] = {
            "step": self.kept,
            "epoch": (self.kept - 1) // batches + 1,
            "batch": (self.kept - 1) % batches + 1,
        }
        for name, errors in self.errors.items():
            columns |= {name: _rms(errors), f"{name}_max": np.abs(errors).max(1)}
        if (spread := self.shadow.spread) is not None:
            columns["expected"] = _rms(spread.size)
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        return f"{LABEL}: {self.source}\n\n{self.frame.to_string(max_rows=12, float_format='{:.4g}'.format)}"


def _source(seed: int | None) -> str:
    """Where secret weights on the way come from, for people."""
    if seed is None:
        return "a run like the job, with other random numbers"
    return f"the job, computed again with its seed {seed}"


def _rms(errors: Floats) -> Floats:
    """Root mean square over the weights."""
    return np.sqrt((errors**2).mean(1))
