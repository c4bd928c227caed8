"""What does it cost to watch? The live view and the ledger of sizes, against a job that nobody watches.

    python benchmarks/live.py

Measured in a kernel, by a clock of its own, around `%%kusciajob`: with `--view live --trace sizes`, its defaults,
and with `--view none --trace off`, in turns. The whole may cost 5 % of the tutorial's job.

tutorial   the tutorial's job, which ends before there is anything to show
long       the same job for more epochs: the view is on for all of it but the first 0.3 s, and is left open, so that
           widgets are made and updated ten times a second
"""

from __future__ import annotations

import argparse
import statistics

from _common import positive, publish, table
from _gate import Gate
from jupyter_client.blocking.client import BlockingKernelClient
from startup import PATIENCE, kernel, seconds

LIMIT = 5
"""Per cent."""
LONG = 200
"""Epochs."""

BEGIN = """
%load_ext kuscia_nb
import kuscia_nb
from time import perf_counter

def watched(options, epochs):
    text = kuscia_nb.tutorial_manifest().replace('"num_epoch":1,', f'"num_epoch":{epochs},')
    begin = perf_counter()
    get_ipython().run_cell_magic("kusciajob", options, text)
    return perf_counter() - begin

seconds = 0
"""
HOW = {"watched": "--view live --trace sizes", "alone": "--view none --trace off"}


def measure(gate: Gate, client: BlockingKernelClient, epochs: int, repeats: int) -> dict[str, list[float]]:
    """Samples of both, in turns; the first of each does not count."""
    samples: dict[str, list[float]] = {name: [] for name in HOW}
    for turn in range(repeats + 1):
        for name, options in HOW.items():
            code = f"seconds = watched({options!r}, {epochs})"
            sample = gate.measure(lambda code=code: seconds(client, code))
            if turn:
                samples[name].append(sample)
    return samples


def row(name: str, samples: dict[str, list[float]]) -> tuple[str, ...]:
    """A job's medians in milliseconds, and what watching costs: the median of the ratios of neighbours."""
    ratios = [a / b for a, b in zip(samples["watched"], samples["alone"], strict=True)]
    cost = 100 * (statistics.median(ratios) - 1)
    medians = (f"{1000 * statistics.median(samples[how]):.1f}" for how in HOW)
    return (name, *medians, f"{cost:+.1f} %{' MISSED' if cost > LIMIT else ''}", str(len(ratios)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=41, help="of the tutorial's job (default: 41)")
    parser.add_argument("--long", type=positive, default=9, help="of the long job (default: 9)")
    parser.add_argument("--save", action="store_true", help="also write results/live.md")
    arguments = parser.parse_args()
    with Gate(PATIENCE) as gate, kernel() as client:
        seconds(client, BEGIN)
        rows = [
            row("the tutorial's job", measure(gate, client, 1, arguments.repeats)),
            row(f"the same, {LONG} epochs", measure(gate, client, LONG, arguments.long)),
        ]
    body = table(["milliseconds", *HOW, "cost", "samples"], rows)
    body += f"\n\nWatching may cost {LIMIT} % of the tutorial's job. {gate.summary()}."
    publish("live", "What it costs to watch a job", body, save=arguments.save)


if __name__ == "__main__":
    main()
