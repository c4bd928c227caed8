"""Run the notebooks and store them with their outputs; make the copies for students.

    python notebooks/make.py                all notebooks
    python notebooks/make.py 04 zh/01       those whose paths begin so
    python notebooks/make.py --students     only the copies, from the notebooks as they are

`10_two_nodes` has two notebooks that run at the same time, with a TTP: "10" runs them.

A copy for students, in student/, has no outputs and no answers: what stands between two lines

    ### BEGIN SOLUTION
    ### END SOLUTION

is left out, and the markers too. A cell with the tag "varies" has outputs that are not the same in every run.
"""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
STUDENT = HERE / "student"
PAIR = HERE / "10_two_nodes"
PORTS = ("8084", "8085", "9449")
"""Of alice's node, of bob's, and of the TTP, as the pair has them."""
SECONDS = 60
"""Most that a notebook may take."""

SOLUTION = re.compile(r"^ *### BEGIN SOLUTION\n.*?^ *### END SOLUTION(\n|\Z)", re.MULTILINE | re.DOTALL)
_WIDGET = "application/vnd.jupyter.widget-view+json"


def notebooks() -> list[Path]:
    """The teacher's notebooks."""
    return sorted([*HERE.glob("[0-9]*.ipynb"), *HERE.glob("zh/[0-9]*.ipynb")])


def student_path(teachers: Path) -> Path:
    """Where the student's copy of a notebook is."""
    return STUDENT / teachers.relative_to(HERE)


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel whose working directory is `folder`, and drop what does not belong in a file."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,  # else it depends on the time between two prints how many outputs there are
        store_widget_state=False,
        record_timing=False,
    )
    asyncio.run(client.async_execute())  # its own execute() leaves an event loop behind in every thread
    tidy(notebook)
    return notebook


def executed_pair(folder: Path) -> dict[Path, NotebookNode]:
    """Both notebooks of the pair, at the same time, each in a kernel of its own; the TTP is in a process of its own.

    They use ports that are free; in what is returned stand the usual ones.
    """
    free: dict[str, str] = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    command = [sys.executable, "-m", "kuscia_nb", "ttp", "--listen", f"127.0.0.1:{free[PORTS[-1]]}"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as ttp:
        try:
            assert ttp.stdout is not None
            ttp.stdout.readline()  # its key is there when it listens
            paths = sorted(PAIR.glob("*.ipynb"))
            texts = [_with_ports(path.read_text("utf-8"), free) for path in paths]
            with ThreadPoolExecutor(len(paths)) as threads:
                runs = [threads.submit(executed, nbformat.reads(text, as_version=4), folder) for text in texts]
                done = [nbformat.writes(run.result()) for run in runs]
        finally:
            ttp.terminate()
            ttp.communicate()
    usual = {port: name for name, port in free.items()}
    found = [nbformat.reads(_with_ports(text, usual), as_version=4) for text in done]
    return dict(zip(paths, found, strict=True))


def _free_ports(count: int) -> list[str]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _with_ports(text: str, ports: Mapping[str, str]) -> str:
    """The text with other ports of this machine."""
    for port, other in ports.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
    return text


def tidy(notebook: NotebookNode) -> None:
    """No versions of this machine, no timings, and no widgets, which a saved notebook cannot show."""
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        language_info={"name": "python", "pygments_lexer": "ipython3"},
    )
    for cell in notebook.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in ("tags",) if key in cell.metadata})
        for output in cell.get("outputs", ()):
            if len(output.get("data", {})) > 1:
                output.data.pop(_WIDGET, None)


def for_students(teachers: NotebookNode) -> NotebookNode:
    """A copy without outputs and answers."""
    copy = deepcopy(teachers)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.source = SOLUTION.sub("", cell.source).rstrip("\n")
            cell.outputs, cell.execution_count = [], None
    return copy


def students() -> Iterator[tuple[Path, str]]:
    """The copies for students: where they are, and what is in them."""
    for path in notebooks():
        copy = for_students(nbformat.read(path, as_version=4))
        yield student_path(path), nbformat.writes(copy) + "\n"


def main(*arguments: str) -> None:
    """Do what the command line says."""
    if "--students" not in arguments:
        for path in notebooks():
            if not arguments or path.relative_to(HERE).as_posix().startswith(arguments):
                print(path.relative_to(HERE))
                nbformat.write(executed(nbformat.read(path, as_version=4), path.parent), path)
        if not arguments or PAIR.name.startswith(arguments):
            print(PAIR.name)
            with TemporaryDirectory() as folder:
                for path, notebook in executed_pair(Path(folder)).items():
                    nbformat.write(notebook, path)
    for path, text in students():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
