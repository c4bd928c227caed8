"""References of code and tests to the rules in docs/spec: `spec: kuscia §3.8 row 7, §7 rows 29 to 35, bfia §1.2`.

The name is a page's, the number after § that of a heading on it; rows and steps are those of its tables and lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[2] / "spec"
NAMES = ("kuscia", "bfia", "ss_lr", "tutorial")

_NAME = "|".join(NAMES)
_NUMBER = r"\d+[a-z]?(?:\.\d+)*"
_ROW = r"\d+(?:\.\d+)?"
_ROWS = rf"{_ROW}(?:(?:,\s*|\s+and\s+|\s+to\s+){_ROW})*"
_PART = rf"(?:§{_NUMBER}|(?:row|step)s?\s+{_ROWS}|(?:{_NAME})\b)"
REFERENCE = re.compile(rf"\b[Ss]pec:\s+(?:{_NAME})\b(?:(?:,?\s+and|,|\s+to)?\s+{_PART})*")
_TOKEN = re.compile(rf"§(?P<section>{_NUMBER})|(?:row|step)s?\s+(?P<rows>{_ROWS})|\b(?P<page>{_NAME})\b")
_MENTION = re.compile(rf"(?:\b(?P<page>{_NAME}) )?§(?P<section>{_NUMBER})")
_HEADING = re.compile(rf"^(##+) ({_NUMBER})(?= )", re.MULTILINE)


class Place(NamedTuple):
    """What a reference leads to; without a row it is the whole section, without a section the whole page."""

    page: str
    section: str = ""
    row: str = ""

    @property
    def label(self) -> str:
        """The section's name for Sphinx."""
        return f"spec-{self.page}-{self.section}"


def one_line(text: str) -> str:
    """A source file in which comments and docstrings are not broken into lines."""
    return re.sub(r"\s*\n\s*(?:# )?", " ", text)


def places(reference: str) -> Iterator[Place]:
    """Where a reference leads to."""
    page = section = ""
    for token in _TOKEN.finditer(reference):
        if token["page"]:
            page, section = token["page"], ""
            yield Place(page)
        elif token["section"]:
            section = token["section"]
            yield Place(page, section)
        else:
            yield from (Place(page, section, row) for row in _rows(token["rows"]))


def resolves(place: Place) -> bool:
    """Whether there is such a page, section and row."""
    sections = _sections(place.page)
    row = re.escape(place.row)
    return place.section in sections and (
        not row or re.search(rf"^(?:\| {row} \||{row}\. )", sections[place.section], re.MULTILINE) is not None
    )


def linked(text: str) -> str:
    """A docstring in reStructuredText in which the sections of references are links."""
    return REFERENCE.sub(lambda found: _linked(found[0]), text)


def with_labels(name: str, text: str) -> str:
    """A page of rules in which every numbered section has its label, and what it says of sections leads to them."""
    parts = re.split(r"(`[^`\n]*`|^#.*$)", text, flags=re.MULTILINE)
    parts[::2] = [
        _MENTION.sub(lambda found: f"[{found[0]}](#{Place(found['page'] or name, found['section']).label})", part)
        for part in parts[::2]
    ]
    return _HEADING.sub(lambda found: f"({Place(name, found[2]).label})=\n{found[0]}", "".join(parts))


def mentions(name: str) -> Iterator[Place]:
    """The sections that a page of rules speaks of."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    yield from (Place(found["page"] or name, found["section"]) for found in _MENTION.finditer(text))


@cache
def _sections(name: str) -> dict[str, str]:
    """The sections of a page by number, with their subsections; the whole page has no number."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    found, sections = list(_HEADING.finditer(text)), {"": text}
    for place, heading in enumerate(found):
        behind = (later.start() for later in found[place + 1 :] if len(later[1]) <= len(heading[1]))
        sections[heading[2]] = text[heading.start() : next(behind, len(text))]
    return sections


def _rows(text: str) -> Iterator[str]:
    for part in re.split(r",\s*|\s+and\s+", text):
        first, *last = re.split(r"\s+to\s+", part)
        if last and first.isdecimal():
            yield from map(str, range(int(first), int(last[0]) + 1))
        else:
            yield from (first, *last)


def _linked(reference: str) -> str:
    page = ""

    def link(token: re.Match[str]) -> str:
        nonlocal page
        page = token["page"] or page
        return f":ref:`{token[0]} <{Place(page, token['section']).label}>`" if token["section"] else token[0]

    return _TOKEN.sub(link, reference)
