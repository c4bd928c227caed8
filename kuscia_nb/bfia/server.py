"""A node's BFIA API on a port of this machine (spec: kuscia §3.1).

Kuscia listens on all addresses and asks nobody who they are. Here only this machine is listened to, unless something
else is asked for, and pages of the web are kept out: a browser that they run in says where they come from. Beyond this
machine a `Guard` knows everybody by a certificate.
"""

from __future__ import annotations

import errno
import hmac
import json
import re
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from ..errors import KusciaError
from .guard import Guard, is_loopback
from .server_thread import ServerThread
from .wire import Request, Response, Transport

if TYPE_CHECKING:
    from .http_server import Upgrade

HOST = "127.0.0.1"
PORT = 8084
"""Where Kuscia serves BFIA, and the first port that is tried."""
MOST_TRIED = 100


class BfiaServer:
    """Serves one node's handlers on a thread of its own. Without a port it takes the first free one from 8084 on.

    With a `guard` it speaks TLS, and to nobody whom that does not know. `upgrades` may take connections away.
    With a `token`, whoever does not show it is refused.
    """

    def __init__(
        self,
        handlers: Transport,
        port: int | None = None,
        host: str = HOST,
        *,
        guard: Guard | None = None,
        upgrades: Sequence[Upgrade] = (),
        token: str = "",
    ) -> None:
        self._handlers = handlers
        self._wanted, self._host = port, host
        self._guard, self._upgrades, self._token = guard, upgrades, token
        self._document = b""
        self._thread: ServerThread | None = None
        self.port: int | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        if self.port is None:
            raise KusciaError("the BFIA server does not run", hint="start() first")
        return f"http{'s' if self._guard else ''}://{bracketed(self._host)}:{self.port}"

    def start(self) -> int:
        """Listen; returns the port. KusciaError, if the one that was asked for cannot be had."""
        if self.port is not None:
            return self.port
        try:
            from .http_server import http_server
        except ImportError as error:
            raise KusciaError("a BFIA server needs tornado", hint="pip install tornado") from error
        listener = _listen(self._host, self._wanted)
        self.port = port = int(listener.getsockname()[1])
        self._thread = ServerThread(
            f"kuscia_nb bfia {port}", listener, lambda: http_server(self._answer, self._guard, self._upgrades)
        )
        return port

    def stop(self) -> None:
        """Close the port and all connections; returns when nothing is left of them."""
        if self._thread is not None:
            self._thread.stop()
        self._thread = self.port = None

    def _answer(self, request: Request) -> Response:
        if stranger := _stranger(request, anywhere=not is_loopback(self._host)):
            body = json.dumps({"code": 403, "message": stranger}).encode()
            return Response(403, body)
        if self._token and not _shows(request, self._token):
            return _NO_TOKEN
        parts = _target(request.path)
        if request.method == "GET" and parts.path in ("/", "/openapi.json"):
            return Response(200, self._described())
        if not self._token and parts.path.startswith(_LOGS):
            return _NO_LOGS
        return self._handlers(request._replace(path=parts.geturl()))

    def _described(self) -> bytes:
        """The OpenAPI document; made when somebody asks for it."""
        if not self._document:
            from .openapi import document

            self._document = json.dumps(document(), ensure_ascii=False).encode()
        return self._document


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int | None) -> socket.socket:
    """A listening socket on this port, or on the first free one."""
    hint = f"another port, or none, which means the first free one from {PORT} on"
    for tried in range(PORT, PORT + MOST_TRIED) if port is None else (port,):
        if not 0 <= tried <= 65535:
            raise KusciaError(f"{tried} is not a port", hint=hint)
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.create_server((host, tried), family=family)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            if taken and port is None:
                continue
            raise _not_had(host, tried, error, hint) from error
        listener.setblocking(False)
        return listener
    raise KusciaError(f"ports {PORT} to {PORT + MOST_TRIED - 1} are all in use", hint="port 0, for any that is free")


def _not_had(host: str, port: int, error: OSError, hint: str) -> KusciaError:
    """Why an address cannot be listened at."""
    if error.errno == errno.EADDRINUSE:
        return KusciaError(f"port {port} is in use", hint=hint)
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        what = f"this machine has no address {host}"
        return KusciaError(what, hint=f"listen at 0.0.0.0:{port}, and let the peer dial {host}")
    return KusciaError(f"port {port} cannot be had: {error}", hint=hint)


def _target(path: str) -> SplitResult:
    """What a request asks for. Slashes at its beginning are one; they are not the start of a machine's name."""
    try:
        parts = urlsplit(re.sub("^/+", "/", path))
    except ValueError:  # a machine's name that is none, as in http://[x/
        return SplitResult("", "", path, "", "")
    return parts._replace(scheme="", netloc="", path=re.sub("^/+", "/", parts.path))


# --- who is not let in -----------------------------------------------------------------------------------------------


def _stranger(request: Request, *, anywhere: bool) -> str:
    """Why a request is refused: it was sent to another machine's name, or from a page of the web.

    `anywhere`: whoever listens beyond this machine has names that it does not know.
    """
    host, origin = request.header("Host"), request.header("Origin")
    if host and not anywhere and not _is_here(f"//{host}"):
        return f"this server answers to {HOST} and localhost only, not to the host {host}"
    if origin and not _is_here(origin):
        return f"this server does not answer to pages of {origin}"
    if not origin and request.header("Sec-Fetch-Site") == "cross-site":  # such as a picture of a page
        return "this server does not answer to pages of other sites"
    return ""


_LOGS = "/v1/platform/schedule/task/get_log"
"""What gives out lines that a program has logged: they name files, and an error may quote a cell."""
_NO_LOGS = Response(200, b'{"code":400,"msg":"logs are for who shows a token, and this server has none","data":{}}')
_NO_TOKEN = Response(401, b'{"code":401,"message":"this server asks for a token: Authorization: Bearer TOKEN"}')


def _shows(request: Request, token: str) -> bool:
    """Whether a request has the token; how long it takes to say so tells nothing of it."""
    scheme, _, shown = request.header("Authorization").partition(" ")
    return hmac.compare_digest(shown.strip().encode("utf-8", "replace"), token.encode()) and scheme.lower() == "bearer"


def _is_here(url: str) -> bool:
    """Whether a URL is of this machine."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
