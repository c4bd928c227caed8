"""Why jobs on Kuscia's nodes do not go on: what each cause looks like, the sentence for it, and what to do.

In Kuscia most of these hang without a word. Every row says where it was seen: a thread of Kuscia's or SecretFlow's
tracker, a page of its documentation, or the part of the spec that its source was read for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...control.objects import LABEL, condition
from .evidence import Evidence, Json

_IMAGE = ("ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "ImageInspectError")
_INJECTION = (
    r"failed to unmarsh task input config|unsupported role type|not found party \S+ in role config"
    r"|not found (namespace|name) in party task params|can not convert party private params"
    r"|not found (component spec annotation|expected comp\w+|expected \w+ name)|empty AppImage annotation"
    r"|failed to unmarshal component spec|invalid input key|not found task by name"
)
"""What a node logs, and nobody else hears, when a task cannot be given its environment (spec: kuscia §4.3)."""
_PARAMETERS = r"has_label|label_owner|feature_nums|ttp_session_id|ttp_asym_crypto_schema|ttp_public_key"


class Known(NamedTuple):
    """A cause: what of a node's evidence shows it, as sentences without the node's name, and what to do."""

    sees: Callable[[Evidence], Iterable[str]]
    remedy: str
    seen: str


class Cause(NamedTuple):
    """What was found: on which node, what, and what to do about it."""

    domain: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.domain}: {self.what}; try: {self.remedy}"


def causes(all_evidence: Sequence[Evidence]) -> list[Cause]:
    """The causes that are known of a job that does not go on, from the evidence of the nodes that are reached."""
    found = [
        Cause(evidence.domain, what, known.remedy.format(container=evidence.container, domain=evidence.domain))
        for known in KNOWN_PROBLEMS
        for evidence in all_evidence
        for what in known.sees(evidence)
    ]
    return [*_leftovers(all_evidence), *found]


# --- what of the evidence shows it ------------------------------------------------------------------------------------


def _logged(pattern: str, sentence: str) -> Callable[[Evidence], Iterator[str]]:
    def sees(evidence: Evidence) -> Iterator[str]:
        if line := evidence.logged(pattern):
            yield f"{sentence} ({line})"

    return sees


def _waits(reasons: Sequence[str], sentence: str, message: str = "") -> Callable[[Evidence], Iterator[str]]:
    def sees(evidence: Evidence) -> Iterator[str]:
        for image, reason, said in evidence.waiting:
            if reason in reasons and re.search(message, said):
                yield sentence.format(image=image, reason=reason)

    return sees


def _unscheduled(pattern: str, sentence: str) -> Callable[[Evidence], Iterator[str]]:
    """What the scheduler says of a pod that it cannot place."""

    def sees(evidence: Evidence) -> Iterator[str]:
        for pod in evidence.pods:
            for found in pod.get("status", {}).get("conditions") or ():
                if found.get("type") == "PodScheduled" and re.search(pattern, found.get("message", "")):
                    yield f"{sentence} ({found['message']})"

    return sees


def _no_app_image(evidence: Evidence) -> Iterator[str]:
    for task in evidence.job.spec.tasks if evidence.job else ():
        image = evidence.app_images.get(task.app_image)
        if image is None:
            yield f"it has no AppImage {task.app_image}"
        elif f"{LABEL}component-spec" not in image.annotations:
            yield f"its AppImage {task.app_image} has no annotation {LABEL}component-spec"


def _route_down(evidence: Evidence) -> Iterator[str]:
    parties = {party.domain_id for task in evidence.job.spec.tasks for party in task.parties} if evidence.job else set()
    for route in evidence.routes:
        spec, why = route.get("spec", {}), route_state(route)
        if {spec.get("source"), spec.get("destination")} <= parties and why:
            yield f"the route from {spec.get('source')} to {spec.get('destination')} is not ready ({why})"


def route_state(route: Json) -> str:
    """Why a route is not up; empty, if it is (spec: kuscia §8)."""
    conditions = route.get("status", {}).get("conditions") or ()
    ready = next((one for one in conditions if one.get("type") == "Ready"), {})
    if ready.get("status") == "True":
        return ""
    return " ".join(filter(None, (ready.get("reason"), ready.get("message")))) or "it has no state yet"


def _pressed(evidence: Evidence) -> Iterator[str]:
    for machine in evidence.machine:
        for found in machine.get("status", {}).get("conditions") or ():
            if found.get("type") in ("DiskPressure", "MemoryPressure", "PIDPressure") and found.get("status") == "True":
                yield f"the node has {found['type']}: {found.get('message', '')}"
        for taint in machine.get("spec", {}).get("taints") or ():
            if taint.get("key") == "node.kubernetes.io/disk-pressure":
                yield "the node takes no pods, for its disk is nearly full (taint disk-pressure)"


def _not_ready(evidence: Evidence) -> Iterator[str]:
    for machine in evidence.machine:
        for found in machine.get("status", {}).get("conditions") or ():
            if found.get("type") == "Ready" and found.get("status") != "True":
                yield f"its agent is not ready ({found.get('reason', '')}: {found.get('message', '')})"


def _old_kernel(evidence: Evidence) -> Iterator[str]:
    found = re.match(r"(\d+)\.(\d+)", evidence.kernel)
    if found and (int(found[1]), int(found[2])) < (4, 6):
        yield f"the kernel is {evidence.kernel}, and Kuscia needs 4.6 or newer"


def _no_data(evidence: Evidence) -> Iterator[str]:
    yield from (f"the data file {path} is not there" for path in evidence.missing)


def _no_ttp(evidence: Evidence) -> Iterator[str]:
    if evidence.ttp:
        yield f"the trusted third party cannot be reached from here ({evidence.ttp})"


def _other_parameters(evidence: Evidence) -> Iterator[str]:
    for task in evidence.tasks:
        for pod in task.status.pod_statuses.values():
            if re.search(_PARAMETERS, pod.termination_log):
                yield f"the operator does not know the job's parameters ({pod.termination_log.strip()[:300]})"


def _awaits_approval(evidence: Evidence) -> Iterator[str]:
    if evidence.job and evidence.job.status.phase == "AwaitingApproval":
        yield "the job waits for an approval that BFIA does not have"


def _not_bfia(evidence: Evidence) -> Iterator[str]:
    if evidence.job and evidence.job.labels.get(f"{LABEL}interconn-protocol-type") == "kuscia":
        yield "the job was taken for one of Kuscia's own protocol"


def _unknown_party(evidence: Evidence) -> Iterator[str]:
    for task in evidence.job.spec.tasks if evidence.job else ():
        for party in task.parties:
            if evidence.domains and party.domain_id not in evidence.domains:
                yield f"it does not know the domain {party.domain_id}"


def _not_asked(evidence: Evidence) -> Iterator[str]:
    for task in evidence.tasks:
        synced = condition(task.status.conditions, "StatusSynced")
        if synced and synced.status == "False":
            yield f"the partner does not answer ({synced.message})"


def _leftovers(all_evidence: Sequence[Evidence]) -> Iterator[Cause]:
    """A job of the same name that a partner still has from before (spec: kuscia §3.8)."""
    running = [found for found in all_evidence if found.job and not found.job.finished]
    for evidence in all_evidence:
        if running and evidence.job and evidence.job.finished:
            name = evidence.job.name
            what = f"a job {name} from before is still here, {evidence.job.status.phase}: a new one does not start"
            yield Cause(evidence.domain, what, f"cluster.delete({name!r}) deletes it on every node that is reached")


# --- the table --------------------------------------------------------------------------------------------------------

KNOWN_PROBLEMS: tuple[Known, ...] = (
    Known(
        _waits(_IMAGE, "the image {image} is not in its containerd ({reason}), and Kuscia waits for it for ever"),
        "prepare_ss_lr_image.sh -k {container} brings it there",
        "kuscia#371, kuscia#411, kuscia#984; spec: kuscia §2.4",
    ),
    Known(
        _waits(["CreateContainerError"], "its container of {image} was not made in two minutes", "deadline exceeded"),
        "a faster disk for the volume {container}-containerd, or once more: a large image takes long the first time",
        "kuscia#45, kuscia#1018",
    ),
    Known(
        _logged("too many open files", "the host's inotify instances are used up"),
        "sudo sysctl fs.inotify.max_user_instances=8192 on the host; then docker restart {container}",
        "kuscia: docs/troubleshoot/deployment/create_fsnotify_failed.md",
    ),
    Known(
        _logged(
            r"(import|pull|get).*pause.*(fail|error)|fail\w*.*pause:3",
            "the image of pods themselves, pause, is not there",
        ),
        "docker restart {container}; if it stays so, bring the node up anew",
        "kuscia#45, kuscia#1018",
    ),
    Known(
        _logged(
            r"containerd\.sock.*(refused|no such file)|failed to load plugin io\.containerd\.grpc",
            "containerd is not up",
        ),
        "docker exec {container} tail var/logs/containerd.log; docker restart {container}",
        "kuscia#853, kuscia#459",
    ),
    Known(
        _logged(r"6443.*refused|finished with err", "k3s, which keeps the node's objects, is not up"),
        "docker exec {container} tail var/logs/k3s.log; a node that broke in a power cut has to be made anew",
        "kuscia#496, secretflow#1905, secretflow#1899",
    ),
    Known(_old_kernel, "a host with a newer kernel", "kuscia: docs/deployment/deploy_check.md; secretflow#784"),
    Known(_not_ready, "docker exec {container} tail var/logs/kuscia.log", "kuscia#853"),
    Known(
        _pressed,
        "free disk space (the volume {container}-containerd grows), or docker update --memory and a restart",
        "kuscia#431",
    ),
    Known(
        _unscheduled("Insufficient (cpu|memory)", "there is not enough of the machine for its pod"),
        "more memory for the container: docker update --memory 8g --memory-swap 8g {container}, and a restart",
        "kuscia: docs/deployment/deploy_check.md",
    ),
    Known(
        _unscheduled("taint", "no machine takes its pod"),
        "docker exec {container} kubectl describe node says which taint",
        "kuscia#431",
    ),
    Known(_no_app_image, "prepare_ss_lr_image.sh -k {container}", "kuscia#302, kuscia#721; spec: kuscia §5.4"),
    Known(
        _logged(_INJECTION, "the task cannot be given what its program needs, and nobody is told"),
        "check taskInputConfig, and the AppImage's component-spec: kn.explain has both",
        "spec: kuscia §4.3",
    ),
    Known(
        _route_down,
        "docker exec {container} kuscia diagnose network; exchange certificates anew if a node was reinstalled",
        "kuscia#331, kuscia#357, kuscia#408, kuscia#511; secretflow#1711",
    ),
    Known(_unknown_party, "docker exec {container} kubectl get domains lists those that it knows", "spec: kuscia §7"),
    Known(_not_asked, "see that the partner's node runs, and the route to it", "spec: kuscia §2.3"),
    Known(_no_data, "cluster.put({domain!r}, NAME, table), or name the file that is there", "spec: kuscia §7"),
    Known(_no_ttp, "docker start ttp-server, on the network of the nodes", "spec: kuscia §5.3"),
    Known(
        _other_parameters,
        "an ss-lr image as old as the tutorial, or the parameters of the newer one: label_owner, feature_nums",
        "spec: kuscia §4.5",
    ),
    Known(_awaits_approval, "a Kuscia from 0.15.0b0 on, brought up with -P bfia", "kuscia#423; spec: kuscia §0.1"),
    Known(_not_bfia, "bring the nodes up anew with ./kuscia.sh p2p -P bfia -a none", "kuscia#25"),
)
