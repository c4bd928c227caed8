"""The exercises of notebook 05, Beaver triples and the TTP."""

from __future__ import annotations

import math
import secrets
from typing import Any

import numpy as np

from .checking import Wrong, called, exercise, number

RING, UNIT = 2**64, 2**18

A1, B1, C1 = 7008421580835025026, 11881779351544313054, 12597232219419673103
"""Bob's shares of a triple."""

E, F = 13647261584266825445, 10558491339984007930
"""What was opened: x - a and y - b."""

ALICES_SHARE = 2614292351496140323
"""Of x y, with e f in it."""


@exercise(
    "5.1",
    "Bob's share of the product is c1 + e b1 + a1 f.",
    "The product is the sum of both shares. e f is in Alice's share already.",
    "Everything is modulo 2**64, and Python's integers do not go round by themselves: % 2**64.",
    why="With one triple and two opened numbers, a product of secrets has become a few products of known numbers with "
    "shares.",
)
def product(answer: Any) -> None:
    value = _whole(answer)
    bobs = C1 + E * B1 + A1 * F
    if value == (ALICES_SHARE + bobs) % RING:
        return
    if value >= RING or value < 0:
        raise Wrong("An integer modulo 2^64 is below 2^64 and not negative.")
    typical = {
        bobs: "This is Bob's share alone.",
        bobs + E * F: "This is Bob's share alone, and e f does not belong in it.",
        ALICES_SHARE + bobs + E * F: "e f is in it twice: only one of the two adds it, and Alice has done so.",
        ALICES_SHARE + C1 + E * A1 + B1 * F: "e goes with b, and f with a.",
        ALICES_SHARE + E * B1 + A1 * F: "c1 is missing.",
        E * F: "e f is the last of the four parts; the others are in the shares.",
    }
    for wrong, text in typical.items():
        if value == wrong % RING:
            raise Wrong(text)
    raise Wrong("The two shares add up to another number.")


BITS = 18
FIRST_SALARY = 5200
ALICE_SENT = (8975307631886425918, 12821771635040325620)
BOB_SENT = (13003982766582643647, 9157518763343612681)


@exercise(
    "5.2",
    "e is the sum of what the two sent, modulo 2^64. Compute e1 and e2.",
    "e1 - e2 is x1 - x2, because a falls out. It is an integer modulo 2^64, with 18 bits behind the point.",
    "The second salary is the first one minus that difference.",
    why="Nobody had to break anything: a difference of two messages was enough. A mask is for one number.",
)
def second_salary(answer: Any) -> None:
    value = number(answer)
    e1, e2 = ((alice + bob) % RING for alice, bob in zip(ALICE_SENT, BOB_SENT, strict=True))
    units = _signed(e1 - e2)
    difference = units / 2**BITS
    if value == FIRST_SALARY - difference:
        return
    of_alice, of_bob = (_signed(sent[0] - sent[1]) / 2**BITS for sent in (ALICE_SENT, BOB_SENT))
    typical = {
        FIRST_SALARY + difference: "The sign is wrong: e1 - e2 is the first salary minus the second one.",
        difference: "This is the difference of the salaries.",
        float(FIRST_SALARY - units): "The difference is an integer that has 18 bits behind the point.",
        FIRST_SALARY - of_alice: "What Alice sent is her share of e, and random alone. e is the sum of both messages.",
        FIRST_SALARY - of_bob: "What Bob sent is his share of e, and random alone. e is the sum of both messages.",
    }
    for wrong, text in typical.items():
        if math.isclose(value, wrong, rel_tol=1e-12):
            raise Wrong(text)
    if abs(value) > 2**40:
        raise Wrong("No salary is that large: e1, e2 and their difference are numbers modulo 2^64.")
    raise Wrong("With this salary, e1 - e2 would be another number.")


_SHAPES = ((1, 4, 1), (21, 21, 1), (100, 20, 10), (2, 3, 5))
_BYTES = 8


@exercise(
    "5.3",
    "e has the shape of the left factor and f that of the right one. An element has 8 bytes.",
    "To open e, each of the two sends its share of it to the other.",
    "Elementwise there are m k n products, and each has an e and an f of its own.",
    why="A matrix triple opens every element once, whatever number of products it takes part in. The corrections of "
    "the TTP, which are not counted here, are 8 m n bytes against 8 m k n.",
)
def bytes_sent(answer: Any) -> None:
    for m, k, n in _SHAPES:
        result = called(answer, m, k, n)
        try:
            one, each = result
        except (TypeError, ValueError):
            raise Wrong("Two numbers are asked for: with one triple, and elementwise.") from None
        one, each = number(one), number(each)
        right = 2 * _BYTES * (m * k + k * n), 2 * _BYTES * 2 * m * k * n
        if (one, each) == right:
            continue
        shape = {"m": m, "k": k, "n": n}
        if (one, each) == (right[0] / 2, right[1] / 2):
            raise Wrong("This is one direction. Both parties send, and both directions are asked for.")
        if (one, each) == (right[0] / _BYTES, right[1] / _BYTES):
            raise Wrong("This is how many numbers there are; each has 8 bytes.")
        if (one, each) == right[::-1]:
            raise Wrong("The two are in the other order: one triple first.")
        if one == right[0]:
            if each == right[1] / 2:
                raise Wrong("Elementwise, this counts only e or only f.")
            raise Wrong("With one triple it is right; elementwise, for m = {m}, k = {k}, n = {n}, it is not.", **shape)
        if one == right[0] + 2 * _BYTES * m * n:
            raise Wrong("The result is not opened: only e and f are.")
        if each == right[1]:
            raise Wrong("Elementwise it is right; with one triple, for m = {m}, k = {k}, n = {n}, it is not.", **shape)
        raise Wrong("For m = {m}, k = {k}, n = {n} both numbers are others.", **shape)


SMALL_BITS, OPENED, NEAR = 24, 2_000, 0.5
"""Bits of the masks of exercise 5.4, how often e is opened, and how near the salary has to be."""


@exercise(
    "5.4",
    "e = x - a, and a is never negative. So x is at least e, whichever e it is.",
    "Of 2,000 masks below 2**24, one is very small. Which e has it?",
    "The largest e is nearly x. It counts units of 2**-18.",
    why="A mask hides a number only if it may be anything, in the whole ring. With a smaller one each message gives a "
    "bound, and the bounds of many messages come together.",
)
def small_masks(answer: Any) -> None:
    salary = 3_000 + secrets.randbelow(600_000) / 100
    opened = [int(salary * UNIT) - secrets.randbelow(2**SMALL_BITS) for _ in range(OPENED)]
    value = number(called(answer, list(opened)))
    if abs(value - salary) < NEAR:
        return
    if abs(value / UNIT - salary) < NEAR:
        raise Wrong("This is the salary in units of 2^-18.")
    if abs(value - sum(opened) / OPENED / UNIT) < NEAR:
        raise Wrong(
            "The mean is too low by half of the largest mask, 32. That is a good guess already; there is a better one."
        )
    if abs(value - min(opened) / UNIT) < NEAR:
        raise Wrong("This is the e with the largest mask: it is 64 too low.")
    if abs(value - salary) < 2**SMALL_BITS / UNIT:
        raise Wrong(
            "This is near, as any single e is: {off:.1f} off. All of them together tell more.", off=abs(value - salary)
        )
    raise Wrong("On fresh numbers the salary is {salary:.2f}, and this is {value:.2f}.", salary=salary, value=value)


def _signed(value: int) -> int:
    """Modulo 2^64, as a signed integer."""
    return (value + RING // 2) % RING - RING // 2


def _whole(answer: Any) -> int:
    """The answer as an exact integer: 64 bits do not fit into a float."""
    if isinstance(answer, str) and answer.strip().isdecimal():
        return int(answer)
    array = np.asarray(answer)
    if array.size == 1 and isinstance(value := array.item(), int) and not isinstance(value, bool):
        return value
    if array.size == 1 and isinstance(array.item(), float):
        raise Wrong("A float has 53 bits, and the numbers here have 64: compute with integers.")
    raise Wrong("A whole number is asked for, and this is of type {kind}.", kind=type(answer).__name__)
