"""binder/ as repo2docker reads it, and its steps in a clean environment. The image itself is not built here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from binder_image import PROJECT, Image, make, opened
from packaging.requirements import Requirement
from playwright.sync_api import expect

sys.path.append(str(PROJECT / "tests" / "browser"))

from desk import OpenNotebook, chromium

BINDER = PROJECT / "binder"
NOTEBOOK = opened().removeprefix("lab/tree/")
PYPROJECT = (PROJECT / "pyproject.toml").read_text("utf-8")
SCRIPTS = ("postBuild", "start")


def pins() -> dict[str, str]:
    """The versions in requirements.txt, by name."""
    lines = (BINDER / "requirements.txt").read_text("utf-8").splitlines()
    pinned = [line.partition(" --hash=sha256:") for line in lines if line and not line.startswith("#")]
    assert [line for line, _, digest in pinned if not re.fullmatch("[0-9a-f]{64}", digest)] == []
    requirements = [Requirement(line) for line, _, _ in pinned]
    assert all(len(one.specifier) == 1 and str(one.specifier).startswith("==") for one in requirements)
    return {one.name: str(one.specifier).removeprefix("==") for one in requirements}


# --- as repo2docker reads it ------------------------------------------------------------------------------------------


pytestmark = pytest.mark.timeout(900)  # the environment of all tests here is made in one of them


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What repo2docker would build the image from; no engine is needed to write it."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(BINDER, folder / "binder")
    options = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan"]
    command = [sys.executable, "-m", "repo2docker", *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout + done.stderr


def test_the_dockerfile_has_every_step(dockerfile: str) -> None:
    steps = [
        r"COPY .*environment-2epy-2d3-2e11-2dlinux-2d64-2elock",
        r'RUN \S+/bin/pip install --no-cache-dir -r "binder/requirements.txt"',
        r"COPY .* src/ \$\{REPO_DIR\}/",
        r"RUN \./binder/postBuild",
        r'ENV R2D_ENTRYPOINT="\$\{REPO_DIR\}/binder/start"',
    ]
    found = [re.search(step, dockerfile) for step in steps]
    assert all(found), steps[found.index(None)] if None in found else ""
    places = [match.start() for match in found if match]
    assert places == sorted(places)


def test_pins_are_those_of_the_base_environment() -> None:
    package = find_spec("repo2docker")
    assert package
    assert package.origin
    lock = (Path(package.origin).parent / "buildpacks" / "conda" / "environment.py-3.11-linux-64.lock").read_text(
        "utf-8"
    )
    base = dict(re.findall(r"(?m)/([\w.-]+)-([^-\n]+)-[^-\n]+\.conda", lock))
    assert base["jupyterlab"] == pins()["jupyterlab"]
    assert {name: version for name, version in pins().items() if base.get(name, version) != version} == {}


def test_the_badge_opens_a_notebook() -> None:
    assert opened() == f"lab/tree/{NOTEBOOK}"
    assert (PROJECT / NOTEBOOK).is_file()


def test_pins_are_what_the_package_needs() -> None:
    project = tomllib.loads(PYPROJECT)["project"]
    extras = re.search(r'"\.\[([\w,]+)\]"', (BINDER / "postBuild").read_text("utf-8"))
    assert extras
    texts = [*project["dependencies"]]
    for extra in extras[1].split(","):
        texts += project["optional-dependencies"][extra]
    for requirement in map(Requirement, texts):
        assert requirement.specifier.contains(pins()[requirement.name]), requirement


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_scripts(name: str) -> None:
    path = BINDER / name
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "#!/bin/bash"
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_what_fails_fails_and_what_starts_is_executed() -> None:
    assert re.search(r"(?m)^set -e", (BINDER / "postBuild").read_text("utf-8"))
    assert (BINDER / "start").read_text("utf-8").splitlines()[-1] == 'exec "$@"'
    shown = subprocess.run([BINDER / "start", "printf", "%s|", "a b", "c"], capture_output=True, text=True, check=True)
    assert shown.stdout == "a b|c|"


# --- its steps, in a clean environment --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    folder = tmp_path_factory.mktemp("image")
    yield make(folder)
    shutil.rmtree(folder)


def test_nothing_that_is_pinned_was_replaced(image: Image) -> None:
    installed = dict(line.split("==") for line in image.run("pip", "freeze").splitlines() if "==" in line)
    assert {name: installed.get(name) for name in pins()} == pins()
    assert "kuscia_nb @ file:" in image.run("pip", "freeze")
    image.run("pip", "check")


def test_the_package_is_not_the_clones_folder(image: Image) -> None:
    where = image.run("python", "-P", "-c", "import kuscia_nb; print(kuscia_nb.__file__)")
    assert not Path(where.strip()).is_relative_to(image.clone)


def test_the_notebook_that_it_opens_runs(image: Image) -> None:
    image.run("./binder/start", "jupyter", "execute", NOTEBOOK, "--output", "executed.ipynb")
    notebook = nbformat.read((image.clone / NOTEBOOK).with_name("executed.ipynb"), as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("Succeeded after" in json.dumps(output) for output in outputs)
    assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []


def test_the_page_has_the_notebook_and_the_panel(image: Image) -> None:
    with image.server() as address, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address}/{opened()}")
        notebook = OpenNotebook(page, image.clone / NOTEBOOK)
        notebook.ready()
        panel = page.get_by_role("region", name="Kuscia")
        panel.get_by_role("button", name="Load it").click()  # in a cell of its own
        expect(panel).to_contain_text("No job yet.")
        notebook.run(2)  # it starts the nodes, which the kernel tells by itself
        expect(panel.get_by_text("bob", exact=True)).to_be_visible()
        expect(page.locator(".jp-NotebookPanel").first).to_be_visible()
        expect(page.get_by_text("Would you like to")).to_have_count(0)
        page.close()


def test_saved_outputs_are_trusted(image: Image) -> None:
    assert "already signed" in image.run("jupyter", "trust", NOTEBOOK)
