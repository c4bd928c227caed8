"""How do time and memory grow with rows, features, batch, epochs and steps; and with the jobs that a kernel has run?

    python benchmarks/growth.py                  everything, about 5 minutes
    python benchmarks/growth.py --only rows      one of them
    python benchmarks/growth.py --half           half as many points, up to a quarter of the size

Each point is a process of its own that trains once, both parties on one thread, from float32 columns to weights; for
jobs, one that runs so many of the tutorial's on a cluster and keeps them all. Time is that of a processor, memory what
the process has at its peak beyond what it has after its imports.

A slope is that of log y over log x between two points: 1 is linear, 0 is no growth. The last column has the slope of
all points together; those in between show where it changes.
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
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from _common import publish, table, tell
from memory_limit import features

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.data.growing import matrix_of
from kuscia_nb.operators.ss_lr.columns import Encoded
from kuscia_nb.operators.ss_lr.training import Plan, targets, train

BITS = 18


class Point(NamedTuple):
    """What to train, or how many jobs to run."""

    rows: int = 40_000
    columns: int = 20
    """Of each party."""
    batch: int = 64
    epochs: int = 1
    jobs: int = 0


AXES: dict[str, list[Point]] = {
    "rows": [Point(rows=10_000 * 4**i) for i in range(5)],
    "features": [Point(columns=5 * 4**i) for i in range(4)],
    "batch": [Point(batch=8 * 4**i) for i in range(5)],
    "epochs": [Point(epochs=4**i) for i in range(4)],
    "steps": [Point(rows=4 * 2_000 * 4**i, columns=2, batch=4) for i in range(4)],
    "jobs": [Point(jobs=20 * 2**i) for i in range(4)],
}
"""What grows, all else being equal. Steps are of few numbers, so that what they cost by themselves shows."""


def size(axis: str, point: Point) -> int:
    """Where a point is on its axis."""
    sizes = {"features": 2 * point.columns, "steps": point.rows // point.batch}
    return sizes.get(axis) or getattr(point, axis)


def trained(point: Point) -> None:
    """Train once."""
    own = [
        Encoded(matrix_of(features(point.rows, point.columns, r), point.rows, point.columns), BITS, math.inf)
        for r in (0, 1)
    ]
    labels = np.random.default_rng(2).integers(0, 2, point.rows).astype(np.float32)
    layout = mpc.Layout((point.columns, point.columns), point.batch, point.rows // point.batch, point.epochs)
    plan = Plan(layout, np.array(2**14 // point.batch, np.uint64), mpc.encode(np.float32(0.5), BITS))
    links, ttp = mpc.connect(("bob", "alice")), mpc.TrustedThirdParty()

    async def party(link: mpc.Link) -> mpc.Share:
        semi2k = await mpc.Semi2k.start(link, ttp, mpc.Seeds(), mpc.Terms(fxp_bits=BITS))
        y = targets(semi2k, labels if link.rank else None, point.rows)
        return await train(semi2k, own[link.rank], y, plan)

    for outcome in mpc.run_lockstep((party(links[0]), party(links[1])), links):
        if outcome.error is not None:
            raise outcome.error


def ran(jobs: int) -> None:
    """Run so many of the tutorial's jobs."""
    with tempfile.TemporaryDirectory() as folder, kn.connect(storage=folder) as cluster:
        for number in range(jobs):
            cluster.apply(kn.tutorial_manifest().replace("name: job-ss-lr", f"name: job-{number}")).wait()


def child(point: Point) -> None:
    """One point: seconds of a processor, and megabytes at the peak."""
    if point.jobs:
        ran(2)  # which imports all that there is to import
    begin, processor = peak(), time.process_time()
    ran(point.jobs) if point.jobs else trained(point)
    print(json.dumps([time.process_time() - processor, peak() - begin]))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def measured(axis: str, point: Point) -> list[float]:
    command = [sys.executable, __file__, "--child", json.dumps(point)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    tell(f"  {size(axis, point):,} {axis}: {found[0]:.2f} s, {found[1]:.1f} MB")
    return found


def slopes(x: Sequence[float], y: Sequence[float]) -> list[str]:
    """Between neighbours, and of all points."""
    logs = [(math.log(a), math.log(max(b, 1e-3))) for a, b in zip(x, y, strict=True)]
    between = [(right[1] - left[1]) / (right[0] - left[0]) for left, right in pairwise(logs)]
    overall = float(np.polyfit([one for one, _ in logs], [one for _, one in logs], 1)[0])
    return [" ".join(f"{one:.2f}" for one in between), f"{overall:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=AXES, help="one of them")
    parser.add_argument("--half", action="store_true", help="leave out the two largest points of each")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--save", action="store_true", help="write results/growth.md")
    arguments = parser.parse_args()
    if arguments.child:
        return child(Point(*json.loads(arguments.child)))
    rows = []
    for axis in [arguments.only] if arguments.only else AXES:
        points = AXES[axis][: -2 if arguments.half else None]
        sizes, found = [size(axis, point) for point in points], [measured(axis, point) for point in points]
        for what, unit, values in zip(("time", "memory"), ("s", "MB"), zip(*found, strict=True), strict=True):
            numbers = " ".join(f"{one:.2f}" if unit == "s" else f"{one:.0f}" for one in values)
            rows.append(
                [axis, " ".join(f"{one:,}" for one in sizes), what, f"{numbers} {unit}", *slopes(sizes, values)]
            )
    body = table(["What grows", "Sizes", "", "Measured", "Slopes", "Slope"], rows)
    body += f"\n\nAll else being equal: {Point()}, preprocessed products."
    publish("growth", "Growth", body, save=arguments.save)


if __name__ == "__main__":
    main()
