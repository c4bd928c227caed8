"""The side panel where JupyterLab is in Chinese."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, Server
from playwright.sync_api import Browser, Page, expect
from side_panel import ENDLESS, JOB, LOAD

from kuscia_nb.panel.form import operators

KUSCIAS_WORDS = {
    *("alice", "bob", "host", "guest", "TTP", "endless", "ss_lr", "ss_lr_1", "Kuscia", "Running", "Failed"),
    *("CSV", "YAML", "MiB", "KiB"),
}
"""Names, and what Kuscia calls things; they are the same in every language."""


WORD = r"[A-Za-z_][A-Za-z_0-9]+"
IN_THE_FORM = {
    *("ID", "L0", "L1", "PEM", "base64", "sigmoid", "BFIA", "JSON", "KusciaJob", "kusciajob", "bfia_submit"),
    *("train_data", "perfect_logit_a", "perfect_logit_b", "csv", "both"),
}


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("chinese"), locale="zh_CN")
    yield server
    server.stop()


@pytest.fixture
def chinese_desk(browser: Browser, chinese: Server) -> Iterator[Desk]:
    desk = Desk(browser, chinese)
    yield desk
    desk.close()


def english(page: Page, selector: str) -> set[str]:
    """Words in English that are shown, or read out, within an element."""
    texts = page.locator(selector).evaluate(
        """root => [root, ...root.querySelectorAll('*')].filter(one => one.checkVisibility()).flatMap(one => [
            ...[...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data),
            ...['title', 'aria-label', 'placeholder'].map(name => one.getAttribute(name) ?? '')])"""
    )
    without_task_ids = re.sub(r"endless-[0-9a-f]{12}", "", " ".join(texts))
    return set(re.findall(WORD, without_task_ids)) - KUSCIAS_WORDS


def test_the_panel_the_menu_and_the_form_are_in_chinese(chinese_desk: Desk) -> None:
    notebook = chinese_desk.open("lab", "zh.ipynb", LOAD, ENDLESS, JOB)
    page = notebook.page
    notebook.command("kuscia-nb:open")
    panel = page.get_by_role("region", name="Kuscia")
    expect(panel).to_contain_text("zh.ipynb 尚未加载 kuscia_nb。")
    notebook.run(0)
    expect(panel).to_contain_text("还没有作业。")
    notebook.begin(1)
    tree = panel.get_by_role("tree", name="节点、作业和任务")
    row = tree.get_by_role("treeitem", name=re.compile("^作业 endless"))
    expect(row.first).to_contain_text("Running")
    expect(tree).to_contain_text("1 个作业，1 个运行中")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Kuscia: 1 个作业运行中")
    row.first.locator(".jp-kuscia-nb-Caret").click()
    expect(tree).to_contain_text("JobStartSucceeded")
    words = english(page, "#kuscia-nb-panel")
    assert words <= set(re.findall("[A-Z][A-Za-z]+", tree.inner_text())), "but for conditions"
    row.first.click(button="right")
    expect(page.locator(".lm-Menu")).to_contain_text("停止作业")
    assert english(page, ".lm-Menu") & {"Job", "Show", "Open", "Copy", "Delete", "Upload"} == set()
    page.get_by_role("menuitem", name="停止作业").click()
    notebook.ended(1)
    panel.get_by_role("button", name="新建作业").click()
    form = page.get_by_role("form", name="新建作业")
    expect(form.get_by_role("group", name="alice，host：发起作业")).to_be_visible()
    expect(form.get_by_role("button", name="插入并运行")).to_be_visible()
    form.locator("summary").click()
    of_ss_lr = [(one["name"], one["default"], one["choices"]) for one in operators()[0]["parameters"]]
    names = json.dumps([of_ss_lr, [operator["name"] for operator in operators()]])
    assert english(page, ".jp-kuscia-nb-Form") <= set(re.findall(WORD, names)) | IN_THE_FORM
    notebook.command("launcher:create")
    card = page.locator(".jp-LauncherCard", has_text="Kuscia 教程")
    card.click()
    notebook.ready()
    folder = Path(notebook.path.parent, "kuscia-tutorials-zh")
    assert re.search("[\u4e00-\u9fff]", (folder / "01_first_job.ipynb").read_text("utf-8"))
