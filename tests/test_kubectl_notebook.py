"""`%kubectl` in a kernel: lines as they are written, variables, tables, what is streamed, and errors of one block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from test_notebook import TUTORIAL, Notebook

NS = "-n cross-domain"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        notebook = Notebook(tmp_path_factory.mktemp("cwd"))
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(kernel: Notebook) -> Notebook:
    """The kernel with the extension loaded afresh, and no jobs."""
    assert kernel.run("%reload_ext kuscia_nb") == []
    return kernel


def streamed(outputs: list[Any]) -> str:
    assert all(output.output_type == "stream" for output in outputs)
    return "".join(output.text for output in outputs)


def test_the_tutorial(notebook: Notebook) -> None:
    shown = notebook.result(f"%%kubectl apply -f -\n{TUTORIAL}")
    assert shown["text/plain"] == "kusciajob.kuscia.secretflow/job-ss-lr created\n"
    assert shown["text/html"] == "<pre>kusciajob.kuscia.secretflow/job-ss-lr created\n</pre>"
    watched = streamed(notebook.run(f"%kubectl get kj {NS} -w"))
    assert watched.startswith("NAME        STARTTIME   COMPLETIONTIME   LASTRECONCILETIME   PHASE\njob-ss-lr   ")
    assert watched.endswith("   Succeeded\n")
    table = notebook.result(f"%kubectl get kj {NS}")
    assert table["text/html"].count("<th ") == 5
    assert table["text/plain"].endswith("Succeeded\n")
    # a path in braces is no Python, a name in double braces is a variable
    assert notebook.run("name = 'job-ss-lr'") == []
    path = f"%kubectl get kj {{{{name}}}} {NS} -o jsonpath='{{.status.phase}}'"
    assert notebook.result(path)["text/plain"] == "Succeeded"
    assert notebook.run(f"answer = {path}") == []
    assert notebook.value("str(answer)") == "Succeeded"
    assert notebook.value("answer.objects[0].name") == "job-ss-lr"
    assert "job-ss-lr" in notebook.result("%kubectl get kj -n cross-domain --node bob")["text/plain"]
    deleted = notebook.result(f"%kubectl delete kj job-ss-lr {NS}")
    assert deleted["text/plain"].splitlines()[1].startswith("hint: bob still has job-ss-lr")


def test_the_node_in_use(notebook: Notebook) -> None:
    notebook.run("%kuscia use bob")
    notebook.run(f"%%kubectl apply -f - --node alice\n{TUTORIAL}")
    notebook.run(f"%kubectl wait kj/job-ss-lr {NS} --for=create --timeout=20s")
    assert '"true"' not in notebook.result(f"%kubectl get kj job-ss-lr {NS} -o yaml")["text/plain"]
    notebook.run("%kuscia use alice")


def test_errors_are_one_block(notebook: Notebook) -> None:
    assert notebook.block(f"%kubectl get kj x {NS}") == (
        'KubectlError: Error from server (NotFound): kusciajobs.kuscia.secretflow "x" not found\n'
        "  try: there is no kusciajob on alice"
    )
    assert notebook.block("%kubectl get kj {{nam}}").startswith("KusciaError: {{nam}}: there is no variable nam")
    text = notebook.block(f"%%kubectl apply -f -\n{TUTORIAL.replace('alias:', 'alais:')}")
    line = next(number for number, line in enumerate(TUTORIAL.splitlines(), 2) if "alias:" in line)
    assert f"line {line}, column " in text
    first, second = notebook.run("%kubectl get domain alice x")
    assert first.text.startswith("NAME    AGE\nalice   ")
    assert second.ename == "KubectlError"


def test_help(notebook: Notebook) -> None:
    assert "%%kubectl apply -f -" in notebook.result("%kubectl apply -h")["text/plain"]
    assert "  wait " in notebook.result("%kubectl")["text/plain"]


def test_an_interrupted_watch_ends_quietly(notebook: Notebook) -> None:
    endless = TUTORIAL.replace('"num_epoch":1,', '"num_epoch":100000,')
    notebook.run(f"%%kubectl apply -f -\n{endless}")
    notebook.run(f"%kubectl wait kj/job-ss-lr {NS} --for=jsonpath='{{.status.phase}}'=Running")
    request = notebook.begin(f"%kubectl get kj {NS} -w")
    while notebook.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    notebook.manager.interrupt_kernel()
    assert "hint: interrupted; " in streamed(notebook.end(request))
    notebook.run(f"%kubectl delete kj --all {NS} --all-nodes")


def test_unloading_leaves_no_trace(notebook: Notebook) -> None:
    known = "['kubectl' in get_ipython().magics_manager.magics[kind] for kind in ('line', 'cell')]"
    assert notebook.value(known) == [True, True]
    assert notebook.run("%unload_ext kuscia_nb") == []
    assert notebook.value(known) == [False, False]
