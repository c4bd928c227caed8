"""`%kuscia`: start and stop the nodes, look at them, copy files, read results and documentation."""

from __future__ import annotations

from argparse import Namespace
from contextlib import suppress
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

from .commands import Command, argument, run
from .options import interpolated, variables
from .up import DOWN, UP, down, up

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NAME = "kuscia"


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


_NODE = argument("node", "alice or bob", nargs="?")

COMMANDS = {
    "up": Command(up, UP),
    "status": Command(_status),
    "peers": Command(_peers),
    "doctor": Command(_doctor),
    "approve": Command(_approve, (argument("job", "the name of a job that waits"),)),
    "refuse": Command(_refuse, (argument("job", "the name of a job that waits"),)),
    "down": Command(down, DOWN),
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
