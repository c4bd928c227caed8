"""Pages as texts: links lead somewhere, both READMEs say the same, and their times are those that were measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PAGES = sorted((PROJECT / "docs").rglob("*.md"))
READMES = [PROJECT / "README.md", PROJECT / "README.zh.md"]
FILES = [*PAGES, *sorted(PROJECT.glob("*.md"))]


def links(path: Path) -> Iterator[str]:
    """What a Markdown file links to and shows, outside of code."""
    text = re.sub(r"(?ms)^(```+).*?^\1|`[^`\n]*`", "", path.read_text("utf-8"))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


ELSEWHERE_ON_THE_WEB = {
    "https://github.com/secretflow/kuscia",
    "https://keepachangelog.com/en/1.1.0/",
    "https://mybinder.org/badge_logo.svg",
    "https://mybinder.org/v2/gh/kuscia-nb/kuscia_nb/HEAD?urlpath=lab/tree/notebooks/01_first_job.ipynb",
    "https://semver.org/spec/v2.0.0.html",
}
"""Links to other sites. They are not fetched here, where there is no network: whoever adds one has looked at it."""


@pytest.mark.parametrize("page", FILES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        target, _, _ = link.partition("#")
        if re.match(r"[a-z]+:", link):
            assert link in ELSEWHERE_ON_THE_WEB
        elif target:
            assert (page.parent / target).exists(), link


@pytest.mark.parametrize("page", FILES, ids=lambda page: page.name)
def test_tests_that_a_page_names_exist(page: Path) -> None:
    """So that "a test holds this" stays true when tests are renamed."""
    for file, name in re.findall(r"`(?:tests/)?(test_\w+\.py)(?:::(\w+))?`", page.read_text("utf-8")):
        source = (PROJECT / "tests" / file).read_text("utf-8")
        assert not name or re.search(rf"^(?:async )?def {name}\(", source, re.MULTILINE), f"{file}::{name}"


def test_the_security_page_names_tests() -> None:
    page = (PROJECT / "docs" / "concepts" / "security.md").read_text("utf-8")
    assert len(re.findall(r"`test_\w+\.py::test_\w+`", page)) >= 15


def test_the_glossary_has_the_words_that_are_used() -> None:
    """Every Chinese term of it stands in a notebook, and every English one, too."""
    rows = re.findall(r"(?m)^\| (.+?) \| (.+?) \| .+? \| .+? \|$", (PROJECT / "docs/glossary.md").read_text("utf-8"))
    words = [(english, chinese) for english, chinese in rows if english not in ("English", "---")]
    assert len(words) > 30
    for column, folder in ((0, "notebooks"), (1, "notebooks/zh")):
        text = " ".join(path.read_text("utf-8") for path in (PROJECT / folder).glob("*.ipynb")).lower()
        terms = [term for row in words for term in re.split(r"[、,]| \(|\)", row[column]) if term.strip()]
        assert [term for term in terms if term.strip().lower() not in text] == []


# --- the README in two languages --------------------------------------------------------------------------------------


def skeleton(path: Path) -> list[str]:
    """What is the same in every language: levels of headings, code without comments, numbers, links, rows of tables."""
    text = path.read_text("utf-8")
    parts = []
    for part in re.split(r"(?ms)(^```.*?^```$)", text):
        if part.startswith("```"):
            parts.append("\n".join(re.sub(r"(^| )#.*$", "", line).rstrip() for line in part.splitlines()))
            continue
        for line in part.splitlines():
            if line.startswith(("#", "|")):
                parts.append(line[: len(line) - len(line.lstrip("#"))] or str(line.count("|")))
        parts.append(" ".join(sorted(re.findall(r"(?<![\w.])\d(?:[\d,.]*\d)?", part, re.ASCII))))
        parts.append(" ".join(sorted(re.findall(r"`[^`]+`", part))))
    return parts


def test_both_readmes_say_the_same() -> None:
    english, chinese = map(skeleton, READMES)
    assert chinese == english
    other = {READMES[0].name, READMES[1].name}
    assert [set(links(page)) - other for page in READMES[1:]] == [set(links(READMES[0])) - other]


# --- the README's times are those that were measured ------------------------------------------------------------------


def tables(text: str) -> list[list[str]]:
    """The rows of a page's tables."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def medians(benchmark: str, column: int) -> list[float]:
    """The numbers at the beginning of a column's cells, of the first rows that have one."""
    rows = tables((PROJECT / "benchmarks" / "results" / f"{benchmark}.md").read_text("utf-8"))
    found = [re.match(r"[+-]?[\d.]+", row[column]) for row in rows if len(row) > column]
    return [float(number[0]) for number in found if number]


def rounds_to(number: float, shown: str) -> bool:
    """Whether it is the number with that many digits behind the point."""
    return abs(float(shown) - number) <= 0.501 * 10.0 ** -len(shown.partition(".")[2])


def test_the_table_of_times_is_that_of_the_benchmark() -> None:
    shown = [row[1:] for row in tables(READMES[0].read_text("utf-8")) if re.match(r"[\d,]+ x \d+", row[0])]
    assert len(shown) == 5
    first = tables((PROJECT / "benchmarks" / "results" / "ss_lr.md").read_text("utf-8"))[0]
    for place, name in enumerate(("preprocessed", "interconnection", "SPU, JAX", "SPU", "float64")):
        column = first.index(name)
        for number, row in zip(medians("ss_lr", column), shown, strict=False):
            assert rounds_to(number, row[place]), row


def test_the_sentences_about_times_are_those_of_the_benchmarks() -> None:
    text = " ".join(READMES[0].read_text("utf-8").split())
    said = re.search(
        r"takes (\d+) ms, the tutorial's whole job ([\d.]+) s .* and ([\d.]+) s after .* about (\d+) %", text
    )
    frames = re.search(r"scrubbed at (\d+) to (\d+) frames", text)
    assert said
    assert frames
    load, first, again, *_ = medians("startup", 1)
    measured = (1000 * load, first, again, medians("live", 3)[0])
    assert all(map(rounds_to, measured, said.groups())), said.groups()
    rates = medians("viewer", 2)
    assert frames.groups() == (f"{min(rates):g}", f"{max(rates):g}")
