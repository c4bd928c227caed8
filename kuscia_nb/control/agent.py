"""What runs the programs of a node's tasks, as its controllers see it: on a Kuscia node, the agent with its runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .kinds import KusciaTask
from .node import Node

Started = Callable[[], None]
Ended = Callable[[BaseException | None], None]


class Agent(Protocol):
    """Starts and stops programs, and reports when they have started and how they ended."""

    def start(self, node: Node, task: KusciaTask, started: Started, ended: Ended) -> None:
        """Start the program of the node's own party. KusciaError, if there is none for its operator.

        `started` is called when every party's program has, `ended` once, with what went wrong or None.
        """
        ...

    def stop(self, domain: str, task_id: str) -> None:
        """End that program at its next message, if it runs; `ended` tells of it as of every other end."""
        ...
