"""What a fresh node has: its domains, and AppImages with which it offers its operators (spec: kuscia §5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .kinds import (
    AppImage,
    AppImageSpec,
    DeployTemplate,
    Domain,
    DomainSpec,
    Image,
    TemplateContainer,
    TemplateSpec,
)
from .node import Node
from .objects import Metadata

if TYPE_CHECKING:  # the package of the operators needs numpy, which reading a manifest does not
    from ..operators import Operator

_IMAGES = {
    "ss-lr": Image(
        id="880258fc0d3b",
        name="secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow/ss-lr",
        sign="880258fc0d3b",
        tag="latest",
    )
}
"""As the tutorial's script registers them; an operator written here has an image in name only."""


def app_image(operator: Operator) -> AppImage:
    """The AppImage that carries an operator, and with it all those that are registered for the same image."""
    from ..operators import OPERATORS
    from ..operators.component import ANNOTATION, component_spec

    name = operator.image
    components = {one.component.name: one.component for one in [*OPERATORS.of_image(name), operator]}
    image = _IMAGES.get(name, Image(name=name, tag="latest"))
    return deployed(name, image, {ANNOTATION: component_spec(components.values())})


def deployed(name: str, image: Image, annotations: dict[str, str]) -> AppImage:
    """An AppImage whose one container is made from an image; its annotations say what is in there."""
    container = TemplateContainer(name=name, working_dir="/work")
    template = DeployTemplate(name=name, replicas=1, spec=TemplateSpec(containers=(container,)))
    return AppImage(
        metadata=Metadata(name=name, namespace="", annotations=annotations),
        spec=AppImageSpec(deploy_templates=(template,), image=image),
    )


def furnish(node: Node, domains: Iterable[str]) -> None:
    """Put into a fresh node what every node has: the domains, and an AppImage for every operator."""
    from ..operators import OPERATORS

    for domain in domains:
        spec = DomainSpec() if domain == node.domain else DomainSpec(role="partner", inter_conn_protocols=("bfia",))
        node.store.create(Domain(metadata=Metadata(name=domain, namespace=""), spec=spec))
    for operator in OPERATORS.values():
        node.apply(app_image(operator))
