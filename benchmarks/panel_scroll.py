"""How smoothly the side panel scrolls in a cluster with a thousand jobs: JupyterLab in Chromium.

    python benchmarks/panel_scroll.py

still     the tree is scrolled from its top to its end and back, some rows in every frame
running   the same while the tutorial's job runs, which changes the tree five times a second

Counted are the frames that the browser shows in the meantime, at most 60 a second. Needs what the browser tests need, a
Chromium among it.
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
from playwright.sync_api import expect

sys.path.append(str(PROJECT / "tests" / "browser"))

from crowd import MILLISECONDS, crowd
from desk import Desk, Server, chromium
from side_panel import ENDLESS, Panel, started

PATIENCE = 60
FLOOR = 30
"""Frames per second."""
FRAMES = 200
SCROLL = """
async ([tree, frames]) => {
    const shown = () => new Promise(requestAnimationFrame);
    const height = tree.scrollHeight - tree.clientHeight;
    const times = [await shown()];
    for (let i = 1; i <= frames; i++) {
        tree.scrollTop = height * (1 - Math.abs(1 - 2 * i / frames));
        times.push(await shown());
    }
    return times;
}
"""


def scroll(panel: Panel) -> list[float]:
    """Milliseconds from frame to frame."""
    times = panel.page.evaluate(SCROLL, [panel.tree.element_handle(), FRAMES])
    return [after - before for before, after in pairwise(times)]


def row(gate: Gate, name: str, panel: Panel, repeats: int) -> tuple[str, ...]:
    """The frames of a few times up and down."""
    frames = [frame for _ in range(repeats) for frame in gate.measure(lambda: scroll(panel))]
    rate = 1000 / statistics.mean(frames)
    worst = statistics.quantiles(frames, n=100)[98]
    return name, f"{rate:.0f}{' MISSED' if rate < FLOOR else ''}", f"{worst:.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=positive, default=1000, help="that have finished (default: 1000)")
    parser.add_argument("--repeats", type=positive, default=5, help="times up and down (default: 5)")
    parser.add_argument("--save", action="store_true", help="also write results/panel_scroll.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, Gate(PATIENCE) as gate:
        server = Server(Path(folder))
        try:
            desk = Desk(browser, server)
            notebook, panel = started(desk, "scroll.ipynb", crowd(arguments.jobs), ENDLESS)
            notebook.run(1, MILLISECONDS)
            expect(panel.row("node alice")).to_contain_text(f"{arguments.jobs} jobs")
            found = [row(gate, "still", panel, arguments.repeats)]
            notebook.begin(2)
            expect(panel.row("job endless").first).to_contain_text("Running")
            found.append(row(gate, "running", panel, arguments.repeats))
            notebook.command("notebook:interrupt-kernel")
            notebook.ended(2)
            version = browser.version
            desk.close()
        finally:
            server.stop()
    body = table(("the cluster", "frames a second", "slowest of 100, ms"), found)
    body += f"\n\n{arguments.jobs:,} jobs on each node. At least {FLOOR} frames a second; {gate.summary()}."
    publish("panel_scroll", "Scrolling in the side panel", body, save=arguments.save, others={"Chromium": version})


if __name__ == "__main__":
    main()
