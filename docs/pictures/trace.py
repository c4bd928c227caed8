"""The pictures of the trace viewer: a step of the tutorial's training as alice sees it, light and dark.

    python docs/pictures/trace.py

Needs what the browser tests need, a Chromium among it: /usr/bin/chromium, or the program in CHROMIUM_PATH.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from live import HERE, MANIFEST, pictures

if TYPE_CHECKING:
    from desk import Desk

JOB = "%%kusciajob --trace full --seed 1 --view none -o job\n" + MANIFEST.read_text("utf-8")
STEP = "14"
"""The first one that sends a masked residual."""


def picture(desk: Desk, theme: str, path: Path) -> None:
    """Go to a step of the first batch, and look at it with alice's eyes."""
    notebook = desk.open("lab", f"trace_{theme}.ipynb", "%load_ext kuscia_nb", JOB, "job.trace")
    notebook.theme(theme)
    for cell in range(3):
        notebook.run(cell)
    viewer = notebook.output(2).get_by_test_id("trace-viewer")
    viewer.get_by_test_id("trace-slider").fill(STEP)
    viewer.get_by_test_id("trace-lens-alice").click()
    viewer.get_by_test_id("trace-formulas").get_by_text("hidden").first.wait_for()
    notebook.page.wait_for_timeout(500)  # milliseconds, in which the tables and the diagram follow
    viewer.screenshot(path=path)


if __name__ == "__main__":
    pictures(picture, HERE / "trace")
