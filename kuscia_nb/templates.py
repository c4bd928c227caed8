"""Jobs to begin with: manifests for one's own two files, from alignment to evaluation.

A taskInputConfig is JSON in a text; here it stands on lines of its own, which Kuscia reads just as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from textwrap import indent
from typing import TYPE_CHECKING, Any

from .backends import DOMAINS
from .errors import KusciaError
from .problems import choice

if TYPE_CHECKING:
    from .cluster import Cluster
    from .operators.template import Task, Template

_HEAD = """\
apiVersion: kuscia.secretflow/v1alpha1
kind: KusciaJob
metadata:
  name: {name}
  namespace: cross-domain
spec:
  initiator: {initiator}
  scheduleMode: Strict
  maxParallelism: 2
  tasks:
"""
_TASK = """\
  - alias: {alias}
    appImage: {image}
    parties:
    - {{domainID: {host}, role: host}}
    - {{domainID: {guest}, role: guest}}
{dependencies}    taskInputConfig: |-
{config}
"""


def template(
    name: str = "psi-lr",
    *,
    alice: str = "alice.csv",
    bob: str = "bob.csv",
    id_column: str = "id",
    label_owner: str = "alice",
    initiator: str = "alice",
    job: str | None = None,
    **training: Any,
) -> str:
    """The manifest of a job that trains, predicts and evaluates with two files; psi-lr aligns them by their ids first.

    `alice` and `bob` are files in those nodes' data folders. The label is the last column of `label_owner`'s. A fifth
    of the rows is held out, for the evaluation. `training` are parameters of the training, as `suggest` has them.
    """
    from .operators.template import Wanted

    chosen = _named(name)
    for node in (label_owner, initiator):
        if node not in DOMAINS:
            raise KusciaError(f"{node!r} is not a party of the template", hint=choice(node, list(DOMAINS)))
    roles = {node: "host" if node == initiator else "guest" for node in sorted(DOMAINS, key=initiator.__ne__)}
    ids = {"id_column": id_column} if id_column else {}
    files = {node: {"namespace": "data", "name": file, **ids} for node, file in zip(DOMAINS, (alice, bob), strict=True)}
    tasks = chosen.tasks(Wanted(files, f"{roles[label_owner]}.0", training))
    return _HEAD.format(name=_scalar(job or name), initiator=initiator) + "".join(_task(one, roles) for one in tasks)


def suggest(
    cluster: Cluster, alice: str = "alice.csv", bob: str = "bob.csv", *, id_column: str = "id"
) -> dict[str, Any]:
    """Parameters of a training that work for most files like these, by rows and columns: `template(..., **these)`.

    Whoever calls it sees both nodes' files; a party alone knows its own columns, and the number of the peer's.
    """
    frames = [cluster.data(node, file) for node, file in zip(DOMAINS, (alice, bob), strict=True)]
    columns = sum(len(frame.columns) - (id_column in frame.columns) for frame in frames) - 1
    return _named("psi-lr").suggest(min(len(frame) for frame in frames), max(1, columns))


def _named(name: str) -> Template:
    from .operators import OPERATORS  # the package needs numpy

    if name not in OPERATORS.templates:
        raise KusciaError(f"there is no template {name!r}", hint=choice(name, OPERATORS.templates))
    return OPERATORS.templates[name]


def _task(task: Task, roles: Mapping[str, str]) -> str:
    """A task in YAML, `roles` by node."""
    host, guest = roles
    config = {
        "name": task.alias,
        "module_name": task.operator,
        "input": [{"type": "dataset", "key": key} for key in task.inputs],
        "output": [{"type": "dataset", "key": task.output}],
        "role": {role: [node] for node, role in roles.items()},
        "initiator": {"role": "host", "node_id": host},
        "task_params": {**{role: {"0": task.own[node]} for node, role in roles.items()}, "common": task.common},
    }
    needed = sorted({key.partition(".")[0] for key in task.inputs})
    return _TASK.format(
        alias=task.alias,
        host=host,
        guest=guest,
        image=task.operator.replace("_", "-"),
        dependencies=f"    dependencies: [{', '.join(needed)}]\n" if needed else "",
        config=indent(_json(config), "      "),
    )


def _scalar(text: str) -> str:
    """A name in YAML, in quotes where it would be something else without."""
    return (
        text if re.fullmatch(r"[a-z][a-z0-9.-]*", text) and text not in ("null", "true", "false") else json.dumps(text)
    )


def _json(config: Mapping[str, Any]) -> str:
    """JSON with a line for each entry, and for each party and its parameters."""
    params = config["task_params"]
    lines = [f'"{key}": {json.dumps(value)}' for key, value in config.items() if key != "task_params"]
    inner = ",\n    ".join(f'"{key}": {json.dumps(value)}' for key, value in params.items())
    return "{\n  " + ",\n  ".join([*lines, f'"task_params": {{\n    {inner}\n  }}']) + "\n}"
