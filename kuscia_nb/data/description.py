"""The JSON file beside an output, `<path>.json`, which says what the output's lines are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from .files import Folder, write_atomically

F = TypeVar("F", bound=Folder)


def description_path(path: F) -> F:
    """Where the description of an output is."""
    return path.with_name(path.name + ".json")


def write_description(path: Path, description: Mapping[str, Any]) -> None:
    """Describe an output. Written before the output: where there is one, there is its description."""
    text = json.dumps(description, indent=2, ensure_ascii=False)
    write_atomically(description_path(path), (text + "\n").encode())


def id_column(path: Path) -> str | None:
    """The id column of a file that a task of alignment has written and described; None of any other file."""
    try:
        found = json.loads(description_path(path).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    column = found.get("id_column") if isinstance(found, dict) else None
    return column if isinstance(column, str) else None
