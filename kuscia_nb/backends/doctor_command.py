"""`kuscia-nb doctor`: what works, what does not, and what to do, before anything runs."""

from __future__ import annotations

import argparse
import json
import platform
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import KusciaError
from .doctor import Check, exit_code, line
from .flags import FLAGS, LISTEN, NOWHERE, headers

_ABOUT = """Look at a node before it starts, with its flags: its own address, folder and identity; each peer's address,
certificate, version, clock and route; the TTP. Nothing is changed, and no job is started but with --run. One line for
each check: ok, warn, or no with a remedy. Exit code 1 if a check says no."""

_OF_A_NODE = (
    *("--listen", "--peer", "--peer-header", "--ttp", "--ttp-key", "--ttp-ca"),
    *("--identity", "--trust", "--transport", "--storage"),
)


def parser() -> argparse.ArgumentParser:
    """Of all flags."""
    made = argparse.ArgumentParser(prog="kuscia-nb doctor", description=_ABOUT)
    made.add_argument("--backend", choices=tuple(KINDS), default="node", help="what is looked at (node)")
    made.add_argument("--name", metavar="NAME", help="the node's domain; otherwise as its identity says")
    for flag in _OF_A_NODE:
        made.add_argument(flag, **FLAGS[flag])
    containers = "with --backend docker: a node's container, if Kuscia's script has not named it"
    made.add_argument("--container", **{**FLAGS["--trust"], "metavar": "NAME=CONTAINER", "help": containers})
    made.add_argument("--run", action="store_true", help="with --backend docker: run the tutorial's job, and compare")
    made.add_argument("--report", metavar="FILE", help="write the checks into a Markdown file, without addresses")
    made.add_argument("--json", action="store_true", help="each check as one line of JSON")
    return made


def main(arguments: Sequence[str]) -> int:
    """Look, and say what was found as it is found."""
    options = parser().parse_args(arguments)
    if options.run and options.backend != "docker":
        parser().error("--run is for --backend docker")
    found: list[Check] = []
    for check in KINDS[options.backend](options):
        found.append(check)
        print(json.dumps(check._asdict(), ensure_ascii=False) if options.json else line(check), flush=True)
    if options.report:
        Path(options.report).write_text(report(found), "utf-8")
    return exit_code(found)


def report(checks: Sequence[Check]) -> str:
    """The checks as a table in Markdown, to show to others: names of machines and people are left out."""
    rows = [f"| {check.verdict} | {check.name} | {_shown(check.value)} | {_shown(check.remedy)} |" for check in checks]
    head = f"kuscia_nb {version('kuscia_nb')}, Python {platform.python_version()}, {platform.system()}"
    return "\n".join([head, "", "| | check | found | what to do |", "| --- | --- | --- | --- |", *rows, ""])


def _shown(text: str) -> str:
    """What may be shown to others, in a cell of a table."""
    text = re.sub(r"\b(?!127\.0\.0\.1\b)\d{1,3}(\.\d{1,3}){3}\b|\[[0-9a-f:]{3,}\]", "ADDRESS", text)
    text = re.sub(r"\S+?-kuscia-autonomy-", "USER-kuscia-autonomy-", text)
    text = re.sub(r"(https?|tcp|ssh|unix)://[^\s,;)]+", "URL", text)
    return text.replace("|", "\\|").replace("\n", " ")


def _node(options: argparse.Namespace) -> Iterator[Check]:
    """A node, as far as its flags can be read: what cannot is a check that fails."""
    from ..wire.identity import Identity, read_certificate
    from ..wire.sockets import Address
    from ..wire.ttp_keys import public_key
    from .node_checks import Subject, checks
    from .settings import Peer

    wrong: list[Check] = []
    identity = _read(Identity.read, options.identity, wrong)
    shown = headers(options.peer_header or [])
    trusted = {name: _read(read_certificate, file, wrong) for name, file in options.trust or ()}
    ttp = options.ttp or ""
    for read, file in ((public_key, options.ttp_key), (read_certificate, options.ttp_ca)):
        if file and _read(read, file, wrong) is None:
            ttp = ""  # what it would be held against is not there
    subject = Subject(
        options.name or (identity.name if identity is not None else ""),
        None if options.listen == NOWHERE else _read(Address.read, options.listen or LISTEN, wrong),
        tuple(
            Peer(name, "" if url == NOWHERE else url.rstrip("/"), trusted.get(name), shown.get(name, {}))
            for name, url in options.peer or ()
        ),
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


def _docker(options: argparse.Namespace) -> Iterator[Check]:
    """Kuscia's nodes in containers: those that its script has made, or the one that --name and --container say."""
    from .docker.checks import examine
    from .docker.rehearsal import rehearse

    names = dict(options.container) if options.container else None
    yield from examine(names)
    if options.run:
        yield from rehearse(names)


KINDS: Mapping[str, Callable[[argparse.Namespace], Iterator[Check]]] = {"node": _node, "docker": _docker}
"""What can be looked at, and who looks."""
