"""The pictures of the README: the first notebook's job in JupyterLab, in the light and in the dark theme.

    pip install ".[lab]" playwright
    python docs/pictures/make.py

Needs a Chromium of the system: /usr/bin/chromium, or the program in CHROMIUM_PATH. Runs the whole notebook in a
JupyterLab with settings and folders of its own, and takes the cell with the job.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NOTEBOOK = "01_first_job.ipynb"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
SERVER = (
    "--allow-root",
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--ServerApp.disable_check_xsrf=True",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)
BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")
MILLISECONDS = 60_000


def start_server(folder: Path, theme: str) -> tuple[subprocess.Popen[str], str]:
    """A JupyterLab with the notebook, the theme and no other settings, and its address."""
    notebooks, settings = folder / "notebooks", folder / "settings"
    notebooks.mkdir()
    shutil.copy(ROOT / "notebooks" / NOTEBOOK, notebooks)
    plugins = settings / "@jupyterlab" / "apputils-extension"
    plugins.mkdir(parents=True)
    (plugins / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (plugins / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
    environment = os.environ | {name: str(folder / name) for name in FOLDERS}
    environment |= {"JUPYTERLAB_SETTINGS_DIR": str(settings), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jupyterlab", *SERVER, f"--ServerApp.root_dir={notebooks}"]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert server.stderr is not None
    for line in server.stderr:
        if "http://127.0.0.1" in line:
            return server, line[line.index("http://") :].split()[0].rstrip("/").removesuffix("/lab")
    raise RuntimeError("JupyterLab did not start")


def picture(page: Page, address: str, path: Path) -> None:
    """Run the notebook and take the cell with the job."""
    page.goto(f"{address}/doc/tree/{NOTEBOOK}")
    kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    page.wait_for_function(f"{kernel}?.connectionStatus === 'connected' && {kernel}?.status === 'idle'")
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    cells = "window.jupyterapp.shell.currentWidget.content.widgets"
    page.wait_for_function(f"{cells}.filter(cell => cell.model.type === 'code').at(-1).model.executionCount !== null")
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:deselect-all') }")
    cell = page.locator(".jp-CodeCell", has_text="%%kusciajob -o job")
    cell.locator(".jp-OutputArea details").last.wait_for()
    cell.screenshot(path=path)


def main() -> None:
    """Make both pictures."""
    chromium = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(BROWSER))
        for name, theme in THEMES.items():
            with tempfile.TemporaryDirectory() as folder:
                server, address = start_server(Path(folder), theme)
                try:
                    page = browser.new_page(viewport={"width": 1290, "height": 1600})
                    page.set_default_timeout(MILLISECONDS)
                    picture(page, address, HERE / f"first_job_{name}.png")
                finally:
                    os.killpg(server.pid, signal.SIGTERM)
                    server.wait()
        browser.close()


if __name__ == "__main__":
    main()
