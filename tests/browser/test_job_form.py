"""The form for a new job: what it says while one types, and the cell that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import UNREADABLE, Desk
from playwright.sync_api import Locator, expect
from side_panel import Panel, source, started

NEEDED = {"batch_size *": "21", "l2_norm *": "0.5", "learning_rate *": "0.05"}


def opened(panel: Panel) -> Locator:
    """The form, from the panel's button, once the kernel has said what there is to fill in."""
    panel.region.get_by_role("button", name="New job").first.click()
    form = panel.page.get_by_role("form", name="New job")
    expect(form.get_by_label("job name")).to_have_value("job-ss-lr")
    return form


def fill(form: Locator) -> None:
    """All that is needed."""
    for label, text in NEEDED.items():
        form.get_by_label(label, exact=True).fill(text)
    for group, has_label in (("alice, host: starts the job", "true"), ("bob, guest", "false")):
        form.get_by_role("group", name=group).get_by_label("has_label").select_option(has_label)


@pytest.mark.parametrize("magic", ["kusciajob", "bfia_submit"])
def test_the_form_makes_a_cell_that_runs(desk: Desk, magic: str) -> None:
    notebook, panel = started(desk, f"form_{magic}.ipynb")
    form = opened(panel)
    form.get_by_label("cell", exact=True).select_option(magic)
    fill(form)
    expect(form.get_by_role("region", name="The cell to be inserted")).to_contain_text(f"%%{magic}")
    form.get_by_role("button", name="Insert and run").click()
    expect(form).to_have_count(0)
    expect(panel.row("job job-ss-lr").first).to_contain_text("Succeeded")
    assert source(notebook, 1).startswith(f"%%{magic}")
    expect(notebook.output(1)).to_contain_text("Succeeded after")


def test_mistakes_are_told_as_one_types(desk: Desk) -> None:
    notebook, panel = started(desk, "form_mistakes.ipynb")
    form = opened(panel)
    expect(form.locator("[aria-invalid=true]")).to_have_count(0)
    size = form.get_by_label("batch_size *", exact=True)
    expect(size).to_have_accessible_description("rows of one training step int, allowed: 1 or more")
    size.press_sequentially("2x")
    expect(size).to_have_attribute("aria-invalid", "true")
    expect(form).to_contain_text("2x")
    size.fill("21")
    expect(size).to_have_attribute("aria-invalid", "false")
    form.get_by_role("button", name="Insert", exact=True).click()
    first = form.locator("[aria-invalid=true]").first
    expect(first).to_be_focused()
    expect(form).to_be_visible()
    fill(form)
    expect(form.locator("[aria-invalid=true]")).to_have_count(0)
    form.get_by_role("button", name="Insert", exact=True).click()
    expect(form).to_have_count(0)
    assert source(notebook, 1).startswith("%%kusciajob")
    expect(panel.region).to_contain_text("0 jobs")


def test_an_uploaded_file_is_chosen(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,x\n1,2\n3,4\n")
    _, panel = started(desk, "form_upload.ipynb")
    form = opened(panel)
    with panel.page.expect_file_chooser() as chooser:
        form.get_by_role("button", name="Upload a CSV file for bob").click()
    chooser.value.set_files(own)
    files = form.get_by_label("data file (train_data) *")
    expect(files.nth(1)).to_have_value("own.csv")
    expect(files.nth(0)).to_have_value("perfect_logit_a.csv")


def test_the_form_waits_for_the_extension(desk: Desk) -> None:
    notebook = desk.open("lab", "form_absent.ipynb", "%load_ext kuscia_nb")
    Panel(notebook)
    notebook.command("kuscia-nb:new-job")
    form = notebook.page.get_by_role("form", name="New job")
    expect(form.get_by_role("alert")).to_contain_text("%load_ext kuscia_nb")
    notebook.command("kuscia-nb:load")
    expect(form.get_by_label("job name")).to_have_value("job-ss-lr")


def test_a_narrow_form_is_not_cut(desk: Desk) -> None:
    """As it is at first in Notebook 7."""
    _, panel = started(desk, "form_narrow.ipynb", app="notebook")
    form = opened(panel)
    form.locator("summary").click()
    cut = """form => [...form.querySelectorAll('*')].filter(one => one.checkVisibility() && (
        one.getBoundingClientRect().right > form.getBoundingClientRect().right + 1
        || (one.matches('label, p, [role=status]') && one.scrollWidth > one.clientWidth + 1)
    )).map(one => one.outerHTML.slice(0, 80))"""
    assert form.evaluate(cut) == []
    assert form.get_by_label("batch_size *", exact=True).evaluate("field => field.clientWidth > 200")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_is_readable(desk: Desk, theme: str) -> None:
    notebook, panel = started(desk, f"form_{theme}.ipynb")
    notebook.theme(theme)
    form = opened(panel)
    form.get_by_role("button", name="Insert", exact=True).click()
    expect(form.locator("[aria-invalid=true]")).not_to_have_count(0)
    form.locator("summary").click()
    assert form.evaluate(UNREADABLE) == []
    fill(form)
    preview = form.get_by_role("region", name="The cell to be inserted")
    expect(preview).to_contain_text("kind: KusciaJob")
    of_jupyterlab = preview.evaluate(UNREADABLE)  # the colours of its editors
    assert [text for text in form.evaluate(UNREADABLE) if text not in of_jupyterlab] == []
