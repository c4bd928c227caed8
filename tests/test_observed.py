"""Objects of real Kuscia nodes, of both eras, come out as the same jobs and tasks; what people write stays strict."""

from __future__ import annotations

from typing import Any

import pytest
from kuscia_objects import CONDITIONS_A, LABEL, SINCE, TASK, UNTIL, condition, job, task
from test_notebook import TUTORIAL

from kuscia_nb.control.kinds import KusciaTask
from kuscia_nb.control.manifest import from_dict
from kuscia_nb.control.observed import observed
from kuscia_nb.control.resources import KusciaJob, wanted
from kuscia_nb.errors import JobFailed, JobStopped, KusciaError, ManifestError
from kuscia_nb.observer.events import PhaseSet
from kuscia_nb.observer.runs import Run

ENDED: dict[str, Any] = {"completionTime": UNTIL, "taskStatus": {TASK: "Succeeded"}}
STAGES = {"alice": "JobStartStageSucceeded", "bob": "JobStartStageSucceeded"}


def of_job(**status: Any) -> KusciaJob:
    found = observed(job("C", phase="Running", **status))
    assert isinstance(found, KusciaJob)
    return found


def said(found: KusciaJob) -> dict[str, str]:
    return {one.type: one.status for one in found.status.conditions}


def test_both_eras_come_out_as_the_same_job() -> None:
    before = observed(job("A", phase="Succeeded", conditions=CONDITIONS_A, **ENDED))
    status: dict[str, Any] = {"conditions": [condition("JobValidated")], "stageStatus": STAGES, "approveStatus": {}}
    after = observed(job("C", phase="Succeeded", **status, **ENDED))
    assert isinstance(before, KusciaJob)
    assert isinstance(after, KusciaJob)
    assert before.spec == after.spec
    assert before.spec.stage == "Start"
    assert before.finished
    assert after.finished
    assert before.status.task_status == after.status.task_status == {TASK: "Succeeded"}
    assert before.metadata.namespace == after.metadata.namespace == "cross-domain"
    for found in (before, after):
        assert found.labels[f"{LABEL}self-cluster-as-initiator"] == "true"
        assert said(found).items() >= {"JobCreateSucceeded": "True", "JobStartSucceeded": "True"}.items()
        assert "managedFields" not in str(found.manifest())
        assert found.raw["metadata"]["managedFields"][0]["manager"] == "kubectl"
    assert after.raw["status"]["stageStatus"] == STAGES
    assert f"{LABEL}self-cluster-as-initiator" not in observed(job("C", "bob", "Running")).labels


def test_a_task_has_its_alias_parties_and_environment() -> None:
    found = {era: observed(task(era, "bob", "Running")) for era in ("A", "C")}
    for one in found.values():
        assert isinstance(one, KusciaTask)
        assert one.labels[f"{LABEL}task-alias"] == "ss_lr_1"
        assert one.metadata.owner_references[0].name == "job-ss-lr"
        party = one.party("bob")
        assert party
        assert party.env["config.self_role"] == "guest.0"
        assert [pod.pod_phase for pod in one.status.pod_statuses.values()] == ["Running"]
        assert one.raw["status"]["progress"] == 0.5
        assert "bandwidthLimits" not in str(one.manifest())
    assert found["A"].spec == found["C"].spec


@pytest.mark.parametrize("phase", ["initialized", "AwaitingApproval", "Suspended"])
def test_phases_on_the_way_are_kuscias_words(phase: str) -> None:
    found = observed(job("C", phase=phase))
    assert isinstance(found, KusciaJob)
    assert (found.status.phase, found.finished) == (phase, False)
    assert found.manifest()["status"]["phase"] == phase


def test_what_no_word_is_known_for_is_left_to_raw() -> None:
    unknown = condition("JobStatusSynced", "Unknown")
    found = observed(job("C", phase="Dreaming", taskStatus={TASK: "Unknown"}, conditions=[unknown]))
    assert isinstance(found, KusciaJob)
    assert found.status.phase == ""
    assert (found.status.task_status, found.status.conditions) == ({}, ())
    assert found.raw["status"]["phase"] == "Dreaming"


def test_stages_that_not_all_have_passed() -> None:
    created = {"alice": "JobCreateStageSucceeded", "bob": "JobCreateStageSucceeded"}
    assert said(of_job(stageStatus=created)) == {"JobCreateSucceeded": "True"}
    assert said(of_job(stageStatus={**created, "bob": ""})) == {}
    assert said(of_job(stageStatus={**created, "alice": "JobStartStageSucceeded"})) == {"JobCreateSucceeded": "True"}
    failed = of_job(stageStatus={**created, "bob": "JobCreateStageFailed"}, reason="Party: bob create failed.")
    (one,) = failed.status.conditions
    assert (one.type, one.status, one.reason) == ("JobCreateSucceeded", "False", "Party: bob create failed.")
    assert "bob" in one.message


def test_a_stage_seems_not_to_change_by_being_looked_at() -> None:
    first, later = of_job(stageStatus=STAGES), of_job(stageStatus=STAGES, lastReconcileTime=UNTIL)
    assert first.status.conditions == later.status.conditions
    assert f"{first.status.conditions[0].last_transition_time:%Y-%m-%dT%H:%M:%SZ}" == SINCE


@pytest.mark.parametrize(
    ("phase", "reason", "error"),
    [
        ("Failed", "Party: alice execute the cmd: Stop.", JobStopped),
        ("Failed", "Party: bob create failed.", JobFailed),
        ("Cancelled", "", JobStopped),
        ("ApprovalReject", "", JobFailed),
    ],
)
def test_a_job_ends_for_a_reason(phase: str, reason: str, error: type[KusciaError]) -> None:
    found = observed(job("C", phase=phase, reason=reason, **({"completionTime": UNTIL} if phase == "Failed" else {})))
    assert isinstance(found, KusciaJob)
    assert found.finished
    assert wanted(phase, reason) == (error is JobStopped)
    run = Run(found)
    run.nodes["alice"] = found
    run.events.emit(PhaseSet("alice", found.name, phase, reason))
    run.ended.set()
    assert type(run.error) is error


def test_what_cannot_be_read_says_where() -> None:
    with pytest.raises(KusciaError, match="ConfigMap is none of KusciaJob") as caught:
        observed({"kind": "ConfigMap"}, "alice")
    assert caught.value.where == "alice"
    broken = job("C")
    del broken["spec"]["initiator"]
    with pytest.raises(KusciaError, match=r"KusciaJob job-ss-lr cannot be read: spec\.initiator"):
        observed(broken)


def test_what_a_person_writes_is_still_checked() -> None:
    written = job("C")
    assert from_dict(written).name == "job-ss-lr", "what a node has written is left out, as from kubectl get -o yaml"
    written["spec"]["colour"] = "red"
    with pytest.raises(ManifestError, match="unknown field"):
        from_dict(written)
    assert "colour" not in TUTORIAL
