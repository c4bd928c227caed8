"""Cells that begin with a magic: highlighted, checked and completed."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from desk import Desk, OpenNotebook
from playwright.sync_api import Locator, expect
from side_panel import JOB, source, started
from test_bfia import TUTORIAL as REQUEST

import kuscia_nb as kn

SUBMIT = "%%bfia_submit\n" + json.dumps(json.loads(REQUEST), indent=1)
MARKS = ".cm-lintRange-error"
MAGIC = "xpath=ancestor::*[contains(@class, 'jp-kuscia-nb-Editor')]"
"""Around a text that is treated as the magic's."""


def editor(notebook: OpenNotebook, cell: int) -> Locator:
    """A cell's text."""
    return notebook.page.locator(".jp-CodeCell").nth(cell).locator(".cm-content")


def token(text: Locator, part: str) -> Locator:
    """The last token with this text."""
    return text.locator("span", has_text=re.compile(rf"^\s*{re.escape(part)}\s*$")).last


def colour(text: Locator) -> str:
    """Of a text, as it is now."""
    return str(text.evaluate("element => getComputedStyle(element).color"))


def put_cursor(notebook: OpenNotebook, cell: int, behind: str) -> None:
    """Edit a cell, with the cursor behind the first place of a text."""
    notebook.page.evaluate(
        """([cell, behind]) => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = cell;
            notebook.mode = 'edit';
            const editor = notebook.activeCell.editor;
            const offset = editor.model.sharedModel.getSource().indexOf(behind) + behind.length;
            editor.setCursorPosition(editor.getPositionAt(offset));
            editor.focus();
        }""",
        [cell, behind],
    )


def test_yaml_with_json_in_it_and_json_are_highlighted(desk: Desk) -> None:
    notebook = desk.open("lab", "colours.ipynb", JOB, SUBMIT, "apiVersion = 1")
    manifest, request, python = (editor(notebook, cell) for cell in range(3))
    plain = colour(python)
    for cell in (manifest, request):
        expect(cell.locator(MAGIC)).to_have_count(1)
    expect(token(manifest, "metadata")).not_to_have_css("color", plain)
    key = token(manifest, '"module_name"')
    expect(token(request, '"job_id"')).not_to_have_css("color", plain)
    expect(key).to_have_css("color", colour(token(request, '"job_id"')))
    expect(token(manifest, '"ss_lr"')).not_to_have_css("color", colour(key))
    notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource('metadata = 1')"
    )
    expect(manifest).to_have_text("metadata = 1")
    expect(manifest.locator(MAGIC)).to_have_count(0)


@pytest.mark.parametrize(
    ("text", "right", "wrong", "marked", "said"),
    [
        (JOB, "initiator: alice", "initiator: alicia", "alicia", "initiator"),
        (JOB, '"batch_size":21', '"batch_size":-21', "-21", "batch_size"),
        ("\n\n" + JOB, "initiator: alice", "initiator: alicia", "alicia", "initiator"),
        (JOB, "kind: KusciaJob", "kind: KusciaJop", "KusciaJop", "KusciaJop"),
        (SUBMIT, '"node_id": "alice"', '"node_id": "alicia"', "alicia", "initiator"),
    ],
)
def test_a_mistake_is_marked_with_what_the_kernel_says(
    desk: Desk, text: str, right: str, wrong: str, marked: str, said: str
) -> None:
    assert right in text
    notebook, _ = started(desk, "marks.ipynb", text.replace(right, wrong))
    cell = editor(notebook, 1)
    expect(cell.locator(MARKS).filter(has_text=marked)).not_to_have_count(0)
    put_cursor(notebook, 1, "%%")
    notebook.page.keyboard.press("F8")
    expect(notebook.page.locator(".cm-focused > .cm-announced")).not_to_be_empty()
    cell.locator(MARKS).first.hover()
    shown = notebook.page.locator(".cm-tooltip .cm-diagnostic").first
    expect(shown).to_contain_text(said)
    message = shown.inner_text()
    notebook.run(1)
    (line, *_) = message.split(". ")
    expect(notebook.output(1)).to_contain_text(line.rstrip("."))


def test_the_mark_goes_with_the_mistake(desk: Desk) -> None:
    notebook, _ = started(desk, "mended.ipynb", JOB.replace("initiator: alice", "initiator: alicia"))
    cell = editor(notebook, 1)
    expect(cell.locator(MARKS)).not_to_have_count(0)
    put_cursor(notebook, 1, "initiator: alicia")
    notebook.page.keyboard.press("Backspace")
    notebook.page.keyboard.press("Backspace")
    notebook.page.keyboard.type("e")
    expect(cell.locator(MARKS)).to_have_count(0)
    notebook.run(1)
    expect(notebook.output(1)).not_to_contain_text("Error")


@pytest.mark.parametrize(
    ("behind", "keys", "offered", "after"),
    [
        ("initiator:", ("Shift+End", "Space"), ("alice", "bob"), "initiator: bob\n"),
        ("alias: ss_lr_1", ("Enter",), ("dependencies", "priority"), "alias: ss_lr_1\n    priority: "),
    ],
)
def test_keys_and_values_are_completed(
    desk: Desk, behind: str, keys: tuple[str, ...], offered: tuple[str, ...], after: str
) -> None:
    notebook, _ = started(desk, "offers.ipynb", f"%%kusciajob\n{kn.tutorial_manifest()}")
    put_cursor(notebook, 1, behind)
    for key in keys:
        notebook.page.keyboard.press(key)
    items = notebook.page.locator(".jp-Completer-item")
    for patience in (5_000, 5_000, 30_000):  # JupyterLab gives a kernel one second, and a fresh one may be busy
        notebook.page.keyboard.press("Control+Space")
        with suppress(AssertionError):
            expect(items.filter(has_text=offered[-1])).not_to_have_count(0, timeout=patience)
            break
    labels = set(items.locator(".jp-Completer-match").all_inner_texts())
    assert set(offered) <= labels
    assert "abs" not in labels, "Python has no say here"
    items.filter(has_text=offered[-1]).first.click()
    expect(notebook.page.locator(".jp-Completer")).to_be_hidden()
    expect(editor(notebook, 1)).to_contain_text(re.compile(r"\s*".join(map(re.escape, after.split()))))
    assert after in source(notebook, 1)
