"""The formula of every kind of step, as data: one source for what is computed, written and drawn.

A formula is a line such as

    z.i = c.i + e*b.i {eb.i} + a.i*g {ag.i} + [rank 0] e*g {eg}

`.i` is a party's own part and `.j` its peer's; a name without either is common to both. `{eb.i}` names the number that
was kept of a product, `[rank 0]`, `[rank 1]` and `[adjust]` say which party has a term. `T(...)` truncates a share,
`S(...)` shifts a number without a sign, and `B(...)` is its top bit. A line with `!` is for reading: it has constants
that a trace does not know.

Who sees a number is a property of its name, in one of these ways:

    own     its party                             drawn   its party and the TTP, which has the seed that it came from
    sent    both parties                          dealt   the party that gets corrections, and the TTP
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Ref(NamedTuple):
    """A name in a formula; `whose` is i, j, or nothing."""

    name: str
    whose: str = ""


class Term(NamedTuple):
    """A number or a product of numbers, with its sign."""

    negative: bool
    factors: tuple[Ref, ...]
    kept: Ref | None
    """The name of what was kept of the product."""
    only: str
    """rank 0, rank 1, adjust, or nothing for both parties."""


class Formula(NamedTuple):
    """left = terms, or a function of them."""

    left: Ref
    terms: tuple[Term, ...]
    function: str
    """T, S or B, or nothing."""
    exact: bool
    """Whether it can be computed from what a trace has."""


class StepKind(NamedTuple):
    """A kind of step."""

    title: str
    text: str
    """What happens, in one sentence."""
    formulas: tuple[Formula, ...]
    sees: dict[str, str]
    """Who sees the number of a name."""
    wide: str
    """Names of numbers with twice the fraction bits."""
    shared: str
    """Names of numbers whose parts are shares: they add up to a secret."""
    product: str
    """How factors multiply: matrix, elementwise, or columns (the transposed matrix, into its own columns)."""
    small: str
    """Names of whole numbers modulo 2^32, or modulo 2^64 in truncations by more than 32 bits."""


_TERM = re.compile(r"\s*([+-])?\s*(?:\[([\w ]+)\])?\s*([^\s+{}-]+)(?:\s*\{([\w'.]+)\})?")


def parse(text: str) -> Formula:
    """A formula from its line."""
    left, _, right = text.partition("=")
    exact, right = not right.endswith("!"), right.rstrip("!").strip()
    function = right[0] if right[1:2] == "(" else ""
    if function:
        right = right[2:-1]
    terms = []
    for match in _TERM.finditer(right):
        sign, only, product, kept = match.groups()
        factors = tuple(_ref(name) for name in product.split("*"))
        terms.append(Term(sign == "-", factors, _ref(kept) if kept else None, only or ""))
    return Formula(_ref(left), tuple(terms), function, exact)


def _ref(text: str) -> Ref:
    name, _, whose = text.strip().partition(".")
    return Ref(name, whose)


def _kind(
    title: str,
    text: str,
    *formulas: str,
    wide: str = "",
    shared: str = "",
    product: str = "",
    small: str = "",
    **sees: str,
) -> StepKind:
    names = {name: way for way, group in sees.items() for name in group.split()}
    return StepKind(title, text, tuple(map(parse, formulas)), names, wide, shared, product, small)


def _triple(product: str) -> StepKind:
    return _kind(
        "Beaver triple",
        "Both draw their parts of a, b and c from their own seeds; the TTP draws them again and tells one party the"
        " correction d, so that a · b = c.",
        "c.i = k.i + [adjust] d.i",
        drawn="a b k c",
        dealt="d",
        wide="c k d",
        shared="a b c",
        product=product,
    )


def _combine(product: str) -> StepKind:
    return _kind(
        "Product from the triple",
        "From what was opened and its part of the triple each party computes its share of the product: no message.",
        "z.i = c.i + e*b.i {eb.i} + a.i*g {ag.i} + [rank 0] e*g {eg}",
        own="eb ag z",
        drawn="a b c",
        sent="e g eg",
        wide="c eb ag eg z",
        shared="z",
        product=product,
    )


def _cross(product: str) -> StepKind:
    return _kind(
        "Product with own columns",
        "Each party multiplies its own columns with its share plus what the peer sent, and adds what was prepared.",
        "u.i = w.i + m.j",
        "z.i = q.i + X.i*u.i {Xu.i}",
        own="w u X q Xu z",
        sent="m",
        wide="q Xu z",
        shared="z",
        product=product,
    )


def _local(title: str, *formulas: str, wide: str = "", product: str = "elementwise", small: str = "") -> StepKind:
    text = "Each party on its own share: no message."
    shared = "x y z w grad w' t"
    ways = {"own": shared, "sent": "p"}
    return _kind(title, text, *formulas, wide=wide, shared=shared, product=product, small=small, **ways)


KINDS: dict[str, StepKind] = {
    "join": _kind(
        "Seed to the TTP",
        "Each party gives the TTP a fresh 16-byte seed for its parts of triples. The trace does not have it.",
    ),
    "send": _kind(
        "Message",
        "A message from party to party: terms, shapes or a seed. Its content is not in the trace.",
    ),
    "exchange": _kind("Exchange", "Both parties send something.", sent="mine"),
    "share": _kind(
        "Private input",
        "The owner's share is the value itself, the peer's is zero; nothing is sent.",
        own="x",
        shared="x",
    ),
    "seal": _kind(
        "Public value as shares",
        "Both know both seeds of these random numbers: this changes the form, it hides nothing.",
        "s.i = r.i - r.j + [rank 0] p",
        sent="p r s",
        shared="s",
    ),
    "triple": _triple("matrix"),
    "triple elementwise": _triple("elementwise"),
    "open x": _kind(
        "Open x - a",
        "x is masked by the random a; both send their part, and both learn e, which says nothing about x.",
        "e.i = x.i - a.i",
        "e = e.0 + e.1",
        own="x",
        drawn="a",
        sent="e",
        shared="x a",
    ),
    "open y": _kind(
        "Open y - b",
        "y is masked by the random b; both send their part, and both learn g, which says nothing about y.",
        "g.i = y.i - b.i",
        "g = g.0 + g.1",
        own="y",
        drawn="b",
        sent="g",
        shared="y b",
    ),
    "combine": _combine("matrix"),
    "combine elementwise": _combine("elementwise"),
    "truncate": _kind(
        "Truncate",
        "Each party shifts its own share to the right: rank 0 rounds down, rank 1 up. No message.",
        "t.i = T(z.i)",
        own="z t",
        wide="z",
        shared="z t",
    ),
    "pair": _kind(
        "Pair for a truncation",
        "Each party draws a number a of its own and its part of c; the TTP draws them again and tells one party the"
        " correction d, so that the product of both a is the sum of both c.",
        "c.i = k.i + [adjust] d.i",
        drawn="a k c",
        dealt="d",
        small="a k d c",
    ),
    "send top bit": _kind(
        "Send a masked bit",
        "The two shares wrap around 2^64 if the top bit u of both is 1. Each sends its bit, masked by its random a.",
        "s.i = x.i - [rank 0] B",
        "u.i = B(s.i)",
        "h.i = a.i + u.i",
        own="x s u",
        drawn="a",
        sent="h B",
        wide="x s B",
        shared="x",
        small="u a h",
    ),
    "assisted truncate": _kind(
        "Truncate with the TTP's help",
        "m is a share of the product of both bits: whether the shares wrap. Each shifts its share and takes the wrap"
        " away: the result is less than a unit off, never by a wrap.",
        "m.i = c.i + [rank 0] u.i*h.j - [rank 1] a.i*h.j",
        "f.i = S(s.i)",
        "t.i = f.i - m.i*W + [rank 0] C + [rank 1] D",
        own="u m s f t",
        drawn="a c",
        sent="h W C D",
        wide="s",
        shared="t",
        product="elementwise",
        small="a c u h m",
    ),
    "open": _kind(
        "Open a secret",
        "Both send their share, and both learn the sum: this is where a secret becomes known.",
        "o = x.0 + x.1",
        sent="x o",
    ),
    "mask columns": _kind(
        "Mask the columns",
        "Each party sends its columns once, masked by random A; F serves all products of this block.",
        "F.i = X.i - A.i",
        own="X",
        drawn="A",
        sent="F",
    ),
    "vectors": _kind(
        "Vectors for a block of products",
        "Each party draws a mask v for its share; the TTP makes both parts of A v; F v is added beforehand.",
        "c.i = k.i + [adjust] d.i",
        "q.i = c.i + F.j*v.i {Fv.i}",
        own="Fv q",
        drawn="v k c",
        dealt="d",
        wide="k c d Fv q",
    ),
    "send masked": _kind(
        "Send a masked share",
        "Each party sends its share for the peer's columns, masked by its random v.",
        "m.i = s.i - v.i",
        own="s",
        drawn="v",
        sent="m",
    ),
    "cross combine": _cross("matrix"),
    "cross combine transposed": _cross("columns"),
    "dot public": _local("Product with a public vector", "z.i = x.i*p", wide="z", product="matrix"),
    "scale": _local("Times a public number, truncated", "t.i = T(x.i*p)"),
    "add": _local("Add", "z.i = x.i + y.i"),
    "subtract": _local("Subtract", "z.i = x.i - y.i"),
    "negate": _local("Negate", "z.i = - x.i"),
    "add public": _local("Add a public value", "z.i = x.i + [rank 0] p"),
    "subtract public": _local("Subtract a public value", "z.i = x.i - [rank 0] p"),
    "subtract from public": _local("Subtract from a public value", "z.i = [rank 0] p - x.i"),
    "multiply by public": _local("Times a public value", "z.i = x.i*p", wide="z"),
    "blind": _kind(
        "Blind own ids",
        "Each party multiplies the points of its hashed ids, H, with its secret number, and sends them in a random"
        " order: to the peer they are random points. The first 8 of each point's 32 bytes are shown.",
        "P.i = secret.i*H.i !",
        own="H",
        sent="P",
    ),
    "blind again": _kind(
        "Blind the peer's points",
        "Each party multiplies what the peer has sent, Q, with its own secret number, and sends it back.",
        "R.i = secret.i*Q.i !",
        sent="Q R",
    ),
    "compare": _kind(
        "Compare",
        "An id that both have is the same point by now, as it does not matter who was the first to multiply it: C are"
        " the points that both have.",
        sent="own peers C",
    ),
    "times": _local("Times a whole number", "z.i = x.i*p", small="p"),
    "add scaled": _local("Add a public multiple", "z.i = x.i + y.i*p", wide="x z"),
    "step": _local("Take the step", "w'.i = w.i - t.i"),
    "update": _kind(
        "Update the weights",
        "Each party on its own share, no message: h is the penalty's part of the gradient, and t is the step. The rate"
        " is learning_rate / batch_size; l2 is 0 for the intercept.",
        "h.i = T(l2*w.i)",
        "t.i = T(rate*grad.i + rate*h.i)",
        "w'.i = w.i - t.i",
        shared="w grad h t w'",
        product="elementwise",
        own="w grad h t w'",
        sent="rate l2",
    ),
}

TTP, FIRST, SECOND = "ttp", 0, 1

Part = tuple[str, str, str | int | None]
"""A kind of step, the names of its numbers, and which of the note's messages are its own."""

_OPENED: tuple[Part, ...] = (("open x", "x a e.i e", FIRST), ("open y", "y b g.i g", SECOND))
_NUMBERS, _CROSS = "z c eb ag eg a b e g", "z q w u X Xu m"

EXPANDED: dict[str, tuple[Part, ...]] = {
    "product": (
        ("triple", "a b k d c", TTP),
        *_OPENED,
        ("combine", _NUMBERS, None),
        ("truncate", "z t", None),
    ),
    "elementwise product": (
        ("triple elementwise", "a b k d c", TTP),
        *_OPENED,
        ("combine elementwise", _NUMBERS, None),
    ),
    "cross product": (
        ("send masked", "s v m", FIRST),
        ("cross combine", _CROSS, None),
        ("truncate", "z t", None),
    ),
    "transposed cross product": (
        ("send masked", "s v m", FIRST),
        ("cross combine transposed", _CROSS, None),
        ("truncate", "z t", None),
    ),
    "assisted truncate": (
        ("send top bit", "x B s u a h", FIRST),
        ("assisted truncate", "c u a h m s f W C D t", None),
    ),
}
"""What a note of a party becomes. A note that is not here is a step as it is."""

SHIFTING = frozenset({"truncate", "scale", "update", "pair", "send top bit", "assisted truncate"})
"""Kinds of steps that depend on by how many bits a number is truncated."""
COMMON = frozenset({"e", "g", "eg", "o", "p", "rate", "l2", "B", "W", "C", "D"})
"""Names of numbers that are the same at both parties."""
PARTS = {"e.i": "me", "g.i": "mg"}
"""What a note calls the parts of a number that also is common."""
IGNORED = frozenset({"n", "theirs"})
"""Names in notes of what the peer's note has as its own."""
