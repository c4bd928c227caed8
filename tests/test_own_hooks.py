"""What an operator may bring beside its program, by one's own: the code of docs/howto/own_operator.md."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kuscia_nb as kn
from kuscia_nb.canvas import Picture
from kuscia_nb.cells.findings import operator_problems
from kuscia_nb.control.manifest import from_dict
from kuscia_nb.errors import JobError
from kuscia_nb.operators import OPERATORS
from kuscia_nb.panel.form import operators as forms
from kuscia_nb.views.job import text
from kuscia_nb.views.result import result

ROOT = Path(kn.__file__).parent
PAGE = ROOT.parent / "docs" / "howto" / "own_operator.md"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's first and last example define, registered for one test."""
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)
    examples = re.findall(r"^```ipython\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for example in (examples[0], examples[-1]):
        exec(example, names)
    return names


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path) as cluster:
        for node, numbers in (("alice", [1.0, 2.0, 6.0]), ("bob", [0.5, 0.25, 0.75])):
            cluster.put(node, "my.csv", pd.DataFrame({"score": numbers}))
        yield cluster


def job(column: str = "score") -> dict[str, Any]:
    own = {"0": {"name": "my.csv", "namespace": "data"}}
    config = {
        "name": "compare",
        "module_name": "mean_difference",
        "output": [{"type": "dataset", "key": "answer"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": own, "guest": own, "common": {"column": column}},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "compare", "appImage": "mean-difference", "parties": parties}
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "compare"},
        "spec": {"initiator": "alice", "tasks": [task | {"taskInputConfig": json.dumps(config)}]},
    }


def test_its_result_is_the_jobs_and_stands_in_the_report(page: dict[str, Any], cluster: kn.Cluster) -> None:
    """Rank 0 is the guest, bob: 0.5 - 3 = -2.5."""
    done = cluster.apply(job()).wait()
    assert isinstance(done.result(), page["Difference"])
    assert done.result("compare").answers == {"alice": pytest.approx(-2.5), "bob": pytest.approx(-2.5)}
    for shown in (text(done), repr(result(done, cluster.nodes))):
        assert "Differences" in shown
        assert re.search(r"alice +-2\.5\n +bob +-2\.5", shown)
    assert "The means were compared." in text(done)
    with pytest.raises(JobError, match="job compare has no weights"):
        done.weights()


def test_its_check_is_asked_before_anything_runs(page: dict[str, Any]) -> None:
    place = ("spec", "tasks", 0, "taskInputConfig", "task_params", "common", "column")
    [problem] = operator_problems(from_dict(job("customer_id")))
    assert (problem.path, problem.text) == (place, "the mean of ids says nothing")
    assert not list(operator_problems(from_dict(job())))


def test_its_parameters_are_in_the_form(page: dict[str, Any]) -> None:
    [form] = [one for one in forms() if one["name"] == "mean_difference"]
    assert [(one["name"], one["required"]) for one in form["parameters"]] == [("column", True)]


def test_its_shadow_and_its_pictures_are_the_jobs(page: dict[str, Any], cluster: kn.Cluster) -> None:
    difference: Any = page["Difference"]

    class Drawn(difference):
        pictures = ("bars",)
        shadow = "the means, in plaintext"

        def draw(self, name: str) -> Picture:
            from kuscia_nb.canvas import canvas

            return Picture(canvas("means", (2, 2)).figure, f"{name}: {len(self.answers)}")

    drawn: Any = Drawn
    kn.operator(inputs=("data",), outputs=("result",), result=drawn)(page["mean_difference"])
    done = cluster.apply(job(), shadow=True).wait()
    assert done.shadow == "the means, in plaintext"
    assert repr(done.pictures.bars()) == "bars: 2"
    with pytest.raises(JobError, match="job compare has no picture roc"):
        done.pictures.roc()


def test_a_reader_with_a_fault_leaves_the_rest_of_a_report(page: dict[str, Any], cluster: kn.Cluster) -> None:
    class Faulty:
        def __init__(self, ran: object) -> None:
            raise ValueError("not as I thought")

        def told(self) -> None: ...

    kn.operator(inputs=("data",), outputs=("result",), result=Faulty)(page["mean_difference"])
    shown = text(cluster.apply(job()).wait())
    assert "No result of compare: not as I thought" in shown
    assert "What it has written: %kuscia result compare" in shown


# --- nothing else knows the operators ---------------------------------------------------------------------------------

BY_NAME = {
    "backends/docker/backend.py",
    "backends/docker/joining.py",
    "explore/equivocation.py",
    "wire/party_command.py",
    "wire/party_options.py",
}
"""About these operators: Kuscia's own ss_lr (what it prints, its AppImage), a training with an SPU, an experiment."""


def test_no_other_room_knows_an_operator_by_its_name() -> None:
    """Nothing imports an operator's package, or asks for one; examples in texts may name one."""
    names = {one.component.name for one in OPERATORS._built_in}
    assert "ss_lr" in names
    found = []
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).as_posix()
        if room in BY_NAME or room.startswith(("operators/", "exercises/", "tools/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            imported = isinstance(node, ast.ImportFrom) and names & set((node.module or "").split("."))
            if imported or (isinstance(node, ast.Constant) and node.value in names):
                found.append(f"{room}: {ast.unparse(node)}")
    assert not found
