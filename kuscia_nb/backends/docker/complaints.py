"""What Docker's engine and its SDK complain about, in our words. Texts tell it apart: their classes are not enough."""

from __future__ import annotations

import json
import re
from contextlib import suppress

from ...errors import EngineError

LOCAL = "kn.connect() has both nodes in this process and needs no Docker"
OWN_NODE = "nodes of this package, which need no rights (containers/node/compose.yaml)"
_MIRROR = "--image or a mirror's name in its place; an image that is there by `docker load` is not pulled"
_SAID = (
    # --- of pulls, whose texts have those of a network within them
    (
        r"manifest unknown|manifest for .* not found|no such manifest",
        "there is no image {where} in its registry: the tag is unknown there",
        f"is the version right? {_MIRROR}",
    ),
    (
        r"pull access denied|repository (does not exist|name not known)|unauthorized|access to the resource is denied",
        "the registry does not give away {where}: there is no such image, or it wants a login",
        f"docker login; {_MIRROR}",
    ),
    (
        r"no matching manifest",
        "there is no image {where} for this engine's architecture",
        f"Kuscia's images for BFIA are for x86_64: another machine, or {OWN_NODE}",
    ),
    (
        r"dial tcp|no such host|i/o timeout|TLS handshake|HTTP response to HTTPS|Client\.Timeout|proxyconnect",
        "the engine cannot reach the registry of {where}: {text}",
        f"is there a network, or a proxy to set for the engine? {_MIRROR}",
    ),
    # --- of containers and networks that are made
    (
        r"unable to apply caps|privileged mode is incompatible|[Pp]rivileged .*(not allowed|denied|forbidden)",
        "the engine does not start {where}, as privileged containers are not allowed here: {text}",
        f"Kuscia's node has containerd within it, and needs to be privileged; {OWN_NODE}",
    ),
    (
        r"is already in use by container",
        "there is a container {where} already",
        "kn.connect('docker', nodes={{...}}) works with it; --name for others beside it",
    ),
    (
        r"network with name .* already exists|network .* is ambiguous|\d matches found based on name",
        "there is more than one network {where}, and containers of either do not meet",
        "docker network ls; docker network rm ID of the one without containers",
    ),
    (
        r"port is already allocated|Bind for|address already in use",
        "{where} cannot start, for its port is taken: {text}",
        "docker ps says who has it; docker rm {where} before another try, as it stays behind",
    ),
    (r"no space left|disk quota exceeded", "the engine's disk is full", "docker system df says what takes the room"),
    # --- of an engine
    (
        r"FileNotFoundError|ConnectionRefused|Connection refused|NameResolution|Name or service not known|No such file",
        "no Docker engine answers at {host}",
        f"start Docker, or set DOCKER_HOST; {LOCAL}",
    ),
    (
        r"PermissionError|[Pp]ermission denied",
        "you may not speak to the Docker engine at {host}",
        "join the group docker and log in again, which makes you root there; or DOCKER_HOST of a rootless engine",
    ),
    # --- of a container that is there
    (r"is paused", "{where} is paused", "docker unpause {where}"),
    (r"is restarting", "{where} is restarting: its main process ends again and again", "docker logs --tail 50 {where}"),
    (r"is not running", "{where} is not running", "docker start {where}; docker logs --tail 50 {where}"),
    (r"No such container", "there is no container {where}", "docker ps --all lists those that there are"),
    (
        r"Connection aborted|Connection reset|RemoteDisconnected|Broken pipe",
        "the Docker engine at {host} went away",
        "is it still running? docker info",
    ),
)
"""What a complaint's text has in it, and what to say of it and to try. The first that fits counts."""


def in_our_words(complaint: BaseException | str, host: str, where: str) -> EngineError:
    """What a complaint means; `where` is the container, image or network that it is about."""
    explained = complaint if isinstance(complaint, str) else getattr(complaint, "explanation", None) or complaint
    with suppress(TypeError, ValueError, KeyError):
        explained = json.loads(str(explained))["message"]
    said = complaint if isinstance(complaint, str) else f"{type(complaint).__name__} {complaint}"
    for pattern, what, hint in _SAID:
        if re.search(pattern, said):
            known = {"host": host, "where": where or "the container", "text": str(explained).strip()[:300]}
            return EngineError(what.format(**known), hint=hint.format(**known))
    return EngineError(f"the Docker engine at {host} says no: {explained}", where=where)
