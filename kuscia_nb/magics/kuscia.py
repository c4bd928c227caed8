"""`%kuscia`: start and stop the nodes, look at them, copy files, read results and documentation."""

from __future__ import annotations

import shlex
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

from ..backends.flags import FLAGS, said
from .commands import Command, argument, run
from .options import interpolated, variables

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NAME = "kuscia"
_ANY_PORT = -1


@no_var_expand  # {{name}} is a variable, and nothing else is
def kuscia(line: str) -> object:
    """Start and stop the nodes, look at them, copy files, read results and documentation.

    `%kuscia` lists its commands, `%kuscia COMMAND --help` explains one of them. For example:

        %kuscia status
        %kuscia cp my.csv alice:data/
        %kuscia explain ss_lr.batch_size
        %kuscia trace job-ss-lr

    `{{name}}` is the value of that variable.
    """
    return run(NAME, COMMANDS, interpolated(line, variables(get_ipython()), magic="%kuscia "))


# --- the commands: each is one call, and its docstring is its help ---------------------------------------------------


def _up(arguments: Namespace) -> object:
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
    from ..errors import KusciaError

    if arguments.node is not None:
        from ..connection import connect

        connect("node", name=arguments.node, **said(arguments))
        return _status(arguments)
    if given := [name for name in said(arguments) if name != "peers" or arguments.peer]:
        raise KusciaError(f"{', '.join(given)}: for a node alone", hint="--node NAME with it")

    from ..connection import bring_up, connect

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
    return _status(arguments)


def _status(arguments: Namespace) -> object:
    """Show the nodes, their jobs, and what the TTP has done."""
    from ..connection import connect
    from ..views.status import status

    cluster = connect()
    cluster.refresh()
    return status(cluster)


def _peers(arguments: Namespace) -> object:
    """Show the peers of the node that is here: reachable or not, who they are, clock, version, round trip."""
    from ..connection import connect
    from ..views.status import peers

    return peers(connect())


def _doctor(arguments: Namespace) -> object:
    """Check the node that is here: address, folder, identity, each peer, the TTP; one line each, with a remedy.

    Before a node is up, `kuscia-nb doctor` in a terminal does the same.
    """
    from ..connection import connect
    from ..views.status import doctor

    return doctor(connect())


def _approve(arguments: Namespace) -> None:
    """Let a peer's job run that waits for it, on a node with --accept ask.

    For example:

        %kuscia approve job-ss-lr
    """
    from ..connection import connect

    connect().approve(arguments.job)
    print(f"{arguments.job} is approved")


def _refuse(arguments: Namespace) -> None:
    """End a peer's job that waits to be approved, on both nodes.

    For example:

        %kuscia refuse job-ss-lr
    """
    from ..connection import connect

    connect().refuse(arguments.job)
    print(f"{arguments.job} is refused")


def _down(arguments: Namespace) -> None:
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


def _use(arguments: Namespace) -> None:
    """Choose the node that %kubectl and %kuscia data are for; without NODE, say which it is.

    For example:

        %kuscia use bob
        %kubectl get kj -n cross-domain
    """
    from ..connection import connect

    cluster = connect()
    if arguments.node is not None:
        cluster.use(arguments.node)
    print(f"%kubectl and %kuscia data are for {cluster.node}")


def _data(arguments: Namespace) -> object:
    """List a node's data files, or show one of them as a frame.

    For example:

        %kuscia data                              of the node in use
        %kuscia data alice
        frame = %kuscia data alice perfect_logit_a.csv
        %kuscia data alice /home/kuscia/var/storage/data/perfect_logit_a.csv
    """
    from ..connection import connect

    cluster = connect()
    node = arguments.node or cluster.node
    frame = cluster.data(node, arguments.file)
    return frame if arguments.file else frame.rename_axis(columns=f"{node}: data/")


def _cp(arguments: Namespace) -> None:
    """Copy a file into a node's data folder, or out of a node's storage. On that node only.

    For example:

        %kuscia cp my.csv alice:data/
        %kuscia cp my.csv alice:data/other.csv
        %kuscia cp alice:data/perfect_logit_a.csv .
        %kuscia cp bob:job-ss-lr-guest-0/job-ss-lr-26e3489ac66e-result share.txt
    """
    from ..connection import connect
    from ..data.copy import copy

    print(copy(arguments.source, arguments.target, connect().nodes))


def _result(arguments: Namespace) -> object:
    """Show what a job has written: each side's shares, and the weights that they add up to.

    For example:

        %kuscia result job-ss-lr
        %kuscia result job-ss-lr --node alice     her own share alone, which says nothing
    """
    from ..connection import connect
    from ..views.result import result

    cluster = connect()
    return result(cluster.job(arguments.job), cluster.nodes, arguments.node)


def _trace(arguments: Namespace) -> object:
    """Show what a job's parties sent and computed, step by step; or a trace that was saved in a file.

    A job that was started with --trace full has the numbers of every step. For example:

        %kuscia trace job-ss-lr
        %kuscia trace lesson.trace
        trace = %kuscia trace job-ss-lr
    """
    from ..connection import connect
    from ..trace.find import find

    return find(arguments.trace, lambda name: connect().job(name).trace)


def _explain(arguments: Namespace) -> None:
    """Document a manifest's fields, or an operator's parameters.

    For example:

        %kuscia explain ss_lr
        %kuscia explain ss_lr.batch_size
        %kuscia explain kusciajob.spec.tasks.taskInputConfig
        %kuscia explain kj --recursive
    """
    from ..control.explain import explain

    print(explain(arguments.path, arguments.recursive))


def _operators(arguments: Namespace) -> object:
    """List the operators that a task can run."""
    from ..operators import OPERATORS
    from ..views.status import operators

    return operators(OPERATORS.values())


def _template(arguments: Namespace) -> None:
    """Write a cell with a job for your own two files: align, train, predict, evaluate.

    psi-lr aligns both files by their ids first; lr takes files whose rows are in the same order. For example:

        %kuscia template psi-lr --alice shop.csv --bob bank.csv --id customer
        %kuscia template lr --label bob
    """
    from ..templates import template

    text = template(
        arguments.template,
        alice=arguments.alice,
        bob=arguments.bob,
        id_column="" if arguments.template == "lr" and arguments.id == "id" else arguments.id,
        label_owner=arguments.label,
    )
    shell = get_ipython()
    assert shell is not None  # or there is no magic
    shell.set_next_input(f"%%kusciajob\n{text.rstrip()}")


def _nodes(arguments: Namespace) -> object:
    """List the nodes, and where their files are."""
    from ..connection import connect
    from ..views.status import nodes

    return nodes(connect())


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
_NODE = argument("node", "alice or bob", nargs="?")

COMMANDS = {
    "up": Command(
        _up,
        (
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
            argument(
                "--backend", "where the nodes run: here, or in containers", choices=("local", "docker"), default="local"
            ),
            argument(
                "--nodes",
                "which containers the nodes are",
                nargs="+",
                type=_pair,
                default=(),
                metavar="DOMAIN=CONTAINER",
            ),
            *(argument(f"--{name.replace('_', '-')}", f"bring up: {what}") for name, what in _BROUGHT_UP.items()),
        ),
    ),
    "status": Command(_status),
    "peers": Command(_peers),
    "doctor": Command(_doctor),
    "approve": Command(_approve, (argument("job", "the name of a job that waits"),)),
    "refuse": Command(_refuse, (argument("job", "the name of a job that waits"),)),
    "down": Command(_down, (argument("--name", "also what was brought up under this name"),)),
    "use": Command(_use, (_NODE,)),
    "data": Command(_data, (_NODE, argument("file", "one of its data files", nargs="?"))),
    "cp": Command(
        _cp,
        (
            argument("source", "a file of yours, or NODE:PATH below the node's storage"),
            argument("target", "NODE:data/ or NODE:data/NAME, or a file or folder of yours"),
        ),
    ),
    "result": Command(
        _result, (argument("job", "the job's name"), argument("--node", "only this node's files", metavar="NODE"))
    ),
    "trace": Command(_trace, (argument("trace", "a job's name, or a file that trace.save() has written"),)),
    "explain": Command(
        _explain,
        (
            argument("path", "KIND[.FIELD...], or OPERATOR[.PARAMETER]"),
            argument("--recursive", "the names and types of all fields below it", action="store_true"),
        ),
    ),
    "operators": Command(_operators),
    "template": Command(
        _template,
        (
            argument("template", "psi-lr or lr", nargs="?", default="psi-lr"),
            argument("--alice", "alice's data file", metavar="FILE", default="alice.csv"),
            argument("--bob", "bob's data file", metavar="FILE", default="bob.csv"),
            argument("--id", "the column with ids", metavar="COLUMN", default="id"),
            argument("--label", "whose file has the label, in its last column", metavar="NODE", default="alice"),
        ),
    ),
    "nodes": Command(_nodes),
}


def register(shell: InteractiveShell) -> None:
    """Make the magic known to this shell."""
    shell.magics_manager.register_function(kuscia, "line", NAME)


def unregister(shell: InteractiveShell) -> None:
    """Leave no trace of the magic in this shell."""
    manager = shell.magics_manager
    manager.magics["line"].pop(NAME, None)
    with suppress(AttributeError):
        delattr(manager.user_magics, NAME)
