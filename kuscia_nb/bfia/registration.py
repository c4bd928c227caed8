"""A component's description of itself to the AppImage that offers it (spec: bfia §2.1, §2.2, kuscia §5.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..control import offers
from ..control.app_images import deployed
from ..control.kinds import AppImage, Image
from ..control.offers import Offer, offers_of
from .bodies import ComponentInfo, RegisterRequest
from .messages import ROLES, app_image_name
from .routes import Call, Refused, Reply

if TYPE_CHECKING:
    from ..operators.component import Component

_REQUIRED = {"componentName": "component_name", "provider": "provider", "version": "version"}


def register(call: Call[RegisterRequest]) -> Reply:
    """Offer a component to the tasks of this node."""
    info: ComponentInfo = call.message.component_info or ComponentInfo()
    if absent := [name for name, attribute in _REQUIRED.items() if not getattr(info, attribute)]:
        raise Refused(";".join(f"parameter component_info.{name} can't be empty" for name in absent))
    name = app_image_name(info.component_name)
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
        rule = "letters, digits, '_' and '-', at most 63"
        raise Refused(f'component_info.componentName: Invalid value: "{info.component_name}": must consist of {rule}')
    if unknown := [role for role in info.role_list if role not in ROLES]:
        raise Refused(f'component_info.roleList: "{unknown[0]}" is none of {", ".join(ROLES)}')
    kept = call.node.store.get(AppImage, name)
    known = offers_of(kept) if kept else {}
    provider = known.get(info.component_name, Offer()).provider
    if provider not in ("", info.provider):
        raise Refused(f"component_info.provider: {info.component_name} is of the provider {provider} here")
    call.node.apply(_app_image(name, call.message.image_url, info, kept, known))
    return Reply()


def _app_image(
    name: str, image_url: str, info: ComponentInfo, kept: AppImage | None, known: Mapping[str, Offer]
) -> AppImage:
    """What is on the node afterwards: other components of the same image stay."""
    from ..operators.component import ANNOTATION, Component, component_spec  # its package needs numpy

    inputs, outputs = ([ref.name for ref in refs] for refs in (info.input_data, info.output_data))
    description = info.description or info.title
    component = Component(info.component_name, description, tuple(inputs), tuple(outputs))
    others = _components(kept.annotations.get(ANNOTATION, "{}"), name) if kept else {}
    spec = component_spec((others | {component.name: component}).values())
    offer = Offer(info.provider, (info.version,), info.role_list or Offer().roles)
    annotations = {ANNOTATION: spec, offers.ANNOTATION: offers.annotation({**known, component.name: offer})}
    return deployed(name, _image(image_url), annotations)


def _components(annotation: str, app_image: str) -> dict[str, Component]:
    """All components that an annotation announces, by name."""
    from ..operators.component import Component

    try:
        entries = json.loads(annotation).items()
    except (ValueError, AttributeError):
        return {}  # nobody can read it
    names = [value for key, value in entries if re.fullmatch(r"component\.[1-9][0-9]*\.name", key)]
    return {name: Component.from_annotation(annotation, name, app_image) for name in names}


def _image(url: str) -> Image:
    """The name and tag of an image; a colon before the last slash is that of a port."""
    folder, slash, last = url.rpartition("/")
    name, _, tag = last.partition(":")
    return Image(name=f"{folder}{slash}{name}", tag=tag or "latest")
