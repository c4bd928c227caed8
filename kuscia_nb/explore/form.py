"""Explorers as forms: an editor for each argument, a button to run again, and the result below as HTML.

The controls are those of ipywidgets alone, and each has a label. The output is an HTML widget; when it changes, a
screen reader is told the headline, or what is wrong, and not all numbers below it. The notebook's saved output keeps
the last result for places that run no widgets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from ..errors import KusciaError
from ..texts import speaker
from ..views.table import html_note, html_paragraph
from .lesson import Field, Lesson

_LABEL = {"description_width": "7em"}
_WIDTH = {"width": "20em"}
_STYLE = "line-height:1.4;overflow-x:auto"


class Form(widgets.VBox):
    """The arguments of a function to edit, and its result below them."""

    def __init__(
        self,
        function: Callable[..., Any],
        again: str,
        fields: tuple[Field, ...],
        start: Mapping[str, Any],
        more: Sequence[widgets.Widget] = (),
    ) -> None:
        """`more` are controls that stand before the button that runs it again."""
        say = speaker()
        given = inspect.signature(function).bind_partial(**start)
        given.apply_defaults()
        fields = tuple(field for field in fields if not callable(given.arguments[field.name]))
        self._function = function
        self._fixed = {name: value for name, value in given.arguments.items() if name not in {f.name for f in fields}}
        self._fields = {field.name: field for field in fields}
        self.editors = {field.name: _editor(field, given.arguments[field.name]) for field in fields}
        """The control of each argument, by name."""
        self.button = widgets.Button(description=say(again))
        self.button.tooltip = say("{again}: with fresh random numbers", again=say(again))
        self.output = widgets.HTML()
        self.result: Lesson | None = None
        """What is shown; None after arguments that are not possible."""
        self.button.on_click(self._again)
        for editor in self.editors.values():
            editor.observe(self._run, names="value")
        controls = widgets.HBox([*self.editors.values(), *more, self.button], layout={"flex_flow": "row wrap"})
        super().__init__([controls, self.output])
        self._run()

    def _again(self, _: object = None) -> None:
        """The button was pressed."""
        self._run()

    def _run(self, _: object = None) -> None:
        """Compute anew, and show the result or what is wrong with the arguments."""
        try:
            self.show(self._function(**self._fixed | self.arguments()))
        except KusciaError as error:
            self.show(error)

    def arguments(self) -> dict[str, Any]:
        """What has been edited."""
        return {name: editor.value for name, editor in self.editors.items()}

    def limit(self, name: str, most: int) -> None:
        """Let an argument be at most this from now on."""
        editor = self.editors[name]
        if editor.max != most:
            editor.tooltip = _tooltip(self._fields[name], most)
            editor.max = most

    def show(self, result: Lesson | KusciaError) -> None:
        """Show a result, or what is wrong."""
        if isinstance(result, KusciaError):
            self.result, role, said, below = None, "alert", html_note(str(result)), ""
        else:
            self.result, role, said, below = result, "status", html_paragraph(result.headline), result.html_below()
        label = escape(speaker()("{name}: result", name=self._function.__name__))
        shown = f'<div role="{role}">{said}</div>{below}'
        self.output.value = f'<div role="region" aria-label="{label}" style="{_STYLE}">{shown}</div>'

    def _repr_mimebundle_(self, **arguments: Any) -> dict[str, Any]:
        """The form, and the last result for places that cannot show it."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**arguments) or {}
        return bundle | {"text/html": self.output.value, "text/plain": repr(self.result)}


def _tooltip(field: Field, most: float | None) -> str:
    say = speaker()
    limits = "" if most is None else f", {field.least:,} to {most:,}"
    return f"{say(field.label)}: {say(field.explanation)}{limits}"


def _editor(field: Field, value: Any) -> Any:
    """A labelled control for an argument."""
    common = {"description": speaker()(field.label), "tooltip": _tooltip(field, field.most)}
    common |= {"style": _LABEL, "layout": _WIDTH}
    if field.choices:
        kind = widgets.SelectionSlider if field.slider else widgets.Dropdown
        return kind(options=field.choices, value=str(value), **common)
    if isinstance(value, str):
        return widgets.Text(value=value, continuous_update=False, **common)
    if field.least is None:
        return widgets.FloatText(value=value, **common)
    kind = widgets.IntSlider if field.slider else widgets.BoundedIntText
    return kind(value=value, min=field.least, max=field.most, **common)
