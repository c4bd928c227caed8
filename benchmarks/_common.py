"""What all benchmarks have in common: tables, the machine that they describe, and the files that they save."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from cryptography.hazmat.backends.openssl import backend as openssl

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that is also legible as it stands. The first column is flush left, numbers are flush right."""
    cells = [header, *rows]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in [header, rule, *cells[1:]]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine(others: Mapping[str, str] | None = None) -> str:
    """A line on this machine and the versions in use; `others` are versions of what runs elsewhere."""
    versions = {
        "Python": platform.python_version(),
        "numpy": np.__version__,
        "": openssl.openssl_version_text(),  # says its name itself
        **(others or {}),
    }
    parts = [_cpu_model(), f"{os.cpu_count()} cores", platform.system()]
    return ", ".join(parts + [f"{name} {version}".strip() for name, version in versions.items()])


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def publish(name: str, title: str, body: str, *, save: bool, others: Mapping[str, str] | None = None) -> None:
    """Print a result; with `save`, also write it to results/<name>.md."""
    text = f"# {title}\n\n{body}\n\nMeasured {date.today().isoformat()} on {machine(others)}.\n"
    print(text)
    if save:
        path = FOLDER / "results" / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<!-- Written by benchmarks/{Path(sys.argv[0]).name} --save. -->\n\n{text}", "utf-8")
        print(f"saved as {path.relative_to(PROJECT)}")


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def tell(text: str) -> None:
    """A word on how far it is, on stderr: results go to stdout."""
    print(text, file=sys.stderr, flush=True)
