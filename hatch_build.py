"""Put the side panel into the wheel, where JupyterLab finds it: nothing to set up beyond `pip install`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

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


def _build(sources: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(
            "the side panel is built with Node 20 or newer, and there is no npm: install Node, or take a wheel"
        )
    subprocess.run([npm, "ci"], cwd=sources, check=True)
    subprocess.run([npm, "run", "build:prod"], cwd=sources, check=True)
