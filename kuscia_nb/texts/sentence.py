"""Sentences that are said in English where they arise, and that a view may say in another language."""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """An English text, filled in from a template; it keeps both, so that a view can look the template up.

    A value may be a Sentence, too.
    """

    template: str
    values: dict[str, Any]
    short: Sentence | None
    """What it comes to, without its numbers, for who sees it first."""

    def __new__(cls, template: str, *, short: Sentence | None = None, **values: Any) -> Sentence:
        sentence = super().__new__(cls, template.format(**values))
        sentence.template, sentence.values, sentence.short = template, values, short
        return sentence

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # copied or stored it is a plain text
