"""`kuscia-nb doctor`: what works, what does not, and what to do, before anything runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import KusciaError
from .doctor import Check, exit_code, line
from .flags import FLAGS, LISTEN

_ABOUT = """Look at a node before it starts, with its flags: its own address, folder and identity; each peer's address,
certificate, version, clock and route; the TTP. Nothing is changed, and no job is started. One line for each check: ok,
warn, or no with a remedy. Exit code 1 if a check says no."""

_OF_A_NODE = (
    *("--listen", "--peer", "--ttp", "--ttp-key", "--ttp-ca"),
    *("--identity", "--trust", "--transport", "--storage"),
)


def parser() -> argparse.ArgumentParser:
    """Of all flags."""
    made = argparse.ArgumentParser(prog="kuscia-nb doctor", description=_ABOUT)
    made.add_argument("--backend", choices=tuple(KINDS), default="node", help="what is looked at (node)")
    made.add_argument("--name", metavar="NAME", help="the node's domain; otherwise as its identity says")
    for flag in (
        "--listen",
        "--peer",
        "--ttp",
        "--ttp-key",
        "--ttp-ca",
        "--identity",
        "--trust",
        "--transport",
        "--storage",
    ):
        made.add_argument(flag, **FLAGS[flag])
    made.add_argument("--json", action="store_true", help="each check as one line of JSON")
    return made


def main(arguments: Sequence[str]) -> int:
    """Look, and say what was found as it is found."""
    options = parser().parse_args(arguments)
    found: list[Check] = []
    for check in KINDS[options.backend](options):
        found.append(check)
        print(json.dumps(check._asdict(), ensure_ascii=False) if options.json else line(check), flush=True)
    return exit_code(found)


def _node(options: argparse.Namespace) -> Iterator[Check]:
    """A node, as far as its flags can be read: what cannot is a check that fails."""
    from ..wire.identity import Identity, read_certificate
    from ..wire.sockets import Address
    from .node_checks import Subject, checks
    from .settings import Peer

    wrong: list[Check] = []
    identity = _read(Identity.read, options.identity, wrong)
    trusted = {name: _read(read_certificate, file, wrong) for name, file in options.trust or ()}
    ttp = options.ttp or ""
    subject = Subject(
        options.name or (identity.name if identity is not None else ""),
        _read(Address.read, options.listen or LISTEN, wrong),
        tuple(Peer(name, url.rstrip("/"), trusted.get(name)) for name, url in options.peer or ()),
        identity,
        ttp if "://" in ttp or not ttp else f"http{'s' if options.ttp_ca else ''}://{ttp}",
        Path(options.ttp_key) if options.ttp_key else None,
        Path(options.ttp_ca) if options.ttp_ca else None,
        Path(options.storage) if options.storage else None,
        options.transport or "",
    )
    yield from wrong
    unread = options.identity and identity is None
    yield from (check for check in checks(subject) if check.name != "identity" or not unread)


def _read(how: Callable[[str], Any], text: str | None, wrong: list[Check]) -> Any:
    """What a flag names; None if it names nothing, or nothing that can be read."""
    try:
        return how(text) if text else None
    except KusciaError as error:
        wrong.append(Check(str(text), "no", f"{error.what}{f' ({error.where})' if error.where else ''}", error.hint))
        return None


KINDS: Mapping[str, Callable[[argparse.Namespace], Iterator[Check]]] = {"node": _node}
"""What can be looked at, and who looks."""
