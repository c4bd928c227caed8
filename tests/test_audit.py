"""The audit of packages against a database of advisories: what it finds, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from audit import EXTRAS, PROJECT, advisories, installed, is_affected, known, pinned


def affected(*events: dict[str, str], name: str = "numpy", **more: Any) -> dict[str, Any]:
    return {
        "package": {"name": name, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [*events]}],
        **more,
    }


def test_every_run_time_package_is_looked_at() -> None:
    names = {name for name, _ in installed("kuscia_nb", EXTRAS)}
    assert {"numpy", "pandas", "pydantic", "pydantic-core", "cryptography", "cffi", "tornado", "traitlets"} <= names
    assert "pytest" not in names
    assert ("tornado", "6.5.2") in {*pinned(PROJECT / "binder" / "requirements.txt")}


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([{"introduced": "0"}, {"fixed": "1.10"}], ["0.1", "1.9.9", "1.10rc1"], ["1.10", "2"]),
        ([{"introduced": "1"}, {"last_affected": "1.5"}], ["1", "1.5"], ["0.9", "1.5.1"]),
        ([{"introduced": "1"}, {"fixed": "2"}, {"introduced": "3"}], ["1.5", "3", "9"], ["0.5", "2", "2.9"]),
        ([{"fixed": "2"}, {"introduced": "0"}], ["1"], ["2"]),
    ],
)
def test_ranges(events: list[dict[str, str]], inside: list[str], outside: list[str]) -> None:
    assert [one for one in inside if not is_affected(one, affected(*events))] == []
    assert [one for one in outside if is_affected(one, affected(*events))] == []


def test_a_version_may_be_named_alone() -> None:
    assert is_affected("1.1", affected(versions=["1.1", "1.2"]))
    assert not is_affected("1.3", affected(versions=["1.1", "1.2"]))


def test_what_a_database_has_is_found(tmp_path: Path) -> None:
    hit = {"id": "A-1", "affected": [affected({"introduced": "0"})], "details": "reads\nbeyond the end"}
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "A-1.yaml").write_text(json.dumps(hit), "utf-8")  # JSON is YAML
    for number, change in enumerate(
        [
            {"withdrawn": "2024-01-01T00:00:00Z"},
            {"affected": [affected({"introduced": "0"}, name="numpy-else")]},
            {"affected": [affected({"introduced": "0"}) | {"package": {"name": "numpy", "ecosystem": "npm"}}]},
            {"affected": [affected({"introduced": "0"}, {"fixed": "1"})]},
            {"affected": [affected({"introduced": "0"}, name="Ruamel_YAML")]},
        ]
    ):
        (tmp_path / f"A-{number}.json").write_text(json.dumps(hit | {"id": f"B-{number}"} | change), "utf-8")
    packages = [("numpy", "2.0"), ("ruamel-yaml", "0.18")]
    found = known(packages, advisories(tmp_path, {"numpy", "ruamel-yaml"}))
    assert {(one.name, one.advisory, one.says) for one in found} == {
        ("numpy", "A-1", "reads beyond the end"),
        ("ruamel-yaml", "B-4", "reads beyond the end"),
    }


def test_a_folder_without_advisories_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no advisories"):
        list(advisories(tmp_path, {"numpy"}))
