"""The trace viewer in JupyterLab: steps, lenses, keys and both themes."""

from __future__ import annotations

import re

import pytest
from desk import Desk
from playwright.sync_api import expect

import kuscia_nb as kn

RUN = "%load_ext kuscia_nb\n"
JOB = "%%kusciajob --trace full --view none --seed 1 -o job\n" + kn.tutorial_manifest()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_stepping_and_looking_through_other_eyes(desk: Desk, app: str) -> None:
    notebook = desk.open(app, f"trace_{app}.ipynb", RUN, JOB, "job.trace")
    for cell in range(3):
        notebook.run(cell)
    output = notebook.output(2)
    viewer, position = output.get_by_role("region", name="Trace of job-ss-lr"), output.get_by_role("slider")
    expect(viewer).to_have_attribute("data-lens", "observer")
    notebook.command("notebook:enter-command-mode")  # in which arrows are the notebook's
    position.focus()
    for _ in range(30):
        notebook.page.keyboard.press("ArrowRight")
    expect(viewer).to_have_attribute("data-step", "30")
    notebook.page.keyboard.press("ArrowLeft")
    expect(viewer).to_have_attribute("data-step", "29")
    notebook.page.keyboard.press("Space")
    expect(output.get_by_role("button", name="Pause")).to_be_visible()
    notebook.page.keyboard.press("Space")
    expect(output.get_by_role("button", name="Play")).to_be_visible()
    output.get_by_role("button", name="First step").press("Home")
    for _ in range(10):
        output.get_by_role("button", name="Step forward").press("Enter")
    expect(viewer).to_have_attribute("data-step", "10")
    expect(output.get_by_test_id("trace-formulas")).not_to_contain_text("hidden")
    notebook.page.keyboard.press("1")
    expect(viewer).to_have_attribute("data-lens", "alice")
    expect(output.get_by_test_id("trace-formulas")).to_contain_text("hidden")
    for theme in ("light", "dark"):  # the page begins in light: JupyterLab trips over two changes in a row
        notebook.theme(theme)
        assert [text for text in notebook.unreadable(2) if not text.endswith("]:")] == []  # but for Jupyter's prompt
    notebook.page.keyboard.press("4")
    expect(output.get_by_test_id("trace-formulas")).not_to_contain_text("hidden")


def test_jumping_to_a_batch_and_to_an_operation_and_changing_numbers(desk: Desk) -> None:
    notebook = desk.open("lab", "trace_jump.ipynb", RUN, JOB, "job.trace")
    for cell in range(3):
        notebook.run(cell)
    output = notebook.output(2)
    viewer, position = output.get_by_role("region", name="Trace of job-ss-lr"), output.get_by_test_id("trace-position")
    output.get_by_label("Batch").select_option("batch 3")
    expect(position).to_have_text(re.compile("step [0-9]+, the last is 3,820, batch 3$"))
    viewer.focus()
    notebook.page.keyboard.press("PageDown")
    expect(position).to_contain_text("batch 4")
    output.get_by_label("Go to next").select_option("Update the weights")
    expect(position).to_contain_text("batch 4")
    expect(output.get_by_test_id("trace-step-title")).to_have_text("Update the weights")
    output.get_by_label("Go to next").select_option("Update the weights")
    expect(position).to_contain_text("batch 5")
    numbers = output.get_by_test_id("trace-formulas").locator(".knt-number")
    expect(numbers.first).to_have_text(re.compile(r"^\d{5,20}$"))
    output.get_by_text("fixed point").click()
    expect(numbers.first).to_have_text(re.compile(r"^-?\d+(\.\d+)?$"))
    expect(viewer).to_have_attribute("data-format", "fixed")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_it_is_there_after_a_reload_and_without_its_kernel_there_is_the_static_form(desk: Desk, app: str) -> None:
    notebook = desk.open(app, f"trace_again_{app}.ipynb", RUN, JOB, "job.trace")
    for cell in range(3):
        notebook.run(cell)
    output = notebook.output(2)
    expect(output.get_by_test_id("trace-viewer")).to_be_visible()
    (saved,) = notebook.saved().cells[2].outputs
    assert set(saved.data) == {"text/plain", "text/html"}
    notebook.reload()
    expect(output.get_by_test_id("trace-viewer")).to_be_visible()
    notebook.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.ready()
    notebook.reload()
    expect(output.get_by_alt_text("Sequence diagram of")).to_be_visible()
    expect(output).to_contain_text("Trace of job-ss-lr: 3,821 steps, 1,922 messages")
    expect(output.get_by_test_id("trace-viewer")).to_have_count(0)


@pytest.mark.parametrize("width", [700, 1000, 1600])
def test_the_letters_of_the_diagram_are_as_large_on_a_narrow_page(desk: Desk, width: int) -> None:
    notebook = desk.open("lab", f"trace_{width}.ipynb", RUN, JOB, "job.trace")
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    for cell in range(3):
        notebook.run(cell)
    diagram = notebook.output(2).get_by_test_id("trace-diagram")
    notebook.output(2).get_by_role("slider").focus()
    for _ in range(10):
        notebook.page.keyboard.press("ArrowRight")
    expect(diagram.locator(".knt-current")).to_contain_text("10")
    boxes = "texts => texts.map(text => text.getBoundingClientRect()).map(box => [box.left, box.right, box.height])"
    titles = diagram.locator(".knt-row-title").evaluate_all(boxes)
    assert min(height for *_, height in titles) > 13
    labels = diagram.locator(".knt-label").evaluate_all(boxes)
    assert min(height for *_, height in labels) > 9
    box = diagram.bounding_box()
    assert box is not None
    assert all(box["x"] <= left and right <= box["x"] + box["width"] for left, right, _ in titles + labels)
