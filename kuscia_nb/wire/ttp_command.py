"""`kuscia-nb ttp`: a trusted third party that listens until it is stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..bfia.guard import is_loopback
from .tls import server_context
from .ttp_keys import PUBLIC, keys_in
from .ttp_server import TtpServer

LISTEN = "127.0.0.1:9449"
"""SPU's own TTP listens on this port."""


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="kuscia-nb ttp",
        description="A trusted third party that listens: for SPU 0.9.5 (beaver_type TrustedThirdParty) and for our own "
        "parties. It holds the seeds of all parties: whoever runs it together with one party reads the other one's "
        "data.",
    )
    made.add_argument(
        "--listen", default=LISTEN, metavar="HOST:PORT", help=f"default: {LISTEN}; port 0 is any free one"
    )
    made.add_argument(
        "--keys",
        default="ttp-keys",
        metavar="DIR",
        help="where its key pair is or is made; the parties need public.pem",
    )
    made.add_argument("--tls-cert", metavar="FILE", help="its certificate, PEM; with it the server speaks TLS")
    made.add_argument("--tls-key", metavar="FILE", help="the certificate's key")
    made.add_argument("--tls-clients", metavar="FILE", help="certificates of the parties, or of who has signed them")
    made.add_argument("--insecure", action="store_true", help="listen beyond this machine without TLS")
    return made


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    made = parser()
    options = made.parse_args(arguments)
    host, port = address(made, options.listen)
    files = (options.tls_cert, options.tls_key, options.tls_clients)
    if any(files) and not all(files):
        made.error("--tls-cert, --tls-key and --tls-clients go together")
    if not all(files) and not options.insecure and not is_loopback(host):
        made.error(f"{host} can be reached from other machines: --tls-cert, --tls-key and --tls-clients, or --insecure")
    tls = server_context(*files) if all(files) else None
    keys = keys_in(options.keys)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with TtpServer(keys, host, port, tls=tls, say=_say) as server:
        _say(f"listening on {join(*server.address)}{'' if tls is None else ' (TLS)'}")
        _say(f"the parties need {Path(options.keys, PUBLIC)}, fingerprint {keys.fingerprint}")
        while not stop.wait(1.0):
            if sys.stdout.isatty():
                print(f"\r{_summary(server)} ", end="", flush=True)
    _say(f"stopped: {_summary(server)}")
    return 0


def address(made: argparse.ArgumentParser, text: str) -> tuple[str, int]:
    """Host and port of "host:port"; ends the program, if it is none."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        made.error(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def join(host: str, port: int) -> str:
    """The other way round."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _summary(server: TtpServer) -> str:
    served = server.served
    requests = sum(count for what, count in served.items() if what.startswith("Adjust"))
    others = ", ".join(f"{served[what]} {what}" for what in ("bytes", "refused", "connections"))
    return f"{requests} requests, {others}"


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # who has read it has gone: the parties have not
        print(f"\r{line}" if sys.stdout.isatty() else line, flush=True)
