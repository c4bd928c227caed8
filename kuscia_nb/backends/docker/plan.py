"""What is to be brought up: which images, under which name, with how much memory."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from typing import NamedTuple

from ...errors import EngineError
from .making import Image
from .versions import check_text

DOMAINS = ("alice", "bob")
VERSION = "1.1.0b0"
"""The newest Kuscia whose source was read."""
_REGISTRY = "secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow"


class Plan(NamedTuple):
    """What is to be there."""

    name: str
    """Of the cluster: the first part of its containers' names."""
    kuscia: Image
    ttp: Image
    operator: Image
    memory: int | None
    """Bytes for each node; None is no limit."""

    @classmethod
    def read(
        cls,
        *,
        name: str | None = None,
        image: str | None = None,
        version: str | None = None,
        memory: str | None = None,
        ttp_image: str | None = None,
        operator_image: str | None = None,
    ) -> Plan:
        """Of what a person says. EngineError, if it cannot be, or BFIA jobs do not work in that version."""
        asked = Image.read(image or f"{_REGISTRY}/kuscia", version or VERSION)
        if version and asked.tag != version:
            raise EngineError(f"{image} is not version {version}", hint="--image without a tag, or without --version")
        check_text(asked.tag, f"{asked}")
        return cls(
            _name(name),
            asked,
            Image.read(ttp_image or f"{_REGISTRY}/ttp-server"),
            Image.read(operator_image or f"{_REGISTRY}/ss-lr"),
            _bytes(memory or "6GiB"),
        )

    def container(self, domain: str) -> str:
        """The name of a domain's container (spec: kuscia §5.1)."""
        return f"{self.name}-kuscia-autonomy-{domain}"

    @property
    def nodes(self) -> dict[str, str]:
        """Its containers by their domains."""
        return {domain: self.container(domain) for domain in DOMAINS}


class Step(NamedTuple):
    """A piece of it."""

    what: str
    done: Callable[[], bool]
    """Only looks."""
    do: Callable[[], None]
    """Can be repeated."""


def _name(name: str | None) -> str:
    """As containers may be called; without one, the user's own, which is what Kuscia's script takes."""
    if name is None:
        try:
            name = re.sub(r"[^a-zA-Z0-9_.-]", "-", getpass.getuser()).strip("_.-")
        except (OSError, KeyError):  # a user without a name, as in a container
            name = ""
        return name or "nb"
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,30}", name):
        raise EngineError(f"{name!r} is no name for containers", hint="letters, digits and - . _, such as demo")
    return name


def _bytes(text: str) -> int | None:
    """Of 6GiB, 512m or -1, as Docker counts: 1024 to a K."""
    if text.strip() == "-1":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", text.strip().lower())
    if found is None:
        raise EngineError(f"{text!r} is no amount of memory", hint="--memory 6GiB, or -1 for no limit")
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2] or " "))
