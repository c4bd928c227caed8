"""What the ranks are given to do, and how it is done again from their seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ranks import Ended
from replay import ONE, Pair, Replay, Seeds, training

from kuscia_nb.wire.ttp_keys import PUBLIC
from kuscia_nb.wire.ttp_server import TtpServer


def words(ttp: TtpServer, folder: Path, *others: object) -> list[object]:
    return ["--ttp", "{}:{}".format(*ttp.address), "--ttp-key", folder / PUBLIC, *others]


def csv(path: Path, numbers: np.ndarray) -> Path:
    header = ",".join(f"x{i}" for i in range(numbers.shape[1]))
    np.savetxt(path, numbers, delimiter=",", header=header, comments="", fmt="%.9e")
    return path


def replayed(ended: Ended, ttp: TtpServer, adjust_rank: int, truncation: str) -> Replay:
    seeds = Seeds(ended.prss_seeds, [ttp.seed(seed) for seed in ended.beaver_seeds])
    return Replay(seeds, adjust_rank, assisted=truncation == "ttp", asymmetric=truncation == "asymmetric")


def encoded(numbers: np.ndarray) -> np.ndarray:
    return np.trunc(numbers.astype(np.float32) * np.float32(ONE)).astype(np.int64).view(np.uint64)


def own(numbers: np.ndarray, rank: int) -> Pair:
    """As the private input of a rank: the other one has zeros."""
    mine, theirs = encoded(numbers), np.zeros(numbers.shape, np.uint64)
    return (mine, theirs) if rank == 0 else (theirs, mine)


class Tutorial:
    """Data of the tutorial's shape: 10,000 rows, ten columns each, rank 1 with the label."""

    batch_size, epochs, learning_rate, l2 = 21, 1, 1e-4, 0.5
    rows = 476 * batch_size

    def __init__(self) -> None:
        generator = np.random.default_rng(1)
        self.x = generator.uniform(-1, 1, (self.rows, 20)).astype(np.float32)
        truth = generator.uniform(-1, 1, 20)
        chance = 1 / (1 + np.exp(-self.x @ truth))
        self.y = (generator.uniform(size=self.rows) < chance).astype(np.float32)[:, None]

    def words(self, folder: Path) -> list[list[object]]:
        alice = np.column_stack([self.x[:, 10:], self.y])
        return [
            ["--data", csv(folder / "bob.csv", self.x[:, :10])],
            ["--data", csv(folder / "alice.csv", alice), "--label"],
        ]

    @property
    def terms(self) -> list[object]:
        sets = {"batch_size": self.batch_size, "learning_rate": self.learning_rate, "l2_norm": self.l2}
        given = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
        return ["--features", "10,10", "--rows", self.rows, "--set", f"num_epoch={self.epochs}", *given]

    def in_floats(self) -> np.ndarray:
        """The same steps in float64, with the rate that fixed point makes of learning_rate / batch_size."""
        x = np.column_stack([encoded(self.x).view(np.int64) / ONE, np.ones(self.rows)])
        w, penalty = np.zeros(21), np.array([self.l2] * 20 + [0])
        for at in range(0, self.rows, self.batch_size):
            rows = slice(at, at + self.batch_size)
            error = 0.5 + x[rows] @ w / 8 - self.y[rows, 0]
            w = w - (x[rows].T @ error + penalty * w) / ONE  # 1e-4 / 21 is one unit
        return w

    def again(self, replay: Replay) -> Pair:
        """Both ranks' shares of the weights, as their seeds say."""
        empty = np.zeros((self.rows, 10), np.float32)
        left, right = own(np.hstack([self.x[:, :10], empty]), 0), own(np.hstack([empty, self.x[:, 10:]]), 1)
        terms = {"batch_size": self.batch_size, "epochs": self.epochs}
        x = left[0] + right[0], left[1] + right[1]
        return training(replay, x, own(self.y, 1), **terms, learning_rate=self.learning_rate, l2=self.l2)
