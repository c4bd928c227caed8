"""Which way of multiplying in the ring is quickest, and what secure randomness costs.

    python benchmarks/ring.py

The choices of kuscia_nb/mpc/ring.py and prg.py rest on this.

Products mod 2^64 of a matrix X (n x k) with a vector w (k) from the right or r (n) from the left. numpy has no BLAS for
integers, so what decides is its own loops, and in which order they read X. float64 with BLAS stands beside them.

Randomness: AES as the parties draw it (`BlockPrg`), against numpy's generator, which is no secret to anybody who sees
some of its output, against the operating system's, and against AES in counter mode, which would be another stream.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _common import positive, publish, table
from _gate import Gate
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from kuscia_nb.mpc import BlockPrg
from kuscia_nb.mpc.prg import room_for
from kuscia_nb.mpc.ring import matvec, vecmat

SHAPES = ((21, 21), (1024, 100), (100_000, 100))
FILLS = {"8 KiB": 8 * 2**10, "8 MiB": 8 * 2**20}
SAMPLE = 0.02  # seconds, at least
PATIENCE = 30  # seconds for waiting and repeating

Work = Callable[[], NDArray[Any]]


def sample(work: Work, calls: int) -> float:
    """Mean seconds of a call, over so many in a row."""
    begin = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - begin) / calls


def measure(contenders: dict[str, Work], rounds: int, gate: Gate) -> dict[str, float]:
    """Median seconds of a call of each, in turns."""
    calls = {name: max(1, round(SAMPLE / sample(work, 3))) for name, work in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        means = gate.measure(lambda: {name: sample(work, calls[name]) for name, work in contenders.items()})
        for name, seconds in means.items():
            taken[name].append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def multiplications(n: int, k: int) -> dict[str, Work]:
    """Ways to multiply an n x k matrix with a vector, checked against each other."""
    generator = np.random.default_rng(0)
    x, w, r = (generator.integers(0, 2**64, shape, np.uint64) for shape in ((n, k), k, n))
    real, real_w, real_r = (array / 2.0**64 for array in (x, w, r))
    from_right: dict[str, Work] = {
        "`X @ w`": lambda: x @ w,
        "`X.dot(w)`": lambda: x.dot(w),
        '`einsum("ij,j->i", X, w)`': lambda: np.einsum("ij,j->i", x, w),
        "`ring.matvec(X, w)`": lambda: matvec(x, w),
    }
    from_left: dict[str, Work] = {
        "`X.T @ r`": lambda: x.T @ r,
        "`r.dot(X)`": lambda: r.dot(x),
        '`einsum("ij,i->j", X, r)`': lambda: np.einsum("ij,i->j", x, r),
        "`ring.vecmat(r, X)`": lambda: vecmat(r, x),
    }
    for ways in (from_right, from_left):
        first, *others = (way() for way in ways.values())
        assert all(np.array_equal(first, other) for other in others)
    floats: dict[str, Work] = {"float64 `X @ w`": lambda: real @ real_w, "float64 `r @ X`": lambda: real_r @ real}
    return from_right | from_left | floats


def counter_mode(elements: int) -> Work:
    """OpenSSL's own counter over zeros: what a party could draw with, if no peer had to draw the same."""
    key, zeros = os.urandom(16), memoryview(bytes(min(8 * elements, 2**16)))

    def draw() -> NDArray[Any]:
        room = room_for(elements)
        target = room.data.cast("B")
        encrypt = Cipher(algorithms.AES128(key), modes.CTR(bytes(16))).encryptor().update_into
        for done in range(0, 8 * elements, len(zeros)):
            encrypt(zeros, target[done:])
        return room[:elements]

    return draw


def generators(size: int) -> dict[str, Work]:
    """Ways to fill `size` bytes with random ring elements."""
    elements = size // 8
    prg, generator = BlockPrg(os.urandom(16)), np.random.Generator(np.random.PCG64())
    return {
        "`BlockPrg` (AES-128)": lambda: prg.draw(elements),
        "AES-128-CTR": counter_mode(elements),
        "numpy's PCG64": lambda: generator.integers(0, 2**64, elements, np.uint64),
        "`os.urandom`": lambda: np.frombuffer(os.urandom(size), np.uint64),
    }


def compare(unit: str, columns: dict[str, dict[str, float]]) -> str:
    """A table with a row for each way and a column for each size, in three digits."""
    ways = list(next(iter(columns.values())))
    rows = [[way, *(_three_digits(column[way]) for column in columns.values())] for way in ways]
    return table([unit, *columns], rows)


def _three_digits(number: float) -> str:
    return f"{number:,.{max(0, 2 - math.floor(math.log10(number)))}f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=9, help="samples of each contender (default: 9)")
    parser.add_argument("--save", action="store_true", help="also write results/ring.md")
    arguments = parser.parse_args()
    with Gate(PATIENCE) as gate:

        def medians(ways: dict[str, Work]) -> dict[str, float]:
            return measure(ways, arguments.rounds, gate)

        microseconds = {
            f"{n:,} x {k}": {way: seconds * 1e6 for way, seconds in medians(multiplications(n, k)).items()}
            for n, k in SHAPES
        }
        rates = {
            name: {way: size / seconds / 1e9 for way, seconds in medians(generators(size)).items()}
            for name, size in FILLS.items()
        }
    parts = [
        f"Medians of {arguments.rounds} rounds. {gate.summary()}.",
        "Products mod 2^64:",
        compare("microseconds", microseconds),
        "Random ring elements into fresh memory:",
        compare("GB/s", rates),
    ]
    publish("ring", "Products and randomness in the ring", "\n\n".join(parts), save=arguments.save)


if __name__ == "__main__":
    main()
