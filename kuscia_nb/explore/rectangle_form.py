"""The rectangle as a form: sliders for both secrets and both masks, and a second secret with the same mask."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from ..texts import speaker
from . import form
from .lesson import Field
from .rectangle import MOST, Rectangle


class Form(form.Form):
    """A rectangle with sliders; no mask is longer than what it masks."""

    def __init__(
        self, function: Callable[..., Rectangle], again: str, fields: tuple[Field, ...], start: Mapping[str, Any]
    ) -> None:
        say, first = speaker(), function(**start)
        self.reuse = widgets.Checkbox(description=say("use a again"), value=first.other is not None, indent=False)
        """Whether a masks another secret, too."""
        self.other = widgets.IntSlider(value=first.other or 5, min=1, max=MOST, description=say("x' (alice)"))
        """The other secret."""
        self.other.tooltip = say("another secret of alice's, with the same mask a")
        for control in (self.reuse, self.other):
            control.observe(self._run, names="value")
        masks = {"a": first.a, "b": first.b}
        super().__init__(function, again, fields, {**start, **masks}, [self.reuse, self.other])

    def arguments(self) -> dict[str, Any]:
        """With the other secret, if there is one."""
        other = self.other.value if self.reuse.value else None
        self.other.disabled = other is None
        x, y = self.editors["x"].value, self.editors["y"].value
        self.limit("a", x if other is None else min(x, other))
        self.limit("b", y)
        return super().arguments() | {"other": other}

    def _again(self, _: object = None) -> None:
        for mask in ("a", "b"):
            self.editors[mask].value = secrets.randbelow(self.editors[mask].max + 1)
