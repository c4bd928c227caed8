"""What a cluster is made of, as a person's objects, the views and the panel see it: a backend and its nodes.

`backends.local` has both nodes in this process. Whoever has others writes these two, and nothing else has to know; a
control plane of this package, where there is one, starts the programs with a third: `control.agent`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..control.kubectl import Output
    from ..control.store import Objects
    from ..data.files import Folder
    from ..observer.observer import Observer
    from ..observer.runs import Matter, Run
    from ..operators.results import Ran
    from ..options import Options
    from .doctor import Check

PATIENCE = 4.0
"""Seconds for which the end of a stopped program is awaited. It ends at its next message; one that computes without an
end never does, for Python cannot end a thread. Whoever deletes its job has waited for less than 5."""


class NodeApi(Protocol):
    """A node as others see it."""

    @property
    def domain(self) -> str:
        """The domain that it is of."""
        ...

    @property
    def store(self) -> Objects:
        """Its objects, to read and to hear of."""
        ...

    @property
    def storage(self) -> Folder:
        """Its files: `data/`, and a folder for each job's results."""
        ...

    def logs(self, task_id: str) -> str:
        """What its program of a task has logged, a line each; empty if it has not run here."""
        ...

    def put(self, name: str, content: BinaryIO) -> Any:
        """Keep a data file, seen whole or not at all; returns where it is."""
        ...


class Work(Protocol):
    """What a trusted third party has done so far."""

    @property
    def opened(self) -> int:
        """Sessions."""
        ...

    @property
    def requests(self) -> int:
        """Of all kinds."""
        ...

    @property
    def bytes(self) -> int:
        """Of corrections."""
        ...


class NoWork:
    """What is known of a trusted third party that others run, or that is a container like others: nothing."""

    opened = requests = bytes = 0


class Seen(NamedTuple):
    """What is known of a peer after a look at it."""

    name: str
    url: str
    error: str = ""
    """Why it was not reached, or is not who it should be; empty, if all is well."""
    version: str = ""
    clock: float = 0.0
    """Seconds that its clock is ahead of the one here."""
    round_trip: float = 0.0
    """Seconds from the question to the answer."""
    fingerprint: str = ""
    """Of its certificate; empty, if nothing is encrypted."""
    way: str = ""
    """How requests get here or there, if one of the two sides listens nowhere."""


@runtime_checkable
class Examined(Protocol):
    """What a backend has that can be looked at by `doctor`."""

    def examine(self) -> Iterable[Check]:
        """Check one thing after the other, the nearest first."""
        ...


@runtime_checkable
class Alone(Protocol):
    """What a backend has whose node is alone here, and whose peers are other people's."""

    @property
    def warnings(self) -> Sequence[str]:
        """What has to be shown for as long as the node is up."""
        ...

    @property
    def peers(self) -> Collection[str]:
        """The domains of the nodes that are elsewhere."""
        ...

    def look(self) -> list[Seen]:
        """See whether the peers are there, and who they are."""
        ...

    def approve(self, name: str) -> None:
        """Let a peer's job run that waits for it. JobError, if it does not."""
        ...

    def refuse(self, name: str) -> None:
        """End a peer's job that waits to be approved. JobError, if it does not wait."""
        ...


@runtime_checkable
class Served(Protocol):
    """What a backend has whose nodes are in this process: their objects can be seen by Kubernetes' own programs."""

    def open_api(self, file: Path | None = None) -> Path:
        """Serve each node's objects on a port of this machine, to who has the key in the kubeconfig; where that is."""
        ...

    def close_api(self) -> None:
        """Close the ports."""
        ...


class Backend(Protocol):
    """Nodes, what is known of their jobs, and what can be done with both."""

    @property
    def kind(self) -> str:
        """In a word: local, ..."""
        ...

    @property
    def nodes(self) -> Mapping[str, NodeApi]:
        """By domain; the first one is asked unless another one is named."""
        ...

    @property
    def observer(self) -> Observer:
        """What is known of the jobs on all nodes."""
        ...

    @property
    def unknown(self) -> Mapping[Matter, str]:
        """What cannot be known here, and why."""
        ...

    def reader(self, operator: str) -> Callable[[Ran], Any] | None:
        """What reads the results of an operator that ran here, if anything does."""
        ...

    @property
    def ttp(self) -> Work:
        """What the trusted third party has done."""
        ...

    @property
    def urls(self) -> dict[str, str]:
        """Of each node's BFIA API, where it is open."""
        ...

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        ...

    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Run:
        """Check a job and start it on its initiator's node."""
        ...

    def submit(self, request: str | Mapping[str, Any], options: Options) -> Run:
        """`apply` for a BFIA create-job request."""
        ...

    def stop(self, run: Run) -> None:
        """Stop a job on all nodes, without waiting for its end."""
        ...

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on all nodes. Its result files stay."""
        ...

    def elsewhere(self, run: Run, task_id: str) -> Mapping[str, Folder | str]:
        """For each party whose node is not here: its result of a task, if it was revealed; else why it is not here."""
        ...

    def reveal(self, run: Run, task_id: str) -> None:
        """Send and take what the parties have agreed to reveal of a task. JobError, if that is nothing."""
        ...

    def kubectl(self, line: str, node: str, stdin: str | None, emit: Callable[[str], None] | None) -> Output:
        """What stands behind `kubectl` on a command line, on a node."""
        ...

    def refresh(self) -> None:
        """Look at the nodes, where they do not tell by themselves of all that happens on them."""
        ...

    @property
    def token(self) -> str:
        """What every call of these has to show; empty, if nothing is asked for."""
        ...

    def open_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """Serve each node's BFIA API on a port of this machine, to all or to who has the token: URLs by domain."""
        ...

    def close_http(self) -> None:
        """Close the ports."""
        ...

    def close(self) -> None:
        """Stop all jobs, and leave nothing behind."""
        ...
