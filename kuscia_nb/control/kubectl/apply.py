"""kubectl apply and create: put what a person has written onto the node."""

from __future__ import annotations

from ...errors import KusciaError
from ..kinds import Kind
from ..objects import CROSS_DOMAIN, Object
from ..resources import KusciaJob
from .call import Call, resource
from .files import FILENAME, RECURSIVE, Written, need_files, written
from .get import OUTPUT
from .output import KubectlError
from .printers import answering, encoder, in_list, split

FLAGS = (FILENAME, RECURSIVE, OUTPUT)


def apply(call: Call) -> None:
    """Make every object of the files as it is written there."""
    need_files(call)
    _put(call, written(call))


def create(call: Call) -> None:
    """Make every object of the files; one that is there already is an error."""
    need_files(call)
    new: list[Written] = []
    for one in written(call):
        if call.node.store.get(one.kind.model, one.object.name) is None:
            new.append(one)
            continue
        what = f'error when creating "{one.file}": {resource(one.kind)} "{one.object.name}" already exists'
        hint = "another name, kubectl apply, or kubectl delete first"
        call.fail(KubectlError(f"Error from server (AlreadyExists): {what}", hint=hint))
    _put(call, new)


def _put(call: Call, objects: list[Written]) -> None:
    """One after the other; what the node refuses does not keep it from the rest."""
    answer = answering(call.flags["output"])
    form, template = split(call.flags["output"])
    in_one_list = len(objects) > 1 and form not in ("", "name")
    put: list[tuple[Kind, Object]] = []
    for one in objects:
        try:
            found, verb = call.node.apply(one.object)
        except KusciaError as error:
            call.fail(error)
            continue
        put.append((one.kind, found))
        if not in_one_list:
            call.print(answer(one.kind, found, verb))
        if verb == "unchanged" and isinstance(found, KusciaJob) and found.finished:
            call.hints.append(_again(found.name))
    if in_one_list and put:
        call.print(encoder(form, template)(in_list([found.manifest() for _, found in put])))
    call.objects += [found for _, found in put]


def _again(name: str) -> str:
    """Why nothing happens with a job that has run already."""
    delete = f"kubectl delete kj {name} -n {CROSS_DOMAIN} --all-nodes"
    return f"{name} has run already, and does not run again: {delete}, or give it another name"
