"""The picture of the architecture: its arrows are the package's imports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference import rooms


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
