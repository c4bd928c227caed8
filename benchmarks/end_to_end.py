"""From two CSV files to weights: how long does a person wait, compared with reading the files alone?

    python benchmarks/end_to_end.py                    both sizes, 3 rounds, about 5 minutes
    python benchmarks/end_to_end.py --rows 100000      one size
    python benchmarks/end_to_end.py --no-spu           without SPU, and without an environment for it
    python benchmarks/end_to_end.py --keep FOLDER      files are kept there for the next time

In every round the contenders run once each, in turns, in processes of their own that have imported what they need:

pandas      `pandas.read_csv` of both files, one after the other: the floor, as nobody gets weights without it
first       a job on a fresh cluster: reading, checks, handshake, training by preprocessed products, writing
again       the same job once more on that cluster, which knows the files
SPU         pandas, and then compiling, sharing and training by "SPU, JAX" of ss_lr.py; up to 100,000 rows

Files are made of uniform numbers with six decimals and read once before anything counts, so that the system has them
in memory. What is compared is the shortest time of all rounds, on the clock and of a processor: on a machine that has
other work, only the latter says something. The peak is that of the process that ran both jobs. Modules are compiled in
the first round, as those of an installed package are.

The same time of pandas is counted for SPU and is a part of ours, so that even a training that takes no time is only so
many times as fast: "at most" says how many.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import _data
import numpy as np
from _common import FOLDER, positive, publish, table, tell
from _peers import spu_environment, start

COLUMNS = 100
GOAL = 1.5
"""How many times as long as pandas the first job may take."""
MEMORY = 0.9
"""How many of the files' bytes may be in memory at the peak."""
FASTER = 10
"""How many times as fast as SPU it has to be."""
LARGE, SMALL = 1_000_000, 100_000
"""Rows for which these are goals: the first two, where the interpreter itself takes little; and the last."""
_BLOCK = 20_000

PANDAS = """
import json, sys, time
import pandas
started = time.perf_counter()
processor = time.process_time()
frames = [len(pandas.read_csv(path)) for path in sys.argv[1:]]
print(json.dumps({"pandas": [time.perf_counter() - started, time.process_time() - processor]}))
"""

OURS = """
import json, resource, sys, time
import pandas
import kuscia_nb as kn
text = kn.tutorial_manifest().replace("perfect_logit_a.csv", "big.csv").replace("perfect_logit_b.csv", "big.csv")
text = text.replace('"batch_size":21', '"batch_size":1024').replace('"learning_rate":0.0001', '"learning_rate":0.1')
cluster = kn.connect(storage=sys.argv[1])
def run():
    started, processor = time.perf_counter(), time.process_time()
    cluster.apply(text, replace=True).wait()
    return time.perf_counter() - started, time.process_time() - processor
first, again = run(), run()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"first": first, "again": again, "peak": [peak]}))
"""


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """Each node's file: half of the columns, the label at alice's."""
    rng = np.random.default_rng(rows)
    paths = []
    for node in ("alice", "bob"):
        path = folder / node / "data" / "big.csv"
        paths.append(path)
        if path.exists():
            continue
        path.parent.mkdir(parents=True)
        names = [f"{node}{i}" for i in range(COLUMNS // 2)] + ["y"] * (node == "alice")
        with path.open("w", encoding="ascii") as file:
            file.write(",".join(names) + "\n")
            for start in range(0, rows, _BLOCK):
                count = min(_BLOCK, rows - start)
                x = rng.uniform(-1, 1, (count, COLUMNS // 2))
                labels = [(int(first > 0),) if node == "alice" else () for first in x[:, 0]]
                file.writelines(
                    ",".join([*map("{:.6f}".format, row), *map(str, label)]) + "\n"
                    for row, label in zip(x.tolist(), labels, strict=True)
                )
    return paths[0], paths[1]


def child(program: str, compiled: Path, *arguments: Path) -> dict[str, Any]:
    """What a program prints; `compiled` is a folder for its modules."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def measure(rows: int, rounds: int, spu: Path | None, keep: Path | None) -> list[str]:
    with ExitStack() as stack:
        compiled = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = keep / str(rows) if keep else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tell(f"{rows:,} rows: making the files")
        paths = make(folder, rows)
        size = sum(path.stat().st_size for path in paths) / 1e6
        samples: list[dict[str, list[float]]] = []
        for number in range(rounds):
            samples.append({**child(PANDAS, compiled, *paths), **child(OURS, compiled, folder)})
            if spu is not None and rows <= SMALL:
                samples[-1]["spu"] = spu_seconds(rows, folder, spu)
            tell(f"  round {number + 1}: {samples[-1]}")
    best = {key: [min(column) for column in zip(*(one[key] for one in samples), strict=True)] for key in samples[0]}
    share, goal = best["peak"][0] * 1.048576 / size, rows >= LARGE
    ratios = [first / pandas for first, pandas in zip(best["first"], best["pandas"], strict=True)]
    cells = [f"{rows:,} x {COLUMNS}", f"{size:,.0f} MB", *map(both, (best["pandas"], best["first"]))]
    cells += [" / ".join(judged(one, one <= GOAL, goal) for one in ratios), both(best["again"])]
    cells += [f"{best['peak'][0]:,.0f} MB", judged(share, share <= MEMORY, goal)]
    if "spu" not in best:
        return [*cells, "-", "-"]
    spus = [pandas + training for pandas, training in zip(best["pandas"], best["spu"], strict=True)]
    times = [one / first for one, first in zip(spus, best["first"], strict=True)]
    most = [one / pandas for one, pandas in zip(spus, best["pandas"], strict=True)]
    cells.append(" / ".join(judged(one, one >= FASTER, rows == SMALL) for one in times))
    return [*cells, " / ".join(f"{one:.2f}" for one in most)]


def both(seconds: Sequence[float]) -> str:
    """On the clock, and of a processor."""
    return " / ".join(f"{one:.2f}" for one in seconds) + " s"


def judged(number: float, met: bool, goal: bool) -> str:
    return f"{number:.2f}" + (f" {'met' if met else 'MISSED'}" if goal else "")


def spu_seconds(rows: int, folder: Path, spu: Path) -> list[float]:
    """What SPU needs for as much data of the same kind, from arrays to shares of the weights; its imports are done."""
    data = folder / "data.npz"
    if not data.exists():
        _data.save(data, rows, COLUMNS)
    job = {"batch_size": 1024, "epochs": 1, "l2": 0.5, "data": str(data), "learning_rate": 0.1}
    with start([spu, FOLDER / "spu_peer.py", "--jax"], job) as peer:
        trained = peer.run()
        return [peer.ready["seconds"] + trained.seconds, peer.ready["processor"] + trained.processor]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=positive, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--no-spu", action="store_true", help="leave SPU out")
    parser.add_argument("--spu-python", type=Path, help="an interpreter that has SPU")
    parser.add_argument("--keep", type=Path, help="a folder in which the files stay")
    parser.add_argument("--save", action="store_true", help="write results/end_to_end.md")
    arguments = parser.parse_args()
    spu, versions = (None, "") if arguments.no_spu else spu_environment(arguments.spu_python)
    header = [
        "Rows x columns",
        "Files",
        "pandas",
        "First job",
        "of pandas",
        "Next job",
        "Peak",
        "of the files",
        "of SPU",
        "at most",
    ]
    rows = [measure(count, arguments.rounds, spu, arguments.keep) for count in arguments.rows]
    body = table(header, rows) + (
        '\n\n"pandas" is `pandas.read_csv` of both files, one after the other; "first job" is everything from the two'
        ' files to weights, one epoch in batches of 1,024; "next job" is the same job on files that were read before.'
        ' Times are on the clock / of a processor. "of SPU" is how many times as fast the first job is as pandas and'
        ' SPU\'s JAX program; "at most" is what it would be if all but pandas took no time.'
        f" Goals: with {LARGE:,} rows the first job takes at most {GOAL} times as long as pandas,"
        f" and the peak is at most {MEMORY} of the files' bytes; with {SMALL:,} it is {FASTER} times as fast as SPU."
    )
    others = {"SPU": versions} if spu else None
    publish("end_to_end", "From files to weights", body, save=arguments.save, others=others)


if __name__ == "__main__":
    main()
