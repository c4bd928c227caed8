"""The checks of one peer: whether it is reached, who it is, and what gets through to it."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .. import __version__
from ..bfia.http import http_transport
from ..bfia.wire import SENDERS, Request
from ..errors import KusciaError
from ..wire.identity import Identity, span
from ..wire.own.dial import Dial, Unreached
from ..wire.sockets import in_words
from .doctor import Check
from .own_paths import ABOUT
from .settings import Peer

SECONDS = 10.0
"""For each question to somebody else."""
_TASK = "kuscia-nb doctor"
"""The name of a link that nobody expects."""


class Visit:
    """A look at one peer."""

    def __init__(self, name: str, own: Identity | None, peer: Peer, clocks: dict[str, float]) -> None:
        """`name` and `own` are those of the node that looks; `clocks` learns how far the peer's is ahead."""
        self._name, self._own, self._peer, self._clocks = name, own, peer, clocks

    def checks(self) -> Iterator[Check]:
        """From the connection to what is asked over it; the first failure ends it."""
        name, url = self._peer.name, self._peer.url
        if self._peer.dials:
            yield Check(f"{name}: connection", "ok", "it dials this node: only the other side's doctor can try that")
            return
        try:
            dial = self._dial()
        except KusciaError as error:
            yield Check(f"{name}: address", "no", error.what, error.hint)
            return
        begun = time.perf_counter()
        try:
            dial.connected(SECONDS).close()
        except Unreached as error:
            remedy = error.hint or "see whether it runs, its address and port, and what is in between"
            yield Check(f"{name}: connection", "no", f"{url}: {error.why}", remedy)
            return
        took = 1000 * (time.perf_counter() - begun)
        yield Check(f"{name}: connection", "ok", f"{url} answers in {took:.0f} ms")
        yield self._who(dial)
        said, wrong = self._about(dial)
        if wrong is not None:
            yield wrong
            return
        yield from self._node(said)
        yield self._route(dial)

    def _dial(self) -> Dial:
        peer, own = self._peer, self._own
        if not peer.url.startswith("https:"):
            return Dial(peer.url, headers=peer.headers)
        if own is None or peer.certificate is None:
            what = f"{peer.url} needs this node's identity and {peer.name}'s certificate"
            raise KusciaError(what, hint=f"--identity, and --trust {peer.name}={peer.name}.crt")
        return Dial(peer.url, own, peer.certificate, peer.headers)

    def _who(self, dial: Dial) -> Check:
        name, certificate = f"{self._peer.name}: certificate", self._peer.certificate
        if dial.tls is None or certificate is None:
            if self._peer.here:
                return Check(name, "ok", "none: nothing is encrypted, on this machine")
            return Check(name, "warn", "none: anybody in between can read and forge", "https, --identity and --trust")
        left = certificate.valid_until - datetime.now(UTC)
        return Check(name, "ok", f"the one that is trusted, {certificate.fingerprint}, valid for {span(left)}")

    def _about(self, dial: Dial) -> tuple[Mapping[str, Any], Check | None]:
        """What the node says of itself, or why it does not."""
        name, remedy = f"{self._peer.name}: node", "the URL of a node, and a gateway that leads to it"
        ask = http_transport(self._peer.url, total=SECONDS, tls=dial.tls, headers=self._peer.headers)
        headers = {"Content-Type": "application/json"} | dict.fromkeys(SENDERS[:2], self._name)
        begun = time.time()
        try:
            answer = ask(Request("POST", ABOUT, headers, b"{}"))
        except OSError as error:
            reason = in_words(error)
            if dial.tls is None and isinstance(error, ConnectionError):
                remedy = "https, if it speaks TLS; see whether it is a node"
            if dial.tls is not None and isinstance(error, ssl.SSLError | ConnectionError):
                # It was reached a moment ago. Its alert that it does not know who asks may be overtaken by its end.
                remedy = "see that the other side trusts this node's certificate: compare fingerprints"
            return {}, Check(name, "no", f"it gives no answer: {reason}", remedy)
        try:
            said = json.loads(answer.body)
            data = said["data"]
            ahead = float(data["time"]) - (begun + time.time()) / 2
        except (ValueError, LookupError, TypeError):
            kind = "a page" if "html" in answer.content_type else "something else"
            if answer.status in (502, 503, 504):
                kind = "a gateway that does not reach the node behind it"
            if answer.status == 403:
                kind = "refused"
                remedy = "the other side has to name this node as its peer, with its certificate"
                remedy += "; or --peer-header, if a gateway asks for one"
            return {}, Check(name, "no", f"no node of this package is there: HTTP {answer.status}, {kind}", remedy)
        self._clocks[self._peer.name] = ahead
        return data, None

    def _node(self, said: Mapping[str, Any]) -> Iterator[Check]:
        name, domain, version = self._peer.name, str(said.get("domain")), str(said.get("version", ""))
        if domain != name:
            yield Check(f"{name}: node", "no", f"it says that it is {domain}", f"--peer {domain}=..., or another URL")
            return
        if version == __version__:
            yield Check(f"{name}: version", "ok", version)
        else:
            remedy = "the same version on both machines, or a try"
            yield Check(f"{name}: version", "warn", f"{version}, and this one is {__version__}", remedy)

    def _route(self, dial: Dial) -> Check:
        """Whether links get through: they are WebSockets, which not every gateway passes on."""
        name = f"{self._peer.name}: route of links"
        try:
            dial.open(_TASK, SECONDS).close()
        except Unreached as error:
            if error.unexpected:
                return Check(name, "ok", "WebSockets get through")
            return Check(name, "no", error.why, error.hint or "a gateway that passes WebSockets on")
        return Check(name, "warn", "it takes a link for which there is no job", "the URL of a node")
