"""The side panel as a person uses it: nodes, jobs and tasks beside a notebook that is at work."""

from __future__ import annotations

import re

import pytest
from crowd import MILLISECONDS, crowd
from desk import Desk
from playwright.sync_api import Response, expect
from side_panel import ENDLESS, JOB, LOAD, Panel, started

JOBS = 1000
MOST_ROWS = 100
"""In the page at once; a screen has far fewer."""


def test_an_empty_panel_says_the_next_step_and_does_it(desk: Desk) -> None:
    notebook = desk.open("lab", "panel_empty.ipynb", "1 + 1", JOB)
    panel = Panel(notebook)
    expect(panel.region).to_contain_text("panel_empty.ipynb has not loaded kuscia_nb yet.")
    expect(panel.running).to_have_count(0)
    panel.region.get_by_role("button", name="Load it").click()
    expect(panel.region).to_contain_text("No job yet.")
    assert notebook.saved().cells[1].source == LOAD, "it stays in the notebook, below the active cell"
    notebook.run(2)
    expect(panel.row("job job-ss-lr")).to_have_count(2)
    expect(panel.region.get_by_role("status")).to_have_count(0)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_job_is_watched_and_stopped_while_its_cell_runs(desk: Desk, app: str) -> None:
    notebook, panel = started(desk, f"panel_{app}.ipynb", ENDLESS, app=app)
    notebook.begin(1)
    expect(panel.row("job endless").first).to_contain_text(re.compile(r"Running \d+ %"))
    panel.open("job endless")
    panel.open("task ss_lr_1")
    expect(panel.row("party alice (host.0)")).to_contain_text(re.compile(r"epoch \d+/100000, batch \d+/476"))
    expect(panel.row("condition JobStartSucceeded")).to_be_visible()
    expect(panel.row("trusted third party TTP")).to_contain_text(re.compile(r"[1-9]\d* requests, [\d.]+ [KM]iB"))
    if app == "lab":
        expect(panel.running).to_have_text("Kuscia: 1 job running")
    panel.tree.get_by_role("button", name="Stop endless on both nodes").first.click()
    notebook.ended(1)
    expect(notebook.output(1)).to_contain_text("JobStopped: the job was stopped on alice")
    for node in (0, 1):
        expect(panel.row("job endless").nth(node)).to_contain_text("Failed")
    expect(panel.tree.get_by_role("button")).to_have_count(0)
    if app == "lab":
        expect(panel.running).to_have_text("Kuscia: 0 jobs running")


UNCUT = """part => part.scrollWidth <= part.clientWidth && part.offsetTop === part.parentElement.offsetTop"""


def test_a_narrow_panel_shows_how_far_the_parties_are(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_narrow.ipynb", ENDLESS)
    notebook.begin(1)
    panel.open("job endless")
    panel.open("task ss_lr_1")
    party = panel.row("party alice (host.0)")
    expect(party).to_contain_text("epoch")
    is_wide = """width => {
        const split = window.jupyterapp.shell._hsplitPanel;
        split.setRelativeSizes([width, split.node.clientWidth - width, 0]);
        return Math.abs(document.getElementById('kuscia-nb-panel').clientWidth - width) < 60;
    }"""
    shown = {}
    for pixels in (250, 450):  # as it is at first, and drawn wider
        notebook.page.wait_for_function(is_wide, arg=pixels)  # again, as long as JupyterLab lays itself out
        shown[pixels] = [part.evaluate(UNCUT) for part in party.locator(".jp-kuscia-nb-Parts > span").all()]
    assert shown == {250: [True, False], 450: [True, True]}, "the epoch, then also the batch"
    notebook.command("notebook:interrupt-kernel")


def test_why_a_job_has_failed_is_told_below_the_tree(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_why.ipynb", JOB.replace('"batch_size":21', '"batch_size":99999999'))
    notebook.run(1)
    row = panel.row("job job-ss-lr").first
    expect(row).to_contain_text("Failed")
    row.click()
    why = "task ss_lr_1 failed: learning_rate / batch_size"
    expect(panel.region.locator(".jp-kuscia-nb-Selected")).to_contain_text(why)
    expect(row).to_have_accessible_name(re.compile(re.escape(why)))
    expect(row).to_have_attribute("title", re.compile(re.escape(why)))


def test_a_filter_that_nothing_fits_says_so(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_filter.ipynb", JOB)
    notebook.run(1)
    expect(panel.row("job job-ss-lr")).to_have_count(2)
    panel.filter.fill("FAILED")
    expect(panel.region.get_by_role("status")).to_contain_text("No job has “FAILED” in its name or phase.")
    panel.region.get_by_role("button", name="Show all jobs").click()
    expect(panel.row("job job-ss-lr")).to_have_count(2)
    expect(panel.filter).to_have_value("")


def test_a_job_that_is_run_again_stays_open(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_again.ipynb", JOB, "import kuscia_nb as kn\nkn.connect().delete(job.name)")
    notebook.run(1)
    panel.open("job job-ss-lr")
    task = panel.row("task ss_lr_1").first
    first = task.get_attribute("id")
    for _ in range(3):  # the panel may hear of the old one's end together with the new one
        notebook.run(1)
        expect(panel.row("job job-ss-lr")).to_have_count(2)
        expect(task).not_to_have_attribute("id", str(first))
        expect(panel.row("condition JobValidated")).to_be_visible()
        first = task.get_attribute("id")
    notebook.run(2)
    expect(panel.row("job job-ss-lr")).to_have_count(0)  # it may as well hear of the end alone
    notebook.run(1)
    expect(task).not_to_have_attribute("id", str(first))


def test_it_says_so_when_the_kernel_does_not_hear_it(desk: Desk) -> None:
    """As with ipykernel 6, or JupyterLab before 4.4: the panel goes on showing what happens."""
    notebook = desk.open("lab", "panel_deaf.ipynb", LOAD, ENDLESS)
    panel = Panel(notebook)
    notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.commsOverSubshells = 'disabled'"
    )
    notebook.run(0)
    expect(panel.region).to_contain_text("No job yet.")
    notebook.begin(1)
    expect(panel.row("job endless").first).to_contain_text("Running")
    notice = panel.region.locator("[role=tree] ~ [role=status]")  # below it: its rows stay under the mouse
    expect(notice).to_contain_text("To stop a job that the cell waits for, interrupt")
    notebook.command("notebook:interrupt-kernel")
    notebook.ended(1)
    expect(panel.region.get_by_role("status")).to_have_count(0)
    expect(panel.row("job endless").first).to_contain_text("Failed")


def stores_folds(response: Response) -> bool:
    """Whether it is the server's answer to what JupyterLab keeps, with what is open for this notebook: it keeps all."""
    stored = response.request.post_data or ""
    return "api/workspaces" in response.url and "kuscia-nb:folds:panel_reload.ipynb" in stored


def test_a_reload_keeps_what_was_shown_and_a_restart_empties_it(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_reload.ipynb", JOB, ENDLESS.replace("--view none", "--view none --no-wait"))
    notebook.run(1)
    notebook.run(2)
    with notebook.page.expect_response(stores_folds):  # with a delay
        panel.open("job job-ss-lr")
    expect(panel.row("condition JobValidated")).to_be_visible()
    expect(panel.row("job endless").first).to_contain_text("Running")
    notebook.saved()
    notebook.reload()
    panel = Panel(notebook)
    expect(panel.row("job endless").first).to_contain_text("Running")
    expect(panel.row("job job-ss-lr").first).to_have_attribute("aria-expanded", "true")
    expect(panel.row("condition JobValidated")).to_be_visible()
    panel.tree.get_by_role("button", name="Stop endless on both nodes").first.click()
    expect(panel.row("job endless").first).to_contain_text("Failed")
    notebook.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(panel.region).to_contain_text("panel_reload.ipynb has not loaded kuscia_nb yet.")
    expect(panel.tree).to_have_count(0)


def test_the_panel_follows_the_active_notebook(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_one.ipynb", JOB)
    notebook.run(1)
    expect(panel.row("job job-ss-lr")).to_have_count(2)
    path = notebook.path.with_name("panel_two.ipynb")
    path.write_text(notebook.path.read_text("utf-8"), "utf-8")
    notebook.command("docmanager:open", path="panel_two.ipynb")
    expect(panel.region).to_contain_text("panel_two.ipynb has not loaded kuscia_nb yet.")
    notebook.command("docmanager:open", path="panel_one.ipynb")
    expect(panel.row("job job-ss-lr")).to_have_count(2)


def test_everything_is_done_by_keyboard(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_keys.ipynb", JOB, ENDLESS)
    keyboard = notebook.page.keyboard
    notebook.run(1)
    notebook.begin(2)
    expect(panel.row("job endless").first).to_contain_text("Running")
    notebook.command("kuscia-nb:open")
    expect(panel.tree).to_be_focused()

    keyboard.press("Home")
    panel.expect_selected("node alice")
    keyboard.press("ArrowDown")
    panel.expect_selected("job endless")
    keyboard.press("ArrowRight")
    expect(panel.row("task ss_lr_1")).to_have_count(1)
    keyboard.press("ArrowRight")
    panel.expect_selected("task ss_lr_1")
    keyboard.press("ArrowLeft")
    panel.expect_selected("job endless")

    keyboard.press("Shift+F10")
    menu = notebook.page.get_by_role("menu").filter(has_text="Stop")
    expect(menu).to_be_visible()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    notebook.ended(2)
    expect(panel.row("job endless").first).to_contain_text("Failed")

    panel.tree.focus()
    keyboard.press("Delete")
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text("endless")
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(panel.row("job endless")).to_have_count(2)
    panel.tree.focus()
    keyboard.press("Delete")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(panel.row("job endless")).to_have_count(0)
    expect(panel.tree).to_be_focused()
    panel.expect_selected("job job-ss-lr")  # one goes on where one was

    panel.tree.focus()
    for _ in range(4):
        keyboard.press("Shift+Tab")
        if panel.filter.evaluate("input => input === document.activeElement"):
            break
    keyboard.type("no such job")
    expect(panel.row("job job-ss-lr")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_is_readable(desk: Desk, theme: str) -> None:
    notebook = desk.open("lab", f"panel_{theme}.ipynb", LOAD, ENDLESS, JOB)
    notebook.theme(theme)
    panel = Panel(notebook)
    expect(panel.region).to_contain_text("has not loaded")
    assert panel.unreadable() == []
    notebook.run(0)
    expect(panel.region).to_contain_text("No job yet.")
    assert panel.unreadable() == []
    notebook.begin(1)
    expect(panel.row("job endless").first).to_contain_text("Running")
    panel.open("job endless")
    panel.open("task ss_lr_1")
    expect(panel.row("party bob (guest.0)")).to_contain_text("epoch")
    panel.row("task ss_lr_1").first.click()
    assert panel.unreadable() == []
    panel.tree.get_by_role("button", name="Stop endless on both nodes").first.click()
    notebook.ended(1)
    notebook.run(2)
    expect(panel.row("job job-ss-lr").first).to_contain_text("Succeeded")
    assert panel.unreadable() == []


def test_a_thousand_jobs(desk: Desk) -> None:
    notebook, panel = started(desk, "panel_crowd.ipynb", crowd(JOBS))
    notebook.run(1, MILLISECONDS)
    expect(panel.row("node alice")).to_contain_text(f"{JOBS} jobs")
    expect(panel.row(f"job job-{JOBS - 1:04}").first).to_be_visible()
    assert panel.tree.get_by_role("treeitem").count() < MOST_ROWS
    panel.tree.focus()
    notebook.page.keyboard.press("End")
    expect(panel.row("trusted third party TTP")).to_be_visible()
    assert panel.tree.get_by_role("treeitem").count() < MOST_ROWS
    panel.filter.fill("job-0500")
    expect(panel.row("job")).to_have_count(2)
    expect(panel.row("job job-0500").first).to_contain_text("Succeeded")
