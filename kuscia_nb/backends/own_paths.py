"""What a node answers beside BFIA, to nodes of this package alone: who it is, and what it reveals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..bfia.wire import Request, Response, Transport
from ..errors import KusciaError

ABOUT = "/v1/kuscia-nb/about"
Answer = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""What is answered to a sender who has sent this."""


def with_own_paths(handlers: Transport, paths: Mapping[str, Answer]) -> Transport:
    """A node's handlers with more paths, which are POSTed JSON."""

    def answer(request: Request) -> Response:
        found = paths.get(request.path.partition("?")[0]) if request.method == "POST" else None
        return handlers(request) if found is None else _answered(found, request)

    return answer


def _answered(answer: Answer, request: Request) -> Response:
    sender = request.sender
    try:
        asked = json.loads(request.body or b"{}")
        if not isinstance(asked, dict):
            raise ValueError("no object")
        said: dict[str, Any] = {"code": 0, "msg": "", "data": answer(sender, asked)}
    except KusciaError as error:
        said = {"code": 400, "msg": error.what}
    except (ValueError, RecursionError):
        said = {"code": 400, "msg": "the body is no JSON object"}
    except OSError as error:
        said = {"code": 500, "msg": error.strerror or type(error).__name__}
    return Response(200, json.dumps(said, ensure_ascii=False).encode())


def about(domain: str) -> Answer:
    """Which node this is, of which version, and what time it is there."""

    def answer(sender: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        from .. import __version__

        return {"domain": domain, "version": __version__, "time": time.time()}

    return answer
