"""A tour of one batch: at five of its steps what happens, and a question for each pair of eyes.

It goes through the first batch of any training. {me} is the party that looks, {peer} the other one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .steps import Record

Question = tuple[str, str]
"""A question, and its answer."""


class Stop(NamedTuple):
    """Where the tour halts."""

    kinds: tuple[str, ...]
    """The next step of one of these kinds; a batch that has none is not asked about it."""
    text: str
    party: Question
    ttp: Question
    observer: Question


STOPS = (
    Stop(
        ("send masked", "open x"),
        "A product of two secrets begins with a message: each party sends a share minus a fresh random number, the"
        " mask.",
        (
            "What does {me} learn from the number that {peer} sends?",
            "Nothing. {me} does not know the mask, so every share of {peer}'s is as likely as it was before.",
        ),
        (
            "Does the TTP see this message?",
            "No, it goes from party to party. The TTP knows the masks, and never sees what they are taken from.",
        ),
        (
            "The weights begin at 0. Are the first messages 0, too?",
            "No: 0 minus a mask is as random as the mask. Compare s, v and m in the table.",
        ),
    ),
    Stop(
        ("cross combine", "combine"),
        "Each party makes its share z of the product from what came and what was prepared. No message.",
        (
            "Does {me} know a prediction now?",
            "No. {me} has one share of each; without {peer}'s share it is a random number.",
        ),
        (
            "What does the TTP learn of the product?",
            "Nothing. It has only helped before, with shares of products of masks.",
        ),
        (
            "Add both parties' z: what should come out?",
            "The product of the secrets. See “both, added” in the table, with numbers in fixed point.",
        ),
    ),
    Stop(
        ("subtract", "open y"),
        "On the way to the error, prediction minus label. Who has the label puts in y - 1/2, the other party 0 - 0.",
        (
            "Does the label tell its owner the error?",
            "No. The error is prediction minus label, and the prediction stays in two shares.",
        ),
        (
            "Whose label is it? Can the TTP tell?",
            "Not from here: it sees masks and lengths, and no data.",
        ),
        (
            "All weights are 0. What is the error of a row with label 1?",
            "A half for the prediction, minus 1: -0.5. In fixed point both shares add up to it, but for a rounding.",
        ),
    ),
    Stop(
        ("cross combine transposed", "combine"),
        "The second product of the batch, columns times errors, gives the gradient. It had a message of its own.",
        (
            "Why did its message need a new mask?",
            "With one mask for two numbers, {me} could subtract the messages and learn how {peer}'s two shares differ.",
        ),
        (
            "What would the TTP and one party know together?",
            "The other party's shares, as mask and message add up to them, and with them the errors and weights. So the"
            " TTP must not work together with a party.",
        ),
        (
            "Would other data change how many bytes were sent?",
            "No. Only lengths and parameters decide that, and both parties know them.",
        ),
    ),
    Stop(
        ("update", "step"),
        "The update. Rate and penalty are public, so each party moves its own share. Compute a line yourself.",
        (
            "Does {me} know a weight of the model now?",
            "No, not even of a column of {me}'s own: {me} has one share of each.",
        ),
        (
            "What has the TTP learned from the whole batch?",
            "How many rows and columns it has. Nothing of data, errors or weights.",
        ),
        (
            "The weights were 0. What are they now?",
            "Minus rate times gradient, below “both, added” at w'. With numbers in fixed point you can check it by"
            " hand.",
        ),
    ),
)

TOY = 2
"""A trace of at most so many batches begins with the tour."""


def stops(record: Record) -> list[tuple[int, Stop]]:
    """At which steps of the first batch the tour halts; none, if there is no training with numbers."""
    first = next((i for i, step in enumerate(record.steps) if step.batch), len(record.steps))
    found, at = [], first
    for stop in STOPS:
        place = _next(record, stop.kinds, at, first)
        if place is not None:
            found.append((place, stop))
            at = place + 1
    return found


def _next(record: Record, kinds: tuple[str, ...], start: int, first: int) -> int | None:
    """The next step of one of these kinds in the batch in which `first` is."""
    batch = record.steps[first : first + 1]
    for i, step in enumerate(record.steps[start:], start):
        if (step.task, step.epoch, step.batch) != (batch[0].task, batch[0].epoch, batch[0].batch):
            return None
        if step.kind in kinds:
            return i
    return None


def is_toy(record: Record) -> bool:
    """Whether a training is so short that people look at it to learn."""
    return 0 < len({(step.task, step.epoch, step.batch) for step in record.steps if step.batch}) <= TOY


def told(record: Record) -> dict[str, Any]:
    """The tour for a browser: its stops, and whether it is shown from the start."""
    found = [
        {"step": step, **{key: value for key, value in stop._asdict().items() if key != "kinds"}}
        for step, stop in stops(record)
    ]
    return {"stops": found, "open": is_toy(record)}
