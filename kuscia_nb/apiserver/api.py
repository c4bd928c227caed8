"""Kubernetes' requests to one node: what is read, and what is changed. What is written is checked as everywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ..bfia.wire import Request, Response
from ..control.kinds import Domain, KusciaTask
from ..control.kubectl.files import read
from ..control.node import Node
from ..control.objects import CROSS_DOMAIN, Object
from ..control.parse import json_data
from ..errors import KusciaError
from . import forms
from .asked import Asked
from .documents import GROUP, document
from .status import Refusal, as_json, refusal

_MERGE = "application/merge-patch+json"
_NAMESPACE = "/api/v1/namespaces/"
_READING = ("GET", "HEAD")


class Api:
    """Answers for one node. Watches are not answered here: see `server`."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def answer(self, request: Request) -> Response:
        """The answer; a Status, if it is no."""
        path, _, query = request.path.partition("?")
        try:
            if request.method in _READING and (found := document(path, self._namespaces)):
                return as_json(found)
            if path.startswith(_NAMESPACE):
                name = path.removeprefix(_NAMESPACE)
                raise _no_namespace(name)
            return as_json(*self._answer(request, Asked.read(path, query)))
        except Refusal as no:
            return as_json(no.status, no.code)
        except KusciaError as error:
            no = refusal(error)
            return as_json(no.status, no.code)

    @property
    def _namespaces(self) -> tuple[str, ...]:
        """Jobs and tasks are in one of them; the others are there, and empty."""
        return ("default", CROSS_DOMAIN, *(domain.name for domain in self.node.store.objects(Domain)))

    def _answer(self, request: Request, asked: Asked) -> tuple[Any, int]:
        form = {
            "table": forms.wants_table(request.header("Accept")),
            "objects": asked.query.get("includeObject") == "Object",
        }
        match request.method, bool(asked.name):
            case ("GET" | "HEAD", True):
                return forms.one(asked.kind, self._there(asked), self.node.store.version, **form), 200
            case ("GET" | "HEAD", False):
                version = self.node.store.version  # before the list: a watch from there tells some of it twice
                found = [one for one in self.node.store.objects(asked.kind.model) if asked.means(one)]
                return forms.several(asked.kind, found, version, **form), 200
            case ("POST", False):
                return self._create(asked, request), 201
            case ("PATCH" | "PUT", True):
                return self._change(asked, request), 200
            case ("DELETE", True):
                return self._delete(asked), 200
        raise Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _there(self, asked: Asked) -> Object:
        """The object that is asked for."""
        found = self.node.store.get(asked.kind.model, asked.name) if asked.shows else None
        if found is None:
            raise asked.not_found()
        return found

    def _create(self, asked: Asked, request: Request) -> dict[str, Any]:
        written = _written(asked, _content(request.body))
        if self.node.store.get(asked.kind.model, written.name) is not None:
            what = f'{asked.kind.plural}.{GROUP} "{written.name}" already exists'
            raise Refusal(409, "AlreadyExists", what, name=written.name, group=GROUP, kind=asked.kind.plural)
        if _tries(asked):
            return written.manifest()
        return self.node.apply(written)[0].manifest()

    def _change(self, asked: Asked, request: Request) -> dict[str, Any]:
        """What a merge patch, or a whole object, makes of the one that is there."""
        old, content = self._there(asked), _content(request.body)
        if request.method == "PATCH":
            kind = request.header("Content-Type").partition(";")[0].strip()
            if kind != _MERGE:
                what = f"the body of the request was in an unknown format - accepted media types include: {_MERGE}"
                raise Refusal(415, "UnsupportedMediaType", what)
            content = _merged(old.manifest(), content)
        said = (_checked(content).get("metadata") or {}).get("resourceVersion")
        if said and said != old.metadata.resource_version:
            what = (
                f'Operation cannot be fulfilled on {asked.kind.plural}.{GROUP} "{asked.name}": the object has been '
                "modified; please apply your changes to the latest version and try again"
            )
            raise Refusal(409, "Conflict", what, name=asked.name, group=GROUP, kind=asked.kind.plural)
        new = _task(content) if asked.kind.model is KusciaTask else _written(asked, content)
        if new.name != asked.name:
            raise Refusal(400, "BadRequest", "the name of an object cannot be changed")
        if _tries(asked):
            return new.manifest()
        return self.node.replace(new).manifest()

    def _delete(self, asked: Asked) -> dict[str, Any]:
        found = self._there(asked)
        if not _tries(asked):
            self.node.delete(asked.kind.model, asked.name)
        details = {"name": asked.name, "group": GROUP, "kind": asked.kind.plural, "uid": found.metadata.uid}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json_data(body.decode())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "BadRequest", f"the body of the request is no JSON: {error}") from None
    return _checked(content)


def _checked(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not isinstance(content.get("metadata") or {}, dict):
        raise Refusal(400, "BadRequest", "the body of the request is no object")
    return content


def _written(asked: Asked, content: Mapping[str, Any]) -> Object:
    """The object that somebody has written; ManifestError, if it is none."""
    if not asked.shows:
        raise _no_namespace(asked.namespace)
    placed = {**content, "metadata": dict(content.get("metadata") or {})}
    if asked.kind.namespaced:
        placed["metadata"].setdefault("namespace", CROSS_DOMAIN)
    ((kind, found),) = read(json.dumps(placed))
    if kind is not asked.kind:
        raise Refusal(400, "BadRequest", f"a {kind.model.__name__} is not kept among {asked.kind.plural}")
    return found


def _task(content: dict[str, Any]) -> Object:
    """A task is its node's to write; people mark it."""
    try:
        return KusciaTask.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Refusal(400, "BadRequest", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _no_namespace(name: str) -> Refusal:
    return Refusal(404, "NotFound", f'namespaces "{name}" not found', name=name, kind="namespaces")


def _tries(asked: Asked) -> bool:
    """Whether it is only to be said what would be."""
    return asked.query.get("dryRun") == "All"


def _merged(old: Any, patch: Any) -> Any:
    """An object after a merge patch: null takes away (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(old) if isinstance(old, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
