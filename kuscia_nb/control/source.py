"""The text of a manifest: its data, the place of every value in it, and errors that point there."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from ..errors import ManifestError
from .problems import FieldPath, Problem

WIDTH = 100  # characters of a long line that are shown around a caret
MOST_VALUES = 100_000  # a few lines of nested YAML aliases can stand for billions of values


class Place(NamedTuple):
    """The indexes of a value and of its key in the text; for a string also how it is written."""

    key: int
    value: int
    end: int
    style: str | None = None


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
                return place.value if length == len(problem.path) and not problem.on_key else place.key
        return None

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


def _excerpt(text: str, index: int) -> tuple[str, str]:
    """("line 4, column 3", that line with a caret below); of a long line the part around the caret."""
    begin = text.rfind("\n", 0, index) + 1
    line, column = text[begin:].partition("\n")[0].rstrip("\r"), index - begin
    head = f"line {text.count(chr(10), 0, index) + 1}, column {column + 1}"
    first = max(0, min(column - WIDTH // 2, len(line) - WIDTH))
    before = ("..." if first else "") + line[first:column]
    after = line[column : first + WIDTH] + ("..." if first + WIDTH < len(line) else "")
    before, after = (re.sub(r"[^\t\x20-\x7e]", _printable, part) for part in (before, after))
    padding = "".join(c if c == "\t" else "  " if unicodedata.east_asian_width(c) in "WF" else " " for c in before)
    return head, f"{before}{after}\n{padding}^"


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else "\ufffd"


# --- text to data ----------------------------------------------------------------------------------------------------


class Reader:
    """Makes plain data of YAML nodes, and notes the place of everything."""

    def __init__(self, yaml: YAML) -> None:
        self.yaml = yaml
        self.places: dict[FieldPath, Place] = {}
        self.problems: list[Problem] = []

    def read(self, node: Node, path: FieldPath = (), key: Node | None = None) -> Any:
        start = node.start_mark.index
        style = node.style if isinstance(node, ScalarNode) else None
        self.places[path] = Place(key.start_mark.index if key else start, start, node.end_mark.index, style)
        if len(self.places) > MOST_VALUES:
            raise YAMLError(f"more than {MOST_VALUES} values")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise MarkedYAMLError(problem="a key must be a string", problem_mark=key.start_mark)
            name = _text(key)
            if name in data:
                text = f'key "{name}" already set in map'
                self.problems.append(Problem((*path, name), text, "only one of the two", at=key.start_mark.index))
            else:
                data[name] = self.read(value, (*path, name), key)
        return data

    def _scalar(self, node: Node, path: FieldPath) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag in ("null", "bool", "int", "float"):
            try:
                return self.yaml.constructor.construct_object(node)
            except ValueError:
                tag = f"value for !!{tag}"
        if tag not in ("str", "timestamp", "merge", "value"):  # the last three are strings to JSON
            self.problems.append(Problem(path, f"cannot read {tag}", "a plain value without a tag"))
        return _text(node)


def _text(node: Node) -> str:
    """A scalar as it is; JSON may have a character beyond the basic plane as two escapes, which belong together."""
    return node.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def only_document(documents: Sequence[Node | None], source: Source) -> Node:
    """The one document of a text; a document without content does not count, as for kubectl."""
    filled = [node for node in documents if node is not None and (node.value or not isinstance(node, ScalarNode))]
    if not filled:
        raise ManifestError("the manifest is empty", hint="apiVersion, kind, metadata and spec of a KusciaJob")
    if len(filled) > 1:
        where = "\n".join(_excerpt(source.text, filled[1].start_mark.index))
        raise ManifestError(f"{len(filled)} documents in one text", where=where, hint="one manifest at a time")
    return filled[0]


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
}
_LATE = ("while scanning a simple key", "but got ':'")
"""What is noticed in YAML only behind the mistake: a colon without a space, a bracket that stays open."""
_JSON_HINTS = {
    "Expecting ',' delimiter": "a comma before it, or the bracket or quote that is missing there",
    "Unterminated string": "the quote that is missing at the end",
    "Invalid control character": "the quote that is missing at the end of the line",
    "Extra data": "one object, and nothing behind it",
}


def json_fault(error: ValueError | RecursionError) -> tuple[str, str]:
    """What Python's reader says of a JSON text, and what to try."""
    text = re.sub(r"( starting)? at$", "", getattr(error, "msg", str(error)))
    return text, _JSON_HINTS.get(text, "valid JSON: names and texts in double quotes, no comma at the end")


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
        if error.context_mark and (at_end or late):
            mark = error.context_mark
        index = mark.index if mark else None
    hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in text), "")
    where = "" if index is None else "\n".join(_excerpt(source.text, index))
    result = ManifestError(f"not YAML: {text}", where=where, hint=hint)
    result.faults = [(index, Problem((), result.what, hint))]
    return result


# --- printing --------------------------------------------------------------------------------------------------------


def manifest_error(problems: Sequence[Problem], source: Source) -> ManifestError:
    """One error for all problems, in the order of the text."""
    placed = [(source.index(problem), problem) for problem in problems]
    placed.sort(key=lambda pair: -1 if pair[0] is None else pair[0])
    error = _one_error(placed, source)
    error.faults = placed
    return error


def _one_error(placed: Sequence[tuple[int | None, Problem]], source: Source) -> ManifestError:
    if len(placed) == 1:
        index, problem = placed[0]
        where = "" if index is None else "\n".join(_excerpt(source.text, index))
        return ManifestError(_sentence(problem), where=where, hint=problem.hint)
    blocks: list[str] = []
    for index, problem in placed:
        head, excerpt = ("", "") if index is None else _excerpt(source.text, index)
        blocks.append(f"{head}  {_sentence(problem)}".lstrip())
        blocks += [f"    {line}" for line in excerpt.splitlines()]
        if problem.hint:
            blocks.append(f"    try: {problem.hint}")
    return ManifestError(f"{len(placed)} problems in the manifest", where="\n".join(blocks))


def _sentence(problem: Problem) -> str:
    """The text after its path, unless it already names that."""
    path = dotted(problem.path)
    return f"{path}: {problem.text}" if path and f'"{path}"' not in problem.text else problem.text


def dotted(path: FieldPath) -> str:
    """spec.tasks[0].alias"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def shown(value: Any) -> str:
    """A value as a manifest has it, lists and objects without what is in them."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return json.dumps(value, ensure_ascii=False, default=repr)
