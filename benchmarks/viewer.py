"""How fast the trace viewer is scrubbed: JupyterLab in Chromium, a full trace of the tutorial's job.

    python benchmarks/viewer.py

The slider is dragged through the whole trace: in every frame it goes some steps on. The viewer draws the formulas and
the timeline in every frame, the tables and the diagram in every second one. Counted are the frames that the browser
shows in the meantime, at most 60 a second. Needs what the browser tests need, a Chromium among it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from _common import PROJECT, positive, publish, table
from _gate import Gate

from kuscia_nb.operators.ss_lr.training import STRATEGIES

sys.path.append(str(PROJECT / "tests" / "browser"))

from desk import Desk, OpenNotebook, Server, chromium

PATIENCE = 60
FLOOR = 30
"""Frames per second."""
FRAMES = 200
LENSES = ("observer", "alice")
PREPARE = "%load_ext kuscia_nb\nimport kuscia_nb as kn\njobs = {}"
JOB = """
job = kn.connect().apply(kn.tutorial_manifest(), replace=True, strategy="{strategy}", trace="full").wait()
job.trace
"""
SCRUB = """
async ([viewer, frames]) => {
    const slider = viewer.querySelector('[data-testid=trace-slider]');
    const shown = () => new Promise(requestAnimationFrame);
    const times = [await shown()];
    for (let i = 1; i <= frames; i++) {
        slider.value = Math.round(i * Number(slider.max) / frames);
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        times.push(await shown());
    }
    return times;
}
"""


def scrub(notebook: OpenNotebook, cell: int) -> list[float]:
    """Milliseconds from frame to frame."""
    viewer = notebook.output(cell).get_by_test_id("trace-viewer").element_handle()
    times = notebook.page.evaluate(SCRUB, [viewer, FRAMES])
    return [after - before for before, after in pairwise(times)]


def rows(gate: Gate, notebook: OpenNotebook, repeats: int) -> list[tuple[str, ...]]:
    """The frames of each strategy's trace through each lens."""
    found = []
    notebook.run(0)
    for cell, strategy in enumerate(STRATEGIES, start=1):
        notebook.run(cell)
        viewer = notebook.output(cell).get_by_test_id("trace-viewer")
        steps = int(viewer.get_by_test_id("trace-slider").get_attribute("max") or 0) + 1
        for lens in LENSES:
            viewer.get_by_test_id(f"trace-lens-{lens}").click()
            frames = [frame for _ in range(repeats) for frame in gate.measure(lambda: scrub(notebook, cell))]  # noqa: B023
            rate = 1000 / statistics.mean(frames)
            worst = statistics.quantiles(frames, n=100)[98]
            missed = " MISSED" if rate < FLOOR else ""
            found.append((f"{strategy}, {lens}", f"{steps:,}", f"{rate:.0f}{missed}", f"{worst:.0f}"))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=5, help="drags through each trace (default: 5)")
    parser.add_argument("--save", action="store_true", help="also write results/viewer.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, Gate(PATIENCE) as gate:
        server = Server(Path(folder))
        try:
            desk = Desk(browser, server)
            jobs = [JOB.format(strategy=strategy) for strategy in STRATEGIES]
            found = rows(gate, desk.open("lab", "viewer.ipynb", PREPARE, *jobs), arguments.repeats)
            version = browser.version
            desk.close()
        finally:
            server.stop()
    header = ("trace, seen by", "steps", "frames a second", "slowest of 100, ms")
    body = f"{table(header, found)}\n\nAt least {FLOOR} frames a second; {gate.summary()}."
    publish("viewer", "Scrubbing a trace", body, save=arguments.save, others={"Chromium": version})


if __name__ == "__main__":
    main()
