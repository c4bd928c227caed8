"""A training whose columns do not fit into memory: what does it cost to read them from a file, and what memory is left?

    python benchmarks/memory_limit.py                  100,000 x 3,000, 3 epochs, in memory and with memory_limit 300 MB
    python benchmarks/memory_limit.py --published      800,000 x 3,000, 20 epochs, memory_limit 4,000 MB, once
    python benchmarks/memory_limit.py --published --rows 80000    the same with so many rows

The second one is a row of SecretFlow's published benchmark, which took 694 s on two machines with 32 cores each, over a
network that was slow on purpose: it is not the same contest. It writes 10 GB into the folder for temporary files, and
takes some minutes.

Data are made on the fly, block by block, as a CSV file's are when it is read, and are not measured; nor is a CSV file's
parsing, which is the same for both (end_to_end.py has it). What is measured is the training of both parties on one
thread, from float32 columns to weights. Each contender is a process of its own; in every round each runs once.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _common import positive, publish, table, tell

from kuscia_nb import mpc
from kuscia_nb.data.growing import Matrix, Room, matrix_of
from kuscia_nb.operators.ss_lr.columns import Encoded
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18
RATE = 624
"""learning_rate / batch_size in units of 2^-18."""
LONGEST = 1.3
"""How many times as long as in memory it may take."""
PEAK = 600
"""Megabytes that the goal with 300 MB has for the process."""
_ROWS = 2_000


def features(rows: int, columns: int, rank: int) -> Iterator[Matrix]:
    """A party's columns, uniform in [-1, 1), in blocks."""
    generator = np.random.default_rng(rank)
    for start in range(0, rows, _ROWS):
        yield 2 * generator.random((min(_ROWS, rows - start), columns), np.float32) - 1


def child(arguments: argparse.Namespace) -> None:
    """Train once, and print seconds, seconds of a processor, and megabytes at the peak."""
    memory = arguments.limit * 1e6 / 2 if arguments.limit else math.inf
    layout = mpc.Layout(
        (arguments.columns // 2, arguments.columns - arguments.columns // 2),
        arguments.batch,
        arguments.rows // arguments.batch,
        arguments.epochs,
    )
    with tempfile.TemporaryDirectory() as folder:
        room = Room(memory, Path(folder))
        own = [
            Encoded(matrix_of(features(arguments.rows, columns, rank), arguments.rows, columns, room), BITS, memory)
            for rank, columns in enumerate(layout.columns)
        ]
    labels = np.random.default_rng(2).integers(0, 2, arguments.rows).astype(np.float32)
    plan = Plan(layout, np.array(RATE, np.uint64), mpc.encode(np.float32(0.5), BITS))
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> mpc.Share:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms(fxp_bits=BITS))
        y = targets(semi2k, labels if link.rank else None, arguments.rows)
        return await train(semi2k, own[link.rank], y, plan)

    clock, processor = time.perf_counter(), time.process_time()
    outcomes = mpc.run_lockstep((party(links[0]), party(links[1])), links)
    numbers = [time.perf_counter() - clock, time.process_time() - processor]
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    print(json.dumps([*numbers, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))


def sample(arguments: argparse.Namespace, limit: int) -> list[float]:
    sizes = {"rows": arguments.rows, "columns": arguments.columns, "batch": arguments.batch, "epochs": arguments.epochs}
    words = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
    command = [sys.executable, __file__, "--child", *words, "--limit", str(limit)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    tell(
        f"  {f'{limit} MB' if limit else 'in memory'}: "
        + "{:.1f} s, {:.1f} s of a processor, {:,.0f} MB".format(*found)
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, size in {
        "columns": 3_000,
        "batch": 2_000,
        "epochs": 3,
        "limit": 300,
        "rounds": 3,
    }.items():
        parser.add_argument(f"--{name}", type=int if name == "limit" else positive, default=size)
    parser.add_argument("--rows", type=positive, help="default: 100,000, or those of the published row")
    parser.add_argument("--published", action="store_true", help="the published row, once, from a file alone")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--save", action="store_true", help="write results/memory_limit.md, or memory_limit_published.md"
    )
    arguments = parser.parse_args()
    if arguments.child:
        return child(arguments)
    arguments.rows = arguments.rows or (800_000 if arguments.published else 100_000)
    limits = [0, arguments.limit]
    if arguments.published:
        arguments.epochs, arguments.rounds, limits = 20, 1, [4_000]
    samples = [[sample(arguments, limit) for limit in limits] for _ in range(arguments.rounds)]
    best = {
        limit: [min(column) for column in zip(*rows, strict=True)]
        for limit, rows in zip(limits, zip(*samples, strict=True), strict=True)
    }
    header = ["Columns", "Seconds", "of a processor", "Peak"]
    body = table(
        header,
        [
            [
                f"memory_limit {limit:,} MB" if limit else "in memory",
                f"{clock:.1f}",
                f"{processor:.1f}",
                f"{peak:,.0f} MB",
            ]
            for limit, (clock, processor, peak) in best.items()
        ],
    )
    body += (
        "\n\nBoth parties on one thread. If the clock shows much more than the processor, the machine had other work."
    )
    body = f"{arguments.rows:,} x {arguments.columns:,}, batch {arguments.batch:,}, {arguments.epochs} epochs\n\n{body}"
    if len(limits) == 2:
        ratio, peak = best[arguments.limit][0] / best[0][0], best[arguments.limit][2]
        body += (
            f"\n\nFrom a file: {ratio:.2f} times as long, {'met' if ratio <= LONGEST else 'MISSED'} (goal {LONGEST});"
        )
        body += (
            f" peak {peak:,.0f} MB, {'met' if peak <= PEAK else 'MISSED'} (goal {PEAK} MB with memory_limit 300 MB)."
        )
    name = "memory_limit_published" if arguments.published else "memory_limit"
    publish(name, "More than fits into memory", body, save=arguments.save)


if __name__ == "__main__":
    main()
