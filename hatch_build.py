"""What the build adds: the side panel in the wheel, where JupyterLab finds it, and a README for a package index."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

NAME = "kuscia-nb"
TARGET = f"share/jupyter/labextensions/{NAME}"


class PanelHook(BuildHookInterface):
    """In a clone the panel is built, with Node; a source archive has it built already.

    An editable install leaves it out, so that it needs no Node: `make labextension` builds and links it.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        built = root / "kuscia_nb" / "labextension"
        if not (root / "PKG-INFO").exists():
            _build(root / "labextension")
        if self.target_name == "wheel":
            build_data["shared_data"][str(built)] = TARGET
            build_data["shared_data"][str(root / "labextension" / "install.json")] = f"{TARGET}/install.json"
        else:
            build_data["artifacts"].append("/kuscia_nb/labextension")


class ReadmeHook(MetadataHookInterface):
    """A package index shows the README away from the other files, so its links name the repository at this version."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text("utf-8")
        text = with_absolute_links(text, metadata["urls"]["Source"], f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_absolute_links(text: str, repository: str, tag: str) -> str:
    """Markdown whose relative links lead to a repository on GitHub, its pictures to their bytes."""

    def absolute(found: re.Match[str]) -> str:
        kind = "raw" if found[1].startswith("!") else "blob"
        return f"{found[1]}({repository}/{kind}/{tag}/{found[2]})"

    return re.sub(r"(!?\[[^\]]*\])\((?![a-z]+:|#)([^)\s]+)\)", absolute, text)


def _build(sources: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "the side panel is built with Node 20 or newer, and there is no npm: install Node, or take a wheel"
        )
    subprocess.run([npm, "ci"], cwd=sources, check=True)
    subprocess.run([npm, "run", "build:prod"], cwd=sources, check=True)
