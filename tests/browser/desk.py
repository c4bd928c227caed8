"""Notebooks in JupyterLab and in Notebook 7, in a real Chromium.

One server serves both; it has folders and settings of its own. A page fails its test when a script on it fails, when
its console has an error, or when it asks any other machine for anything. Chromium is /usr/bin/chromium, or the program
in CHROMIUM_PATH; without one these tests fail.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request, expect, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
MILLISECONDS = 30_000
expect.set_options(timeout=MILLISECONDS)
ROOT = Path(__file__).parent.parent.parent
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
_SERVER = (
    "--allow-root",
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--ServerApp.disable_check_xsrf=True",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--JupyterNotebookApp.expose_app_in_browser=True",
)
_BROWSER = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_PANEL = "window.jupyterapp.shell.currentWidget"
_KERNEL = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
_PATHS = {"lab": "doc/tree", "notebook": "notebooks"}
_OF_THE_APP = {
    "lab": (),
    "notebook": ("reading 'schema'", "Command 'filebrowser:open-path' not registered"),
}
"""Faults that an empty notebook has, too: Notebook 7.6 while it loads."""
_OF_A_RESTART = "Could not restore the debugger state: Canceled future"
"""JupyterLab's debugger, which asks a kernel at any time, when the answer is lost in a restart."""


UNREADABLE = """
output => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const linear = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
    const behind = element => {
        if (!element) return [255, 255, 255];
        const own = parts(getComputedStyle(element).backgroundColor);
        return own.length === 4 && own[3] < 1 ? over(own, behind(element.parentElement)) : own;
    };
    const found = [];
    for (const element of output.querySelectorAll('*')) {
        const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
        if (!text || !element.checkVisibility() || element.matches('[disabled]')) continue;
        const back = behind(element);
        const [a, b] = [over(parts(getComputedStyle(element).color), back), back].map(luminance);
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${text}`);
    }
    return found;
}
"""


def _address(said: IO[str]) -> str:
    """The address that a server tells when it has started."""
    lines = []
    for line in said:
        lines.append(line)
        if "http://127.0.0.1" in line:
            return line[line.index("http://") :].split()[0].rstrip("/").removesuffix("/lab")
    raise RuntimeError("JupyterLab did not start:\n" + "".join(lines))


def _keep(said: IO[str], log: Path) -> None:
    """Write down what else a server says: a pipe that nobody reads is full after some tests, and stops the server."""
    with said, log.open("w") as file:
        shutil.copyfileobj(said, file)


class Server:
    """A running Jupyter server, and the folder of its notebooks."""

    def __init__(self, folder: Path, locale: str = "") -> None:
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        settings = folder / "settings"
        plugins = settings / "@jupyterlab" / "apputils-extension"
        plugins.mkdir(parents=True)
        (plugins / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
        if locale:
            translation = settings / "@jupyterlab" / "translation-extension"
            translation.mkdir()
            (translation / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": locale}))
        extensions = folder / "share" / "labextensions"
        extensions.mkdir(parents=True)
        (extensions / "kuscia-nb").symlink_to(ROOT / "kuscia_nb" / "labextension")
        environment = os.environ | {name: str(folder / name) for name in _FOLDERS}
        environment["JUPYTER_PATH"] = str(folder / "share")
        environment |= {"JUPYTERLAB_SETTINGS_DIR": str(settings), "PYTHONPATH": str(ROOT), "LANGUAGE": "en"}
        command = [sys.executable, "-m", "jupyterlab", *_SERVER, f"--ServerApp.root_dir={self.folder}"]
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.address = _address(self._process.stdout)
        self._reader = threading.Thread(target=_keep, args=(self._process.stdout, folder / "server.log"))
        self._reader.start()

    def write(self, name: str, *codes: str) -> Path:
        """A notebook with these cells."""
        path = self.folder / name
        nb = new_notebook(cells=[new_code_cell(code) for code in codes])
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nb, path)
        return path

    def stop(self) -> None:
        """End the server and its kernels."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=MILLISECONDS / 1000)
        self._reader.join()


class OpenNotebook:
    """A notebook in a page; cells are numbered from 0."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.path = page, path

    def ready(self) -> None:
        """Wait until its kernel is."""
        self.page.wait_for_function(f"{_KERNEL}?.connectionStatus === 'connected' && {_KERNEL}?.status === 'idle'")
        self.page.wait_for_function(f"{_PANEL}.content.widgets.length > 0")

    def begin(self, cell: int) -> None:
        """Start a cell; what an earlier run of it has left does not count as its end."""
        notebook = f"{_PANEL}.content"
        self.page.evaluate(
            f"() => {{ {notebook}.activeCellIndex = {cell}; {notebook}.activeCell.model.executionCount = null; }}"
        )
        self.command("notebook:run-cell")

    def ended(self, cell: int, milliseconds: float = MILLISECONDS) -> None:
        """Wait until a cell has ended."""
        state = f"{_PANEL}.content.widgets[{cell}].model"
        self.page.wait_for_function(
            f"{state}.executionCount !== null && {state}.executionState !== 'running'",
            timeout=milliseconds,
        )

    def run(self, cell: int, milliseconds: float = MILLISECONDS) -> None:
        """Start a cell and wait for its end."""
        self.begin(cell)
        self.ended(cell, milliseconds)

    def output(self, cell: int) -> Locator:
        """The outputs of a cell."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's commands, without waiting for what it promises."""
        self.page.evaluate(
            "([name, args]) => { void window.jupyterapp.commands.execute(name, args) }", [name, arguments]
        )

    def theme(self, name: str) -> None:
        """Switch to the light or the dark theme.

        Each switch shows JupyterLab's splash, which fades: one that begins meanwhile would remove it twice.
        """
        splash = self.page.locator("#jupyterlab-splash")
        splash.wait_for(state="detached")
        self.command("apputils:change-theme", theme=THEMES[name])
        light = "true" if name == "light" else "false"
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'")
        splash.wait_for(state="detached")

    def unreadable(self, cell: int) -> list[str]:
        """Texts in a cell's outputs whose contrast with what is behind them is below 4.5, unless they are disabled."""
        return self.output(cell).evaluate(UNREADABLE)

    def saved(self) -> Any:
        """The notebook as it is in its file, after saving it."""
        self.command("docmanager:save")
        self.page.wait_for_function(f"!{_PANEL}.context.model.dirty")
        return nbformat.read(self.path, as_version=4)

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()
        self.ready()


class Desk:
    """Opens notebooks in pages, and knows what went wrong on them."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._context = browser.new_context(viewport={"width": 1200, "height": 1000})
        self._context.set_default_timeout(MILLISECONDS)
        self._server = server
        self.faults: list[str] = []

    def open(self, app: str, name: str, *codes: str) -> OpenNotebook:
        """A new notebook with these cells, in "lab" or "notebook", with a kernel that is ready."""
        path = self._server.write(name, *codes)
        page = self._context.new_page()
        page.on("pageerror", partial(self._script, app))
        page.on("console", self._console)
        page.on("request", self._request)
        page.goto(f"{self._server.address}/{_PATHS[app]}/{name}")
        opened = OpenNotebook(page, path)
        opened.ready()
        return opened

    def close(self) -> None:
        """Close the pages, and end the kernels with what still runs in them; every fault fails the test.

        The next test begins as a person does who has never opened JupyterLab, so its layout is forgotten, too.
        """
        for page in self._context.pages:
            page.close()  # first: a page complains of a kernel that is gone
        request = self._context.request
        sessions, workspaces = (f"{self._server.address}/{api}" for api in ("api/sessions", "lab/api/workspaces"))
        for session in request.get(sessions).json():
            request.delete(f"{sessions}/{session['id']}")
        for workspace in request.get(workspaces).json()["workspaces"]["ids"]:
            request.delete(f"{workspaces}/{workspace}")
        self._context.close()
        assert not self.faults, "\n".join(self.faults)

    def _script(self, app: str, error: Error) -> None:
        if not any(known in error.message for known in _OF_THE_APP[app]):
            self.faults.append(f"script: {error.stack or error}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and _OF_A_RESTART not in message.text:
            self.faults.append(f"console: {message.text} {message.location}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._server.address, "data:", "blob:")):
            self.faults.append(f"request: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a screen."""
    assert Path(CHROMIUM).is_file(), f"no Chromium at {CHROMIUM}: install it, or set CHROMIUM_PATH"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_BROWSER))
        yield browser
        browser.close()
