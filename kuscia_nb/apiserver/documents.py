"""What the server says about itself: its version, the kinds that it keeps, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from ..control.kinds import KINDS, Kind

GROUP, VERSION = "kuscia.secretflow", "v1alpha1"
_CRDS, _CRDS_VERSION = "apiextensions.k8s.io", "v1"
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_LIKE = "v1.33.5"
"""The Kubernetes whose clients it is made for: that of Kuscia 1.1 (spec: kuscia §8)."""
_SCHEMA = f"/openapi/v3/apis/{GROUP}/{VERSION}"


def document(path: str, namespaces: Iterable[str]) -> dict[str, Any] | None:
    """What stands at a path, as far as it is about the server; None, if nothing does."""
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "/version": _version,
        "/api": lambda: {"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]},
        "/api/v1": lambda: _resources("v1", [_NAMESPACES]),
        "/api/v1/namespaces": lambda: _listed("v1", "Namespace", map(_namespace, namespaces)),
        **{f"/api/v1/namespaces/{name}": partial(_namespace, name) for name in namespaces},
        "/apis": _groups,
        f"/apis/{GROUP}": lambda: _group(GROUP, VERSION),
        f"/apis/{GROUP}/{VERSION}": lambda: _resources(f"{GROUP}/{VERSION}", [_resource(kind) for kind in KINDS]),
        f"/apis/{_CRDS}": lambda: _group(_CRDS, _CRDS_VERSION),
        f"/apis/{_CRDS}/{_CRDS_VERSION}": lambda: _resources(f"{_CRDS}/{_CRDS_VERSION}", [_CRD]),
        _DEFINITIONS: lambda: _listed(f"{_CRDS}/{_CRDS_VERSION}", _CRD["kind"], map(_definition, KINDS)),
        **{f"{_DEFINITIONS}/{kind.plural}.{GROUP}": partial(_definition, kind) for kind in KINDS},
        "/openapi/v3": lambda: {"paths": {_SCHEMA.removeprefix("/openapi/v3/"): {"serverRelativeURL": _SCHEMA}}},
        _SCHEMA: _schema,
    }
    return known[path]() if path in known else None


def _version() -> dict[str, Any]:
    from .. import __version__

    major, minor, _ = _LIKE.removeprefix("v").split(".")
    return {"major": major, "minor": minor, "gitVersion": f"{_LIKE}+kuscia-nb-{__version__}", "platform": "any"}


def _groups() -> dict[str, Any]:
    groups = [_group(_CRDS, _CRDS_VERSION), _group(GROUP, VERSION)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(name: str, version: str) -> dict[str, Any]:
    only = {"groupVersion": f"{name}/{version}", "version": version}
    return {"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": [only], "preferredVersion": only}


def _resources(version: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _resource(kind: Kind) -> dict[str, Any]:
    names = {"name": kind.plural, "singularName": kind.singular, "kind": kind.model.__name__}
    return {**names, "namespaced": kind.namespaced, "verbs": _VERBS, "shortNames": [kind.short] if kind.short else []}


_CRD: dict[str, Any] = {
    "name": "customresourcedefinitions",
    "singularName": "customresourcedefinition",
    "kind": "CustomResourceDefinition",
    "namespaced": False,
    "verbs": ["get", "list"],
    "shortNames": ["crd", "crds"],
}


_DEFINITIONS = f"/apis/{_CRDS}/{_CRDS_VERSION}/{_CRD['name']}"
_NAMESPACES: dict[str, Any] = {
    "name": "namespaces",
    "singularName": "namespace",
    "kind": "Namespace",
    "namespaced": False,
    "verbs": ["get", "list"],
    "shortNames": ["ns"],
}


def _listed(version: str, kind: str, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": list(items)}


def _namespace(name: str) -> dict[str, Any]:
    about = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}
    return {**about, "spec": {}, "status": {"phase": "Active"}}


def _definition(kind: Kind) -> dict[str, Any]:
    """A kind's. Who asks for it wants to know whether jobs are in a namespace (spec: kuscia §5.5)."""
    names = {"plural": kind.plural, "singular": kind.singular, "kind": kind.model.__name__}
    spec = {
        "group": GROUP,
        "names": {**names, "listKind": f"{kind.model.__name__}List", "shortNames": [kind.short] if kind.short else []},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "versions": [{"name": VERSION, "served": True, "storage": True}],
    }
    about = {"apiVersion": f"{_CRDS}/{_CRDS_VERSION}", "kind": _CRD["kind"]}
    return {**about, "metadata": {"name": f"{kind.plural}.{GROUP}"}, "spec": spec}


def _schema() -> dict[str, Any]:
    """The kinds in OpenAPI 3.0, as far as kubectl reads it: for `explain`, and before it sends what a person wrote."""
    schemas: dict[str, Any] = {}
    for kind in KINDS:
        name = kind.model.__name__
        made = kind.model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {other: _plain(schema) for other, schema in made.pop("$defs", {}).items()}
        schemas[name] = {**_plain(made), "x-kubernetes-group-version-kind": [_named(name)]}
    info = {"title": "kuscia_nb", "version": VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": dict(_paths()), "components": {"schemas": schemas}}


def _plain(schema: Any) -> Any:
    """Without what OpenAPI 3.0 has no words for: what may be null is what it is otherwise."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if found := [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]:
        rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
        return {**rest, **(_plain(found[0]) if len(found) == 1 else {"anyOf": _plain(found)})}
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    dropped = ("const", "default", "exclusiveMinimum", "exclusiveMaximum")
    return {name: _plain(value) for name, value in schema.items() if name not in dropped}


def _paths() -> Iterator[tuple[str, Any]]:
    """What may be done with an object: kubectl looks whether a node checks what it is sent."""
    validation = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}
    for kind in KINDS:
        place = "/namespaces/{namespace}" if kind.namespaced else ""
        path = f"/apis/{GROUP}/{VERSION}{place}/{kind.plural}/{{name}}"
        about = {"x-kubernetes-group-version-kind": _named(kind.model.__name__), "parameters": [validation]}
        yield path, {"patch": {**about, "x-kubernetes-action": "patch", "responses": {}}}


def _named(kind: str) -> dict[str, str]:
    return {"group": GROUP, "version": VERSION, "kind": kind}
