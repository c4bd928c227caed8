"""What carries the messages of `kuscia-nb party`: SPU's wire, our own, or black-box transport."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from ..mpc import Ledger, Link, Ring, run_alone
from . import spu_transport
from .blackbox.end import Endpoint
from .blackbox.outbound import SESSION, SOURCE, TARGET, TOKEN
from .blackbox.transport import BlackBoxTransport
from .identity import Identity, read_certificate, server_tls
from .own.dial import Dial
from .own.doors import Doors, LinkServer
from .own.transport import Limits, OwnTransport
from .sockets import Address, Tls
from .spu_inbox import KeyedInbox
from .spu_transport import SpuTransport
from .tls import client_context, server_context

NAMES = ("rank 0", "rank 1")
Program = Callable[[Link], Coroutine[Any, Any, Ring]]


class Ran(NamedTuple):
    """How a party's program ended."""

    share: Ring
    connecting: float
    seconds: float
    messages: int
    """Sent by this party."""


def over_spu(options: argparse.Namespace, program: Program) -> Ran:
    """Run it against a SPU, or a party that speaks as one."""
    own, peer = options.parties[options.rank], options.parties[1 - options.rank]
    terms = spu_transport.Terms(
        numbered=not options.plain_keys,
        window=options.window,
        part=options.payload,
        connect_seconds=options.connect_timeout,
        message_seconds=options.message_timeout,
    )
    files = options.tls_cert, options.tls_key, options.tls_peer
    tls = Tls(client_context(*files), server_context(*files)) if options.tls_cert else None
    transport = SpuTransport(options.rank, peer, options.listen or own, terms, tls, say)
    return _over_keys(transport, options.rank, program)


def _over_keys(transport: SpuTransport | BlackBoxTransport, rank: int, program: Program) -> Ran:
    """Run it over a transport of messages with keys."""
    started = time.perf_counter()
    transport.connect()
    connected = time.perf_counter()
    try:
        inbox = KeyedInbox(transport, rank)
        link = Link(rank, NAMES, inbox, inbox.put, Ledger(), alone=True)
        outcome = run_alone(program(link), link)
        if outcome.error is not None:
            raise outcome.error
        ended = time.perf_counter()
        transport.close()
    finally:
        transport.abort()
    return Ran(outcome.result, connected - started, ended - connected, link.sent)


def over_own(options: argparse.Namespace, program: Program) -> Ran:
    """Run it against another party of ours."""
    rank = options.rank
    own, peer = options.parties[rank], options.parties[1 - rank]
    secured = options.identity is not None
    identity = Identity.read(options.identity) if secured else None
    trusted = read_certificate(options.trust) if secured else None
    dial = Dial(f"http{'s' if secured else ''}://{peer}", identity, trusted)
    limits = Limits(connect=options.connect_timeout, message=options.message_timeout)
    transport = OwnTransport(rank, NAMES, options.program, dial=dial, limits=limits, report=say)
    doors = Doors()
    doors.expect(options.program, transport, trusted.der if trusted is not None else None)
    tls = server_tls(identity, [trusted]) if identity is not None and trusted is not None else None
    server = LinkServer(doors, options.listen or own, tls, say) if options.listen != NOWHERE else None
    try:
        if server is not None:
            server.start()
        started = time.perf_counter()
        transport.connect()
        connected = time.perf_counter()
        link = transport.link()
        outcome = run_alone(program(link), link)
        ended = time.perf_counter()
        transport.finish(failed=outcome.error is not None)
    finally:
        transport.abort()
        if server is not None:
            server.stop()
    if outcome.error is not None:
        raise outcome.error
    return Ran(outcome.result, connected - started, ended - connected, link.sent)


def over_black_box(options: argparse.Namespace, program: Program) -> Ran:
    """Run it over the endpoints of both nodes, against a SPU or another party of ours."""
    rank, nodes = options.rank, options.parties
    terms = spu_transport.Terms(
        window=options.window,
        part=options.payload,
        connect_seconds=options.connect_timeout,
        message_seconds=options.message_timeout,
    )
    tls = client_context(options.tls_cert, options.tls_key, options.tls_peer) if options.tls_cert else None
    own, peer = ROLES[rank], ROLES[1 - rank]
    headers = {
        "x-ptp-tech-provider-code": "kuscia-nb",
        "x-ptp-trace-id": said_by("config.trace_id") or options.session,
        TOKEN: said_by("config.token") or "",
        SESSION: options.session,
        SOURCE: nodes[rank],
        TARGET: nodes[1 - rank],
        "x-ptp-source-inst-id": said_by(f"config.inst_id.{own}") or nodes[rank],
        "x-ptp-target-inst-id": said_by(f"config.inst_id.{peer}") or nodes[1 - rank],
    }
    endpoint = Endpoint(endpoint_address(options.transport), headers, (f"{own}-{peer}", f"{peer}-{own}"), tls)
    transport = BlackBoxTransport(rank, nodes[1 - rank], endpoint, terms, say)
    return _over_keys(transport, rank, program)


ROLES = ("guest.0", "host.0")
"""Of both ranks: yacl's order of the names that Kuscia gives them (spec: bfia §3.4)."""
NOWHERE = "none"
"""What --listen says for a party that only dials."""


def said_by(name: str) -> str | None:
    """What the environment says, if a node has started this program; its names are small and have dots."""
    return os.environ.get(name)


def endpoint_address(text: str) -> Address:
    """Where a transport endpoint is: system.transport may have a scheme, which says nothing."""
    return Address.read(text.removeprefix("http://").removeprefix("https://").rstrip("/"))


def say(line: str) -> None:
    """To the person who has started the party."""
    print(line, file=sys.stderr, flush=True)
