"""Who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import kuscia_nb.mpc

MPC = Path(kuscia_nb.mpc.__file__).parent


def test_mpc_stands_alone() -> None:
    """It can be read, tested and used as a library: of the package it knows the errors, and nothing else."""
    outside = {
        (path.name, node.module)
        for path in MPC.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.level > 1 or (node.module or "").startswith("kuscia_nb"))
        if node.module != "errors"
    }
    assert outside == set()
