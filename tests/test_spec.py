"""docs/spec: every rule that code, tests and the pages themselves cite is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference import spec

PROJECT = Path(__file__).parent.parent
FOLDERS = ("kuscia_nb", "tests", "benchmarks", "labextension/src", "docs")
FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.*"))
SOURCES = [path for path in FILES if path.suffix in (".py", ".ts", ".tsx")]
CITING = {path: text for path in SOURCES if path != Path(__file__) and "§" in (text := path.read_text("utf-8"))}


@pytest.mark.parametrize("path", CITING, ids=lambda path: str(path.relative_to(PROJECT)))
def test_references_lead_to_a_rule(path: Path) -> None:
    text = spec.one_line(CITING[path])
    for found in spec.REFERENCE.finditer(text):
        for place in spec.places(found[0]):
            assert spec.resolves(place), found[0]
    rest = re.sub(r"RFC \d+ §", "", spec.REFERENCE.sub("", text))
    assert not re.findall(r"[^§]{,40}§\d[\d.]*", rest), "written as spec: NAME §NUMBER"
    assert not re.findall(rf"[Ss]pec:? (?:{'|'.join(spec.NAMES)})[^§]{{,20}}§", rest)


@pytest.mark.parametrize("name", spec.NAMES)
def test_rules_that_speak_of_others_name_what_is_there(name: str) -> None:
    assert [place for place in spec.mentions(name) if not spec.resolves(place)] == []


def test_there_are_references() -> None:
    assert sum(len(spec.REFERENCE.findall(spec.one_line(text))) for text in CITING.values()) > 150


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("spec: kuscia §3.8 row 9", True),
        ("spec: kuscia §3.8 row 10", False),
        ("spec: kuscia §3.8 rows 1 to 10", False),
        ("spec: kuscia §3.11", False),
        ("spec: kuscia §2.4 step 2, bfia §1.2 rows 4.1 to 5.8", True),
        ("spec: kuscia §1.9 rows 1, 6 and 7", False),
        ("spec: bfia §1.2 row 5.9", False),
        ("spec: tutorial, row 16", True),
        ("spec: tutorial, row 17", False),
        ("spec: ss_lr §5 to §5c", True),
        ("spec: ss_lr §5d", False),
    ],
)
def test_a_place_that_is_not_there_is_noticed(reference: str, known: bool) -> None:
    assert spec.REFERENCE.fullmatch(reference)
    assert all(map(spec.resolves, spec.places(reference))) is known
