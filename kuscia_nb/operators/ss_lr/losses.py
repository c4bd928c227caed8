"""The log loss by epoch, on shares and in plaintext: for the observer of both nodes, while a job trains and after it.

No party can compute it: it takes both parties' data and both shares of the weights. So each party's program hands its
share to the observer at the end of an epoch, only in a job with a teacher's shadow, and the observer does the rest.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...mpc import Layout, Ring, Share, decode
from ...texts.sentence import Sentence
from ..results import Chart, Ran, Told
from .metrics import log_loss, probabilities
from .plaintext import Floats

if TYPE_CHECKING:
    import pandas as pd

    from .observed import Material

MOST = 100
"""Epochs after which a loss is computed, evenly spread, the last one among them."""
_TITLE = "Teacher's shadow: log loss on the training rows, computed by the observer; no party knows it"
_WORDS = "after epoch {epoch:,} of {of:,}: {secret:.4f} on shares, {plaintext:.4f} in plaintext (a coin: 0.6931)"
WATCHED = "the job itself, as its parties told the observer while it ran"


def shown_steps(layout: Layout) -> NDArray[np.int64]:
    """The steps, from 1, after which there is a loss: each the last one of its epoch."""
    epochs = np.unique(np.linspace(1, layout.epochs, min(layout.epochs, MOST)).astype(np.int64))
    return epochs * layout.batches


def handing(hand: Callable[[Ring], None] | None, layout: Layout) -> Callable[[int, Share], None] | None:
    """What a program does after each step, for the observer to hear of the shown ones; None without an observer."""
    if hand is None:
        return None
    wanted = frozenset(shown_steps(layout).tolist())

    def on_step(step: int, weights: Share) -> None:
        if step in wanted:
            hand(weights.ring)

    return on_step


class Losses(NamedTuple):
    """The log loss on the training rows by epoch, from 0: before the first step."""

    epochs: NDArray[np.int64]
    """Those that have ended, at most MOST of them."""
    secret: Floats
    plaintext: Floats
    of: int
    """All epochs of the job."""
    source: str
    """Where the secret weights come from, for people."""

    @property
    def frame(self) -> pd.DataFrame:
        """epoch, secret, plaintext."""
        import pandas as pd

        return pd.DataFrame({"epoch": self.epochs, "secret": self.secret, "plaintext": self.plaintext})

    def chart(self) -> Chart:
        """For the job's report, and for who looks at the job while it runs."""
        last = {"secret": self.secret[-1], "plaintext": self.plaintext[-1]}
        words = Sentence(_WORDS, epoch=int(self.epochs[-1]), of=self.of, **last)
        lines = [("on shares", self.secret.tolist()), ("plaintext", self.plaintext.tolist())]
        return Chart(Sentence(_TITLE), words, "epoch", self.of, self.epochs.tolist(), lines, ("a coin", math.log(2)))


class LossCurve:
    """The losses of a training, as far as both parties' shares are known; plaintext goes the same steps."""

    def __init__(self, material: Material, source: str) -> None:
        self._material, self._source = material, source
        self._steps = shown_steps(material.layout)
        self._plaintext = material.plaintext(ring_numbers=True, ring_rate=True).on_the_way(self._steps)
        coin = self._loss(np.zeros(material.layout.width))
        self._rows = [(0, coin, coin)]
        self._lock = threading.Lock()

    def catch_up(self, first: Sequence[Ring], second: Sequence[Ring]) -> Losses:
        """Take in what is new: each party's shares of the weights after the shown steps, from the first one on."""
        with self._lock:
            known = len(self._rows) - 1
            for own, peers in zip(first[known:], second[known:], strict=False):  # one party is ahead
                step = self._steps[len(self._rows) - 1]
                secret = decode(own + peers, self._material.fxp_bits)
                losses = self._loss(secret), self._loss(next(self._plaintext))
                self._rows.append((int(step) // self._material.layout.batches, *losses))
            epochs, on_shares, plain = zip(*self._rows, strict=True)
        of = self._material.layout.epochs
        return Losses(np.array(epochs), np.array(on_shares), np.array(plain), of, self._source)

    def _loss(self, weights: NDArray[np.floating[Any]]) -> float:
        """On the rows that are trained on; NaN for weights that are no numbers."""
        with np.errstate(over="ignore", invalid="ignore"):
            return log_loss(probabilities(self._material.scores(weights)), self._material.labels == 1)


class LossWatch:
    """The losses of a task that runs."""

    def __init__(self, ran: Ran) -> None:
        from .observed import Material

        material = Material.read(list(ran.environments.values()), since=ran.began)
        self._curve = LossCurve(material, WATCHED)

    def told(self, handed: Mapping[str, Sequence[Ring]]) -> Told:
        """The losses, as far as both parties have come."""
        return Told(charts=[self._curve.catch_up(*handed.values()).chart()])
