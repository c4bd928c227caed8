"""The game of guessing as a form: a button for each bet, and the round below.

A saved notebook, which cannot be played, shows how somebody else did.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from ..texts import speaker
from ..views.table import Table
from . import form
from .guess import SECRETS, WAYS, Game, nearest
from .lesson import Field

_ROUNDS = 1000
"""Of somebody else: enough that luck hardly shows."""


class Form(form.Form):
    """A game, a button for each bet, and one for a new game."""

    def __init__(self, function: Callable[..., Game], again: str, fields: tuple[Field, ...], start: Any) -> None:
        say = speaker()
        self.bets = {secret: widgets.Button(description=str(secret), layout={"width": "4em"}) for secret in SECRETS}
        """The button of each bet."""
        for secret, button in self.bets.items():
            button.tooltip = say("bet on {secret}", secret=secret)
            button.on_click(partial(self._bet, secret))
        super().__init__(function, again, fields, start, [*self.bets.values()])

    def _bet(self, secret: int, _: object = None) -> None:
        if isinstance(self.result, Game) and not self.result.over:
            self.show(self.result.bet(secret))

    def show(self, result: Any) -> None:
        super().show(result)
        for button in self.bets.values():
            button.disabled = not isinstance(result, Game) or result.over

    def _repr_mimebundle_(self, **arguments: Any) -> dict[str, Any]:
        if "deal" not in self.editors:
            return super()._repr_mimebundle_(**arguments)
        bets = _of_somebody(self._function)
        return super()._repr_mimebundle_(**arguments) | {"text/html": bets.html(), "text/plain": bets.text()}


def _of_somebody(function: Callable[..., Game]) -> Table:
    """Many bets for each way to share, by somebody who always bets on the nearer number."""
    say = speaker()
    games = [(deal, function(nearest, deal, rounds=_ROUNDS)) for deal in WAYS]
    rows = [(deal, f"{game.rounds:,}", f"{game.score:,}", f"{game.score / game.rounds:.1%}") for deal, game in games]
    title = say("Bets of somebody who always takes the number that is nearer (where the notebook runs, you bet)")
    return Table(title, tuple(map(say, ("shares", "bets", "right", "percent"))), rows, 1)
