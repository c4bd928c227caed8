"""A party that is watched: what it does beside its protocol is to write down each step, for who looks afterwards.

Nothing of this is in the protocol. `TracedLink` is a link that has a class of its own for the protocol's (`variant`),
and these do as their bases do and write a `Note` of it. Without such a link, none of it is used.

Each party's `Notes` are its own, and what is in them it has in its hands anyway: its shares, its parts of triples, what
it sent, what was opened to it, corrections from the TTP. Whoever holds both parties' notes can put them together (see
`trace`); no party can.
"""

from .link import TracedLink, connect_traced
from .notes import Notes, Window

__all__ = ["Notes", "TracedLink", "Window", "connect_traced"]
