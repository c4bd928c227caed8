"""Operators that people write: registered, announced on AppImages, run by two parties, and left without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.control.app_images import app_image
from kuscia_nb.errors import DataError, JobError, KusciaError, ManifestError, ParameterError, PeerFailed
from kuscia_nb.operators import OPERATORS, Component, Operator, Party, on_register, operator, registry
from kuscia_nb.operators.component import ANNOTATION, component_spec
from kuscia_nb.views.job import bundle

TASK = "my-job-26e3489ac66e"
BUILT_IN = list(OPERATORS)


@pytest.fixture(autouse=True)
def only_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(OPERATORS, "_operators", OPERATORS._operators)


async def mean_difference(party: Party) -> None:
    """The mean of one party's column minus that of the other's.

    Only the result is opened.
    """
    column = party.read_csv("data")[party.parameters["column"]]
    async with party.mpc() as secrets:
        x, y = await secrets.share(column)
        total = await secrets.open(secrets.sum(x) - secrets.sum(y))
    party.write_csv("result", pd.DataFrame({"mean_difference": total / len(column)}))


async def dot_product(party: Party) -> None:
    """The sum of the products of both parties' values."""
    async with party.mpc(fxp_bits=int(party.parameters.get("fxp_bits", "18"))) as secrets:
        x, y = await secrets.share(party.read_csv("data")["v"])
        party.write_csv("result", pd.DataFrame({"dot": await secrets.open(await secrets.dot(x, y))}))


# --- two parties -----------------------------------------------------------------------------------------------------

DOMAINS = {"guest.0": "bob", "host.0": "alice"}
"""By rank."""


class Task:
    """Both parties of a task: their storage, and what they logged."""

    def __init__(self, folder: Path) -> None:
        self.storage = {domain: folder / domain for domain in DOMAINS.values()}
        self.logs: dict[str, list[str]] = {domain: [] for domain in DOMAINS.values()}
        self.ttp = mpc.TrustedThirdParty()
        self.links = mpc.connect(("bob", "alice"))
        for storage in self.storage.values():
            (storage / "data").mkdir(parents=True)

    def put(self, **columns: dict[str, list[Any]]) -> None:
        """Each domain's data/my.csv."""
        for domain, frame in columns.items():
            pd.DataFrame(frame).to_csv(self.storage[domain] / "data" / "my.csv", index=False)

    def environment(self, role: str, **parameters: str) -> dict[str, str]:
        """As Kuscia makes it (spec: kuscia §4.1, §4.2)."""
        folder = f"my-job-{role.replace('.', '-')}"
        return {
            "config.task_id": TASK,
            "config.self_role": role,
            **{f"config.node_id.{other}": domain for other, domain in DOMAINS.items()},
            **{f"runtime.component.parameter.{name}": text for name, text in parameters.items()},
            "runtime.component.input.data": json.dumps({"namespace": "data", "name": "my.csv"}),
            "runtime.component.output.result": json.dumps({"namespace": folder, "name": f"{TASK}-result"}),
            "system.storage": f"file://{self.storage[DOMAINS[role]].as_posix()}",
        }

    def parties(self, **parameters: str) -> tuple[Party, Party]:
        """By rank."""

        def party(link: mpc.Link, role: str) -> Party:
            log = self.logs[DOMAINS[role]].append
            seeds = mpc.Seeds(scope=link.name)
            return Party(
                self.environment(role, **parameters), link, self.ttp, seeds, log, log, lambda done, steps: None
            )

        first, second = (party(link, role) for link, role in zip(self.links, DOMAINS, strict=True))
        return first, second

    def run(self, program: Callable[[Party], Coroutine[Any, Any, Any]], **parameters: str) -> list[Any]:
        """Both outcomes by rank: the result, or the error."""
        first, second = self.parties(**parameters)
        outcomes = mpc.run_lockstep((program(first), program(second)), self.links)
        return [outcome.error or outcome.result for outcome in outcomes]

    def result(self, domain: str) -> pd.DataFrame:
        role = next(role for role, other in DOMAINS.items() if other == domain)
        return pd.read_csv(self.storage[domain] / f"my-job-{role.replace('.', '-')}" / f"{TASK}-result")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def test_two_parties_learn_the_mean_difference_and_nothing_else(task: Task) -> None:
    """(1.5 + 2.5 + 3 - (0.5 + 1 - 2)) / 3 = 7.5 / 3; all are multiples of 2^-18, so the sum is exact."""
    task.put(bob={"v": [1.5, 2.5, 3.0]}, alice={"v": [0.5, 1.0, -2.0]})
    assert task.run(mean_difference, column="v") == [None, None]
    for domain in ("alice", "bob"):
        assert task.result(domain).to_dict("list") == {"mean_difference": [2.5]}
    sent = [(m.kind, m.op, m.shape) for m in task.links[0].ledger.messages if m.sender == "alice"]
    assert sent == [
        ("REQUEST", "create session", (16,)),
        ("P2P", "PRSS seed", (16,)),
        ("P2P", "shape", (len('{"fxp_bits": 18, "shape": [3], "largest": 4.0}'),)),
        ("ALLGATHER", "open", (1,)),
    ]
    assert task.logs["alice"] == [
        "read 3 rows x 1 columns from alice: data/my.csv",
        f"wrote 1 rows x 1 columns to alice: my-job-host-0/{TASK}-result",
    ]


def test_the_example_of_the_registry_runs(task: Task) -> None:
    """The code in its docstring, as it is written there."""
    assert registry.__doc__
    code = registry.__doc__[registry.__doc__.index("    @kn") : registry.__doc__.index("\nThe program runs once")]
    assert len(code.strip().splitlines()) <= 10
    exec(dedent(code), {"kn": SimpleNamespace(operator=operator, Party=Party), "pd": pd})
    task.put(bob={"v": [1.5, 2.5]}, alice={"v": [0.5, 1.0]})
    assert task.run(OPERATORS["mean_difference"].program, column="v") == [None, None]
    assert task.result("alice")["mean_difference"].tolist() == [1.25]


def test_a_secret_dot_product(task: Task) -> None:
    """1 * 4 - 2 * 0.5 + 3 * 0.25 = 3.75; exact factors, so only the truncation is off, by less than an ulp."""
    task.put(bob={"v": [1, -2, 3]}, alice={"v": [4, 0.5, 0.25]})
    assert task.run(dot_product) == [None, None]
    assert task.result("alice")["dot"].tolist() == pytest.approx([3.75], rel=0, abs=2.0**-18)
    assert task.result("bob").equals(task.result("alice"))
    opened = [(m.op, m.shape) for m in task.links[0].ledger.messages if m.kind == "ALLGATHER" and m.sender == "bob"]
    assert opened == [("open x-a", (1, 3)), ("open y-b", (3,)), ("open", (1,))]  # masked, masked, the result
    assert task.ttp.requests == 1


def test_sums_products_and_public_numbers(task: Task) -> None:
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, -1.0], [2.0, 0.25]])

    async def program(party: Party) -> list[Any]:
        async with party.mpc(fxp_bits=20, adjust_rank=1) as secrets:
            a, b = await secrets.share(x if party.link.rank == 0 else y)
            results = [a + b, a - secrets.encode(0.5), secrets.sum(a), await secrets.mul(a, b), await secrets.dot(a, b)]
            return [await secrets.open(result) for result in results]

    expected = [x + y, x - 0.5, x.sum(axis=0), x * y, x @ y]
    for outcome in task.run(program):
        for result, value in zip(outcome, expected, strict=True):
            assert result.shape == value.shape
            assert np.abs(result - value).max() <= 2 * 2.0**-20


def test_what_is_opened_at_the_ttp_is_left(task: Task) -> None:
    """At the end of the block, also when the block fails, and before another one begins."""
    seen: list[int] = []

    async def program(party: Party) -> None:
        for _ in range(3):
            async with party.mpc() as secrets:
                seen.append(task.ttp.sessions)
                await secrets.share([1.0])
        async with party.mpc() as secrets:
            await secrets.share([1.0])
            raise RuntimeError("out of order")

    outcomes = task.run(program)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, RuntimeError]
    assert all(seen)
    assert task.ttp.sessions == 0


def test_a_party_whose_peer_never_comes_leaves_too(task: Task) -> None:
    async def program(party: Party) -> None:
        if party.link.rank == 0:
            async with party.mpc():
                pass
        raise ValueError("not today")

    first, second = task.run(program)
    assert isinstance(first, PeerFailed)
    assert isinstance(second, ValueError)
    assert task.ttp.sessions == 0


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1.0, float("nan"), None], "2 of 3 values are missing"),
        ([1.0, float("inf")], "1 of 2 values"),
        ([0.0, 2.0**44], "not below 1.75922e"),  # 2^(62 - 18)
        (["a"], "only numbers can be shared"),
    ],
)
def test_only_numbers_that_fit_are_shared(task: Task, values: list[Any], what: str) -> None:
    async def program(party: Party) -> None:
        async with party.mpc() as secrets:
            await secrets.share(values if party.link.rank == 0 else [1.0])

    first, second = task.run(program)
    assert isinstance(first, DataError)
    assert what in str(first)
    assert isinstance(second, PeerFailed)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([1.0, 2.0**50], "bob: the first is 1.1259e+15, value 1"),
        (pd.Series([1.0, float("nan")], name="age"), "bob: the first is nan, value 1 of column age"),
        (pd.DataFrame({"u": [1.0, 2.0], "age": [3.0, 1e30]}), "bob: the first is 1e+30, value 1 of column age"),
        (np.array([[1.0, 2.0], [3.0, 1e30]]), "bob: the first is 1e+30, value 1, 1"),
    ],
)
def test_the_value_that_does_not_fit_is_named(task: Task, values: Any, where: str) -> None:
    async def program(party: Party) -> None:
        async with party.mpc() as secrets:
            await secrets.share(values if party.link.rank == 0 else [1.0])

    first, _ = task.run(program)
    assert isinstance(first, DataError)
    assert first.where == where


def test_the_parties_need_the_same_scale(task: Task) -> None:
    async def program(party: Party) -> None:
        async with party.mpc(fxp_bits=18 + party.link.rank) as secrets:
            await secrets.share([1.0])

    for error in task.run(program):
        assert isinstance(error, ParameterError)
        assert "different fxp_bits: 18 and 19" in str(error)


@pytest.mark.parametrize("bits", [0, 31])
def test_a_scale_without_room_is_refused(task: Task, bits: int) -> None:
    task.put(bob={"v": [1]}, alice={"v": [1]})
    for error in task.run(dot_product, fxp_bits=str(bits)):
        assert "allowed: 1 to 30" in str(error)


def test_vectors_that_do_not_fit_are_refused(task: Task) -> None:
    task.put(bob={"v": [1, 2]}, alice={"v": [1, 2, 3]})
    for error in task.run(dot_product):
        assert isinstance(error, ValueError)
        assert str(error) == "shapes do not fit: (2,) and (3,)"


# --- what a party is given -------------------------------------------------------------------------------------------


def test_parameters_by_their_short_names(task: Task) -> None:
    party, _ = task.parties(column="v", batch_size="21")
    assert dict(party.parameters) == {"column": "v", "batch_size": "21"}
    with pytest.raises(ParameterError, match="parameter colum is missing") as caught:
        party.parameters["colum"]
    assert "column, batch_size" in caught.value.hint
    assert party.parameters.get("colum", "x") == "x"


def test_any_table_is_an_input(task: Task) -> None:
    party, _ = task.parties()
    (task.storage["bob"] / "data" / "my.csv").write_bytes("\ufeffid,näme\n7,Ä\n8,\n".encode())
    frame = party.read_csv("data")
    assert frame.columns.tolist() == ["id", "näme"]
    assert frame["id"].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("content", "what"), [(None, "there is no such file"), (b"", "cannot be read"), (b'a,b\n1,"2\n', "cannot be read")]
)
def test_an_input_that_cannot_be_read_says_where(task: Task, content: bytes | None, what: str) -> None:
    party, _ = task.parties()
    (task.storage["bob"] / "data" / "other.csv").touch()
    if content is not None:
        (task.storage["bob"] / "data" / "my.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        party.read_csv("data")
    assert what in caught.value.what
    assert caught.value.where == "bob: data/my.csv"
    if content is None:
        assert caught.value.hint == "the folder data has: other.csv"


def test_an_output_survives_to_the_last_bit(task: Task) -> None:
    party, _ = task.parties()
    frame = pd.DataFrame({"x": [0.1, 1 / 3, -1e-300], "n": [1, 2, 3]}, index=[5, 6, 7])
    party.write_csv("result", frame)
    written = task.storage["bob"] / "my-job-guest-0" / f"{TASK}-result"
    header, *lines = written.read_bytes().decode().split("\n")
    assert (header, lines.pop()) == ("x,n", "")
    assert [float(line.split(",")[0]) for line in lines] == [0.1, 1 / 3, -1e-300]


def test_a_data_set_that_the_job_does_not_have(task: Task) -> None:
    party, _ = task.parties()
    with pytest.raises(ParameterError, match=r"runtime\.component\.output\.model is missing") as caught:
        party.output("model")
    assert '"output" in taskInputConfig' in caught.value.hint


# --- registering -----------------------------------------------------------------------------------------------------


def test_a_function_becomes_an_operator_and_stays_a_function() -> None:
    assert operator(inputs=("data",), outputs=("result",))(mean_difference) is mean_difference
    registered = OPERATORS["mean_difference"]
    assert registered.component == Component(
        "mean_difference", "The mean of one party's column minus that of the other's.", ("data",), ("result",)
    )
    assert (registered.program, registered.image) == (mean_difference, "mean-difference")
    assert registered.description.endswith("\n\nOnly the result is opened.")
    assert list(OPERATORS) == [*BUILT_IN, "mean_difference"]


def test_a_cell_can_be_run_again() -> None:
    operator(inputs=("data",), outputs=("result",))(mean_difference)

    @operator(name="mean_difference", image="other", inputs=("left", "right"), outputs=())
    async def second(party: Party) -> None: ...

    assert OPERATORS["mean_difference"].program is second
    assert OPERATORS["mean_difference"].component.description == "mean_difference"  # there is no docstring
    assert [len(OPERATORS.of_image(image)) for image in ("mean-difference", "other", "ss-lr")] == [0, 1, 1]


def test_the_built_in_operator_is_not_replaced_by_accident() -> None:
    built_in = OPERATORS["ss_lr"]
    with pytest.raises(KusciaError, match="there is a built-in operator ss_lr") as caught:
        operator(name="ss_lr")(mean_difference)
    assert "replace=True" in caught.value.hint
    assert OPERATORS["ss_lr"] is built_in
    operator(name="ss_lr", replace=True)(mean_difference)
    assert OPERATORS["ss_lr"].program is mean_difference


def not_async(party: Party) -> None: ...


async def two_arguments(party: Party, other: int) -> None: ...


async def generator(party: Party) -> Any:
    yield 1


@pytest.mark.parametrize(
    ("program", "options", "what", "hint"),
    [
        (not_async, {}, "not_async is not an async function", "async def not_async(party):"),
        (generator, {}, "generator is an async generator: it has a yield", "async def generator(party):"),
        (lambda party: None, {}, "<lambda> is not an async function", "async def my_operator(party):"),
        (3, {}, "3 is not an async function", "async def my_operator(party):"),
        (two_arguments, {}, "two_arguments has to take one argument", "async def two_arguments(party):"),
        (mean_difference, {"name": "mean-difference"}, "'mean-difference' is not a name for an operator", "letters"),
        (mean_difference, {"name": "async"}, "'async' is not a name for an operator", "letters"),
        (mean_difference, {"name": ""}, "'' is not a name for an operator", "letters"),
        (mean_difference, {"image": "Mean_Difference"}, "(RFC 1123)", 'image="mean-difference"'),
        (mean_difference, {"image": "-"}, "(RFC 1123)", 'image="my-operator"'),
        (mean_difference, {"name": "_mine"}, "'-mine' is not a name for an AppImage", 'image="mine"'),
        (mean_difference, {"image": "a" * 254}, "(RFC 1123)", "image="),
        (mean_difference, {"inputs": "data"}, "inputs is a text, not several", 'inputs=("data",)'),
        (mean_difference, {"inputs": ()}, "has no inputs", 'inputs=("data",)'),
        (mean_difference, {"inputs": ("a", "b", "a")}, "inputs: 'a' is there twice", "each"),
        (mean_difference, {"outputs": ("a.b",)}, "outputs: 'a.b' is not a name", "no dots"),
        (mean_difference, {"outputs": ("",)}, "outputs: '' is not a name", "letters"),
    ],
)
def test_what_cannot_be_an_operator_is_refused(program: Any, options: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(KusciaError) as caught:
        operator(**options)(program)
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert list(OPERATORS) == BUILT_IN


def test_an_input_and_an_output_may_have_one_name() -> None:
    operator(inputs=("train_data",), outputs=("train_data",))(mean_difference)
    assert OPERATORS["mean_difference"].component.inputs == OPERATORS["mean_difference"].component.outputs


def test_without_arguments_there_is_one_input_and_one_output() -> None:
    assert operator(dot_product) is dot_product
    assert OPERATORS["dot_product"].component.inputs == ("data",)
    assert OPERATORS["dot_product"].component.outputs == ("result",)


def test_listeners_hear_of_every_registration_until_they_unsubscribe() -> None:
    heard: list[Operator] = []
    stop = on_register(heard.append)
    operator(mean_difference)
    operator(image="other")(mean_difference)
    stop()
    stop()
    operator(dot_product)
    assert [(one.component.name, one.image) for one in heard] == [
        ("mean_difference", "mean-difference"),
        ("mean_difference", "other"),
    ]


# --- AppImages -------------------------------------------------------------------------------------------------------


def test_the_app_image_of_ss_lr_is_the_tutorials() -> None:
    """spec: kuscia §5.4."""
    manifest = app_image(OPERATORS["ss_lr"]).manifest()
    annotation = manifest["metadata"].pop("annotations")
    assert list(annotation) == ["kuscia.secretflow/component-spec"]
    assert json.loads(annotation[ANNOTATION]) == {
        "component.1.name": "ss_lr",
        "component.1.description": "ss-lr",
        "component.1.input.1.name": "train_data",
        "component.1.input.1.categories": "dataset",
        "component.1.input.1.description": "train data",
        "component.1.output.1.name": "train_data",
        "component.1.output.1.categories": "dataset",
        "component.1.output.1.description": "train data",
    }
    assert manifest == {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "AppImage",
        "metadata": {"name": "ss-lr"},
        "spec": {
            "deployTemplates": [
                {
                    "name": "ss-lr",
                    "replicas": 1,
                    "spec": {"containers": [{"name": "ss-lr", "workingDir": "/work"}]},
                }
            ],
            "image": {
                "id": "880258fc0d3b",
                "name": "secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow/ss-lr",
                "sign": "880258fc0d3b",
                "tag": "latest",
            },
        },
    }


def test_an_image_announces_all_the_operators_that_it_carries() -> None:
    operator(image="statistics", inputs=("left", "right"))(mean_difference)
    operator(image="statistics", outputs=("model", "report"))(dot_product)
    image = app_image(OPERATORS["dot_product"])
    assert app_image(OPERATORS["mean_difference"]) == image
    assert image.manifest()["spec"]["image"] == {"name": "statistics", "tag": "latest"}
    spec = json.loads(image.annotations[ANNOTATION])
    assert (spec["component.1.name"], spec["component.2.name"]) == ("mean_difference", "dot_product")
    assert (spec["component.1.input.2.name"], spec["component.2.output.2.name"]) == ("right", "report")
    for name in ("mean_difference", "dot_product"):
        assert Component.from_annotation(image.annotations[ANNOTATION], name, "statistics") == OPERATORS[name].component


def test_a_component_is_found_wherever_it_stands() -> None:
    """spec: kuscia §4.1: the i with this name, its n-th input; what is not counted is not there."""
    spec = {
        "component.2.name": "b",
        "component.10.name": "c",
        "component.10.description": "third",
        "component.10.input.1.name": "x",
        "component.10.input.2.name": "y",
        "component.10.input.4.name": "never",
        "component.0.name": "zero",
        "component.1x.name": "odd",
    }
    assert Component.from_annotation(json.dumps(spec), "c") == Component("c", "third", ("x", "y"), ())
    assert Component.from_annotation(json.dumps(spec), "b") == Component("b", "", (), ())
    for name in ("zero", "odd", ""):
        with pytest.raises(ManifestError, match="not found expected component"):
            Component.from_annotation(json.dumps(spec), name)


names = st.lists(st.text(min_size=1), max_size=3, unique=True).map(tuple)
components = st.builds(Component, st.text(), st.text(), names, names)


@given(st.lists(components, min_size=1, max_size=12, unique_by=lambda component: component.name))
def test_what_an_image_announces_is_what_is_read(carried: list[Component]) -> None:
    text = component_spec(carried)
    assert [Component.from_annotation(text, component.name) for component in carried] == carried


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "not found component spec annotation in AppImage mine"),
        ("", "not found component spec annotation in AppImage mine"),
        ("{", "failed to unmarshal component spec in AppImage mine"),
        ("[]", "failed to unmarshal component spec in AppImage mine"),
        ('{"component.1.name": 1}', "failed to unmarshal component spec in AppImage mine"),
        ("[" * 100_000, "failed to unmarshal component spec in AppImage mine"),
        ("{}", "not found expected component ss_lr in component spec of AppImage mine"),
        (
            component_spec([Component("a", "", (), ()), Component("b", "", (), ())]),
            "not found expected component ss_lr in component spec of AppImage mine",
        ),
    ],
)
def test_an_annotation_that_does_not_help_gets_kuscias_words(text: str | None, what: str) -> None:
    """spec: kuscia §4.3."""
    with pytest.raises(ManifestError) as caught:
        Component.from_annotation(text, "ss_lr", "mine")
    assert caught.value.what.startswith(what)
    assert caught.value.hint


# --- in a job --------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[kn.Cluster]:
    cluster = kn.connect(storage=tmp_path)
    yield cluster
    cluster.close()


def job(name: str, image: str, module: str, **common: str) -> dict[str, Any]:
    """A job of one task that reads data/my.csv on both nodes."""
    config = {
        "name": "task",
        "module_name": module,
        "output": [{"type": "dataset", "key": "answer"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {
            "host": {"0": {"name": "my.csv", "namespace": "data"}},
            "guest": {"0": {"name": "my.csv", "namespace": "data"}},
            "common": common,
        },
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "task", "appImage": image, "parties": parties, "taskInputConfig": json.dumps(config)}
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": name},
        "spec": {"initiator": "alice", "tasks": [task]},
    }


def test_a_job_runs_an_operator_that_was_registered_after_the_nodes_were_up(
    cluster: kn.Cluster, tmp_path: Path
) -> None:
    """Rank 0 is the guest, bob: (1.5 + 2.5) / 2 - (0.5 + 1) / 2 = 1.25."""
    cluster.put("bob", "my.csv", pd.DataFrame({"v": [1.5, 2.5]}))
    cluster.put("alice", "my.csv", pd.DataFrame({"v": [0.5, 1.0]}))
    with pytest.raises(ManifestError, match="mean-difference"):
        cluster.apply(job("early", "mean-difference", "mean_difference", column="v"))
    operator(mean_difference)
    done = cluster.apply(job("mine", "mean-difference", "mean_difference", column="v")).wait()
    assert done.phase == "Succeeded"
    for node, folder in (("alice", "mine-host-0"), ("bob", "mine-guest-0")):
        (output,) = (tmp_path / node / folder).iterdir()
        assert output.name.endswith("-answer")
        assert output.read_text() == "mean_difference\n1.25\n"
    assert cluster.ttp_status()["sessions"] == 1
    report = bundle(done)["text/plain"]
    assert "What it has written: %kuscia result mine" in report
    assert "weights" not in report.lower()
    for ask in (done.weights, lambda: done.shares("alice"), lambda: done.pictures.shares("bob")):
        with pytest.raises(JobError, match="job mine has no weights") as caught:
            ask()
        assert "%kuscia result mine" in caught.value.hint


def test_a_fault_in_a_program_is_the_jobs_error(cluster: kn.Cluster) -> None:
    for node in ("alice", "bob"):
        cluster.put(node, "my.csv", pd.DataFrame({"v": [1.0]}))
    operator(mean_difference)
    with pytest.raises(ParameterError, match="parameter column is missing"):
        cluster.apply(job("mine", "mean-difference", "mean_difference")).wait()
