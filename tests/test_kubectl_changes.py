"""kubectl lines that change something or wait for it: apply, create, delete, label, annotate, patch, wait, -w, logs."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_kubectl import IMAGE, MANIFESTS, NEW, RUNNING, TASK, TUTORIAL_JOB, domain, manifest, read

import kuscia_nb as kn
from kuscia_nb.control.app_images import app_image
from kuscia_nb.control.kinds import Domain, KusciaTask
from kuscia_nb.control.kubectl import KubectlError, Output, run
from kuscia_nb.control.node import Node
from kuscia_nb.control.objects import Object
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import JobError, ManifestError
from kuscia_nb.operators import OPERATORS

TUTORIAL = kn.tutorial_manifest()
NS = "-n cross-domain"
DOMAIN = """\
apiVersion: kuscia.secretflow/v1alpha1
kind: Domain
metadata:
  name: carol
spec:
  role: partner
"""


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Node]:
    """Two nodes with the tutorial's AppImage and no controllers: nothing happens by itself."""
    monkeypatch.chdir(tmp_path)
    found = {
        name: Node(name, tmp_path / name, lambda domain, task: f"{domain} 1\n{domain} 2\n") for name in ("alice", "bob")
    }
    for node in found.values():
        node.store.create(app_image(OPERATORS["ss_lr"]))
        for name in found:
            node.store.create(read(domain(name, {})))
    return found


Kubectl = Callable[..., Output]


@pytest.fixture
def kubectl(nodes: dict[str, Node]) -> Kubectl:
    return lambda line, **options: run(line, nodes, **options)


def refused(kubectl: Kubectl, line: str, **options: Any) -> KubectlError:
    with pytest.raises(KubectlError) as caught:
        kubectl(line, **options)
    return caught.value


def keep(node: Node, *manifests: dict[str, Any]) -> None:
    for data in manifests:
        node.store.create(read(data))


def names(node: Node, kind: type[Object] = KusciaJob) -> list[str]:
    return [found.name for found in node.store.objects(kind)]


def called(name: str) -> str:
    """The tutorial's manifest with another name."""
    return TUTORIAL.replace("name: job-ss-lr", f"name: {name}")


# --- apply, create ---------------------------------------------------------------------------------------------------


def test_apply_says_what_it_did(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    Path("job-ss-lr.yaml").write_text(TUTORIAL)
    created = kubectl("apply -f job-ss-lr.yaml")
    assert str(created) == "kusciajob.kuscia.secretflow/job-ss-lr created\n"
    assert [found.name for found in created.objects] == ["job-ss-lr"]
    assert names(nodes["alice"]) == ["job-ss-lr"]
    assert str(kubectl(f"apply -f job-ss-lr.yaml {NS}")) == "kusciajob.kuscia.secretflow/job-ss-lr unchanged\n"
    assert str(kubectl("apply -f -", stdin=DOMAIN)) == "domain.kuscia.secretflow/carol created\n"
    other = DOMAIN.replace("partner", "''")
    assert str(kubectl("apply -f -", stdin=other)) == "domain.kuscia.secretflow/carol configured\n"
    found = nodes["alice"].store.get(Domain, "carol")
    assert found is not None
    assert (found.spec.role, found.metadata.namespace) == ("", "")


def test_apply_on_another_node(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    kubectl("apply -f - --node bob", stdin=DOMAIN)
    assert "carol" not in names(nodes["alice"], Domain)
    assert "carol" in names(nodes["bob"], Domain)
    with pytest.raises(JobError, match="initiator is alice, but initiator must be bob"):
        kubectl("apply -f - --node bob", stdin=TUTORIAL)


def test_several_documents_files_and_folders(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    text = f"---\n{DOMAIN}---\n# nothing\n--- # the job\n{TUTORIAL}"
    lines = "domain.kuscia.secretflow/carol {0}\nkusciajob.kuscia.secretflow/job-ss-lr {0}\n"
    assert str(kubectl("apply -f -", stdin=text)) == lines.format("created")
    folder = Path("folder")
    (folder / "below").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(manifest(called("job-a"))))
    (folder / "b.yml").write_text(called("job-b"))
    (folder / "c.txt").write_text("no manifest")
    (folder / "below" / "d.yaml").write_text(called("job-d"))
    assert (
        str(kubectl("apply -f folder -o name"))
        == "kusciajob.kuscia.secretflow/job-a\nkusciajob.kuscia.secretflow/job-b\n"
    )
    kubectl("apply -Rf folder")
    assert names(nodes["alice"]) == ["job-a", "job-b", "job-d", "job-ss-lr"]
    Path("e.yaml").write_text(called("job-e"))
    Path("f.yaml").write_text(called("job-f"))
    kubectl("apply -f e.yaml,f.yaml")
    assert names(nodes["alice"])[-3:] == ["job-e", "job-f", "job-ss-lr"]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_get_prints_can_be_applied_again(kubectl: Kubectl, nodes: dict[str, Node], form: str) -> None:
    kubectl("apply -f -", stdin=f"{TUTORIAL}---\n{called('job-b')}---\n{DOMAIN}")
    one = str(kubectl(f"get kj job-ss-lr {NS} -o {form}"))
    every = str(kubectl(f"get aimg,domain,kj {NS} -o {form}"))
    for text, count in ((one, 1), (every, 6)):
        outcomes = str(kubectl("apply -f -", stdin=text)).splitlines()
        assert [line.rpartition(" ")[2] for line in outcomes] == ["unchanged"] * count
    for what in ("kj --all", "aimg --all", "domain carol"):
        kubectl(f"delete {what} {NS}")
    outcomes = str(kubectl("apply -f -", stdin=every)).splitlines()
    assert sum(line.endswith(" created") for line in outcomes) == 4
    assert names(nodes["alice"]) == ["job-b", "job-ss-lr"]


def test_apply_prints_what_it_made(kubectl: Kubectl) -> None:
    one = kubectl("apply -f - -o jsonpath='{.metadata.name} {.kind}'", stdin=DOMAIN)
    assert str(one) == "carol Domain"
    both = kubectl("apply -f - -o json", stdin=f"{DOMAIN}---\n{TUTORIAL}")
    assert [item["kind"] for item in json.loads(str(both))["items"]] == ["Domain", "KusciaJob"]


def test_a_job_that_has_run_does_not_run_again(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], manifest(TUTORIAL_JOB))
    output = kubectl("apply -f -", stdin=str(kubectl(f"get kj job-ss-lr {NS} -o yaml")))
    assert str(output).endswith(" unchanged\n")
    assert output.hints == (
        "job-ss-lr has run already, and does not run again: kubectl delete kj job-ss-lr -n cross-domain --all-nodes, "
        "or give it another name",
    )


def test_create(kubectl: Kubectl) -> None:
    assert str(kubectl("create -f -", stdin=TUTORIAL)) == "kusciajob.kuscia.secretflow/job-ss-lr created\n"
    printed: list[str] = []
    error = refused(kubectl, "create -f -", stdin=f"{TUTORIAL}---\n{DOMAIN}", emit=printed.append)
    assert printed == ["domain.kuscia.secretflow/carol created\n"]
    what = 'error when creating "STDIN": kusciajobs.kuscia.secretflow "job-ss-lr" already exists'
    assert error.what == f"Error from server (AlreadyExists): {what}"


def test_faulty_manifests_point_at_their_place(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    text = f"{DOMAIN}---\n{TUTORIAL}".replace("scheduleMode", "x").replace("  initiator: alice", "  initiator: alicia")
    with pytest.raises(ManifestError) as caught:
        kubectl("apply -f -", stdin=text)
    line = text.splitlines().index("  initiator: alicia") + 1
    assert caught.value.where.startswith(f"line {line}, column ")
    Path("bad.yaml").write_text("a: [1\nb")
    with pytest.raises(ManifestError) as caught:
        kubectl("apply -f bad.yaml")
    assert caught.value.what.startswith("bad.yaml: not YAML: ")
    assert names(nodes["alice"]) == []
    assert "carol" not in names(nodes["alice"], Domain)


FAULTY = {
    DOMAIN.replace("role", "rolle"): ('unknown field "spec.rolle"', '"role" (known: '),
    DOMAIN.replace("Domain", "Domian"): (
        'no matches for kind "Domian" in version "kuscia.secretflow/v1alpha1"',
        '"Domain"',
    ),
    DOMAIN.replace("kuscia.secretflow/v1alpha1", "v1"): (
        'no matches for kind "Domain" in version "v1"',
        "apiVersion: ",
    ),
    DOMAIN.replace("Domain", "KusciaTask"): ("a KusciaTask is made by the node", "kind: KusciaJob"),
    "apiVersion: kuscia.secretflow/v1alpha1\n": ("kind not set", "kind: KusciaJob"),
    "[1, 2]": ("a manifest is a mapping", "apiVersion, kind"),
}


@pytest.mark.parametrize("text", FAULTY)
def test_other_faulty_manifests(kubectl: Kubectl, text: str) -> None:
    what, hint = FAULTY[text]
    with pytest.raises(ManifestError) as caught:
        kubectl("apply -f -", stdin=text)
    assert what in caught.value.what
    assert caught.value.hint.startswith(hint)


def test_faulty_files(kubectl: Kubectl) -> None:
    Path("job-ss-lr.yaml").write_text(TUTORIAL)
    Path("empty.yaml").write_text("---\n# nothing\n")
    Path("latin.yaml").write_bytes(b"a: \xe9")
    for line, what, hint in (
        ("apply -f job_ss_lr.yaml", 'error: the path "job_ss_lr.yaml" does not exist', '"job-ss-lr.yaml"'),
        (
            "apply -f nowhere/job.yaml",
            'error: the path "nowhere/job.yaml" does not exist',
            f"a path as seen from {Path.cwd()}",
        ),
        ("apply -f empty.yaml", "error: no objects passed to apply", "a manifest"),
        ("create -f -", "error: no objects passed to create", "%%kubectl"),
        ("apply -f latin.yaml", 'error: cannot read "latin.yaml": ', "a file of UTF-8 text"),
        ("apply -f https://example.org/x.yaml", "error: https://example.org/x.yaml is not read", "the file itself"),
        (
            "apply -f job-ss-lr.yaml -n foo",
            'error: the namespace from the provided object "cross-domain" does',
            "-n cross",
        ),
        ("apply -f job-ss-lr.yaml -o wide", "error: unable to match a printer", "one of"),
    ):
        error = refused(kubectl, line)
        assert error.what.startswith(what)
        assert error.hint.startswith(hint)
    unread = kubectl("get domain", stdin="kind: x")
    assert unread.hints == ("the text below the line was not read: only -f - does that",)


# --- delete ----------------------------------------------------------------------------------------------------------


def test_delete_takes_the_tasks_along_and_says_who_has_the_job_still(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        keep(node, manifest(TUTORIAL_JOB))
        owner = node.store.objects(KusciaJob)[0].metadata.uid
        task = json.loads(json.dumps(TASK).replace("408a03ae-69c2-4fa8-a638-b47b6dbf530f", owner))
        keep(node, task)
    output = kubectl(f"delete kj job-ss-lr {NS}")
    assert str(output) == 'kusciajob.kuscia.secretflow "job-ss-lr" deleted\n'
    assert output.hints == (
        "bob still has job-ss-lr: a new job of this name would fail there; "
        "kubectl delete kj job-ss-lr -n cross-domain --all-nodes",
    )
    assert names(nodes["alice"], KusciaTask) == []
    everywhere = kubectl(f"delete kj job-ss-lr {NS} --all-nodes")
    assert str(everywhere) == 'kusciajob.kuscia.secretflow "job-ss-lr" deleted on bob\n'
    assert everywhere.hints == ()
    assert names(nodes["bob"], KusciaTask) == []


def test_delete_a_job_and_its_task_in_one_line(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], manifest(TUTORIAL_JOB))
    owner = nodes["alice"].store.objects(KusciaJob)[0].metadata.uid
    keep(nodes["alice"], json.loads(json.dumps(TASK).replace("408a03ae-69c2-4fa8-a638-b47b6dbf530f", owner)))
    assert str(kubectl(f"delete kj,kt --all {NS}")) == (
        'kusciajob.kuscia.secretflow "job-ss-lr" deleted\n'
        'kusciatask.kuscia.secretflow "job-ss-lr-26e3489ac66e" deleted\n'
    )


def test_delete_by_name_selector_and_file(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    deleted = 'kusciajob.kuscia.secretflow "{}" deleted\n'
    keep(nodes["alice"], *MANIFESTS[:4])
    printed: list[str] = []
    error = refused(kubectl, f"delete kj job-b x job-c y {NS}", emit=printed.append)
    assert "".join(printed) == deleted.format("job-b") + deleted.format("job-c")
    assert error.what == "\n".join(
        f'Error from server (NotFound): kusciajobs.kuscia.secretflow "{name}" not found' for name in "xy"
    )
    assert str(kubectl(f"delete kj x {NS} --ignore-not-found")) == ""
    assert str(kubectl(f"delete kj -l kuscia.secretflow/interconn-protocol-type=bfia {NS}")) == deleted.format(
        "job-ss-lr"
    )
    assert str(kubectl(f"delete kj/job-d {NS} -o name")) == "kusciajob.kuscia.secretflow/job-d\n"
    Path("job.yaml").write_text(TUTORIAL)
    error = refused(kubectl, "delete -f job.yaml")
    what = 'error when deleting "job.yaml": kusciajobs.kuscia.secretflow "job-ss-lr" not found'
    assert error.what == f"Error from server (NotFound): {what}"
    assert str(kubectl("delete -f job.yaml --ignore-not-found")) == ""
    kubectl("apply -f job.yaml")
    assert str(kubectl("delete -f job.yaml")) == deleted.format("job-ss-lr")
    assert str(kubectl(f"delete kj --all {NS}")) == "No resources found\n"
    assert str(kubectl("delete domain bob")) == 'domain.kuscia.secretflow "bob" deleted\n'
    assert refused(kubectl, "delete").what.startswith("error: You must provide one or more resources by argument or")
    keep(nodes["alice"], NEW)
    assert refused(kubectl, "delete kj job-d").hint.startswith("-n cross-domain")
    assert names(nodes["alice"]) == ["job-d"]


# --- label, annotate, patch ------------------------------------------------------------------------------------------

TYPE = "kuscia.secretflow/interconn-protocol-type"
LABELS = {
    "label kj job-c a=b": "kusciajob.kuscia.secretflow/job-c labeled\n",
    "label kj/job-c a=b c=": "kusciajob.kuscia.secretflow/job-c labeled\n",
    f"label kj job-b {TYPE}=bfia": "kusciajob.kuscia.secretflow/job-b not labeled\n",
    f"label kj job-b {TYPE}=x --overwrite": "kusciajob.kuscia.secretflow/job-b labeled\n",
    f"label kj job-b {TYPE}-": "kusciajob.kuscia.secretflow/job-b unlabeled\n",
    "label kj job-b x-": 'label "x" not found.\nkusciajob.kuscia.secretflow/job-b not labeled\n',
    "label kj job-b job-c a=b": (
        "kusciajob.kuscia.secretflow/job-b labeled\nkusciajob.kuscia.secretflow/job-c labeled\n"
    ),
    f"label kj -l {TYPE} a=b": (
        "kusciajob.kuscia.secretflow/job-b labeled\nkusciajob.kuscia.secretflow/job-ss-lr labeled\n"
    ),
    "label kj job-c a=b -o name": "kusciajob.kuscia.secretflow/job-c\n",
    "label kj job-c a=b -o jsonpath='{.metadata.labels}'": '{"a":"b"}',
    "label kj job-b --list": f"{TYPE}=bfia\n",
    "label kj job-b job-c --list": (
        f"Listing labels for KusciaJob.kuscia.secretflow/job-b:\n {TYPE}=bfia\n"
        "Listing labels for KusciaJob.kuscia.secretflow/job-c:\n"
    ),
    "annotate kj job-c a='hello world'": "kusciajob.kuscia.secretflow/job-c annotated\n",
    "annotate kj job-b a2=z --overwrite": "kusciajob.kuscia.secretflow/job-b annotated\n",
    "annotate kj job-b a2-": "kusciajob.kuscia.secretflow/job-b annotated\n",
    "annotate kj job-b a2=y": "kusciajob.kuscia.secretflow/job-b annotated\n",
    """patch kj job-c --type merge -p '{"spec": {"stage": "Stop"}}'""": "kusciajob.kuscia.secretflow/job-c patched\n",
    """patch kj job-c --type=merge -p '{"spec": {"stage": "Start"}}'""": (
        "kusciajob.kuscia.secretflow/job-c patched (no change)\n"
    ),
    "patch kj job-c --type merge -p 'metadata: {labels: {a: b}, annotations: {c: d}}'": (
        "kusciajob.kuscia.secretflow/job-c patched\n"
    ),
    f"patch kj job-b --type merge -p 'metadata: {{labels: {{{TYPE}: null}}}}' -o jsonpath='{{.metadata.labels}}'": "",
}


@pytest.mark.parametrize("line", LABELS)
def test_marks(kubectl: Kubectl, nodes: dict[str, Node], line: str) -> None:
    keep(nodes["alice"], *MANIFESTS[:4])
    assert str(kubectl(f"{line} {NS}")) == LABELS[line]


RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
UNMARKED = {
    f"label kj job-b {TYPE}=x": (
        f"error: '{TYPE}' already has a value (bfia), and --overwrite is false",
        "--overwrite",
    ),
    "annotate kj job-b a2=z": (
        "error: --overwrite is false but found the following declared annotation(s): 'a2' already has a value (y)",
        "--overwrite",
    ),
    "label kj job-b": ("error: at least one label update is required", "key=value"),
    "annotate kj job-b": ("error: at least one annotation update is required", "key=value"),
    "label": (
        "error: one or more resources must be specified as <resource> <name> or <resource>/<name>",
        "kubectl label",
    ),
    "label kj a=b": ("error: resource(s) were provided, but no name was specified", "a name"),
    "label kj job-b a=b a-": ("error: can not both modify and remove a label in the same command", "a=value"),
    "label kj job-b a=b job-c": ("error: all resources must be specified before label changes: job-c", "kind and name"),
    "label kj job-b 'a=b c'": (f'error: invalid label value: "a=b c": {RULE}', "kubectl annotate"),
    "label kj job-b a=b -o wide": ("error: unable to match a printer suitable for the output format", "one of"),
    "label kj job-b a=b --list": ("error: --list changes no label", "one line for each"),
    "label kj job-b 'a b=c'": ('error: invalid label key "a b"', "letters"),
    "delete kj job-b -o yaml": ("error: unexpected -o output mode: yaml. We only support '-o name'", "-o name"),
    "patch kj job-b": ("error: must specify --patch or --patch-file containing the contents of the patch", "-p "),
    "patch kj job-b -p '{}' --type x": ('error: --type must be one of [json merge strategic], not "x"', "--type merge"),
    "patch kj job-b -p '{}'": (
        "error: application/strategic-merge-patch+json is not supported by kuscia.secretflow/v1alpha1, Kind=KusciaJob: "
        "the body of the request was in an unknown format - accepted media types include: application/merge-patch+json",
        "--type merge",
    ),
    "patch kj job-b --type merge -p '{'": ('error: unable to parse "{": ', "the patch in single quotes"),
    "patch kj job-b --type merge -p '{spec: {initiator: bob}}'": (
        'error: "spec.initiator" of a KusciaJob cannot be patched here',
        "spec.stage",
    ),
    "patch domain bob --type merge -p '{spec: {stage: Stop}}'": (
        'error: "spec.stage" of a Domain cannot be patched here',
        "spec.stage",
    ),
    "patch kj job-b --type merge -p '{spec: {stage: stop}}'": (
        'error: spec.stage: Unsupported value: "stop": supported values: "Create", "Start", "Stop"',
        '"Stop"',
    ),
}


@pytest.mark.parametrize("line", UNMARKED)
def test_marks_that_are_refused(kubectl: Kubectl, nodes: dict[str, Node], line: str) -> None:
    keep(nodes["alice"], *MANIFESTS[:4])
    before = [found.manifest() for found in nodes["alice"].store.objects(KusciaJob)]
    error = refused(kubectl, f"{line} {NS}")
    what, hint = UNMARKED[line]
    assert error.what.startswith(what)
    assert error.hint.startswith(hint)
    assert [found.manifest() for found in nodes["alice"].store.objects(KusciaJob)] == before


def test_marks_are_on_the_object_and_grow_no_generation(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], RUNNING)
    before = nodes["alice"].store.get(KusciaJob, "job-c")
    kubectl(f"label kj job-c kuscia.secretflow/job-stage=Stop {NS}")
    kubectl(f"annotate kj job-c note='a b' {NS}")
    after = nodes["alice"].store.get(KusciaJob, "job-c")
    assert before is not None
    assert after is not None
    assert after.labels == {"kuscia.secretflow/job-stage": "Stop"}
    assert after.annotations == {"note": "a b"}
    assert after.metadata.generation == before.metadata.generation
    assert after.metadata.resource_version != before.metadata.resource_version


# --- wait, -w, logs --------------------------------------------------------------------------------------------------


def set_phase(node: Node, name: str, phase: str, ended: bool = False) -> None:
    """What a controller would do."""

    def how(job: KusciaJob) -> KusciaJob:
        time = job.status.start_time
        update = {"phase": phase, "completion_time": time if ended else None}
        return job.model_copy(update={"status": job.status.model_copy(update=update)})

    node.store.change(KusciaJob, name, how)


def later(*steps: Callable[[], object]) -> threading.Thread:
    """Do this on another thread, a little later; what waits for it must not hang."""

    def work() -> None:
        for step in steps:
            time.sleep(0.05)
            step()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


MET = "kusciajob.kuscia.secretflow/job-c condition met\n"


def test_wait_for_what_comes(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    alice = nodes["alice"]
    keep(alice, RUNNING)
    assert str(kubectl(f"wait kj/job-c {NS} --for=jsonpath='{{.status.phase}}'=Running")) == MET
    assert str(kubectl(f"wait kj job-c {NS} --for=jsonpath='{{.status.phase}}' --timeout=0s")) == MET
    later(lambda: set_phase(alice, "job-c", "Running"), lambda: set_phase(alice, "job-c", "Succeeded", ended=True))
    assert str(kubectl(f"wait kj/job-c {NS} --for=jsonpath='{{.status.phase}}'=Succeeded --timeout=20s")) == MET
    later(lambda: alice.delete(KusciaJob, "job-c"))
    assert str(kubectl(f"wait kj/job-c {NS} --for=delete --timeout=20s")) == MET
    assert str(kubectl(f"wait kj/job-c {NS} --for=delete")) == ""
    later(lambda: keep(alice, RUNNING))
    assert str(kubectl(f"wait kj/job-c {NS} --for=create --timeout=20s")) == MET
    keep(alice, manifest(TUTORIAL_JOB))
    met = MET.replace("job-c", "job-ss-lr")
    assert str(kubectl(f"wait kj/job-ss-lr {NS} --for=condition=JobValidated")) == met
    assert str(kubectl(f"wait kj --all {NS} -l {TYPE} --for=condition=jobstartsucceeded=true")) == met


def test_wait_in_vain(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], RUNNING, manifest(TUTORIAL_JOB))
    goal = "--for=jsonpath='{.status.phase}'=Failed"
    late = "error: timed out waiting for the condition on kusciajobs/{}"
    assert refused(kubectl, f"wait kj/job-c {NS} {goal} --timeout=50ms").what == late.format("job-c")
    began = time.monotonic()
    error = refused(kubectl, f"wait kj/job-ss-lr {NS} {goal}")
    assert error.what == late.format("job-ss-lr")
    assert error.hint == "kubectl describe kj job-ss-lr -n cross-domain: it is Succeeded, which is its end"
    assert time.monotonic() - began < 5
    later(lambda: nodes["alice"].delete(KusciaJob, "job-c"))
    not_found = 'Error from server (NotFound): kusciajobs.kuscia.secretflow "{}" not found'
    assert refused(kubectl, f"wait kj/job-c {NS} {goal} --timeout=20s").what == not_found.format("job-c")
    assert refused(kubectl, f"wait kj/x {NS} {goal}").what == not_found.format("x")
    assert refused(kubectl, f"wait kj/job-ss-lr {NS}").what == 'error: unrecognized condition: ""'
    assert refused(kubectl, f"wait kj/job-ss-lr {NS} --for=jsonpath='{{.a'").what.startswith("error: error parsing")


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_watch_until_all_has_ended(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    alice = nodes["alice"]
    keep(alice, RUNNING, manifest(TUTORIAL_JOB))
    printed: list[str] = []
    later(
        lambda: kubectl(f"label kj job-c a=b {NS}"),
        lambda: keep(alice, NEW),
        lambda: set_phase(alice, "job-c", "Succeeded", ended=True),
        lambda: keep(alice, IMAGE | {"metadata": {"name": "other"}}),
        lambda: set_phase(alice, "job-d", "Running"),
        lambda: alice.delete(KusciaJob, "job-d"),
    )
    output = kubectl(f"get kj {NS} -w", emit=printed.append)
    rows = [(row[0], row[-1]) for row in cells(str(output))]
    assert rows == [
        ("NAME", "PHASE"),
        ("job-c", "Running"),
        ("job-ss-lr", "Succeeded"),
        ("job-c", "Running"),
        ("job-d", "job-d"),
        ("job-c", "Succeeded"),
        ("job-d", "Running"),
        ("job-d", "Running"),
    ]
    assert "".join(printed) == str(output)
    assert len(printed) == 6  # the first rows together, then one for each change
    assert output.streamed
    assert not alice.store._listeners


def test_watch_one_job_in_other_formats(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    alice = nodes["alice"]
    keep(alice, NEW, RUNNING)

    def end() -> None:
        set_phase(alice, "job-c", "Failed", ended=True)

    later(lambda: set_phase(alice, "job-d", "Running"), end)
    assert str(kubectl(f"get kj job-c {NS} -w -o jsonpath='{{.status.phase}} '")) == "Running Failed "
    assert str(kubectl(f"get kj job-c {NS} -w -o custom-columns=PHASE:.status.phase")) == "PHASE\nFailed\n"
    set_phase(alice, "job-c", "Running")
    later(end)
    text = str(kubectl(f"get kj/job-c {NS} -w -o yaml"))
    assert [manifest(part)["status"]["phase"] for part in text.split("---\n")] == ["Running", "Failed"]


def test_watch_what_does_not_change(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], manifest(TUTORIAL_JOB))
    assert str(kubectl("get domain -w")).startswith("NAME    AGE\nalice   ")
    assert str(kubectl("get kj -w")) == "No resources found in default namespace.\n"
    assert refused(kubectl, f"get kj x -w {NS}").what.endswith('"x" not found')


def test_tasks_are_watched_as_long_as_a_job_may_make_some(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    alice = nodes["alice"]
    keep(alice, RUNNING)
    later(
        lambda: keep(alice, TASK),
        lambda: kubectl(f"label kt {TASK['metadata']['name']} a=b {NS}"),
        lambda: set_phase(alice, "job-c", "Succeeded", ended=True),
    )
    assert str(kubectl(f"get kt {NS} -w -o name")) == "kusciatask.kuscia.secretflow/job-ss-lr-26e3489ac66e\n" * 2


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs a signal to one thread")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("line", ["get kj -w", "wait kj/job-c --for=jsonpath={.status.phase}=Failed", "logs -f kt/{}"])
def test_an_interrupt_ends_what_waits(kubectl: Kubectl, nodes: dict[str, Node], line: str) -> None:
    running = json.loads(json.dumps(TASK))
    del running["status"]["completionTime"]
    keep(nodes["alice"], RUNNING, running)
    main = threading.main_thread().ident
    assert main is not None
    later(lambda: None, lambda: signal.pthread_kill(main, signal.SIGINT))
    line = f"{line} {NS}".replace("{}", running["metadata"]["name"])
    if line.startswith("wait"):
        assert refused(kubectl, line).what == "error: interrupted while waiting for kusciajobs/job-c"
    else:
        output = kubectl(line)
        assert output.hints[0].startswith("interrupted; ")
        assert str(output)


POD = "job-ss-lr-26e3489ac66e-host-0"


@pytest.mark.parametrize(
    "what", [POD, f"pod/{POD}", f"{POD} -n alice", "kt/job-ss-lr-26e3489ac66e", POD[:-7], "kj/job-ss-lr"]
)
def test_logs(kubectl: Kubectl, nodes: dict[str, Node], what: str) -> None:
    keep(nodes["alice"], TASK)
    if what.startswith("kj"):
        keep(nodes["alice"], manifest(TUTORIAL_JOB))
    assert str(kubectl(f"logs {what}")) == "alice 1\nalice 2\n"
    assert str(kubectl(f"logs {what} --tail=1")) == "alice 2\n"
    assert str(kubectl(f"logs {what} --tail 0")) == ""
    followed = kubectl(f"logs -f {what}", emit=lambda text: None)
    assert (str(followed), followed.streamed) == ("alice 1\nalice 2\n", True)


def test_logs_that_are_not_there(kubectl: Kubectl, nodes: dict[str, Node]) -> None:
    keep(nodes["alice"], manifest(TUTORIAL_JOB), TASK)
    pods = 'Error from server (NotFound): pods "{}" not found'
    for line, what, hint in (
        (f"logs {POD} --node bob", pods.format(POD), "--node alice: it runs on alice"),
        ("logs job-ss-lr", pods.format("job-ss-lr"), "kj/job-ss-lr, for all tasks of this job"),
        (f"logs {POD[:-1]}1", pods.format(f"{POD[:-1]}1"), f'"{POD}"'),
        ("logs x --node bob", pods.format("x"), "there are no tasks on bob"),
        ("logs kt/x", 'Error from server (NotFound): kusciatasks.kuscia.secretflow "x" not found', "one of: job"),
        ("logs domain/bob", "error: cannot get the logs from Domain", "kubectl logs kt/NAME"),
        ("logs", "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.", "kubectl logs kt/NAME"),
    ):
        error = refused(kubectl, line)
        assert error.what.startswith(what)
        assert error.hint.startswith(hint)


def test_logs_are_followed(kubectl: Kubectl, nodes: dict[str, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    alice, text = nodes["alice"], ["one"]
    running = json.loads(json.dumps(TASK))
    del running["status"]["completionTime"]
    keep(alice, running)
    monkeypatch.setattr(alice, "logs", lambda task: "\n".join(text))
    name = running["metadata"]["name"]

    def end(task: KusciaTask) -> KusciaTask:
        text.append("three")
        time = task.status.start_time
        return task.model_copy(update={"status": task.status.model_copy(update={"completion_time": time})})

    later(
        lambda: text.append("two"),
        lambda: kubectl(f"label kt {name} a=b {NS}"),
        lambda: alice.store.change(KusciaTask, name, end),
    )
    printed: list[str] = []
    assert str(kubectl(f"logs -f kt/{name}", emit=printed.append)) == "one\ntwo\nthree\n"
    assert printed == ["one\n", "two\n", "three\n"]


# --- the tutorial, with everything behind it -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    with kn.connect(storage=tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def test_the_tutorial_in_kubectl_lines(cluster: kn.Cluster) -> None:
    assert str(cluster.kubectl("apply -f -", stdin=TUTORIAL)) == "kusciajob.kuscia.secretflow/job-ss-lr created\n"
    rows = cells(str(cluster.kubectl(f"get kj {NS} -w")))
    assert rows[-1] == ["job-ss-lr", rows[-1][1], rows[-1][2], rows[-1][3], "Succeeded"]
    task = str(cluster.kubectl(f"get kt {NS} -o jsonpath='{{.items[0].metadata.name}}'"))
    job = manifest(str(cluster.kubectl(f"get kj job-ss-lr {NS} -o yaml")))
    sample = manifest(TUTORIAL_JOB)
    assert [one["type"] for one in job["status"]["conditions"]] == [
        one["type"] for one in sample["status"]["conditions"]
    ]
    assert job["metadata"].keys() == sample["metadata"].keys()
    assert job["metadata"]["labels"] == sample["metadata"]["labels"]
    assert job["status"].keys() == sample["status"].keys()
    assert job["status"]["taskStatus"] == {task: "Succeeded"}
    assert str(cluster.kubectl(f"logs {task}-host-0 -n alice")) == str(cluster.kubectl("logs kj/job-ss-lr"))
    assert "wrote this party's share" in str(cluster.kubectl(f"logs kt/{task} --node bob --tail=1"))
    again = cluster.kubectl("apply -f -", stdin=TUTORIAL)
    assert str(again) == "kusciajob.kuscia.secretflow/job-ss-lr unchanged\n"
    assert again.hints[0].startswith("job-ss-lr has run already")
    gone = cluster.kubectl(f"delete kj job-ss-lr {NS}")
    assert gone.hints[0].startswith("bob still has job-ss-lr: ")
    assert str(cluster.kubectl(f"get kj,kt {NS}")) == "No resources found in cross-domain namespace.\n"
    cluster.kubectl(f"delete kj job-ss-lr {NS} --all-nodes")
    assert str(cluster.kubectl("get kt -A", node="bob")) == "No resources found\n"


@pytest.mark.parametrize(
    "stop",
    [
        "label kj endless kuscia.secretflow/job-stage=Stop",
        """patch kj endless --type merge -p '{"spec": {"stage": "Stop"}}'""",
    ],
)
def test_a_job_is_stopped_by_a_label_or_a_patch(cluster: kn.Cluster, stop: str) -> None:
    endless = called("endless").replace('"num_epoch":1,', '"num_epoch":100000,')
    cluster.kubectl("apply -f -", stdin=endless)
    goal = "--timeout=30s --for=jsonpath='{.status.phase}'="
    cluster.kubectl(f"wait kj/endless {NS} {goal}Running")
    cluster.kubectl(f"{stop} {NS}")
    assert str(cluster.kubectl(f"wait kj/endless {NS} {goal}Failed")).endswith(" condition met\n")
    cluster.kubectl(f"delete kj endless {NS} --all-nodes")
