"""kubectl's jsonpath templates: text with paths in braces, {range}{end}, filters (Kubernetes' dialect, not RFC 9535).

A template is parsed into parts, a path into steps. A step makes a list of values of a list of values; what is not
there makes none, so that a path through something missing prints nothing. The packages for Python read RFC 9535 or the
dialect before it: they have no templates, and other filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .encode import to_json, to_text
from .steps import (
    JsonPathError,
    Step,
    constant,
    end_of_range,
    field_named,
    filtered_by,
    recursive,
    slice_of,
    walk,
    wildcard,
    word,
)

MOST_CHARACTERS = 10_000_000
"""Of what a template prints; ".." has everything once for each level that it is in."""


@dataclass
class Template:
    """Steps whose values are printed, or that begin a range over what is in `body`."""

    steps: list[Step] = field(default_factory=list)
    body: list[Template] | None = None

    def results(self, data: Any) -> Iterator[list[Any]]:
        """What every pair of braces, and every text between them, finds."""
        values = walk([data], self.steps)
        if self.body is None:
            yield values
            return
        for value in values:
            for part in self.body:
                yield from part.results(value)


def parse(text: str) -> Template:
    """A template for `results` and `text_of`; JsonPathError says what is wrong with it."""
    return Template([], _Parser(text).template())


def relaxed(expression: str) -> Template:
    """A single path, of which the braces and the first dot may be left out."""
    match = re.fullmatch(r"\{\.?([^{}]+)\}|\.?([^{}]+)", expression)
    if match is None:
        forms = "'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        raise JsonPathError(f"unexpected path string, expected a {forms}", parsing=True)
    return parse(f"{{.{match[1] or match[2]}}}")


def text_of(template: Template, data: Any) -> str:
    """What the template prints."""
    parts: list[str] = []
    length = 0
    for values in template.results(data):
        for i, value in enumerate(values):
            parts.append(" " * (i > 0) + _shown(value))
            length += len(parts[-1])
            if length > MOST_CHARACTERS:
                raise JsonPathError(f"more than {MOST_CHARACTERS} characters: a path to what is wanted has fewer")
    return "".join(parts)


def first(template: Template, data: Any) -> list[Any]:
    """The values of a template that is one path."""
    return next(template.results(data), [])


def _shown(value: Any) -> str:
    return to_json(value, indent=None) if isinstance(value, Mapping | list | tuple) else to_text(value)


# --- parsing ---------------------------------------------------------------------------------------------------------

_STOPS = frozenset(" \t\r\n.,[]$@{}")
_FILTER = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_SLICE = re.compile(r"(-?\d+)?(?::(-?\d+)?)?(?::(-?\d+)?)?")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def template(self) -> list[Template]:
        """Everything to the end, ranges with what they enclose; a range need not be closed."""
        top: list[Template] = []
        open_bodies = [top]
        while self.at < len(self.text):
            if self.text[self.at] != "{":
                end = self.text.find("{", self.at)
                end = len(self.text) if end < 0 else end
                open_bodies[-1].append(Template([constant(self.text[self.at : end])]))
                self.at = end
                continue
            self.at += 1
            part = self.action()
            if end_of_range in part.steps and len(open_bodies) > 1:
                open_bodies.pop()
                continue
            open_bodies[-1].append(part)
            if part.body is not None:
                open_bodies.append(part.body)
        return top

    def action(self) -> Template:
        """What stands in braces, and the brace at its end."""
        part = Template()
        while True:
            rest = self.text[self.at :]
            if not rest or rest[0] in "\r\n":
                raise JsonPathError("unclosed action", parsing=True)
            if rest[0] == "}":
                self.at += 1
                return part
            if rest[0] in " @$":
                self.at += 1
            elif match := re.match(r"range(?=[ \t\r\n.,\[\]$@{}])", rest):
                self.at += match.end()
                part.body = []
            else:
                part.steps += self.steps(rest)

    def steps(self, rest: str) -> list[Step]:
        """The next piece of a path."""
        if rest.startswith("[?("):
            return [self.filter()]
        if rest.startswith(".."):
            self.at += 2
            named = self.text[self.at : self.at + 1]
            return [recursive, *([self.name()] if named.isalnum() or named == "_" else [])]
        if rest[0] == ".":
            self.at += 1
            return [self.name()]
        if rest[0] == "[":
            return self.brackets()
        if rest[0] in "\"'":
            return [constant(self.quoted(rest[0]))]
        if match := re.match(r"[-+]?[\d.]+|[-+]", rest):
            self.at += match.end()
            return [self.number(match[0])]
        if rest[0].isalpha() or rest[0] == "_":
            return [word(self.until_stop())]
        raise JsonPathError(f"unrecognized character in action: U+{ord(rest[0]):04X} '{rest[0]}'", parsing=True)

    def until_stop(self) -> str:
        """A name; a backslash takes the meaning from the character behind it."""
        name = ""
        while self.at < len(self.text) and self.text[self.at] not in _STOPS:
            self.at += self.text[self.at] == "\\"
            name += self.text[self.at : self.at + 1]
            self.at += 1
        return name

    def name(self) -> Step:
        name = self.until_stop()
        return wildcard if name == "*" else field_named(name)

    def number(self, text: str) -> Step:
        for kind in (int, float):
            try:
                number = kind(text)
            except ValueError:
                continue
            return lambda values: [number] * len(values)
        raise JsonPathError(f"cannot parse number {text}", parsing=True)

    def quoted(self, quote: str) -> str:
        match = re.compile(rf"{quote}((?:\\.|[^\\{quote}\n])*){quote}").match(self.text, self.at)
        if match is None:
            raise JsonPathError("unterminated quoted string", parsing=True)
        self.at = match.end()
        return re.sub(r"\\(.)", lambda escape: _ESCAPED.get(escape[1], escape[1]), match[1])

    def brackets(self) -> list[Step]:
        """[0], [-1], [*], [0:2], ['name'] or several of these with commas between them."""
        end = self.text.find("]", self.at)
        if end < 0:
            raise JsonPathError("unterminated array", parsing=True)
        inside, self.at = self.text[self.at + 1 : end], end + 1
        choices = [self.choice(part.strip(" ")) for part in inside.split(",")]
        if len(choices) == 1:
            return choices[0]
        return [lambda values: [found for steps in choices for found in walk(values, steps)]]

    def choice(self, text: str) -> list[Step]:
        if match := re.fullmatch("'([^']*)'", text):
            return _steps(f".{match[1]}")
        match = _SLICE.fullmatch(":" if text == "*" else text)
        if match is None:
            raise JsonPathError(f"invalid array index {text}", parsing=True)
        start, stop, step = (None if part is None else int(part) for part in match.groups())
        return [slice_of(start, stop, step, single=":" not in text and text != "*")]

    def filter(self) -> Step:
        """[?(left == right)] or [?(path)]"""
        end = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"')\n])*\)""").match(self.text, self.at + 3)
        if end is None:
            raise JsonPathError("unterminated filter", parsing=True)
        inside, self.at = self.text[self.at + 3 : end.end() - 1], end.end() + 1
        if self.text[self.at - 1 : self.at] != "]":
            raise JsonPathError("unclosed array expect ]", parsing=True)
        if not (match := _FILTER.fullmatch(inside)):
            return filtered_by(_steps(inside), "exists", [])
        return filtered_by(_steps(match[1]), match[2], _steps(match[3]))


def _steps(text: str) -> list[Step]:
    """The steps of a path without braces."""
    return _Parser(text + "}").action().steps
