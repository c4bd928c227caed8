"""kubectl delete: what is deleted takes what it owns with it, on this node."""

from __future__ import annotations

from collections.abc import Sequence

from ..kinds import Kind
from ..node import Node
from ..objects import CROSS_DOMAIN
from ..resources import KusciaJob
from .call import GROUP, Call, title
from .files import FILENAME, RECURSIVE, written
from .flags import Flag
from .get import ALL_NAMESPACES, IGNORE_NOT_FOUND, SELECTOR
from .output import KubectlError
from .targets import Target, not_found, on_node, selected

ALL = Flag("all", "every object of the kind", kind="bool")

FLAGS = (
    FILENAME,
    RECURSIVE,
    ALL,
    SELECTOR,
    ALL_NAMESPACES,
    IGNORE_NOT_FOUND,
    Flag("all-nodes", "on every node, not just on one (not a flag of kubectl's own)", kind="bool"),
    Flag("output", "name: only the names", "o"),
    Flag("wait", "objects are gone at once in any case", kind="bool", default=True),
    Flag("now", "objects are gone at once in any case", kind="bool"),
)

Single = tuple[Kind, str]
"""One object, by its kind and name."""

NOTHING_NAMED = (
    "error: You must provide one or more resources by argument or filename.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n"
    "   '--filename=rsrc.json'\n"
    "   '<resource> <name>'\n"
    "   '<resource>'"
)


def delete(call: Call) -> None:
    """Delete what the line names, or what its files do."""
    if call.flags["output"] not in ("", "name"):
        what = f"error: unexpected -o output mode: {call.flags['output']}. We only support '-o name'"
        raise KubectlError(what, hint="-o name")
    nodes = list(call.nodes.values()) if call.flags["all-nodes"] else [call.node]
    during: dict[Single, str] = {}
    if call.flags["filename"]:
        for one in written(call):
            during[one.kind, one.object.name] = f'error when deleting "{one.file}": '
        call.flags["namespace"] = CROSS_DOMAIN  # where all that has a namespace is
    elif not call.args:
        raise KubectlError(NOTHING_NAMED, hint=f"kubectl delete kj NAME -n {CROSS_DOMAIN}")
    singles = list(during) or _named(call, nodes)
    there = {single: [node for node in nodes if on_node(call, node, Target(*single))] for single in singles}
    for (kind, name), having in there.items():
        for node in having:
            node.delete(kind.model, name)  # or it has gone with what owns it
            call.print(_gone(call, kind, name, node))
        if not having and not call.flags["ignore-not-found"]:
            call.fail(not_found(call, kind, name, during.get((kind, name), "")))
        elif not call.flags["all-nodes"]:
            _say_who_has_it(call, kind, name)
    if not singles:
        call.print("No resources found\n")


def _named(call: Call, nodes: Sequence[Node]) -> list[Single]:
    """Every single object that the arguments mean."""
    singles: list[Single] = []
    for kind, name in selected(call).items:
        names = [name] if name else [found.name for node in nodes for found in on_node(call, node, Target(kind))]
        singles += [(kind, name) for name in dict.fromkeys(names)]
    return singles


def _gone(call: Call, kind: Kind, name: str, node: Node) -> str:
    if call.flags["output"] == "name":
        return title(kind, name) + "\n"
    where = f" on {node.domain}" if call.flags["all-nodes"] else ""
    return f'{kind.singular}.{GROUP} "{name}" deleted{where}\n'


def _say_who_has_it(call: Call, kind: Kind, name: str) -> None:
    """A job that is left on another node keeps a new one of that name from being made (spec: kuscia §3.8)."""
    others = call.others(kind, name)
    if kind.model is KusciaJob and others:
        still = f"{' and '.join(others)} still {'has' if len(others) == 1 else 'have'} {name}"
        again = f"kubectl delete kj {name} -n {CROSS_DOMAIN} --all-nodes"
        call.hints.append(f"{still}: a new job of this name would fail there; {again}")
