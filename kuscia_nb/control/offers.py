"""Whose component an AppImage offers, in which version and to which roles (spec: bfia §2.1).

Kuscia's component-spec has no place for these. What was registered in the standard's way keeps them in an annotation
of its own; the operators that every node has say it themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .kinds import AppImage

ANNOTATION = "kuscia-nb/bfia-components"


class Offer(NamedTuple):
    """What a component says of itself; what is empty is not known, and anybody's."""

    provider: str = ""
    versions: tuple[str, ...] = ()
    """The first one is told to peers."""
    roles: tuple[str, ...] = ("host", "guest")


Offers = Mapping[str, Mapping[str, Offer]]
"""By AppImage and component."""

NONE: Offers = {}


def offers_of(image: AppImage) -> dict[str, Offer]:
    """The components of an AppImage that are known more of, by name."""
    try:
        written = json.loads(image.annotations.get(ANNOTATION, "{}"))
        found = {name: _offer(said) for name, said in written.items()}
    except (ValueError, TypeError, AttributeError, KeyError):
        found = {}  # somebody has edited it
    return {**_known(image.name), **found}


def offered(offers: Offers, image: str, component: str) -> Offer:
    """What is known of a component; nothing, if nobody has described it."""
    return {**_known(image), **offers.get(image, {})}.get(component, Offer())


def annotation(offers: Mapping[str, Offer]) -> str:
    """The value of the annotation for these components."""
    return json.dumps({name: offer._asdict() for name, offer in offers.items()}, sort_keys=True, separators=(",", ":"))


def same_version(one: str, other: str) -> bool:
    """v1.0.0 is 1.0.0."""
    return one.removeprefix("v") == other.removeprefix("v")


def _known(image: str) -> dict[str, Offer]:
    """What the operators of an image say of themselves."""
    from ..operators import OPERATORS  # the package needs numpy, which reading a manifest does not

    described = [one for one in OPERATORS.of_image(image) if one.provider]
    return {one.component.name: Offer(one.provider, one.versions) for one in described}


def _offer(said: Mapping[str, Any]) -> Offer:
    return Offer(str(said["provider"]), _texts(said["versions"]), _texts(said["roles"]))


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
