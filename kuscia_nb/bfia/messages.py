"""The BFIA create-job request as Kuscia reads and writes it (spec: kuscia §3.1, §3.2, §3.5, §3.7, bfia §1.5).

A message has the manners of proto3's JSON: every field may be missing, null is the same as missing, a field may be
written job_id or jobId, and unknown fields are ignored. Fields are declared in the order in which Kuscia writes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel as camel
from pydantic_core import PydanticCustomError

from ..control.source import Written
from ..control.values import to_double
from ..errors import ManifestError

to_camel = lru_cache(camel)
"""jobId for job_id; there are few names, and every message has them."""


ROLES = ("arbiter", "host", "guest")
"""The roles in the order of the adapter."""


class Message(BaseModel):
    """Frozen; dumping one leaves out what is not set, but keeps an empty object."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = {name: value for name, value in data.items() if value is not None}
        for name in cls.model_fields:
            if name != (alias := to_camel(name)) and name in given and alias in given:
                names = {"name": name, "alias": alias}
                raise PydanticCustomError("twice", 'has both "{name}" and "{alias}", which are the same field', names)
        return given

    @model_serializer(mode="wrap")
    def _omit_unset(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in (None, "", (), [])}


def _as_protobuf(value: Any) -> Any:
    """A value as a google.protobuf.Value keeps it: keys are sorted, numbers are doubles (spec: kuscia §3.5)."""
    if isinstance(value, dict):
        return {key: _as_protobuf(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_as_protobuf(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        double = to_double(value)
        return int(double) if math.isfinite(double) else double
    return value


Struct = Annotated[dict[str, Any], AfterValidator(_as_protobuf)]
StructOfObjects = Annotated[dict[str, dict[str, Any]], AfterValidator(_as_protobuf)]


class ComponentIO(Message):
    """An output declares an artefact, an input refers to one."""

    type: str = Field(default="", description="the kind of data, for example dataset")
    key: str = Field(default="", description='an output\'s own name; for an input "<component name>.<output key>"')


class Component(Message):
    """One algorithm, in Kuscia's dialect (code, module_name) or the standard's (componentName, provider), or in both.

    Kuscia's names have precedence. The standard names no image: it is the AppImage whose name is the component's in
    lower case and with hyphens, since Kubernetes has neither capitals nor underscores (spec: bfia §1.5, §6.1).
    """

    code: str = Field(default="", description="the AppImage that contains the algorithm, for example ss-lr")
    name: str = Field(default="", description="the task's name, unique in the job")
    module_name: str = Field(default="", description="the algorithm, for example ss_lr")
    component_name: str = Field(default="", description="the standard's name for module_name")
    provider: str = Field(default="", description="who made the algorithm; Kuscia has no such field")
    version: str = Field(default="", description="the algorithm's version, for example v1.0.0")
    input: tuple[ComponentIO, ...] = Field(default=(), strict=False, description="outputs of others; none: own files")
    output: tuple[ComponentIO, ...] = Field(default=(), strict=False, description="what the component writes")
    tolerable: bool | None = Field(
        default=None, description="whether the job may succeed without it; other nodes than these ignore the field"
    )

    @property
    def module(self) -> str:
        """Which algorithm."""
        return self.module_name or self.component_name

    @property
    def image(self) -> str:
        """Which AppImage."""
        return self.code or app_image_name(self.component_name)


def app_image_name(component_name: str) -> str:
    """The AppImage of a component that names none."""
    return component_name.replace("_", "-").lower()


class Dag(Message):
    """What to compute; the edges follow from the inputs."""

    version: str = Field(default="", description="the version of the standard, for example 2.0.0")
    components: tuple[Component, ...] = Field(default=(), strict=False, description="1 to 128 components")


class ConfigRole(Message):
    """Which node has which role; a party's index is its position in its role's list."""

    arbiter: tuple[str, ...] = Field(default=(), strict=False, description="node ids of the arbiters")
    host: tuple[str, ...] = Field(default=(), strict=False, description="node ids of the hosts")
    guest: tuple[str, ...] = Field(default=(), strict=False, description="node ids of the guests")


class ConfigInitiator(Message):
    """Who starts the job."""

    role: str = Field(default="", description="the initiator's role, host, guest or arbiter")
    node_id: str = Field(default="", description="the initiator's node id, for example alice")


class JobParams(Message):
    """Resources, by role and index, which nobody here reads; Kuscia sends them empty, and has no `common`."""

    host: Struct | None = Field(default=None, description="of each host, by its index")
    arbiter: Struct | None = Field(default=None, description="of each arbiter, by its index")
    guest: Struct | None = Field(default=None, description="of each guest, by its index")
    common: Struct | None = Field(default=None, description="of all parties: sync_type, which has to be poll")


class TaskParams(Message):
    """Parameters of the components: for everybody, and by role and index for one party."""

    host: StructOfObjects | None = Field(
        default=None, description='of each host, by its index and the component\'s name: {"0": {"ss_lr_1": {...}}}'
    )
    arbiter: StructOfObjects | None = Field(
        default=None, description='of each arbiter, by its index and the component\'s name: {"0": {"ss_lr_1": {...}}}'
    )
    guest: StructOfObjects | None = Field(
        default=None, description='of each guest, by its index and the component\'s name: {"0": {"ss_lr_1": {...}}}'
    )
    common: StructOfObjects | None = Field(
        default=None, description='of all parties, by the component\'s name: {"ss_lr_1": {...}}'
    )


class Config(Message):
    """Who takes part, and with which parameters."""

    role: ConfigRole | None = Field(default=None, description='{"host": ["alice"], "guest": ["bob"]}')
    initiator: ConfigInitiator | None = Field(default=None, description='{"role": "host", "node_id": "alice"}')
    job_params: JobParams | None = Field(default=None, description="resources; only common.sync_type is read")
    task_params: TaskParams | None = Field(
        default=None, description='{"host": {"0": {"ss_lr_1": {...}}}, "common": {...}}'
    )
    version: str = Field(default="", description="the version of the standard, for example 2.0.0")


class CreateJobRequest(Message, Written):
    """The body of POST /v1/interconn/schedule/job/create."""

    job_id: str = Field(default="", description="the job's name, an RFC 1123 name of at most 50 characters")
    flow_id: str = Field(default="", description="the id of the flow this job is part of")
    dag: Dag | None = Field(default=None, description='{"version": "2.0.0", "components": [...]}')
    config: Config | None = Field(default=None, description='{"role": {...}, "initiator": {...}, "task_params": {...}}')


# --- JSON as Go writes it --------------------------------------------------------------------------------------------

_ESCAPED = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def go_json(value: Any) -> str:
    """Compact JSON with the bytes of Go's encoder, which escapes <, > and & in texts (spec: kuscia §3.5, §3.7)."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{go_json(key)}:{go_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(go_json(item) for item in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(to_double(value))
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED)


def _number(number: float) -> str:
    """The shortest decimal that reads back as this number; with an exponent below 1e-6 and from 1e21 on."""
    if not math.isfinite(number):
        raise ManifestError(f"a number must be finite, is {number}")
    if number and not 1e-6 <= abs(number) < 1e21:
        mantissa, _, exponent = repr(number).partition("e")
        return f"{mantissa}e{int(exponent):+d}"
    digits = format(Decimal(repr(number)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
