"""What a node serves, as an OpenAPI document: made from the routes and their messages, so that it says what is so.

The frameworks that make such documents bring a server of their own. These routes are called in process, too, and speak
two dialects; pydantic makes the schemas.
"""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from .bodies import CreatedData, Nothing
from .handlers import ROUTES
from .routes import Route

Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"
_CAMEL = {"component_name", "role_list", "input_data", "output_data", "image_url"}
"""Fields that the standard spells in camel case, which it does not do to others. Both spellings are accepted."""
_ABOUT = """\
The scheduling API of BFIA, as Kuscia serves it on port 8084, and what else its standard (v1.2) has for scheduling.

The HTTP status is 200 whatever happens; `code` in the body says how it went: 200 or 0 is success. Kuscia says 200, the
standard 0; a job that was created with `componentName` instead of `module_name`, or with both and `job_params.common`,
is spoken of in the standard's dialect. A `job/create` of the standard's that another node has sent (`X-Node-Id`), other
than the initiator, leaves the scheduling to that node.
Of an error, `message` is about the request itself, and `msg` about what it asks for. Names may be written job_id or
jobId, null is the same as no value, unknown fields are ignored.
"""


def document() -> Schema:
    """The OpenAPI 3.1 document."""
    paths: dict[str, Schema] = {}
    for (method, path), route in ROUTES.items():
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "BFIA scheduling API of a kuscia_nb node", "version": "1.2.0", "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(method: str, path: str, route: Route) -> Schema:
    operation: Schema = {
        "operationId": f"{method.lower()}{path}".replace("/", "_"),
        "summary": inspect.getdoc(route.handle),
        "tags": ["standard only" if route.standard else "Kuscia"],
        "responses": {"200": {"description": "how it went", "content": _json(_reply(route))}},
    }
    if route.query:
        operation["parameters"] = _parameters(route, required=method == "GET")
    if method == "POST":
        needs = [] if route.query else list(route.required)
        body = _ref(route.message) | {"required": [_spelt(name) for name in needs]}
        operation["requestBody"] = {"required": bool(needs), "content": _json(body)}
    return operation


def _parameters(route: Route, required: bool) -> list[Schema]:
    schema = route.message.model_json_schema(by_alias=False)
    return [
        {"name": name, "in": "query", "required": required and name in route.required, "schema": field}
        for name, field in schema["properties"].items()
    ]


_TEXT = {"type": "string", "minLength": 1}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


_ERRORS: dict[str, Schema] = {
    "Invalid": _object(code={"const": 400}, message=_TEXT),
    "Refused": _object(code={"enum": [400, 500]}, msg=_TEXT, data={"type": "null"}),
    "StandardError": _object(code={"enum": [400, 500]}, msg=_TEXT, data={"$ref": _REF.format(model="Nothing")}),
}


def _reply(route: Route) -> Schema:
    """Success in the dialects in which it may come, and the forms of an error."""
    data = _ref(route.data)
    if route.bare:
        return data
    standard = _object(code={"const": 0}, msg={"const": "success"}, data=data)
    if route.standard:
        return {"anyOf": [standard, {"$ref": _REF.format(model="StandardError")}]}
    if route.data is Nothing:
        data = {"type": "null"}
    elif route.data is CreatedData:  # the standard says nothing about a new job
        standard["properties"]["data"] = {"anyOf": [data, _ref(Nothing)]}
    kuscia = _object(code={"const": 200}, msg={"const": ""}, data=data)
    return {
        "anyOf": [
            kuscia,
            standard,
            *({"$ref": _REF.format(model=name)} for name in ("Refused", "StandardError", "Invalid")),
        ]
    }


def _schemas() -> dict[str, Schema]:
    """Every message and reply by its name."""
    replies: set[type[BaseModel]] = {route.data for route in ROUTES.values()}
    models = sorted(replies | {route.message for route in ROUTES.values()}, key=lambda model: model.__name__)
    mode: JsonSchemaMode = "validation"
    _, found = models_json_schema([(model, mode) for model in models], by_alias=False, ref_template=_REF)
    schemas: dict[str, Schema] = found["$defs"]
    for model in replies:
        schemas[model.__name__]["additionalProperties"] = False
    for schema in schemas.values():
        schema["properties"] = {_spelt(name): field for name, field in schema.get("properties", {}).items()}
    return schemas | _ERRORS


def _spelt(name: str) -> str:
    return to_camel(name) if name in _CAMEL else name


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": _REF.format(model=model.__name__)}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}
