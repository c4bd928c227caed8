"""The live view of a job in JupyterLab and in Notebook 7, as a person uses it."""

from __future__ import annotations

import re

import pytest
from desk import UNREADABLE, Desk, OpenNotebook
from playwright.sync_api import Browser, expect

import kuscia_nb as kn

LOAD = "%load_ext kuscia_nb"
ENDLESS = "%%kusciajob -o job\n" + kn.tutorial_manifest().replace('"num_epoch":1,', '"num_epoch":100000,')
BACKGROUND = "%%kusciajob --no-wait -o job\n" + kn.tutorial_manifest()
HOLD = f"""{LOAD}
import kuscia_nb as kn
loop = kn.connect()._backend._plane.loop
loop.add = lambda key: None
"""
RELEASE = "del loop.add\nloop.add(('alice', 'KusciaJob', job.name))"
MOST_TABS = 12


def assert_frozen(notebook: OpenNotebook, cell: int, phase: str) -> None:
    """The report is there, in the page and in the file, and nothing of a widget."""
    output = notebook.output(cell)
    expect(output).to_contain_text(re.compile(rf"KusciaJob job-ss-lr: {phase} after \d"))
    expect(output.locator(".jupyter-widgets")).to_have_count(0)
    saved = notebook.saved()
    assert "widgets" not in saved.metadata
    (report, *rest) = saved.cells[cell].outputs
    assert set(report.data) == {"text/plain", "text/html"}
    assert all(other.output_type == "error" for other in rest)


def test_from_pending_to_succeeded_and_after_a_reload(desk: Desk) -> None:
    notebook = desk.open("lab", "pending.ipynb", HOLD, BACKGROUND, RELEASE)
    notebook.run(0)
    notebook.run(1)
    output = notebook.output(1)
    expect(output.get_by_role("status")).to_contain_text("Pending")
    expect(output.get_by_role("button", name="Stop")).to_be_enabled()
    notebook.run(2)
    assert_frozen(notebook, 1, "Succeeded")
    notebook.reload()
    expect(notebook.output(1)).to_contain_text("Succeeded after")
    expect(notebook.output(1).locator("details")).to_have_count(4)  # a warning, weights, conditions, traffic


def test_a_page_that_is_loaded_anew_shows_the_end(desk: Desk) -> None:
    notebook = desk.open("lab", "anew.ipynb", LOAD, ENDLESS.replace("%%kusciajob", "%%kusciajob --no-wait"))
    notebook.run(0)
    notebook.run(1)
    expect(notebook.output(1)).to_contain_text("epoch")
    notebook.saved()
    notebook.reload()
    output = notebook.output(1)
    expect(output).to_contain_text("epoch")
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text(re.compile(r"KusciaJob job-ss-lr: Failed after \d"))
    expect(output.get_by_role("button")).to_have_count(0)


def test_the_keyboard_reaches_stop_while_the_cell_runs(desk: Desk) -> None:
    notebook = desk.open("lab", "keyboard.ipynb", LOAD, ENDLESS)
    notebook.theme("dark")
    notebook.run(0)
    notebook.begin(1)
    output = notebook.output(1)
    stop = output.get_by_role("button", name="Stop")
    expect(stop).to_be_enabled()
    for node in ("alice", "bob"):
        expect(output.get_by_role("progressbar", name=f"ss_lr_1 on {node}")).to_be_visible()
    expect(output).to_contain_text("epoch")
    assert notebook.unreadable(1) == []
    for _ in range(MOST_TABS):
        notebook.page.keyboard.press("Tab")
        if stop.evaluate("button => button === document.activeElement"):
            break
    expect(stop).to_be_focused()
    notebook.page.keyboard.press("Space")
    notebook.ended(1)
    expect(output).to_contain_text("JobStopped: the job was stopped on alice")
    assert_frozen(notebook, 1, "Failed")
    assert notebook.unreadable(1) == []


@pytest.mark.parametrize("width", [700, 1000])
def test_all_words_are_in_the_page_also_if_it_is_narrow(desk: Desk, width: int) -> None:
    notebook = desk.open("lab", f"narrow_{width}.ipynb", LOAD, ENDLESS.replace("%%kusciajob", "%%kusciajob --no-wait"))
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    notebook.run(0)
    notebook.run(1)
    output = notebook.output(1)
    expect(output.get_by_text(re.compile("steps/s .* left$"))).to_have_count(2)
    places = output.evaluate(
        "page => [page, ...page.querySelectorAll('td span')].map(part => part.getBoundingClientRect().right)"
    )
    assert len(places) == 3
    assert max(places) == places[0]
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text(re.compile(r"Failed after \d"))


def test_a_click_stops_the_job_while_the_cell_runs_in_notebook_7(desk: Desk) -> None:
    notebook = desk.open("notebook", "click.ipynb", LOAD, ENDLESS)
    notebook.run(0)
    notebook.begin(1)
    output = notebook.output(1)
    expect(output).to_contain_text("epoch")
    assert notebook.unreadable(1) == []
    output.get_by_role("button", name="Stop").click()
    notebook.ended(1)
    assert_frozen(notebook, 1, "Failed")
    assert notebook.unreadable(1) == []


def test_what_is_hard_to_read_is_found(browser: Browser) -> None:
    page = browser.new_page()
    texts = '<p style="color:#888">grey</p><p style="color:#666">dark</p><p style="background:#333">black</p>'
    page.set_content(f"<div><div hidden><i style='color:#888'>hidden</i></div>{texts}</div>")
    assert page.locator("div").first.evaluate(UNREADABLE) == ["3.54 grey", "1.66 black"]
    page.close()
