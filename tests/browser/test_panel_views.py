"""What the form and the side panel show of files: a job from a template, and the beginning of a data file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from desk import Desk
from playwright.sync_api import expect
from side_panel import started


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two files with ids in other orders; y follows from the columns of both."""
    random = np.random.default_rng(1)
    x, order = random.normal(size=(400, 4)), random.permutation(400)
    y = (x.sum(1) > 0) * 1
    frames = {
        "alice": pd.DataFrame({"id": range(400), "p": x[:, 0], "q": x[:, 1], "y": y}),
        "bob": pd.DataFrame({"id": order, "r": x[order, 2], "s": x[order, 3]}),
    }
    for node, frame in frames.items():
        frame.to_csv(tmp_path / f"{node}.csv", index=False)
    return {node: tmp_path / f"{node}.csv" for node in frames}


def test_a_template_asks_for_two_files_and_who_has_the_label(desk: Desk, files: dict[str, Path]) -> None:
    """And has values for all else; a file that was chosen can be looked at."""
    notebook, panel = started(desk, "template.ipynb")
    page = notebook.page
    panel.region.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("form", name="New job")
    form.get_by_label("operator", exact=True).select_option("psi-lr")
    expect(form.get_by_label("operator", exact=True)).to_have_accessible_description(
        "Bring the rows of two files into one order by their ids, train a model on them, say how good it is on rows "
        "that were held out, and score all rows."
    )
    for place, node in enumerate(("alice", "bob")):
        with page.expect_file_chooser() as chooser:
            form.get_by_role("button", name=f"Upload a CSV file for {node}").click()
        chooser.value.set_files(files[node])
        expect(form.get_by_label("data file (data) *").nth(place)).to_have_value(f"{node}.csv")
    form.get_by_label("label_owner *").select_option("alice")
    expect(form.get_by_role("region", name="The cell to be inserted")).to_contain_text('"holdout": 0.2')
    form.get_by_role("button", name="Preview the file of alice").click()
    shown = panel.tab("alice.csv on alice")
    expect(shown).to_contain_text("alice: 400 rows, 4 columns. Only this node has it.")
    expect(shown.get_by_role("columnheader").nth(1)).to_contain_text("number")
    expect(shown.get_by_role("row")).to_have_count(11)


def test_a_nodes_file_is_previewed_from_its_row(desk: Desk) -> None:
    notebook, panel = started(desk, "preview.ipynb", "import kuscia_nb as kn\nkn.connect().data('alice')")
    notebook.run(1)
    panel.choose(panel.row("node bob"), "Preview Data File…")
    table = panel.tab("perfect_logit_b.csv on bob").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_count(10)
    region = table.locator("..")
    region.focus()
    expect(region).to_be_focused()


MODEL = """
import numpy as np, pandas as pd
import kuscia_nb as kn
x = np.random.default_rng(1).normal(size=(200, 4))
ids = pd.DataFrame({"id": range(200)})
kn.connect().put("alice", "a.csv", ids.assign(p=x[:, 0], q=x[:, 1], y=(x.sum(1) > 0) * 1))
kn.connect().put("bob", "b.csv", ids.assign(r=x[:, 2], s=x[:, 3]))
job = kn.connect().apply(kn.template("psi-lr", alice="a.csv", bob="b.csv")).wait()
"""


def test_a_job_of_several_tasks_is_drawn_and_a_tasks_log_is_shown(desk: Desk) -> None:
    notebook, panel = started(desk, "drawn.ipynb", MODEL)
    notebook.run(1)
    panel.row("job psi-lr").first.click()
    drawn = panel.region.get_by_role("img", name="Tasks: psi_1")
    expect(drawn).to_have_accessible_name(
        "Tasks: psi_1 Succeeded → ss_lr_1 Succeeded → ss_lr_predict_1 Succeeded, ss_lr_evaluate_1 Succeeded"
    )
    panel.open("job psi-lr")
    panel.choose(panel.row("task ss_lr_1").first, "Show Log")
    log = notebook.page.locator("#jp-main-dock-panel .jp-MainAreaWidget:not(.lm-mod-hidden) .cm-content").last
    expect(log).to_contain_text("wrote this party's share of 5 weights")
    for theme in ("dark", "light"):
        notebook.theme(theme)
        assert panel.unreadable() == []
