"""What one node says that may tell why a job does not go on: asked in one go, only read, and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from ...control.kinds import AppImage, Domain, KusciaTask
from ...control.resources import KusciaJob
from ...errors import KusciaError
from .files import STORAGE
from .node import DockerNode

LOOKED_AT = "the job, its task and pods, AppImages, routes, the node's own state, its logs, data files and the TTP"
_LOGS = "cd /home/kuscia/var/logs 2>/dev/null && tail -n 200 kuscia.log k3s.log containerd.log 2>/dev/null"
_THERE = 'for file in "$@"; do [ -e "$file" ] || echo "$file"; done'
_SECONDS = 5.0
"""How long one question may take: what does not answer is no evidence."""
_UNREACHED = (6, 7, 28)
"""curl: the name is unknown, nobody listens, nobody answers."""

Json = Mapping[str, Any]


class Evidence(NamedTuple):
    """Of one node and one job. What the node did not tell is empty."""

    domain: str
    container: str
    job: KusciaJob | None
    """Its copy of it."""
    tasks: list[KusciaTask]
    app_images: dict[str, AppImage]
    domains: set[str]
    pods: list[Json]
    routes: list[Json]
    machine: list[Json]
    """The Kubernetes node, which is one."""
    logs: str
    """The last lines of Kuscia, k3s and containerd."""
    kernel: str
    missing: list[str]
    """Data files of this party that are not there."""
    ttp: str
    """What curl says of the TTP; empty, if it answers or nobody knows where it is."""

    @property
    def waiting(self) -> Iterator[tuple[str, str, str]]:
        """Of each container that waits: its image, why, and what is said of it."""
        for pod in self.pods:
            for status in pod.get("status", {}).get("containerStatuses") or ():
                if found := status.get("state", {}).get("waiting"):
                    yield status.get("image", ""), found.get("reason", ""), found.get("message", "")

    def logged(self, pattern: str) -> str:
        """What the last line is in which the pattern occurs; empty, if there is none."""
        lines = [line for line in self.logs.splitlines() if re.search(pattern, line)]
        return lines[-1].strip()[:300] if lines else ""


def gather(node: DockerNode, name: str) -> Evidence:
    """Ask a node about a job. KusciaError, if it cannot be asked at all."""
    job = node.store.get(KusciaJob, name)
    tasks = node.store.owned(KusciaTask, job) if job else []
    return Evidence(
        node.domain,
        node.container,
        job,
        tasks,
        {image.name: image for image in node.store.objects(AppImage)},
        {domain.name for domain in node.store.objects(Domain)},
        [pod for pod in _listed(node, "pods", "-n", node.domain) if _pod_of(pod, tasks)],
        _listed(node, "cdr"),
        _listed(node, "nodes"),
        _said(node, ["sh", "-c", _LOGS]),
        _said(node, ["uname", "-r"]).strip(),
        _said(node, ["sh", "-c", _THERE, "sh", *_files(job, node.domain)]).split("\n")[:-1],
        _ttp(node, job),
    )


def answers(node: DockerNode, place: str) -> str:
    """What curl complains of, if nothing at host:port can be reached from the node; else nothing."""
    ask = ["curl", "-sS", "--max-time", "3", "-o", "/dev/null", f"http://{place}/"]
    ran = node.exec.run(ask, limit=_SECONDS)
    return ran.complaint if ran.code in _UNREACHED else ""


def _said(node: DockerNode, argv: list[str]) -> str:
    try:
        return node.exec.run(argv, limit=_SECONDS).text
    except KusciaError:
        return ""


def _listed(node: DockerNode, *what: str) -> list[Json]:
    try:
        return json.loads(_said(node, ["kubectl", "get", *what, "-o", "json"]))["items"]
    except (ValueError, KeyError, TypeError):
        return []


def _files(job: KusciaJob | None, domain: str) -> Iterator[str]:
    """The data files that a job's own tasks of a domain begin with (spec: kuscia §4.4)."""
    for task in job.spec.tasks if job else ():
        with suppress(KusciaError, ValueError, LookupError):  # what a real node's job says need not be readable
            config = task.config
            for role, index, member in config.role.members() if not config.input else ():
                own = config.task_params.of(role, index)
                if member == domain and "name" in own:
                    yield f"{STORAGE}/{own.get('namespace', 'data')}/{own['name']}"


def _ttp(node: DockerNode, job: KusciaJob | None) -> str:
    """Whether the TTP of a job can be reached from the node: what curl complains of if not."""
    for task in job.spec.tasks if job else ():
        with suppress(KusciaError, ValueError, LookupError):
            place = str(task.config.task_params.common["ttp_server_host"])
            if complaint := answers(node, place):
                return f"{place}: {complaint}"
    return ""


def _pod_of(pod: Json, tasks: list[KusciaTask]) -> bool:
    """Pods are called <taskID>-<role>-<index> (spec: kuscia §2.4)."""
    return any(pod.get("metadata", {}).get("name", "").startswith(f"{task.name}-") for task in tasks)
