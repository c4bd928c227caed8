"""The pictures of the side panel: beside a cell that runs, in JupyterLab, in the light and in the dark theme.

    python docs/pictures/panel.py

Needs what the browser tests need, a Chromium among it: /usr/bin/chromium, or the program in CHROMIUM_PATH.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from live import HERE, JOB, pictures

if TYPE_CHECKING:
    from desk import Desk

DONE = JOB.replace("-o job", "--view none", 1).replace('"num_epoch":200,', '"num_epoch":1,')
LONG = JOB.replace("-o job", "-o long", 1).replace(": job-ss-lr", ": long")
WIDTH, HEIGHT, TITLE = 1166, 640, 56
"""Pixels: from below the title to where the second cell's output has begun."""


def picture(desk: Desk, theme: str, path: Path) -> None:
    """Run a job to its end, then a longer one, and take the window while that runs."""
    from playwright.sync_api import expect
    from side_panel import started

    notebook, panel = started(desk, f"panel_{theme}.ipynb", LONG, DONE)
    notebook.theme(theme)
    notebook.run(2)
    notebook.begin(1)
    expect(panel.row("job long").first).to_contain_text(re.compile(r"Running \d\d %"))
    panel.open("job long")
    panel.open("task ss_lr_1")
    panel.row("job long").first.click()
    expect(panel.row("condition JobStartSucceeded")).to_be_visible()
    notebook.page.screenshot(path=path, clip={"x": 0, "y": TITLE, "width": WIDTH, "height": HEIGHT})
    panel.tree.get_by_role("button", name="Stop long on both nodes").first.click()
    notebook.ended(1)


if __name__ == "__main__":
    pictures(picture, HERE / "panel")
