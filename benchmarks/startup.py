"""How long does a person wait: for the extension to load, and for the tutorial's job?

    python benchmarks/startup.py

Measured inside kernels, by a clock of their own, as a notebook would see it:

load    what `%load_ext kuscia_nb` adds to a kernel that has started, in fresh kernels
first   the tutorial's job as the first thing in fresh kernels: imports, the sample data being made, and the job
again   the same job in a kernel that has run it before, deleted and applied anew: from `apply` to Succeeded, with the
        reading of both CSV files and the writing of both result files

Files are warm (a kernel that does not count goes first): this is about what Python has to do.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from _common import positive, publish, table
from _gate import Gate
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

PATIENCE = 60  # seconds for waiting and repeating
TIMEOUT = 60  # seconds for a cell

LOAD = """
from time import perf_counter
begin = perf_counter()
get_ipython().run_line_magic("load_ext", "kuscia_nb")
seconds = perf_counter() - begin
"""

FIRST = """
from time import perf_counter
begin = perf_counter()
import kuscia_nb
cluster = kuscia_nb.connect()
job = cluster.apply(kuscia_nb.tutorial_manifest()).wait()
seconds = perf_counter() - begin
assert job.phase == "Succeeded"
"""

AGAIN = """
cluster.delete(job.name)
begin = perf_counter()
job = cluster.apply(kuscia_nb.tutorial_manifest(), strategy="{strategy}").wait()
seconds = perf_counter() - begin
assert job.phase == "Succeeded"
"""


@contextmanager
def kernel() -> Iterator[BlockingKernelClient]:
    """A fresh IPython kernel that is ready to execute."""
    manager = KernelManager()
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def seconds(client: BlockingKernelClient, code: str) -> float:
    """Execute a cell and return what it left in its variable `seconds`."""
    reply = client.execute_interactive(
        code, user_expressions={"seconds": "seconds"}, timeout=TIMEOUT, output_hook=lambda message: None
    )["content"]
    if reply["status"] != "ok":
        raise RuntimeError("\n".join(reply["traceback"]))
    return float(reply["user_expressions"]["seconds"]["data"]["text/plain"])


def in_fresh_kernel(code: str) -> float:
    """The seconds of a cell that is the first one of its kernel."""
    with kernel() as client:
        return seconds(client, code)


class Result(NamedTuple):
    """Samples of one thing, and the most that their median may be."""

    what: str
    floor: float | None
    samples: list[float]

    @property
    def cells(self) -> list[str]:
        median = statistics.median(self.samples)
        missed = self.floor is not None and median > self.floor
        floor = "" if self.floor is None else f"{self.floor}{' MISSED' if missed else ''}"
        return [self.what, f"{median:.3f}", floor, f"{min(self.samples):.3f}", str(len(self.samples))]


def measure(gate: Gate, kernels: int, repeats: int) -> list[Result]:
    """Everything, the fresh kernels in turns."""
    fresh: dict[str, list[float]] = {LOAD: [], FIRST: []}
    for code in fresh:
        in_fresh_kernel(code)
    for _ in range(kernels):
        for code, samples in fresh.items():
            samples.append(gate.measure(partial(in_fresh_kernel, code)))
    with kernel() as client:
        seconds(client, FIRST)

        def again(strategy: str) -> list[float]:
            code = AGAIN.format(strategy=strategy)
            seconds(client, code)
            return [gate.measure(partial(seconds, client, code)) for _ in range(repeats)]

        warm, interconnection = again("preprocessed"), again("interconnection")
    return [
        Result("`%load_ext kuscia_nb` in a fresh kernel", 0.25, fresh[LOAD]),
        Result("tutorial's job, first thing in a fresh kernel", 1.2, fresh[FIRST]),
        Result("tutorial's job again, from `apply` to Succeeded", 0.25, warm),
        Result("the same with interconnection products", None, interconnection),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--kernels", type=positive, default=7, help="fresh kernels for each sample of that kind (default: 7)"
    )
    parser.add_argument("--repeats", type=positive, default=9, help="how often the job runs again (default: 9)")
    parser.add_argument("--save", action="store_true", help="also write results/startup.md")
    arguments = parser.parse_args()
    with Gate(PATIENCE) as gate:
        results = measure(gate, arguments.kernels, arguments.repeats)
    body = table(["seconds", "median", "floor", "least", "samples"], [result.cells for result in results])
    body += f"\n\nA floor is the most that a median may be. {gate.summary()}."
    publish("startup", "Loading the extension, running the tutorial's job", body, save=arguments.save)


if __name__ == "__main__":
    main()
