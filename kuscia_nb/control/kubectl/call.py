"""One kubectl line while it runs: what it asks for, where it looks, and what it has said so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import KusciaError
from ..kinds import Kind
from ..node import Node
from ..objects import CROSS_DOMAIN, Object
from .output import KubectlError, Output, Rows

GROUP = "kuscia.secretflow"


@dataclass
class Call:
    """What a command works with, and what it leaves."""

    line: str
    command: str
    args: list[str]
    flags: dict[str, Any]
    node: Node
    nodes: Mapping[str, Node]
    stdin: str | None = None
    emit: Callable[[str], None] | None = None

    text: str = ""
    objects: list[Object] = field(default_factory=list)
    tables: list[Rows] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    errors: list[KusciaError] = field(default_factory=list)
    streamed: bool = False
    stdin_read: bool = False

    def print(self, text: str) -> None:
        """Add text to what the line prints at its end."""
        self.text += text

    def stream(self, text: str) -> None:
        """Add text that can be seen at once."""
        self.text += text
        if self.emit is not None:
            self.streamed = True
            self.emit(text)

    def fail(self, error: KusciaError) -> None:
        """Remember what went wrong, and go on: kubectl does what it can before it fails."""
        self.errors.append(error)

    def output(self) -> Output:
        """All of it; raises what went wrong, after what was printed before is handed out."""
        if self.errors:
            if self.text and not self.streamed and self.emit is not None:
                self.emit(self.text)
            raise self.errors[0] if len(self.errors) == 1 else _together(self.errors)
        return Output(
            self.line, self.text, tuple(self.objects), tuple(self.tables), tuple(self.hints), streamed=self.streamed
        )

    @property
    def namespace(self) -> str:
        return self.flags["namespace"] or "default"

    @property
    def all_namespaces(self) -> bool:
        return self.flags.get("all-namespaces", False)

    def namespace_shows(self, kind: Kind) -> bool:
        """Whether the line looks where objects of this kind are."""
        return not kind.namespaced or self.all_namespaces or self.namespace == CROSS_DOMAIN

    def others(self, kind: Kind, name: str) -> list[str]:
        """The other nodes that have an object of this name."""
        return [
            domain
            for domain, node in self.nodes.items()
            if node is not self.node and node.store.get(kind.model, name) is not None
        ]


def _together(errors: list[KusciaError]) -> KubectlError:
    """One error for several."""
    hints = dict.fromkeys(error.hint for error in errors if error.hint)
    where = "\n".join(error.where for error in errors if error.where)
    return KubectlError("\n".join(error.what for error in errors), where=where, hint="; ".join(hints))


def resource(kind: Kind) -> str:
    """kusciajobs.kuscia.secretflow"""
    return f"{kind.plural}.{GROUP}"


def title(kind: Kind, name: str) -> str:
    """kusciajob.kuscia.secretflow/job-ss-lr"""
    return f"{kind.singular}.{GROUP}/{name}"
