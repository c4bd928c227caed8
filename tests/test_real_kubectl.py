"""The real kubectl against our nodes' API, and against what `%kubectl` prints: nothing stands in for it.

It comes from a package index, into the environment that the tests run in.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from test_notebook import TUTORIAL

import kuscia_nb as kn
from kuscia_nb.control.kinds import KINDS
from kuscia_nb.control.kubectl import KubectlError
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import KusciaError

KUBECTL = Path(sys.executable).parent / "kubectl"
FORMATS = [
    "yaml",
    "json",
    "name",
    "jsonpath={.metadata.name}{'\\n'}{.spec}",
    "jsonpath={range .spec.tasks[*]}{.alias}{'\\t'}{.parties[*].domainID}{'\\n'}{end}",
    "jsonpath={.status.conditions[?(@.status=='True')].type}",
    "jsonpath-as-json={..domainID}",
]
JOB = "job-ss-lr"

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kn.Cluster]:
    """Nodes on which the tutorial's job has run."""
    with kn.connect("local", storage=tmp_path_factory.mktemp("nodes")) as cluster:
        cluster.apply(TUTORIAL).wait(60)
        yield cluster


@pytest.fixture(scope="module")
def kubectl(cluster: kn.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """The program, as a person runs it who has the kubeconfig."""
    home = tmp_path_factory.mktemp("home")
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(cluster.up_api())}

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [KUBECTL, *words], input=stdin, env=environment, capture_output=True, text=True, timeout=60, cwd=home
        )

    return run


def said(ran: subprocess.CompletedProcess[str]) -> str:
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


@pytest.mark.parametrize("form", FORMATS, ids=[form.partition(".")[0] for form in FORMATS])
def test_objects_print_the_same(cluster: kn.Cluster, kubectl: Kubectl, form: str) -> None:
    for kind in KINDS:
        for found in cluster.at("alice").store.objects(kind.model):
            text = json.dumps(found.manifest())
            theirs = kubectl("patch", "--local", "-f", "-", "--type=merge", "-p", "{}", "-o", form, stdin=text)
            ours = cluster.kubectl(f'get {kind.plural} {found.name} -n cross-domain -o "{form}"')
            assert str(ours) == said(theirs), (kind.plural, found.name)


LINES = [
    "get kj -n cross-domain -o name",
    "get kj,kt -n cross-domain -o name",
    "get kj -A -o name",
    "get kj -n cross-domain -o yaml",
    "get kt -n cross-domain -o json",
    f"get kj {JOB} -n cross-domain -o jsonpath='{{.status.phase}}'",
    "get kj,aimg -n cross-domain -o custom-columns=NAME:.metadata.name,KIND:.kind",
    "get kj -n cross-domain --sort-by=.metadata.name -o name",
    "get kj -n cross-domain -l 'kuscia.secretflow/interconn-protocol-type in (bfia, kuscia)' -o name",
    "get kj -n cross-domain -l '!kuscia.secretflow/interconn-protocol-type'",
    "get kj -n default",
    f"wait kj/{JOB} -n cross-domain --for=jsonpath='{{.status.phase}}'=Succeeded --timeout=30s",
    f"wait kj/{JOB} -n cross-domain --for=condition=JobValidated",
    f"label kj {JOB} -n cross-domain team=risk",
    f"label kj {JOB} -n cross-domain team=risk",
    f"label kj {JOB} -n cross-domain team=other --overwrite",
    f"label kj {JOB} -n cross-domain team-",
    f"annotate kj {JOB} -n cross-domain note='the first one'",
    f"annotate kj {JOB} -n cross-domain note-",
    f'patch kj {JOB} -n cross-domain --type merge -p \'{{"metadata": {{"labels": {{"a": "b"}}}}}}\'',
    f'patch kj {JOB} -n cross-domain --type merge -p \'{{"metadata": {{"labels": {{"a": null}}}}}}\'',
    "label kt --all -n cross-domain seen=yes",
    "label aimg ss-lr seen=yes",
    f"get kj {JOB} -n cross-domain -o jsonpath='{{.metadata.labels}}'",
]
"""Lines that print the same on a node that has the same. Those that change something do so on a node of each."""
FAILING = [
    "get kj nobody -n cross-domain",
    f"get kj {JOB} -n default",
    f"get kj {JOB} -n nowhere",
    "get nonsense",
    f"get kj {JOB} -A",
    f"label kj {JOB} -n cross-domain kuscia.secretflow/interconn-protocol-type=x",
    f"patch kj {JOB} -n cross-domain -p '{{}}'",
    "delete kj nobody -n cross-domain",
]


@pytest.fixture
def shell(kubectl: Kubectl) -> Kubectl:
    """A whole line, as it is typed."""
    import shlex

    return lambda line: kubectl(*shlex.split(line))


def test_lines_print_the_same(cluster: kn.Cluster, shell: Kubectl) -> None:
    for line in LINES:
        theirs = said(shell(f"{line} --context bob"))
        ours = str(cluster.kubectl(line, node="bob" if line.startswith(("get", "wait")) else "alice"))
        assert ours == theirs, line


def test_lines_fail_the_same(cluster: kn.Cluster, shell: Kubectl) -> None:
    for line in FAILING:
        theirs = shell(f"{line} --context bob")
        assert theirs.returncode == 1, line
        with pytest.raises(KubectlError) as caught:
            cluster.kubectl(line, node="bob")
        assert caught.value.what == theirs.stderr.strip(), line


def test_tables_are_ours(cluster: kn.Cluster, kubectl: Kubectl) -> None:
    """Ages move on between two lines; columns and names do not."""
    for line in ("get kj", "get kj -A", "get kj,kt", "get domains", "get kj --show-labels -L team", "get aimg -o wide"):
        words = [*line.split(), *([] if "-A" in line else ["-n", "cross-domain"])]
        theirs, ours = said(kubectl(*words)).splitlines(), str(cluster.kubectl(" ".join(words))).splitlines()
        assert len(theirs) == len(ours)
        for one, other in zip(theirs, ours, strict=True):
            assert one.split()[0:1] == other.split()[0:1]
            if one.startswith(("NAME", "NAMESPACE")):
                assert one.split() == other.split()


def test_describe_reads_what_it_needs(kubectl: Kubectl) -> None:
    text = said(kubectl("describe", "kj", JOB, "-n", "cross-domain"))
    assert "Kind:         KusciaJob" in text
    assert "Initiator:        alice" in text
    assert re.search(r"Phase: +Succeeded", text)
    assert "taskInputConfig" in said(kubectl("explain", "kj.spec.tasks"))
    assert said(kubectl("get", "crd", "kusciajobs.kuscia.secretflow", "-o", "jsonpath={.spec.scope}")) == "Namespaced"


def test_a_job_is_applied_watched_stopped_and_deleted(cluster: kn.Cluster, kubectl: Kubectl, tmp_path: Path) -> None:
    """From a file to its end, by the real one alone; and `%kubectl` sees each step."""
    file = tmp_path / "job.yaml"
    file.write_text(TUTORIAL.replace(f"name: {JOB}", "name: by-hand", 1))
    assert said(kubectl("apply", "-f", str(file))) == "kusciajob.kuscia.secretflow/by-hand created\n"
    cluster.job("by-hand").wait(60)
    assert "configured" in said(kubectl("apply", "-f", str(file))), "kubectl does not know that the task has an id now"
    assert len(cluster.job("by-hand").weights()) == 21
    failed = kubectl("create", "-f", str(file))
    assert 'kusciajobs.kuscia.secretflow "by-hand" already exists' in failed.stderr
    file.write_text(file.read_text().replace("initiator: alice", "initiator: alice\n  nonsense: 1", 1))
    assert 'unknown field "spec.nonsense"' in kubectl("apply", "-f", str(file)).stderr
    spec = '{"spec": {"maxParallelism": 7}}'
    refused = kubectl("patch", "kj", "by-hand", "-n", "cross-domain", "--type=merge", "-p", spec)
    assert "job by-hand already exists with another spec" in refused.stderr
    gone = said(kubectl("delete", "kj", "by-hand", "-n", "cross-domain"))
    assert gone.startswith('kusciajob.kuscia.secretflow "by-hand" deleted')
    assert cluster.at("alice").store.get(KusciaJob, "by-hand") is None
    assert not [kt for kt in said(kubectl("get", "kt", "-A", "-o", "name")).split() if "by-hand" in kt]
    cluster.delete("by-hand")


def test_a_watch_tells_every_change_in_order(cluster: kn.Cluster, kubectl: Kubectl) -> None:
    """As the mirror of a node in a container listens; a job that goes is told of, too."""
    words = ["get", "kj", "-n", "cross-domain", "-o", "json", "--watch", "--output-watch-events"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": str(cluster.up_api())}
    watch = subprocess.Popen([KUBECTL, *words], env=environment, stdout=subprocess.PIPE, text=True)
    assert watch.stdout
    seen: list[tuple[str, str, int]] = []
    decoder, kept = json.JSONDecoder(), ""

    def read(kind: str, name: str) -> None:
        nonlocal kept
        while (kind, name) not in [one[:2] for one in seen]:
            assert watch.stdout
            kept = (kept + watch.stdout.readline()).lstrip()
            try:
                event, end = decoder.raw_decode(kept)
            except ValueError:
                continue
            kept, found = kept[end:], event["object"]["metadata"]
            seen.append((event["type"], found["name"], int(found["resourceVersion"])))

    try:
        read("ADDED", JOB)
        job = cluster.apply(TUTORIAL.replace(f"name: {JOB}", "name: watched", 1)).wait(60)
        job.delete()
        read("DELETED", "watched")
    finally:
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=30)
    versions = [version for _, name, version in seen if name == "watched"]
    assert seen[1][:2] == ("ADDED", "watched")
    assert all(one <= other for one, other in pairwise(versions))
    assert {kind for kind, name, _ in seen if name == "watched"} == {"ADDED", "MODIFIED", "DELETED"}


# --- who is let in ---------------------------------------------------------------------------------------------------


def test_only_who_has_the_key_is_spoken_to(cluster: kn.Cluster, kubectl: Kubectl, tmp_path: Path) -> None:
    file = cluster.up_api()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    known = json.loads(file.read_text())
    url = known["clusters"][0]["cluster"]["server"]
    host, port = url.removeprefix("https://").split(":")
    assert host == "127.0.0.1"
    blind = ssl._create_unverified_context()
    with pytest.raises(OSError, match=r"(?i)certificate|reset|eof|closed"):
        urllib.request.urlopen(f"{url}/version", context=blind, timeout=30).read()
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        plain.sendall(b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            plain.recv(1000)
    stranger = json.loads(file.read_text())
    with kn.connect("local", storage=tmp_path / "others") as other:
        stranger["users"] = json.loads(other.up_api().read_text())["users"]
        (tmp_path / "stranger").write_text(json.dumps(stranger))
        assert "tls" in kubectl("get", "kj", "--kubeconfig", str(tmp_path / "stranger")).stderr.lower()
        there = other.up_api()
    assert not there.exists(), "what leads nowhere is removed"


def test_it_is_closed_with_its_cluster(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    with kn.connect("local", storage=tmp_path / "nodes") as cluster:
        assert cluster.up_api(file) == file == cluster.up_api()
        with pytest.raises(KusciaError, match="served already"):
            cluster.up_api(tmp_path / "other")
        port = int(json.loads(file.read_text())["clusters"][1]["cluster"]["server"].rpartition(":")[2])
        cluster.down_api()
        assert not file.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        theirs = tmp_path / "theirs"
        theirs.write_text("apiVersion: v1\n")
        with pytest.raises(KusciaError, match="not one of ours"):
            cluster.up_api(theirs)
        assert theirs.read_text() == "apiVersion: v1\n", "a person's own file stays"
        with pytest.raises(KusciaError, match="cannot be written"):
            cluster.up_api(tmp_path / "no" / "folder")
