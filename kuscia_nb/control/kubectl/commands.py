"""Every kubectl command there is: what runs, its flags, and its help."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getdoc
from typing import NamedTuple

from ..objects import CROSS_DOMAIN
from . import about, apply, delete, describe, get, logs, marks, patch, wait
from .call import Call
from .flags import COMMON, Flag


class Command(NamedTuple):
    """A command; its help begins with the docstring of what runs."""

    run: Callable[[Call], None]
    flags: tuple[Flag, ...]
    usage: str
    examples: tuple[str, ...]

    @property
    def all_flags(self) -> tuple[Flag, ...]:
        return (*self.flags, *COMMON)

    @property
    def summary(self) -> str:
        return (getdoc(self.run) or "").partition("\n")[0]

    def help(self) -> str:
        """What it does, examples, flags."""
        width = max(len(flag.shown) for flag in self.all_flags)
        lines = [self.summary, "", "Examples:", *(f"  {example}" for example in self.examples), "", "Options:"]
        lines += [f"  {flag.shown:<{width}}   {flag.help}" for flag in self.all_flags]
        return "\n".join([*lines, "", "Usage:", f"  kubectl {self.usage}", ""])


_NS = f"-n {CROSS_DOMAIN}"
_TARGETS = "(TYPE [NAME | -l label] | TYPE/NAME ...)"

COMMANDS = {
    "get": Command(
        get.get,
        get.FLAGS,
        f"get {_TARGETS} [-o yaml|json|name|wide|jsonpath=...|custom-columns=...] [-w]",
        (
            f"kubectl get kj {_NS}",
            f"kubectl get kj job-ss-lr {_NS} -o yaml --node bob",
            f"kubectl get kj job-ss-lr {_NS} -o jsonpath='{{.status.phase}}'",
            f"kubectl get kj,kt {_NS} --sort-by=.status.startTime",
            f"kubectl get kj {_NS} -w",
        ),
    ),
    "describe": Command(
        describe.describe,
        describe.FLAGS,
        f"describe {_TARGETS}",
        (f"kubectl describe kj job-ss-lr {_NS}", "kubectl describe appimage ss-lr"),
    ),
    "apply": Command(
        apply.apply,
        apply.FLAGS,
        "apply -f FILE|FOLDER|-",
        ("kubectl apply -f job-ss-lr.yaml", "%%kubectl apply -f -        and the manifest below it"),
    ),
    "create": Command(apply.create, apply.FLAGS, "create -f FILE|FOLDER|-", ("kubectl create -f job-ss-lr.yaml",)),
    "delete": Command(
        delete.delete,
        delete.FLAGS,
        f"delete {_TARGETS} | -f FILE [--all-nodes]",
        (
            f"kubectl delete kj job-ss-lr {_NS}",
            f"kubectl delete kj job-ss-lr {_NS} --all-nodes",
            "kubectl delete -f job-ss-lr.yaml --ignore-not-found",
        ),
    ),
    "logs": Command(
        logs.logs,
        logs.FLAGS,
        "logs (POD | TASK | TYPE/NAME) [-f] [--tail=N]",
        ("kubectl logs kj/job-ss-lr", "kubectl logs job-ss-lr-26e3489ac66e-host-0 -n alice", "kubectl logs kt/NAME -f"),
    ),
    "label": Command(
        marks.label,
        marks.FLAGS,
        f"label {_TARGETS} KEY=VALUE ... KEY- ... [--overwrite]",
        (
            f"kubectl label kj job-ss-lr team=risk {_NS}",
            f"kubectl label kj job-ss-lr kuscia.secretflow/job-stage=Stop --overwrite {_NS}        stops the job",
            f"kubectl label kj job-ss-lr team- {_NS}",
        ),
    ),
    "annotate": Command(
        marks.annotate,
        marks.FLAGS,
        f"annotate {_TARGETS} KEY=VALUE ... KEY- ... [--overwrite]",
        (f"kubectl annotate kj job-ss-lr note='the first run' {_NS}",),
    ),
    "patch": Command(
        patch.patch,
        patch.FLAGS,
        f"patch {_TARGETS} --type merge -p PATCH",
        (f"""kubectl patch kj job-ss-lr {_NS} --type merge -p '{{"spec": {{"stage": "Stop"}}}}'""",),
    ),
    "wait": Command(
        wait.wait,
        wait.FLAGS,
        f"wait {_TARGETS} --for=delete|condition=TYPE|jsonpath='{{PATH}}'=VALUE [--timeout=30s]",
        (
            f"kubectl wait kj/job-ss-lr {_NS} --for=jsonpath='{{.status.phase}}'=Succeeded --timeout=60s",
            f"kubectl wait kj/job-ss-lr {_NS} --for=condition=JobValidated",
        ),
    ),
    "explain": Command(
        about.explain,
        about.EXPLAIN_FLAGS,
        "explain TYPE[.FIELD...] [--recursive]",
        ("kubectl explain kj.spec.tasks", "kubectl explain kt --recursive"),
    ),
    "api-resources": Command(
        about.api_resources, about.RESOURCES_FLAGS, "api-resources [-o name|wide]", ("kubectl api-resources",)
    ),
    "version": Command(about.version, about.VERSION_FLAGS, "version", ("kubectl version",)),
}

ELSEWHERE = {
    "attach": "kubectl logs -f shows what a program says",
    "auth": "everything is allowed",
    "cluster-info": "%kuscia status",
    "config": "--node bob, or %kuscia use bob, picks the node",
    "cp": "%kuscia cp my.csv alice:data/",
    "debug": "kubectl logs and kubectl describe",
    "diff": "kubectl apply says configured or unchanged",
    "edit": "kubectl get -o yaml, and %%kubectl apply -f - with the changed text",
    "events": "kubectl get -o yaml: the conditions in the status say what happened when",
    "exec": "%kuscia data alice shows a node's files; there is no container to run something in",
    "expose": "%kuscia up --http opens the BFIA ports of the nodes",
    "kustomize": "kubectl apply -f",
    "port-forward": "%kuscia up --http opens the BFIA ports of the nodes",
    "proxy": "%kuscia up --http opens the BFIA ports of the nodes",
    "replace": "kubectl apply -f, or kubectl delete and kubectl create",
    "rollout": "kubectl delete, and kubectl apply again",
    "run": "kubectl apply -f with a KusciaJob",
    "scale": "spec.maxParallelism of a KusciaJob",
    "top": "%kuscia status",
}
"""What kubectl has and the nodes in this process have no use for, and what serves instead."""


def overview() -> str:
    """All commands in a line each."""
    lines = [f"  {name:<14} {command.summary}" for name, command in COMMANDS.items()]
    examples = [f"  {COMMANDS[name].examples[0]}" for name in ("get", "apply", "wait", "logs", "delete")]
    return "\n".join(
        [
            "kubectl for the nodes in this process; they keep KusciaJob, KusciaTask, AppImage and Domain.",
            "",
            *lines,
            "",
            "Examples:",
            *examples,
            "",
            "Every command takes --node alice|bob, and -n NAMESPACE: jobs and tasks are in cross-domain.",
            "kubectl COMMAND --help explains one of them.",
            "",
        ]
    )
