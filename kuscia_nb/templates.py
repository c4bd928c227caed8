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

TEMPLATES = {
    "psi-lr": ("psi_1", "ss_lr_1", "ss_lr_predict_1", "ss_lr_evaluate_1"),
    "lr": ("ss_lr_1", "ss_lr_predict_1", "ss_lr_evaluate_1"),
}
"""The tasks of each template: psi-lr aligns both files by their ids first, lr takes rows in the same order."""

_OUTPUTS = {"ecdh_psi": "train_data", "ss_lr": "result", "ss_lr_predict": "scores", "ss_lr_evaluate": "report"}
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
    of the rows is held out, for the evaluation. `training` are parameters of ss_lr, as `suggest` has them.
    """
    if name not in TEMPLATES:
        raise KusciaError(f"there is no template {name!r}", hint=choice(name, list(TEMPLATES)))
    for node in (label_owner, initiator):
        if node not in DOMAINS:
            raise KusciaError(f"{node!r} is not a party of the template", hint=choice(node, list(DOMAINS)))
    roles = {node: "host" if node == initiator else "guest" for node in sorted(DOMAINS, key=initiator.__ne__)}
    ids = {"id_column": id_column} if id_column else {}
    files = {node: {"namespace": "data", "name": file, **ids} for node, file in zip(DOMAINS, (alice, bob), strict=True)}
    tasks = _tasks(TEMPLATES[name], roles, files, f"{roles[label_owner]}.0", training)
    return _HEAD.format(name=_scalar(job or name), initiator=initiator) + "".join(tasks)


def suggest(
    cluster: Cluster, alice: str = "alice.csv", bob: str = "bob.csv", *, id_column: str = "id"
) -> dict[str, Any]:
    """Parameters of ss_lr that work for most files like these, by their rows and columns: `template(..., **these)`.

    Whoever calls it sees both nodes' files; a party alone knows its own columns, and the number of the peer's.
    """
    from .operators.ss_lr.suggest import suggest as by_size

    frames = [cluster.data(node, file) for node, file in zip(DOMAINS, (alice, bob), strict=True)]
    columns = sum(len(frame.columns) - (id_column in frame.columns) for frame in frames) - 1
    return by_size(min(len(frame) for frame in frames), max(1, columns))


def _tasks(
    aliases: tuple[str, ...],
    roles: Mapping[str, str],
    files: Mapping[str, Mapping[str, str]],
    owner: str,
    training: Mapping[str, Any],
) -> list[str]:
    """A task each; where rows are aligned first, the others read those."""
    aligned = "psi_1" in aliases
    own: Mapping[str, Mapping[str, Any]] = {node: {} for node in roles} if aligned else files
    scale = {"scale": training.get("scale", "standard")}
    common = {"learning_rate": 0.1, "batch_size": 32, "num_epoch": 10, "l2_norm": 0, "holdout": 0.2}
    common |= {key: value for key, value in training.items() if key != "scale"}
    rows = ["psi_1.train_data"] if aligned else []
    known: dict[str, tuple[list[str], Mapping[str, Any], Mapping[str, Mapping[str, Any]]]] = {
        "psi_1": ([], {}, files),
        "ss_lr_1": (rows, {"label_owner": owner, **common}, {node: {**own[node], **scale} for node in roles}),
        "ss_lr_predict_1": (["ss_lr_1.result", *rows], {"receiver": owner}, own),
        "ss_lr_evaluate_1": (["ss_lr_1.result", *rows], {"label_owner": owner, "share_metrics": True}, own),
    }
    return [_task(alias, roles, *known[alias]) for alias in aliases]


def _task(
    alias: str,
    roles: Mapping[str, str],
    inputs: list[str],
    common: Mapping[str, Any],
    own: Mapping[str, Mapping[str, Any]],
) -> str:
    host, guest = roles
    module = "ecdh_psi" if alias == "psi_1" else alias.removesuffix("_1")
    config = {
        "name": alias,
        "module_name": module,
        "input": [{"type": "dataset", "key": key} for key in inputs],
        "output": [{"type": "dataset", "key": _OUTPUTS[module]}],
        "role": {role: [node] for node, role in roles.items()},
        "initiator": {"role": "host", "node_id": host},
        "task_params": {**{role: {"0": own[node]} for node, role in roles.items()}, "common": common},
    }
    needed = sorted({key.partition(".")[0] for key in inputs})
    return _TASK.format(
        alias=alias,
        host=host,
        guest=guest,
        image=module.replace("_", "-"),
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
