"""Small experiments to understand the protocol with: each a function, and a form in a notebook.

    from kuscia_nb import explore

    explore.guess()                         guess the secret from one share, again and again
    explore.clock(4, 7)                     a secret in two shares on a clock with ten hours
    explore.split(3.5)                      a number in two shares, and again, and again
    explore.rectangle(9, 7)                 a Beaver product as a rectangle of four areas
    explore.product(3.5, -2.0)              a Beaver product, line by line
    explore.fixed_point(0.1)                fixed point, and the errors of truncating shares
    explore.wraps(2, 26)                    how often a local truncation fails; with the TTP, never
    explore.one_share(0.0025)               why one share reveals nothing, and a broken way to share
    explore.reused_triple(3.5, -1.25)       what a triple that is used twice leaks
    explore.same_view("3, 1, 4, 1")         what alice gets fits every column of bob's
    explore.network(job)                    how long a job takes on a slower line, without running it again

    explore.split.widget()                  the same as a form (needs ipywidgets)

Those of the protocol run two parties of `kuscia_nb.mpc` in lockstep, so what they show is what a job does. Every random
number is fresh from the operating system; with `seed=` it is the same each time, for a lesson, and nothing is secret.
Results show both parties' numbers: they are the observer's view.
"""

from ..mpc.chi_square import Uniformity, uniformity
from .beaver import Product, Step, product
from .clock import Clock, clock
from .guess import Game, Round, guess
from .lesson import Explorer, Lesson
from .network import Estimate, Network, Schedule, network
from .one_share import OneShare, Variant, one_share
from .rectangle import Rectangle, rectangle
from .reuse import Opened, Reuse, reused_triple
from .same_view import Received, SameView, same_view
from .splitting import Split, split
from .truncation import Truncation, fixed_point
from .wrapping import Wrapping, wraps

__all__ = [
    "Clock",
    "Estimate",
    "Explorer",
    "Game",
    "Lesson",
    "Network",
    "OneShare",
    "Opened",
    "Product",
    "Received",
    "Rectangle",
    "Reuse",
    "Round",
    "SameView",
    "Schedule",
    "Split",
    "Step",
    "Truncation",
    "Uniformity",
    "Variant",
    "Wrapping",
    "clock",
    "fixed_point",
    "guess",
    "network",
    "one_share",
    "product",
    "rectangle",
    "reused_triple",
    "same_view",
    "split",
    "uniformity",
    "wraps",
]
