"""Does anything break, get lost or hang? All that says so, one after the other (`make report`).

    python benchmarks/robustness.py                     everything: some hours
    python benchmarks/robustness.py --small             all of it a little, in some minutes
    python benchmarks/robustness.py --only crashes      one part; the report has of the others what was found last

Every part is a program of its own, which says what it has found and ends with 0 if that is as it has to be. What they
say is kept in build/robustness, and the report is made of it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from _common import PROJECT, publish, table, tell

KEPT = PROJECT / "build" / "robustness"
FEW = {"schedules": 100, "kills": 5, "inputs": 100, "jobs": 100, "close": 50}
_RIGHT, _WRONG = "as it has to be", "**not as it has to be**"
MANY = {"schedules": 10_000, "kills": 200, "inputs": 10_000, "jobs": 5_000, "close": 1_000}


class Part(NamedTuple):
    """One program."""

    about: str
    """What it does and what it has to say."""
    command: str
    """Behind `python`, with {numbers}."""
    shown: Callable[[str], str]
    """What the report has of all that it says."""
    variables: str = ""
    """Environment, NAME={number}."""


def matching(pattern: str) -> Callable[[str], str]:
    """The lines that have this in them."""
    return lambda said: "\n".join(line for line in said.splitlines() if re.search(pattern, line))


def fuzzed(said: str) -> str:
    """All readers of a fuzzer in one line, and what was found."""
    rows = re.findall(r"^(.+): ([\d,]+) inputs, (\d+) found, ([\d.]+) s$", said, re.MULTILINE)
    inputs, found = sum(int(row[1].replace(",", "")) for row in rows), sum(int(row[2]) for row in rows)
    first = f"{len(rows)} readers, {inputs:,} inputs: {found} that break something"
    return "\n".join([first, *matching(r", seed \d+, input \d+: ")(said).splitlines()])


def tables(said: str) -> str:
    """Markdown tables."""
    return matching(r"^\|")(said)


PARTS = {
    "schedules": Part(
        "Faults drawn by a seed in small jobs, both strategies, both truncations, all levels of a trace. Right: the "
        "weights are those of a job without. Noticed: the job failed, and named its cause. A lie has the right form: "
        "it succeeded with other weights. Never: it did not come to that.",
        "tests/schedules.py --schedules {schedules}",
        str.rstrip,
    ),
    "verified": Part(
        "The same with `--verify`: no lie.",
        "tests/schedules.py --schedules {schedules} --verify",
        str.rstrip,
    ),
    "crashes": Part(
        "Processes on one folder that are killed (`kill -9`): every job that had ended is there, no half file, every "
        "one that had not is Failed on both nodes.",
        "-m pytest tests/test_crash.py -q -s -k killed",
        matching(r"^\d+ processes killed|passed|failed"),
        "KUSCIA_NB_KILLS={kills}",
    ),
    "walk": Part(
        "From a party's program over all references: nothing leads to its peer, the TTP, the observer or another task.",
        "-m pytest tests/test_isolation.py -q",
        matching(r"passed|failed"),
    ),
    "fuzzers": Part(
        "Inputs that are nearly right, for everything that reads: each is read or is a `KusciaError`, within 2 s.",
        "tests/fuzz.py --inputs {inputs}",
        fuzzed,
    ),
    "jobs": Part(
        "Memory under 5 MB, closing under a second.",
        "tests/many.py --jobs {jobs} --close {close}",
        str.strip,
    ),
    "keeping": Part(
        "What becomes of jobs is written down in less than 5 % of the tutorial's job.",
        "benchmarks/keeping.py",
        tables,
    ),
    "server": Part(
        "A node's BFIA server, eight clients.",
        "benchmarks/server.py",
        tables,
    ),
}


def run(name: str, numbers: dict[str, int]) -> bool:
    """Run a part and keep what it says; whether all is as it has to be."""
    part = PARTS[name]
    variables = dict(one.split("=") for one in part.variables.format(**numbers).split())
    tell(f"{name}: {part.command.format(**numbers)}")
    begin = time.monotonic()
    ran = subprocess.run(
        [sys.executable, *part.command.format(**numbers).split()],
        cwd=PROJECT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if name != "server" else None,
        text=True,
        check=False,
    )
    minutes = (time.monotonic() - begin) / 60
    KEPT.mkdir(parents=True, exist_ok=True)
    keep(name, ran.stdout, ran.returncode)
    tell(f"{part.shown(ran.stdout)}\n{_RIGHT if ran.returncode == 0 else _WRONG}, {minutes:.0f} min\n")
    return ran.returncode == 0


def keep(name: str, said: str, code: int) -> None:
    """What a part has said, and how it has ended, behind it."""
    (KEPT / f"{name}.txt").write_text(f"{said.rstrip()}\nended with {code}\n", "utf-8")


def report() -> str:
    """Of all parts that have run, what they have said last."""
    rows, sections = [], []
    for name, part in PARTS.items():
        file = KEPT / f"{name}.txt"
        if not file.exists():
            rows.append((name, "has not run"))
            continue
        said, _, code = file.read_text("utf-8").rstrip().rpartition("\nended with ")
        rows.append((name, _RIGHT if code == "0" else _WRONG))
        shown = part.shown(said)
        body = shown if shown.startswith("|") else f"```text\n{shown}\n```"
        sections.append(f"## {name}\n\n{part.about}\n\n{body}")
    return "\n\n".join(
        [
            table(
                (
                    "",
                    "",
                ),
                rows,
            ),
            *sections,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be said again")
    parser.add_argument("--small", action="store_true", help="a little of everything")
    parser.add_argument("--save", action="store_true", help="write results/robustness.md")
    arguments = parser.parse_args()
    numbers = FEW if arguments.small else MANY
    good = [run(name, numbers) for name in arguments.only or PARTS]
    publish("robustness", "Nothing breaks, nothing is lost, nothing hangs", report(), save=arguments.save)
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
