"""What every Kubernetes object has in common: names, metadata, conditions, times (spec: kuscia §1.4, §1.10).

Attributes are snake_case, manifests keep the names of the CRD (`domain_id` is `domainID`). A model refuses unknown
fields and never changes; dumping one gives manifest names and leaves out what is empty, as Kubernetes does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.alias_generators import to_camel

API_VERSION = "kuscia.secretflow/v1alpha1"
CROSS_DOMAIN = "cross-domain"
LABEL = "kuscia.secretflow/"
"""What the names of Kuscia's labels and annotations begin with."""


_GIVEN: dict[frozenset[str], set[str]] = {}
"""Names of fields. Nobody adds to them: objects do not change, and a copy takes a set of its own first."""


class Model(BaseModel):
    """Strict and frozen, dumped without what is empty (Go's omitempty)."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )

    always: ClassVar[frozenset[str]] = frozenset()
    """Fields, by their names in a manifest, that Kuscia writes even if they are empty."""

    def model_post_init(self, context: Any, /) -> None:
        self._share_names()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        copied = super().model_copy(update=update, deep=deep)
        copied._share_names()
        return copied

    def _share_names(self) -> None:
        """A set of which fields were given is most of a small object: there is one for all that have the same."""
        given = self.__pydantic_fields_set__
        object.__setattr__(self, "__pydantic_fields_set__", _GIVEN.setdefault(frozenset(given), given))

    @model_serializer(mode="wrap")
    def _omit_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        empty = (None, "", 0, (), [], {})
        return {
            name: value
            for name, value in handler(self).items()
            if value is False or value not in empty or name in self.always
        }


def _crd_name(attribute: str) -> str:
    """The CRD's spelling of an attribute: task_input_config -> taskInputConfig, domain_id -> domainID."""
    return re.sub(r"Id$", "ID", to_camel(attribute))


class CrdModel(Model):
    """A model with the names of the CRD."""

    model_config = ConfigDict(alias_generator=_crd_name)


def rfc3339(time: datetime) -> str:
    """A time as Kubernetes writes it: UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The time in UTC; to the microsecond, though objects are printed to the second."""
    return datetime.now(UTC)


Time = Annotated[datetime, PlainSerializer(rfc3339)]


class OwnerReference(CrdModel):
    """The object with which this one is deleted."""

    api_version: str = Field(default=API_VERSION, description="the owner's apiVersion")
    block_owner_deletion: bool = Field(default=True, description="whether the owner goes last")
    controller: bool = Field(default=True, description="whether the owner is the managing controller")
    kind: str = Field(description="the owner's kind")
    name: str = Field(description="the owner's name")
    uid: str = Field(description="the owner's uid")


class Metadata(CrdModel):
    """What Kubernetes keeps about every object."""

    name: str = Field(min_length=1, description="the object's name, an RFC 1123 name; that of a job at most 50 long")
    namespace: str = Field(default=CROSS_DOMAIN, description="always cross-domain, where Kuscia looks for jobs")
    labels: dict[str, str] = Field(default_factory=dict, description="short texts to select objects by")
    annotations: dict[str, str] = Field(default_factory=dict, description="longer texts about the object")
    creation_timestamp: Time | None = Field(default=None, description="when it was made; the node writes it")
    generation: int = Field(default=0, description="how often its spec was written; the node writes it")
    resource_version: str = Field(default="", description="changes at every change; the node writes it")
    uid: str = Field(default="", description="unique in time and space; the node writes it")
    owner_references: tuple[OwnerReference, ...] = Field(
        default=(), description="what it goes with; the node writes it"
    )


class Condition(CrdModel):
    """A named fact about an object, and since when it is so."""

    type: str = Field(description="the fact's name, for example JobValidated")
    status: Literal["True", "False"] = Field(description="whether it holds")
    reason: str = Field(default="", description="one word for why it does not")
    message: str = Field(default="", description="why it does not, for people")
    last_transition_time: Time = Field(default_factory=now, description="when it was last set")


def condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of this type, if it was ever set."""
    return next((found for found in conditions if found.type == kind), None)


def with_condition(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """The conditions with this one set: in its place, or as the last (spec: kuscia §1.4)."""
    if condition(conditions, new.type):
        return tuple(new if old.type == new.type else old for old in conditions)
    return (*conditions, new)


class Object(CrdModel):
    """Something that a store keeps: a kind, a name, what shall be (spec) and what is (status)."""

    api_version: Literal["kuscia.secretflow/v1alpha1"] = Field(
        default=API_VERSION, description="the version of Kuscia's API"
    )
    kind: Any = Field(description="what this manifest describes")
    metadata: Metadata = Field(description="name and namespace")
    spec: Any = Field(description="what shall be")

    _raw: Mapping[str, Any] | None = PrivateAttr(None)

    @property
    def raw(self) -> Mapping[str, Any]:
        """All that its node says of it: of one that is not ours, also what has no place here."""
        return self.manifest() if self._raw is None else self._raw

    def keep(self, raw: Mapping[str, Any]) -> None:
        """What its node says of it, of which this is what can be read."""
        self._raw = raw

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.labels

    @property
    def annotations(self) -> dict[str, str]:
        return self.metadata.annotations

    def annotated(self, name: str, text: str) -> Self:
        """The object with one more annotation."""
        metadata = self.metadata.model_copy(update={"annotations": {**self.annotations, name: text}})
        return self.model_copy(update={"metadata": metadata})

    def manifest(self) -> dict[str, Any]:
        """The object as `kubectl get -o json` has it, in plain Python types."""
        return self.model_dump(mode="json")
