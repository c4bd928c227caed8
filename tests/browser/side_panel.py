"""The side panel of a page, and jobs to watch in it."""

from __future__ import annotations

import re
from typing import Any

from desk import UNREADABLE, Desk, OpenNotebook
from playwright.sync_api import Locator, expect

import kuscia_nb as kn

LOAD = "%load_ext kuscia_nb"
JOB = "%%kusciajob --view none -o job\n" + kn.tutorial_manifest()
ENDLESS = "%%kusciajob --view none -o endless\n" + kn.tutorial_manifest().replace(
    '"num_epoch":1,', '"num_epoch":100000,'
).replace(": job-ss-lr", ": endless")


class Panel:
    """The side panel of a page."""

    def __init__(self, notebook: OpenNotebook) -> None:
        self.notebook, self.page = notebook, notebook.page
        notebook.command("kuscia-nb:open")
        self.region = self.page.get_by_role("region", name="Kuscia")
        self.tree = self.region.get_by_role("tree", name="Nodes, jobs and tasks")
        self.filter = self.region.get_by_role("searchbox", name="Filter jobs by name or phase")
        self.running = self.page.get_by_role("button", name=re.compile(r"Kuscia: \d+ jobs? running"))

    def row(self, name: str) -> Locator:
        """Rows whose label begins so, such as "job endless"; an initiator's own comes first."""
        return self.tree.get_by_role("treeitem", name=re.compile(rf"^{re.escape(name)}(,| |$)"))

    def open(self, name: str) -> None:
        """Open the first row of this name."""
        row = self.row(name).first
        row.locator(".jp-kuscia-nb-Caret").click()
        expect(row).to_have_attribute("aria-expanded", "true")

    def expect_selected(self, name: str) -> None:
        """Wait until a row whose label begins so is the selected one, also for screen readers."""
        row = self.tree.get_by_role("treeitem", selected=True)
        expect(row).to_have_accessible_name(re.compile(rf"^{re.escape(name)}(,| |$)"))
        expect(self.tree).to_have_attribute("aria-activedescendant", str(row.get_attribute("id")))

    def choose(self, row: Locator, item: str) -> None:
        """Choose an item of a row's context menu."""
        row.click(button="right")
        self.page.get_by_role("menuitem", name=item).click()

    def tab(self, title: str) -> Locator:
        """What is in a tab of the main area."""
        return self.page.locator("#jp-main-dock-panel").get_by_role("tabpanel", name=title)

    def unreadable(self) -> list[str]:
        """Texts with too little contrast."""
        return self.region.evaluate(UNREADABLE)


def started(desk: Desk, name: str, *codes: str, app: str = "lab") -> tuple[OpenNotebook, Panel]:
    """A notebook that has loaded the extension in its first cell, with its panel."""
    notebook = desk.open(app, name, LOAD, *codes)
    panel = Panel(notebook)
    notebook.run(0)
    expect(panel.region.get_by_role("button", name="New job").first).to_be_enabled()  # the kernel has answered
    return notebook, panel


def source(notebook: OpenNotebook, cell: int) -> Any:
    """The text of a cell, as it is in the page."""
    panel = "window.jupyterapp.shell.currentWidget"
    return notebook.page.evaluate(f"{panel}.content.widgets[{cell}].model.sharedModel.getSource()")
