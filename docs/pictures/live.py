"""The pictures of the live view: a job while it runs, in JupyterLab, in the light and in the dark theme.

    python docs/pictures/live.py

Needs what the browser tests need, a Chromium among it: /usr/bin/chromium, or the program in CHROMIUM_PATH.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desk import Desk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

EPOCHS, PERCENT = 200, 40
MANIFEST = ROOT / "kuscia_nb" / "data" / "job-ss-lr.yaml"
JOB = "%%kusciajob -o job\n" + MANIFEST.read_text("utf-8").replace('"num_epoch":1,', f'"num_epoch":{EPOCHS},')


def picture(desk: Desk, theme: str, path: Path) -> None:
    """Run the job, and take its cell's output when it has come far enough."""
    notebook = desk.open("lab", f"live_{theme}.ipynb", "%load_ext kuscia_nb", JOB)
    notebook.theme(theme)
    notebook.run(0)
    notebook.begin(1)
    output = notebook.output(1)
    output.get_by_role("progressbar").first.wait_for()
    bar = "document.querySelector('.jp-Cell-outputArea [role=progressbar]')"
    notebook.page.wait_for_function(f"Number({bar}?.ariaValueNow) >= {PERCENT}", timeout=300_000)
    output.screenshot(path=path)
    output.get_by_role("button", name="Stop").click()
    notebook.ended(1)


def pictures(picture: Callable[[Desk, str, Path], None], name: Path) -> None:
    """Make one for each theme."""
    from desk import THEMES, Desk, Server, chromium

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = Server(Path(folder))
        try:
            desk = Desk(browser, server)
            for theme in THEMES:
                picture(desk, theme, name.with_name(f"{name.name}_{theme}.png"))
            desk.close()
        finally:
            server.stop()


if __name__ == "__main__":
    pictures(picture, HERE / "live")
