"""What does it cost to compare digests of all messages, and to check what the TTP gives (`--verify`)?

    python benchmarks/verify.py

The tutorial's job without, with digests alone, and with digests and sacrificed triples, in turns, by strategy:
processor time, the median of the differences.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

from _common import positive, publish, table

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.options import Strategy

STRATEGIES: tuple[Strategy, ...] = ("preprocessed", "interconnection")
WAYS = ("without", "digests", "all")


@contextmanager
def digests_alone() -> Iterator[None]:
    """Jobs that verify check no triples."""
    mpc.Link.zeros = property(lambda link: None, lambda link, value: None)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del mpc.Link.zeros  # type: ignore[attr-defined]


def took(cluster: kn.Cluster, strategy: Strategy, way: str) -> float:
    """Seconds for one job."""
    if way == "digests":
        with digests_alone():
            return took(cluster, strategy, "all")
    begin = process_time()
    cluster.apply(kn.tutorial_manifest(), replace=True, strategy=strategy, verify=way == "all").wait()
    return process_time() - begin


def measure(cluster: kn.Cluster, strategy: Strategy, repeats: int) -> list[float]:
    """Milliseconds without, and how many more it is with digests, and with triples that are checked, too."""
    samples: list[list[float]] = []
    for turn in range(repeats + 1):
        order = WAYS[turn % 3 :] + WAYS[: turn % 3]
        sample = {way: took(cluster, strategy, way) for way in order}
        without, *others = (sample[way] for way in WAYS)
        if turn:  # the first one warms up
            samples.append([without, *(other - without for other in others)])
    return [1000 * statistics.median(column) for column in zip(*samples, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=41)
    parser.add_argument("--save", action="store_true", help="write results/verify.md")
    arguments = parser.parse_args()
    rows = []
    with kn.connect() as cluster:
        for strategy in STRATEGIES:
            without, *more = measure(cluster, strategy, arguments.repeats)
            added = [f"+{one:.1f} ({100 * one / without:.0f} %)" for one in more]
            rows.append((strategy, f"{without:.1f}", *added))
    header = ("the tutorial's job", "without", "digests", "digests and triples")
    title = "What --verify costs, in milliseconds of processor time"
    publish("verify", title, table(header, rows), save=arguments.save)


if __name__ == "__main__":
    main()
