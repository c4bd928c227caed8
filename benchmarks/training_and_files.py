"""All that is said of the engine's speed, on a machine that does nothing else: about 11 minutes.

    python benchmarks/training_and_files.py              measures, and writes results/{end_to_end,growth,ss_lr}.md
    python benchmarks/training_and_files.py --keep DIR   the same; files of data stay in this folder

The tables of both READMEs are written anew from results/ss_lr.md: tests/test_pages.py holds that they agree.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from _common import FOLDER, PROJECT, tell

SHOWN = ("preprocessed", "interconnection", "SPU, JAX", "SPU", "float64")
"""Columns of the READMEs' table."""


def cells(line: str) -> list[str]:
    """Of a row of a Markdown table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def two_digits(seconds: str) -> str:
    """A median with so many digits that count: 0.0118 (0.0113) is 0.012."""
    number = float(seconds.partition(" ")[0])
    return f"{number:.0f}" if number >= 9.95 else f"{number:.{1 - int(f'{number:.1e}'.partition('e')[2])}f}"


def tell_readers() -> None:
    """Put the medians of results/ss_lr.md into the READMEs."""
    found = [
        cells(line) for line in (FOLDER / "results" / "ss_lr.md").read_text("utf-8").splitlines() if line[:1] == "|"
    ]
    columns = [found[0].index(name) for name in SHOWN]
    measured = [[two_digits(row[column]) for column in columns] for row in found[2:7]]
    for name in ("README.md", "README.zh.md"):
        path, rows = PROJECT / name, iter(measured)
        lines = [
            f"| {cells(line)[0]} | {' | '.join(next(rows))} |" if re.match(r"\| [\d,]+ x \d+", line) else line
            for line in path.read_text("utf-8").split("\n")
        ]
        path.write_text("\n".join(lines), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, help="a folder in which the files of data stay")
    keep = parser.parse_args().keep
    for script, *options in (
        ("end_to_end", "--rounds", "3", *(["--keep", str(keep)] if keep else [])),
        ("growth", "--half"),
        ("ss_lr", "--rounds", "3", "--patience", "60"),
    ):
        tell(f"{script} ...")
        subprocess.run([sys.executable, FOLDER / f"{script}.py", *options, "--save"], check=True)
    tell_readers()


if __name__ == "__main__":
    main()
