"""The pictures of the README: the tutorial's job in a notebook of JupyterLab, in the light and in the dark theme.

    python docs/pictures/first_job.py

Needs what the browser tests need, a Chromium among it: /usr/bin/chromium, or the program in CHROMIUM_PATH.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from live import HERE, MANIFEST, pictures

if TYPE_CHECKING:
    from desk import Desk

JOB = "%%kusciajob -o job\n" + MANIFEST.read_text("utf-8").rstrip()


def picture(desk: Desk, theme: str, path: Path) -> None:
    """Run the job, and take its cell."""
    notebook = desk.open("lab", f"first_job_{theme}.ipynb", "%load_ext kuscia_nb", JOB)
    notebook.page.set_viewport_size({"width": 1500, "height": 1600})
    notebook.theme(theme)
    for cell in range(2):
        notebook.run(cell)
    notebook.output(1).locator("details").last.wait_for()
    notebook.command("notebook:move-cursor-up")  # to a cell that is not in the picture
    notebook.page.locator(".jp-CodeCell").nth(1).screenshot(path=path)


if __name__ == "__main__":
    pictures(picture, HERE / "first_job")
