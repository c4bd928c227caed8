"""Where in a manifest or request the cursor is: below which keys, at a key or at a value, and what is typed of it.

A text that is being typed is neither YAML nor JSON yet, so it is only looked through: YAML upwards by its indentation,
JSON forwards by its brackets. Both do for whatever stands around the place where somebody types. A parser, also one
that recovers from errors, gives up on a half-typed line or moves it to another place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

TEXT = "taskInputConfig"
"""The field whose value is a JSON text."""

_LINE = re.compile(r"( *)((?:- +)*)(?:([\w./-]+|\"[^\"]*\"|'[^']*'):(?=\s|$)\s*)?")
_INNER = re.compile(rf"""^( *(?:- +)*){TEXT}:[ ]+(?:(['"])|[|>][-+\d]*[ ]*\n)""", re.MULTILINE)
_TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)("?)|([{}\[\],:])|([^\s{}\[\],:"]+)')


_BLANK = re.compile(r"(?:[^\S\n]*(?:#.*)?\n)*")


def without_blank_lines(text: str) -> tuple[str, int]:
    """A cell's text from its magic on, and how many blank lines and comments are above it (above)."""
    match = _BLANK.match(text)
    begin = match.end() if match else 0
    return text[begin:], text.count("\n", 0, begin)


class Position(NamedTuple):
    """Where the cursor is."""

    path: tuple[str, ...]
    """The keys that lead there, without the indexes of lists; at a value, its own key is the last one."""
    at: Literal["key", "value"]
    typed: str
    """What is there of it already, without a quote."""
    start: int
    """Where that begins in the text, with its quote."""
    quote: str
    """The quotes around a text here: none in YAML, and in a JSON text within YAML perhaps with a backslash."""
    opened: bool
    """Whether the first of the quotes is there already."""
    known: frozenset[str]
    """Keys that the object has already."""


def position(text: str, cursor: int) -> Position | None:
    """The position of an index in a text; None where nothing is to be completed."""
    before = text[:cursor]
    if text.lstrip().startswith("{"):
        return _in_json(text, before, 0, (), '"')
    inner = _inner_text(before)
    if inner is None:
        return _in_yaml(text, cursor)
    start, quote, holder = inner
    return _in_json(text, before, start, (*holder, TEXT), quote)


# --- YAML ------------------------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """Where a line begins, and behind dashes its key; the key if there is one, and where its value is."""

    begin: int
    column: int
    key: str
    value: int

    @classmethod
    def of(cls, line: str) -> _Line:
        match = _LINE.match(line)
        assert match is not None
        return cls(len(match[1]), len(match[1] + match[2]), (match[3] or "").strip("\"'"), match.end())

    @property
    def item(self) -> bool:
        """Whether it begins an item of a list."""
        return self.column > self.begin

    @property
    def limit(self) -> int:
        """What it belongs to begins left of this column; the key above a list may stand right above its dashes."""
        return self.begin + self.item


def _in_yaml(text: str, cursor: int) -> Position | None:
    lines, row = text.split("\n"), text.count("\n", 0, cursor)
    before = lines[row][: cursor - (text.rfind("\n", 0, cursor) + 1)]
    line, path = _Line.of(before), _above(lines[:row], _Line.of(before).limit)
    typed = before[line.value :]
    if re.search(r"[\s\"'\[\]{}&*!|>#]", typed) or (line.key and before.endswith(":")):
        return None  # in flow style, in a quoted text, in a comment, or where a blank has to come first
    start = cursor - len(typed)
    if line.key:
        return Position((*path, line.key), "value", typed, start, "", False, frozenset())
    return Position(path, "key", typed, start, "", False, frozenset(_siblings(lines, row, line)))


def _above(lines: list[str], limit: int) -> tuple[str, ...]:
    """The keys that something below these lines belongs to, if they begin left of the column `limit`."""
    path: list[str] = []
    for text in reversed(lines):
        line = _Line.of(text)
        if not line.key or text.lstrip().startswith("#"):
            continue
        if line.column < limit:
            path.insert(0, line.key)
            limit = line.limit
        elif line.item and line.begin < limit:  # the first line of the same item
            limit = line.limit
    return tuple(path)


def _siblings(lines: list[str], row: int, own: _Line) -> Iterator[str]:
    """The keys of the object that a line is in, other than its own."""
    for text in () if own.item else reversed(lines[:row]):
        line = _Line.of(text)
        if text.strip() and line.column < own.column:
            break
        if line.column == own.column:
            yield line.key
            if line.item:
                break
    for text in lines[row + 1 :]:
        line = _Line.of(text)
        if text.strip() and (line.column < own.column or (line.item and line.column == own.column)):
            break
        if line.column == own.column:
            yield line.key


# --- JSON ------------------------------------------------------------------------------------------------------------


def _inner_text(before: str) -> tuple[int, str, tuple[str, ...]] | None:
    """Where the JSON text begins that the end of `before` is in, its quotes, and the keys above it."""
    matches = list(_INNER.finditer(before))
    if not matches:
        return None
    match = matches[-1]
    rest, style = before[match.end() :], match[2]
    if style == "'":
        closed = "'" in rest.replace("''", "")
    elif style == '"':
        closed = '"' in re.sub(r"\\.", "", rest)
    else:  # a block ends where a line begins as far left as its key
        *lines, last = rest.split("\n")
        closed = any(_column(line) <= len(match[1]) for line in (*filter(str.strip, lines), last))
    if closed:
        return None
    holder = _above(before[: match.start()].split("\n")[:-1], _Line.of(match[0]).limit)
    return match.end(), '\\"' if style == '"' else '"', holder


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


class _Level:
    """An object or a list that is still open."""

    def __init__(self, bracket: str) -> None:
        self.bracket, self.key, self.colon = bracket, "", False
        self.known: set[str] = set()

    @property
    def at_value(self) -> bool:
        return self.bracket == "[" or self.colon


def _in_json(text: str, before: str, begin: int, path: tuple[str, ...], quote: str) -> Position | None:
    levels: list[_Level] = []
    typed, start, opened = "", len(before), False
    scanned = before.replace('\\"', ' "') if quote != '"' else before  # as long as it was
    for token in _TOKEN.finditer(scanned, begin):
        string, closed, sign, bare = token.groups()
        level = levels[-1] if levels else None
        if sign in ("{", "["):
            levels.append(_Level(sign))
        elif sign in ("}", "]"):
            if levels:
                levels.pop()
        elif level is None:
            continue
        elif sign == ":":
            level.colon = True
            level.known.add(level.key)
        elif sign == ",":
            level.colon = False
        elif string is not None and closed:
            if token.end() == len(scanned):
                return None
            if not level.at_value:
                level.key = string.strip()
        elif token.end() == len(scanned):
            typed, opened = bare or (string or "").strip(), not bare
            start = token.start() - (len(quote) - 1 if opened else 0)
    if not levels:
        return None
    keys = tuple(level.key for level in levels if level.bracket == "{" and level.colon)
    last = levels[-1]
    known = frozenset(last.known | set(_following(text[len(before) :])))
    return Position((*path, *keys), "value" if last.at_value else "key", typed, start, quote, opened, known)


def _following(behind: str) -> Iterator[str]:
    """The keys that come later in the object that a text begins in."""
    depth = 0
    for string, sign in re.findall(r'"((?:[^"\\\n]|\\[^"])*)\\?" *:|([{}\[\]])', behind):
        depth += {"": 0, "{": 1, "[": 1}.get(sign, -1)
        if depth < 0:
            return
        if string and depth == 0:
            yield string.strip()
