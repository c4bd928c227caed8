"""What is done with a job from the side panel, and with files and tutorials."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import Desk, OpenNotebook
from playwright.sync_api import expect
from side_panel import ENDLESS, JOB, LOAD, Panel, source, started

TRACED = JOB.replace("--view none", "--view none --trace full", 1)


def succeed(notebook: OpenNotebook, panel: Panel) -> None:
    """Run the job in cell 1, until the panel knows on both nodes that it has succeeded."""
    notebook.run(1)
    for node in (0, 1):
        expect(panel.row("job job-ss-lr").nth(node)).to_contain_text("Succeeded")


def test_the_yaml_of_each_node_is_shown_and_cannot_be_changed(desk: Desk) -> None:
    notebook, panel = started(desk, "yaml.ipynb", JOB)
    succeed(notebook, panel)
    for place, node in enumerate(("alice", "bob")):
        panel.choose(panel.row("job job-ss-lr").nth(place), "Show YAML")
        shown = panel.tab(f"job-ss-lr on {node}")
        expect(shown).to_contain_text("kind: KusciaJob")
        expect(shown).to_contain_text("type: JobValidated" if node == "alice" else "initiator: alice")
        keys = shown.locator(".cm-line span", has_text="kind").first
        plain = shown.locator(".cm-content").evaluate("element => getComputedStyle(element).color")
        expect(keys).not_to_have_css("color", plain)
        text = shown.locator(".cm-content")
        text.click()
        expect(text).to_be_focused()
        notebook.page.keyboard.type("changed")
        expect(text).not_to_contain_text("changed")


def test_the_result_comes_as_a_cell_of_the_notebook(desk: Desk) -> None:
    notebook, panel = started(desk, "result.ipynb", JOB, "'the last cell'")
    succeed(notebook, panel)
    panel.choose(panel.row("job job-ss-lr").first, "Show Result")
    expect(notebook.output(2)).to_contain_text("Result of job-ss-lr")
    expect(notebook.output(2).locator("tbody tr")).not_to_have_count(0)
    assert source(notebook, 2) == "%kuscia result job-ss-lr"
    assert source(notebook, 3) == "'the last cell'"


def test_the_trace_comes_in_a_tab(desk: Desk) -> None:
    notebook, panel = started(desk, "trace_tab.ipynb", TRACED)
    succeed(notebook, panel)
    panel.choose(panel.row("job job-ss-lr").nth(1), "Open Trace")
    viewer = panel.tab("Trace of job-ss-lr").get_by_test_id("trace-viewer")
    expect(viewer).to_have_attribute("data-lens", "observer")
    notebook.page.keyboard.press("Escape")
    viewer.get_by_role("slider").focus()
    notebook.page.keyboard.press("2")
    expect(viewer).to_have_attribute("data-lens", "bob")
    expect(notebook.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(2)  # nothing is inserted


def test_a_tab_says_that_it_reads_the_trace_until_it_is_there(desk: Desk) -> None:
    notebook, panel = started(desk, "reading.ipynb", TRACED, ENDLESS)
    succeed(notebook, panel)
    notebook.begin(2)  # while it runs, the kernel has no time for a trace
    expect(panel.row("job endless").first).to_contain_text("Running")
    panel.choose(panel.row("job job-ss-lr").first, "Open Trace")
    reading = notebook.page.get_by_role("status").filter(has_text="Reading the trace of job-ss-lr…")
    expect(reading).to_be_visible()
    panel.choose(panel.row("job endless").first, "Stop Job")
    expect(panel.tab("Trace of job-ss-lr").get_by_test_id("trace-viewer")).to_be_visible()
    expect(reading).to_have_count(0)


def test_what_is_shown_beside_the_notebook_shares_a_column(desk: Desk) -> None:
    notebook, panel = started(desk, "beside.ipynb", TRACED)
    succeed(notebook, panel)
    notebook.page.evaluate("window.jupyterapp.shell.mode = 'multiple-document'")
    row = panel.row("job job-ss-lr").first
    tabs = notebook.page.locator("#jp-main-dock-panel .lm-TabBar")
    for item in ("Show YAML", "Open Trace", "Show YAML"):
        panel.choose(row, item)
        expect(tabs).to_have_count(2)
    expect(tabs.nth(1).get_by_role("tab")).to_have_text(["Trace of job-ss-lr", "job-ss-lr on alice"])
    notebook.page.evaluate("window.jupyterapp.shell.mode = 'single-document'")


def test_notebook_7_shows_it_on_the_right(desk: Desk) -> None:
    notebook, panel = started(desk, "beside_7.ipynb", TRACED, app="notebook")
    succeed(notebook, panel)
    row = panel.row("job job-ss-lr").first
    panel.choose(row, "Show YAML")
    expect(notebook.page.locator("#jp-right-stack .cm-content")).to_contain_text("kind: KusciaJob")
    panel.choose(row, "Open Trace")
    expect(notebook.page.locator("#jp-right-stack").get_by_test_id("trace-viewer")).to_be_visible()
    assert notebook.page.locator("#jp-right-stack").evaluate("area => area.clientWidth >= 400")


def test_the_kubectl_line_is_one_that_runs(desk: Desk) -> None:
    notebook, panel = started(desk, "line.ipynb", JOB, "")
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    succeed(notebook, panel)
    panel.open("job job-ss-lr")
    panel.open("task ss_lr_1")
    panel.choose(panel.row("job job-ss-lr").first, "Copy kubectl Line")
    expect(notebook.page.get_by_text("Copied: kubectl get kj job-ss-lr -n cross-domain")).to_be_visible()
    panel.choose(panel.row("party bob (guest.0)").first, "Copy kubectl Line")
    expect(notebook.page.get_by_text("Copied: kubectl get kt")).to_be_visible()
    line = notebook.page.evaluate("navigator.clipboard.readText()")
    assert line.startswith("kubectl get kt job-ss-lr-"), "a party's line is that of its task"
    panel_cell = "window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel"
    notebook.page.evaluate(f"line => {panel_cell}.setSource('%' + line)", line)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("Succeeded")


def test_a_job_is_deleted_on_both_nodes_after_a_question(desk: Desk) -> None:
    notebook, panel = started(desk, "delete.ipynb", JOB, "%kubectl get kj -A --node bob")
    succeed(notebook, panel)
    panel.choose(panel.row("job job-ss-lr").nth(1), "Delete Job")
    dialog = notebook.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete job-ss-lr?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(panel.row("job job-ss-lr")).to_have_count(2)
    panel.choose(panel.row("job job-ss-lr").nth(1), "Delete Job")
    dialog.get_by_role("button", name="Delete").click()
    expect(panel.row("job job-ss-lr")).to_have_count(0)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("No resources found")


def test_only_what_makes_sense_is_offered(desk: Desk) -> None:
    notebook, panel = started(desk, "offers.ipynb", JOB, ENDLESS)
    succeed(notebook, panel)
    notebook.begin(2)
    menu = notebook.page.get_by_role("menuitem")
    expect(panel.row("job endless").first).to_contain_text("Running")
    panel.row("job job-ss-lr").first.click(button="right")
    expect(menu.filter(has_text="Stop Job")).to_be_disabled()
    expect(menu.filter(has_text="Show Result")).to_be_enabled()
    notebook.page.keyboard.press("Escape")
    panel.row("job endless").first.click(button="right")
    expect(menu.filter(has_text="Show Result")).to_be_disabled()
    menu.filter(has_text="Stop Job").click()
    notebook.ended(2)
    panel.row("node alice").click(button="right")
    for item in ("Stop Job", "Delete Job", "Show YAML", "Open Trace"):
        expect(menu.filter(has_text=item)).to_be_disabled()
    expect(menu.filter(has_text="Upload CSV File to Node")).to_be_enabled()


LARGE = 3_000_000
"""Rows whose file is larger than a message may be."""


@pytest.mark.parametrize("rows", [2, 0, LARGE])
def test_a_file_is_uploaded_to_the_selected_node_alone(desk: Desk, tmp_path: Path, rows: int) -> None:
    own = tmp_path / "own.csv"
    content = "id,x\n" + "1,2\n" * rows if rows else ""
    own.write_text(content)
    notebook, panel = started(
        desk, f"upload_{len(content)}.ipynb", "%kuscia up", "%kuscia data bob", "%kuscia data alice"
    )
    notebook.run(1)
    with notebook.page.expect_file_chooser() as chooser:
        panel.choose(panel.row("node bob"), "Upload CSV File to Node")
    chooser.value.set_files(own)
    said = f"bob has own.csv: {rows} rows, 2 columns" if content else "DataError: own.csv is not a CSV file"
    expect(notebook.page.get_by_text(said)).to_be_visible()
    for cell, is_there in ((2, bool(content)), (3, False)):
        notebook.run(cell)
        output = expect(notebook.output(cell))
        (output.to_contain_text if is_there else output.not_to_contain_text)("own.csv")


def test_the_menu_and_the_palette_have_all_commands(desk: Desk) -> None:
    notebook, panel = started(desk, "menu.ipynb", JOB)
    succeed(notebook, panel)
    panel.row("job job-ss-lr").first.click()
    notebook.page.get_by_role("menuitem", name="Kuscia").click()
    items = notebook.page.locator(".lm-Menu").get_by_role("menuitem")
    labelled = items.filter(has_text=re.compile(r"\S"))
    expect(labelled).to_have_count(13)
    labels = [text.strip() for text in labelled.all_inner_texts()]
    notebook.page.keyboard.press("Escape")
    notebook.command("apputils:activate-command-palette")
    palette = notebook.page.locator(".lm-CommandPalette")
    palette.get_by_role("combobox").or_(palette.locator("input")).first.fill("kuscia")
    found = palette.locator(".lm-CommandPalette-itemLabel")
    expect(found.filter(has_text="Show Kuscia Panel")).to_be_visible()
    assert set(labels) <= {text.strip() for text in found.all_inner_texts()}


def test_the_launcher_has_the_tutorials_which_are_copied_once(desk: Desk) -> None:
    notebook = desk.open("lab", "launch.ipynb", "1")
    folder = notebook.path.parent / "kuscia-tutorials"
    notebook.command("launcher:create")
    card = notebook.page.locator(".jp-LauncherCard", has_text="Kuscia Tutorials")
    card.click()
    notebook.ready()
    first = min(folder.glob("*.ipynb"))
    expect(notebook.page.get_by_role("tabpanel", name=first.name)).to_be_visible()
    assert "%load_ext kuscia_nb" in first.read_text("utf-8")
    first.write_text(first.read_text("utf-8").replace("%load_ext kuscia_nb", "%load_ext kuscia_nb  # mine"))
    notebook.command("launcher:create")
    card.click()
    expect(card).to_have_count(0)
    assert "# mine" in first.read_text("utf-8")
    notebook.page.evaluate("[...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())")
    panel = Panel(notebook)
    expect(panel.region).to_contain_text("Open a notebook to see its nodes, jobs and tasks here.")
    panel.region.get_by_role("button", name="Kuscia Tutorials").click()
    expect(notebook.page.get_by_role("tabpanel", name=first.name)).to_be_visible()


SET_SIDE = """side => [...window.jupyterapp.pluginRegistry._plugins.values()]
    .find(plugin => plugin.id === '@jupyterlab/apputils-extension:settings')
    .service.set('kuscia-nb:panel', 'side', side)"""


def test_the_panel_is_where_the_settings_say(desk: Desk) -> None:
    notebook = desk.open("lab", "side.ipynb", LOAD)
    Panel(notebook)
    left, right = (
        notebook.page.locator(f"#jp-{side}-stack").get_by_role("region", name="Kuscia", include_hidden=True)
        for side in ("left", "right")
    )
    expect(left).to_be_visible()
    notebook.page.evaluate(SET_SIDE, "right")
    expect(right).to_be_visible()
    notebook.reload()
    expect(right).to_be_attached()
    Panel(notebook)
    expect(right).to_be_visible()
    notebook.page.evaluate(SET_SIDE, "left")
    expect(left).to_be_visible()
