"""What does it cost to compare digests of all messages (`--verify`)?

    python benchmarks/verify.py

The tutorial's job with digests and without, in turns, by strategy: processor time, the median of the differences.
"""

from __future__ import annotations

import argparse
import statistics
from time import process_time

from _common import positive, publish, table

import kuscia_nb as kn
from kuscia_nb.options import Strategy

STRATEGIES: tuple[Strategy, ...] = ("preprocessed", "interconnection")


def took(cluster: kn.Cluster, strategy: Strategy, *, verify: bool) -> float:
    """Seconds for one job."""
    begin = process_time()
    cluster.apply(kn.tutorial_manifest(), replace=True, strategy=strategy, verify=verify).wait()
    return process_time() - begin


def measure(cluster: kn.Cluster, strategy: Strategy, repeats: int) -> tuple[float, float]:
    """Milliseconds without, and how many more it is with digests."""
    without, more = [], []
    for turn in range(repeats + 1):
        order = (True, False) if turn % 2 else (False, True)
        sample = {verify: took(cluster, strategy, verify=verify) for verify in order}
        if turn:  # the first one warms up
            without.append(sample[False])
            more.append(sample[True] - sample[False])
    return 1000 * statistics.median(without), 1000 * statistics.median(more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=41)
    parser.add_argument("--save", action="store_true", help="write results/verify.md")
    arguments = parser.parse_args()
    rows = []
    with kn.connect() as cluster:
        for strategy in STRATEGIES:
            without, more = measure(cluster, strategy, arguments.repeats)
            rows.append((strategy, f"{without:.1f}", f"{more:.1f}", f"{100 * more / without:.0f}"))
    header = ("the tutorial's job", "without, ms", "digests, ms", "%")
    publish("verify", "Digests of all messages", table(header, rows), save=arguments.save)


if __name__ == "__main__":
    main()
