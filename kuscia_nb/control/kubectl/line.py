"""A kubectl line from its words to its output."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from ...errors import KusciaError
from ...problems import choice, nearest
from ..node import Node
from .call import Call
from .commands import COMMANDS, ELSEWHERE, Command, overview
from .flags import COMMON, Parsed, parse
from .output import KubectlError, Output

_SHELL = frozenset(("|", ">", ">>", "<", "<<", "&&", "||", ";", "&"))


def run(
    line: str | Sequence[str],
    nodes: Mapping[str, Node],
    *,
    node: str = "alice",
    stdin: str | None = None,
    emit: Callable[[str], None] | None = None,
) -> Output:
    """Do what stands after `kubectl` on a command line, on one of the nodes.

    `--node NAME` in the line goes before `node`; `stdin` is for `-f -`; `emit` gets the text of what goes on (-w, -f)
    while it comes, and what was printed before an error. KubectlError has kubectl's own text in `what`, and a hint.
    """
    words = words_of(line)
    shown = shlex.join(["kubectl", *words])
    before = parse(words, COMMON, "", only_leading=True)
    if before.values["help"] or not before.args or before.args[0] == "help":
        return Output(shown, _help(before.args[1:]))
    name, *rest = before.args
    command = _command(name)
    parsed = parse([*_as_words(before), *rest], command.all_flags, name)
    if parsed.values["help"]:
        return Output(shown, command.help())
    on = _node(parsed.values["node"] or node, nodes)
    call = Call(shown, name, parsed.args, parsed.values, on, nodes, stdin, emit)
    try:
        command.run(call)
    except KusciaError as error:
        call.fail(error)
    if stdin is not None and stdin.strip() and not call.stdin_read:
        call.hints.append("the text below the line was not read: only -f - does that")
    return call.output()


def words_of(line: str | Sequence[str]) -> list[str]:
    """The words as a shell would split them; `kubectl` in front of them is left out."""
    if isinstance(line, str):
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise KubectlError(f"error: {error}: {line}", hint="quotes come in pairs") from None
    else:
        words = list(line)
    used = next((word for word in words if word in _SHELL or word.startswith(("$(", "<<"))), None)
    if used is not None:
        hint = "text = %kubectl ... and str(text), or %%kubectl apply -f - with the text below the line"
        raise KubectlError(f"error: {used} is for a shell, and this line is not given to one", hint=hint)
    return words[1:] if words[:1] == ["kubectl"] else words


def _as_words(before: Parsed) -> list[str]:
    """The flags that stood before the command, as if they stood behind it."""
    return [f"--{name}={value}" for name, value in before.values.items() if value]


def _help(names: Sequence[str]) -> str:
    return _command(names[0]).help() if names else overview()


def _command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    if name in ELSEWHERE:
        raise KubectlError(f"error: kubectl {name} is not for the nodes in this process", hint=ELSEWHERE[name])
    near = nearest(name, COMMANDS)
    meant = f"\n\nDid you mean this?\n\t{near}" if near else ""
    raise KubectlError(f'error: unknown command "{name}" for "kubectl"{meant}', hint=choice(name, COMMANDS))


def _node(name: str, nodes: Mapping[str, Node]) -> Node:
    if name not in nodes:
        raise KubectlError(f"error: there is no node {name}", hint=choice(name, nodes))
    return nodes[name]
