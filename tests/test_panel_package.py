"""The side panel as it is shipped: in a wheel that needs no Node, small, from packages named without a host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "labextension"
BUILT = ROOT / "kuscia_nb" / "labextension"
LARGEST = 300_000
"""Bytes of all scripts together, minified."""
SECONDS = 600


def test_the_scripts_are_small() -> None:
    scripts = list((BUILT / "static").glob("*.js"))
    assert any(script.name.startswith("remoteEntry.") for script in scripts), "make labextension builds it"
    assert sum(script.stat().st_size for script in scripts) < LARGEST


def test_one_version() -> None:
    versions = {
        tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"],
        *(json.loads((folder / "package.json").read_text("utf-8"))["version"] for folder in (SOURCES, BUILT)),
        json.loads((SOURCES / "package-lock.json").read_text("utf-8"))["version"],
    }
    assert len(versions) == 1


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))
    assert len(lock["packages"]) > 100
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_styles_only_have_jupyterlabs_colours() -> None:
    for style in (SOURCES / "style").glob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", style.read_text("utf-8"), flags=re.DOTALL)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", text) == [], style.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a source archive that has the panel in it, where there is no Node."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("kuscia_nb", "labextension"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("node_modules", "lib", "__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "PKG-INFO").write_text("Metadata-Version: 2.4\nName: kuscia_nb\nVersion: 0\n")
    pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source), path=without_node())
    (built,) = folder.glob("*.whl")
    return built


def without_node() -> str:
    """A PATH on which there is neither node nor npm."""
    folders = os.environ["PATH"].split(os.pathsep)
    path = os.pathsep.join(
        folder for folder in folders if not any(shutil.which(name, path=folder) for name in ("node", "npm"))
    )
    assert shutil.which("node", path=path) is None
    return path


def pip(python: str, *arguments: str, path: str) -> None:
    command = [python, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True, timeout=SECONDS, env=os.environ | {"PATH": path}, cwd="/")


def test_the_wheel_shows_the_panel_enabled_without_node(wheel: Path, tmp_path: Path) -> None:
    """What `jupyter labextension list` says; JupyterLab itself is the one of the environment of the tests."""
    venv.create(tmp_path / "environment", with_pip=True)
    prefix = tmp_path / "environment"
    python, path = str(prefix / "bin" / "python"), without_node()
    pip(python, "install", "--no-deps", str(wheel), path=path)
    (site,) = prefix.glob("lib/python3*/site-packages")
    with (site / "jupyterlab_of_tests.pth").open("w") as file:
        file.write(next(part for part in sys.path if part.endswith("site-packages")))
    listed = subprocess.run(
        [python, "-P", "-m", "jupyterlab.labextensions", "list"],
        capture_output=True, text=True, timeout=SECONDS, check=True, cwd=tmp_path,
        env=os.environ | {"PATH": path, "HOME": str(tmp_path), "JUPYTER_PATH": "", "JUPYTER_PREFER_ENV_PATH": "1"},
    )  # fmt: skip
    output = re.sub(r"\x1b\[\d*m", "", listed.stdout + listed.stderr)
    (mine,) = (folder for folder in output.split("\n/") if str(prefix).lstrip("/") in folder)
    assert re.search(r"kuscia-nb v\S+ enabled +OK \(python, kuscia_nb\)", mine)


def test_the_wheel_has_all_that_the_page_loads(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    prefix = next(name.partition("/data/")[0] for name in names if "/data/share/" in name)
    installed = {name.removeprefix(f"{prefix}/data/share/jupyter/labextensions/kuscia-nb/") for name in names}
    built = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()}
    assert built <= installed
    assert "kuscia_nb/locale/zh_CN/LC_MESSAGES/kuscia_nb.json" in names
    assert not any("node_modules" in name or name.startswith("labextension/") for name in names)
