"""Markdown for the pages that are made from the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """A text as code, also one with backticks in it."""
    fence = "``" if "`" in text else "`"
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def codes(texts: Iterable[str]) -> str:
    """Several texts as code, with commas between them."""
    return ", ".join(map(code, texts))


def block(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown in one line."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).replace("|", r"\|")


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """Terms with what there is to say of each; both are Markdown."""
    return "\n\n".join(f"{term}\n: {_indented(text) or '-'}" for term, text in entries)


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n  ")


def prose(text: str) -> str:
    """A docstring or help text as Markdown: outside of code, what looks like markup is text."""
    return "\n".join(line if line.startswith("    ") else _plain(line) for line in text.splitlines())


def sentence(text: str) -> str:
    """A description of one line, as a sentence."""
    text = text.strip()
    return prose(text[:1].upper() + text[1:] + ("" if text.endswith((".", ":")) else "."))


def _plain(line: str) -> str:
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(part if part.startswith("`") else re.sub(r"([<>*_|\[\]$])", r"\\\1", part) for part in parts)


def page(parts: Iterable[str]) -> str:
    """Blocks, with blank lines between them."""
    return "\n\n".join(part for part in parts if part) + "\n"
