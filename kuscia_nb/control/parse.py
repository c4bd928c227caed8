"""YAML and JSON texts to plain data, with the place of every value.

Whoever pastes a wrong file must not wait for it: a text is read, or refused, in a second at most. Its length is bounded
before it is looked at, and how many values it has and how deep they lie while they are composed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scanner import Scanner

from ..problems import FieldPath, Problem

MOST_CHARACTERS = 3 * 2**17
"""Of a text; a job of 128 tasks has a third to a half of them."""
MOST_VALUES = 10_000
"""Of a text, keys included; a job of 128 tasks has half of them. A few nested aliases can stand for billions."""
DEEPEST = 100
_TOO_DEEP = re.compile(rf"(?:[\[{{]\s*+){{{DEEPEST + 1}}}")
"""Brackets that ruamel.yaml would scan, each time anew, before it composes the first."""
LONGEST_TAG = 1000
"""Characters of a YAML tag: ruamel.yaml puts its text together one by one, each time anew."""
MOST_PROBLEMS = 100
"""Of a kind that are looked for: nobody reads more."""


class Place(NamedTuple):
    """The indexes of a value and of its key in the text; for a string also how it is written."""

    key: int
    value: int
    end: int
    style: str | None = None


# --- YAML ------------------------------------------------------------------------------------------------------------


class _Scanner(Scanner):
    """One that takes no tags without an end."""

    def scan_tag(self) -> Any:
        token = super().scan_tag()
        if token.end_mark.index - token.start_mark.index > LONGEST_TAG:
            raise MarkedYAMLError(problem="a tag is too long", problem_mark=token.start_mark)
        return token


class _Composer(Composer):
    """One that counts what it composes."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self.composed = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.composed += 1
        if self.composed > MOST_VALUES:
            raise YAMLError(f"more than {MOST_VALUES} values")
        if self.depth > DEEPEST:
            raise RecursionError
        return super().compose_node(parent, index)


def yaml_documents(text: str) -> Iterator[Reader]:
    """Every document that has something in it, read; YAMLError or RecursionError, if one is no YAML or too much."""
    if len(text) > MOST_CHARACTERS:
        raise YAMLError(f"more than {MOST_CHARACTERS} characters")
    if _TOO_DEEP.search(text):
        raise RecursionError
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Composer = _Scanner, _Composer
    for node in yaml.compose_all(text):
        if node is not None and (node.value or not isinstance(node, ScalarNode)):
            yield Reader(yaml, node)


class Reader:
    """Makes plain data of a document's nodes, and notes the place of everything."""

    def __init__(self, yaml: YAML, node: Node) -> None:
        self._constructor = yaml.constructor
        self.places: dict[FieldPath, Place] = {}
        self.problems: list[Problem] = []
        self.data = self._read(node)

    def _read(self, node: Node, path: FieldPath = (), key: Node | None = None) -> Any:
        start = node.start_mark.index
        style = node.style if isinstance(node, ScalarNode) else None
        self.places[path] = Place(key.start_mark.index if key else start, start, node.end_mark.index, style)
        if len(self.places) > MOST_VALUES:
            raise YAMLError(f"more than {MOST_VALUES} values")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._read(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: FieldPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise MarkedYAMLError(problem="a key must be a string", problem_mark=key.start_mark)
            name = _text(key)
            if name in data:
                self.problems.append(twice(path, name, key.start_mark.index))
            else:
                data[name] = self._read(value, (*path, name), key)
        return data

    def _scalar(self, node: Node, path: FieldPath) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag in ("null", "bool", "int", "float"):
            try:
                return self._constructor.construct_object(node)
            except (ValueError, LookupError):
                tag = f"value for !!{tag}"
        if tag not in ("str", "timestamp", "merge", "value"):  # the last three are strings to JSON
            self.problems.append(Problem(path, f"cannot read {tag}", "a plain value without a tag"))
        return _text(node)


def _text(node: Node) -> str:
    """A scalar as it is; JSON may have a character beyond the basic plane as two escapes, which belong together."""
    return node.value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def twice(path: FieldPath, name: str, at: int) -> Problem:
    """A key that an object has already."""
    return Problem((*path, name), f'key "{name}" already set in map', "only one of the two", at=at)


# --- JSON ------------------------------------------------------------------------------------------------------------


def json_data(text: str, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """What json.loads makes of a text; ValueError also for one that has too much."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"more than {MOST_CHARACTERS} characters")
    data = json.loads(text, object_pairs_hook=pairs)
    if sum(map(text.count, ",[{")) > MOST_VALUES:  # a value has one of these before it
        raise ValueError(f"more than {MOST_VALUES} values")
    return data


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class JsonPlaces:
    """Where the values of a JSON text stand that json.loads has read, and which keys it has twice."""

    def __init__(self, text: str) -> None:
        self.places: dict[FieldPath, Place] = {}
        self.problems: list[Problem] = []
        self._tokens = _TOKEN.finditer(text)
        self._value(next(self._tokens), ())

    def _value(self, token: re.Match[str], path: FieldPath, key: re.Match[str] | None = None) -> None:
        """Note a value that begins with this token; those within it, too."""
        end = token
        if token[0] == "{":
            while (end := next(self._tokens))[0] != "}":
                if end[0] != ",":
                    self._member(end, path)
        elif token[0] == "[":
            index = 0
            while (end := next(self._tokens))[0] != "]":
                if end[0] != ",":
                    self._value(end, (*path, index))
                    index += 1
        style = '"' if token[0][0] == '"' else None
        self.places[path] = Place((key or token).start(), token.start(), end.end(), style)

    def _member(self, key: re.Match[str], path: FieldPath) -> None:
        name = json.loads(key[0])
        inside = (*path, name)
        again = inside in self.places
        next(self._tokens)  # the colon
        self._value(next(self._tokens), inside, key)  # the last one counts, as for json.loads
        if again:
            self.problems.append(twice(path, name, key.start()))
