"""What a node that is alone is told on a command line: in a terminal, and in `%kuscia up --node`. Light to import."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping
from typing import Any, get_args

from ..options import Accept, Reveal

LISTEN = "127.0.0.1:8084"
"""Kuscia's port, on this machine alone."""
NOWHERE = "none"
"""In place of an address, of a node that can only dial out."""
TTP_KEY = "ttp-keys/public.pem"
"""Where `kuscia-nb ttp` writes its public key if nobody says otherwise."""


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


FLAGS: Mapping[str, Mapping[str, Any]] = {
    "--listen": {"metavar": "HOST:PORT", "help": f"its one port ({LISTEN}); {NOWHERE}: it can only dial out"},
    "--peer": {
        "type": _pair,
        "action": "append",
        "metavar": "NAME=URL",
        "help": f"another node, and its address; NAME={NOWHERE}: it can only dial out, and dials this one",
    },
    "--peer-header": {
        "type": _pair,
        "action": "append",
        "metavar": "NAME=HEADER",
        "help": 'a header for what stands before a peer, such as bob="Authorization: token abc"; again for more',
    },
    "--ttp": {"metavar": "URL", "help": "where the TTP listens, such as http://127.0.0.1:9449"},
    "--ttp-key": {"metavar": "FILE", "help": f"the TTP's public key ({TTP_KEY})"},
    "--ttp-ca": {"metavar": "FILE", "help": "the TTP's certificate; with it the TTP is spoken to in TLS"},
    "--i-run-the-ttp": {"action": "store_true", "help": "the TTP is on a party's machine, who then can read all data"},
    "--identity": {"metavar": "FILE", "help": "this node's key and certificate: NAME.pem, of kuscia-nb identity NAME"},
    "--trust": {"type": _pair, "action": "append", "metavar": "NAME=FILE", "help": "a peer's certificate"},
    "--insecure": {"action": "store_true", "help": "leave this machine without TLS"},
    "--transport": {
        "metavar": "HOST:PORT",
        "help": "where programs of this machine, such as a SPU, push and pop",
    },
    "--storage": {"metavar": "DIR", "help": "where its files are kept; otherwise in a temporary folder"},
    "--accept": {"choices": get_args(Accept), "help": "a peer's job: always on this machine, ask beyond it"},
    "--reveal": {"choices": get_args(Reveal), "help": "send this party's share if a job says so (agreed), or never"},
}
"""Each with what argparse is told of it."""

_NAMES = {"peer": "peers", "peer_header": "peer_headers", "ttp_ca": "ttp_certificate"}


def said(options: Namespace) -> dict[str, Any]:
    """What the flags say, as `connect("node", ...)` and `Settings.read` call it; what they do not say is left out."""
    found: dict[str, Any] = {"peers": {}}
    for flag in FLAGS:
        name = flag.removeprefix("--").replace("-", "_")
        value = getattr(options, name)
        if value not in (None, False):
            found[_NAMES.get(name, name)] = headers(value) if name == "peer_header" else _plain(value)
    return found


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, list) else value


def headers(said: list[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """By peer and name, of `NAME: VALUE`s."""
    found: dict[str, dict[str, str]] = {}
    for peer, header in said:
        name, _, value = header.partition(":")
        found.setdefault(peer, {})[name.strip()] = value.strip()
    return found
