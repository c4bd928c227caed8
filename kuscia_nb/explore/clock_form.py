"""The clock as a form: r is a slider, a button rolls it, and another one moves it to where the sum goes round."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from ..texts import speaker
from . import form
from .clock import HOURS, Clock
from .lesson import Field

_STEPS = 100
"""Places of the slider on a clock with more hours."""


class Form(form.Form):
    """The clock, with a slider for r."""

    def __init__(
        self, function: Callable[..., Clock], again: str, fields: tuple[Field, ...], start: Mapping[str, Any]
    ) -> None:
        say = speaker()
        self.wrap = widgets.Button(description=say("Show a wrap"), tooltip=say("an r whose sum goes round"))
        """Moves r to where the sum goes round."""
        self.wrap.on_click(self._wrap)
        super().__init__(function, again, fields, {"r": function(**start).r, **start}, [self.wrap])
        self.button.tooltip = say("an r that nobody has chosen")

    def _hours(self) -> int:
        return HOURS[self.editors["hours"].value]

    def arguments(self) -> dict[str, Any]:
        """With the hour at which the slider is."""
        hours = self._hours()
        places = min(hours, _STEPS)
        self.limit("r", places - 1)
        return super().arguments() | {"hours": hours, "r": self.editors["r"].value * hours // places}

    def _again(self, _: object = None) -> None:
        self.editors["r"].value = secrets.randbelow(self.editors["r"].max + 1)

    def _wrap(self, _: object) -> None:
        """The middle of all places that are beyond the secret."""
        last, hours = self.editors["r"].max, self._hours()
        first = self.editors["secret"].value * (last + 1) // hours + 1
        self.editors["r"].value = (first + last + 1) // 2
