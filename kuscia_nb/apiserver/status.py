"""How a Kubernetes API server says no: a Status, whose text kubectl prints."""

from __future__ import annotations

import json
from typing import Any

from ..bfia.wire import Response
from ..control.store import AlreadyExists
from ..errors import KusciaError, ManifestError


class Refusal(Exception):
    """A request that is answered with a Status."""

    def __init__(self, code: int, reason: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    @property
    def status(self) -> dict[str, Any]:
        """As JSON has it."""
        said = {"status": "Failure", "message": self.message, "reason": self.reason, "code": self.code}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, **said, "details": self.details}


def refusal(error: KusciaError) -> Refusal:
    """What the node has said, in Kubernetes' words."""
    said = f"{error.what}; try: {error.hint}" if error.hint else error.what  # where it is, is of a text that was sent
    if isinstance(error, AlreadyExists):
        return Refusal(409, "AlreadyExists", said)
    return Refusal(400, "BadRequest" if isinstance(error, ManifestError) else "NotAcceptable", said)


def as_json(content: Any, status: int = 200) -> Response:
    """An answer."""
    return Response(status, json.dumps(content, ensure_ascii=False).encode(), "application/json")
