"""What does it cost to watch? The live view and the ledger of sizes, against a job that nobody watches.

    python benchmarks/live.py

Measured in a kernel, around `%%kusciajob`, in turns: the processor time of the whole kernel, which other processes on
the machine disturb less than a clock.

tutorial   the tutorial's job as it is by default, with `--view live --trace sizes`, against `--view plain --trace off`:
           at most 5 % more
long       the job for more epochs, `--view live` against `--view plain`: the view is open for nearly all of it, and
           both count the messages

All of them show the job at their end: what came out is asked for, watched or not.
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
from time import process_time

def watched(options, epochs):
    text = kuscia_nb.tutorial_manifest().replace('"num_epoch":1,', f'"num_epoch":{epochs},')
    begin = process_time()
    display(get_ipython().run_cell_magic("kusciajob", options, text))  # as the cell's result is
    return process_time() - begin

seconds = 0
"""
WATCHED, ALONE, PLAIN = "--view live --trace sizes", "--view plain --trace off", "--view plain --trace sizes"


def row(name: str, gate: Gate, client: BlockingKernelClient, against: str, epochs: int, repeats: int) -> list[str]:
    """Medians in milliseconds of both ways in turns, and what watching costs: the median ratio of neighbours."""
    samples: dict[str, list[float]] = {WATCHED: [], against: []}
    for turn in range(repeats + 1):  # the first one does not count
        for options, taken in samples.items():
            code = f"seconds = watched({options!r}, {epochs})"
            sample = gate.measure(lambda code=code: seconds(client, code))
            taken += [sample] if turn else []
    ratios = [a / b for a, b in zip(samples[WATCHED], samples[against], strict=True)]
    cost = 100 * (statistics.median(ratios) - 1)
    medians = [f"{1000 * statistics.median(taken):.1f}" for taken in samples.values()]
    return [f"{name}, against {against}", *medians, f"{cost:+.1f} %{' MISSED' if cost > LIMIT else ''}", str(repeats)]


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
            row("the tutorial's job", gate, client, ALONE, 1, arguments.repeats),
            row(f"{LONG} epochs", gate, client, PLAIN, LONG, arguments.long),
        ]
    body = table(["milliseconds of a processor", "watched", "not", "cost", "samples"], rows)
    body += f"\n\nWatching may cost {LIMIT} %. {gate.summary()}."
    publish("live", "What it costs to watch a job", body, save=arguments.save)


if __name__ == "__main__":
    main()
