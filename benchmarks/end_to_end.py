"""From two CSV files to weights: how long does a person wait, compared with reading the files alone?

    python benchmarks/end_to_end.py                    both sizes, 3 rounds, about 4 minutes
    python benchmarks/end_to_end.py --rows 100000      one size

In every round the contenders run once each, in turns, in processes of their own that have imported what they need:

pandas      `pandas.read_csv` of both files, one after the other: the floor, as nobody gets weights without it
first       a job on a fresh cluster: reading, checks, handshake, training by preprocessed products, writing
again       the same job once more on that cluster, which knows the files

Files are made of uniform numbers with six decimals and read once before anything counts, so that the system has them
in memory. What is compared is the shortest time of all rounds. The peak is that of the process that ran both jobs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _common import positive, publish, table, tell

COLUMNS = 100
GOAL = 1.5
"""How many times as long as pandas the first job may take."""
MEMORY = 0.9
"""How many of the files' bytes may be in memory at the peak."""
_BLOCK = 20_000

PANDAS = """
import json, sys, time
import pandas
started = time.perf_counter()
frames = [len(pandas.read_csv(path)) for path in sys.argv[1:]]
print(json.dumps({"pandas": time.perf_counter() - started}))
"""

OURS = """
import json, resource, sys, time
import pandas
import kuscia_nb as kn
text = kn.tutorial_manifest().replace("perfect_logit_a.csv", "big.csv").replace("perfect_logit_b.csv", "big.csv")
text = text.replace('"batch_size":21', '"batch_size":1024').replace('"learning_rate":0.0001', '"learning_rate":0.1')
cluster = kn.connect(storage=sys.argv[1])
def run():
    started = time.perf_counter()
    cluster.apply(text, replace=True).wait()
    return time.perf_counter() - started
first, again = run(), run()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"first": first, "again": again, "peak": peak}))
"""


def make(folder: Path, rows: int) -> tuple[Path, Path]:
    """Each node's file: half of the columns, the label at alice's."""
    rng = np.random.default_rng(rows)
    paths = []
    for node in ("alice", "bob"):
        path = folder / node / "data" / "big.csv"
        path.parent.mkdir(parents=True)
        paths.append(path)
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


def child(program: str, *arguments: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(rows: int, rounds: int) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        tell(f"{rows:,} rows: making the files")
        paths = make(Path(name), rows)
        size = sum(path.stat().st_size for path in paths) / 1e6
        samples: list[dict[str, Any]] = []
        for number in range(rounds):
            samples.append({**child(PANDAS, *paths), **child(OURS, Path(name))})
            tell(f"  round {number + 1}: {samples[-1]}")
        best = {key: min(sample[key] for sample in samples) for key in ("pandas", "first", "again", "peak")}
    ratio, share = best["first"] / best["pandas"], best["peak"] * 1.048576 / size
    return [
        f"{rows:,} x {COLUMNS}",
        f"{size:,.0f} MB",
        f"{best['pandas']:.2f} s",
        f"{best['first']:.2f} s",
        f"{ratio:.2f} {'met' if ratio <= GOAL else 'MISSED'}",
        f"{best['again']:.2f} s",
        f"{best['peak']:,.0f} MB",
        f"{share:.2f} {'met' if share <= MEMORY else 'MISSED'}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=positive, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--save", action="store_true", help="write results/end_to_end.md")
    arguments = parser.parse_args()
    header = ["Rows x columns", "Files", "pandas", "First job", "of pandas", "Next job", "Peak", "of the files"]
    rows = [measure(count, arguments.rounds) for count in arguments.rows]
    body = table(header, rows) + (
        '\n\n"pandas" is `pandas.read_csv` of both files, one after the other; "first job" is everything from the two'
        ' files to weights, one epoch in batches of 1,024; "next job" is the same job on files that were read before.'
        f" Goals: the first job takes at most {GOAL} times as long as pandas, and the peak is at most {MEMORY} of the"
        " files' bytes."
    )
    publish("end_to_end", "From files to weights", body, save=arguments.save)


if __name__ == "__main__":
    main()
