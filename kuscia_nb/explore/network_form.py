"""Estimates as a form: what the jobs have sent is looked up once, and not again for each move of a slider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import form
from .lesson import Field
from .network import Network


class Form(form.Form):
    """A line with sliders for its delay and its bandwidth."""

    def __init__(
        self, function: Callable[..., Network], again: str, fields: tuple[Field, ...], start: Mapping[str, Any]
    ) -> None:
        super().__init__(function, again, fields, {**start, "jobs": function(**start).schedules})
