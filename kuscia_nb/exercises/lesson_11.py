"""The exercises of notebook 11, when things fail."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import KusciaError, ModelWarning
from ..faults import parse
from ..job import Job
from .checking import Wrong, called, exercise

SAME_MESSAGE = frozenset({"drop", "reorder", "duplicate"})
"""The kinds of 11.1: each may bring number 7 to a party that waits for number 6."""
ASKED = ("delay", "drop", "duplicate", "reorder", "truncate")
FAR = 0.1
"""How far off a weight has to be in 11.2."""
DIGEST = 32
"""Bytes that a digest may have in 11.3."""


@exercise(
    "11.1",
    "Which of the jobs of the table has printed such a sentence?",
    "Messages 6 and 7 are sent. In which order, and how often, can they come, so that 7 is seen while 6 is awaited?",
    "Three of the five: one in which 6 never comes, one in which it comes behind 7, and one in which 7 comes twice.",
    why="The receiver sees what came, not why. The injected fault is in the job's report; in real life somebody has to "
    "look at what carries the messages.",
)
def possible_kinds(answer: Any) -> None:
    if isinstance(answer, str):
        answer = answer.replace(",", " ").split()
    if isinstance(answer, bytes) or not isinstance(answer, Iterable):
        raise Wrong("A set of kinds is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    named = {str(one).partition(":")[0] for one in answer}
    if strange := sorted(named - {*ASKED}):
        raise Wrong("{name} is not one of the five.", name=strange[0])
    if "delay" in named:
        raise Wrong("A message that is late is waited for: nobody says anything.")
    if "truncate" in named:
        raise Wrong("A message that is cut has the right number, and its length is named.")
    if named != SAME_MESSAGE:
        raise Wrong("So far it is right. There is another one.")


@exercise(
    "11.2",
    'The seed is behind #: "ttp-wrong:1#2" flips another bit than "ttp-wrong:1". Try many in a loop.',
    "job.shadow.weights has both weights, secret and plaintext. Take the largest difference of a job.",
    "The second table has such a job already, and it has to be run with shadow=True.",
    why="Without verify, both programs and weights() have nothing to go by: the numbers could be right. Only who sees "
    "both files can tell, as the shadow does.",
)
def quiet_lie(answer: Any) -> None:
    if not isinstance(answer, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    injected = answer.options.inject
    kinds = {fault.kind for fault in parse(injected)} if injected else set[str]()
    if kinds != {"ttp-wrong"}:
        raise Wrong("In this job somebody else lies, or nobody.")
    try:
        warned = _warns(answer.wait().weights)
        off = answer.shadow.weights.eval("secret - plaintext").abs().max()
    except KusciaError as error:
        raise Wrong("It cannot be compared with its plaintext: {error}", error=error.what) from None
    if warned:
        raise Wrong("weights() warns of this one.")
    if off < FAR:
        raise Wrong("All weights are within {far} of the plaintext.", far=FAR)


def _warns(action: Callable[[], object]) -> bool:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        action()
    return any(issubclass(one.category, ModelWarning) for one in seen)


SENT = [b"share", b"", b"of", b"a weight", b"\0" * 8]
CHANGED = {
    "It does not notice it if one bit is another one.": [b"share", b"", b"of", b"a weighu", b"\0" * 8],
    "It does not notice it if two messages change places.": [b"share", b"", b"a weight", b"of", b"\0" * 8],
    "It does not notice it if a message comes twice.": [b"share", b"", b"of", b"of", b"a weight", b"\0" * 8],
    "It does not notice it if an empty message is lost.": [b"share", b"of", b"a weight", b"\0" * 8],
    "It does not notice it if a message is cut into two.": [b"share", b"", b"of", b"a ", b"weight", b"\0" * 8],
    "It does not notice it if bytes move to the next message.": [b"share", b"", b"o", b"fa weight", b"\0" * 8],
    "It does not notice it if a message loses its end.": [b"share", b"", b"of", b"a weight", b"\0" * 7],
}
"""What is said of a digest that is the same for these messages as for those of `SENT`."""


@exercise(
    "11.3",
    "hashlib.blake2b(digest_size=16) takes one message after the other with update(...). digest() is the end.",
    "update(b'ab') and then update(b'c') is the same as update(b'a') and update(b'bc'). What else has to go in?",
    "Put the length of each message before it, in a fixed number of bytes: len(message).to_bytes(8, 'little').",
    why="Without the lengths, bytes could move from one message to the next. The job's own digests do not "
    "need them: each message is compared with the shape that its receiver expects.",
)
def digest_of_messages(answer: Any) -> None:
    of_sent = called(answer, list(SENT))
    if not isinstance(of_sent, bytes | str):
        raise Wrong("It returns a value of type {kind}. Bytes are asked for.", kind=type(of_sent).__name__)
    if called(answer, list(SENT)) != of_sent:
        raise Wrong("Called twice with the same messages, it returns two digests.")
    most = DIGEST if isinstance(of_sent, bytes) else 2 * DIGEST  # a text has two digits a byte
    if any(len(called(answer, messages)) > most for messages in (SENT, [b"long" * 1000] * 10)):
        raise Wrong("A digest is short: at most {size} bytes, however many messages there are.", size=DIGEST)
    for what, messages in CHANGED.items():
        if called(answer, messages) == of_sent:
            raise Wrong(what)
