"""Both parties' data in one place, and a job's training on them once more: what an observer of both nodes can do.

No party can: this reads both nodes' files. The shares of a training that is run again with the job's seed are the job's
own, to the last bit; without a seed they are those of another run on the same data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...mpc import (
    Layout,
    Link,
    Ring,
    Seeds,
    Semi2k,
    Share,
    Terms,
    TrustedThirdParty,
    connect,
    decode,
    encode,
    run_lockstep,
)
from ...mpc.data import SIGMOID_SHIFT
from ...mpc.payload import Shape
from ...mpc.preprocessed import cut_at_once
from ...mpc.share import ASSISTED, LOCAL
from ...options import Options
from .parameters import Parameters
from .plaintext import ROUNDINGS, Floats, Plaintext
from .program import STRATEGY
from .rounding import Choice, agreed
from .rows import Rows
from .training import Plan, targets, train

_HEARD = 2**20
"""Numbers that are kept of what a party receives."""


class Seen(NamedTuple):
    """What one party has of a training."""

    weights: Ring
    """Its shares of the weights after each kept step, (kept, width)."""
    received: Ring
    """The first numbers that it got from its peer, at most a million."""


@dataclass(frozen=True, eq=False)
class Material:
    """Both parties' data and the terms of one training: what no party has."""

    nodes: tuple[str, str]
    """By rank."""
    features: tuple[NDArray[np.float32], NDArray[np.float32]]
    """Of each rank, (rows, columns): the rows that were trained on, scaled as they were."""
    labels: NDArray[np.float32]
    label_rank: int
    parameters: Parameters
    layout: Layout
    strategy: str
    truncation: str

    @classmethod
    def read(cls, environments: Sequence[Mapping[str, str]], since: float) -> Material:
        """From both parties' environments and files; DataError, if a file was changed after the time `since`."""
        ranked = sorted(environments, key=lambda environment: environment["config.self_role"])
        first, second = (Parameters.from_environment(environment) for environment in ranked)
        nodes, features, labels, label_rank = [], [], None, 0
        for rank, (environment, parameters) in enumerate(zip(ranked, (first, second), strict=True)):
            nodes.append(environment[f"config.node_id.{environment['config.self_role']}"])
            path = _input(environment)
            if path.is_file() and path.stat().st_mtime > since:
                what = "the file was changed after the task had begun, so the plaintext would be that of other data"
                raise DataError(what, where=f"{nodes[-1]}: {path.name}", hint="run the job again")
            rows, _ = Rows.read(path, parameters, f"{nodes[-1]}: {path.name}").to_train_on(parameters)
            features.append(rows.features)
            if rows.labels is not None:
                labels, label_rank = rows.labels, rank
        assert labels is not None
        layout = Layout(
            (features[0].shape[1], features[1].shape[1]),
            first.batch_size,
            len(labels) // first.batch_size,
            first.num_epoch,
            first.l2_norm > 0,
        )
        strategy = ranked[0].get(STRATEGY, Options.strategy)
        choices = (Choice.of(*of_party) for of_party in zip(ranked, (first, second), features, strict=True))
        assisted, _ = agreed([choice.assisted for choice in choices])
        truncation = ASSISTED if assisted else LOCAL[0]
        own = features[0], features[1]
        return cls((nodes[0], nodes[1]), own, labels, label_rank, first, layout, strategy, truncation)

    @property
    def fxp_bits(self) -> int:
        return self.parameters.fxp_bits

    def plaintext(self, *, ring_numbers: bool, ring_rate: bool) -> Plaintext:
        """The training in float64: with features and l2_norm as the ring has them or exact, and so the rate."""
        bits, layout = self.fxp_bits, self.layout
        x = np.hstack(self.features)[: layout.batches * layout.batch_size]
        numbers = decode(encode(x, bits), bits) if ring_numbers else x
        rows = np.column_stack([numbers.astype(np.float64), np.ones(len(x))])
        y = self.labels[: len(x)].astype(np.float64) - 0.5
        l2 = np.float32(self.parameters.l2_norm)
        return Plaintext(
            rows.reshape(layout.batches, layout.batch_size, -1),
            y.reshape(layout.batches, -1),
            layout.epochs,
            self.parameters.step_rate / 2**bits if ring_rate else self.parameters.learning_rate / layout.batch_size,
            float(decode(encode(l2, bits), bits)) if ring_numbers else self.parameters.l2_norm,
        )

    def scores(self, weights: NDArray[np.floating[Any]]) -> Floats:
        """X w + intercept, of the rows that were trained on."""
        return np.hstack(self.features) @ weights[:-1] + weights[-1]

    @property
    def grains(self) -> dict[str, float]:
        """What a step of this job truncates, as `Plaintext.spread` takes it."""
        bits = self.fxp_bits
        rate, l2 = self.parameters.step_rate, int(encode(np.float32(self.parameters.l2_norm), bits))
        if self.truncation != ASSISTED:
            grains = dict.fromkeys(ROUNDINGS[:-1], 0.0)
        elif self.strategy != "preprocessed":
            parts = _grain(rate, bits), 0.0, _grain(l2, bits), 2.0**-SIGMOID_SHIFT, 0.0
            grains = dict(zip(ROUNDINGS, parts, strict=True))
        elif cut_at_once(bits):
            return {"update": 0.0, "predictions": 0.0}
        else:
            return {"update": _grain(rate, bits), "gradient": 0.0, "predictions": 0.0}
        return {name: grain for name, grain in grains.items() if l2 or name != "penalty"}

    def train(self, kept: NDArray[np.int64], seed: int | None, scope: str) -> tuple[Seen, Seen]:
        """The training on shares, and what each rank has of it; with the job's seed and scope, the job's own."""
        links, ttp, bits = connect(self.nodes, end=_HeardLink), TrustedThirdParty(), self.fxp_bits
        plan = Plan(
            self.layout,
            np.array(self.parameters.step_rate, np.uint64),
            encode(np.float32(self.parameters.l2_norm), bits),
            self.strategy,
        )

        async def party(rank: int) -> Seen:
            link, terms = links[rank], Terms("shadow", self.parameters.ttp_adjust_rank, bits, self.truncation)
            mpc = await Semi2k.start(link, ttp, Seeds(seed, f"{scope}/{link.name}"), terms)
            labels = self.labels if rank == self.label_rank else None
            weights = await _weights_on_the_way(mpc, encode(self.features[rank], bits), labels, plan, kept)
            return Seen(weights, link.heard)

        outcomes = run_lockstep((party(0), party(1)), links)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return outcomes[0].result, outcomes[1].result


async def _weights_on_the_way(
    mpc: Semi2k, own: Ring, labels: NDArray[np.float32] | None, plan: Plan, kept: NDArray[np.int64]
) -> Ring:
    """`training.train`, with this party's share of the weights after each kept step."""
    result, wanted = [], set(kept.tolist())

    def keep(step: int, weights: Share) -> None:
        if step in wanted:
            result.append(weights.ring.copy())

    await train(mpc, own, targets(mpc, labels, len(own)), plan, on_step=keep)
    return np.array(result)


def _grain(factor: int, bits: int) -> float:
    """In ulp: of what are multiples of this factor when so many bits are cut off."""
    return (factor & -factor) / 2.0**bits


class _HeardLink(Link):
    """A link that keeps the first numbers that its party is sent in exchanges."""

    def __init__(self, *end: Any) -> None:
        super().__init__(*end)
        self._heard: list[Ring] = []
        self._room = _HEARD

    async def exchange(self, value: Ring, op: str, expect: Shape | None = None) -> Ring:  # type: ignore[override]
        received = await super().exchange(value, op, expect)
        if self._room > 0:
            self._heard.append(received.ravel()[: self._room].copy())
            self._room -= self._heard[-1].size
        return received

    @property
    def heard(self) -> Ring:
        """All that was kept."""
        return np.concatenate(self._heard)


def _input(environment: Mapping[str, str]) -> Path:
    """The data file of the program with this environment."""
    place = json.loads(environment["runtime.component.input.train_data"])
    storage = Path(unquote(urlsplit(environment["system.storage"]).path))
    return storage / place["namespace"] / place["name"]
