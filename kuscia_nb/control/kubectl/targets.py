"""Which objects a line means: kj, kj NAME, kj/NAME, kj,kt, -l a selector (as kubectl's resource builder reads them)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...problems import choice, nearest
from ..kinds import KINDS, Kind
from ..node import Node
from ..objects import CROSS_DOMAIN, Object
from .call import GROUP, Call, resource
from .output import KubectlError
from .selectors import selector

VERSION = "v1alpha1"
ALL = "all"
"""A word for several kinds, none of which is Kuscia's."""

_ELSEWHERE = {
    "pod": "kubectl get kt NAME -n cross-domain -o yaml, whose status has the pods; kubectl logs POD",
    "namespace": f"jobs and tasks are in the namespace {CROSS_DOMAIN}",
    "node": "kubectl get domain; --node bob asks bob",
    "clusterdomainroute": "kubectl get domain: the nodes are in this process and need no routes",
    "event": "kubectl get kj NAME -n cross-domain -o yaml, whose status has the conditions",
}
_SHORT = {"po": "pod", "ns": "namespace", "no": "node", "cdr": "clusterdomainroute", "ev": "event"}


class Target(NamedTuple):
    """One object, or all of a kind."""

    kind: Kind
    name: str | None = None


class Targets(NamedTuple):
    """What the arguments mean. `kinds` are those that were asked for, `single` if that is one object."""

    items: list[Target]
    kinds: list[Kind]
    single: bool


def kind_named(word: str) -> Kind:
    """The kind of a name that kubectl takes: kj, KusciaJob, kusciajobs, kusciajobs.kuscia.secretflow, ..."""
    name = word.lower().removesuffix(f".{GROUP}").removesuffix(f".{VERSION}")
    for kind in KINDS:
        if name in kind.names:
            return kind
    singular = _SHORT.get(name, name.removesuffix("s"))
    hint = _ELSEWHERE.get(singular) or choice(name, [name for kind in KINDS for name in kind.names])
    raise KubectlError(f'error: the server doesn\'t have a resource type "{word}"', hint=hint)


def targets(args: Sequence[str]) -> Targets:
    """The objects that the arguments name."""
    if any("/" in arg for arg in args):
        items = [_pair(arg, args) for arg in args]
        return Targets(items, _kinds(items), single=len(items) == 1)
    words = args[0].split(",") if args else []
    kinds = [kind_named(word) for word in words if word != ALL]
    names = list(args[1:])
    items = [Target(kind, name) for kind in kinds for name in names] if names else [Target(kind) for kind in kinds]
    return Targets(items, kinds, single=len(kinds) == len(names) == 1)


def _pair(arg: str, args: Sequence[str]) -> Target:
    """kj/NAME"""
    kind, slash, name = arg.partition("/")
    if not slash:
        what = (
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of "
            "'kubectl get resource resource/<resource_name>'"
        )
        others = [other for other in args if "/" in other]
        raise KubectlError(f"error: {what}", hint=" ".join(others))
    if "/" in name:
        raise KubectlError("error: arguments in resource/name form may not have more than one slash")
    if not kind or not name:
        raise KubectlError("error: arguments in resource/name form must have a single resource and name")
    return Target(kind_named(kind), name)


def _kinds(items: Iterable[Target]) -> list[Kind]:
    return list(dict.fromkeys(item.kind for item in items))


def selected(call: Call, *, everything: bool = False) -> Targets:
    """`targets` of the line, checked against its selector; `everything`: kinds alone mean all of their objects."""
    wanted = targets(call.args)
    named = any(item.name is not None for item in wanted.items)
    chosen = bool(call.flags.get("selector")) or call.flags.get("all", False)
    if named and chosen:
        raise KubectlError("error: name cannot be provided when a selector is specified", hint="a name or a selector")
    if named and call.all_namespaces:
        what = "error: a resource cannot be retrieved by name across all namespaces"
        raise KubectlError(what, hint=f"-n {CROSS_DOMAIN} instead of -A")
    if wanted.items and not (named or chosen or everything):
        what = "error: resource(s) were provided, but no name was specified"
        raise KubectlError(what, hint=f"a name, {wanted.kinds[0].names[0]}/NAME or --all")
    return wanted


def find(call: Call, target: Target) -> list[Object]:
    """The objects of a target. One that is not there is noted as an error, and left out."""
    found = on_node(call, call.node, target)
    if not found and target.name is not None and not call.flags.get("ignore-not-found", False):
        call.fail(not_found(call, target.kind, target.name))
    return found


def on_node(call: Call, node: Node, target: Target) -> list[Object]:
    """The objects of a target on a node, as far as the line's namespace shows them."""
    kind, name = target
    if not call.namespace_shows(kind):
        return []
    if name is not None:
        one = node.store.get(kind.model, name)
        return [] if one is None else [one]
    matches = selector(call.flags.get("selector", ""))
    return [found for found in node.store.objects(kind.model) if matches(found.labels)]


def not_found(call: Call, kind: Kind, name: str, during: str = "") -> KubectlError:
    """kubectl's text for an object that is not there, and where it may be. `during`: what failed because of it."""
    if kind.namespaced and call.namespace not in ("default", CROSS_DOMAIN, *call.nodes):
        what = f'namespaces "{call.namespace}" not found'
        return KubectlError(f"Error from server (NotFound): {what}", hint=f"-n {CROSS_DOMAIN}")
    what = f'Error from server (NotFound): {during}{resource(kind)} "{name}" not found'
    here = [found.name for found in call.node.store.objects(kind.model)]
    other, near = call.others(kind, name), nearest(name, here)
    if name in here:
        hint = f"-n {CROSS_DOMAIN}: jobs and tasks are in that namespace"
    elif other:
        hint = f"--node {other[0]}: {' and '.join(other)} has it"
    elif near:
        hint = near
    else:
        hint = f"one of: {', '.join(here[:10])}" if here else f"there is no {kind.singular} on {call.node.domain}"
    return KubectlError(what, hint=hint)


def say_none(call: Call, wanted: Targets) -> None:
    """No resources found: kubectl's line, and where there are some."""
    namespaced = not call.all_namespaces and all(kind.namespaced for kind in wanted.kinds)
    where = f" in {call.namespace} namespace." if namespaced else ""
    call.print(f"No resources found{where}\n")
    hidden = [kind for kind in wanted.kinds if not call.namespace_shows(kind) and call.node.store.objects(kind.model)]
    if hidden:
        call.hints.append(f"-n {CROSS_DOMAIN}: jobs and tasks are in that namespace")
    elif not wanted.kinds:
        call.hints.append("kj,kt instead of all: Kuscia's kinds do not belong to all")
