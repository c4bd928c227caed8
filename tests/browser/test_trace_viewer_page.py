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
    expect(viewer).to_have_attribute("data-step", "10")  # where the first batch begins
    position.focus()
    notebook.page.keyboard.press("Home")
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
    expect(numbers.last).to_have_text(re.compile(r"^\d{5,20}$"))
    output.get_by_text("fixed point").click()
    expect(numbers.last).to_have_text(re.compile(r"^-?\d+(\.\d+)?$"))
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
    expect(diagram.locator(".knt-current")).to_contain_text("10")
    boxes = "texts => texts.map(text => text.getBoundingClientRect()).map(box => [box.left, box.right, box.height])"
    titles = diagram.locator(".knt-row-title").evaluate_all(boxes)
    assert min(height for *_, height in titles) > 13
    labels = diagram.locator(".knt-label").evaluate_all(boxes)
    assert min(height for *_, height in labels) > 9
    box = diagram.bounding_box()
    assert box is not None
    assert all(box["x"] <= left and right <= box["x"] + box["width"] for left, right, _ in titles + labels)


TOY = """\
import pandas as pd
cluster = kn.connect()
cluster.put("alice", "toy_a.csv", pd.DataFrame({"a": [1, 0, 2, -1], "y": [1, 0, 1, 0]}))
cluster.put("bob", "toy_b.csv", pd.DataFrame({"b": [2, -1, 1, 0]}))
text = kn.tutorial_manifest().replace("perfect_logit_", "toy_")
text = text.replace('"batch_size":21', '"batch_size":4').replace(":0.0001", ":1")
job = cluster.apply(text, replace=True, trace="full", seed=6).wait()
job.trace"""


@pytest.mark.parametrize("width", [1024, 1280])
def test_a_tour_of_one_batch_asks_who_looks_by_mouse_and_by_keys(desk: Desk, width: int) -> None:
    notebook = desk.open("lab", f"trace_tour_{width}.ipynb", RUN + "import kuscia_nb as kn\n" + TOY)
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    notebook.run(0)
    output, keyboard = notebook.output(0), notebook.page.keyboard
    viewer, caption = output.get_by_test_id("trace-viewer"), output.get_by_test_id("trace-caption")
    question, answer = output.get_by_test_id("trace-question"), output.get_by_test_id("trace-answer")
    expect(caption).to_contain_text("Tour: 1 of 5")
    expect(question).to_have_text("The weights begin at 0. Are the first messages 0, too?")
    viewer.focus()
    keyboard.press("1")
    expect(question).to_have_text("What does alice learn from the number that bob sends?")
    expect(answer).to_be_hidden()
    caption.get_by_text("Answer").focus()
    keyboard.press("Space")
    expect(answer).to_contain_text("alice does not know the mask")
    for _ in range(3):
        output.get_by_role("button", name="On with the tour").press("Enter")
    expect(caption).to_contain_text("Tour: 4 of 5")
    expect(answer).to_be_hidden()
    output.get_by_role("button", name="On with the tour").click()
    expect(output.get_by_role("button", name="On with the tour")).to_be_disabled()
    viewer.focus()
    keyboard.press("4")
    caption.get_by_text("Answer").click()
    expect(answer).to_contain_text("Minus rate times gradient")
    rows = output.get_by_test_id("trace-numbers").get_by_role("row")
    shown = {
        text[0] + text[1]: text[3]
        for text in ([*row.get_by_role("cell").all_inner_texts(), ""] for row in rows.all()[1:])
    }
    assert {name: shown[name] for name in ("rateboth", "l2both", "gradboth, added", "w'both, added")} == {
        "rateboth": "0.2500000",
        "l2both": "0.5000000 0.5000000 0",
        "gradboth, added": "-2 -2 0",
        "w'both, added": "0.5000000 0.5000000 0",
    }
    box = "cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth + 1)"
    assert output.get_by_test_id("trace-numbers").locator("td").evaluate_all(box)
    for theme in ("light", "dark"):
        notebook.theme(theme)
        assert [text for text in notebook.unreadable(0) if not text.endswith("]:")] == []
    viewer.focus()
    keyboard.press("t")
    expect(caption).to_be_hidden()
    output.get_by_role("button", name="Guided tour").click()
    expect(caption).to_contain_text("Tour: 1 of 5")
