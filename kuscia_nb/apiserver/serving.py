"""The open ports of some nodes, and the file with which kubectl gets in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..control.node import Node
from ..wire.identity import make, server_tls
from .kubeconfig import write
from .server import HOST, ApiServer


class Serving:
    """A port for each node, from now until `stop`; only who can read the file at `kubeconfig` is let in."""

    def __init__(self, nodes: Mapping[str, Node], file: Path | None = None, port: int = 0) -> None:
        """`file`: where the kubeconfig goes, or else into a folder that nobody else may read.

        `port`: that of the first node, and the others take the next ones; 0 means any. KusciaError, if one is not free.
        """
        self._made = Path(tempfile.mkdtemp(prefix="kuscia-nb-")) if file is None else None
        self.kubeconfig = file or Path(str(self._made), "kubeconfig")
        """What KUBECONFIG names."""
        self._servers: dict[str, ApiServer] = {}
        self._written = False
        try:
            self._open(nodes, port)
        except BaseException:
            self.stop()
            raise

    def _open(self, nodes: Mapping[str, Node], port: int) -> None:
        with tempfile.TemporaryDirectory() as folder:  # keys are read once; that of the server is in no file afterwards
            own, person = make("server", Path(folder), hosts=(HOST,)), make("person", Path(folder))
            for number, (name, node) in enumerate(nodes.items()):
                server = ApiServer(node, server_tls(own, [person.certificate]), port and port + number)
                server.start()
                self._servers[name] = server
            write(self.kubeconfig, {name: server.url for name, server in self._servers.items()}, own, person)
            self._written = True

    def stop(self) -> None:
        """Close the ports. The kubeconfig leads nowhere then, and is removed."""
        for server in self._servers.values():
            server.stop()
        if self._written:
            self.kubeconfig.unlink(missing_ok=True)
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)
