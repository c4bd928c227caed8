"""What kubectl lines print, to the byte: tables, lists, descriptions, errors and hints (spec: kuscia §1.10).

The texts are what kubectl 1.32 prints of these very objects, and those of Kuscia's tutorial.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kuscia_nb.control.kinds import KINDS
from kuscia_nb.control.kubectl import KubectlError, Output, printers, run
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import Object

NOW = datetime(2023, 7, 1, 2, 21, 17, tzinfo=UTC)

TUTORIAL_JOB = """\
apiVersion: kuscia.secretflow/v1alpha1
kind: KusciaJob
metadata:
  creationTimestamp: "2023-07-01T02:21:04Z"
  generation: 3
  labels:
    kuscia.secretflow/interconn-protocol-type: bfia
    kuscia.secretflow/self-cluster-as-initiator: "true"
  name: job-ss-lr
  namespace: cross-domain
  resourceVersion: "50438"
  uid: 408a03ae-69c2-4fa8-a638-b47b6dbf530f
spec:
  initiator: alice
  maxParallelism: 2
  scheduleMode: Strict
  stage: Start
  tasks:
  - alias: ss_lr_1
    appImage: ss-lr
    parties:
    - domainID: alice
      role: host
    - domainID: bob
      role: guest
    taskID: job-ss-lr-26e3489ac66e
    taskInputConfig: '{"name":"ss_lr_1","module_name":"ss_lr","output":[{"type":"dataset","key":"result"}],"role":{"host":["alice"],"guest":["bob"]},"initiator":{"role":"host","node_id":"alice"},"task_params":{"host":{"0":{"has_label":true,"name":"perfect_logit_a.csv","namespace":"data"}},"guest":{"0":{"has_label":false,"name":"perfect_logit_b.csv","namespace":"data"}},"common":{"algo":"ss_lr","batch_size":21,"field":64,"fxp_bits":18,"l0_norm":0,"l1_norm":0,"l2_norm":0.5,"last_batch_policy":"discard","learning_rate":0.0001,"num_epoch":1,"optimizer":"sgd","protocol":"semi2k","protocol_families":"ss","shard_serialize_format":"raw","sigmoid_mode":"minimax_1","skip_rows":1,"trunc_mode":"probabilistic","ttp_adjust_rank":0,"ttp_server_host":"ttp-server:9449","ttp_session_id":"interconnection-root","use_ttp":true}}}'
    tolerable: false
status:
  completionTime: "2023-07-01T02:21:14Z"
  conditions:
  - lastTransitionTime: "2023-07-01T02:21:04Z"
    status: "True"
    type: JobValidated
  - lastTransitionTime: "2023-07-01T02:21:04Z"
    status: "True"
    type: JobCreateInitialized
  - lastTransitionTime: "2023-07-01T02:21:04Z"
    status: "True"
    type: JobCreateSucceeded
  - lastTransitionTime: "2023-07-01T02:21:04Z"
    status: "True"
    type: JobStartInitialized
  - lastTransitionTime: "2023-07-01T02:21:04Z"
    status: "True"
    type: JobStartSucceeded
  lastReconcileTime: "2023-07-01T02:21:14Z"
  phase: Succeeded
  startTime: "2023-07-01T02:21:04Z"
  taskStatus:
    job-ss-lr-26e3489ac66e: Succeeded
"""  # noqa: E501
"""The tutorial's sample of `kubectl get kj job-ss-lr -n cross-domain -o yaml`."""


def manifest(text: str) -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load(text)


def changed(name: str, status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """The tutorial's job with another name, status and metadata."""
    data = manifest(TUTORIAL_JOB)
    data["spec"]["tasks"][0]["taskID"] = f"{name}-26e3489ac66e"
    data["metadata"] |= {"name": name, "labels": {}} | metadata
    return data | {"status": status}


FAILED = changed(
    "job-b",
    {
        "completionTime": "2023-07-01T02:19:37Z",
        "lastReconcileTime": "2023-07-01T02:19:37Z",
        "message": "create interconn job job-b request failed, status code: 400, message: Job already exists",
        "phase": "Failed",
        "reason": "KusciaJobCreateFailed",
        "startTime": "2023-07-01T02:09:37Z",
        "taskStatus": {"job-b-26e3489ac66e": "Failed", "job-b-3a": "Failed"},
    },
    labels={"kuscia.secretflow/interconn-protocol-type": "bfia"},
    annotations={"a10": "x", "a2": "y", "empty": "", "note": 'say "hi": yes'},
    creationTimestamp="2023-07-01T02:09:36Z",
)
RUNNING = changed(
    "job-c",
    {"lastReconcileTime": "2023-07-01T02:21:12Z", "phase": "Running", "startTime": "2023-07-01T02:21:12Z"},
    creationTimestamp="2023-07-01T02:21:11Z",
)
NEW = changed("job-d", {}, creationTimestamp="2023-07-01T02:21:16Z")
TASK = {
    "apiVersion": "kuscia.secretflow/v1alpha1",
    "kind": "KusciaTask",
    "metadata": {
        "creationTimestamp": "2023-07-01T02:21:05Z",
        "generation": 2,
        "labels": {"kuscia.secretflow/controller": "kuscia-job", "kuscia.secretflow/task-unschedulable": "false"},
        "name": "job-ss-lr-26e3489ac66e",
        "namespace": "cross-domain",
        "ownerReferences": [
            {
                "apiVersion": "kuscia.secretflow/v1alpha1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": "KusciaJob",
                "name": "job-ss-lr",
                "uid": "408a03ae-69c2-4fa8-a638-b47b6dbf530f",
            }
        ],
        "resourceVersion": "50437",
        "uid": "6f2d6f0e-2a0b-4b9b-9a58-0f7f5a4c1d11",
    },
    "spec": {
        "initiator": "alice",
        "parties": [
            {
                "appImageRef": "ss-lr",
                "domainID": "alice",
                "role": "host",
                "template": {
                    "spec": {
                        "containers": [
                            {
                                "name": "",
                                "env": [
                                    {"name": "config.self_role", "value": "host.0"},
                                    {"name": "runtime.component.parameter.use_ttp", "value": "true"},
                                ],
                                "resources": {},
                                "workingDir": "",
                            }
                        ]
                    }
                },
            },
            {"appImageRef": "ss-lr", "domainID": "bob", "role": "guest", "template": {"spec": {}}},
        ],
        "scheduleConfig": {},
        "taskInputConfig": "{}",
    },
    "status": {
        "completionTime": "2023-07-01T02:21:14Z",
        "conditions": [{"lastTransitionTime": "2023-07-01T02:21:14Z", "status": "True", "type": "Success"}],
        "lastReconcileTime": "2023-07-01T02:21:14Z",
        "phase": "Succeeded",
        "podStatuses": {
            "alice/job-ss-lr-26e3489ac66e-host-0": {
                "namespace": "alice",
                "podName": "job-ss-lr-26e3489ac66e-host-0",
                "podPhase": "Succeeded",
                "reason": "Completed",
            }
        },
        "startTime": "2023-07-01T02:21:05Z",
    },
}
IMAGE = {
    "apiVersion": "kuscia.secretflow/v1alpha1",
    "kind": "AppImage",
    "metadata": {
        "annotations": {"kuscia.secretflow/component-spec": '{"component.1.name":"ss_lr","x":"a <b>"}'},
        "creationTimestamp": "2023-06-28T00:21:16Z",
        "generation": 1,
        "name": "ss-lr",
        "resourceVersion": "7",
        "uid": "1d11",
    },
    "spec": {
        "deployTemplates": [
            {"name": "ss-lr", "replicas": 1, "spec": {"containers": [{"name": "ss-lr", "workingDir": "/work"}]}}
        ],
        "image": {"id": "880258fc0d3b", "name": "secretflow/ss-lr", "sign": "880258fc0d3b", "tag": "latest"},
    },
}


def domain(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"creationTimestamp": "2023-07-01T02:16:16Z", "generation": 1, "name": name, "resourceVersion": "3"}
    found = {"apiVersion": "kuscia.secretflow/v1alpha1", "kind": "Domain", "metadata": metadata | {"uid": name}}
    return found | ({"spec": spec} if spec else {})


MANIFESTS = [
    manifest(TUTORIAL_JOB),
    FAILED,
    RUNNING,
    NEW,
    TASK,
    IMAGE,
    domain("alice", {}),
    domain("bob", {"interConnProtocols": ["bfia"], "role": "partner"}),
]


def read(data: dict[str, Any]) -> Object:
    kind = next(kind for kind in KINDS if kind.model.__name__ == data["kind"])
    metadata = {"namespace": "cross-domain" if kind.namespaced else ""} | data["metadata"]
    return kind.model.model_validate_json(json.dumps(data | {"metadata": metadata}))


def exact(text: str) -> str:
    """A text in which a dot stands for a blank at the end of a line."""
    return text.replace("·", " ")


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Node]:
    """alice has all of the manifests, as they are; bob has his own copy of the tutorial's job."""
    found = {name: Node(name, tmp_path / name) for name in ("alice", "bob")}
    for name, data in (("alice", MANIFESTS), ("bob", [manifest(TUTORIAL_JOB)])):
        for thing in map(read, data):
            found[name].store._kept(type(thing))[thing.name] = thing  # create() would write metadata of its own
    return found


Kubectl = Callable[..., Output]


@pytest.fixture
def kubectl(nodes: dict[str, Node], monkeypatch: pytest.MonkeyPatch) -> Kubectl:
    """A line at a time when the tutorial's job has just finished."""
    monkeypatch.setattr(printers, "now", lambda: NOW)

    def line(text: str, **options: Any) -> Output:
        return run(text, nodes, **options)

    return line


Refused = Callable[..., KubectlError]


@pytest.fixture
def refused(kubectl: Kubectl) -> Refused:
    """The error of a line."""

    def error(text: str, **options: Any) -> KubectlError:
        with pytest.raises(KubectlError) as caught:
            kubectl(text, **options)
        return caught.value

    return error


# --- tables ----------------------------------------------------------------------------------------------------------

JOBS = exact("""\
NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
job-b       11m         100s             100s                Failed
job-c       5s                           5s                  Running
job-d                                                       ·
job-ss-lr   13s         3s               3s                  Succeeded
""")

TABLES = {
    "get kj -n cross-domain": JOBS,
    "get kusciajob --namespace=cross-domain": JOBS,
    "get KusciaJob -ncross-domain": JOBS,
    "-n cross-domain get kusciajobs.v1alpha1.kuscia.secretflow -o wide": JOBS,
    "get kj job-ss-lr -n cross-domain": """\
NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
job-ss-lr   13s         3s               3s                  Succeeded
""",
    "get kj -A": """\
NAMESPACE      NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
cross-domain   job-b       11m         100s             100s                Failed
cross-domain   job-c       5s                           5s                  Running
cross-domain   job-d                                                       ·
cross-domain   job-ss-lr   13s         3s               3s                  Succeeded
""",
    "get kj/job-c kt/job-ss-lr-26e3489ac66e -n cross-domain": """\
NAME                                STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
kusciajob.kuscia.secretflow/job-c   5s                           5s                  Running

NAME                                                  STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
kusciatask.kuscia.secretflow/job-ss-lr-26e3489ac66e   12s         3s               3s                  Succeeded
""",
    "get kj,domain -A": """\
NAMESPACE      NAME                                    STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
cross-domain   kusciajob.kuscia.secretflow/job-b       11m         100s             100s                Failed
cross-domain   kusciajob.kuscia.secretflow/job-c       5s                           5s                  Running
cross-domain   kusciajob.kuscia.secretflow/job-d                                                       ·
cross-domain   kusciajob.kuscia.secretflow/job-ss-lr   13s         3s               3s                  Succeeded

NAMESPACE   NAME                             AGE
            domain.kuscia.secretflow/alice   5m1s
            domain.kuscia.secretflow/bob     5m1s
""",
    "get domain,kt -A --no-headers": """\
domain.kuscia.secretflow/alice   5m1s
domain.kuscia.secretflow/bob     5m1s
cross-domain   kusciatask.kuscia.secretflow/job-ss-lr-26e3489ac66e   12s   3s    3s    Succeeded
""",
    "get appimages": """\
NAME    AGE
ss-lr   3d2h
""",
    "get kj -n cross-domain --show-labels": """\
NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE       LABELS
job-b       11m         100s             100s                Failed      kuscia.secretflow/interconn-protocol-type=bfia
job-c       5s                           5s                  Running     <none>
job-d                                                                    <none>
job-ss-lr   13s         3s               3s                  Succeeded   \
kuscia.secretflow/interconn-protocol-type=bfia,kuscia.secretflow/self-cluster-as-initiator=true
""",
    "get kj -n cross-domain -L kuscia.secretflow/interconn-protocol-type": """\
NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE       INTERCONN-PROTOCOL-TYPE
job-b       11m         100s             100s                Failed      bfia
job-c       5s                           5s                  Running    ·
job-d                                                                   ·
job-ss-lr   13s         3s               3s                  Succeeded   bfia
""",
    "get kj -n cross-domain --no-headers": """\
job-b       11m   100s   100s   Failed
job-c       5s           5s     Running
job-d                          ·
job-ss-lr   13s   3s     3s     Succeeded
""",
    "get kj -n cross-domain --sort-by=.status.startTime": """\
NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE
job-d                                                       ·
job-b       11m         100s             100s                Failed
job-ss-lr   13s         3s               3s                  Succeeded
job-c       5s                           5s                  Running
""",
    "get kj -n cross-domain -o custom-columns=NAME:.metadata.name,PHASE:status.phase,TASKS:{.status.taskStatus}": """\
NAME        PHASE       TASKS
job-b       Failed      map[job-b-26e3489ac66e:Failed job-b-3a:Failed]
job-c       Running     <none>
job-d       <none>      <none>
job-ss-lr   Succeeded   map[job-ss-lr-26e3489ac66e:Succeeded]
""",
    "get kj job-c -n cross-domain -o custom-columns=WHO:.spec.tasks[*].parties[*].domainID --no-headers": "alice,bob\n",
}


@pytest.mark.parametrize("line", TABLES)
def test_tables(kubectl: Kubectl, line: str) -> None:
    assert str(kubectl(line)) == exact(TABLES[line])


def test_another_node_is_asked(kubectl: Kubectl) -> None:
    own = TABLES["get kj job-ss-lr -n cross-domain"]
    for line in ("get kj -n cross-domain --node bob", "--node=bob get kj -A -n cross-domain --node bob -o wide"):
        assert "job-b" not in str(kubectl(line))
    assert str(kubectl("get kj -n cross-domain --node bob")) == own
    assert str(kubectl(["get", "kj", "-n", "cross-domain"], node="bob")) == own
    assert str(kubectl("kubectl get kj -n cross-domain", node="bob")) == own


def test_an_output_has_the_objects_and_the_table(kubectl: Kubectl) -> None:
    output = kubectl("get kj,domain -A")
    assert [thing.name for thing in output.objects] == ["job-b", "job-c", "job-d", "job-ss-lr", "alice", "bob"]
    jobs, domains = output.tables
    assert jobs.columns[:3] == ("NAMESPACE", "NAME", "STARTTIME")
    assert domains.rows[1] == ("", "domain.kuscia.secretflow/bob", "5m1s")
    assert kubectl("get kj -A -o yaml").tables == ()
    assert len(kubectl("get kj -A -o yaml").objects) == 4


def test_html_is_a_table_for_a_table_and_text_for_text(kubectl: Kubectl) -> None:
    bundle = kubectl("get kj -n cross-domain")._repr_mimebundle_()
    assert bundle["text/plain"] == JOBS
    assert bundle["text/html"].count("<tr>") == 5
    assert "<summary>kubectl get kj -n cross-domain</summary>" in bundle["text/html"]
    text = kubectl("get aimg ss-lr -o jsonpath='{.metadata.annotations}'")._repr_mimebundle_()
    assert text["text/html"].startswith("<pre>{&quot;kuscia.secretflow/component-spec&quot;")
    none = kubectl("get kj")._repr_mimebundle_()
    assert none["text/plain"].startswith("No resources found in default namespace.\nhint: ")
    assert none["text/html"].count("hint: ") == 1


# --- other formats ---------------------------------------------------------------------------------------------------


def test_yaml_is_the_tutorials_text(kubectl: Kubectl) -> None:
    output = kubectl("get kj job-ss-lr -n cross-domain -o yaml")
    assert str(output) == TUTORIAL_JOB
    assert str(kubectl("get kj/job-ss-lr -oyaml --node bob -n cross-domain")) == TUTORIAL_JOB


def test_yaml_of_a_failed_job(kubectl: Kubectl) -> None:
    text = str(kubectl("get kj job-b -n cross-domain -o yaml"))
    assert manifest(text) == FAILED
    head, _, tail = text.partition("spec:\n")
    assert (
        head
        == """\
apiVersion: kuscia.secretflow/v1alpha1
kind: KusciaJob
metadata:
  annotations:
    a2: "y"
    a10: x
    empty: ""
    note: 'say "hi": yes'
  creationTimestamp: "2023-07-01T02:09:36Z"
  generation: 3
  labels:
    kuscia.secretflow/interconn-protocol-type: bfia
  name: job-b
  namespace: cross-domain
  resourceVersion: "50438"
  uid: 408a03ae-69c2-4fa8-a638-b47b6dbf530f
"""
    )
    assert (
        tail.partition("status:\n")[2]
        == """\
  completionTime: "2023-07-01T02:19:37Z"
  lastReconcileTime: "2023-07-01T02:19:37Z"
  message: 'create interconn job job-b request failed, status code: 400, message:
    Job already exists'
  phase: Failed
  reason: KusciaJobCreateFailed
  startTime: "2023-07-01T02:09:37Z"
  taskStatus:
    job-b-3a: Failed
    job-b-26e3489ac66e: Failed
"""
    )


def test_several_objects_are_a_list(kubectl: Kubectl) -> None:
    assert (
        str(kubectl("get domain -o yaml"))
        == """\
apiVersion: v1
items:
- apiVersion: kuscia.secretflow/v1alpha1
  kind: Domain
  metadata:
    creationTimestamp: "2023-07-01T02:16:16Z"
    generation: 1
    name: alice
    resourceVersion: "3"
    uid: alice
- apiVersion: kuscia.secretflow/v1alpha1
  kind: Domain
  metadata:
    creationTimestamp: "2023-07-01T02:16:16Z"
    generation: 1
    name: bob
    resourceVersion: "3"
    uid: bob
  spec:
    interConnProtocols:
    - bfia
    role: partner
kind: List
metadata:
  resourceVersion: ""
"""
    )
    assert str(kubectl("get kj -o yaml")) == 'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n'
    names = "jsonpath='{.items[*].metadata.name}'"
    assert str(kubectl(f"get kj,kt -A -o {names}")) == "job-b job-c job-d job-ss-lr job-ss-lr-26e3489ac66e"
    assert str(kubectl(f"get kj job-b job-c -n cross-domain -o {names}")) == "job-b job-c"


def test_json(kubectl: Kubectl) -> None:
    text = str(kubectl("get aimg ss-lr -o json"))
    assert json.loads(text) == IMAGE
    head = """\
{
    "apiVersion": "kuscia.secretflow/v1alpha1",
    "kind": "AppImage",
    "metadata": {
        "annotations": {
            "kuscia.secretflow/component-spec": "{\\"component.1.name\\":\\"ss_lr\\",\\"x\\":\\"a \\u003cb\\u003e\\"}"
        },
"""
    assert text.startswith(head)
    assert text.endswith(
        '            "tag": "latest"\n        }'.replace("            ", "        ", 1)[8:] + "\n    }\n}\n"
    )
    empty = '{\n    "apiVersion": "v1",\n    "items": [],\n    "kind": "List",\n    "metadata": {\n'
    assert str(kubectl("get kj -o json")) == empty + '        "resourceVersion": ""\n    }\n}\n'


def test_names_and_paths(kubectl: Kubectl) -> None:
    assert str(kubectl("get kj job-c,job-d -n cross-domain -o name --ignore-not-found")) == ""
    assert str(kubectl("get kj job-c job-d -n cross-domain -o name")) == (
        "kusciajob.kuscia.secretflow/job-c\nkusciajob.kuscia.secretflow/job-d\n"
    )
    assert str(kubectl("get kj job-ss-lr -n cross-domain -o jsonpath='{.status.phase}'")) == "Succeeded"
    lines = r"""get kj -A -o jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.status.phase}{"\n"}{end}'"""
    assert str(kubectl(lines)) == "job-b\tFailed\njob-c\tRunning\njob-d\t\njob-ss-lr\tSucceeded\n"
    label = r"{.metadata.labels.kuscia\.secretflow/interconn-protocol-type}"
    assert str(kubectl(f"get kj job-b -n cross-domain -o jsonpath='{label}'")) == "bfia"
    as_json = "get kj job-b -n cross-domain -o jsonpath-as-json='{.spec.tasks[0].parties[*].role}'"
    assert str(kubectl(as_json)) == '[\n    "host",\n    "guest"\n]\n'


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("kuscia.secretflow/interconn-protocol-type=bfia", "job-b job-ss-lr"),
        ("kuscia.secretflow/interconn-protocol-type==bfia,kuscia.secretflow/self-cluster-as-initiator", "job-ss-lr"),
        ("kuscia.secretflow/interconn-protocol-type!=bfia", "job-c job-d"),
        ("kuscia.secretflow/interconn-protocol-type in (x, bfia)", "job-b job-ss-lr"),
        ("kuscia.secretflow/interconn-protocol-type notin (bfia)", "job-c job-d"),
        ("!kuscia.secretflow/interconn-protocol-type", "job-c job-d"),
        ("", "job-b job-c job-d job-ss-lr"),
        ("a=b", ""),
    ],
)
def test_selectors(kubectl: Kubectl, selector: str, names: str) -> None:
    output = kubectl(["get", "kj", "-A", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}"])
    assert str(output) == names


# --- describe --------------------------------------------------------------------------------------------------------


def test_describe_a_task(kubectl: Kubectl) -> None:
    assert str(kubectl("describe kt -n cross-domain")) == exact("""\
Name:         job-ss-lr-26e3489ac66e
Namespace:    cross-domain
Labels:       kuscia.secretflow/controller=kuscia-job
              kuscia.secretflow/task-unschedulable=false
Annotations:  <none>
API Version:  kuscia.secretflow/v1alpha1
Kind:         KusciaTask
Metadata:
  Creation Timestamp:  2023-07-01T02:21:05Z
  Generation:          2
  Owner References:
    API Version:           kuscia.secretflow/v1alpha1
    Block Owner Deletion:  true
    Controller:            true
    Kind:                  KusciaJob
    Name:                  job-ss-lr
    UID:                   408a03ae-69c2-4fa8-a638-b47b6dbf530f
  Resource Version:        50437
  UID:                     6f2d6f0e-2a0b-4b9b-9a58-0f7f5a4c1d11
Spec:
  Initiator:  alice
  Parties:
    App Image Ref:  ss-lr
    Domain ID:      alice
    Role:           host
    Template:
      Spec:
        Containers:
          Env:
            Name:   config.self_role
            Value:  host.0
            Name:   runtime.component.parameter.use_ttp
            Value:  true
          Name:    ·
          Resources:
          Working Dir: ·
    App Image Ref:      ss-lr
    Domain ID:          bob
    Role:               guest
    Template:
      Spec:
  Schedule Config:
  Task Input Config:  {}
Status:
  Completion Time:  2023-07-01T02:21:14Z
  Conditions:
    Last Transition Time:  2023-07-01T02:21:14Z
    Status:                True
    Type:                  Success
  Last Reconcile Time:     2023-07-01T02:21:14Z
  Phase:                   Succeeded
  Pod Statuses:
    alice/job-ss-lr-26e3489ac66e-host-0:
      Namespace:  alice
      Pod Name:   job-ss-lr-26e3489ac66e-host-0
      Pod Phase:  Succeeded
      Reason:     Completed
  Start Time:     2023-07-01T02:21:05Z
Events:           <none>
""")


BOB = exact("""\
Name:         bob
Namespace:   ·
Labels:       <none>
Annotations:  <none>
API Version:  kuscia.secretflow/v1alpha1
Kind:         Domain
Metadata:
  Creation Timestamp:  2023-07-01T02:16:16Z
  Generation:          1
  Resource Version:    3
  UID:                 bob
Spec:
  Inter Conn Protocols:
    bfia
  Role:  partner
Events:  <none>
""")


def test_describe_one_several_and_by_the_beginning_of_a_name(kubectl: Kubectl, refused: Refused) -> None:
    assert str(kubectl("describe domain bob")) == BOB
    assert str(kubectl("describe domain b")) == BOB + "\n"
    both = str(kubectl("describe domains"))
    assert both.startswith("Name:         alice\n")
    assert both.endswith(f"Events:                <none>\n\n\n{BOB}")
    assert str(kubectl("describe domain/bob domain/bob")) == f"{BOB}\n\n{BOB}"
    assert str(kubectl("describe aimg,domain")).endswith(f"\n\n\n{both}")
    assert refused("describe aimg,domain bob").what == "error: you may only specify a single resource type"
    job = str(kubectl("describe kj/job-b -n cross-domain"))
    assert "Annotations:  a10: x\n              a2: y\n              empty: \n              note: say" in job
    assert refused("describe domain x").what == 'Error from server (NotFound): domains.kuscia.secretflow "x" not found'


# --- what there is not -----------------------------------------------------------------------------------------------

NONE = {
    "get kj": ("No resources found in default namespace.\n", "-n cross-domain: jobs and tasks are in that namespace"),
    "get kj -n alice": ("No resources found in alice namespace.\n", "-n cross-domain: jobs and tasks are there"),
    "describe kt": ("No resources found in default namespace.\n", "-n cross-domain: jobs and tasks are there"),
    "get kj -A -l a=b": ("No resources found\n", None),
    "get kt -n cross-domain -l a=b": ("No resources found in cross-domain namespace.\n", None),
    "get domain -l a=b": ("No resources found\n", None),
    "get all -n cross-domain": ("No resources found in cross-domain namespace.\n", "kj,kt instead of all"),
    "get kj x -n cross-domain --ignore-not-found": ("", None),
    "delete kj -l a=b -n cross-domain": ("No resources found\n", None),
}


@pytest.mark.parametrize("line", NONE)
def test_nothing_is_found(kubectl: Kubectl, line: str) -> None:
    text, hint = NONE[line]
    output = kubectl(line)
    assert str(output) == text
    assert [given[:12] for given in output.hints] == ([] if hint is None else [hint[:12]])


NOT_FOUND = 'Error from server (NotFound): kusciajobs.kuscia.secretflow "{}" not found'
USAGE = "\nSee 'kubectl get --help' for usage."
ERRORS = {
    "get kj jobss-lr -n cross-domain": (NOT_FOUND.format("jobss-lr"), "job-ss-lr"),
    "get kj job-c -n cross-domain --node bob": (NOT_FOUND.format("job-c"), "--node alice: alice has it"),
    "get kj job-b": (NOT_FOUND.format("job-b"), "-n cross-domain: jobs and tasks are in that namespace"),
    "get kj job-b -n foo": ('Error from server (NotFound): namespaces "foo" not found', "-n cross-domain"),
    "get kt x -n cross-domain --node bob": (
        'Error from server (NotFound): kusciatasks.kuscia.secretflow "x" not found',
        "there is no kusciatask on bob",
    ),
    "get kjs": ('error: the server doesn\'t have a resource type "kjs"', '"kj" (known: '),
    "get kj,pods": ('error: the server doesn\'t have a resource type "pods"', "kubectl get kt NAME"),
    "get po": ('error: the server doesn\'t have a resource type "po"', "kubectl get kt NAME"),
    "get kj --namespac x": (f"error: unknown flag: --namespac{USAGE}", '"--namespace" (known: '),
    "get kj -z": (f"error: unknown shorthand flag: 'z' in -z{USAGE}", "one of: "),
    "get kj -Az": (f"error: unknown shorthand flag: 'z' in -Az{USAGE}", "one of: "),
    "get kj -n": (f"error: flag needs an argument: 'n' in -n{USAGE}", "-n, --namespace: "),
    "get kj --output": (f"error: flag needs an argument: --output{USAGE}", "-o, --output: "),
    "get kj -w=maybe": (
        f'error: invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": '
        f"invalid syntax{USAGE}",
        "-w, --watch: ",
    ),
    "get kj -o yml": (
        'error: unable to match a printer suitable for the output format "yml", allowed formats are: '
        "custom-columns,json,jsonpath,jsonpath-as-json,name,wide,yaml",
        '"yaml" (known: ',
    ),
    "get kj -o jsonpath": ("error: template format specified but no template given", "-o jsonpath='{.status}'"),
    "get kj -o jsonpath={range .items[*]}": (
        "error: error parsing jsonpath {range, unclosed action",
        "the template in ",
    ),
    "get kj -A -o jsonpath='{.items[9]}'": (
        'error: error executing jsonpath "{.items[9]}": Error executing template: array index out of bounds: index 9, '
        "length 4",
        "-o json shows",
    ),
    "get kj -o custom-columns": (
        "error: custom-columns format specified but no custom columns given",
        "-o custom-columns=",
    ),
    "get kj -o custom-columns=NAME": (
        "error: unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>",
        "-o custom-columns=",
    ),
    "get kj -A --sort-by=.foo": (
        'error: couldn\'t find any field with path "{.foo}" in the list of objects',
        "--sort-by=.metadata.creationTimestamp",
    ),
    "get kj job-b -l a=b -n cross-domain": (
        "error: name cannot be provided when a selector is specified",
        "a name or a selector",
    ),
    "get kj -l 'a ~ b' -n cross-domain": ("error: unable to parse requirement: 'a ~ b'", "-l key=value"),
    "get kj job-b -A": ("error: a resource cannot be retrieved by name across all namespaces", "-n cross-domain"),
    "get kj/a/b": ("error: arguments in resource/name form may not have more than one slash", ""),
    "get kj/": ("error: arguments in resource/name form must have a single resource and name", ""),
    "get kj,kt -w": ("error: you may only specify a single resource type", "a line for each kind"),
    "get kj a b -w": ("error: you may only watch a single resource or type of resource at a time", "-l with"),
    "delete kj -n cross-domain": ("error: resource(s) were provided, but no name was specified", "a name, kj/NAME"),
    "apply": ("error: must specify one of -f and -k", "kubectl apply -f FILE, or -f -"),
    "apply job.yaml": (
        "error: Unexpected args: [job.yaml]\nSee 'kubectl apply -h' for help and examples",
        "-f before each file",
    ),
    "gte kj": ('error: unknown command "gte" for "kubectl"\n\nDid you mean this?\n\tget', '"get" (known: '),
    "exec -it alice -- sh": ("error: kubectl exec is not for the nodes in this process", "%kuscia data alice"),
    "cp a alice:data/": ("error: kubectl cp is not for the nodes in this process", "%kuscia cp my.csv alice:data/"),
    "get kj | grep job": ("error: | is for a shell, and this line is not given to one", "text = %kubectl"),
    "get kj 'x": ("error: No closing quotation: get kj 'x", "quotes come in pairs"),
    "get kj --node carol": ("error: there is no node carol", "one of: alice, bob"),
}


@pytest.mark.parametrize("line", ERRORS)
def test_errors_have_kubectls_text_and_a_hint(refused: Refused, line: str) -> None:
    what, hint = ERRORS[line]
    error = refused(line)
    assert error.what == what
    assert error.hint.startswith(hint)


def test_what_is_there_is_printed_before_the_error(kubectl: Kubectl) -> None:
    printed: list[str] = []
    with pytest.raises(KubectlError) as caught:
        kubectl("get kj x job-ss-lr y -n cross-domain", emit=printed.append)
    assert printed == [TABLES["get kj job-ss-lr -n cross-domain"]]
    assert caught.value.what == f"{NOT_FOUND.format('x')}\n{NOT_FOUND.format('y')}"


# --- help ------------------------------------------------------------------------------------------------------------


def test_help(kubectl: Kubectl, refused: Refused) -> None:
    overview = str(kubectl(""))
    assert str(kubectl("-h")) == str(kubectl("help")) == overview
    for command in ("get", "describe", "apply", "create", "delete", "logs", "label", "annotate", "patch", "wait"):
        assert f"\n  {command} " in overview
        text = str(kubectl(f"{command} --help"))
        assert str(kubectl(f"help {command}")) == text
        assert "\nExamples:\n" in text
        assert f"\n  kubectl {command} " in text
    assert "-A, --all-namespaces" in str(kubectl("get -h"))
    assert refused("help gett").hint.startswith('"get"')


def test_every_example_of_the_help_is_understood(kubectl: Kubectl) -> None:
    lines = [line.strip() for name in ("get", "describe", "logs") for line in str(kubectl(f"{name} -h")).splitlines()]
    examples = [line.removeprefix("kubectl ") for line in lines if line.startswith("kubectl ") and "[" not in line]
    assert len(examples) > 8
    wrong = []
    for example in examples:
        try:
            kubectl(example.replace(" -w", "").replace(" -f", ""))
        except KubectlError as error:
            wrong += [] if "not found" in error.what else [(example, error.what)]
    assert wrong == []


def test_about(kubectl: Kubectl, refused: Refused) -> None:
    assert (
        str(kubectl("api-resources"))
        == """\
NAME          SHORTNAMES   APIVERSION                   NAMESPACED   KIND
appimages     aimg         kuscia.secretflow/v1alpha1   false        AppImage
domains                    kuscia.secretflow/v1alpha1   false        Domain
kusciajobs    kj           kuscia.secretflow/v1alpha1   true         KusciaJob
kusciatasks   kt           kuscia.secretflow/v1alpha1   true         KusciaTask
"""
    )
    assert str(kubectl("api-resources -o name")).startswith("appimages.kuscia.secretflow\ndomains.kuscia.secretflow\n")
    assert str(kubectl("version --client")).startswith("Client Version: kuscia_nb v")
    assert "maxParallelism" in str(kubectl("explain kj.spec"))
    assert refused("api-resources kj").what.startswith("error: unexpected arguments: [kj]\n")
    assert refused("explain").what.startswith("error: You must specify the type of resource to explain.")


def test_jobs_are_listed_in_a_time_that_grows_with_their_number_alone(nodes: dict[str, Node]) -> None:
    """Ten times as many take ten times as long, and not a hundred times, by the processor's clock."""
    job = read(MANIFESTS[0])
    kept = nodes["alice"].store._kept(type(job))

    def seconds(jobs: int) -> float:
        for number in range(jobs):
            name = f"job-{number:04d}"
            kept[name] = job.model_copy(update={"metadata": job.metadata.model_copy(update={"name": name})})
        took = []
        for _ in range(5):
            began = time.thread_time()
            text = run("get kj -n cross-domain", nodes).text
            took.append(time.thread_time() - began)
            assert text.count("\n") == jobs + 5
        return min(took)

    few = seconds(100)
    assert seconds(1000) < 40 * few
