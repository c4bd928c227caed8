"""What -f names: files, folders or the text below the line, and the objects that are written in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...data.files import typed
from ...errors import ManifestError
from ...problems import Problem, choice
from ..kinds import KINDS, Kind, KusciaTask
from ..manifest import checked_job, plain, validated, without_written
from ..objects import API_VERSION, CROSS_DOMAIN, Object
from ..resources import KusciaJob
from ..source import Source, documents, form_error
from .call import Call
from .flags import Flag
from .output import KubectlError

FILENAME = Flag("filename", "a manifest, a folder of them, or - for the text below the line", "f", "list")
RECURSIVE = Flag("recursive", "also the folders in a folder", "R", "bool")

JOB = next(kind for kind in KINDS if kind.model is KusciaJob)
_SUFFIXES = (".json", ".yaml", ".yml")


class Written(NamedTuple):
    """An object that a person has written, and where."""

    kind: Kind
    object: Object
    file: str


def written(call: Call) -> list[Written]:
    """The objects of all files, in their order; KusciaError says what is wrong with one of them.

    All are read before anything is done with the first.
    """
    found: list[Written] = []
    for name in call.flags["filename"]:
        for file, text in _texts(call, name):
            try:
                found += [Written(kind, thing, file) for kind, thing in read(text)]
            except ManifestError as error:
                what = error.what if file == "STDIN" else f"{file}: {error.what}"
                raise ManifestError(what, where=error.where, hint=error.hint) from error
    for one in found:
        _check_namespace(call, one)
    if not found:
        raise KubectlError(f"error: no objects passed to {call.command}", hint="a manifest with a kind and a name")
    return found


def _texts(call: Call, name: str) -> Iterator[tuple[str, str]]:
    """(name, text) of a file, of all manifests in a folder, or of what stands below the line."""
    if name == "-":
        if call.stdin is None:
            hint = "%%kubectl apply -f - (two %) as the first line of a cell, and the manifest below it"
            raise KubectlError("error: no objects passed to " + call.command, hint=hint)
        call.stdin_read = True
        yield "STDIN", call.stdin
        return
    if re.match("https?://", name):
        raise KubectlError(f"error: {name} is not read from here", hint="the file itself, once it is downloaded")
    path = typed(name)
    if not os.path.exists(path):
        known = sorted(other.name for other in path.parent.glob("*") if other.suffix in _SUFFIXES)
        hint = choice(path.name, known) if known else f"a path as seen from {os.getcwd()}"
        raise KubectlError(f'error: the path "{name}" does not exist', hint=hint)
    files = [path]
    if os.path.isdir(path):
        inside = path.rglob("*") if call.flags["recursive"] else path.glob("*")
        files = sorted(file for file in inside if file.suffix in _SUFFIXES and file.is_file())
    for file in files:
        try:
            yield str(file), file.read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            raise KubectlError(f'error: cannot read "{file}": {error}', hint="a file of UTF-8 text") from error


def _check_namespace(call: Call, one: Written) -> None:
    """-n has to agree with the manifest, and every job is in cross-domain."""
    namespace = call.flags["namespace"]
    if one.kind.namespaced and namespace and namespace != CROSS_DOMAIN:
        what = (
            f'error: the namespace from the provided object "{CROSS_DOMAIN}" does not match the namespace '
            f"\"{namespace}\". You must pass '--namespace={CROSS_DOMAIN}' to perform this operation."
        )
        raise KubectlError(what, hint=f"-n {CROSS_DOMAIN}")


# --- text to objects -------------------------------------------------------------------------------------------------


def read(text: str) -> list[tuple[Kind, Object]]:
    """The objects of a text of several documents; each error points at its line of the whole text."""
    found: list[tuple[Kind, Object]] = []
    for data, source, problems in documents(text):
        if isinstance(data, Mapping) and data.get("kind") == "List" and isinstance(data.get("items"), list):
            found += [_object(item, Source(), []) for item in data["items"]]
        else:
            found.append(_object(data, source, problems))
    return found


def _object(data: Any, source: Source, problems: list[Problem]) -> tuple[Kind, Object]:
    """An object of the kind that its manifest says."""
    name = data.get("kind") if isinstance(data, Mapping) else None
    kind = next((kind for kind in KINDS if kind.model.__name__ == name), None)
    if kind is None and name is not None and data.get("apiVersion") is not None:
        what = f'no matches for kind "{name}" in version "{data["apiVersion"]}"'
        known = [kind.model.__name__ for kind in KINDS if kind.model is not KusciaTask]
        raise form_error([Problem(("kind",), what, choice(str(name), known))], source)
    if kind is None or kind.model is KusciaJob:
        return JOB, checked_job(data, source, problems)
    if kind.model is KusciaTask:
        what = "a KusciaTask is made by the node, from a task of a KusciaJob"
        raise form_error([Problem(("kind",), what, "kind: KusciaJob")], source)
    return kind, _other(kind, data, source, problems)


def _other(kind: Kind, data: Mapping[str, Any], source: Source, problems: list[Problem]) -> Object:
    """An AppImage or a Domain."""
    if data.get("apiVersion") != API_VERSION:
        what = f'no matches for kind "{data["kind"]}" in version "{data.get("apiVersion")}"'
        raise form_error([Problem(("apiVersion",), what, f"apiVersion: {API_VERSION}")], source)
    found, wrong = validated(kind.model, without_written(plain(data)), ())
    if wrong or problems or found is None:
        raise form_error([*problems, *wrong], source)
    return found.model_copy(update={"metadata": found.metadata.model_copy(update={"namespace": ""})})


def need_files(call: Call) -> None:
    """-f, and nothing else."""
    if not call.flags["filename"] and not call.args:
        raise KubectlError("error: must specify one of -f and -k", hint=f"kubectl {call.command} -f FILE, or -f -")
    if call.args:
        what = f"error: Unexpected args: [{' '.join(call.args)}]\nSee 'kubectl {call.command} -h' for help and examples"
        raise KubectlError(what, hint="-f before each file")
