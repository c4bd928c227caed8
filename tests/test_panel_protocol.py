"""The panel's protocol is one: the page's types are the kernel's, and its tests hear what a kernel really says.

`python tests/test_panel_protocol.py` writes both files anew.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from runpy import run_path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from test_live import GATE
from test_panel import Comm, Page

from kuscia_nb.panel.requests import METHODS

LABEXTENSION = Path(__file__).parent.parent / "labextension"
TYPES = LABEXTENSION / "src" / "kernel" / "protocol.ts"
TOLD = LABEXTENSION / "test" / "told.ts"

COUNTING = """
counting = json.loads(manifest("counting"))
task = counting["spec"]["tasks"][0]
config = json.loads(task["taskInputConfig"])
config["task_params"]["common"] = {"num_epoch": 2}
task["taskInputConfig"] = json.dumps(config)
"""
"""A job that has done one of its four steps, in two epochs, and waits."""
PARAMETERS = ("has_label", "optimizer")
"""Enough of a form for the page's tests: a party's own, and a choice with a default."""

HEAD = """\
/*
 * What a real kernel has said to a panel, for tests that need not make it up:
 * python tests/test_panel_protocol.py
 *
 * There are three jobs: `done`, `stopped`, and `counting`, which runs. Times and ids are made equal. Most of the
 * parameters and of the long texts are left out, and what is below `stopped`.
 */
import type { Method, Result } from '../src/kernel/ask';
import type { IRefusal, ISnapshot } from '../src/kernel/protocol';
"""


def typescript() -> str:
    """The page's types, as the script makes them."""
    return run_path(str(LABEXTENSION / "scripts" / "protocol.py"))["typescript"]()


def told(page: Page) -> str:
    """What a panel hears while jobs run and while it asks for everything that it may ask for."""
    assert page.run(f"%reload_ext kuscia_nb\n{GATE}\n{COUNTING}\ncluster = kn.connect()\ngate.set()") == []
    comm = page.connect()
    page.run("cluster.apply(manifest('done')).wait(); gate.clear()")
    cell = begun(page, comm, "manifest('stopped')", "stopped")
    stopping = comm.begin("stop", job="stopped")
    page.aside("gate.set()")
    stopped = comm.reply(stopping)["result"]
    page.end(cell)  # a cell that fails takes with it what is sent before it has ended
    page.run("gate.clear()")
    begun(page, comm, "counting", "counting")
    snapshot = page.connect().told[0]
    page.aside("gate.set()")
    results = {"snapshot": comm.ask("snapshot"), "stop": stopped, **answers(comm)}
    results["delete"] = comm.ask("delete", job="counting")
    refusal = comm.reply(comm.begin("delete", job="counting"))
    assert results.keys() == METHODS.keys()
    entities = {id: one for id, one in snapshot["entities"].items() if "/stopped/" not in id}
    constants = {
        "snapshot: ISnapshot": {**snapshot, "version": 1, "entities": entities},
        "results: { [M in Method]: Result<M> }": results,
        "refusal: IRefusal": {**refusal, "id": 1},
    }
    written = {name: json.dumps(value, indent=2, ensure_ascii=False) for name, value in constants.items()}
    return equal("\n".join([HEAD, *(f"export const {name} = {text};\n" for name, text in written.items())]))


def begun(page: Page, comm: Comm, manifest: str, name: str) -> str:
    """Begin a cell that waits for a job, whose parties then wait for the gate; its request."""
    request = page.begin(f"cluster.apply({manifest}).wait()")
    both = [f"{node}/{name}" for node in ("alice", "bob")]
    page.until(
        lambda: all((job := comm.entities.get(id)) and job["progress"] == 0.25 and job["messages"] == 2 for id in both)
    )
    return request


def answers(comm: Comm) -> dict[str, Any]:
    """What a kernel answers, but for what changes a job."""
    task = next(id for id, one in comm.entities.items() if one["kind"] == "task" and one["job"] == "done").split("/")[2]
    form = comm.ask("form")
    form["operators"] = [one for one in form["operators"] if one["name"] in ("ss_lr", "waits")]
    form["names"] = {one["name"]: form["names"][one["name"]] for one in form["operators"]}
    for one in form["operators"]:
        one["description"] = one["description"].split("\n")[0]
        one["parameters"] = [parameter for parameter in one["parameters"] if parameter["name"] in PARAMETERS]
    filled = {"format": "kusciajob", "operator": "waits", "name": "job", "initiator": "alice", "common": {}, "own": {}}
    text = "%%kusciajob\nkind: KusciaJob\nspec:\n  init"
    content = base64.b64encode(b"id,x\n1,2\n").decode()
    return {
        "conditions": comm.ask("conditions", node="alice", job="stopped"),
        "yaml": {"text": comm.ask("yaml", node="alice", job="done")["text"][:10]},
        "log": {"text": comm.ask("log", node="bob", job="done", task=task)["text"][:40]},
        "line": comm.ask("line", node="bob", job="done", task=task),
        "source": comm.ask("source", job="done", what="trace"),
        "form": form,
        "compose": comm.ask("compose", **filled, inputs={"alice": {"data": "perfect_logit_a.csv"}}),
        "files": comm.ask("files", node="bob"),
        "put": comm.ask("put", node="bob", name="own.csv", content=content),
        "preview": comm.ask("preview", node="bob", name="own.csv"),
        "check": comm.ask("check", magic="kusciajob", text=text),
        "complete": comm.ask("complete", magic="kusciajob", text=text, line=4, column=7),
    }


def equal(text: str) -> str:
    """The same text of every run: its times and ids are fixed ones."""
    text = re.sub(r"\b1[0-9]{12}\b", "1700000000000", text)
    ids = dict.fromkeys(re.findall(r"(?<=/)(?:counting|done)-[0-9a-z-]+", text))
    for number, id in enumerate(ids, 1):
        text = text.replace(id, f"task-{number}")
    return text


def test_the_pages_types_are_the_kernels() -> None:
    assert TYPES.read_text("utf-8") == typescript()


def test_the_pages_tests_hear_what_a_kernel_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    assert TOLD.read_text("utf-8") == recorded(tmp_path)


def recorded(folder: Path) -> str:
    page = Page(folder)
    try:
        return told(page)
    finally:
        page.close()


if __name__ == "__main__":
    TYPES.write_text(typescript(), "utf-8")
    with TemporaryDirectory() as folder:
        TOLD.write_text(recorded(Path(folder)), "utf-8")
