"""The text of a manifest: its data, the place of every value in it, and errors that point there."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import BaseModel, PrivateAttr
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from ..errors import ManifestError
from ..lookalike import Lookalike, curly, named, stray
from ..placeholder import unfilled
from ..problems import FieldPath, Problem
from .parse import MOST_PROBLEMS, Place, yaml_documents
from .recognise import recognised

WIDTH = 100  # characters of a long line that are shown around a caret
LONGEST = 300  # characters of what is said of a problem: some quote a value
SHOWN = 20  # problems in one error


class Source:
    """A manifest's text, and the place of each of its values; without a text there are no places."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.places: dict[FieldPath, Place] = {}
        self.inner: dict[FieldPath, Callable[[], object]] = {}
        """For a text within the text, what notes the places in it; called when something in there is wrong."""

    def index(self, problem: Problem) -> int | None:
        """Where to point: at the value, at its key, or at what contains it if it is not there at all."""
        if problem.at is not None:
            return problem.at
        for length in range(1, len(problem.path)):
            if locate := self.inner.pop(problem.path[:length], None):
                locate()
        for length in range(len(problem.path), -1, -1):
            if place := self.places.get(problem.path[:length]):
                if length < len(problem.path) or problem.on_key:
                    return place.key
                found = self.lookalike(problem.path)
                return place.value + (found.at if found else 0)
        return None

    def lookalike(self, path: FieldPath) -> Lookalike | None:
        """The character in a value that only looks right."""
        place = self.places.get(path)
        if place is None or place.end - place.value > LONGEST:
            return None
        return named(self.text[place.value : place.end])

    def characters(self, path: FieldPath, value: str) -> list[int]:
        """The index in the text of every character of a string and of its end; empty if they cannot be told."""
        if path not in self.places:
            return []
        _, start, end, style = self.places[path]
        raw = self.text[start:end]
        if style == "|":
            characters = _block_characters(raw, start, value)
        else:
            quoted = style in _QUOTED
            start += len(raw) - len(re.sub(r"^(?:[&!]\S*\s+)*", "", raw)) + quoted  # an anchor or a tag, the quote
            tokens = re.finditer(_QUOTED.get(style, "."), self.text[start:end])
            characters = [start + token.start() for token in tokens] + ([] if quoted else [end])
        return characters if len(characters) == len(value) + 1 else []  # not so for folded lines


class Written(BaseModel):
    """What was read from a text, so that what is found wrong with it later can be pointed at there."""

    _source: Source | None = PrivateAttr(None)

    def __eq__(self, other: object) -> bool:
        """Equal content, wherever it was read from."""
        return isinstance(other, type(self)) and self.model_dump() == other.model_dump()

    @property
    def source(self) -> Source:
        """The text; an empty one, which has no places, if it was not read from any."""
        return self._source or Source()

    def point_into(self, source: Source | None) -> None:
        """Let what is found wrong from now on be in this text, or in none."""
        self._source = source


_QUOTED: dict[str | None, str] = {  # one character as it is written in quotes
    "'": r"''|.",
    '"': r"\\u[dD][89abAB]..\\u[dD].{3}|\\x..|\\u.{4}|\\U.{8}|\\.|.",
}


def _block_characters(raw: str, start: int, value: str) -> list[int]:
    """`Source.characters` of a block that starts with "|": every line without its indentation."""
    header, *lines = raw.split("\n")
    start += len(header) + 1
    wanted = value.split("\n")
    indent = next((len(a.rstrip("\r")) - len(b) for a, b in zip(lines, wanted, strict=False) if b), 0)
    characters: list[int] = []
    for line, text in zip(lines, wanted, strict=False):
        characters += [start + min(indent + column, len(line)) for column in range(len(text) + 1)]
        start += len(line) + 1
    return characters


def excerpt(text: str, index: int, *, line: int = 1, before: str = "") -> str:
    """Line and column ("line 4, column 3"), and that line with a caret below; of a long line the part around the caret.

    The text begins on this line, behind `before`.
    """
    return "\n".join(_excerpt(before + text, len(before) + index, line))


def _excerpt(text: str, index: int, first_line: int = 1) -> tuple[str, str]:
    begin, end = text.rfind("\n", 0, index) + 1, text.find("\n", index)
    line, column = text[begin : end if end >= 0 else None].rstrip("\r"), index - begin
    head = f"line {text.count(chr(10), 0, index) + first_line}, column {column + 1}"
    first = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    before = ("..." if first else "") + line[first:column]
    after = line[column : first + WIDTH] + ("..." if first + WIDTH < len(line) else "")
    before, after = (re.sub(r"[^\t\x20-\x7e]", _printable, part) for part in (before, after))
    padding = "".join(c if c == "\t" else "  " if unicodedata.east_asian_width(c) in "WF" else " " for c in before)
    return head, f"{before}{after}\n{padding}^"


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else "\ufffd"


# --- text to data ----------------------------------------------------------------------------------------------------

Document = tuple[Any, Source, list[Problem]]
"""Its data, the text with the places of the data in it, and what is wrong with it as YAML."""


def documents(text: str) -> Iterator[Document]:
    """Every document of a YAML or JSON text that has something in it; ManifestError, if it cannot be read."""
    source = Source(text.removeprefix("\ufeff"))
    try:
        for reader in yaml_documents(source.text):
            source = Source(source.text)
            source.places = reader.places
            yield reader.data, source, reader.problems
    except (YAMLError, RecursionError) as error:
        raise syntax_error(error, source) from error


def only_document(text: str) -> Document:
    """The one document of a text."""
    found = list(documents(text))
    if not found:
        raise ManifestError("the manifest is empty", hint="apiVersion, kind, metadata and spec of a KusciaJob")
    if len(found) > 1:
        _, source, _ = found[1]
        where = excerpt(source.text, source.places[()].value)
        raise ManifestError(f"{len(found)} documents in one text", where=where, hint="one manifest at a time")
    return found[0]


# --- what cannot be read ---------------------------------------------------------------------------------------------

_TOO_MUCH = "a smaller text: is it the right file?"
_SYNTAX_HINTS = {
    "mapping values are not allowed": 'quotes around a value that contains ": ", or another indentation',
    "'\\t' that cannot start": "spaces instead of tabs",
    "could not find expected ':'": 'a colon and a space after the key, as in "name: job-ss-lr"',
    "unexpected end of stream": "the missing quote or bracket",
    "but got '<stream end>'": "the missing quote or bracket",
    "but got ':'": "the bracket or the comma that is missing",
    "expected ',' or": "a comma before it, or the bracket that is missing there",
    "that cannot start any token": "quotes around the value",
    "undefined alias": 'quotes around a value that starts with "*"',
    "but found '<scalar>'": "quotes around the whole value; JSON goes into single ones, as in '{\"name\": ...}'",
    "but found '{'": "the quote that is missing at the end of a value above",
    "but found '<block mapping start>'": "the indentation of the keys above",
    "but found '<block sequence start>'": "the indentation of the items above",
    "but found '-'": "more indentation: the list belongs to a key above",
    "unacceptable character": "this character typed anew: it cannot be seen",
    "more than": _TOO_MUCH,
}
_LATE = ("while scanning a simple key", "but got ':'")
"""What is noticed in YAML only behind the mistake: a colon without a space, a bracket that stays open."""
_JSON_HINTS = {
    "Expecting ',' delimiter": "a comma before it, or the bracket or quote that is missing there",
    "Unterminated string": "the quote that is missing at the end",
    "Invalid control character": "the quote that is missing at the end of the line",
    "Extra data": "one object, and nothing behind it",
}
_JSON_FORM = "valid JSON: names and texts in double quotes, no comma at the end"


_YAML_QUOTED = re.compile(r"""(?<!\w)"(?:[^"\\]|\\.)*"|(?<!\w)'(?:[^']|'')*'|(?<!\S)#.*""")
_COMMENT = re.compile(r"(?<!\S)#.*(?=\n|$)")
_JSON_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def json_fault(error: ValueError | RecursionError, text: str) -> tuple[str, str, int]:
    """What is wrong with a text that Python cannot read as JSON, what to try, and where that is."""
    if str(error).startswith("more than"):
        return str(error), _TOO_MUCH, 0
    at = min(getattr(error, "pos", 0), len(text.rstrip()))
    if found := stray(text, _JSON_QUOTED, at) or curly(text, at):
        return str(found), found.hint, found.at
    what = re.sub(r"( starting)? at$", "", getattr(error, "msg", str(error)))
    if isinstance(error, RecursionError):
        what = "nested too deeply"
    hint = unfilled(text, at) or (at and unfilled(text, at - 1)) or _JSON_HINTS.get(what, _JSON_FORM)
    return what, hint, at


def syntax_error(error: YAMLError | RecursionError, source: Source) -> ManifestError:
    """ruamel.yaml's complaint, with the place where the mistake is likelier than at the end of the text."""
    text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    index: int | None = None
    if isinstance(error, ReaderError):
        text, index = f"unacceptable character #x{error.character:04x}", error.position
    elif isinstance(error, MarkedYAMLError):
        text = ", ".join(filter(None, (error.context, error.problem)))
        mark = error.problem_mark or error.context_mark
        at_end = mark and mark.index >= len(source.text.rstrip())
        late = any(part in text for part in _LATE) and not source.text.lstrip().startswith("{")
        end = source.text.find("\n", mark.index if mark else len(source.text))
        end = end if end >= 0 else len(source.text)
        if found := stray(source.text, _YAML_QUOTED, end) or curly(_COMMENT.sub("", source.text), end):
            return manifest_error([_lookalike(found)], source)
        if error.context_mark and (at_end or late):
            mark = error.context_mark
        index = mark.index if mark else None
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in text), "")
    problem = recognised(source.text) or Problem((), f"not YAML: {text}", hint, at=index)
    return manifest_error([problem], source)


def _lookalike(found: Lookalike) -> Problem:
    return Problem((), str(found), found.hint, at=found.at)


def form_error(problems: Sequence[Problem], source: Source) -> ManifestError:
    """The error of a text that can be read and has not the form of a manifest.

    If it is something else than a manifest, or a character outside of its quotes only looks right, then that is said
    and not what it has done.
    """
    if problem := recognised(source.text):
        return manifest_error([problem], source)
    found = stray(source.text, _YAML_QUOTED, len(source.text))
    if found is None:
        return manifest_error(problems, source)
    line, problems = source.text.count("\n", 0, found.at), problems[:MOST_PROBLEMS]
    indexes = [source.index(problem) for problem in problems]
    others = [p for p, at in zip(problems, indexes, strict=True) if at and source.text.count("\n", 0, at) != line]
    return manifest_error([_lookalike(found), *others], source)


# --- printing --------------------------------------------------------------------------------------------------------


def manifest_error(problems: Iterable[Problem], source: Source) -> ManifestError:
    """One error for all problems, in the order of the text."""
    placed = [(source.index(problem), problem) for problem in islice(problems, MOST_PROBLEMS)]
    placed = [(index, _explained(problem, source, index)) for index, problem in placed]
    placed.sort(key=lambda pair: -1 if pair[0] is None else pair[0])
    error = _one_error(placed, source)
    error.faults = placed
    return error


def _explained(problem: Problem, source: Source, index: int | None) -> Problem:
    """The problem with what may be behind it: a character that only looks right, or what is no variable here."""
    found = (source.lookalike(problem.path) or named(problem.text)) if problem.path else None
    hint = unfilled(source.text, index) if index is not None and not problem.on_key else ""
    return problem._replace(text=f"{problem.text}: {found}" if found else problem.text, hint=hint or problem.hint)


def _one_error(placed: Sequence[tuple[int | None, Problem]], source: Source) -> ManifestError:
    if len(placed) == 1:
        index, problem = placed[0]
        where = "" if index is None else excerpt(source.text, index)
        return ManifestError(sentence(problem), where=where, hint=problem.hint)
    blocks: list[str] = []
    for index, problem in placed[:SHOWN]:
        head, lines = ("", "") if index is None else _excerpt(source.text, index)
        blocks.append(f"{head}  {sentence(problem)}".lstrip())
        blocks += [f"    {line}" for line in lines.splitlines()]
        if problem.hint:
            blocks.append(f"    try: {problem.hint}")
    if len(placed) > SHOWN:
        blocks.append("and more")
    count = f"{len(placed)} or more" if len(placed) == MOST_PROBLEMS else f"{len(placed)}"
    return ManifestError(f"{count} problems in the manifest", where="\n".join(blocks))


def sentence(problem: Problem) -> str:
    """The text after its path, unless it already names that."""
    path, text = dotted(problem.path), problem.text
    return _short(f"{path}: {text}" if path and f'"{path}"' not in text else text)


def _short(text: str) -> str:
    """Both ends of a text that quotes a long value."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}...{text[-LONGEST // 2 :]}"


def dotted(path: FieldPath) -> str:
    """spec.tasks[0].alias"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def shown(value: Any) -> str:
    """A value as a manifest has it, lists and objects without what is in them."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return _short(json.dumps(value, ensure_ascii=False, default=repr))
