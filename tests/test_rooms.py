"""The rooms of the package: which way arrows lead, and their picture, which is made from the imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reference import rooms

ORDER = (
    *("panel", "magics", "exercises", "explore", "views", "cells"),  # what a person sees
    *("templates", "connection", "cluster", "job", "results"),  # what a person holds
    *("backends", "observer", "trace"),  # where the nodes are, and what is known of them
    *("apiserver", "wire", "bfia", "control", "operators", "data", "tools"),  # what nodes and parties do
    *("canvas", "mpc", "options", "faults", "errors", "problems", "placeholder", "lookalike", "texts"),  # the ground
)
"""From the front door inward: what stands here imports only what stands behind it."""

EXCEPTIONS = {
    ("job", "views"): "a job shows itself, and makes its pictures, when it is asked to",
    ("trace", "views"): "so does a trace",
    ("control", "views"): "and what kubectl prints",
}


THEIRS = {
    "_actions": "which options an argparse parser takes: it tells nobody else",
    "_sock _response _fp": "the socket below a connection of http.client or requests, to close it from another thread",
    "_reply_subshell_for": "what a comm of ipykernel's asks for where its reply goes",
    "_exit": "os._exit: of a process that must not wait for its threads",
    "_replace _asdict _fields": "of named tuples",
}
"""Private names of others that are used all the same, and why."""


def strange(path: Path) -> Iterator[str]:
    """Private names that a module reads of an object, or imports, and that nothing in the module defines."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    own = {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    own |= {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    parts = [one for one in nodes if isinstance(one, ast.Attribute)]
    at_home = {id(one) for one in parts if ast.unparse(one.value) in ("self", "cls", "super()")}
    own |= {one.attr for one in parts if id(one) in at_home and isinstance(one.ctx, ast.Store)}
    used = {one.attr for one in parts if id(one) not in at_home}
    used |= {one.name for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}
    for name in sorted(used - own):
        if name.startswith("_") and not name.endswith("_") and name not in " ".join(THEIRS).split():
            yield f"{path.name}: {name}"


def wrong(order: tuple[str, ...]) -> set[rooms.Arrow]:
    """The arrows that lead up, imports within functions included."""
    return {(room, other) for room, other in rooms.arrows() if order.index(other) < order.index(room)}


def test_arrows_lead_one_way() -> None:
    assert sorted(ORDER) == sorted(rooms.rooms())
    assert wrong(ORDER) == set(EXCEPTIONS)


def test_a_wrong_arrow_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "low.py").write_text("def f():\n    from .high import g\n")
    (tmp_path / "high.py").write_text("from .low import f\n")
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    assert wrong(("high", "low")) == {("low", "high")}


def test_private_names_stay_at_home() -> None:
    assert [one for path in rooms.PACKAGE.rglob("*.py") for one in strange(path)] == []


def test_a_private_name_abroad_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from b import _hidden\nclass A:\n    _left: int\n    def f(self, other):\n        self._mine = 1\n"
        "        return other._mine, other._left, other._right, other.__class__, other.right\n"
    )
    assert list(strange(tmp_path / "a.py")) == ["a.py: _hidden", "a.py: _right"]


def test_arrows_are_imports() -> None:
    arrows = rooms.arrows()
    assert {other for room, other in arrows if room == "mpc"} == {"errors"}
    assert arrows["operators", "mpc"] > arrows["bfia", "operators"] > 0
    assert all(room in rooms.rooms() and other in rooms.rooms() for room, other in arrows)


def test_imports_for_types_are_no_arrows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "low/__init__.py": '"""Below."""',
        "high/__init__.py": '"""Above."""',
        "high/deep.py": "from ..low import x\nfrom ..single import y\ndef f():\n    from .. import low\n",
        "single.py": '"""One."""\nif TYPE_CHECKING:\n    from .high import deep\nelse:\n    from . import low\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    assert rooms.arrows() == {("high", "low"): 2, ("high", "single"): 1, ("single", "low"): 1}
    drawn = re.findall(r"<title>(\w+) imports (\w+)</title>", rooms.picture())
    assert drawn == [("high", "single"), ("single", "low")], "high leads to low by way of single"


def test_what_leads_up_is_dashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"a.py": "from .b import x\nfrom .b import y\n", "b.py": "from . import a\n"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(rooms, "PACKAGE", tmp_path)
    assert rooms.sorted_arrows() == ({("a", "b")}, {("b", "a")})
    assert len(re.findall(r'class="up"', rooms.picture())) == 1


def test_the_protocol_does_not_know_that_it_is_traced() -> None:
    """What is written down of it is written down from outside: it reads the same for who wants no trace."""
    found = {path.name for path in (rooms.PACKAGE / "mpc").glob("*.py") if re.search("trace(?!back)", path.read_text())}
    assert found == {"__init__.py"}
