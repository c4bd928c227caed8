"""What all magics have in common: help, completion, {{variables}}, and defaults from the profile and the project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_notebook import SECONDS, TUTORIAL, Notebook, cell, endless

DATA = Path(__file__).parent / "data"
JOBS = "__import__('kuscia_nb').connect().jobs()['name'].tolist()"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("cwd")
    (folder / "my job.json").touch()
    (folder / "job.yaml").touch()
    (folder / "request.json").touch()
    (folder / "lesson.trace").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(folder)
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """The kernel with the extension loaded afresh, no jobs, and nothing configured."""
    assert kernel.run("get_ipython().config.pop('KusciaMagics', None);\n%reload_ext kuscia_nb") == []
    return kernel


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kusciajob", "bfia_submit", "kubectl", "kuscia"])
@pytest.mark.parametrize("ask", ["%{} --help", "%{} -h", "?%{}"])
def test_every_magic_has_help_with_examples(notebook: Notebook, name: str, ask: str) -> None:
    request = notebook.begin(ask.format(name))
    if ask.startswith("?"):
        notebook.end(request)
        reply = notebook.client.get_shell_msg(timeout=SECONDS)
        while reply["parent_header"]["msg_id"] != request:
            reply = notebook.client.get_shell_msg(timeout=SECONDS)
        (payload,) = reply["content"]["payload"]
        text = payload["data"]["text/plain"]
    else:
        (output,) = notebook.end(request)
        text = output.text if output.output_type == "stream" else output.data["text/plain"]
    assert re.search(rf"%?{name} \S", text), "an example"
    assert len(text.splitlines()) > 4


def test_kuscia_alone_lists_its_commands(notebook: Notebook) -> None:
    (output,) = notebook.run("%kuscia")
    for command in ("up", "status", "explain", "result"):
        assert re.search(rf"^  {command} +[A-Z]", output.text, re.MULTILINE), command


# --- completion ------------------------------------------------------------------------------------------------------


def completed(notebook: Notebook, code: str) -> list[str]:
    """The code as it would be with each completion."""
    client: Any = notebook.client
    content = client.complete(code, len(code), reply=True, timeout=SECONDS)["content"]
    return [code[: content["cursor_start"]] + match for match in content["matches"]]


COMPLETIONS = {
    "%%kusciajob --vi": ["%%kusciajob --view"],
    "%%kusciajob --view ": [f"%%kusciajob --view {view}" for view in ("live", "plain", "none")],
    "%%kusciajob --view=p": ["%%kusciajob --view=plain"],
    "%%kusciajob --no-wait --strategy int": ["%%kusciajob --no-wait --strategy interconnection"],
    "%%kusciajob --truncation ": [f"%%kusciajob --truncation {kind}" for kind in ("auto", "local", "ttp")],
    "%%kusciajob --no-wait --no": [],
    "%bfia_submit req": ["%bfia_submit request.json"],
    "%bfia_submit my": ['%bfia_submit "my job.json"'],
    "%bfia_submit --trace f": ["%bfia_submit --trace full"],
    "%kuscia expl": ["%kuscia explain"],
    "%kuscia use ": ["%kuscia use alice", "%kuscia use bob"],
    "%kuscia up --b": ["%kuscia up --backend"],
    "%kuscia explain ss_lr.batch": ["%kuscia explain ss_lr.batch_size"],
    "%kuscia cp job": ["%kuscia cp job.yaml"],
    "%kuscia cp job.yaml bo": ["%kuscia cp job.yaml bob:data/"],
    "text = %kubectl desc": ["text = %kubectl describe"],
    "%kubectl get kusciaj": ["%kubectl get kusciajob", "%kubectl get kusciajobs"],
    "%kubectl get kj -n ": ["%kubectl get kj -n cross-domain"],
    "%kubectl get kj --output=y": ["%kubectl get kj --output=yaml"],
    "%kubectl get kj --node b": ["%kubectl get kj --node bob"],
    "%kubectl apply -f j": ["%kubectl apply -f job.yaml"],
    "x = 1\n%kubectl api": ["x = 1\n%kubectl api-resources"],
}


@pytest.mark.parametrize("code", COMPLETIONS)
def test_options_and_values_are_completed(notebook: Notebook, code: str) -> None:
    assert completed(notebook, code) == COMPLETIONS[code]


def test_what_there_is_in_the_cluster_is_completed(notebook: Notebook) -> None:
    notebook.result(cell())
    assert completed(notebook, "%kubectl get kj ") == ["%kubectl get kj job-ss-lr"]
    assert completed(notebook, "%kubectl get kj/job") == ["%kubectl get kj/job-ss-lr"]
    assert completed(notebook, "%kuscia result jo") == ["%kuscia result job-ss-lr"]
    traces = [f"%kuscia trace {name}" for name in ("job-ss-lr", "lesson.trace")]
    assert completed(notebook, "%kuscia trace ") == traces
    assert completed(notebook, "%kuscia data bob ") == ["%kuscia data bob perfect_logit_b.csv"]
    assert completed(notebook, "%kuscia cp alice:") == [
        "%kuscia cp alice:data/",
        "%kuscia cp alice:data/perfect_logit_a.csv",
    ]


def test_other_lines_are_completed_as_ever(notebook: Notebook) -> None:
    assert notebook.run("viewpoint = {'key': 1}") == []
    for code in ("viewpo", "%%kusciajob\nviewpo", "print('%kuscia')\nviewpo", "x = 1\n%%kusciajob --v", "viewpoint['k"):
        texts = completed(notebook, code)
        assert not any(text.endswith("--view") for text in texts), code
    assert "viewpoint" in completed(notebook, "viewpo")
    assert notebook.value(JOBS) == [], "completing starts nothing"


def test_unloading_removes_the_completion(notebook: Notebook) -> None:
    count = "len(get_ipython().Completer.custom_matchers)"
    assert notebook.value(count) == 1
    assert notebook.run("%reload_ext kuscia_nb\n%unload_ext kuscia_nb") == []
    assert notebook.value(count) == 0
    assert "%%kusciajob --view" not in completed(notebook, "%%kusciajob --v")


# --- variables -------------------------------------------------------------------------------------------------------


def test_variables_in_a_line_and_in_a_body(notebook: Notebook) -> None:
    assert notebook.run("number, name = 5, 'mine'") == []
    text = cell("--seed {{number}} -o {{ name }}", TUTORIAL.replace("name: job-ss-lr", "name: '{{name}}'"))
    notebook.result(text)
    assert notebook.value("mine.name, mine.seed") == ("mine", 5)


UNKNOWN = {
    "%%kusciajob --seed {{nummer}}\nkind: KusciaJob": (1, 20),
    "%%kusciajob\nkind: KusciaJob\nmetadata: {name: {{nummer}} }": (3, 18),
    '%%bfia_submit\n{\n  "job_id": "{{nummer}}"}': (3, 14),
    "%bfia_submit {{nummer}}.json": (1, 14),
    "%kubectl get kj {{nummer}}": (1, 17),
    "%%kubectl apply -f -\nkind: KusciaJob\nmetadata: {name: {{nummer}} }": (3, 18),
    "%kuscia trace {{nummer}}": (1, 15),
}


@pytest.mark.parametrize("code", UNKNOWN)
def test_a_variable_that_does_not_exist_is_pointed_at(notebook: Notebook, code: str) -> None:
    assert notebook.run("number = 1") == []
    line, column = UNKNOWN[code]
    assert notebook.block(code) == (
        f"KusciaError: {{{{nummer}}}}: there is no variable nummer\n"
        f"  line {line}, column {column}\n"
        f"  {code.splitlines()[line - 1]}\n"
        f"  {' ' * (column - 1)}^\n"
        "  try: did you mean {{number}}?"
    )


def test_variables_in_every_magic(notebook: Notebook) -> None:
    assert notebook.run("name, parameter = 'theirs', 'batch_size'") == []
    (output,) = notebook.run("%kuscia explain ss_lr.{{parameter}}")
    assert "rows of one training step" in output.text
    assert 'resource type "{parameter}"' in notebook.block("%kuscia explain {parameter}")
    assert 'resource type "$parameter"' in notebook.block("%kuscia explain $parameter")
    applied = "%%kubectl apply -f -\n" + TUTORIAL.replace("name: job-ss-lr", "name: '{{ name }}'")
    assert "kusciajob.kuscia.secretflow/theirs created" in notebook.result(applied)["text/plain"]


@pytest.mark.parametrize("magic", ["kusciajob", "bfia_submit"])
def test_a_byte_order_mark_before_what_was_pasted(notebook: Notebook, magic: str) -> None:
    text = TUTORIAL if magic == "kusciajob" else (DATA / "job-ss-lr.json").read_text("utf-8")
    assert "Succeeded" in notebook.result(f"%%{magic}\n\ufeff{text}")["text/plain"]


def test_single_braces_are_left_alone(notebook: Notebook) -> None:
    assert notebook.run("alice = 'no'") == []
    flow = TUTORIAL.replace("- domainID: alice\n      role: host", "- {domainID: alice, role: host}")
    assert flow != TUTORIAL
    assert "Succeeded" in notebook.result(cell("", flow))["text/plain"]


# --- defaults --------------------------------------------------------------------------------------------------------


def test_defaults_can_be_configured(notebook: Notebook) -> None:
    config = "%config KusciaMagics.strategy = 'interconnection'\n%config KusciaMagics.seed = 7"
    assert notebook.run(f"{config}\n%config KusciaMagics.truncation = 'ttp'") == []
    run_with = "job.seed, *(job.env('bob')[f'kuscia_nb.{name}'] for name in ('strategy', 'truncation'))"
    notebook.result(cell("-o job"))
    assert notebook.value(run_with) == (7, "interconnection", "ttp")
    notebook.result(cell("-o job --strategy preprocessed --seed 8 --truncation local"))
    assert notebook.value(run_with) == (8, "preprocessed", "local")
    notebook.result(cell("-o job --seed 0"))
    assert notebook.value("job.seed") == 0, "a value, where None is not said"
    assert notebook.run("%config KusciaMagics.timeout = 0.2") == []
    assert "more than 0.2 s" in notebook.block(cell("", endless("slow")))


def test_a_program_that_fails_on_purpose_is_one_block(notebook: Notebook) -> None:
    said = notebook.block(cell("--inject fail:3"))
    assert "fails on purpose" in said
    assert "Traceback" not in said


def test_a_default_that_cannot_be_is_refused(notebook: Notebook) -> None:
    (output,) = notebook.run("%config KusciaMagics.view = 'bright'")
    assert "expected any of ['live', 'plain', 'none'], not the str 'bright'" in output.text
    assert notebook.value("get_ipython().magics_manager.registry['KusciaMagics'].view") == "live"
    assert notebook.run("%config KusciaMagics.view = 'live'") == []


def test_a_default_that_cannot_be_does_not_keep_the_extension_from_loading(notebook: Notebook) -> None:
    """`%config` keeps what it refuses; in a profile it would be there from the start."""
    refused, _ = notebook.run("%config KusciaMagics.view = 'bright'"), notebook.run("%config KusciaMagics.seed = 5")
    assert refused
    assert notebook.run("get_ipython().config.KusciaMagics.wiew = 'none'") == []
    first, second = "".join(output.text for output in notebook.run("%reload_ext kuscia_nb")).splitlines()
    assert first.startswith("kuscia_nb: KusciaMagics.view is as ever: The 'view' trait ")
    assert second.startswith("kuscia_nb: KusciaMagics has no wiew (known: language, memory_limit, no_wait, ")
    magics = "get_ipython().magics_manager.registry['KusciaMagics']"
    assert notebook.value(f"{magics}.view, {magics}.seed") == ("live", 5)
    assert notebook.run("%reload_ext kuscia_nb") == []


def test_a_folder_that_is_gone_does_not_keep_the_extension_from_loading(notebook: Notebook, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    before = notebook.value("__import__('os').getcwd()")
    into = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    assert notebook.run(f"{into}\n%reload_ext kuscia_nb") == []
    assert notebook.run(f"os.chdir({before!r})\n%kuscia use bob") != []


PROJECTS = {
    "taken": ('[tool.kuscia_nb]\nview = "none"\nno-wait = true\n', ""),
    "of others": ("[tool.other]\nview = 1\n", ""),
    "broken": ("[tool.kuscia_nb\nview", "cannot be read: "),
    "not text": ("\udcff", "cannot be read: "),
    "no table": ("tool = 3\n", "cannot be read: "),
    "no table of ours": ("[tool]\nkuscia_nb = 3\n", "[tool.kuscia_nb] is no table"),
    "unknown": (
        '[tool.kuscia_nb]\nwiew = "none"\n',
        "[tool.kuscia_nb] has no wiew (known: language, memory_limit, no_wait, seed, ",
    ),
    "wrong": (
        '[tool.kuscia_nb]\nview = "bright"\n',
        "[tool.kuscia_nb] view: The 'view' trait of a KusciaMagics instance expected any of",
    ),
}


@pytest.mark.parametrize("project", PROJECTS)
def test_defaults_of_a_project(notebook: Notebook, tmp_path: Path, project: str) -> None:
    text, problem = PROJECTS[project]
    (tmp_path / "pyproject.toml").write_text(text, "utf-8", errors="surrogateescape")
    below = tmp_path / "notebooks" / "first"
    below.mkdir(parents=True)
    before = notebook.value("__import__('os').getcwd()")
    outputs: list[Any] = notebook.run(f"__import__('os').chdir({str(below)!r})\n%reload_ext kuscia_nb")
    magics = "get_ipython().magics_manager.registry['KusciaMagics']"
    found = notebook.value(f"{magics}.view, {magics}.no_wait")
    assert notebook.run(f"__import__('os').chdir({before!r})") == []
    assert found == (("none", True) if project == "taken" else ("live", False))
    if problem:
        (output,) = outputs
        assert output.name == "stderr"
        assert output.text.startswith(f"kuscia_nb: {tmp_path / 'pyproject.toml'}: {problem}")
        assert output.text.count("\n") == 1
    else:
        assert outputs == []


def test_a_profile_goes_before_a_project(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kuscia_nb]\nview = "none"\nstrategy = "interconnection"\n')
    before = notebook.value("__import__('os').getcwd()")
    config = "get_ipython().config.KusciaMagics.view = 'plain'"
    assert notebook.run(f"{config}\n__import__('os').chdir({str(tmp_path)!r})\n%reload_ext kuscia_nb") == []
    magics = "get_ipython().magics_manager.registry['KusciaMagics']"
    found = notebook.value(f"{magics}.view, {magics}.strategy")
    assert notebook.run(f"del get_ipython().config['KusciaMagics']\n__import__('os').chdir({before!r})") == []
    assert found == ("plain", "interconnection")
