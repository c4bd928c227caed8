"""The documentation: it builds without a warning, has everything that the code has, and its examples run."""

from __future__ import annotations

import html
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from reference import rooms

import kuscia_nb as kn
from kuscia_nb import mpc
from kuscia_nb.__main__ import COMMANDS as COMMAND_LINE
from kuscia_nb.bfia.handlers import ROUTES
from kuscia_nb.control.kinds import KINDS
from kuscia_nb.control.kubectl.commands import COMMANDS as KUBECTL
from kuscia_nb.control.kubectl.commands import ELSEWHERE
from kuscia_nb.control.kubectl.flags import COMMON
from kuscia_nb.control.resources import TaskInputConfig
from kuscia_nb.errors import KusciaError
from kuscia_nb.magics.bfia import bfia_submit
from kuscia_nb.magics.config import Defaults
from kuscia_nb.magics.kuscia import COMMANDS as KUSCIA
from kuscia_nb.magics.kusciajob import KusciaMagics
from kuscia_nb.operators import OPERATORS
from kuscia_nb.panel.entities import Tree
from kuscia_nb.panel.requests import METHODS

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SECONDS = 600


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages; that it is there means that there was no warning."""
    out = tmp_path_factory.mktemp("docs")
    options = ["--jobs=auto", "--quiet", "--fail-on-warning", "--keep-going", "--nitpicky", "-c", "docs"]
    command = [sys.executable, "-m", "sphinx", *options, "-d", str(out / "trees"), ".", str(out / "html")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return out / "html"


def source(built: Path, page: str) -> str:
    return (built / "docs" / f"{page}.html").read_text("utf-8")


def words(built: Path, page: str) -> str:
    """A page's text."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", source(built, page))
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def codes(built: Path, page: str) -> set[str]:
    """Everything on a page that is set as code within a line."""
    found = re.findall(r"(?s)<code[^>]*>(.*?)</code>", source(built, page))
    return {html.unescape(re.sub(r"<[^>]+>", "", text)) for text in found}


def test_every_notebook_is_a_page(built: Path) -> None:
    for notebook in [*PROJECT.glob("notebooks/*.ipynb"), *PROJECT.glob("notebooks/zh/*.ipynb")]:
        page = built / notebook.relative_to(PROJECT).with_suffix(".html")
        assert "cell_input" in page.read_text("utf-8"), notebook


# --- the reference has what the code has ------------------------------------------------------------------------------


def public_names() -> Iterator[str]:
    """Every public name, and the public members of public classes, by their full names."""
    for module in (kn, kn.explore, mpc):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                continue
            yield f"{module.__name__}.{name}"
            members = vars(value) if inspect.isclass(value) and value.__module__.startswith("kuscia_nb") else {}
            yield from (f"{module.__name__}.{name}.{member}" for member in members if not member.startswith("_"))


@pytest.mark.parametrize("name", list(public_names()))
def test_public_names_have_an_entry(built: Path, name: str) -> None:
    assert f'id="{name}"' in source(built, "reference/python")


def test_every_name_of_python_is_explained(built: Path) -> None:
    entries = re.findall(
        r'(?s)<dt class="sig sig-object py" id="([^"]+)">.*?</dt>\s*<dd>(.*?)(?=<dt class="sig|</dd>)',
        source(built, "reference/python"),
    )
    assert {name for name, _ in entries} >= set(public_names())
    assert [name for name, about in entries if not re.sub(r"<[^>]+>", "", about).strip()] == []


@pytest.mark.parametrize("magic", [KusciaMagics.kusciajob, bfia_submit])
def test_magics_have_their_options(built: Path, magic: Any) -> None:
    shown = {text.partition(" ")[0] for text in codes(built, "reference/magics")}
    assert magic.__name__ in words(built, "reference/magics")
    for action in magic.parser._actions:
        assert set(action.option_strings) <= shown


@pytest.mark.parametrize("name", KUSCIA)
def test_commands_of_kuscia_have_their_arguments(built: Path, name: str) -> None:
    shown = codes(built, "reference/magics")
    assert f"%kuscia {name}" in shown
    assert KUSCIA[name].summary.replace("`", "") in words(built, "reference/magics")
    for argument in KUSCIA[name].arguments:
        text = argument.name if argument.name.startswith("-") else argument.options["metavar"]
        assert any(text in code for code in shown), text


@pytest.mark.parametrize("trait", Defaults.class_traits(config=True))
def test_configuration_has_an_entry(built: Path, trait: str) -> None:
    assert trait in codes(built, "reference/magics")


@pytest.mark.parametrize("verb", KUBECTL)
def test_kubectl_commands_have_their_flags(built: Path, verb: str) -> None:
    shown = codes(built, "reference/kubectl")
    assert f"kubectl {verb}" in shown
    assert {flag.shown for flag in (*KUBECTL[verb].flags, *COMMON)} <= shown


def test_what_serves_instead_of_other_kubectl_commands(built: Path) -> None:
    assert set(ELSEWHERE) <= codes(built, "reference/kubectl")


@pytest.mark.parametrize("operator", [operator for operator in OPERATORS.values() if operator.parameters])
def test_operators_have_their_parameters(built: Path, operator: Any) -> None:
    page = " ".join(words(built, "reference/operators").split())
    text = page.partition(f"appImage {operator.image};")[2].partition(" appImage ")[0]
    for parameter in operator.parameters:
        entry = re.search(rf"\b{parameter.name} \({parameter.kind.type}(, required)?\)(.*?)\.", text)
        assert entry, parameter.name
        assert bool(entry[1]) is parameter.required
        assert parameter.meaning.split(".")[0][1:] in entry[2]
        assert set(parameter.kind.unimplemented) <= codes(built, "reference/operators")


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, and those in their fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for argument in get_args(annotation):
        yield from models(argument)


@pytest.mark.parametrize("kind", [*(kind.model for kind in KINDS), TaskInputConfig], ids=lambda kind: kind.__name__)
def test_kinds_have_their_fields(built: Path, kind: type[BaseModel]) -> None:
    text = " ".join(words(built, "reference/resources").split())
    assert kind.__name__ in text or kind is TaskInputConfig
    for model in models(kind):
        for name, field in model.model_fields.items():
            assert re.search(
                rf"\b{field.alias or name} \([^)]*\) ?{re.escape((field.description or '')[:1])}", text, re.I
            )


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_bfia_paths_have_their_messages(built: Path, route: tuple[str, str]) -> None:
    shown, text = codes(built, "reference/bfia"), source(built, "reference/bfia")
    assert " ".join(route) in shown
    for model in (ROUTES[route].message, ROUTES[route].data):
        assert f'id="{model.__name__.lower()}"' in text


def subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    yield cls
    for below in cls.__subclasses__():
        yield from subclasses(below)


@pytest.mark.parametrize("command", sorted(COMMAND_LINE))
def test_commands_of_the_terminal_have_an_entry(built: Path, command: str) -> None:
    shown = {word for term in codes(built, "reference/command_line") for word in term.replace(",", "").split()}
    parser = import_module(f"kuscia_nb.{COMMAND_LINE[command]}").parser()
    assert {option for action in parser._actions for option in action.option_strings} <= shown | {"-h", "--help"}


def test_errors_have_an_entry(built: Path) -> None:
    import_module("kuscia_nb.bfia.client")
    known = [cls for cls in subclasses(KusciaError) if cls.__module__.startswith("kuscia_nb.")]
    assert {cls.__name__ for cls in known} <= codes(built, "reference/errors")
    assert "BfiaError" in {cls.__name__ for cls in known}


@pytest.mark.parametrize("method", METHODS)
def test_the_panels_methods_have_their_parameters(built: Path, method: str) -> None:
    entry = next(text for text in codes(built, "reference/panel") if text.startswith(f"{method}("))
    assert all(f"{name}: " in entry for name in inspect.signature(METHODS[method]).parameters)


def test_the_panels_entities_have_their_fields(built: Path) -> None:
    tree = Tree(wake=lambda: None)
    with kn.connect() as cluster:
        cluster.apply(kn.tutorial_manifest(), replace=True).wait()
        entities = tree.look(cluster).entities.values()
        tree.close()
    assert {entity["kind"] for entity in entities} == {"node", "ttp", "job", "task", "party"}
    assert {name for entity in entities for name in entity} <= codes(built, "reference/panel")


def test_the_picture_of_the_architecture_has_every_room(built: Path) -> None:
    drawn = set(re.findall(r"<text[^>]*>([^<]+)</text>", source(built, "architecture")))
    assert drawn == set(rooms.rooms()) <= codes(built, "architecture")


def test_rules_that_a_docstring_cites_are_links(built: Path) -> None:
    links = set(re.findall(r'href="\.\./spec/(\w+)\.html#(spec-[^"]+)"', source(built, "reference/python")))
    assert len(links) >= 2
    for page, anchor in links:
        assert f'id="{anchor}"' in source(built, f"spec/{page}")


# --- examples ---------------------------------------------------------------------------------------------------------

RUN = """
import sys
from IPython.core.interactiveshell import InteractiveShell
import matplotlib

matplotlib.use("agg")
shell = InteractiveShell.instance()
for code in sys.stdin.read().split("\\0"):
    shell.run_cell(code).raise_error()
"""


def examples(page: Path) -> list[str]:
    return re.findall(r"(?ms)^```ipython\n(.*?)^```", page.read_text("utf-8"))


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.stem)
def test_examples_run(page: Path, tmp_path: Path) -> None:
    """The `ipython` blocks of a page, one after the other, in a shell of their own."""
    command = [sys.executable, "-W", "error", "-c", RUN]
    environment = {"IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        command,
        input="\0".join(examples(page)),
        cwd=tmp_path,
        env={**environment, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
