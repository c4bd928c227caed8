"""A kubectl line for a node's own kubectl: its text untouched, its exit code as an error.

What is ours in the line is which node it is for, and where the words of a local file come from.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from ...control.kubectl import KubectlError, Output, Rows
from ...control.kubectl.line import words_of
from ...data.files import typed
from ...problems import choice
from .node import DockerNode

READING = frozenset(
    ("get", "describe", "logs", "explain", "api-resources", "api-versions", "version", "config", "top", "auth", "diff")
)
"""Commands after which nothing is different."""


class Line(NamedTuple):
    """What was asked."""

    words: list[str]
    """For kubectl."""
    nodes: list[DockerNode]
    stdin: str | None
    goes_on: bool
    """Whether it is one whose text comes bit by bit."""

    @property
    def changes(self) -> bool:
        """Whether something may be different after it."""
        return next((word for word in self.words if not word.startswith("-")), "get") not in READING


def parsed(line: str, nodes: Mapping[str, DockerNode], node: str, stdin: str | None) -> Line:
    """A line's words without what is ours in them. KubectlError, if it names a node that is not there."""
    words, asked, everywhere = words_of(line), node, False
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--all-nodes":
            everywhere = True
        elif word == "--node" or word.startswith("--node="):
            asked = word.partition("=")[2] or next(rest, "")
        else:
            kept.append(word)
    if asked not in nodes:
        raise KubectlError(f"error: there is no node {asked}", hint=choice(asked, nodes))
    chosen = list(nodes.values()) if everywhere else [nodes[asked]]
    goes_on = bool({"-w", "--watch", "--watch=true", "--watch-only"} & set(kept)) or (
        kept[:1] == ["logs"] and bool({"-f", "--follow"} & set(kept))
    )
    if kept[:1] != ["logs"]:
        kept, stdin = _local_file(kept, stdin)
    return Line(kept, chosen, stdin, goes_on)


def run(line: Line, emit: Callable[[str], None] | None) -> Output:
    """What the nodes' kubectls say, one after the other. KubectlError, with kubectl's own text, if one fails."""
    shown, text, streamed = shlex.join(["kubectl", *line.words]), "", False
    hints: tuple[str, ...] = ()
    for node in line.nodes:
        argv = ["kubectl", *line.words]
        if line.goes_on:
            said, interrupted = _follow(node, argv, emit)
            text, streamed = text + said, emit is not None
            hints = ("interrupted; what goes on goes on without being watched",) if interrupted else ()
            continue
        ran = node.exec.run(argv, None if line.stdin is None else line.stdin.encode(), None)
        if ran.code:
            if text + ran.text and emit is not None:
                emit(text + ran.text)
            raise KubectlError(ran.complaint or f"exit code {ran.code}", where=f"{shown} on {node.domain}")
        text += ran.text
    found = Output(shown, text, hints=hints, streamed=streamed)
    return replace(found, tables=(table,)) if (table := _table(line, text)) else found


def _follow(node: DockerNode, argv: list[str], emit: Callable[[str], None] | None) -> tuple[str, bool]:
    """What a line says until it ends, or until it is interrupted."""
    stream, text, interrupted = node.exec.follow(argv), "", False
    try:
        for printed in stream:
            text += (said := printed.decode("utf-8", "replace"))
            if emit is not None:
                emit(said)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        stream.close()
    if not interrupted and (code := stream.exit_code):
        raise KubectlError(stream.errors.decode("utf-8", "replace").strip() or f"exit code {code}")
    return text, interrupted


def _local_file(words: list[str], stdin: str | None) -> tuple[list[str], str | None]:
    """A file of this machine in the line becomes the text that kubectl reads."""
    kept = list(words)
    for place, word in enumerate(words):
        separate = word in ("-f", "--filename")
        path = words[place + 1] if separate and place + 1 < len(words) else _joined(word)
        if path and path != "-" and not re.match(r"https?://", path):
            with suppress(OSError, ValueError):
                stdin = typed(path).read_text("utf-8")
                kept[place : place + 1 + separate] = ["-f", "-"]
                break
            raise KubectlError(f'error: the path "{path}" does not exist', hint="a file of this machine, or -f -")
    return kept, stdin


def _joined(word: str) -> str:
    """The path in -fPATH or --filename=PATH."""
    found = re.fullmatch(r"(?:-f=?|--filename=)(.+)", word)
    return found[1] if found else ""


def _table(line: Line, text: str) -> Rows | None:
    """The table that `get` prints, by the columns of its header."""
    head, *rows = text.splitlines() or [""]
    if line.words[:1] != ["get"] or len(line.nodes) > 1 or line.goes_on or not re.match(r"[A-Z][A-Z0-9 -]*$", head):
        return None
    starts = [found.start() for found in re.finditer(r"\S+(?: \S+)*", head)]
    if any(len(row) < starts[0] for row in rows) or "" in rows:
        return None
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    cells = [tuple(row[start:end].strip() for start, end in spans) for row in (head, *rows)]
    return Rows(cells[0], tuple(cells[1:]))
