"""What does tracing cost: the tutorial's job with trace="off", "sizes" and "full"; and how large is what comes out.

    python benchmarks/trace.py

The three take turns in one process, on warm files: from `apply` to Succeeded, with the reading of both CSV files and
the writing of both result files. Measured is the process's processor time, which others on the machine disturb less
than a clock; what a level costs is the median ratio to the job without tracing of the same turn. What is done with a
trace afterwards (putting both parties' notes together, saving, the state that a browser gets) is measured beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

from _common import positive, publish, table
from _gate import Gate

import kuscia_nb as kn
from kuscia_nb.options import Level, Strategy
from kuscia_nb.views.trace_viewer import state

PATIENCE = 60  # seconds for waiting and repeating
LEVELS: tuple[Level, ...] = ("off", "sizes", "full")
LIMITS = {"sizes": 1.05, "full": 2.0}
"""How many times as long as without any tracing a job may take."""
MOST_STATE = 2_000_000


class Afterwards(NamedTuple):
    """What can be done with a full trace: seconds, and sizes in bytes."""

    steps: int
    observe: float
    save: float
    load: float
    file: int
    state: int


def job(cluster: kn.Cluster, strategy: Strategy, level: Level) -> float:
    """Seconds of processor time of the tutorial's job."""
    begin = time.process_time()
    cluster.apply(kn.tutorial_manifest(), replace=True, strategy=strategy, trace=level).wait()
    return time.process_time() - begin


def afterwards(cluster: kn.Cluster, strategy: Strategy, folder: Path) -> Afterwards:
    """Look at a full trace."""
    trace = cluster.apply(kn.tutorial_manifest(), replace=True, strategy=strategy, trace="full").wait().trace
    begin = time.perf_counter()
    record = trace.record
    observed = time.perf_counter()
    path = trace.save(folder / "tutorial.trace")
    saved = time.perf_counter()
    kn.Trace.load(path)
    loaded = time.perf_counter()
    header, columns = state(record)
    size = len(json.dumps(header)) + len(columns)
    seconds = observed - begin, saved - observed, loaded - saved
    return Afterwards(len(record.steps), *seconds, path.stat().st_size, size)


def measure(gate: Gate, cluster: kn.Cluster, repeats: int) -> dict[str, dict[str, list[float]]]:
    """Seconds by strategy and level, in turns."""
    samples: dict[str, dict[str, list[float]]] = {one: {level: [] for level in LEVELS} for one in get_args(Strategy)}
    for strategy in get_args(Strategy):
        for level in LEVELS:
            job(cluster, strategy, level)
        for _ in range(repeats):
            for level in LEVELS:
                samples[strategy][level].append(gate.measure(partial(job, cluster, strategy, level)))
    return samples


def costs(found: dict[str, dict[str, list[float]]]) -> str:
    """The jobs' table."""
    rows = []
    for strategy, seconds in found.items():
        for level in LEVELS:
            times = statistics.median(a / b for a, b in zip(seconds[level], seconds["off"], strict=True))
            limit = LIMITS.get(level)
            verdict = "" if limit is None else f"{limit:.2f}{' MISSED' if times > limit else ''}"
            milliseconds = f"{statistics.median(seconds[level]) * 1000:.1f}"
            rows.append((f"{strategy}, {level}", milliseconds, f"{times:.3f}", verdict))
    return table(("job", "ms", "times off", "limit"), rows)


def sizes(found: dict[str, Afterwards]) -> str:
    """The table of what comes out."""
    rows = []
    for strategy, one in found.items():
        missed = " MISSED" if one.state > MOST_STATE else ""
        milliseconds = (f"{seconds * 1000:.0f}" for seconds in (one.observe, one.save, one.load))
        rows.append((strategy, f"{one.steps:,}", *milliseconds, f"{one.file:,}", f"{one.state:,}{missed}"))
    header = ("full trace", "steps", "put together, ms", "save, ms", "load, ms", "file, bytes", "in a browser, bytes")
    return table(header, rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=31, help="jobs of each kind (default: 31)")
    parser.add_argument("--save", action="store_true", help="write results/trace.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Gate(PATIENCE) as gate:
        with kn.connect(storage=Path(folder) / "nodes") as cluster:
            seconds = measure(gate, cluster, arguments.repeats)
            found = {strategy: afterwards(cluster, strategy, Path(folder)) for strategy in get_args(Strategy)}
        body = f"{costs(seconds)}\n\n{sizes(found)}\n\nMedians of {arguments.repeats}; {gate.summary()}."
    publish("trace", "What tracing costs: the tutorial's job", body, save=arguments.save)


if __name__ == "__main__":
    main()
