"""Train one SS-LR job on our engine, or in plain float64: the contenders of ``ss_lr.py`` beside ``spu_peer.py``.

Like that script, a child process that answers JSON, one object per line, so that every contender has an interpreter,
a heap and a peak of memory of its own. The first line is the job; every ``run`` after it trains once, from zero::

    > {"contender": "float64", "rows": 10000, "features": 20, "batch_size": 21, "epochs": 1, "rate": 624, "l2": 0.5}
    < {"ready": true, "max_rss_mb": 70.1}
    > {"run": true}
    < {"seconds": 0.01, "prepared": 0.004, "weights": [0.01, ..., 0.02], "max_rss_mb": 72.0}

``contender``   preprocessed or interconnection (the engine's strategies), either with ", ttp" behind it (truncation
                with the TTP's help), or float64
``rate``        learning_rate / batch_size in units of 2^-18, a whole number for the engine; a ``run`` of float64 may
                bring another one

For the engine, ``seconds`` is everything between the data in the ring and the shares of the weights: start of the
protocol, masks and triples, the TTP's part, and training, both parties in lockstep on one thread. ``prepared`` is the
part of it that goes into what does not depend on the training: masks, triples and their corrections. For float64 it is
the training alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import types
from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from _data import blocks
from numpy.typing import NDArray

from kuscia_nb import mpc
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
"""fxp_bits. One unit of the last place (ulp) is 2^-18."""
TTP = ", ttp"
"""What the name of a contender ends with, if it truncates with the TTP's help."""
PREPARE = {mpc.PreprocessedData: ("_prepare", "_assistance"), mpc.InterconnectionData: ("_prepare",)}
"""What makes masks, triples and pairs for a block of steps."""

R = TypeVar("R")


class Job(NamedTuple):
    """What to train on and how, as the first line of the input says it."""

    contender: str
    rows: int
    features: int
    batch_size: int
    epochs: int
    rate: float
    l2: float


class Trained(NamedTuple):
    """What came of a training."""

    seconds: float
    prepared: float
    """Seconds of these."""
    weights: NDArray[np.floating[Any]]
    """The intercept last."""


class Contender(Protocol):
    """Something that can train again and again."""

    def run(self, rate: float) -> Trained:
        """Train once."""
        ...


class Stopwatch:
    """Seconds that coroutines have run, without those in which they waited and others ran."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Coroutine[Any, None, R]]) -> Callable[..., Coroutine[Any, None, R]]:
        """The same function, timed."""

        @wraps(function)
        async def timed(*arguments: Any) -> R:
            return await self._run(function(*arguments))

        return timed

    @types.coroutine
    def _run(self, coroutine: Coroutine[Any, None, R]) -> Generator[Any, None, R]:
        while True:
            begin = time.perf_counter()
            try:
                waits_for = coroutine.send(None)
            except StopIteration as end:
                return end.value
            finally:
                self.seconds += time.perf_counter() - begin
            yield waits_for


class Engine:
    """Both parties of our engine, their columns already in the ring."""

    def __init__(self, job: Job) -> None:
        self._job, self._watch = job, Stopwatch()
        for kind, names in PREPARE.items():
            for name in names:
                setattr(kind, name, self._watch.around(getattr(kind, name)))
        self._terms = mpc.Terms(fxp_bits=BITS, truncation="ttp" if job.contender.endswith(TTP) else "asymmetric")
        left = job.features // 2
        self._columns = (left, job.features - left)
        self._own = tuple(np.empty((job.rows, columns), np.uint64) for columns in self._columns)
        self._labels = np.empty(job.rows, np.float32)
        for part, x, y in blocks(job.rows, job.features):
            self._own[0][part] = mpc.encode(x[:, :left], BITS)
            self._own[1][part] = mpc.encode(x[:, left:], BITS)
            self._labels[part] = y

    def run(self, rate: float) -> Trained:
        job = self._job
        layout = mpc.Layout(self._columns, job.batch_size, job.rows // job.batch_size, job.epochs)
        strategy = job.contender.removesuffix(TTP)
        plan = Plan(layout, np.array(rate, np.uint64), mpc.encode(np.float32(job.l2), BITS), strategy)
        links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()
        begin, self._watch.seconds = time.perf_counter(), 0.0
        outcomes = mpc.run_lockstep((self._party(links[0], ttp, plan), self._party(links[1], ttp, plan)), links)
        seconds = time.perf_counter() - begin
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        weights = mpc.decode(outcomes[0].result.ring + outcomes[1].result.ring, BITS)
        return Trained(seconds, self._watch.seconds, weights)

    async def _party(self, link: mpc.Link, ttp: mpc.TrustedThirdParty, plan: Plan) -> mpc.Share:
        """One party's program: rank 1 has the labels."""
        party = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), self._terms)
        labels = self._labels if link.rank else None
        return await train(party, self._own[link.rank], targets(party, labels, self._job.rows), plan)


class Float64:
    """The same descent in plain float64: what it costs without any secrecy, and what is right."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._x = np.ones((job.rows, job.features + 1))
        self._targets = np.empty(job.rows)
        for part, x, y in blocks(job.rows, job.features):
            self._x[part, :-1] = x
            self._targets[part] = y - 0.5

    def run(self, rate: float) -> Trained:
        job, x, targets, factor = self._job, self._x, self._targets, rate / 2**BITS
        weights, penalty = np.zeros(job.features + 1), np.full(job.features + 1, job.l2)
        penalty[-1] = 0
        begin = time.perf_counter()
        for _ in range(job.epochs):
            for start in range(0, job.rows - job.batch_size + 1, job.batch_size):
                batch = x[start : start + job.batch_size]
                errors = batch @ weights / 8 - targets[start : start + job.batch_size]
                weights -= factor * (errors @ batch + penalty * weights)
        return Trained(time.perf_counter() - begin, 0.0, weights)


def main() -> None:
    """Answer the requests on stdin until it ends."""

    def reply(**answer: Any) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
        print(json.dumps({**answer, "max_rss_mb": round(peak, 1)}), flush=True)

    job = Job(**json.loads(sys.stdin.readline()))
    contender: Contender = Float64(job) if job.contender == "float64" else Engine(job)
    reply(ready=True)
    for line in sys.stdin:
        trained = contender.run(json.loads(line).get("rate", job.rate))
        reply(**trained._asdict() | {"weights": trained.weights.tolist()})


if __name__ == "__main__":
    main()
