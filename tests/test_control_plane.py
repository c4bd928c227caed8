"""The controllers of two nodes, step by step: conditions, messages and phases as the specification has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import World, job

from kuscia_nb.control.kinds import AppImage, KusciaTask
from kuscia_nb.control.objects import LABEL, Condition, condition, now
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.errors import JobError, KusciaError, ManifestError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def kj(world: World, domain: str = "alice", name: str = "job") -> KusciaJob:
    found = world.job(domain, name)
    assert found is not None
    return found


def kt(world: World, domain: str = "alice", alias: str = "a") -> KusciaTask:
    return next(task for task in world.tasks(domain) if task.labels[f"{LABEL}task-alias"] == alias)


def order(conditions: tuple[Condition, ...]) -> list[str]:
    return [found.type for found in conditions if found.status == "True"]


def success(task: KusciaTask) -> Condition:
    found = condition(task.status.conditions, "Success")
    assert found is not None
    return found


def started(world: World) -> list[str]:
    """The aliases of the tasks that exist, in the order in which they were made."""
    made = sorted(world.tasks("alice"), key=lambda task: task.metadata.creation_timestamp or now())
    return [task.labels[f"{LABEL}task-alias"] for task in made]


def chained(key: str) -> dict[str, object]:
    return {"dependencies": [key.partition(".")[0]], "input": [{"type": "dataset", "key": key}]}


# --- a job that succeeds ---------------------------------------------------------------------------------------------


def test_the_initiator_sets_the_tutorials_conditions_in_order(world: World) -> None:
    world.apply(job())
    world.finish()
    assert order(kj(world).status.conditions) == [
        "JobValidated",
        "JobCreateInitialized",
        "JobCreateSucceeded",
        "JobStartInitialized",
        "JobStartSucceeded",
    ]
    assert order(kt(world).status.conditions)[0] == "ResourceCreated"
    assert set(order(kt(world).status.conditions)) == {"ResourceCreated", "Running", "Success", "StatusSynced"}
    assert kj(world).status.phase == kt(world).status.phase == "Succeeded"


def test_a_partner_validates_synchronises_and_never_polls_a_task(world: World) -> None:
    world.apply(job())
    world.finish()
    assert order(kj(world, "bob").status.conditions) == ["JobValidated", "JobStatusSynced"]
    assert order(kt(world, "bob").status.conditions) == ["ResourceCreated", "Running", "Success"]
    assert kj(world, "bob").status.task_status == kj(world).status.task_status != {}


def test_the_messages_are_those_of_the_specification_in_that_order(world: World) -> None:
    world.apply(job())
    world.finish()
    firsts = list(dict.fromkeys(world.messages))
    assert [name for name in firsts if name != "job/status_all"] == [
        "job/create",
        "job/start",
        "task/start",
        "task/poll",
    ]
    assert "job/status_all" in firsts


def test_the_spec_is_written_three_times_and_that_of_a_task_twice(world: World) -> None:
    world.apply(job())
    world.finish()
    assert kj(world).metadata.generation == 3  # made, stage, taskID
    assert kt(world).metadata.generation == 2  # made, environment


def test_labels_say_who_leads(world: World) -> None:
    world.apply(job())
    world.finish()
    assert kj(world).labels == {
        "kuscia.secretflow/interconn-protocol-type": "bfia",
        "kuscia.secretflow/self-cluster-as-initiator": "true",
    }
    assert kj(world, "bob").labels == {"kuscia.secretflow/interconn-protocol-type": "bfia"}
    assert kt(world).labels["kuscia.secretflow/task-unschedulable"] == "false"


def test_both_nodes_have_the_task_under_one_id_and_only_their_own_pod(world: World) -> None:
    world.apply(job())
    world.finish()
    name = kt(world).name
    assert kt(world, "bob").name == name
    assert list(kt(world).status.pod_statuses) == [f"alice/{name}-host-0"]
    assert list(kt(world, "bob").status.pod_statuses) == [f"bob/{name}-guest-0"]


def test_bob_can_lead(world: World) -> None:
    world.apply(job(initiator="bob"))
    world.finish()
    assert kj(world, "bob").status.phase == kj(world, "alice").status.phase == "Succeeded"
    assert "JobStartSucceeded" in order(kj(world, "bob").status.conditions)


def test_deleting_a_job_deletes_its_tasks_on_that_node_only(world: World) -> None:
    world.apply(job())
    world.finish()
    world.nodes["alice"].delete(KusciaJob, "job")
    assert world.tasks("alice") == []
    assert len(world.tasks("bob")) == 1


def test_v05_also_passes_the_task_to_every_program(world: World) -> None:
    """Spec: kuscia §4.2, era A."""
    world.apply(job())
    task = kt(world, "bob")
    (event,) = world.observer.by_name["job"].events.select("environment", node="bob")
    assert event.data["TASK_ID"] == event.data["config.task_id"] == task.name
    assert event.data["TASK_INPUT_CONFIG"] == task.spec.task_input_config
    parties = [{"name": "alice", "role": "host", "services": []}, {"name": "bob", "role": "guest", "services": []}]
    assert json.loads(event.data["TASK_CLUSTER_DEFINE"]) == {
        "parties": parties,
        "selfPartyIdx": 1,
        "selfEndpointIdx": 0,
    }


# --- several tasks ---------------------------------------------------------------------------------------------------


def test_a_task_waits_for_those_it_depends_on_and_finds_their_output(world: World) -> None:
    world.apply(job({"alias": "b", **chained("a.result")}, {"alias": "a"}, maxParallelism=2))
    assert started(world) == ["a"]
    world.finish()
    assert kj(world).status.phase == "Succeeded"
    for domain, folder in (("alice", "job-host-0"), ("bob", "job-guest-0")):
        party = kt(world, domain, "b").party(domain)
        assert party is not None
        found = json.loads(party.env["runtime.component.input.data"])
        assert found == {"namespace": folder, "name": f"{kt(world, domain, 'a').name}-result"}


def test_no_more_tasks_run_at_once_than_allowed_and_the_larger_priority_first(world: World) -> None:
    priorities = {"a": 0, "b": 5, "c": 9, "d": 5}
    tasks = [{"alias": alias, "priority": priority} for alias, priority in priorities.items()]
    world.apply(job(*tasks, maxParallelism=2))
    assert started(world)[0] == "c"
    assert len(started(world)) == 2
    world.finish()
    assert started(world) == sorted(started(world), key=lambda alias: priorities[alias], reverse=True)


def test_strict_starts_nothing_after_a_failure(world: World) -> None:
    world.apply(job({"alias": "a", "fails": "bob"}, {"alias": "b"}))
    world.finish()
    assert kj(world).status.phase == "Failed"
    assert started(world) == ["a"]


def test_best_effort_runs_what_still_can(world: World) -> None:
    after = {"alias": "c", "dependencies": ["a"]}
    world.apply(job({"alias": "a", "fails": "bob"}, {"alias": "b"}, after, scheduleMode="BestEffort"))
    world.finish()
    assert kj(world).status.phase == "Failed"
    assert started(world) == ["a", "b"]
    assert kt(world, "alice", "b").status.phase == "Succeeded"


def test_a_tolerable_failure_does_not_fail_the_job(world: World) -> None:
    world.apply(job({"alias": "a", "fails": "bob", "tolerable": True}, {"alias": "b"}))
    world.finish()
    assert kj(world).status.phase == kj(world, "bob").status.phase == "Succeeded"
    assert set(kj(world).status.task_status.values()) == {"Failed", "Succeeded"}


def test_128_tasks(world: World) -> None:
    world.apply(job(*({"alias": f"t{i}"} for i in range(128)), maxParallelism=128))
    world.finish()
    assert kj(world).status.phase == kj(world, "bob").status.phase == "Succeeded"
    assert len(kj(world, "bob").status.task_status) == 128


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_failure_fails_both_sides_and_says_why_where_it_happened_only(world: World) -> None:
    world.apply(job({"fails": "bob"}))
    world.finish()
    for domain in ("alice", "bob"):
        assert kj(world, domain).status.phase == kt(world, domain).status.phase == "Failed"
        assert kj(world, domain).finished
    reason = "the data of bob is not good"
    assert success(kt(world, "bob")).message == reason
    pod = next(iter(kt(world, "bob").status.pod_statuses.values()))
    assert pod.termination_log == f'container[toy] terminated state reason "Error", message: "{reason}"'
    assert reason not in json.dumps(kj(world).manifest()) + json.dumps(kt(world).manifest())


def test_the_message_of_a_failed_task_counts_the_parties(world: World) -> None:
    world.apply(job({"fails": "alice,bob"}))
    world.finish()
    assert kt(world, "bob").status.message == (
        "The remaining no-failed party task counts 0 are less than the threshold 1 that meets the conditions for task "
        "success. pending party[], running party[], successful party[], failed party[bob-guest]"
    )


def test_a_leftover_on_the_peer_is_named(world: World) -> None:
    world.apply(job())
    world.finish()
    world.nodes["alice"].delete(KusciaJob, "job")
    world.apply(job())
    world.finish()
    failure = condition(kj(world).status.conditions, "JobCreateSucceeded")
    assert failure is not None
    assert failure.status == "False"
    assert failure.reason == "ErrorCreateJobRequest"
    assert failure.message == "create interconn job job request failed, status code: 400, message: Job already exists"
    assert kj(world).status.message.startswith("bob has refused the job: ")
    assert kj(world).status.reason == "KusciaJobCreateFailed"
    assert kj(world, "bob").status.phase == "Succeeded"  # not touched


def test_an_image_that_only_the_peer_misses_is_named(world: World) -> None:
    world.nodes["bob"].delete(AppImage, "toy")
    world.apply(job())
    world.finish()
    failure = condition(kj(world).status.conditions, "JobCreateSucceeded")
    assert failure is not None
    assert 'failed to get appimage toy, appimage.kuscia.secretflow "toy" not found' in failure.message
    assert kj(world).status.message.startswith("bob has refused the job: ")
    assert kj(world).status.phase == "Failed"


def test_a_peer_that_cannot_be_reached_fails_the_job(world: World) -> None:
    world.faults = ["lose request"] * 4
    world.apply(job())
    world.finish()
    failure = condition(kj(world).status.conditions, "JobCreateSucceeded")
    assert failure is not None
    assert failure.status == "False"
    assert "bob" in failure.message
    assert kj(world).finished


def test_one_lost_message_is_sent_again(world: World) -> None:
    world.faults = ["lose request", "lose request", "lose request"]
    world.apply(job())
    world.finish()
    assert kj(world).status.phase == "Succeeded"


def test_a_peer_that_never_begins_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.plane._controllers["bob", "KusciaTask"], "reconcile", lambda name: None)
    world.apply(job({"scheduleConfig": {"lifecycleSeconds": 60}}))
    world.pass_time(59)
    assert kt(world).status.phase == "Pending"
    world.pass_time(2)
    assert kt(world).status.message == "Parties did not complete scheduling within the 60 second lifecycle"
    assert kj(world).status.phase == "Failed"


def test_a_task_id_of_another_job_fails_the_job(world: World) -> None:
    for name in ("first", "second"):  # the second one is not refused: there is no such task yet
        world.nodes["alice"].create(job({"taskID": "mine"}, name=name))
    world.finish()
    second = kj(world, "alice", "second")
    assert second.status.reason == "CreateTaskFailed"
    assert second.status.message == "Failed to create task mine because a task with the same name already exists"
    assert kj(world, "alice", "first").status.phase == "Succeeded"


def test_what_vanished_between_submission_and_start_fails_validation(world: World) -> None:
    node = world.nodes["alice"]
    node.apply(job())
    node.delete(AppImage, "toy")
    world.finish()
    failure = condition(kj(world).status.conditions, "JobValidated")
    assert failure is not None
    assert (failure.status, failure.reason) == ("False", "ValidateFailed")
    assert failure.message.startswith("Validate job failed, ")
    assert kj(world).status.reason == "KusciaJobValidateFailed"


def test_a_task_succeeds_when_enough_parties_do(world: World) -> None:
    world.apply(job({"fails": "bob", "scheduleConfig": {"minReservedMembers": 2}}))
    world.finish()
    assert kt(world).status.phase == "Failed"


def test_the_observer_hears_why_a_partner_could_not_begin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its initiator only learns that it failed."""

    def broken(*_: object) -> None:
        raise KusciaError("bob has run out of environments")

    monkeypatch.setattr(world.plane._controllers["bob", "KusciaTask"], "_with_environment", broken)
    world.apply(job())
    world.finish()
    assert "run out" not in kj(world).status.message
    error = world.observer.by_name["job"].error
    assert error is not None
    assert "failed party[bob-guest]; bob: Failed to create kusciaTask related resources, bob has run out" in error.what


# --- stop and delete -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stage", "label"])
def test_stopping_on_the_initiator_stops_both(world: World, how: str) -> None:
    world.apply(job())

    def stopped(found: KusciaJob) -> KusciaJob:
        if how == "stage":
            return found.in_stage("Stop")
        labels = found.labels | {"kuscia.secretflow/job-stage": "Stop"}
        return found.model_copy(update={"metadata": found.metadata.model_copy(update={"labels": labels})})

    world.nodes["alice"].store.change(KusciaJob, "job", stopped)
    world.finish()
    assert order(kj(world).status.conditions)[-3:] == ["JobStopInitialized", "JobStopSucceeded", "TaskStopped"]
    assert order(kj(world, "bob").status.conditions)[-2:] == ["JobStopSucceeded", "TaskStopped"]
    for domain in ("alice", "bob"):
        assert kj(world, domain).spec.stage == "Stop"
        assert kj(world, domain).status.phase == "Failed"
        assert kt(world, domain).status.phase == "Failed"
        assert success(kt(world, domain)).reason == "TaskIsStopped"


def test_stopping_on_a_partner_is_seen_by_the_initiator(world: World) -> None:
    world.apply(job())
    world.nodes["bob"].store.change(KusciaJob, "job", lambda found: found.in_stage("Stop"))
    world.settle()
    world.finish()
    assert kj(world).status.phase == kj(world, "bob").status.phase == "Failed"
    assert "failed party[bob-guest]" in kt(world).status.message


def test_deleting_a_running_job_on_the_initiator_ends_it_on_the_partner(world: World) -> None:
    world.apply(job())
    world.nodes["alice"].delete(KusciaJob, "job")
    world.finish()
    assert kj(world, "bob").status.phase == "Failed"
    assert "alice" in kj(world, "bob").status.message
    assert world.agent._sessions == {}


def test_deleting_a_running_job_on_a_partner_fails_it_on_the_initiator(world: World) -> None:
    world.apply(job())
    world.nodes["bob"].delete(KusciaJob, "job")
    world.finish()
    synced = condition(kt(world).status.conditions, "StatusSynced")
    assert synced is not None
    assert synced.message.startswith("poll task status request failed, ")
    assert kj(world).status.phase == "Failed"


def test_a_job_that_its_initiator_does_not_know_fails(world: World) -> None:
    world.nodes["bob"].create(job())
    world.finish()
    assert kj(world, "bob").status.phase == "Failed"
    synced = condition(kj(world, "bob").status.conditions, "JobStatusSynced")
    assert synced is not None
    assert (synced.status, synced.reason) == ("False", "ErrorQueryJobStatus")


def test_a_silent_initiator_is_given_up(world: World) -> None:
    world.apply(job())
    world.programs.clear()
    world.faults = ["lose request"] * 1000
    world.pass_time(290)
    assert not kj(world, "bob").finished or kj(world, "bob").status.phase == "Failed"
    world.pass_time(200)
    assert kj(world, "bob").status.phase == "Failed"


# --- applying --------------------------------------------------------------------------------------------------------


def test_applying_again_changes_nothing(world: World) -> None:
    node = world.nodes["alice"]
    assert node.apply(job())[1] == "created"
    world.finish()
    version = kj(world).metadata.resource_version
    assert node.apply(job())[1] == "unchanged"
    assert kj(world).metadata.resource_version == version


def test_another_spec_under_the_same_name_is_refused(world: World) -> None:
    world.apply(job())
    with pytest.raises(JobError, match="already exists with another spec"):
        world.apply(job({"alias": "b"}))


def test_a_job_is_applied_on_its_initiator(world: World) -> None:
    with pytest.raises(JobError, match="initiator is bob, but initiator must be alice in P2P"):
        world.nodes["alice"].apply(job(initiator="bob"))


def test_a_stranger_is_refused(world: World) -> None:
    manifest = job()
    spec = manifest.spec.model_copy(update={"initiator": "carol"})
    stranger = manifest.model_copy(update={"spec": spec})
    with pytest.raises(
        ManifestError, match='can\'t find initiator namespace carol under cluster, namespace "carol" not'
    ):
        world.nodes["alice"].apply(stranger)


def test_more_inputs_than_the_operator_has_are_refused(world: World) -> None:
    extra = [{"type": "dataset", "key": "a.result"}] * 2
    two = job({"alias": "a"}, {"alias": "b", "dependencies": ["a"], "input": extra})
    with pytest.raises(ManifestError, match=r"not found expected input name component\.1\.input\.2\.name"):
        world.nodes["alice"].apply(two)
