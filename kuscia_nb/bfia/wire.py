"""What goes over the wire between two nodes, whatever carries it: a call within the process, or HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

SENDERS = ("X-Source-Node-Id", "X-Node-Id", "x_source_node_id", "x_node_id")
"""Where a request says which node it comes from (spec: bfia §1.1)."""
JSON = "application/json; charset=utf-8"
"""The content type of Kuscia's replies."""


class Request(NamedTuple):
    """A question to a node. `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str) -> str:
        """A header's value, however its name is capitalised; empty if it was not sent."""
        if name in self.headers:
            return self.headers[name]
        lower = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == lower), "")

    @property
    def sender(self) -> str:
        """The domain that it says it comes from; empty, if it does not say."""
        return next(filter(None, map(self.header, SENDERS)), "")


class Response(NamedTuple):
    """A node's answer. The HTTP status says little: what went wrong is in the body (spec: kuscia §3.1)."""

    status: int
    body: bytes
    content_type: str = JSON


Transport = Callable[[Request], Response]
"""Carries a request to a node and its answer back. OSError, if that does not work."""
