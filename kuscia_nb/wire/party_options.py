"""What the command line of `kuscia-nb party` may say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from ..errors import ParameterError
from ..mpc.share import ASSISTED, LOCAL
from ..options import Strategy
from .party_wires import NOWHERE, endpoint_address, said_by
from .sockets import Address

SPU, OWN, BLACKBOX = "spu", "own", "blackbox"

_OF = {
    **dict.fromkeys(("openings", "window", "payload", "tls_cert", "tls_key", "tls_peer"), (SPU, BLACKBOX)),
    **dict.fromkeys(("identity", "trust"), (OWN,)),
    **dict.fromkeys(("transport", "session"), (BLACKBOX,)),
    "plain_keys": (SPU,),
    "listen": (SPU, OWN),
}
"""The wires of a flag that not all have."""

PREPROCESSED, INTERCONNECTION = "preprocessed", "interconnection"

_ABOUT = """One party of ss_lr, without a node. With --wire spu its peer is a SecretFlow SPU, or a party that speaks
as one; with --wire own, a party like this one. With --wire blackbox it is either, and messages travel from endpoint to
endpoint (`kuscia-nb transport`, or a node's): nobody dials this program. Both parties get the same flags, each with its
own --rank, --data, --label and files. The result is this party's own share of the weights; nothing is opened."""


def parser() -> argparse.ArgumentParser:
    """Of all flags."""
    made = argparse.ArgumentParser(prog="kuscia-nb party", description=_ABOUT)
    add = made.add_argument
    add("program", choices=("ss_lr",))
    kinds = "the peer's protocol: that of SPU 0.9.5 (spu), our own, or that of BFIA's black-box transport"
    add("--wire", choices=(SPU, OWN, BLACKBOX), default=SPU, help=kinds)
    add("--rank", type=int, choices=(0, 1), required=True, help="this party's")
    add("--parties", type=_parties, required=True, metavar="H0:P0,H1:P1", help="where rank 0 and rank 1 are dialled; "
        "blackbox: the names of their nodes, as in bob,alice")  # fmt: skip
    where = "where this party listens, if not at its address in --parties; own wire: none, if the peer cannot dial it"
    add("--listen", type=_place, metavar="H:P", help=where)
    add("--ttp", required=True, metavar="H:P", help="where the TTP listens")
    add("--ttp-key", required=True, metavar="FILE", help="the TTP's public.pem")
    add("--adjust-rank", type=int, choices=(0, 1), default=0, help="the party that asks the TTP (0)")
    add("--data", type=Path, required=True, metavar="FILE", help="this party's rows, CSV with a header")
    add("--label", action="store_true", help="the last column is the label")
    add("--features", type=_counts, required=True, metavar="N0,N1", help="how many features rank 0 and rank 1 have")
    add("--rows", type=int, metavar="N", help="how many rows to take, from the first; otherwise all")
    add("--out", type=Path, required=True, metavar="FILE", help="where this party's share of the weights is written")
    add("--set", type=_pair, action="append", default=[], metavar="NAME=VALUE", help="a parameter of ss_lr")
    add("--no-handshake", action="store_true", help="the peer is a bare SPU program, which has none")
    kinds = "symmetric and asymmetric are local, ttp is SPU's default (trunc_allow_msb_error: false)"
    add("--truncation", choices=(*LOCAL, ASSISTED), default=LOCAL[0], help=f"how products are cut: {kinds}")
    kinds = (
        "how products are made: interconnection, or preprocessed, which parties of ours alone know (own wire: usual)"
    )
    add("--strategy", choices=get_args(Strategy), help=kinds)
    add("--identity", metavar="FILE", help="own wire: this party's key, as `kuscia-nb identity` makes it; TLS with it")
    add("--trust", metavar="FILE", help="own wire: the peer's certificate; nobody else is let in")
    kinds = "this party's endpoint (environment: system.transport)"
    add("--transport", metavar="H:P", default=said_by("system.transport"), help=f"blackbox: {kinds}")
    kinds = "the name of this run, a new one each time (environment: config.session_id)"
    add("--session", metavar="ID", default=said_by("config.session_id"), help=f"blackbox: {kinds}")
    add("--openings", choices=("separate", "together"), default="separate", help="the two masked factors of a product")
    add("--connect-timeout", type=_seconds, default=60.0, metavar="S", help="until the peer is there (60)")
    add("--message-timeout", type=_seconds, default=30.0, metavar="S", help="without a sign of life (30)")
    add("--plain-keys", action="store_true", help="the peer has disable_msg_seq_id")
    add("--window", type=int, default=10, metavar="N", help="the peer's throttle_window_size (10)")
    kinds = "the peer's http_max_payload_size (1048576), or what gateways take (blackbox: 524288)"
    add("--payload", type=int, metavar="BYTES", help=f"the largest message: {kinds}")
    add("--tls-cert", metavar="FILE", help="this party's certificate, PEM; with it the link speaks TLS")
    add("--tls-key", metavar="FILE", help="the certificate's key")
    add("--tls-peer", metavar="FILE", help="the peer's certificate, or that of who has signed it")
    add("--ttp-ca", metavar="FILE", help="the TTP's certificate; with it the TTP is spoken to in TLS")
    add("--insecure", action="store_true", help="leave this machine without TLS")
    add("--json", action="store_true", help="what was done, or the error, as one line of JSON")
    return made


def check(made: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """What no single flag can say. Ends the program (exit code 2), if flags do not fit together."""
    own, black_box = options.wire == OWN, options.wire == BLACKBOX
    for flag, wires in _OF.items():
        if options.wire not in wires and getattr(options, flag) not in (made.get_default(flag), None):
            made.error(f"--{flag.replace('_', '-')} is for --wire {' and '.join(wires)}")
    options.payload = options.payload or (2**19 if black_box else 2**20)
    options.strategy = options.strategy or (PREPROCESSED if own else INTERCONNECTION)
    if options.wire == SPU and (options.strategy != INTERCONNECTION or options.listen == NOWHERE):
        made.error(
            "a SPU knows --strategy interconnection alone, and has to be able to dial: the rest is for --wire own"
        )
    if options.strategy == PREPROCESSED and options.no_handshake:
        made.error("--strategy preprocessed is agreed in the handshake: without --no-handshake")
    if black_box != isinstance(options.parties[0], str):
        made.error("--parties are names of nodes with --wire blackbox (bob,alice), and else H0:P0,H1:P1")
    if black_box and not (options.transport and options.session):
        made.error("--wire blackbox needs --transport, this party's endpoint, and --session, a name for this run")
    files = (options.identity, options.trust) if own else (options.tls_cert, options.tls_key, options.tls_peer)
    names = "--identity and --trust" if own else "--tls-cert, --tls-key and --tls-peer"
    if any(files) and not all(files):
        made.error(f"{names} go together")
    if options.ttp_ca and not all(files):
        made.error(f"--ttp-ca needs {names}")
    if not options.no_handshake and (options.truncation == ASSISTED or options.openings != "separate"):
        made.error("the handshake knows local truncation and separate openings alone: --no-handshake for others")
    if options.window < 0 or options.payload < 1:
        made.error("--window is 0 or more, --payload 1 or more")
    if options.rows is not None and options.rows < 1:
        made.error("--rows is 1 or more")
    listens = [] if options.listen in (None, NOWHERE) else [options.listen]
    dialled = [endpoint_address(options.transport)] if black_box else options.parties
    known = [Address.read(options.ttp), *dialled, *listens]
    beyond = [address for address in known[1:] if not all(files) and not address.loopback]
    beyond += [known[0]] if not options.ttp_ca and not known[0].loopback else []
    if beyond and not options.insecure:
        made.error(f"{beyond[0]} is beyond this machine: {names} (--ttp-ca), or --insecure")


def environment(options: argparse.Namespace) -> dict[str, str]:
    """The parameters of ss_lr, by name."""
    flags = {"has_label": str(options.label).lower(), "ttp_adjust_rank": str(options.adjust_rank)}
    said: Sequence[tuple[str, str]] = options.set
    for name, _ in said:
        if name in flags:
            raise ParameterError(f"--set {name} is said by a flag of its own", hint="--label, --adjust-rank")
    return {"l2_norm": "0", **dict(said), **flags}


def _address(text: str) -> Address:
    try:
        return Address.read(text)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _place(text: str) -> Address | str:
    return NOWHERE if text == NOWHERE else _address(text)


def _parties(text: str) -> tuple[Address, Address] | tuple[str, str]:
    words = text.split(",")
    if len(words) != 2 or words[0] == words[1] or not all(words):
        raise argparse.ArgumentTypeError(f"{text!r} is not H0:P0,H1:P1, two addresses")
    if not any(":" in word for word in words):
        return words[0], words[1]
    return _address(words[0]), _address(words[1])


def _counts(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not N0,N1, two numbers from 1")
    return int(parts[0]), int(parts[1])


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def report(options: argparse.Namespace) -> dict[str, Any]:
    """What a line of JSON begins with."""
    return {"program": options.program, "rank": options.rank}
