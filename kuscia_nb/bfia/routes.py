"""From a request's bytes to a checked message, and from a handler's reply to bytes (spec: kuscia §3.1, §3.2).

There are two dialects. Kuscia's says 200 for success and null for no data; the standard's 0 and an empty object. And
there are two forms of an error: what is wrong with the request itself is in `message`, what the handler says in `msg`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, from_json

from ..control.parse import MOST_VALUES
from ..control.source import dotted
from ..errors import KusciaError
from .bodies import Nothing
from .keys import keys_twice
from .messages import Message
from .wire import Request, Response

if TYPE_CHECKING:
    from ..control.node import Node

M = TypeVar("M", bound=Message)


class Invalid(Exception):
    """What is wrong with a request, whatever it asks for."""


class Refused(Exception):
    """Why a request cannot be granted; `standard` is the dialect in which that is said."""

    def __init__(self, text: str, standard: bool = False) -> None:
        super().__init__(text)
        self.standard = standard


class Reply(NamedTuple):
    """What a handler answers; `standard` is the dialect."""

    data: Mapping[str, Any] | None = None
    standard: bool = False


class Call(NamedTuple, Generic[M]):
    """A request as its handler gets it: checked, as it was written (`data`), and who sent it if that was said."""

    node: Node
    message: M
    data: dict[str, Any]
    sender: str = ""
    brief: bool = False
    """Whether it is a GET without a body, as Kuscia's are."""


class Route(NamedTuple):
    """What is served under a path."""

    handle: Callable[[Call[Any]], Reply]
    message: type[Message]
    required: tuple[str, ...] = ()
    """Fields that must not be empty, in the order in which they are missed."""
    data: type[BaseModel] = Nothing
    """What the reply carries."""
    query: bool = False
    """Whether fields may be in the query."""
    standard: bool = False
    """Whether only the standard has this path, so that its replies are always in the standard's dialect."""
    bare: bool = False
    """Whether the reply is its data alone."""
    failure: str = ""
    """How Kuscia's text begins when something unforeseen happens."""

    def __call__(self, node: Node, request: Request) -> Response:
        """Read the request, let the handler answer it, and write the answer."""
        try:
            reply = self.handle(self._read(node, request))
        except Invalid as error:
            return self._error(400, str(error), "msg" if self.standard else "message")
        except Refused as error:
            return self._error(400, str(error), "msg", error.standard)
        except KusciaError as error:
            return self._error(400, " ".join(error.what.split()), "msg")
        except Exception as error:  # a fault of the node is no reason to leave a peer without an answer
            logging.getLogger(__name__).exception("no answer to %s %s", request.method, request.path)
            return self._error(500, f"{self.failure}{type(error).__name__}: {error}", "msg")
        if self.bare:
            return _json_response(reply.data)
        if self.standard or reply.standard:
            return _json_response({"code": 0, "msg": "success", "data": reply.data or {}})
        return _json_response({"code": 200, "msg": "", "data": reply.data})

    def _read(self, node: Node, request: Request) -> Call[Any]:
        data = _body(request, self)
        if self.query:
            data |= _query(request.path)
        try:
            message = self.message.model_validate(data)
        except ValidationError as error:
            raise Invalid(_fault(error, data, self.message)) from error
        absent = [name for name in self.required if getattr(message, name) in (None, "")]
        if absent:
            raise Invalid(";".join(f"parameter {name} can't be empty" for name in absent))
        return Call(node, message, data, request.sender, brief=request.method == "GET" and not request.body)

    def _error(self, code: int, text: str, key: str, standard: bool = False) -> Response:
        if key == "message":
            return _json_response({"code": code, key: text})
        return _json_response({"code": code, key: text, "data": {} if standard or self.standard else None})


def _json_response(body: object) -> Response:
    return Response(200, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


# --- decoding --------------------------------------------------------------------------------------------------------


def _body(request: Request, route: Route) -> dict[str, Any]:
    """The object that a body holds. A form's is empty, as is that of a question with a query."""
    kind = request.header("Content-Type").partition(";")[0].strip().lower()
    if kind not in ("", "text/plain") and not kind.startswith("application/json"):
        if request.body and (route.standard or b"componentName" in request.body):  # Kuscia says what it misses alone
            raise Invalid(f"Content-Type: {kind} is not application/json, so that the body was not read")
        return {}
    if not request.body.strip():
        if route.query or not route.required:
            return {}
        raise Invalid("EOF")
    if sum(map(request.body.count, (b",", b"[", b"{"))) > MOST_VALUES:  # a value has one of these before it
        raise Invalid(f"invalid JSON: more than {MOST_VALUES} values")
    try:
        data = from_json(request.body, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(f"invalid JSON: {error}") from error
    if twice := keys_twice(request.body):
        raise Invalid(";".join(f'{dotted(path)}: key "{path[-1]}" already set in map' for path in twice))
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Invalid(f"json: cannot unmarshal {_kind(data)} into Go value of type {route.message.__name__}")
    return data


def _query(path: str) -> dict[str, str]:
    """The fields of a query; of one that is there twice the first."""
    pairs = parse_qsl(path.partition("?")[2], errors="replace")
    return dict(reversed(pairs))


_GO_TYPES = {"string_type": "string", "tuple_type": "array", "dict_type": "object", "model_type": "object"}


def _fault(error: ValidationError, data: Mapping[str, Any], model: type[Message]) -> str:
    """The first fault in the order of the text, in the words of Go.

    Kuscia ignores unknown fields as long as all others are right, and names them if one is not (spec: kuscia §3.2).
    """
    details = error.errors(include_url=False)
    names = {spelling: name for name in model.model_fields for spelling in (name, to_camel(name))}
    for key in data:
        if key not in names:
            return f"json: unknown field {json.dumps(key, ensure_ascii=False)}"
        for detail in details:
            if detail["loc"][:1] == (names[key],):
                return _detail(detail, model)
    return _detail(details[0], model)


def _detail(detail: ErrorDetails, model: type[Message]) -> str:
    field = dotted(detail["loc"])
    if detail["type"] in _GO_TYPES:
        kind, wanted = _kind(detail["input"]), _GO_TYPES[detail["type"]]
        return f"json: cannot unmarshal {kind} into Go struct field {model.__name__}.{field} of type {wanted}"
    return f"{field}: {detail['msg']}" if field else detail["msg"]


def _kind(value: Any) -> str:
    """What Go calls a JSON value."""
    if value is None:
        return "null"
    kinds = {bool: "bool", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")
