"""Which Kuscia a node has, and what differs between those in which BFIA jobs work (spec: kuscia §0, §5.5).

Up to v0.5 (era A) jobs have no namespace and their stage is in the spec; from v0.15 on (era C) they are in
`cross-domain` and their stage is a label. In between (era B) a BFIA job waits for ever, so that such a node is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple

from ...control.objects import CROSS_DOMAIN, LABEL
from ...errors import EngineError
from .exec import Exec

Era = Literal["A", "C"]

KNOWN = (1, 1)
"""The newest Kuscia whose source was read."""
_OURS = "kuscia_nb "
_SCOPE = ["kubectl", "get", "crd", "kusciajobs.kuscia.secretflow", "-o", "jsonpath={.spec.scope}"]
_BFIA_SUITE = (
    "test -d /home/kuscia/tests/suite/bfia || test -d /home/kuscia/scripts/test/suite/bfia"
    " || grep -q workingDir /home/kuscia/scripts/user/bfia/prepare_ss_lr_image.sh 2>/dev/null"
)
"""What comes with images in which BFIA works again, and not with those before."""


class Version(NamedTuple):
    """A node's Kuscia."""

    text: str
    """As it calls itself."""
    era: Era
    ours: bool = False
    """Whether it is a node of this package (containers/node), whose shares are exact."""

    @property
    def namespace(self) -> list[str]:
        """What a kubectl line about jobs needs."""
        return ["-n", CROSS_DOMAIN] if self.era == "C" else []

    def stopping(self, job: str) -> list[str]:
        """The line that stops a job on this node (spec: kuscia §1.7)."""
        if self.era == "C":
            return ["kubectl", "label", "kj", job, *self.namespace, f"{LABEL}job-stage=Stop", "--overwrite"]
        patch = json.dumps({"spec": {"stage": "Stop"}})
        return ["kubectl", "patch", "kj", job, "--type", "merge", "-p", patch]

    def written(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """A job's manifest as this Kuscia takes it."""
        spec = {name: value for name, value in manifest["spec"].items() if name != "stage"}
        metadata = dict(manifest["metadata"])
        if self.era == "A":
            metadata.pop("namespace", None)
        return {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata, "spec": spec}

    @property
    def newer(self) -> bool:
        """Whether it is newer than what was read."""
        found = _number(self.text)
        return found is not None and found > KNOWN


def version_of(exec: Exec) -> Version:
    """The version of a node that is up. EngineError, if it is no Kuscia, is not ready, or cannot do BFIA jobs."""
    ran = exec.run(["kuscia", "--version"])
    if ran.code:
        raise EngineError(
            f"{exec.container} is no Kuscia node: {ran.complaint}", hint="kn.connect('docker', nodes={...})"
        )
    text = ran.text.strip().removeprefix("kuscia version ") or "unknown"
    scope = exec.run(_SCOPE)
    if scope.code:
        hint = f"it takes a minute after its start; docker exec {exec.container} tail var/logs/k3s.log"
        raise EngineError(f"{exec.container} is not ready: {scope.complaint}", hint=hint)
    if text.startswith(_OURS):
        return Version(text, "C", ours=True)
    if scope.text.strip() == "Cluster":
        return Version(text, "A")
    check_text(text, exec.container)
    if exec.run(["sh", "-c", _BFIA_SUITE]).code:
        raise _useless(text, exec.container)
    return Version(text, "C")


def check_text(text: str, where: str) -> None:
    """Refuse a version that calls itself one in which BFIA jobs wait for ever. What has no number is taken as new."""
    number = _number(text.removeprefix("kuscia version "))
    if number is not None and (0, 6) <= number < (0, 15):
        raise _useless(text, where)


def era_of(text: str) -> Era:
    """Of what `kuscia --version` prints, for a node that does not run yet."""
    number = _number(text.removeprefix("kuscia version "))
    return "A" if number is not None and number < (0, 6) else "C"


def _useless(text: str, where: str) -> EngineError:
    what = f"{where} is Kuscia {text}, in which BFIA jobs wait for ever"
    return EngineError(what, hint="Kuscia 0.15.0b0 or newer, with -P bfia; v0.6 to v0.14 cannot do it")


def check_protocol(exec: Exec) -> None:
    """Refuse a node whose partners speak another protocol than BFIA, for its jobs would fail (spec: kuscia §8)."""
    ran = exec.run(["kubectl", "get", "domains", "-o", "json"])
    if ran.code:
        raise EngineError(f"{exec.container}: {ran.complaint}", hint="is the node up? docker logs --tail 50")
    for domain in json.loads(ran.text)["items"]:
        protocols = domain.get("spec", {}).get("interConnProtocols") or []
        if protocols and protocols[0] != "bfia":
            name = domain["metadata"]["name"]
            what = f"{exec.container} speaks {protocols[0]} with {name}, not bfia: a job would fail there"
            raise EngineError(what, hint="bring the nodes up anew with ./kuscia.sh p2p -P bfia -a none")


def _number(text: str) -> tuple[int, int] | None:
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
