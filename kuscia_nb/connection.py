"""The cluster that a person works with: `connect` starts it at its first use. Light to import."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from .backends.base import Backend
    from .cluster import Cluster
    from .options import Accept, Reveal

_default: Cluster | None = None
_local: Cluster | None = None
_containers: dict[str, Cluster] = {}
"""By which containers the nodes are."""
_platforms: dict[tuple[str, str], Cluster] = {}
"""By the address of a BFIA node, and what it is shown."""
_open: weakref.WeakSet[Backend] = weakref.WeakSet()
_stored: dict[Path, Cluster] = {}
_nodes: dict[str, tuple[Mapping[str, Any], Cluster]] = {}
_brought_up: set[str] = set()
"""Names of clusters in containers that this process has brought up, or tried to."""
_connecting = threading.Lock()
_TEXTS = {"name": "alice", "listen": "127.0.0.1:8084", "ttp": "http://127.0.0.1:9449", "transport": "127.0.0.1:8081"}
"""What a node is told as a text, and an example."""


def connect(
    to: str | None = None,
    *,
    storage: str | Path | None = None,
    nodes: Mapping[str, str] | None = None,
    name: str | None = None,
    listen: str | None = None,
    peers: Mapping[str, str] | None = None,
    peer_headers: Mapping[str, Mapping[str, str]] | None = None,
    ttp: str | None = None,
    ttp_key: str | Path | None = None,
    ttp_certificate: str | Path | None = None,
    identity: str | Path | None = None,
    trust: Mapping[str, str | Path] | None = None,
    accept: Accept | None = None,
    reveal: Reveal | None = None,
    insecure: bool = False,
    i_run_the_ttp: bool = False,
    token: str | None = None,
    transport: str | None = None,
) -> Cluster:
    """The cluster to work with; without arguments, the one that the magics work with.

    "local" is alice, bob and a TTP in this process; they start at the first call and are the same ever after. With
    `storage`, a cluster of its own, which the magics do not work with; it is the same one until it is closed. Its files
    and jobs stay in that folder, and are there again at the next `connect`, also after a crash.

    "node" is one's own node alone: `name` (such as alice) with its port at `listen` (127.0.0.1:8084), its `peers` by
    name and URL, and the `ttp` that neither party runs, with its public key in the file `ttp_key`. `peer_headers` are
    for a gateway before a peer, by the peer's name. Beyond this machine it needs an `identity`, the certificates of the
    peers whom it can `trust`, and `ttp_certificate`; or `insecure`, if
    nothing is secret. `accept` says what becomes of a peer's job (always on this machine, ask beyond it, never), and
    `reveal` whether this party's share is sent to the peer if a job says so (agreed) or never. `i_run_the_ttp` is for
    who may know both parties' data. At `transport` (127.0.0.1:8081, say) programs of this machine that are not of this
    package push and pop their messages. The magics work with the node from then on, until it is closed.

    "docker" is Kuscia's own nodes in containers that are up: those that its script or %kuscia up --backend docker has
    made, or the containers that `nodes` names by their domains, also one alone whose partner is elsewhere. The magics
    work with them from then on.

    "http://host:8084" is any BFIA node: its API takes jobs, says how far their tasks are, and stops them, and has
    nothing else. A server that asks for a `token` is shown it; beyond this machine http:// needs `insecure`.
    """
    global _default
    chosen = {"name": name, "listen": listen, "peers": peers, "ttp": ttp, "ttp_key": ttp_key}
    chosen |= {"peer_headers": peer_headers}
    chosen |= {"ttp_certificate": ttp_certificate, "identity": identity, "trust": trust, "accept": accept}
    chosen |= {"reveal": reveal, "insecure": insecure or None, "i_run_the_ttp": i_run_the_ttp or None}
    chosen |= {"token": token, "transport": transport}
    said = {key: value for key, value in chosen.items() if value is not None}
    with _connecting:
        if _is_url(to) and storage is None and nodes is None:
            _default = _platform(to, said)
            return _default
        if token is not None:
            _check(to, {"token": token})
        if to == "node":
            _default = _node({**said, "storage": storage})
            return _default
        if to == "docker" and not said and storage is None:
            _default = _docker(nodes or {})
            return _default
        _check(to, {**said, **({"nodes": nodes} if nodes else {})})
        if storage is not None:
            return _own(storage)
        if to is None and _default is not None and not _default.closed:
            return _default
        _default = _shared()
        return _default


def bring_up(tell: Callable[[str], None], **said: str) -> Cluster:
    """Two nodes in containers, brought up from images, and the cluster of them; `tell` hears of each step.

    Who says nothing gets the nodes that are there, if there are any. Takes what `Plan.read` does. EngineError, if a
    step fails or is interrupted: what is there by then stays until `take_down` of its name.
    """
    from .backends.docker import bringup
    from .backends.docker.engine import Engine
    from .backends.docker.plan import Plan

    plan, engine = Plan.read(**said), Engine()
    try:
        if not said and not bringup.wanted(engine, plan):
            return connect("docker")
        _brought_up.add(plan.name)
        bringup.up(engine, plan, tell)
    finally:
        engine.close()
    return connect("docker", nodes=plan.nodes)


def take_down(closed: Iterable[Backend], *names: str) -> list[str]:
    """Remove the containers of these backends that were brought up here, what this process has brought up, and `names`.

    Returns the names of what is gone.
    """
    from .backends.docker import bringup
    from .backends.docker.engine import Engine

    theirs = {name for backend in closed for name in getattr(backend, "brought_up", ())}
    if not (asked := {*names, *theirs, *_brought_up}):
        return []
    engine = Engine()
    try:
        gone = [one for name in sorted(asked) for one in bringup.down(engine, name)]
    finally:
        engine.close()
    _brought_up.clear()
    return gone


def running() -> Cluster | None:
    """The cluster that `connect()` gives, if it is up already."""
    return _default if _default is not None and not _default.closed else None


def disconnect() -> list[Backend]:
    """Close every cluster that `connect` gave out and that is still in use; returns what stood behind them."""
    closed = [backend for backend in list(_open) if not backend.closed]
    for backend in list(_open):
        backend.close()
    _stored.clear()
    _nodes.clear()
    _containers.clear()
    _platforms.clear()
    return closed


def _is_url(to: object) -> TypeGuard[str]:
    return isinstance(to, str) and to.startswith(("http://", "https://"))


def _check(to: str | None, said: Mapping[str, Any]) -> None:
    from .errors import KusciaError

    if _is_url(to):
        raise KusciaError("a node that is reached by its port has its own files", hint=f"connect({to!r})")
    if to not in (None, "local", "docker", "node"):
        hint = 'connect("local"): alice, bob and a TTP here; connect("node", ...): one node here, its peers elsewhere'
        hint += '; connect("docker"): Kuscia\'s own nodes in containers; connect("http://HOST:8084"): any BFIA node'
        raise KusciaError(f"cannot connect to {to!r}", hint=hint)
    if "token" in said:
        raise KusciaError("a token is shown to a BFIA node", hint='connect("http://127.0.0.1:8084", token=...)')
    if to == "docker":
        raise KusciaError("nodes in containers take nothing else", hint='connect("docker", nodes={"alice": "NAME"})')
    if "nodes" in said:
        raise KusciaError("nodes are named for containers", hint='connect("docker", nodes={"alice": "NAME"})')
    if said:
        raise KusciaError(f"{', '.join(said)}: for a node alone", hint='connect("node", ...)')


def _shared() -> Cluster:
    """The local cluster without a folder of its own."""
    global _local
    from .backends.local import LocalBackend

    if _local is None or _local.closed:
        _local = _opened(LocalBackend())
    return _local


def _docker(nodes: Mapping[str, str]) -> Cluster:
    """The cluster of these containers; one that is known is looked at anew."""
    from .backends.docker.backend import DockerBackend

    key = repr(sorted(nodes.items()))
    if key not in _containers or _containers[key].closed:
        _containers[key] = _opened(DockerBackend(nodes))
    else:
        _containers[key].refresh()
    return _containers[key]


def _platform(url: str, said: Mapping[str, Any]) -> Cluster:
    """The node behind this address; the same one, if a cell runs twice."""
    from .backends.platform import PlatformBackend
    from .errors import KusciaError

    if strange := [name for name in said if name not in ("token", "insecure")]:
        raise KusciaError(f"{', '.join(strange)}: for a node alone", hint='connect("node", ...)')
    key = url, said.get("token", "")
    if key not in _platforms or _platforms[key].closed:
        _platforms[key] = _opened(PlatformBackend(url, **said))
    return _platforms[key]


def _own(storage: str | Path) -> Cluster:
    """A local cluster with this folder."""
    from .backends.local import LocalBackend
    from .errors import KusciaError

    try:
        place = Path(storage).resolve()
        if place not in _stored or _stored[place].closed:  # a cell may run twice
            _stored[place] = _opened(LocalBackend(Path(storage)))
        return _stored[place]
    except (OSError, TypeError, ValueError) as error:
        what = f"{storage} cannot be the storage: {getattr(error, 'strerror', None) or error}"
        raise KusciaError(what, hint="a folder that you may write to; it is made if need be") from error


def _node(said: Mapping[str, Any]) -> Cluster:
    """One's own node: the same one, if a cell runs twice."""
    from .backends.node import NodeBackend
    from .backends.settings import Settings
    from .errors import KusciaError

    for needed in ("name", "peers", "ttp"):
        if not said.get(needed):
            hint = 'connect("node", name="alice", peers={"bob": "http://127.0.0.1:8085"}, ttp="http://127.0.0.1:9449")'
            raise KusciaError(f"a node needs its {needed}", hint=hint)
    for name, example in _TEXTS.items():
        if name in said and not isinstance(said[name], str):
            raise KusciaError(f"{name} is a text, this is {said[name]!r}", hint=f'{name}="{example}"')
    if not isinstance(said["peers"], Mapping) or not all(isinstance(url, str) for url in said["peers"].values()):
        what = "peers are URLs by the nodes' names"
        raise KusciaError(what, hint='peers={"bob": "http://127.0.0.1:8085"}')
    known, cluster = _nodes.get(said["name"], (None, None))
    if cluster is not None and not cluster.closed:
        if known == said:
            return cluster
        hint = "close it first: connect().close(), or %kuscia down"
        raise KusciaError(f"the node of {said['name']} is up already, with other settings", hint=hint)
    try:
        cluster = _opened(NodeBackend(Settings.read(**said)))
    except OSError as error:
        raise KusciaError(f"the node of {said['name']} cannot start: {error.strerror or error}") from error
    _nodes[said["name"]] = said, cluster
    return cluster


def _opened(backend: Backend) -> Cluster:
    from .cluster import Cluster

    _open.add(backend)
    return Cluster(backend)
