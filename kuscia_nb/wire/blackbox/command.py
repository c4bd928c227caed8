"""`kuscia-nb transport`: a transport endpoint without a node, until it is stopped."""

from __future__ import annotations

import argparse
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from ...errors import ParameterError
from ..identity import Certificate, Identity, read_certificate, server_tls
from ..own.dial import Dial
from ..sockets import Address
from .desk import Caller, Desk
from .server import Connections, EndpointServer

LISTEN = "127.0.0.1:8081"
"""Where Kuscia's own endpoint serves the programs of its node."""

_ABOUT = """The transport endpoint of one node (BFIA, black box), for programs such as a SecretFlow SPU with link_type
blackbox, or `kuscia-nb party --wire blackbox`. What a program pushes here goes to the endpoint of the other node, and
what has come from there waits here until it is popped. It can read all that it passes on: whoever runs it must not run
the TTP."""


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(prog="kuscia-nb transport", description=_ABOUT)
    add = made.add_argument
    add("--name", required=True, metavar="NAME", help="this node's")
    add("--listen", type=_address, default=LISTEN, metavar="H:P", help=f"where others and programs dial ({LISTEN})")
    kinds = "with --identity: where programs of this machine dial, without TLS"
    add("--programs", type=_address, metavar="H:P", help=kinds)
    add("--peer", type=_pair, action="append", default=[], metavar="NAME[=URL]", help="another node and its endpoint; "
        "without a URL, its programs come here")  # fmt: skip
    add("--identity", metavar="FILE", help="this node's key, as `kuscia-nb identity` makes it; TLS with it")
    add("--trust", type=_pair, action="append", default=[], metavar="NAME=FILE", help="a peer's certificate")
    add("--insecure", action="store_true", help="leave this machine without TLS")
    return made


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    made = parser()
    options = made.parse_args(arguments)
    _check(made, options)
    identity = Identity.read(options.identity) if options.identity else None
    trusted = {name: read_certificate(file) for name, file in options.trust}
    desk = Desk(options.name, _dials(dict(options.peer), identity, trusted), say=_say)
    connections, of_programs = Connections(desk, say=_say), Connections(desk, say=_say)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        stack.callback(connections.close)
        stack.callback(of_programs.close)
        if identity is not None:
            by_certificate = {certificate.der: name for name, certificate in trusted.items()}
            servers = [EndpointServer(connections, options.listen, _known(by_certificate), _tls(identity, trusted))]
            if options.programs is not None:
                servers.append(EndpointServer(of_programs, options.programs, lambda _: Caller(outside=False)))
        else:
            servers = [EndpointServer(connections, options.listen)]
        for server, secured in zip(servers, (identity is not None, False), strict=False):
            server.start()
            stack.callback(server.stop)
            _say(f"{options.name}'s endpoint listens at http{'s' if secured else ''}://{server.address}")
        while not stop.wait(1.0):
            pass
    _say("stopped")
    return 0


def _check(made: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    secured = bool(options.identity)
    beyond = [options.listen] if not secured and not options.listen.loopback else []
    beyond += [options.programs] if options.programs is not None and not options.programs.loopback else []
    if beyond and not options.insecure:
        made.error(f"{beyond[0]} is beyond this machine: --identity and --trust, or --insecure")
    if options.programs is not None and not secured:
        made.error("--programs goes with --identity: without it programs dial --listen")
    names = {name for name, _ in options.peer}
    if not names or options.name in names:
        made.error("--peer NAME=URL, another node")
    if secured and {name for name, _ in options.trust} != names:
        made.error("--trust NAME=FILE is needed for each --peer, and for nobody else")


def _dials(peers: dict[str, str], identity: Identity | None, trusted: dict[str, Certificate]) -> dict[str, Dial | None]:
    found: dict[str, Dial | None] = {}
    for name, url in peers.items():
        found[name] = Dial(url, identity, trusted.get(name) if identity else None) if url else None
    return found


def _tls(identity: Identity, trusted: dict[str, Certificate]) -> ssl.SSLContext:
    return server_tls(identity, trusted.values())


def _known(names: dict[bytes, str]) -> Callable[[socket.socket], Caller]:
    """Who is at the other end of a connection, by its certificate: another node, or a guest's program."""

    def caller(connection: socket.socket) -> Caller:
        assert isinstance(connection, ssl.SSLSocket)
        node = names.get(connection.getpeercert(binary_form=True) or b"")
        if node is None:
            raise ConnectionError("a certificate that is not known")
        return Caller(node, inside=False)

    return caller


def _address(text: str) -> Address:
    try:
        return Address.read(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # who has read it has gone: the programs have not
        print(line, flush=True)
