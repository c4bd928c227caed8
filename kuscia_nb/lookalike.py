"""Characters that look like ASCII and are something else: what word processors, chats and input methods write.

A blank that does not break, a colon of full width, a curly quote. A reader stumbles over the consequence, often lines
below; here they are found where they stand. In prose they are right, so only what has failed is looked through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_LIKE = (
    ('"', "“”„‟″«»"),
    ("'", "‘’‚‛′"),  # noqa: RUF001
    ("-", "‐‑‒–—―−"),  # noqa: RUF001
    (",.", "、。"),
    ("ABESIJKMHOPCTXaeijopcyxsd", "АВЕЅІЈКМНОРСТХаеіјорсухѕԁ"),  # noqa: RUF001 (Cyrillic)
    ("ABEZHIKMNOPTXo", "ΑΒΕΖΗΙΚΜΝΟΡΤΧο"),  # noqa: RUF001 (Greek)
)
_LOOKS_LIKE = {
    character: ascii[i % len(ascii)] for ascii, characters in _LIKE for i, character in enumerate(characters)
}
_NOT_ASCII = re.compile(r"[^\0-\x7f]")
_QUOTES = "“”„‟＂‘’"  # noqa: RUF001


class Lookalike(NamedTuple):
    """A character at an index of a text, and the ASCII one that it looks like: a blank, or none if it is invisible."""

    at: int
    character: str
    ascii: str

    def __str__(self) -> str:
        name = f"U+{ord(self.character):04X} ({unicodedata.name(self.character, 'no name').lower()})"
        looks = {" ": "is not a blank", "": "cannot be seen"}
        return f"{name} {looks.get(self.ascii) or f'is not {self.ascii}'}"

    @property
    def hint(self) -> str:
        """What to do about it."""
        return {" ": "a blank typed in its place", "": "delete it"}.get(
            self.ascii
        ) or f"{self.ascii} typed in its place"


@lru_cache(maxsize=4096)
def _ascii(character: str) -> str | None:
    """What a character looks like; None if it is only itself."""
    if character in _LOOKS_LIKE:
        return _LOOKS_LIKE[character]
    if unicodedata.category(character) in ("Cf", "Mn", "Zl", "Zp"):
        return ""
    same = unicodedata.normalize("NFKC", character)
    return same if len(same) == 1 and same.isascii() else None


def lookalikes(text: str) -> Iterator[Lookalike]:
    """Those of a text, but for those beside letters of another script, where they are prose."""
    for match in _NOT_ASCII.finditer(text):
        meant = _ascii(match[0])
        if meant is not None and not any(
            map(_foreign, (text[match.start() - 1 : match.start()], text[match.end() :][:1]))
        ):
            yield Lookalike(match.start(), match[0], meant)


def _foreign(character: str) -> bool:
    return character.isalpha() and not character.isascii() and _ascii(character) is None


def named(text: str) -> Lookalike | None:
    """The first one of a text that would be ASCII without them: of a name or a number, not of prose."""
    if text.isascii() or any(_ascii(match[0]) is None for match in _NOT_ASCII.finditer(text)):
        return None
    return next(lookalikes(text), None)


def stray(text: str, quoted: re.Pattern[str], before: int) -> Lookalike | None:
    """The first one of a text outside of what is `quoted`, up to an index."""
    if text.isascii():
        return None
    found = next(lookalikes(quoted.sub(lambda match: " " * len(match[0]), text)), None)
    return found if found and found.at <= before else None


def curly(text: str, before: int) -> Lookalike | None:
    """The first curly quote, up to an index, where a quoted text could begin or end: no other is where it seems."""
    quote = re.compile(rf"(?m)(?<=[\[{{,:])\s*[{_QUOTES}]|[{_QUOTES}](?=\s*(?:[,:}}\]]|$))").search(text, 0, before + 1)
    return quote and Lookalike(quote.end() - 1, quote[0][-1], _ascii(quote[0][-1]) or '"')
