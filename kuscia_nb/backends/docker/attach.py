"""Which containers are the nodes: those that are named, or those that Kuscia's own script has made."""

from __future__ import annotations

import getpass
import re
from collections.abc import Mapping, Sequence

from ...errors import EngineError
from .engine import Engine
from .exec import Exec
from .versions import Version, check_protocol, version_of

KUSCIA = re.compile(r"(.+)-kuscia-autonomy-(.+)")
"""Who has brought it up, and of which domain it is (spec: kuscia §5.1)."""


def find(engine: Engine, nodes: Mapping[str, str] | None) -> dict[str, Exec]:
    """The container of each domain. EngineError, if there is none, or which of several is meant cannot be known."""
    found = dict(nodes) if nodes else _by_name(engine.containers(), _user())
    for container in found.values():
        state = engine.container(container)
        if state.status != "running":
            raise EngineError(state.why, hint=f"docker start {container}; docker logs --tail 50 {container} says why")
    return {domain: Exec(engine, container) for domain, container in found.items()}


def versions(execs: Mapping[str, Exec]) -> dict[str, Version]:
    """Of each node; EngineError, if it cannot do BFIA jobs, or is set up for other ones."""
    found = {domain: version_of(exec) for domain, exec in execs.items()}
    for exec in execs.values():
        check_protocol(exec)
    return found


def _by_name(containers: Sequence[str], user: str) -> dict[str, str]:
    """By domain, the containers that one user has brought up."""
    owners: dict[str, dict[str, str]] = {}
    for name in containers:
        if match := KUSCIA.fullmatch(name):
            owners.setdefault(match[1], {})[match[2]] = name
    if not owners:
        hint = "%kuscia up --backend docker brings two nodes up; kn.connect('docker', nodes={'alice': 'NAME'})"
        raise EngineError("there is no container called USER-kuscia-autonomy-DOMAIN", hint=hint)
    if user not in owners and len(owners) > 1:
        listed = ", ".join(name for nodes in owners.values() for name in nodes.values())
        hint = "kn.connect('docker', nodes={'alice': 'NAME', ...}) says which"
        raise EngineError(f"several people have nodes here: {listed}", hint=hint)
    return owners[user] if user in owners else next(iter(owners.values()))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return ""
