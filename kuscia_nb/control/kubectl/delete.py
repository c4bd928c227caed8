"""kubectl delete: what is deleted takes what it owns with it, on this node."""

from __future__ import annotations

from collections.abc import Sequence

from ..meta import CROSS_DOMAIN
from ..node import Node
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
    during: dict[Target, str] = {}
    nodes = list(call.nodes.values()) if call.flags["all-nodes"] else [call.node]
    if call.flags["filename"]:
        for one in written(call):
            during[Target(one.kind, one.object.name)] = f'error when deleting "{one.file}": '
        call.flags["namespace"] = CROSS_DOMAIN  # where all that has a namespace is
    elif not call.args:
        raise KubectlError(NOTHING_NAMED, hint=f"kubectl delete kj NAME -n {CROSS_DOMAIN}")
    items = list(during) or _named(call, nodes)
    there = {target: [node for node in nodes if on_node(call, node, target)] for target in items}
    for target, having in there.items():  # some may go with others, which have them
        for node in having:
            node.delete(target.kind.model, target.name or "")
            _say(call, target, node)
        if not having and not call.flags["ignore-not-found"]:
            call.fail(not_found(call, target.kind, target.name or "", during.get(target, "")))
        elif not call.flags["all-nodes"]:
            _say_who_has_it(call, target)
    if not items:
        call.print("No resources found\n")


def _named(call: Call, nodes: Sequence[Node]) -> list[Target]:
    """Every single object that the arguments mean."""
    items: list[Target] = []
    for target in selected(call).items:
        if target.name is not None:
            items.append(target)
            continue
        names = [found.name for node in nodes for found in on_node(call, node, target)]
        items += [Target(target.kind, name) for name in dict.fromkeys(names)]
    return items


def _say(call: Call, target: Target, node: Node) -> None:
    where = f" on {node.domain}" if call.flags["all-nodes"] else ""
    if call.flags["output"] == "name":
        call.print(title(target.kind, target.name or "") + "\n")
    else:
        call.print(f'{target.kind.singular}.{GROUP} "{target.name}" deleted{where}\n')


def _say_who_has_it(call: Call, target: Target) -> None:
    """A job that is left on another node keeps a new one of that name from being made (spec: kuscia §3.8)."""
    name = target.name or ""
    others = call.others(target.kind, name)
    if target.kind.model is KusciaJob and others:
        still = f"{' and '.join(others)} still {'has' if len(others) == 1 else 'have'} {name}"
        again = f"kubectl delete kj {name} -n {CROSS_DOMAIN} --all-nodes"
        call.hints.append(f"{still}: a new job of this name would fail there; {again}")
