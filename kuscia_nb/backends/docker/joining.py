"""What nodes that are up have to be told: of each other, and of the ss-lr operator. Steps for `bringup`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from ...control.objects import LABEL
from ...errors import EngineError
from . import making
from .engine import Engine
from .exec import Exec
from .known_problems import route_state
from .making import Image
from .plan import Step

HOME = "/home/kuscia"
CERTS = f"{HOME}/var/certs"
_COMPONENT = {
    "component.1.description": "ss-lr",
    "component.1.input.1.categories": "dataset",
    "component.1.input.1.description": "train data",
    "component.1.input.1.name": "train_data",
    "component.1.name": "ss_lr",
    "component.1.output.1.categories": "dataset",
    "component.1.output.1.description": "train data",
    "component.1.output.1.name": "train_data",
}
_SPEC = f"{LABEL}component-spec"
_IMPORT = ["ctr", f"-a={HOME}/containerd/run/containerd.sock", "-n=k8s.io", "images", "import", "-"]
_LONG = 1800.0
"""Seconds that containerd may unpack a large image for, on a slow disk, without a word."""


def way(
    engine: Engine, member: str, host: str, at_member: Exec, at_host: Exec, master: Callable[[], list[str]]
) -> Iterator[Step]:
    """The host learns who the member is, and the member where the host is (spec: kuscia §5.2).

    `master` is what add_domain.sh takes behind the protocol, which is known when it is needed.
    """
    own, copy = f"{CERTS}/domain.crt", f"{CERTS}/{member}.domain.crt"

    def certificate() -> bytes:
        ran = at_member.run(["cat", own])
        if ran.code:
            raise EngineError(f"{member} has no certificate: {ran.complaint}", where=at_member.container)
        return ran.out

    def known() -> bool:
        spec = _got(at_host, "domain", member).get("spec", {})
        return spec.get("interConnProtocols") == ["bfia"] and spec.get("cert") == _packed(certificate())

    def led() -> bool:
        spec = _got(at_member, "cdr", f"{member}-{host}").get("spec", {})
        endpoint = spec.get("endpoint", {}).get("host")
        return spec.get("interConnProtocol") == "bfia" and endpoint == at_host.container

    yield Step(
        f"giving {member}'s certificate to {host}",
        lambda: at_host.run(["cat", copy]).out == certificate(),
        lambda: making.put_file(engine, at_host.container, copy, certificate()),
    )
    add = ["scripts/deploy/add_domain.sh", member, "p2p", "bfia"]
    yield Step(f"telling {host} of {member}", known, lambda: _do(at_host, [*add, *master()]))
    join = ["scripts/deploy/join_to_host.sh", member, host, f"https://{at_host.container}:1080", "-p", "bfia"]
    yield Step(f"leading {member} to {host}", led, lambda: _do(at_member, join))


def route(at_member: Exec, member: str, host: str) -> str:
    """Why the way is not ready; empty, if it is."""
    return route_state(_got(at_member, "cdr", f"{member}-{host}"))


def operator(engine: Engine, domain: str, exec: Exec, image: Image) -> Iterator[Step]:
    """The image in the node's own containerd, and what Kuscia has to know of it (spec: kuscia §5.4)."""
    wanted = _app_image(image)

    def load() -> None:
        with making.saved(engine, image) as archive:
            _do(exec, _IMPORT, archive)

    def known() -> bool:
        spec = _got(exec, "appimage", "ss-lr").get("spec", {})
        return all(spec.get(field) == value for field, value in wanted["spec"].items())

    def described() -> bool:
        said = _got(exec, "appimage", "ss-lr").get("metadata", {}).get("annotations") or {}
        return said.get(_SPEC) == _compact(_COMPONENT)

    apply = ["kubectl", "apply", "-f", "-"]
    annotate = ["kubectl", "annotate", "appimage", "ss-lr", f"{_SPEC}={_compact(_COMPONENT)}", "--overwrite"]
    yield Step(f"giving {image} to {domain}", lambda: has_operator(exec, image), load)
    yield Step(f"telling {domain} of ss-lr", known, lambda: _do(exec, apply, json.dumps(wanted).encode()))
    yield Step(f"telling {domain} what ss-lr takes", described, lambda: _do(exec, annotate))


def has_operator(exec: Exec, image: Image) -> bool:
    """Whether a node's containerd has the image."""
    return exec.run(["crictl", "inspecti", str(image)]).code == 0


def _app_image(image: Image) -> dict[str, Any]:
    """Also v0.5 is given a workingDir, which its CRD wants and its own script forgets (spec: kuscia §5.5)."""
    containers = [{"name": "ss-lr", "workingDir": "/work"}]
    return {
        "apiVersion": f"{LABEL}v1alpha1",
        "kind": "AppImage",
        "metadata": {"name": "ss-lr"},
        "spec": {
            "deployTemplates": [{"name": "ss-lr", "replicas": 1, "spec": {"containers": containers}}],
            "image": {"id": "880258fc0d3b", "name": image.repository, "sign": "880258fc0d3b", "tag": image.tag},
        },
    }


def _do(exec: Exec, argv: list[str], stdin: BinaryIO | bytes | None = None) -> None:
    """Run what changes something, to its end."""
    ran = exec.run(argv, stdin, limit=_LONG)
    if ran.code:
        raise EngineError(f"{' '.join(argv[:2])} fails: {ran.complaint[-500:]}", where=exec.container)


def _got(exec: Exec, kind: str, name: str) -> Mapping[str, Any]:
    """An object of a node; an empty one, if it is not there."""
    ran = exec.run(["kubectl", "get", kind, name, "-o", "json", "--ignore-not-found"])
    return json.loads(ran.text) if ran.code == 0 and ran.text.strip() else {}


def _packed(certificate: bytes) -> str:
    return base64.b64encode(certificate).decode()


def _compact(document: Mapping[str, str]) -> str:
    return json.dumps(document, separators=(",", ":"))
