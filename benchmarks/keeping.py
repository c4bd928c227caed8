"""What does it cost to write down what becomes of jobs, with `kn.connect(storage=...)`?

    python benchmarks/keeping.py

The tutorial's job in a temporary cluster, and in one with a folder of its own, in turns: processor time of the whole
process, the median of the differences.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from _common import positive, publish, table

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend

LIMIT = 5.0
"""Percent."""


def took(cluster: kn.Cluster) -> float:
    """Seconds for one job, with all that is written of it."""
    begin = process_time()
    cluster.apply(kn.tutorial_manifest(), replace=True).wait()
    backend = cluster._backend
    assert isinstance(backend, LocalBackend)
    if backend._keeper:
        backend._keeper.flush()
    return process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=101)
    parser.add_argument("--save", action="store_true", help="write results/keeping.md")
    arguments = parser.parse_args()
    without, more = [], []
    with (
        TemporaryDirectory() as folder,
        kn.Cluster(LocalBackend()) as temporary,
        kn.Cluster(LocalBackend(Path(folder))) as kept,
    ):
        for turn in range(arguments.repeats + 3):
            order = (kept, temporary) if turn % 2 else (temporary, kept)
            sample = {cluster is kept: took(cluster) for cluster in order}
            if turn >= 3:  # the first ones warm up
                without.append(1000 * sample[False])
                more.append(1000 * (sample[True] - sample[False]))
    job, cost = statistics.median(without), statistics.median(more)
    share = 100 * cost / job
    rows = [("the tutorial's job", f"{job:.1f}", ""), ("writing it down", f"{cost:+.1f}", f"{share:.1f}")]
    title = "What becomes of jobs is written down, in milliseconds of processor time"
    publish("keeping", title, table(("", "ms", "%"), rows), save=arguments.save)
    sys.exit(share >= LIMIT)


if __name__ == "__main__":
    main()
