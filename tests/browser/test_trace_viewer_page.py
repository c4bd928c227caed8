"""The trace viewer in JupyterLab: steps, lenses, keys and both themes."""

from __future__ import annotations

from desk import Desk
from playwright.sync_api import expect

import kuscia_nb as kn

RUN = "%load_ext kuscia_nb\n"
JOB = "%%kusciajob --trace full --view none --seed 1 -o job\n" + kn.tutorial_manifest()


def test_stepping_and_looking_through_other_eyes(desk: Desk) -> None:
    notebook = desk.open("lab", "trace.ipynb", RUN, JOB, "job.trace")
    for cell in range(3):
        notebook.run(cell)
    output = notebook.output(2)
    viewer, position = output.get_by_test_id("trace-viewer"), output.get_by_role("slider")
    expect(viewer).to_have_attribute("data-lens", "observer")
    position.focus()
    before = viewer.get_attribute("data-step") or ""
    for _ in range(30):
        notebook.page.keyboard.press("ArrowRight")
    expect(viewer).not_to_have_attribute("data-step", before)
    expect(output.get_by_test_id("trace-formulas")).not_to_contain_text("hidden")
    notebook.page.keyboard.press("1")
    expect(viewer).to_have_attribute("data-lens", "alice")
    expect(output.get_by_test_id("trace-formulas")).to_contain_text("hidden")
    notebook.page.keyboard.press("4")
    expect(output.get_by_test_id("trace-formulas")).not_to_contain_text("hidden")
    for theme in ("light", "dark"):
        notebook.theme(theme)
        assert [text for text in notebook.unreadable(2) if not text.endswith("]:")] == []  # but for Jupyter's prompt
