"""Explorers as forms in JupyterLab: by mouse and by keyboard, readable in both themes, and there in the saved file."""

from __future__ import annotations

import re

import pytest
from desk import THEMES, UNREADABLE, Desk, OpenNotebook
from playwright.sync_api import Locator, expect

FORMS = {
    "guess": "guess.widget(rounds=3)",
    "clock": "clock.widget(r=3)",
    "rectangle": "rectangle.widget(x=9, y=7, a=4, b=5)",
    "same_view": "same_view.widget()",
    "wraps": "wraps.widget()",
    "network": "network.widget(jobs={'here': explore.Schedule(956, 998_397)})",
}


def keys(control: Locator, *pressed: str) -> None:
    """Press keys while a control has the focus."""
    for key in pressed:
        control.press(key)


def slider(output: Locator, number: int) -> Locator:
    return output.get_by_role("slider").nth(number)


def use(name: str, output: Locator) -> None:
    """What a person does with a form, with keys alone but for one click."""
    headline = output.get_by_role("status")
    match name:
        case "guess":
            keys(output.get_by_role("button", name="4"), "Space", "Enter")
            expect(headline).to_contain_text("Round 3 of 3.")
            output.get_by_role("button", name="7").click()
            expect(headline).to_contain_text(re.compile(r"[0-3] of 3 bets were right"))
            expect(output.get_by_role("button", name="4")).to_be_disabled()
        case "clock":
            keys(slider(output, 0), "ArrowRight", "ArrowRight")
            expect(headline).to_have_text("5 + 9 = 4 + 10: it goes round once, and the clock shows 4")
            output.get_by_role("button", name="Show a wrap").click()
            expect(headline).to_have_text("7 + 7 = 4 + 10: it goes round once, and the clock shows 4")
        case "rectangle":
            keys(slider(output, 2), "ArrowLeft")
            expect(headline).to_have_text("x y = 9 x 7 = 15 + 30 + 6 + 12 = 63")
            output.get_by_role("checkbox").click()
            expect(headline).to_contain_text("whoever saw both e knows x - x' = 6 - 2 = 4")
        case "same_view":
            output.get_by_role("textbox").fill("100, 0, 0, 7")
            keys(output.get_by_role("textbox"), "Enter")
            expect(headline).to_contain_text("(0.5, -0.25, 0.75, -1) or (100, 0, 0, 7)")
            output.get_by_role("textbox").fill("1, 2")
            keys(output.get_by_role("textbox"), "Enter")
            expect(output.get_by_role("alert")).to_contain_text("4 numbers, such as 3, 1, 4, 1")
            output.get_by_role("textbox").fill("3, 1, 4, 1")
            keys(output.get_by_role("textbox"), "Enter")
            expect(headline).to_contain_text("or (3, 1, 4, 1)")
        case "wraps":
            keys(slider(output, 1), "ArrowRight", "ArrowRight")
            expect(headline).to_contain_text("with fxp_bits = 28")
        case "network":
            keys(slider(output, 0), "ArrowLeft")
            expect(headline).to_contain_text("With 10 ms and 100 Mbit/s: here 9.64 s")


@pytest.fixture
def notebook(desk: Desk) -> OpenNotebook:
    cells = [f"explore.{code}" for code in FORMS.values()]
    opened = desk.open("lab", "explorers.ipynb", "from kuscia_nb import explore", *cells)
    for cell in range(len(FORMS) + 1):
        opened.run(cell)
    return opened


def test_forms_are_used_with_keys_and_mouse_and_can_be_read(notebook: OpenNotebook) -> None:
    for cell, name in enumerate(FORMS, 1):
        use(name, notebook.output(cell))
    for theme in THEMES:
        notebook.theme(theme)
        for width in (1024, 1280):
            notebook.page.set_viewport_size({"width": width, "height": 1000})
            for cell, name in enumerate(FORMS, 1):
                output = notebook.output(cell).locator(".jp-OutputArea-output").first
                assert output.evaluate(UNREADABLE) == [], name
                wide = output.evaluate("e => e.scrollWidth - e.clientWidth")
                assert wide <= 1, (name, width)
    for cell, (name, saved) in enumerate(zip(FORMS, notebook.saved().cells[1:], strict=True), 1):
        (output,) = saved.outputs
        assert "<table" in output.data["text/html"], (cell, name)
        assert output.data["text/plain"]
