"""Many jobs in one kernel: what of them stays in memory, and what it takes to close the cluster.

    python tests/many.py --jobs 5000 --close 1000

Small jobs, each in place of the one before; then as many as are closed at once.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from time import process_time

from test_cluster import ALICE, BOB, put_own
from test_storage import small

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.options import Level

GROWTH, CPU = 5.0, 1.0
"""Megabytes at most, and seconds of processor time."""
LEVELS: tuple[Level, ...] = ("off", "sizes", "full")
USUAL = 300
"""Jobs after which a kernel has what it needs."""


def replaced(cluster: kn.Cluster, count: int) -> None:
    """So many jobs, each in place of the one before."""
    for number in range(count):
        cluster.apply(small("again"), trace=LEVELS[number % 3], replace=True).wait(60)


def growth(cluster: kn.Cluster, count: int) -> float:
    """Megabytes that this process has more after so many jobs."""
    replaced(cluster, USUAL)
    before = _resident()
    replaced(cluster, count)
    return (_resident() - before) / 1e6


def closing(cluster: kn.Cluster, count: int) -> float:
    """Seconds of processor time to close a cluster with so many jobs."""
    for number in range(count):
        cluster.apply(small(f"job-{number}"), trace="off").wait(60)
    begin = process_time()
    cluster.close()
    return process_time() - begin


def made() -> kn.Cluster:
    """A cluster with data for these jobs."""
    cluster = kn.Cluster(LocalBackend())
    put_own(cluster, "own", alice=ALICE.head(12), bob=BOB.head(12))
    return cluster


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--close", type=int, default=100)
    arguments = parser.parse_args()
    with made() as cluster:
        more = growth(cluster, arguments.jobs)
    print(f"{arguments.jobs:,} jobs in a row, each in place of the one before: {more:+.1f} MB", flush=True)
    seconds = closing(made(), arguments.close)
    print(f"a cluster with {arguments.close:,} jobs is closed in {seconds:.2f} s of processor time")
    sys.exit(more >= GROWTH or seconds >= CPU)


if __name__ == "__main__":
    main()
