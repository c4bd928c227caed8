"""The other kinds of objects on a node: KusciaTask, AppImage, Domain (spec: kuscia §2, §5.4, §1.5)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from .objects import Condition, CrdModel, Metadata, Object, Time
from .resources import KusciaJob, Phase, ScheduleConfig

# --- KusciaTask ------------------------------------------------------------------------------------------------------


class EnvVar(CrdModel):
    """A variable of an operator's environment."""

    always: ClassVar[frozenset[str]] = frozenset({"name"})

    name: str = Field(description="the variable's name; it may have dots")
    value: str = Field(default="", description="its value")


class Container(CrdModel):
    """What a pod runs."""

    always: ClassVar[frozenset[str]] = frozenset({"name", "resources", "workingDir"})

    name: str = Field(default="", description="the container's name")
    env: tuple[EnvVar, ...] = Field(default=(), description="what the operator is started with")
    resources: dict[str, Any] = Field(default_factory=dict, description="limits; there are none here")
    working_dir: str = Field(default="", description="where the program starts")


class PodSpec(CrdModel):
    """What a party's pod is made of."""

    restart_policy: str = Field(default="", description="Never, if it is not set")
    containers: tuple[Container, ...] = Field(default=(), description="one: the operator")


class PartyTemplate(CrdModel):
    """How a party's pods are made."""

    always: ClassVar[frozenset[str]] = frozenset({"spec"})

    replicas: int | None = Field(default=None, description="how many pods; one if it is not set")
    spec: PodSpec = Field(default_factory=PodSpec, description="the pods")


class TaskParty(CrdModel):
    """One party of a task, with what its operator is started with."""

    always: ClassVar[frozenset[str]] = frozenset({"template"})

    app_image_ref: str = Field(description="the AppImage that contains the operator")
    domain_id: str = Field(description="the domain (node) that takes part")
    min_reserved_pods: int | None = Field(default=None, description="pods that have to be ready")
    role: str = Field(default="", description="host, guest or arbiter")
    template: PartyTemplate = Field(default_factory=PartyTemplate, description="the party's pods")

    @property
    def label(self) -> str:
        """The party in a message: alice-host."""
        return f"{self.domain_id}-{self.role}"

    @property
    def env(self) -> dict[str, str]:
        """What the operator is started with; empty until the controller has written it."""
        return {var.name: var.value for container in self.template.spec.containers for var in container.env}


class TaskSpec(CrdModel):
    """What a task shall do."""

    always: ClassVar[frozenset[str]] = frozenset({"scheduleConfig"})

    initiator: str = Field(description="the domain (node) that schedules the job")
    parties: tuple[TaskParty, ...] = Field(description="who takes part")
    schedule_config: ScheduleConfig = Field(default_factory=ScheduleConfig, description="how long to wait for them")
    task_input_config: str = Field(description="the task's parameters: a JSON text")


class PartyTaskStatus(CrdModel):
    """How far one party is; that of another node is what it last said."""

    domain_id: str = Field(description="the party's domain")
    role: str = Field(default="", description="the party's role")
    phase: Phase = Field(default="", description="Pending, Running, Succeeded or Failed")
    message: str = Field(default="", description="why it failed, for people")


class PodStatus(CrdModel):
    """How far a pod of this node is (spec: kuscia §2.2)."""

    create_time: Time | None = Field(default=None, description="when it was made")
    message: str = Field(default="", description="why it failed, for people")
    namespace: str = Field(description="the domain")
    node_name: str = Field(default="", description="where it runs")
    pod_name: str = Field(description="<taskID>-<role>-<index>")
    pod_phase: Phase = Field(default="", description="Pending, Running, Succeeded or Failed")
    ready_time: Time | None = Field(default=None, description="when it began to work")
    reason: str = Field(default="", description="Completed or Error")
    start_time: Time | None = Field(default=None, description="when it was started")
    termination_log: str = Field(default="", description="the operator's last words")


class AllocatedPorts(CrdModel):
    """The ports of a party: none, as the operators here have no servers."""

    domain_id: str = Field(description="the party's domain")
    role: str = Field(default="", description="the party's role")


class TaskStatus(CrdModel):
    """What has become of a task on a node; the node writes it (spec: kuscia §2.2)."""

    phase: Phase = Field(default="", description="Pending, Running, Succeeded or Failed")
    allocated_ports: tuple[AllocatedPorts, ...] = Field(default=(), description="the parties' ports")
    conditions: tuple[Condition, ...] = Field(default=(), description="the stages it has passed, in order")
    reason: str = Field(default="", description="one word for why it failed")
    message: str = Field(default="", description="why it failed, for people")
    party_task_status: tuple[PartyTaskStatus, ...] = Field(default=(), description="how far each party is")
    pod_statuses: dict[str, PodStatus] = Field(
        default_factory=dict, description="this node's own pods, by <domain>/<pod>"
    )
    start_time: Time | None = Field(default=None, description="when the node first took it up")
    completion_time: Time | None = Field(default=None, description="when it ended")
    last_reconcile_time: Time | None = Field(default=None, description="when the node last worked on it")


class KusciaTask(Object):
    """One task of a job on a node; the node makes it."""

    kind: Literal["KusciaTask"] = Field(default="KusciaTask", description="what this object is")
    spec: TaskSpec = Field(description="what the task shall do")
    status: TaskStatus = Field(default_factory=TaskStatus, description="what has become of it")

    @property
    def finished(self) -> bool:
        """Whether it has come to its end on this node."""
        return self.status.completion_time is not None

    def party(self, domain: str) -> TaskParty | None:
        """The party of a domain."""
        return next((party for party in self.spec.parties if party.domain_id == domain), None)


# --- AppImage --------------------------------------------------------------------------------------------------------


class TemplateContainer(CrdModel):
    """The container of an operator."""

    name: str = Field(description="the container's name")
    working_dir: str = Field(default="", description="where the program starts")


class TemplateSpec(CrdModel):
    """What a pod of the operator is made of."""

    containers: tuple[TemplateContainer, ...] = Field(strict=False, description="one: the operator")


class DeployTemplate(CrdModel):
    """How the operator is deployed."""

    name: str = Field(description="the template's name")
    replicas: int | None = Field(default=None, description="how many pods")
    role: str = Field(default="", description="for which roles, all if it is not set")
    spec: TemplateSpec = Field(description="the pods")


class Image(CrdModel):
    """The image that contains the operator."""

    id: str = Field(default="", description="the image's id")
    name: str = Field(description="the image's name")
    sign: str = Field(default="", description="the image's signature")
    tag: str = Field(default="", description="the image's version")


class AppImageSpec(CrdModel):
    """Which image, and how it is run."""

    deploy_templates: tuple[DeployTemplate, ...] = Field(strict=False, min_length=1, description="one for each role")
    image: Image = Field(description="the image")


class AppImage(Object):
    """An operator that a node can run. Its annotation kuscia.secretflow/component-spec says what it takes and gives."""

    kind: Literal["AppImage"] = Field(default="AppImage", description="what this manifest describes")
    spec: AppImageSpec = Field(description="the image, and how it is run")


# --- Domain ----------------------------------------------------------------------------------------------------------


class DomainSpec(CrdModel):
    """What a node knows of a domain."""

    cert: str = Field(default="", description="the domain's certificate")
    inter_conn_protocols: tuple[str, ...] = Field(default=(), strict=False, description="bfia, for a partner")
    role: str = Field(default="", description="partner, or nothing for the node's own domain")


class Domain(Object):
    """A node that this one knows, or itself."""

    kind: Literal["Domain"] = Field(default="Domain", description="what this manifest describes")
    spec: DomainSpec = Field(default_factory=DomainSpec, description="what is known of it")


# --- what kubectl calls them -----------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """A kind by all of its names."""

    model: type[Object]
    plural: str
    short: str
    namespaced: bool

    @property
    def singular(self) -> str:
        return self.model.__name__.lower()

    @property
    def names(self) -> tuple[str, ...]:
        """What kubectl takes for it."""
        return tuple(name for name in (self.short, self.singular, self.plural) if name)

    def meta(self, name: str, **fields: Any) -> Metadata:
        """Metadata for a new object of this kind."""
        return Metadata(name=name, **fields) if self.namespaced else Metadata(name=name, namespace="", **fields)


KINDS = (
    Kind(KusciaJob, "kusciajobs", "kj", True),
    Kind(KusciaTask, "kusciatasks", "kt", True),
    Kind(AppImage, "appimages", "aimg", False),
    Kind(Domain, "domains", "", False),
)
