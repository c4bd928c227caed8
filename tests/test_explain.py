"""`explain`: what a manifest may have in it (spec: kuscia §1.1, §2.1, §4.1), and what an operator takes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuscia_nb.control.explain import Schema, explain, schema_of
from kuscia_nb.control.kinds import KINDS, Kind
from kuscia_nb.control.resources import JobSpec
from kuscia_nb.errors import KusciaError
from kuscia_nb.operators import OPERATORS, Party, operator
from kuscia_nb.operators.parameter import Parameter
from kuscia_nb.operators.ss_lr.parameters import PARAMETERS


def listed(page: str) -> dict[str, list[str]]:
    """The lines of each entry of a page's list: its title first."""
    blocks = re.split(r"\n(?=  \S+\t<)|\n\n", page)
    return {block.split()[0]: [line.strip() for line in block.splitlines()] for block in blocks if block[:1] == " "}


# --- manifests -------------------------------------------------------------------------------------------------------

JOB = "kusciajob.spec", "kusciajob.spec.tasks", "kusciajob.spec.tasks.parties", "kusciajob.spec.tasks.scheduleConfig"
JOB_FIELDS = [
    # spec: kuscia §1.1: field, type, required, what else its table says
    (JOB[0], "flowID", "string", False, {}),
    (JOB[0], "initiator", "string", True, {}),
    (JOB[0], "stage", "string", False, {"enum": "Create, Start, Stop"}),
    (JOB[0], "scheduleMode", "string", False, {"enum": "Strict, BestEffort", "default": "Strict"}),
    (JOB[0], "maxParallelism", "integer", False, {"default": "1", "range": "1 to 128"}),
    (JOB[0], "tasks", "[]Object", True, {"range": "1 to 128 items"}),
    (JOB[1], "alias", "string", True, {}),
    (JOB[1], "taskID", "string", False, {}),
    (JOB[1], "dependencies", "[]string", False, {"range": "1 to 128 items"}),
    (JOB[1], "tolerable", "boolean", False, {"default": "false"}),
    (JOB[1], "appImage", "string", True, {}),
    (JOB[1], "taskInputConfig", "string", True, {}),
    (JOB[1], "priority", "integer", False, {"default": "0"}),
    (JOB[1], "scheduleConfig", "Object", False, {}),
    (JOB[1], "parties", "[]Object", True, {}),
    (JOB[2], "domainID", "string", True, {}),
    (JOB[2], "role", "string", False, {}),
    (JOB[3], "minReservedMembers", "integer", False, {"range": "1 or more"}),
    (JOB[3], "resourceReservedSeconds", "integer", False, {}),
    (JOB[3], "lifecycleSeconds", "integer", False, {}),
    (JOB[3], "retryIntervalSeconds", "integer", False, {}),
    # spec: kuscia §2.1
    ("kusciatask.spec", "initiator", "string", True, {}),
    ("kusciatask.spec", "taskInputConfig", "string", True, {}),
    ("kusciatask.spec", "parties", "[]Object", True, {}),
    ("kusciatask.spec.parties", "domainID", "string", True, {}),
    ("kusciatask.spec.parties", "appImageRef", "string", True, {}),
    ("kusciatask.spec.parties", "minReservedPods", "integer", False, {}),
    # spec: kuscia §4.1: what is in the text of taskInputConfig
    (f"{JOB[1]}.taskInputConfig", "module_name", "string", True, {}),
    (f"{JOB[1]}.taskInputConfig", "output", "[]Object", False, {}),
    (f"{JOB[1]}.taskInputConfig.role", "host", "[]string", False, {}),
    (f"{JOB[1]}.taskInputConfig.initiator", "node_id", "string", True, {}),
    (f"{JOB[1]}.taskInputConfig.task_params", "common", "map[string]any", False, {}),
    (f"{JOB[1]}.taskInputConfig.task_params", "guest", "map[string]map[string]any", False, {}),
    ("kusciatask.spec.taskInputConfig.input", "key", "string", True, {}),
    # spec: kuscia §1.2, §5.4
    ("kusciajob.metadata", "labels", "map[string]string", False, {}),
    ("kusciajob.status.conditions", "status", "string", True, {"enum": "True, False"}),
    ("kusciajob.status", "taskStatus", "map[string]string", False, {}),
    ("appimage.spec.deployTemplates.spec.containers", "workingDir", "string", False, {}),
    ("domain.spec", "interConnProtocols", "[]string", False, {}),
]


@pytest.mark.parametrize(("path", "field", "type", "required", "facts"), JOB_FIELDS)
def test_fields_are_those_of_the_specification(
    path: str, field: str, type: str, required: bool, facts: dict[str, str]
) -> None:
    title = f"<{type}>" + " -required-" * required
    first, *lines = listed(explain(path))[field]
    assert first == f"{field}\t{title}"
    assert lines[: len(facts)] == [f"{fact}: {text}" for fact, text in facts.items()]
    assert len(lines) > len(facts)  # a description
    assert not lines[len(facts)].startswith(("enum: ", "default: ", "range: "))
    page = explain(f"{path}.{field}")
    assert f"\n\nFIELD: {field} {title}\n\n" in page
    for fact, text in facts.items():
        values = text.split(", ") if fact == "enum" else [text]
        assert "\n".join([f"{fact.upper()}:", *(f"    {value}" for value in values)]) in page


def test_the_layout_is_kubectls() -> None:
    description = JobSpec.model_fields["schedule_mode"].description
    assert explain("kj.spec.scheduleMode") == (
        "GROUP:      kuscia.secretflow\n"
        "KIND:       KusciaJob\n"
        "VERSION:    v1alpha1\n"
        "\n"
        "FIELD: scheduleMode <string>\n"
        "\n"
        "ENUM:\n"
        "    Strict\n"
        "    BestEffort\n"
        "\n"
        "DEFAULT:\n"
        "    Strict\n"
        "\n"
        "DESCRIPTION:\n"
        f"    {description}"
    )
    page = explain("kj")
    assert re.match(
        r"GROUP: .*\nKIND: .*\nVERSION: .*\n\nDESCRIPTION:\n    .*\n\nFIELDS:\n  apiVersion\t<string>\n", page
    )
    assert list(listed(page)) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert "  metadata\t<Object> -required-\n    name and namespace\n\n  spec" in page


@pytest.mark.parametrize("names", [kind.names for kind in KINDS], ids=lambda names: names[-1])
def test_a_kind_has_all_the_names_that_kubectl_takes(names: tuple[str, ...]) -> None:
    assert len({explain(name) for name in (*names, names[-1].upper(), f" {names[0]} ")}) == 1


def paths(schema: Schema, prefix: str) -> Iterator[str]:
    for name, field in schema.fields.items():
        yield f"{prefix}.{name}"
        yield from paths(field.object(name), f"{prefix}.{name}")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.singular)
def test_every_field_is_explained_in_words_that_fit(kind: Kind) -> None:
    known = list(paths(schema_of(kind.model), kind.singular))
    assert known
    for path in known:
        page = explain(path)
        assert "\n\nDESCRIPTION:\n    " in page
        assert "(spec:" not in page
        assert max(map(len, page.splitlines())) <= 80


def test_recursive_lists_every_field_in_its_place() -> None:
    page = explain("kj.spec", recursive=True)
    lines = page.partition("FIELDS:\n")[2].splitlines()
    names = [line for line in lines if "\t" in line]
    depth = {line.split()[0]: len(line) - len(line.lstrip()) for line in names}
    assert (depth["tasks"], depth["alias"], depth["domainID"]) == (2, 4, 6)
    assert (depth["taskInputConfig"], depth["task_params"], depth["common"]) == (4, 6, 8)
    assert len(names) == len(list(paths(schema_of(KINDS[0].model).fields["spec"].object("spec"), "")))
    assert "  scheduleMode\t<string>\n  enum: Strict, BestEffort\n  default: Strict\n  stage\t<string>\n" in page
    assert "after a failure" not in page
    assert explain("kj.spec.initiator", recursive=True) == explain("kj.spec.initiator")


@pytest.mark.parametrize(
    ("path", "what", "hint"),
    [
        ("kj.spec.taks", 'error: field "taks" does not exist', '"tasks" (known: flowID, initiator,'),
        ("kj.spec.Tasks", 'error: field "Tasks" does not exist', '"tasks"'),
        ("kj.spec.tasks[0]", 'error: field "tasks[0]" does not exist', '"tasks"'),
        ("kj.spec.tasks.task_id", 'error: field "task_id" does not exist', '"taskID"'),
        ("kj.spec.tasks.taskInputConfig.modulename", 'error: field "modulename" does not exist', '"module_name"'),
        ("kj.spec.tasks.alias.x", 'error: field "x" does not exist', "explain kj.spec.tasks.alias"),
        ("kj.", 'error: field "" does not exist', "one of: apiVersion"),
        (
            "kj.spec.tasks.taskInputConfig.task_params.common.batch_size",
            'error: field "batch_size" does not exist',
            "ss_lr.batch_size",
        ),
        ("kusciajop", 'error: the server doesn\'t have a resource type "kusciajop"', '"kusciajob"'),
        ("ss-lr", 'error: the server doesn\'t have a resource type "ss-lr"', '"ss_lr"'),
        ("", "error: explain needs the name of a resource", "kusciajob"),
        ("ss_lr.batchsize", 'error: field "batchsize" does not exist', '"batch_size"'),
        ("ss_lr.batch_size.x", 'error: field "x" does not exist', "explain ss_lr.batch_size"),
    ],
)
def test_what_does_not_exist_gets_a_hint(path: str, what: str, hint: str) -> None:
    with pytest.raises(KusciaError) as caught:
        explain(path)
    assert caught.value.what == what
    assert hint in caught.value.hint


@given(st.text() | st.from_regex(r"(kj|ss_lr)(\.(spec|tasks|taskInputConfig|role|[a-z]*)){0,6}", fullmatch=True))
def test_any_path_is_explained_or_refused(path: str) -> None:
    try:
        page = explain(path, recursive=True)
    except KusciaError:
        return
    assert "DESCRIPTION:" in page


def test_manifests_are_explained_without_numpy() -> None:
    code = """
import sys
from kuscia_nb.control.explain import explain
explain("kj", recursive=True)
print([name for name in ("numpy", "pandas", "kuscia_nb.operators") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


# --- operators -------------------------------------------------------------------------------------------------------

TUTORIAL = """skip_rows algo protocol_families batch_size last_batch_policy num_epoch l0_norm l1_norm l2_norm optimizer
learning_rate sigmoid_mode protocol field fxp_bits trunc_mode shard_serialize_format use_ttp ttp_server_host
ttp_session_id ttp_adjust_rank name namespace has_label label_owner feature_nums ttp_asym_crypto_schema
ttp_public_key"""
"""spec: tutorial §2."""


def test_ss_lr_is_explained_with_all_of_the_tutorials_parameters() -> None:
    page = explain("ss_lr")
    assert page.startswith("OPERATOR:   ss_lr\nAPPIMAGE:   ss-lr\n\nDESCRIPTION:\n    Two parties train a logistic")
    assert re.search(r"\nINPUTS:\n    train_data: ", page)
    assert re.search(r"\nOUTPUTS:\n    train_data: ", page)
    assert "guest.0 is rank 0, host.0 is rank 1" in page
    own, common = page.split("\n\nPARAMETERS in task_params.common:\n")
    own = own.split("\n\nPARAMETERS in task_params.<role>.<index>:\n")[1]
    names = re.findall(r"^  (\w+)\t<", own, re.MULTILINE)
    assert names == ["name", "namespace", "has_label", "id_column", "scale"]  # spec: tutorial §2; and ours
    names += re.findall(r"^  (\w+)\t<", common, re.MULTILINE)
    assert sorted(names) == sorted([*TUTORIAL.split(), "id_column", "scale", "holdout", "reveal"])


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_parameter_is_explained_by_what_checks_it(parameter: Parameter) -> None:
    page = explain(f"ss_lr.{parameter.name}")
    kind, default = parameter.kind, parameter.default
    words = " ".join(page.split())
    assert f"ALLOWED: {kind.allowed}" in words
    assert (f"DEFAULT: {default} " in words) is (default is not None)
    assert (f"<{kind.type}> -required-" in words) is parameter.required
    assert words.partition("DESCRIPTION: ")[2].startswith(parameter.meaning)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("batch_size", ["PARAMETER: batch_size <int> -required-", "1 or more", "rows", "in task_params.common"]),
        ("has_label", ["PARAMETER: has_label <bool>\n", "true, false", "in task_params.<role>.<index>"]),
        ("fxp_bits", ["1 to 30", "DEFAULT:\n    18\n", "UNIT:\n    bits\n"]),
        ("l1_norm", ["ALLOWED:\n    0\n", "the reference operator ignores it"]),
        ("optimizer", ["ALLOWED:\n    sgd\n", "NOT IMPLEMENTED:\n    momentum, "]),
        ("trunc_mode", ["ALLOWED:\n    probabilistic\n", "NOT IMPLEMENTED:\n    precise\n"]),
        ("learning_rate", ["<float> -required-", "more than 0"]),
    ],
)
def test_what_the_tutorial_says_of_parameters(name: str, parts: list[str]) -> None:
    for part in parts:
        assert part in explain(f"ss_lr.{name}")


def test_an_operator_of_ones_own_is_explained_by_its_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)

    @operator(inputs=("left", "right"), outputs=("report",), image="statistics")
    async def compare(party: Party) -> None:
        """Compare two columns that both
        parties have.

        Its parameter is

            column: the column's name
        """

    page = explain("compare")
    assert page.startswith(
        "OPERATOR:   compare\nAPPIMAGE:   statistics\n\n"
        "DESCRIPTION:\n    Compare two columns that both parties have.\n\n    Its parameter is\n\n"
        "        column: the column's name\n\nPARTIES:\n"
    )
    assert re.search(r"\nINPUTS:\n    left: .*\n(    .*\n)*    right: ", page)
    assert "\nOUTPUTS:\n    report: " in page
    assert "party.parameters" in page
    with pytest.raises(KusciaError, match='field "column" does not exist'):
        explain("compare.column")
