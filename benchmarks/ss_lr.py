"""How long does SS-LR training take: our engine against SPU 0.9.5, and against plain float64?

    python benchmarks/ss_lr.py                       everything, 5 rounds, less than 10 minutes
    python benchmarks/ss_lr.py --only 10000x20       rows whose name (10000x20,21,1) has this in it

All contenders train on the same data in one go, in turns: one sample of each in every round. Each is a child process
of its own (engine_peer.py, spu_peer.py), trained once before anything counts. One that takes longer than 5 seconds for
that is sampled in 3 rounds only. What is measured is the training of both parties with all of its protocol, data being
in the ring already: our start, masks, triples and TTP, and `Runtime.run` of SPU, without encoding and sharing.

SPU runs in an environment of its own, .venv-spu, which is made when it is needed (`--spu-python` takes another). It
takes part three times:

SPU, JAX      a JAX function that SPU's frontend compiles, as users write it, see _spu_jax.py
SPU           a program written by hand, in the fastest form and with the fastest settings found, see spu_peer.py
SPU tuned     the same with malloc told to keep its pages, which pays where fresh ones are dear

A floor is how many times as fast as "SPU, JAX" the engine has to be. Whether it is that much faster than "SPU", too, is
shown beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import _data
import numpy as np
from _common import FOLDER, positive, publish, table, tell
from _gate import Gate
from _peers import Peer, Sample, spu_environment, start
from engine_peer import BITS, TTP

from kuscia_nb.operators.parameter import PREFIX
from kuscia_nb.operators.ss_lr.parameters import Parameters

LEARNING_RATE = 0.05
L2 = 0.5
MEMORY_FLOOR = 4
PATIENCE = 150  # seconds for waiting and repeating
LONG = 5.0  # seconds; who takes longer for the training that does not count is sampled in FEW rounds
FEW = 3

OURS = ("preprocessed", "interconnection")
ASSISTED = tuple(name + TTP for name in OURS)
MOST = {21: 2.2, 1024: 1.15, 4096: 1.15}
"""How many times as long as local truncation the TTP's may take, by batch."""
ONLINE = {"1000000x100,4096,1": 2}
"""How many times as long as float64 the online part of "preprocessed" may take, by row."""
ALL = {"100000x100,1024,10": 6}
"""The same for all of it."""
JAX, SPU, TUNED = SPUS = ("SPU, JAX", "SPU", "SPU tuned")
FLAGS = {JAX: ["--jax"], SPU: [], TUNED: ["--tuned"]}
FLOAT64 = "float64"
CONTENDERS = (*OURS, *ASSISTED, *SPUS, FLOAT64)

COLUMNS = (
    f'"{JAX}" is a JAX function as users of SPU write it, compiled by its own frontend, with malloc as it comes; '
    f'"{SPU}" is a program written by hand in pphlo, in the fastest form and with the fastest settings found, '
    f'with malloc as it comes; "{TUNED}" is that program with malloc told to keep its pages; "{FLOAT64}" is '
    'plain numpy without any secrecy; "met" or "MISSED" says how the column before it compares with the floor.'
)


class Row(NamedTuple):
    """A job to measure, and how many times as fast as "SPU, JAX" it has to be with each of OURS."""

    rows: int
    features: int
    batch_size: int
    epochs: int
    floors: tuple[int, int]

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.features},{self.batch_size},{self.epochs}"

    @property
    def cells(self) -> list[str]:
        return [f"{self.rows:,} x {self.features}", f"{self.batch_size:,}", str(self.epochs)]

    @property
    def rates(self) -> dict[str, float]:
        """learning_rate / batch_size in ulp, as each contender uses it: fixed point changes it.

        We fold it as the reference operator does (spec: ss_lr §2). SPU cuts constants off, except below 4 ulp, where it
        has more bits for them.
        """
        given = {"batch_size": self.batch_size, "learning_rate": LEARNING_RATE, "l2_norm": L2, "has_label": "true"}
        ours = Parameters.from_environment({PREFIX + name: str(value) for name, value in given.items()}).step_rate
        exact = float(np.float32(LEARNING_RATE / self.batch_size)) * 2**BITS
        spu = exact if exact < 4 else float(int(exact))
        return {**dict.fromkeys((*OURS, *ASSISTED), ours), **dict.fromkeys(SPUS, spu), FLOAT64: exact}


ROWS = (
    Row(10_000, 20, 21, 1, (10, 8)),
    Row(100_000, 20, 21, 1, (15, 8)),
    Row(100_000, 100, 1024, 2, (8, 3)),
    Row(100_000, 100, 1024, 10, (12, 3)),
    Row(1_000_000, 100, 4096, 1, (5, 5)),
)


class Result(NamedTuple):
    """What came out for a row, by contender."""

    row: Row
    seconds: dict[str, list[float]]
    ulps: dict[str, float]
    """The largest difference of any weight, in any sample, from float64 at the contender's own rate."""
    max_rss_mb: dict[str, float]
    prepared: dict[str, list[float]]

    def ratio(self, slow: str, fast: str) -> float:
        return statistics.median(self.seconds[slow]) / statistics.median(self.seconds[fast])


def measure(row: Row, rounds: int, spu: Path, gate: Gate) -> Result:
    """Train a row with every contender, in turns."""
    sizes = {"batch_size": row.batch_size, "epochs": row.epochs, "l2": L2}
    rates = row.rates
    samples: dict[str, list[Sample]] = {name: [] for name in CONTENDERS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ss_lr-")))
        _data.save(folder / "data.npz", row.rows, row.features)

        def enter(name: str) -> Peer:
            if name in SPUS:
                command = [spu, FOLDER / "spu_peer.py", *FLAGS[name]]
                job = {**sizes, "data": str(folder / "data.npz"), "learning_rate": LEARNING_RATE}
            else:
                command = [sys.executable, FOLDER / "engine_peer.py"]
                job = {**sizes, "contender": name, "rows": row.rows, "features": row.features, "rate": rates[name]}
            return stack.enter_context(start(command, job))

        peers = {name: enter(name) for name in CONTENDERS}
        warm = {name: peer.run().seconds for name, peer in peers.items()}
        for done in range(rounds):
            for name, peer in peers.items():
                if done < FEW or warm[name] <= LONG:
                    samples[name].append(gate.measure(peer.run))
        expected = {name: peers[FLOAT64].run(rate=rates[name]).weights for name in CONTENDERS}

    def ulps(name: str) -> float:
        off = np.array([sample.weights for sample in samples[name]]) - expected[name]
        return float(np.abs(off).max()) * 2**BITS

    return Result(
        row,
        {name: [sample.seconds for sample in taken] for name, taken in samples.items()},
        {name: ulps(name) for name in CONTENDERS},
        {name: max(sample.max_rss_mb for sample in taken) for name, taken in samples.items()},
        {name: [sample.prepared for sample in taken] for name, taken in samples.items()},
    )


def report(results: list[Result], rounds: int, gate: Gate) -> str:
    """The results as Markdown."""
    head = ["rows x features", "batch", "epochs"]
    seconds = table(
        [*head, *CONTENDERS],
        [
            [*result.row.cells, *(f"{statistics.median(s):.4f} ({min(s):.4f})" for s in result.seconds.values())]
            for result in results
        ],
    )
    ratios = table(
        [*head, "products", "floor", JAX, "met?", SPU, "met?", TUNED, FLOAT64],
        [
            _ratios(result, ours, floor)
            for result in results
            for ours, floor in zip(OURS, result.row.floors, strict=True)
        ],
    )
    assisted = table(
        [*head, "at most", *(cell for name in OURS for cell in (name, "met?"))],
        [[*result.row.cells, *_assisted(result)] for result in results],
    )
    head_apart = [*head, "products", "preparation", "online"]
    for part in ("online", "all"):
        head_apart += [f"{part} / float64", "at most", "met?"]
    apart = table(head_apart, [[*result.row.cells, name, *_apart(result, name)] for result in results for name in OURS])
    exact = (*OURS, *ASSISTED, *SPUS)
    ulps = table(
        [*head, *exact],
        [[*result.row.cells, *(f"{result.ulps[name]:.0f}" for name in exact)] for result in results],
    )
    parts = [
        f"Seconds, medians of {rounds} rounds (and the least). {gate.summary()}.",
        seconds,
        *_shortened(results, rounds),
        f'How many times as long as ours the others take. The floor is for "{JAX}", and is held against "{SPU}", too.',
        ratios,
        COLUMNS,
        "How many times as long as local truncation the TTP's takes.",
        assisted,
        "Seconds of ours, apart: the preparation makes masks, triples and their corrections, which do not depend on "
        "the training; online is all the rest. How many times as long as float64 the online part takes, and all of it.",
        apart,
        f"The largest difference of any weight from float64 at the same learning rate, in ulp (2^-{BITS}). One in the "
        "thousands or more is a run in which the two shares of a product wrapped around 2^64: the risk of local "
        'truncation, SPU\'s as well as ours, which grows with the batch (docs/protocol.md); "ttp" has none.',
        ulps,
    ]
    return "\n\n".join(parts + [_memory(result) for result in results if result.row is ROWS[-1]])


def _ratios(result: Result, ours: str, floor: int) -> list[str]:
    jax, spu, tuned, float64 = (result.ratio(name, ours) for name in (*SPUS, FLOAT64))
    checked = [cell for ratio in (jax, spu) for cell in (f"{ratio:.1f}", "met" if ratio >= floor else "MISSED")]
    return [*result.row.cells, ours, str(floor), *checked, f"{tuned:.1f}", f"{float64:.3f}"]


def _assisted(result: Result) -> list[str]:
    """Of each strategy."""
    ratios, most = [result.ratio(name + TTP, name) for name in OURS], MOST[result.row.batch_size]
    cells = [cell for ratio in ratios for cell in (f"{ratio:.2f}", "met" if ratio <= most else "MISSED")]
    return [f"{most:g}", *cells]


def _apart(result: Result, name: str) -> list[str]:
    """Preparation and online, and how the latter and all of it compare with float64; limits are for "preprocessed"."""
    prepared = statistics.median(result.prepared[name])
    seconds, plain = (statistics.median(result.seconds[one]) for one in (name, FLOAT64))
    cells = [f"{prepared:.4f}", f"{seconds - prepared:.4f}"]
    for limits, taken in ((ONLINE, seconds - prepared), (ALL, seconds)):
        most = limits.get(result.row.name) if name == OURS[0] else None
        met = "" if most is None else "met" if taken <= most * plain else "MISSED"
        cells += [f"{taken / plain:.1f}", f"{most or ''}", met]
    return cells


def _shortened(results: list[Result], rounds: int) -> list[str]:
    """A sentence on who was sampled in fewer rounds, if anybody was."""
    each = [
        f"{name} with {result.row.name} ({len(seconds)})"
        for result in results
        for name, seconds in result.seconds.items()
        if len(seconds) < rounds
    ]
    return [f"Fewer rounds, because one training takes more than {LONG:.0f} s: {'; '.join(each)}."] if each else []


def _memory(result: Result) -> str:
    """The peak of memory against what the data of both parties takes in the ring."""
    data = result.row.rows * result.row.features * 8 / 1e6
    peaks = {name: megabytes * 1.048576 for name, megabytes in result.max_rss_mb.items()}
    missed = [name for name in OURS if peaks[name] > MEMORY_FLOOR * data]
    each = ", ".join(f"{name} {peak:,.0f} MB ({peak / data:.2f}x)" for name, peak in peaks.items())
    text = f"Peak memory of the process that trains {result.row.name}, with {data:,.0f} MB of data in the ring: {each}."
    return f"{text} Ours may take {MEMORY_FLOOR}x{': MISSED by ' + ', '.join(missed) if missed else ''}."


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, help="samples of each contender (default: 5)")
    parser.add_argument("--only", metavar="TEXT", default="", help="only rows with this in their name")
    parser.add_argument("--spu-python", type=Path, metavar="PATH", help="an interpreter that has spu 0.9.5")
    parser.add_argument("--patience", type=positive, default=PATIENCE, help="seconds for waiting and repeating")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample to this file")
    parser.add_argument("--save", action="store_true", help="also write results/ss_lr.md")
    arguments = parser.parse_args()
    rows = [row for row in ROWS if arguments.only in row.name]
    if not rows:
        parser.error(f"no row has {arguments.only!r} in its name: {' '.join(row.name for row in ROWS)}")
    spu, versions = spu_environment(arguments.spu_python)

    results = []
    with Gate(arguments.patience) as gate:
        for row in rows:
            tell(f"{row.name} ...")
            results.append(measure(row, arguments.rounds, spu, gate))
    if arguments.json:
        dump: list[dict[str, Any]] = [{**result._asdict(), "row": result.row.name} for result in results]
        arguments.json.write_text(json.dumps(dump, indent=1), "utf-8")
    body = report(results, arguments.rounds, gate)
    publish("ss_lr", "SS-LR training", body, save=arguments.save, others={"spu": versions})


if __name__ == "__main__":
    main()
