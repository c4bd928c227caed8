"""Data as YAML, the way Kubernetes writes it (sigs.k8s.io/yaml).

People compare it with the real thing, so it agrees to the byte: which strings stand in which quotes, where long ones
are folded, how keys are ordered. No YAML library for Python can be made to choose like that.
"""

from __future__ import annotations

import datetime
import functools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .encode import to_text

WIDTH = 80  # a line is folded at the first blank beyond it


def to_yaml(value: Any) -> str:
    """A block of YAML with the newline at its end."""
    return "\n".join(_lines(value, 0, 0)) + "\n"


def _lines(value: Any, indent: int, column: int) -> list[str]:
    """A value that begins in `column`; the further lines of a scalar, but not of a collection, have their `indent`."""
    if isinstance(value, Mapping) and value:
        return [line for key in sorted(value, key=_in_order) for line in _entry(key, value[key], indent)]
    if isinstance(value, list | tuple) and value:
        return [line for item in value for line in _item(item, indent)]
    if isinstance(value, Mapping | list | tuple):
        return ["{}" if isinstance(value, Mapping) else "[]"]
    if isinstance(value, str):
        return _string(value, indent, column)
    return ["null" if value is None else to_text(value)]


def _entry(key: str, value: Any, indent: int) -> list[str]:
    """A key with its value: a list stands right below its key, everything else is indented."""
    (name,) = _string(key, indent, indent, is_key=True)
    if isinstance(value, Mapping) and value:
        return [f"{' ' * indent}{name}:", *_lines(value, indent + 2, indent + 2)]
    if isinstance(value, list | tuple) and value:
        return [f"{' ' * indent}{name}:", *_lines(value, indent, indent)]
    first, *more = _lines(value, indent + 2, indent + len(name) + 2)
    return [f"{' ' * indent}{name}: {first}", *more]


def _item(value: Any, indent: int) -> list[str]:
    """A dash, and right behind it the beginning of the value."""
    first, *more = _lines(value, indent + 2, indent + 2)
    return [f"{' ' * indent}- {first.lstrip(' ') if isinstance(value, Mapping | list | tuple) else first}", *more]


# --- strings ---------------------------------------------------------------------------------------------------------


def _string(text: str, indent: int, column: int, is_key: bool = False) -> list[str]:
    """A string in the first of these that can hold it: | below the line, plain, 'single', "double"."""
    printable = not _SPECIAL.search(text)
    if "\n" in text:
        fits = printable and not is_key and not _BLANK_AT_END.search(text)
        return _block(text, indent) if fits else _quoted(text, '"', indent, column, is_key)
    if _means_something_else(text):
        return _quoted(text, '"', indent, column, is_key)
    if printable and _PLAIN.fullmatch(text):
        return _quoted(text, "", indent, column, is_key)
    return _quoted(text, "'" if printable else '"', indent, column, is_key)


_SPECIAL = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
"""What is written as an escape: control characters, tabs, and all beyond the basic plane."""
_BLANK_AT_END = re.compile(r" \n| \Z")
_PLAIN = re.compile(
    r"(?!---|\.\.\.)"  # would end the document
    r"(?:[^ #,\[\]{}&*!|>'\"%@`?:-]|[?:-](?! |\Z))"  # would begin something else
    r"(?:[^ :#]|:(?! |\Z)|(?<! )\#| (?!\#|\Z))*"  # would end a key or begin a comment
)


def _quoted(text: str, quote: str, indent: int, column: int, is_key: bool) -> list[str]:
    """The text in these quotes, folded at single blanks."""
    escaped = _ESCAPERS[quote]
    if is_key or " " not in text:
        return [f"{quote}{escaped(text)}{quote}"]
    lines, column, before = [quote], column + len(quote), ""
    for i, character in enumerate(text):
        after = text[i + 1 : i + 2]
        inside = not quote or 0 < i < len(text) - 1
        if character == " " != before and column > WIDTH and inside and (after != " " or quote == '"'):
            lines.append(" " * indent + ("\\" if after == " " else ""))
            column = len(lines[-1])
        else:
            written = escaped(character)
            lines[-1] += written
            column += len(written)
        before = character
    lines[-1] += quote
    return lines


_NAMED = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\u2028\u2029', '0abtnvfre"\\NLP', strict=True))


def _escape(match: re.Match[str]) -> str:
    character, code = match[0], ord(match[0])
    if character in _NAMED:
        return "\\" + _NAMED[character]
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


_TO_ESCAPE = re.compile(f'[\\n"\\\\]|{_SPECIAL.pattern}')
_ESCAPERS = {
    "": str,
    "'": lambda text: text.replace("'", "''"),
    '"': lambda text: _TO_ESCAPE.sub(_escape, text),
}


def _block(text: str, indent: int) -> list[str]:
    """Lines below a `|`; a `-` says that no newline follows the last one, a `+` that there are several."""
    indentation = "2" if text[0] in " \n" else ""
    chomping = "" if text.endswith("\n") else "-"
    if text == "\n" or text.endswith("\n\n"):
        chomping = "+"
    lines = text.removesuffix("\n").split("\n")
    return [f"|{indentation}{chomping}", *(" " * indent + line if line else "" for line in lines)]


# --- strings that would be read as something else without quotes -----------------------------------------------------

_WORDS = re.compile(
    r"|y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE|n|N|no|No|NO|off|Off|OFF|false|False|FALSE"
    r"|~|null|Null|NULL|\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)"
)
_NUMBER = re.compile(
    r"(?P<decimal>[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
    r"|(?P<based>[-+]?0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+))"
    r"|[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"  # base 60, which YAML 1.1 had
)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)?)?"
)


def _means_something_else(text: str) -> bool:
    """Whether it would be a bool, a number, a time or nothing at all."""
    if _WORDS.fullmatch(text):
        return True
    if text[0] not in "+-.0123456789":
        return False
    if number := _NUMBER.fullmatch(text if text[0] == "." else text.replace("_", "")):
        too_large = number["decimal"] and math.isinf(float(number["decimal"]))
        too_large = too_large or (number["based"] and not -(2**63) <= int(number["based"], 0) < 2**64)
        return not too_large
    if not (match := _TIMESTAMP.fullmatch(text)):
        return False
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return False
    return True


# --- keys ------------------------------------------------------------------------------------------------------------


@functools.cmp_to_key
def _in_order(a: str, b: str) -> int:
    """What is no letter comes before letters, a number before a larger one: job-3a before job-26."""
    at = next((i for i, (left, right) in enumerate(zip(a, b, strict=False)) if left != right), None)
    if at is None:
        return len(a) - len(b)
    left, right = a[at], b[at]
    if left.isalpha() or right.isalpha():
        return ord(left) - ord(right) if left.isalpha() and right.isalpha() else left.isalpha() - right.isalpha()
    digits = [_leading_digits(text[at:]) for text in (a, b)]
    inside = "0" in (left, right) and re.search(r"[1-9]\d*\Z", a[:at])  # of a number, whose zeros count
    values = [int(("1" if inside else "") + found or 0) for found in digits]
    return values[0] - values[1] or len(digits[0]) - len(digits[1]) or ord(left) - ord(right)


def _leading_digits(text: Iterable[str]) -> str:
    found = ""
    for character in text:
        if not character.isdecimal():
            break
        found += character
    return found
