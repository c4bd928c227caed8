"""The notebooks of two nodes: driven at the same time, each in a kernel of its own, they come to what is stored."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

sys.path.append(str(Path(__file__).parent.parent / "notebooks"))

import make


def codes(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell: Any) -> list[str]:
    return ["".join(output.get("data", {}).get("text/plain", output.get("text", ""))) for output in cell.outputs]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("pair")
    return {path.stem: notebook for path, notebook in make.executed_pair(folder).items()}


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_notebook_of_the_pair_says_what_is_stored(pair: dict[str, Any], name: str) -> None:
    stored = nbformat.read(make.PAIR / f"{name}.ipynb", as_version=4)
    for before, after in zip(codes(stored), codes(pair[name]), strict=True):
        kinds = [(output.output_type, output.get("name")) for output in after.outputs]
        assert ("error", None) not in kinds
        assert ("stream", "stderr") not in kinds
        if "varies" not in before.metadata.get("tags", ()):
            assert texts(after) == texts(before), after.source


def test_alice_learns_the_weights_and_bob_does_not(pair: dict[str, Any]) -> None:
    alice = json.dumps([cell.outputs for cell in codes(pair["alice"])])
    bob = json.dumps([cell.outputs for cell in codes(pair["bob"])])
    assert "share of bob" in alice
    assert "got bob's result from bob, for the job says reveal: alice" in alice
    assert "only alice has its own" in bob
    shares = re.findall(r"^\d +x\d+ +bob +\d+ +(-?[\d.e+]+)", "\n".join(texts(codes(pair["bob"])[4])), re.MULTILINE)
    assert len(shares) == 3
    assert "weight" not in "\n".join(texts(codes(pair["bob"])[4]))
