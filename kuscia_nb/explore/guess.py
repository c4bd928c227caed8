"""Guess the secret: what it means that a share reveals nothing, as a game [Goldwasser, Micali, 1984].

In each round one of two secrets is drawn, both equally likely, and bob gets what he would get of it. He bets on one. If
what he gets follows the same law for both secrets, every way of betting is right in half of the rounds, give or take
chance; and if some way is right more often, then what he gets reveals something.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import DataError
from ..mpc import BlockPrg
from ..texts import speaker
from ..views.table import Table
from .lesson import Field, Lesson, explorer, impossible, repeatable, seeds_of, whole

SECRETS = 4, 7
HOURS = 10
"""Of the clock on which the secrets are shared."""
_MOST = 10_000
_LAST = 5
"""So many of the latest rounds are shown."""

Deal = Callable[[int], Any]
"""What bob gets of a secret."""
Bet = Callable[[Any], int]
"""The secret that bob bets on, given what he got."""


class Round(NamedTuple):
    """One round that has been played."""

    secret: int
    """What it was."""
    view: Any
    """What bob got of it."""
    bet: int
    """What he bet on."""

    @property
    def right(self) -> bool:
        """Whether it was what he bet on."""
        return self.bet == self.secret


class Game(Lesson):
    """Rounds of guessing: `view` is what bob has got, `bet` bets on a secret and deals the next round."""

    def __init__(self, deal: Deal, rounds: int, coin: BlockPrg, seed: int | None) -> None:
        self._deal, self._coin = deal, coin
        self.rounds, self.seed = rounds, seed
        self.played: list[Round] = []
        """The rounds so far."""
        self.view: Any = None
        """What bob gets in this round; None when all are played."""
        self._next()

    def _next(self) -> None:
        self._secret = SECRETS[int(self._coin.draw(1).item()) % 2]
        self.view = None if self.over else self._deal(self._secret)

    def bet(self, secret: int) -> Game:
        """Bet that it was this secret, 4 or 7; the game itself, which shows the next round."""
        if self.over:
            raise DataError(f"all {self.rounds} rounds are played", hint="kn.explore.guess() is a new game")
        if secret not in SECRETS:
            raise impossible("bet", secret, "4 or 7")
        self.played.append(Round(self._secret, self.view, int(secret)))
        self._next()
        return self

    @property
    def over(self) -> bool:
        """Whether all rounds are played."""
        return len(self.played) == self.rounds

    @property
    def score(self) -> int:
        """How many bets were right."""
        return sum(played.right for played in self.played)

    @property
    def chance(self) -> float:
        """With which chance somebody who tosses a coin has at least this score, in as many rounds as were played."""
        rounds = len(self.played)
        return sum(math.comb(rounds, right) for right in range(self.score, rounds + 1)) / 2**rounds

    @property
    def headline(self) -> str:
        say, values = speaker(), {"score": self.score, "rounds": len(self.played)}
        if not self.over:
            asked = say("You are bob, and get {view}. Was the secret 4 or 7?", view=f"{self.view!s:.60}")
            round_ = say("Round {number} of {rounds}.", number=len(self.played) + 1, rounds=self.rounds)
            right = [say("{score} of {rounds} bets were right so far.", **values)] if self.played else []
            return " ".join([*self._last(), round_, asked, *right])
        told = say(
            "{score} of {rounds} bets were right: {percent:.0f} %.", percent=100 * self.score / self.rounds, **values
        )
        coin = say("Who tosses a coin does as well in {percent:.2g} % of such games.", percent=100 * self.chance)
        return " ".join([*self._last(), told, coin])

    def _last(self) -> list[str]:
        """How the last bet ended."""
        say = speaker()
        return [
            say("Right: it was {secret}." if last.right else "Wrong: it was {secret}.", secret=last.secret)
            for last in self.played[-1:]
        ]

    @property
    def tables(self) -> list[Table]:
        say = speaker()
        yes, no = say("right"), say("wrong")
        rows = [
            (str(number), f"{one.view!s:.30}", str(one.bet), str(one.secret), yes if one.right else no)
            for number, one in enumerate(self.played, 1)
        ][: -_LAST - 1 : -1]
        columns = tuple(map(say, ("round", "bob got", "bet", "it was", "so the bet was")))
        return [Table(say("The latest rounds"), columns, rows, 1)] if rows else []

    @property
    def notes(self) -> list[str]:
        if not self.over:
            return []
        say = speaker()
        meaning = say(
            "A score near one half proves nothing, as there may be a better way to bet. A score that a coin hardly "
            "ever has proves that what bob gets reveals something. To be secure means that no way of betting has one."
        )
        return [meaning, *repeatable(self.seed)]


def nearest(share: int) -> int:
    """The secret that is nearer on the clock: a way to bet."""
    return min(SECRETS, key=lambda secret: min((share - secret) % HOURS, (secret - share) % HOURS))


def _proper(random: BlockPrg) -> Deal:
    """x - r, with one of ten masks: all equally likely but for 6 in 2^64."""
    return lambda secret: (secret - int(random.draw(1).item()) % HOURS) % HOURS


def _broken(random: BlockPrg) -> Deal:
    """x + noise, with a noise of -1, 0 or 1."""
    return lambda secret: (secret + int(random.draw(1).item()) % 3 - 1) % HOURS


WAYS = {"proper": _proper, "broken": _broken}


@explorer(
    "New game",
    Field("deal", "Shares", "proper: x - r; broken: x plus a noise of at most 1", choices=tuple(WAYS)),
    Field("rounds", "Rounds", "how many bets", 1, _MOST),
    form="guess_form",
)
def guess(bet: Bet | None = None, deal: str | Deal = "proper", *, rounds: int = 20, seed: int | None = None) -> Game:
    """A game: guess from bob's share whether the secret was 4 or 7, and bet with `.bet(4)` or `.bet(7)`.

    The secret is shared on a clock of ten hours: `deal` is "proper" (bob gets x - r), "broken" (x plus a noise of at
    most 1), or a function of the secret that returns all that bob gets. With a function `bet`, from what bob gets to 4
    or 7, all rounds are played at once. `seed` makes the game repeatable, for a lesson; nothing is secret then.
    """
    seeds = seeds_of(seed, "guess")
    if bet is not None and not callable(bet):
        raise impossible("bet", bet, "a function from what bob gets to 4 or 7; kn.explore.guess().bet(4) is one bet")
    if isinstance(deal, str) and deal in WAYS:
        deal = WAYS[deal](BlockPrg(seeds.draw("masks")))
    if not callable(deal):
        raise impossible("deal", deal, f"one of {', '.join(WAYS)}, or a function")
    game = Game(deal, whole("rounds", rounds, 1, _MOST), BlockPrg(seeds.draw("secrets")), seed)
    while bet and not game.over:
        game.bet(bet(game.view))
    return game
