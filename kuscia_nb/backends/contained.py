"""A node of ours where a Kuscia node has everything: started from a kuscia.yaml, below the folder that it runs in.

Files are in var/storage, what its programs log in var/stdout/pods, what it says itself in var/logs/kuscia.log. Its
people are inside, as they are in Kuscia's container: kubectl with var/kubeconfig, and BFIA on this machine's own port.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from ..bfia.handlers import Handlers
from ..bfia.server import PORT, BfiaServer
from ..bfia.wire import SENDERS, Request, Response, Transport
from ..control.kinds import KusciaTask
from ..control.objects import rfc3339
from ..control.source import only_document
from ..control.store import Change
from ..data.files import make_folder, write_atomically
from ..errors import KusciaError
from ..observer.events import LEVELS, Said
from ..observer.observer import Observer
from ..problems import choice
from .node import NodeBackend
from .settings import Settings

KEY = "kusciaNb"
"""What a kuscia.yaml says of a node of ours besides what it says of Kuscia's."""
_STORAGE, _LOGS, _PODS, _KUBECONFIG = (
    Path("var", name) for name in ("storage", "logs/kuscia.log", "stdout/pods", "kubeconfig")
)
_SENDERS = [name.lower() for name in SENDERS]
_API_PORT = 6443
"""Where k3s listens in a Kuscia node."""


def read_config(file: Path) -> dict[str, Any]:
    """What `Settings.read` is told. A KusciaError says where it is wrong."""
    try:
        data, _, problems = only_document(file.read_text("utf-8"))
    except OSError as error:
        raise KusciaError(f"the configuration cannot be read: {error.strerror}", where=str(file)) from error
    said = data.get(KEY) if isinstance(data, Mapping) else None
    name = data.get("domainID") if isinstance(data, Mapping) else None
    if problems or not isinstance(said, Mapping) or not isinstance(name, str):
        what = problems[0].text if problems else f"domainID: NAME and {KEY}: {{...}} are needed"
        raise KusciaError(what, where=str(file), hint="containers/node/compose.yaml makes one")
    known = {to_camel(one): one for one in signature(Settings.read).parameters if one not in ("name", "storage")}
    for key in said:
        if key not in known:
            raise KusciaError(f"{KEY}.{key} is unknown", where=str(file), hint=choice(str(key), known))
    try:
        told = {known[key]: _plain(value) for key, value in said.items()}
        return {"peers": {}, "ttp": "", **told, "name": name, "storage": _STORAGE}
    except TypeError as error:
        raise KusciaError(str(error), where=str(file)) from error


class ContainedNode(NodeBackend):
    """Such a node."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        node = self.nodes[self.name]
        node.store.subscribe(partial(_write_log, self.observer, node.domain))  # before anybody hears of an end
        self._bfia = BfiaServer(partial(_as_own, Handlers(node), self.name), PORT)
        try:
            self._bfia.start()
            self.open_api(_KUBECONFIG.absolute(), _API_PORT)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the ports of its people, and the node."""
        self._bfia.stop()
        super().close()


def _as_own(handlers: Transport, domain: str, request: Request) -> Response:
    """Who asks from within the container is one of the node's own people, whoever they say they are."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _SENDERS}
    return handlers(request._replace(headers={**headers, SENDERS[0]: domain}))


def logging(say: Callable[[str], object]) -> Callable[[str], None]:
    """Say something, and write it into the node's log."""
    make_folder(_LOGS.parent)

    def both(line: str) -> None:
        say(line)
        with os.fdopen(os.open(_LOGS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return both


def _write_log(observer: Observer, domain: str, change: Change) -> None:
    """What a program has logged, in the container runtime's form, once it has ended (spec: kuscia §8)."""
    task = change.new
    if not isinstance(task, KusciaTask) or not task.finished or (party := task.party(domain)) is None:
        return
    run = observer.run_of_task(task.name)
    said = run.events.select(Said, node=domain, subject=task.name) if run else []
    pod = f"{domain}_{task.name}-{party.role}-0_{task.metadata.uid}"
    path = _PODS / pod / party.app_image_ref / "0.log"
    write_atomically(path, "".join(_lines(one) for one in said).encode())  # for its owner alone: it may quote a cell


def _lines(said: Said) -> str:
    """Each line of a message by itself."""
    time = rfc3339(said.time).replace("Z", f".{said.time.microsecond:06d}000Z")
    return "".join(f"{time} stdout F {LEVELS[said.level]} {line}\n" for line in str(said.message).splitlines())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, str | bool):
        return value
    raise TypeError(f"{KEY}: {value!r} is neither a text, true or false, nor names with values")
