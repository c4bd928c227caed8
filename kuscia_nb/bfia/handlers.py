"""A node's answers to BFIA messages. They are the same within the process and over HTTP: bytes in, bytes out."""

from __future__ import annotations

from ..control.node import Node
from . import job_paths, platform, task_paths
from .routes import Route
from .wire import Request, Response

ROUTES: dict[tuple[str, str], Route] = {**job_paths.ROUTES, **task_paths.ROUTES, **platform.ROUTES}
"""Everything that is served, by method and path."""

_NOT_FOUND = Response(404, b"404 page not found", "text/plain")


class Handlers:
    """Answers for one node; may be called from any thread."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def __call__(self, request: Request) -> Response:
        route = ROUTES.get((request.method, request.path.partition("?")[0]))
        return _NOT_FOUND if route is None else route(self._node, request)
