"""Objects as real Kuscia nodes print them, of both eras in which BFIA jobs work (spec: kuscia §1, §2)."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any, Literal

from test_notebook import TUTORIAL

from kuscia_nb.control.manifest import read_manifest

Era = Literal["A", "C"]
LABEL = "kuscia.secretflow/"
JOB, TASK = "job-ss-lr", "job-ss-lr-26e3489ac66e"
UID = "408a03ae-69c2-4fa8-a638-b47b6dbf530f"
SINCE, UNTIL = "2025-07-01T02:21:04Z", "2025-07-01T02:21:44Z"
PARTIES = {"alice": "host", "bob": "guest"}
_SPEC = read_manifest(TUTORIAL).manifest()["spec"]
_FIELDS = [{"apiVersion": f"{LABEL}v1alpha1", "fieldsType": "FieldsV1", "manager": "kubectl", "operation": "Update"}]


def job(era: Era, domain: str = "alice", phase: str = "", *, name: str = JOB, **status: Any) -> dict[str, Any]:
    """The tutorial's job on a node; `status` in the CRD's words."""
    own, spec = domain == "alice", deepcopy(_SPEC)
    metadata: dict[str, Any] = {
        "name": name,
        "uid": f"{UID}-{domain}-{name}",
        "creationTimestamp": SINCE,
        "generation": 2,
        "resourceVersion": "50391",
        "managedFields": _FIELDS,
        "labels": {f"{LABEL}interconn-protocol-type": "bfia"},
    }
    if era == "A":
        spec["stage"] = "Start"
        metadata["labels"] |= {f"{LABEL}self-cluster-as-initiator": "true"} if own else {}
    else:
        metadata["namespace"] = "cross-domain"
        metadata["labels"] |= {f"{LABEL}job-stage": "Start", f"{LABEL}job-stage-version": "1"}
        metadata["annotations"] = {
            f"{LABEL}initiator": "alice",
            f"{LABEL}interconn-self-parties": domain,
            f"{LABEL}self-cluster-as-initiator": "true" if own else "false",
        }
    found = {"apiVersion": f"{LABEL}v1alpha1", "kind": "KusciaJob", "metadata": metadata, "spec": spec}
    if phase:
        found["status"] = {"phase": phase, "startTime": SINCE, "lastReconcileTime": SINCE, **status}
    return found


def task(era: Era, domain: str = "alice", phase: str = "", *, name: str = TASK, of: str = JOB, **status: Any) -> Any:
    """Its task on a node, with what each party's operator is started with."""
    about = {"job-id": of, "task-alias": "ss_lr_1"}
    labels = {f"{LABEL}controller": "kuscia-job", f"{LABEL}interconn-protocol-type": "bfia"}
    metadata: dict[str, Any] = {
        "name": name,
        "uid": f"6f2d6f0e-{domain}-{name}",
        "creationTimestamp": SINCE,
        "resourceVersion": "50437",
        "managedFields": _FIELDS,
        "labels": labels,
        "ownerReferences": [
            {
                "apiVersion": f"{LABEL}v1alpha1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": "KusciaJob",
                "name": of,
                "uid": f"{UID}-{domain}-{of}",
            }
        ],
    }
    if era == "A":
        labels |= {f"{LABEL}{key}": value for key, value in about.items()}
    else:
        metadata["namespace"] = "cross-domain"
        metadata["annotations"] = {f"{LABEL}{key}": value for key, value in about.items()}
    parties = [
        {
            "appImageRef": "ss-lr",
            "domainID": party,
            "role": role,
            "bandwidthLimits": [{"destinationID": "bob", "limitKBps": 100}],
            "template": {
                "spec": {
                    "containers": [{"env": environment(party, name, of), "name": "", "resources": {}, "workingDir": ""}]
                }
            },
        }
        for party, role in PARTIES.items()
    ]
    spec = {
        "initiator": "alice",
        "parties": parties,
        "scheduleConfig": {},
        "taskInputConfig": _SPEC["tasks"][0]["taskInputConfig"],
    }
    found = {"apiVersion": f"{LABEL}v1alpha1", "kind": "KusciaTask", "metadata": metadata, "spec": spec}
    if phase:
        pod = f"{name}-{PARTIES[domain]}-0"
        found["status"] = {
            "phase": phase,
            "progress": 0.5,
            "startTime": SINCE,
            "lastReconcileTime": SINCE,
            "allocatedPorts": [{"domainID": "alice", "role": "host", "namedPort": {"global": 20001}}],
            "serviceStatuses": {},
            "podStatuses": {
                f"{domain}/{pod}": {
                    "createTime": SINCE,
                    "scheduleTime": SINCE,
                    "namespace": domain,
                    "nodeName": "root-kuscia-autonomy-alice-myhost",
                    "podName": pod,
                    "podPhase": phase,
                }
            },
            **status,
        }
    return found


def environment(domain: str, task: str = TASK, job: str = JOB) -> list[dict[str, str]]:
    """What the BFIA controller writes into a task for a party's operator (spec: kuscia §4.1), the tutorial's."""
    place = {"namespace": f"{job}-{PARTIES[domain]}-0", "name": f"{task}-result"}
    found = {
        "config.task_id": task,
        "config.self_role": f"{PARTIES[domain]}.0",
        "config.node_id.host.0": "alice",
        "config.node_id.guest.0": "bob",
        "runtime.component.name": "ss_lr",
        "runtime.component.parameter.num_epoch": "1",
        "runtime.component.output.train_data": json.dumps(place, separators=(",", ":")),
    }
    return [{"name": name, "value": value} for name, value in found.items()]


def condition(kind: str, status: str = "True", **said: str) -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": SINCE, **said}


CONDITIONS_A = [
    condition(kind)
    for kind in (
        *("JobValidated", "JobCreateInitialized", "JobCreateSucceeded"),
        *("JobStartInitialized", "JobStartSucceeded"),
    )
]
"""Of a job that its initiator has started, in the earlier era."""
