"""How long does a person wait in Binder, once the image is there?

    python benchmarks/binder.py

The image is the one of tests/binder_image.py: a clone and a clean environment, after the steps that repo2docker writes
down. Each sample begins JupyterLab as Binder does, opens the page of the badge in a fresh Chromium, and runs the first
cell, which starts the nodes and makes their data.

server   from the start of the process until JupyterLab answers
page     until the notebook is shown, its kernel is ready, and a cell can be run
cell     until the first cell has ended

Together at most 15 s. What Binder itself adds is not in it: a place for the container, its start, the way to it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

from _common import PROJECT, positive, publish, table, tell
from _gate import Gate

sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "browser")]

from binder_image import Image, make, opened  # noqa: E402  # pyright: ignore[reportMissingImports]
from desk import OpenNotebook, chromium  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

LIMIT = 15.0
"""Seconds."""
PATIENCE = 120  # seconds for waiting and repeating
PARTS = ("server", "page", "cell")


def sample(image: Image, browser: Browser) -> list[float]:
    """Seconds of each part."""
    times = [time.perf_counter()]
    with image.server() as address:
        times.append(time.perf_counter())
        page = browser.new_page()
        page.goto(f"{address}/{opened()}")
        notebook = OpenNotebook(page, image.clone)
        notebook.ready()
        times.append(time.perf_counter())
        cell = next(_code_cells(notebook))
        notebook.run(cell)
        times.append(time.perf_counter())
        page.close()
    return [end - begin for begin, end in pairwise(times)]


def _code_cells(notebook: OpenNotebook) -> Iterator[int]:
    """The numbers of the cells with code; they lose their saved outputs, so that what ends is this run."""
    notebook.command("editmenu:clear-all")
    widgets = "window.jupyterapp.shell.currentWidget.content.widgets"
    types: list[str] = notebook.page.evaluate(f"() => {widgets}.map(cell => cell.model.type)")
    yield from (number for number, kind in enumerate(types) if kind == "code")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=positive, default=5, help="how often (default: 5)")
    parser.add_argument("--save", action="store_true", help="also write results/binder.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, Gate(PATIENCE) as gate:
        tell("making the environment")
        image = make(Path(folder))
        samples = [gate.measure(partial(sample, image, browser)) for _ in range(arguments.samples)]
    rows = [(name, list(values)) for name, values in zip(PARTS, zip(*samples, strict=True), strict=True)]
    rows.append(("together", [sum(values) for values in samples]))
    body = table(["seconds", "median", "limit", "least", "most"], [_cells(*row) for row in rows])
    body += f"\n\nIn a clean environment on the machine below, not in Binder itself. {gate.summary()}."
    publish("binder", "Binder: from the start to a first cell that has run", body, save=arguments.save)


def _cells(name: str, values: list[float]) -> list[str]:
    median = statistics.median(values)
    limit = "" if name != "together" else f"{LIMIT:g}{' MISSED' if median > LIMIT else ''}"
    return [name, f"{median:.1f}", limit, f"{min(values):.1f}", f"{max(values):.1f}"]


if __name__ == "__main__":
    main()
