"""Jobs to begin with that an operator brings: several tasks for two files, with few questions and values that work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .parameter import Parameter


class Task(NamedTuple):
    """One task of a template."""

    alias: str
    operator: str
    inputs: tuple[str, ...]
    """Outputs of other tasks, such as psi_1.train_data."""
    output: str
    common: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    """Parameters by node."""


class Wanted(NamedTuple):
    """What a person has said of the job."""

    files: Mapping[str, Mapping[str, Any]]
    """By node: the parameters that name its file, and the column with ids in it, if there is one."""
    owner: str
    """Who has the label, as role.index."""
    training: Mapping[str, Any]
    """Parameters, as `Template.suggest` has them."""


class Template(NamedTuple):
    """Tasks that belong together."""

    name: str
    title: str
    """What the tasks do, in their order."""
    description: str
    tasks: Callable[[Wanted], list[Task]]
    asks: tuple[Parameter, ...]
    """What a form asks for all tasks at once, beside the files and who has the label."""
    suggest: Callable[[int, int], dict[str, Any]]
    """Parameters of the training, by how many rows and columns there are."""
