"""How long does it take two parties to find the ids that both have, and how much memory?

    python benchmarks/psi.py --ids 1000000

A job of ecdh_psi on two files of so many ids each, half of them in common, with a column of numbers each: from `apply`
to its end, so with reading, sorting and writing. Each party multiplies its own points and the peer's: the floor is one
X25519 of the library times four times the ids, timed before and after on points of the same kind.

Processor seconds count what the job's processes have computed, whatever else the machine does meanwhile. Memory is what
this process and those that multiply points have together, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from _common import positive, publish, table, tell

import kuscia_nb as kn
from kuscia_nb.operators.ecdh_psi.curve import hashed
from kuscia_nb.operators.ecdh_psi.worker import multiply

SAMPLE = 20_000
"""Points of one timing of the floor."""
PARTIES = ({"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"})


class Cost(NamedTuple):
    """What a job took."""

    seconds: float
    processor: float
    """Seconds of all processes."""
    megabytes: float
    """The most that this process and those that it has started had together."""
    before: float
    """What this process had before."""
    common: int


def floor() -> float:
    """Processor seconds of one multiplication, about."""
    points = hashed([str(i) for i in range(SAMPLE)])
    begin = time.process_time()
    multiply(bytes(range(32)), points)
    return (time.process_time() - begin) / SAMPLE


def write(path: Path, first: int, count: int) -> None:
    """A file of ids and one column, in an order of its own: `first` is the first id."""
    step = 7_919  # a prime, so that each id comes once
    with path.open("w") as lines:
        lines.write("id,value\n")
        for i in range(count):
            number = first + i * step % count
            lines.write(f"person-{number:010},{number % 1000 / 1000}\n")


def manifest() -> dict[str, object]:
    own = {"namespace": "data", "name": "ids.csv"}
    config = {
        "name": "psi_1",
        "module_name": "ecdh_psi",
        "input": [],
        "output": [{"type": "dataset", "key": "train_data"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": {"0": own}, "guest": {"0": own}, "common": {}},
    }
    task = {"alias": "psi_1", "appImage": "ecdh-psi", "parties": PARTIES, "taskInputConfig": json.dumps(config)}
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "psi"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }


def processor() -> float:
    """Seconds of this process and of those that it has started, once they have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Memory(threading.Thread):
    """Looks at the memory of this process and of those that it has started until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.before = self.most = self._now()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, self._now())

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _now(self) -> float:
        """Megabytes."""
        this, total = psutil.Process(), 0
        for process in (this, *this.children(recursive=True)):
            with suppress(psutil.Error):  # it has ended
                total += process.memory_info().rss
        return total / 1e6


def run(ids: int) -> Cost:
    """One job."""
    with tempfile.TemporaryDirectory() as folder, kn.connect(storage=folder) as cluster:
        for node, first in (("alice", 0), ("bob", ids // 2)):
            write(cluster.nodes[node] / "data" / "ids.csv", first, ids)
        memory = Memory()
        memory.start()
        begin, used = time.perf_counter(), processor()
        job = cluster.apply(manifest()).wait()
        seconds, used = time.perf_counter() - begin, processor() - used
        memory.stop()
        (output,) = cluster.nodes["alice"].glob("psi-*/*-train_data")
        with output.open() as lines:
            common = sum(1 for _ in lines) - 1
        tell(job.notes[0])
    return Cost(seconds, used, memory.most, memory.before, common)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ids", type=positive, default=1_000_000, help="of each party")
    parser.add_argument("--save", action="store_true", help="write results/psi.md")
    arguments = parser.parse_args()
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    before = floor()
    cost = run(arguments.ids)
    after = os.getloadavg()[0]
    least = min(before, floor()) * 4 * arguments.ids
    assert cost.common == arguments.ids - arguments.ids // 2
    rows = [
        ("seconds", f"{cost.seconds:.1f}", f"{least / cores:.1f}", f"{cost.seconds * cores / least:.2f}"),
        ("processor seconds", f"{cost.processor:.1f}", f"{least:.1f}", f"{cost.processor / least:.2f}"),
        ("MB at most", f"{cost.megabytes:.0f}", "", ""),
        ("MB before", f"{cost.before:.0f}", "", ""),
    ]
    body = table((f"{arguments.ids:,} ids a side", "job", "floor", "job / floor"), rows)
    body += (
        f"\n\nThe floor is one X25519 of the library ({least / arguments.ids / 4 * 1e6:.1f} µs) times"
        f" {4 * arguments.ids:,}, for seconds on {cores} cores. Half of the ids are in common."
        f" Load of the machine before the start: {load:.1f}, at the end, with the job's own two processes: {after:.1f}."
    )
    publish("psi", "Finding the ids that both have", body, save=arguments.save)


if __name__ == "__main__":
    main()
