"""What a manifest may have, and what is said, and where, about what it may not (spec: kuscia §1.1, §1.9, §4.3, §7)."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kuscia_nb.control import resources
from kuscia_nb.control.manifest import from_dict, problems_against, read_manifest
from kuscia_nb.control.resources import JobTask, KusciaJob, Model, Party
from kuscia_nb.control.source import manifest_error
from kuscia_nb.errors import ManifestError

DATA = Path(__file__).parent / "data"
TUTORIAL = (DATA / "job-ss-lr.yaml").read_text()
CONFIG = re.search(r"taskInputConfig: '(.*)'", TUTORIAL)[1]  # type: ignore[index]
CONFIG_PATH = "spec.tasks[0].taskInputConfig"


def edited(old: str, new: str) -> str:
    """The tutorial's manifest with one change."""
    assert TUTORIAL.count(old) == 1, f"{TUTORIAL.count(old)} places"
    return TUTORIAL.replace(old, new)


def refused(text: str) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text)
    return caught.value


def place(text: str, marker: str) -> str:
    """Where `marker` stands, the way an editor counts."""
    for number, line in enumerate(text.split("\n"), start=1):
        if marker in line:
            return f"line {number}, column {line.index(marker) + 1}"
    raise AssertionError(f"{marker} is not in the text")


def assert_points_at(error: ManifestError, text: str, marker: str) -> None:
    """The error names the place of `marker`, shows its line, and has the caret under its first character."""
    head, line, caret = error.where.split("\n")
    assert head == place(text, marker)
    assert line[caret.index("^") :].startswith(marker[:20])


def task(alias: str, *, depends: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A task of alice (host) and bob (guest), every party reading its own file."""
    config = json.loads(CONFIG) | {"name": alias} | changes.pop("config", {})
    data = {
        "alias": alias,
        "appImage": "ss-lr",
        "taskInputConfig": json.dumps(config),
        "parties": [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}],
    }
    return data | ({"dependencies": list(depends)} if depends else {}) | changes


def job(*tasks: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "job-ss-lr"},
        "spec": {"initiator": "alice", "tasks": list(tasks) or [task("a")]} | spec,
    }


def dict_refused(data: Any) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        from_dict(data)
    return caught.value


# --- what is accepted ------------------------------------------------------------------------------------------------


def test_the_tutorials_manifest() -> None:
    result = read_manifest(TUTORIAL)
    assert (result.metadata.name, result.metadata.namespace) == ("job-ss-lr", "cross-domain")
    assert (result.spec.initiator, result.spec.schedule_mode, result.spec.max_parallelism) == ("alice", "Strict", 1)
    (only,) = result.spec.tasks
    assert (only.alias, only.app_image, only.tolerable, only.task_id) == ("ss_lr_1", "ss-lr", False, None)
    assert [(party.domain_id, party.role) for party in only.parties] == [("alice", "host"), ("bob", "guest")]
    assert only.task_input_config == CONFIG  # byte for byte
    assert len(only.config.task_params.common) == 21
    assert only.config.task_params.of("host", 0) == {
        "has_label": True,
        "name": "perfect_logit_a.csv",
        "namespace": "data",
    }
    assert list(only.config.role.members()) == [("host", 0, "alice"), ("guest", 0, "bob")]


def test_json_yaml_and_dict_give_the_same_job() -> None:
    expected = read_manifest(TUTORIAL)
    data = expected.model_dump(mode="json")
    assert data["spec"]["tasks"][0]["parties"][0] == {"domainID": "alice", "role": "host"}
    assert "dependencies" not in data["spec"]["tasks"][0]
    assert "priority" not in data["spec"]["tasks"][0]
    assert from_dict(data) == expected
    assert read_manifest(json.dumps(data)) == expected
    assert read_manifest(json.dumps(data, indent=2)) == expected
    assert expected != from_dict(data | {"metadata": {"name": "another"}})


def test_a_dict_is_left_as_it_was() -> None:
    data = job(task("a"), foo=1)
    before = copy.deepcopy(data)
    dict_refused(data)
    assert data == before


def test_namespace_defaults_to_cross_domain() -> None:
    assert read_manifest(edited("  namespace: cross-domain\n", "")).metadata.namespace == "cross-domain"


@pytest.mark.parametrize("word", ["no", "on", "yes", "off", "2024-01-01"])
def test_plain_words_stay_texts(word: str) -> None:
    text = TUTORIAL.replace("bob", word).replace(f'"{word}"', json.dumps(word))
    assert f"domainID: {word}\n" in text
    assert read_manifest(text).spec.tasks[0].parties[1].domain_id == word


def test_every_optional_field() -> None:
    text = edited(
        "    tolerable: false\n",
        """    tolerable: true
    taskID: job-ss-lr-26e3489ac66e
    priority: 3
    scheduleConfig: {minReservedMembers: 2, lifecycleSeconds: 60}
""",
    ).replace(
        "  initiator: alice\n", "  initiator: alice\n  flowID: f-1\n  scheduleMode: BestEffort\n  maxParallelism: 128\n"
    )
    result = read_manifest(text)
    assert (result.spec.flow_id, result.spec.schedule_mode, result.spec.max_parallelism) == ("f-1", "BestEffort", 128)
    only = result.spec.tasks[0]
    assert (only.task_id, only.priority, only.tolerable) == ("job-ss-lr-26e3489ac66e", 3, True)
    assert only.schedule_config is not None
    assert (only.schedule_config.min_reserved_members, only.schedule_config.lifecycle_seconds) == (2, 60)


def test_labels_and_annotations_are_kept() -> None:
    result = read_manifest(edited("  name: job-ss-lr\n", "  name: job-ss-lr\n  labels: {team: blue}\n"))
    assert result.metadata.labels == {"team": "blue"}


def test_a_key_without_a_value_is_not_set() -> None:
    assert read_manifest(edited("    tolerable: false\n", "    tolerable:\n")).spec.tasks[0].tolerable is False


@pytest.mark.parametrize(
    "text", [TUTORIAL + "---\n", "---\n" + TUTORIAL + "...\n", "\ufeff" + TUTORIAL, "# a\n" + TUTORIAL]
)
def test_yaml_frames(text: str) -> None:
    assert read_manifest(text) == read_manifest(TUTORIAL)


def test_resources_do_not_change() -> None:
    result = read_manifest(TUTORIAL)
    with pytest.raises(ValidationError):
        result.spec.initiator = "bob"  # type: ignore[misc]


def test_every_field_has_a_description() -> None:
    models = [model for model in vars(resources).values() if isinstance(model, type) and issubclass(model, Model)]
    fields = [(model, name, field) for model in models for name, field in model.model_fields.items()]
    assert len(fields) > 30
    for model, name, field in fields:
        assert field.description, f"{model.__name__}.{name}"
        assert "\n" not in field.description


# --- the schema (rows 1 to 5) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("  initiator: alice\n", "spec.initiator"),
        ("  name: job-ss-lr\n", "metadata.name"),
        ("    appImage: ss-lr\n", "spec.tasks[0].appImage"),
        (f"    taskInputConfig: '{CONFIG}'\n", "spec.tasks[0].taskInputConfig"),
    ],
)
def test_a_missing_field_is_named(line: str, path: str) -> None:
    error = refused(edited(line, ""))
    assert error.what == f"{path}: Required value"
    assert error.where.startswith("line ")
    assert error.hint.startswith(path.rpartition(".")[2] + ": ")


def test_a_missing_item_field_is_named() -> None:
    text = edited("    - domainID: bob\n      role: guest\n", "    - role: guest\n")
    error = refused(text)
    assert error.what == "spec.tasks[0].parties[1].domainID: Required value"
    assert_points_at(error, text, "role: guest")


@pytest.mark.parametrize("field", ["metadata", "spec"])
def test_a_missing_section_is_named(field: str) -> None:
    data = job()
    del data[field]
    assert dict_refused(data).what == f"{field}: Required value"


def test_no_tasks() -> None:
    assert dict_refused(job(tasks=[])).what == "spec.tasks: should have at least 1 items"
    data = job()
    del data["spec"]["tasks"]
    assert dict_refused(data).what == "spec.tasks: Required value"


def test_too_many_tasks() -> None:
    tasks = [task(f"t{i}") for i in range(129)]
    assert len(from_dict(job(*tasks[:128])).spec.tasks) == 128
    error = dict_refused(job(*tasks))
    assert error.what == "spec.tasks: should have at most 128 items"
    assert "1 to 128" in error.hint


@pytest.mark.parametrize(("number", "limit"), [(0, "greater than or equal to 1"), (129, "less than or equal to 128")])
def test_max_parallelism(number: int, limit: str) -> None:
    text = edited("  initiator: alice\n", f"  initiator: alice\n  maxParallelism: {number}\n")
    error = refused(text)
    assert error.what == f"spec.maxParallelism: Invalid value: {number}: should be {limit}"
    assert "1 to 128" in error.hint
    assert_points_at(error, text, f"{number}")
    for good in (1, 128):
        assert from_dict(job(maxParallelism=good)).spec.max_parallelism == good


def test_schedule_mode_is_case_sensitive() -> None:
    text = edited("  initiator: alice\n", "  initiator: alice\n  scheduleMode: strict\n")
    error = refused(text)
    assert error.what == ('spec.scheduleMode: Unsupported value: "strict": supported values: "Strict", "BestEffort"')
    assert error.hint.startswith('"Strict"')
    assert_points_at(error, text, "strict")


def test_a_stage_that_is_none_lists_those_that_are() -> None:
    text = edited("  initiator: alice\n", "  initiator: alice\n  stage: JobStartStage\n")
    error = refused(text)
    assert error.what == ('spec.stage: Unsupported value: "JobStartStage": supported values: "Create", "Start", "Stop"')
    assert error.hint
    assert_points_at(error, text, "JobStartStage")


def test_empty_dependencies() -> None:
    error = dict_refused(job(task("a", dependencies=[])))
    assert error.what == "spec.tasks[0].dependencies: should have at least 1 items"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("appImage: ss-lr", "appImage: 5", "spec.tasks[0].appImage: must be a string, is 5"),
        ("appImage: ss-lr", "appImage: true", "spec.tasks[0].appImage: must be a string, is true"),
        ("appImage: ss-lr", "appImage: ''", "spec.tasks[0].appImage: must not be empty"),
        ("tolerable: false", "tolerable: 'false'", 'spec.tasks[0].tolerable: must be true or false, is "false"'),
        ("tolerable: false", "priority: 1.5", "spec.tasks[0].priority: must be a whole number, is 1.5"),
        ("tolerable: false", "dependencies: xyz", 'spec.tasks[0].dependencies: must be a list, is "xyz"'),
        ("- domainID: bob\n      role: guest", "- bob", 'spec.tasks[0].parties[1]: must be an object, is "bob"'),
    ],
)
def test_a_value_of_the_wrong_kind(old: str, new: str, what: str) -> None:
    text = edited(old, new)
    error = refused(text)
    assert error.what == what
    assert_points_at(error, text, new.removeprefix("- ").rpartition(": ")[2])


def test_a_number_where_a_text_belongs_is_shown_in_quotes() -> None:
    assert refused(edited("appImage: ss-lr", "appImage: 5")).hint == "appImage: '5'"


def test_task_input_config_as_yaml_instead_of_text() -> None:
    error = refused(edited(f"'{CONFIG}'", CONFIG))
    assert error.what == "spec.tasks[0].taskInputConfig: must be a string, is an object"
    assert "JSON text" in error.hint


# --- unknown fields --------------------------------------------------------------------------------------------------


def test_an_unknown_field_and_the_one_that_was_meant() -> None:
    text = edited("    tolerable: false", "    tolerabel: false")
    error = refused(text)
    assert error.what == 'unknown field "spec.tasks[0].tolerabel"'
    assert error.hint.startswith('"tolerable" (known: alias, appImage, dependencies, ')
    assert_points_at(error, text, "tolerabel")


def test_a_misspelt_required_field_is_one_problem() -> None:
    error = refused(edited("- alias: ss_lr_1", "- aliass: ss_lr_1"))
    assert error.what == 'unknown field "spec.tasks[0].aliass"'
    assert error.hint.startswith('"alias" ')


def test_attribute_names_are_not_manifest_names() -> None:
    error = refused(edited("    appImage: ss-lr", "    app_image: ss-lr"))
    assert error.what == 'unknown field "spec.tasks[0].app_image"'
    assert error.hint.startswith('"appImage" ')
    assert Party(domain_id="alice", role="host") == Party.model_validate({"domainID": "alice", "role": "host"})


def test_an_unknown_field_inside_the_json() -> None:
    text = edited('"module_name"', '"modul_name"')
    error = refused(text)
    assert error.what == f'unknown field "{CONFIG_PATH}.modul_name"'
    assert error.hint.startswith('"module_name" ')
    assert_points_at(error, text, '"modul_name"')


@pytest.mark.parametrize("line", ["resources: {}", "bandwidthLimits: []"])
def test_fields_of_containers_are_explained(line: str) -> None:
    error = refused(edited("    tolerable: false", f"    {line}"))
    assert error.hint.startswith("a manifest without it: ")


@pytest.mark.parametrize("line", ["  uid: x", '  resourceVersion: "50438"', "  generation: 3", "  ownerReferences: []"])
def test_what_a_node_writes_is_not_read(line: str) -> None:
    job = read_manifest(
        edited("  namespace: cross-domain", f"  namespace: cross-domain\n{line}") + "status: {phase: Failed}\n"
    )
    assert job == read_manifest(TUTORIAL)


# --- names (rows 6, 7, 15, 35) ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Job-1", "job_1", "-job", "job-", "a..b", "job/1", "ärger"])
def test_a_name_must_be_rfc_1123(name: str) -> None:
    text = edited("name: job-ss-lr", f"name: {name}")
    error = refused(text)
    assert error.what == (
        f'metadata.name: Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case '
        "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
    )
    assert_points_at(error, text, name)
    suggestion = error.hint.strip('"')
    assert read_manifest(edited("name: job-ss-lr", f"name: {suggestion}"))


def test_a_name_has_at_most_50_characters() -> None:
    assert read_manifest(edited("name: job-ss-lr", f"name: {'j' * 50}"))
    error = refused(edited("name: job-ss-lr", f"name: {'j' * 51}"))
    assert error.what == "metadata.name: must be no more than 50 characters, has 51"
    assert "63" in error.hint


def test_another_namespace_is_refused() -> None:
    text = edited("namespace: cross-domain", "namespace: alice")
    error = refused(text)
    assert error.what.startswith('metadata.namespace: a job in namespace "alice" never runs')
    assert "cross-domain" in error.hint
    assert_points_at(error, text, "alice")


def test_an_alias_or_task_id_used_twice() -> None:
    error = dict_refused(job(task("a"), task("a")))
    assert error.what == 'spec.tasks[1].alias: alias "a" is used twice, first by spec.tasks[0]'
    error = dict_refused(job(task("a", taskID="t-1"), task("b"), task("c", taskID="t-1")))
    assert error.what == 'spec.tasks[2].taskID: taskID "t-1" is used twice, first by spec.tasks[0]'


@pytest.mark.parametrize("task_id", ["../x", "T1", "t" * 64])
def test_a_task_id_is_a_name_too(task_id: str) -> None:
    assert dict_refused(job(task("a", taskID=task_id))).what.startswith("spec.tasks[0].taskID: ")
    assert from_dict(job(task("a", taskID="t" * 63)))


# --- dependencies (rows 8 to 10) -------------------------------------------------------------------------------------


def test_an_unknown_dependency() -> None:
    error = dict_refused(job(task("alpha"), task("b", depends=("alhpa",))))
    assert error.what == ("spec.tasks[1].dependencies[0]: validate failed: task b has not exist dependency task alhpa")
    assert error.hint.startswith('"alpha"')


def test_a_cycle_is_printed() -> None:
    error = dict_refused(
        job(task("a", depends=("c",)), task("b", depends=("a",)), task("c", depends=("b",)), task("d"))
    )
    assert "validate failed: cycled dependencies: " in error.what
    cycle = error.what.rpartition(": ")[2].split(" -> ")
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"a", "b", "c"}
    depends_on = {"a": "c", "b": "a", "c": "b"}
    assert all(depends_on[one] == other for one, other in itertools.pairwise(cycle))


def test_a_task_that_depends_on_itself() -> None:
    error = dict_refused(job(task("a", depends=("a",))))
    assert error.what == "spec.tasks[0].dependencies: validate failed: cycled dependencies: a -> a"


def test_two_separate_cycles_are_both_found() -> None:
    error = dict_refused(job(task("a", depends=("a",)), task("b", depends=("b",)), task("c", depends=("a", "b"))))
    assert error.what == "2 problems in the manifest"
    assert "a -> a" in error.where
    assert "b -> b" in error.where


def test_no_task_may_depend_on_a_tolerable_one() -> None:
    error = dict_refused(job(task("a", tolerable=True), task("b", depends=("a",))))
    assert error.what.startswith("spec.tasks[1].dependencies[0]: task b depends on the tolerable task a")
    assert from_dict(job(task("a"), task("b", depends=("a",), tolerable=True)))


# --- parties (rows 13, 14, 19 to 21) ---------------------------------------------------------------------------------


def test_the_initiator_must_take_part() -> None:
    text = edited("  initiator: alice", "  initiator: alcie")
    error = refused(text)
    assert error.what == "spec.initiator: initiator should be one of task parties"
    assert error.hint == '"alice" (known: alice, bob)'
    assert_points_at(error, text, "alcie")
    assert dict_refused(job(task("a", parties=[]))).what == "spec.initiator: initiator should be one of task parties"


def test_a_party_that_is_not_in_the_first_task() -> None:
    carol = {"domainID": "carol", "role": "guest"}
    config = {"role": {"host": ["alice"], "guest": ["carol"]}}
    data = job(task("a"), task("b", parties=[{"domainID": "alice", "role": "host"}, carol], config=config))
    error = dict_refused(data)
    assert error.what.startswith("spec.tasks[1].parties[1].domainID: carol is not a party of the first task")
    data["spec"]["tasks"].reverse()  # now bob is
    assert "bob is not a party of the first task" in dict_refused(data).what


def test_a_party_listed_twice() -> None:
    parties = [{"domainID": "alice", "role": "host"}] * 2
    assert (
        dict_refused(job(task("a", parties=parties))).what
        == "spec.tasks[0].parties[1]: party alice/host is listed twice"
    )


@pytest.mark.parametrize(("role", "shown"), [("gast", " gast"), ("Guest", " Guest"), ("''", "")])
def test_a_role_that_does_not_exist(role: str, shown: str) -> None:
    text = edited("role: guest", f"role: {role}")
    error = refused(text)
    assert error.what == f"spec.tasks[0].parties[1].role: unsupported role type{shown}"
    assert all(known in error.hint for known in ("host", "guest", "arbiter"))
    assert_points_at(error, text, role)


def test_a_party_without_a_role() -> None:
    assert refused(edited("      role: guest\n", "")).what == "spec.tasks[0].parties[1].role: unsupported role type"


def test_a_party_that_the_config_does_not_have() -> None:
    error = refused(edited('"guest":["bob"]', '"guest":["carol"]'))
    assert error.what == "spec.tasks[0].parties[1]: not found party bob/guest in role config"
    assert refused(edited("role: guest", "role: arbiter")).what == (
        "spec.tasks[0].parties[1]: not found party bob/arbiter in role config"
    )


def test_a_domain_with_two_roles() -> None:
    text = edited('"guest":["bob"]', '"guest":["bob","alice"]')
    error = refused(text)
    assert error.what.startswith(f"{CONFIG_PATH}.role.guest[1]: alice is both host.0 and guest.1")
    assert_points_at(error, text, '"alice"]},"initiator"')


# --- taskInputConfig (rows 16 to 18, 22, 23, 25, 29) -----------------------------------------------------------------


def test_json_that_is_broken() -> None:
    text = edited('"guest":["bob"]', '"guest":["bob"}')
    error = refused(text)
    assert error.what == f"{CONFIG_PATH}: failed to unmarsh task input config, detail-> Expecting ',' delimiter"
    assert_points_at(error, text, '}},"initiator"')
    assert max(map(len, error.where.split("\n"))) < 120  # not the whole line of 900


def test_broken_json_in_a_json_manifest() -> None:
    data = job()
    data["spec"]["tasks"][0]["taskInputConfig"] = '{"name":"a",\n"module_name" "ss_lr"}'
    text = json.dumps(data, indent=2)
    assert_points_at(refused(text), text, '\\"ss_lr')


@pytest.mark.parametrize("header", ["|", "|-", "|+", "|2  # JSON"])
def test_broken_json_in_a_block(header: str) -> None:
    block = f"{header}\n      {{\n\n        \"name\": 'it'\n      }}\n"
    text = edited(f"'{CONFIG}'", block)
    assert_points_at(refused(text), text, "'it'")


def test_broken_json_in_single_quotes_with_quotes_inside() -> None:
    text = edited("ttp-server:9449", "it''s").replace('"ttp_adjust_rank":0', '"ttp_adjust_rank":oops')
    assert_points_at(refused(text), text, "oops")


def test_broken_json_in_folded_lines_points_at_the_value() -> None:
    text = edited(f"'{CONFIG}'", ">\n      {\n      oops }")
    assert_points_at(refused(text), text, ">")


def test_broken_json_without_a_text_shows_what_is_near() -> None:
    error = dict_refused(job(task("a", taskInputConfig='{"name":oops}')))
    assert "detail-> Expecting value near " in error.what
    assert "oops" in error.what


@pytest.mark.parametrize("text", ["", "{", '{"name"', "nope", "[" * 100_000])
def test_more_broken_json(text: str) -> None:
    assert dict_refused(job(task("a", taskInputConfig=text))).what.startswith(
        f"{CONFIG_PATH}: failed to unmarsh task input config, detail-> "
    )


def test_json_that_is_not_an_object() -> None:
    assert dict_refused(job(task("a", taskInputConfig="[]"))).what == f"{CONFIG_PATH}: must be an object, is a list"


def test_missing_keys_of_the_config_are_listed() -> None:
    error = dict_refused(job(task("a", taskInputConfig="{}")))
    assert error.what == (
        f"{CONFIG_PATH}: invalid task input config, missing name, module_name, role, initiator, task_params"
    )
    error = refused(edited('"initiator":{"role":"host","node_id":"alice"},', ""))
    assert error.what == f"{CONFIG_PATH}: invalid task input config, missing initiator"


def test_alias_and_name_must_agree() -> None:
    text = edited("alias: ss_lr_1", "alias: ss_lr_2")
    error = refused(text)
    assert error.what.startswith(f"{CONFIG_PATH}.name: failed to find the task by task name")
    assert '"ss_lr_1"' in error.what
    assert '"ss_lr_2"' in error.what
    assert_points_at(error, text, '"ss_lr_1"')


@pytest.mark.parametrize(("value", "shown"), [("null", "null"), ("[1,2]", "list")])
def test_parameters_that_have_no_text(value: str, shown: str) -> None:
    text = edited('"l0_norm":0', f'"l0_norm":{value}')
    error = refused(text)
    assert error.what == f"{CONFIG_PATH}.task_params.common.l0_norm: unsupported type of value {shown}"
    assert_points_at(error, text, f'{value},"l1_norm"')
    text = edited('"has_label":true', f'"has_label":{value}')
    assert refused(text).what == f"{CONFIG_PATH}.task_params.host.0.has_label: unsupported type of value {shown}"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_parameters_are_finite(value: str) -> None:
    assert refused(edited('"l2_norm":0.5', f'"l2_norm":{value}')).what.startswith(
        f"{CONFIG_PATH}.task_params.common.l2_norm"
    )


def test_parameters_may_be_texts_numbers_flags_and_objects() -> None:
    text = edited('"l2_norm":0.5', '"l2_norm":0.5,"extra":{"a":[null,{"b":1}]}')
    common = read_manifest(text).spec.tasks[0].config.task_params.common
    assert common["extra"] == {"a": [None, {"b": 1}]}
    assert (common["use_ttp"], common["field"], common["l2_norm"], common["algo"]) == (True, 64, 0.5, "ss_lr")
    assert type(common["field"]) is int


def test_party_parameters_must_be_an_object() -> None:
    text = re.sub(r'"guest":\{"0":\{[^}]*\}\}', '"guest":{"0":"perfect_logit_b.csv"}', TUTORIAL)
    error = refused(text)
    assert f"{CONFIG_PATH}.task_params.guest.0: can not convert party private params to struct" in str(error)


@pytest.mark.parametrize("key", ["name", "namespace"])
def test_a_party_without_a_file(key: str) -> None:
    value = "perfect_logit_b.csv" if key == "name" else "data"
    params = '"0":{"has_label":false,"name":"perfect_logit_b.csv","namespace":"data"}'
    text = edited(params, params.replace(f',"{key}":"{value}"', ""))
    error = refused(text)
    assert error.what == (f"{CONFIG_PATH}.task_params.guest.0: not found {key} in party task params of bob (guest.0)")
    assert_points_at(error, text, '{"has_label":false')


def test_parties_without_any_parameters() -> None:
    config = json.loads(CONFIG)
    del config["task_params"]["guest"]
    error = dict_refused(job(task("a", config={"task_params": config["task_params"]})))
    assert error.what == "2 problems in the manifest"
    for key in ("name", "namespace"):
        assert f"not found {key} in party task params of bob (guest.0)" in error.where


@pytest.mark.parametrize("bad", ["../secret", "a/b", "..", "/etc/passwd", "a\\\\b"])
@pytest.mark.parametrize(
    ("good", "path"),
    [
        ("perfect_logit_b.csv", "task_params.guest.0.name"),
        ("result", "output[0].key"),
    ],
)
def test_names_that_lead_out_of_the_storage(good: str, path: str, bad: str) -> None:
    text = edited(f'"{good}"', f'"{bad}"')
    error = refused(text)
    assert error.what.startswith(f"{CONFIG_PATH}.{path}: ")
    assert "could lead out of the storage" in error.what
    assert_points_at(error, text, f'"{bad}"')


def test_a_namespace_that_leads_out_of_the_storage() -> None:
    text = TUTORIAL.replace('a.csv","namespace":"data"', 'a.csv","namespace":"../data"')
    assert refused(text).what.startswith(f"{CONFIG_PATH}.task_params.host.0.namespace: ")


def chained(**ref: str) -> dict[str, Any]:
    """Task b reads what task a writes."""
    return job(task("a"), task("b", depends=("a",), config={"input": [{"type": "dataset", "key": "a.result"} | ref]}))


def test_an_input_of_an_earlier_task() -> None:
    assert from_dict(chained()).spec.tasks[1].config.input[0].key == "a.result"


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ({"key": "result"}, 'invalid input key "result"'),
        ({"key": "c.result"}, "not found task by name c"),
        ({"key": "a.reslut"}, 'task a has no output "reslut" of type dataset'),
        ({"type": "model"}, 'task a has no output "result" of type model'),
    ],
)
def test_an_input_that_nobody_makes(ref: dict[str, str], text: str) -> None:
    assert dict_refused(chained(**ref)).what == f"spec.tasks[1].taskInputConfig.input[0].key: {text}"


def test_a_task_with_inputs_needs_no_files_of_its_own() -> None:
    data = chained()
    config = json.loads(data["spec"]["tasks"][1]["taskInputConfig"])
    config["task_params"] = {"common": {}}
    data["spec"]["tasks"][1]["taskInputConfig"] = json.dumps(config)
    assert from_dict(data)


# --- all at once, and in their places --------------------------------------------------------------------------------


def test_several_problems_are_one_error_in_the_order_of_the_text() -> None:
    text = (
        edited("  initiator: alice", "  initiator: alcie\n  scheduleMode: strict")
        .replace('"l0_norm":0', '"l0_norm":null')
        .replace("    tolerable: false", "    tolerabel: false")
    )
    error = refused(text)
    assert error.what == "4 problems in the manifest"
    heads = [line for line in error.where.split("\n") if line.startswith("line ")]
    assert [head.split("  ")[0] for head in heads] == [
        place(text, "alcie"),
        place(text, "strict"),
        place(text, 'null,"l1_norm"'),
        place(text, "tolerabel"),
    ]
    assert heads[1].split("  ")[1].startswith("spec.scheduleMode: Unsupported value")
    lines = error.where.split("\n")
    assert lines[1:3] == ["      initiator: alcie", "                 ^"]


def test_problems_of_schema_json_and_rules_come_together() -> None:
    data = job(task("a", depends=("a",)), task("b", taskInputConfig="{"), scheduleMode="strict")
    error = dict_refused(data)
    assert error.what == "3 problems in the manifest"
    assert "Unsupported value" in error.where
    assert "a -> a" in error.where
    assert "failed to unmarsh" in error.where


def test_wrong_items_are_not_also_too_few_items() -> None:
    assert dict_refused(job(tasks=[5])).what == "spec.tasks[0]: must be an object, is 5"


def test_a_key_that_is_there_twice() -> None:
    text = edited("    tolerable: false", "    tolerable: false\n    appImage: other")
    error = refused(text)
    assert error.what == 'spec.tasks[0].appImage: key "appImage" already set in map'
    assert_points_at(error, text, "appImage: other")
    text = edited('"field":64', '"algo":"x","field":64')
    error = refused(text)
    assert error.what == f'{CONFIG_PATH}.task_params.common.algo: key "algo" already set in map'
    assert_points_at(error, text, '"algo":"x"')


def test_lines_are_counted_with_any_line_end() -> None:
    text = edited("  initiator: alice", "  initiator: alcie").replace("\n", "\r\n")
    assert refused(text).where == "line 7, column 14\n  initiator: alcie\n             ^"


def test_the_caret_stands_right_after_wide_characters() -> None:
    text = edited("  initiator: alice", "  {flowID: 任务, initiator: alcie,").replace(
        "'\n    tolerable: false\n", "'}]}\n"
    )
    text = re.sub(r"  tasks:\n(.|\n)*", f"  tasks: {json.dumps(job()['spec']['tasks'])}}}\n", text)
    _, line, caret = refused(text).where.split("\n")
    assert line.startswith("  {flowID: 任务, initiator: alcie")
    assert caret.index("^") == line.index("alcie") + 2  # each of the two takes two columns


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs", "Zl", "Zp")), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(keys=st.lists(TEXT, unique=True, max_size=4), indent=st.sampled_from([None, 1]), style=st.sampled_from("'\"|"))
def test_places_inside_the_json(keys: list[str], indent: int | None, style: str) -> None:
    config = json.loads(CONFIG) | {"name": "a"}
    config["task_params"]["common"] = {key: key for key in keys} | {"bad": None}
    written = json.dumps(config, ensure_ascii=False, indent=indent)
    if style == "'":
        written = "'" + json.dumps(config, ensure_ascii=False).replace("'", "''") + "'"
    elif style == '"':
        written = json.dumps(written)
    else:
        written = "|\n" + "\n".join("      " + line for line in written.split("\n"))
    text = edited("alias: ss_lr_1", "alias: a").replace(f"'{CONFIG}'", written)
    error = refused(text)
    assert "unsupported type of value null" in str(error)
    head = re.search(r"line (\d+), column (\d+)", error.where)
    assert head
    assert text.split("\n")[int(head[1]) - 1][int(head[2]) - 1 :].startswith("null")


# --- texts that are not a manifest -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("a: b: c\n", "mapping values are not allowed here", "line 1, column 5\na: b: c\n    ^"),
        ("a:\n\tb: 1\n", "found character '\\t' that cannot start any token", "line 2, column 1\n\tb: 1\n^"),
        ("a: [1\nb: 2\n", "expected ',' or ']'", "line 1, column 4\na: [1\n   ^"),
        ('{"a": 1\n "b": 2}', "expected ',' or '}'", 'line 2, column 5\n "b": 2}\n    ^'),
        ("a: 1\nb:2\nc: 3\n", "could not find expected ':'", "line 2, column 1\nb:2\n^"),
        ("x: 1\na: 'b\n", "found unexpected end of stream", "line 2, column 4\na: 'b\n   ^"),
        ("a: {b: 1\n", "expected ',' or '}'", "line 1, column 4\na: {b: 1\n   ^"),
        ("a: *b\n", "found undefined alias 'b'", "line 1, column 4\na: *b\n   ^"),
        ("a: 1\nb\nc: 2\n", "could not find expected ':'", ""),
        ("a: \x00", "unacceptable character #x0000", "line 1, column 4\na: \ufffd\n   ^"),
        ("? [a]\n: b\n", "a key must be a string", "line 1, column 3\n? [a]\n  ^"),
    ],
)
def test_yaml_that_is_broken(text: str, what: str, where: str) -> None:
    error = refused(text)
    assert error.what.startswith("not YAML: ")
    assert what in error.what
    assert error.where == where or not where
    assert error.where.startswith("line ")


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("kind: ", "kind:", "a colon and a space after the key"),
        ("  initiator", "   initiator", "the indentation of the keys above"),
        ("    - domainID: bob", "   - domainID: bob", "the indentation of the items above"),
        ("  - alias", "- alias", "more indentation"),
        ("'{", '"{', "JSON goes into single ones"),
        ("alias: ss_lr_1", "alias: 'ss_lr_1", "the quote that is missing at the end of a value above"),
        ("initiator: alice", "initiator: @alice", "quotes around the value"),
        ("initiator: alice", "initiator: [alice", "the bracket or the comma that is missing"),
        ('"num_epoch":1,', '"num_epoch":1', "a comma before it"),
        ('"sgd",', "sgd,", "names and texts in double quotes"),
    ],
)
def test_what_to_try_where_it_is_broken(old: str, new: str, hint: str) -> None:
    text = edited(old, new)
    error = refused(text)
    assert hint in error.hint
    assert error.where.startswith("line ")


def test_the_name_of_a_file() -> None:
    assert "%kubectl apply -f job.yaml" in refused("job.yaml").hint


@pytest.mark.parametrize("text", ["", "\n \n", "# nothing\n", "---\n---\n"])
def test_an_empty_text(text: str) -> None:
    assert refused(text).what == "the manifest is empty"


def test_several_documents() -> None:
    text = TUTORIAL + "---\n" + TUTORIAL
    error = refused(text)
    assert error.what == "2 documents in one text"
    assert error.where.startswith(f"line {TUTORIAL.count(chr(10)) + 2}, column 1\napiVersion: ")


@pytest.mark.parametrize(("text", "shown"), [("- a\n", "a list"), ("hello\n", '"hello"'), ("5\n", "5")])
def test_something_else_than_a_mapping(text: str, shown: str) -> None:
    assert refused(text).what == f"a manifest is a mapping, this is {shown}"


def test_another_kind() -> None:
    text = edited("kind: KusciaJob", "kind: KusciaTask")
    error = refused(text)
    assert error.what == 'kind: no matches for kind "KusciaTask" in version "kuscia.secretflow/v1alpha1"'
    assert "KusciaJob" in error.hint
    assert_points_at(error, text, "KusciaTask")


def test_another_version() -> None:
    error = refused(edited("kuscia.secretflow/v1alpha1", "kuscia.secretflow/v1"))
    assert error.what == 'apiVersion: no matches for kind "KusciaJob" in version "kuscia.secretflow/v1"'
    assert error.hint == "apiVersion: kuscia.secretflow/v1alpha1"


@pytest.mark.parametrize("line", ["kind: KusciaJob\n", "apiVersion: kuscia.secretflow/v1alpha1\n"])
def test_no_kind_or_version(line: str) -> None:
    name = line.partition(":")[0]
    assert refused(edited(line, "")).what == f"{name}: {name} not set"


def test_a_request_instead_of_a_manifest() -> None:
    error = refused((DATA / "job-ss-lr.json").read_text())
    assert "BFIA create-job request" in error.what
    assert "bfia_submit" in error.hint


def test_values_with_a_tag() -> None:
    assert "cannot read !foo" in refused(edited("appImage: ss-lr", "appImage: !foo ss-lr")).what
    assert "cannot read value for !!int" in refused(edited("appImage: ss-lr", "appImage: !!int ss-lr")).what
    assert read_manifest(edited("appImage: ss-lr", "appImage: !!str ss-lr"))


def test_anchors_work_and_cannot_explode() -> None:
    text = edited("- domainID: alice\n      role: host", "- &a {domainID: alice, role: host}")
    assert read_manifest(text) == read_manifest(TUTORIAL)
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert refused(bomb).what == "not YAML: more than 10000 values"
    assert refused("a: &a [*a]\n").what == "not YAML: nested too deeply"
    assert refused("[" * 5000).what == "not YAML: nested too deeply"


def test_characters_beyond_the_basic_plane() -> None:
    data = job(task("a"), flowID="\U0001f600")
    assert read_manifest(json.dumps(data)).spec.flow_id == "\U0001f600"  # written as two \u escapes


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 999)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every place in nested data, as (what has it, key)."""
    keys = range(len(data)) if isinstance(data, list) else data if isinstance(data, dict) else ()
    return [place for key in keys for place in [(data, key), *places(data[key])]]


def outcome(read: Callable[[Any], KusciaJob], manifest: Any) -> KusciaJob | str:
    try:
        return read(manifest)
    except ManifestError as error:
        return error.what.partition(" near ")[0]


@settings(deadline=None, max_examples=200)
@given(st.data(), VALUES, st.none() | st.text(max_size=5))
def test_any_data_is_read_or_refused_like_its_text(draw: st.DataObject, value: Any, new_key: str | None) -> None:
    manifest = job(task("a"), task("b", depends=("a",), priority=1, scheduleConfig={"lifecycleSeconds": 9}))
    tasks = manifest["spec"]["tasks"]
    for each in tasks:
        each["taskInputConfig"] = json.loads(each["taskInputConfig"])
    holder, key = draw.draw(st.sampled_from(places(manifest)))
    holder[key if isinstance(holder, list) or new_key is None else new_key] = value
    for each in tasks:
        if isinstance(each, dict) and isinstance(each.get("taskInputConfig"), dict):
            each["taskInputConfig"] = json.dumps(each["taskInputConfig"])
    assert outcome(from_dict, manifest) == outcome(read_manifest, json.dumps(manifest))


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        read_manifest(text)


# --- against a cluster (rows 11, 12, 26) -----------------------------------------------------------------------------


def check_against(job: KusciaJob, domains: list[str], app_images: list[str]) -> None:
    raise manifest_error(problems_against(job, domains, app_images), job.source)


def test_a_cluster_that_has_everything() -> None:
    assert not list(problems_against(read_manifest(TUTORIAL), ["alice", "bob"], {"ss-lr"}))


def test_an_unknown_domain() -> None:
    result = read_manifest(TUTORIAL)
    with pytest.raises(ManifestError) as caught:
        check_against(result, ["alice", "bobby"], ["ss-lr"])
    assert caught.value.what == (
        'spec.tasks[0].parties[1].domainID: can\'t find party namespace bob under cluster, namespace "bob" not found'
    )
    assert caught.value.hint == '"bobby" (known: alice, bobby)'
    assert_points_at(caught.value, TUTORIAL, "bob\n".strip())


def test_an_unknown_initiator_and_image() -> None:
    with pytest.raises(ManifestError) as caught:
        check_against(read_manifest(TUTORIAL), ["bob"], [])
    assert caught.value.what == "3 problems in the manifest"
    assert (
        f"{place(TUTORIAL, 'alice')}  spec.initiator: "
        'can\'t find initiator namespace alice under cluster, namespace "alice" not found'
    ) in caught.value.where
    assert 'failed to get appimage ss-lr, appimage.kuscia.secretflow "ss-lr" not found' in caught.value.where
    assert "none is known" in caught.value.where


def test_a_job_without_a_text_is_checked_too() -> None:
    with pytest.raises(ManifestError) as caught:
        check_against(from_dict(job()), ["alice", "bob"], ["other"])
    assert caught.value.what.startswith("spec.tasks[0].appImage: failed to get appimage ss-lr")
    assert caught.value.where == ""


def test_places_survive_a_copy() -> None:
    result = read_manifest(TUTORIAL)
    for same in (result.model_copy(), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        with pytest.raises(ManifestError, match="line 10, column 15"):
            check_against(same, ["alice", "bob"], [])


def test_a_config_that_was_never_read_is_refused_when_used() -> None:
    bare = JobTask(alias="a", app_image="ss-lr", task_input_config="{}", parties=())
    with pytest.raises(ValidationError):
        _ = bare.config
