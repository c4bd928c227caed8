"""The file with which a person's kubectl gets in: where the nodes are, how they are known, and the person's key."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..control.objects import CROSS_DOMAIN
from ..errors import KusciaError
from ..wire.identity import Identity

_USER = "kuscia-nb"


def write(path: Path, urls: Mapping[str, str], server: Identity, person: Identity) -> None:
    """Write it, for its owner alone: a context for each node; the first one is asked unless another one is named."""
    authority = b64encode(server.certificate.pem.encode()).decode()
    user = {
        "client-certificate-data": b64encode(person.certificate.pem.encode()).decode(),
        "client-key-data": b64encode(person.key_file.read_bytes()).decode(),
    }
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": url, "certificate-authority-data": authority}}
            for name, url in urls.items()
        ],
        "users": [{"name": _USER, "user": user}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": _USER, "namespace": CROSS_DOMAIN}} for name in urls
        ],
        "current-context": next(iter(urls)),
    }
    try:
        if path.exists() and f'"name": "{_USER}"' not in path.read_text("utf-8", "replace"):
            hint = "a file of its own: KUBECONFIG takes several, with : between them"
            raise KusciaError("there is a file already, which is not one of ours", where=str(path), hint=hint)
        path.unlink(missing_ok=True)  # one that is there may be open to others
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file, indent=2)
    except OSError as error:
        raise KusciaError(f"the kubeconfig cannot be written: {error.strerror}", where=str(path)) from error
