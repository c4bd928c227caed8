"""`%kuscia up` and `%kuscia down`: which nodes cells work with, in this process, alone, or in containers."""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..backends.flags import FLAGS, said
from .commands import argument

if TYPE_CHECKING:
    from ..cluster import Cluster

_ANY_PORT = -1


def up(arguments: Namespace) -> object:
    """Start the nodes alice and bob and their TTP; or one's own node alone.

    The two also start by themselves at their first use; --http opens their BFIA ports. With --node, this kernel has
    that node alone: its peer's is elsewhere, and the TTP, which neither party should run. --backend docker works with
    Kuscia's own nodes in containers: those that --nodes names, or those that are there. If there are none, or with
    --image, --version, --memory, --ttp-image, --operator-image or --name, it brings two up, with a TTP and ss-lr: its
    images are fetched, and its containers are privileged. Whoever interrupts it goes on with the same line. Cells work
    with them until %kuscia down. For example:

        %kuscia up
        %kuscia up --backend docker
        %kuscia up --backend docker --nodes alice=acme-kuscia-autonomy-alice
        %kuscia up --backend docker --version 1.1.0b0 --memory 4GiB --name demo
        %kuscia up --http            alice at 8084, or the first free port after it
        %kuscia up --http 9000
        %kuscia up --node alice --listen 127.0.0.1:8084 --peer bob=http://127.0.0.1:8085 --ttp http://127.0.0.1:9449
        %kuscia up --http --token    every call has to show kn.connect().http_token
        %kuscia up --kubeconfig      for kubectl, k9s and such in a terminal of yours
    """
    from ..connection import bring_up, connect
    from ..errors import KusciaError
    from ..views.status import status

    if arguments.node is not None:
        return status(_seen(connect("node", name=arguments.node, **said(arguments))))
    if given := [name for name in said(arguments) if name != "peers" or arguments.peer]:
        raise KusciaError(f"{', '.join(given)}: for a node alone", hint="--node NAME with it")

    asked = {name: value for name in _BROUGHT_UP if (value := getattr(arguments, name)) is not None}
    if asked and (arguments.backend != "docker" or arguments.nodes):
        flag = f"--{next(iter(asked)).replace('_', '-')}"
        raise KusciaError(
            f"{flag} is for nodes that are brought up", hint="%kuscia up --backend docker, without --nodes"
        )
    if arguments.backend == "docker" and not arguments.nodes:
        cluster = bring_up(_told(), **asked)
    else:
        cluster = connect(None if arguments.backend == "local" else "docker", nodes=dict(arguments.nodes) or None)
    if arguments.http is not None:
        cluster.up_http(None if arguments.http == _ANY_PORT else arguments.http, token=arguments.token)
    elif arguments.token:
        raise KusciaError("--token is for ports, and none are opened", hint="%kuscia up --http --token")
    if arguments.kubeconfig is not None:
        print(f"export KUBECONFIG={shlex.quote(str(cluster.up_api(arguments.kubeconfig or None)))}")
    return status(_seen(cluster))


def down(arguments: Namespace) -> None:
    """Stop all jobs and nodes, and remove their temporary files; what is in a storage folder stays.

    Nodes in containers that %kuscia up has brought up are removed, with their files; others go on, and are only let go
    of. The next use starts fresh nodes. For example:

        %kuscia down
        %kuscia down --name demo     what another notebook has brought up under this name
    """
    from ..connection import disconnect, take_down

    closed = disconnect()
    gone = take_down(closed, *([arguments.name] if arguments.name else []))
    if gone:
        print(f"removed: {', '.join(gone)}")
    theirs = [backend for backend in closed if backend.kind == "docker"]
    for backend in theirs:
        if not set(gone) & {getattr(node, "container", "") for node in backend.nodes.values()}:
            print(f"let go of {' and '.join(backend.nodes)}: their containers and jobs go on")
    closed = [backend for backend in closed if backend not in theirs]
    if (theirs or gone) and not closed:
        return
    folders = [Path(str(node.storage)) for one in closed for node in one.nodes.values()]
    kept = [str(folder) for folder in folders if folder.exists()]
    if kept:
        print(f"the nodes are down; their jobs and files stay in {' and '.join(kept)}")
    if len(kept) < len(folders) or not closed:
        print("the nodes are down; their jobs and temporary files are gone")


def _seen(cluster: Cluster) -> Cluster:
    """With what its nodes say now."""
    cluster.refresh()
    return cluster


# --- their arguments --------------------------------------------------------------------------------------------------


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise ArgumentTypeError(f"{text} is not a port: 0 to 65535, 0 for any free one")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    domain, _, container = text.partition("=")
    if not (domain and container):
        raise ArgumentTypeError(f"{text} is not DOMAIN=CONTAINER")
    return domain, container


def _told() -> Callable[[str], None]:
    """Prints what it hears, a line each; what begins with a carriage return takes the place of the like before it."""
    passing = False

    def tell(text: str) -> None:
        nonlocal passing
        if passing and not text.startswith("\r"):
            print()
        passing = text.startswith("\r")
        print(f"{text:<100}" if passing else text, end="" if passing else "\n", flush=True)

    return tell


_BROUGHT_UP = {
    "image": "Kuscia's image; without a tag, it has that of --version",
    "version": "Kuscia's version, such as 1.1.0b0",
    "memory": "for each node, such as 6GiB; -1 for no limit",
    "ttp_image": "the TTP's image",
    "operator_image": "ss-lr's image",
    "name": "the first part of the containers' names; yours, if nothing is said",
}
"""Of nodes in containers that are not there yet; what `Plan.read` takes."""

UP = (
    argument(
        "--http",
        "open the BFIA ports on 127.0.0.1: alice's at PORT, bob's at a free one",
        nargs="?",
        type=_port,
        const=_ANY_PORT,
        metavar="PORT",
    ),
    argument("--node", "this kernel has this node alone", metavar="NAME"),
    *(argument(flag, **how) for flag, how in FLAGS.items()),
    argument(
        "--token",
        "every call has to show kn.connect().http_token, as Authorization: Bearer",
        action="store_true",
    ),
    argument(
        "--kubeconfig",
        "open the nodes to kubectl on this machine; the file, removed at the end, has the key",
        nargs="?",
        const="",
        metavar="FILE",
    ),
    argument("--backend", "where the nodes run: here, or in containers", choices=("local", "docker"), default="local"),
    argument(
        "--nodes",
        "which containers the nodes are",
        nargs="+",
        type=_pair,
        default=(),
        metavar="DOMAIN=CONTAINER",
    ),
    *(argument(f"--{name.replace('_', '-')}", f"bring up: {what}") for name, what in _BROUGHT_UP.items()),
)
DOWN = (argument("--name", "also what was brought up under this name"),)
