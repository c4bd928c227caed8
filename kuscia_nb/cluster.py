"""What a person holds: a `Cluster` to submit jobs to, and a `Job` to watch and read."""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .backends.local import LocalBackend
from .data.copy import STORAGE, local_file
from .data.frames import read_frame, write_frame
from .errors import DataError, JobError, KusciaError
from .job import Job
from .observer.runs import Run
from .options import Options, by_name
from .problems import choice

if TYPE_CHECKING:
    import pandas as pd

    from .control.kubectl import Output

_default: Cluster | None = None
_open: weakref.WeakSet[LocalBackend] = weakref.WeakSet()
_connecting = threading.Lock()


def connect(to: str = "local", *, storage: str | Path | None = None) -> Cluster:
    """The cluster to work with.

    "local" is alice, bob and a TTP in this process; they start at the first call and are the same ever after. With
    `storage`, a cluster of its own, whose files stay in that folder.
    """
    global _default
    if to != "local":
        what = f"cannot connect to {to!r}: so far there are only nodes in this process"
        raise KusciaError(what, hint='connect("local"): alice, bob and a TTP')
    if storage is not None:
        try:
            return Cluster(LocalBackend(Path(storage)))
        except (OSError, ValueError) as error:
            what = f"{storage} cannot be the storage: {getattr(error, 'strerror', None) or error}"
            raise KusciaError(what, hint="a folder that you may write to; it is made if need be") from error
    with _connecting:
        if _default is None or _default.closed:
            _default = Cluster(LocalBackend())
        return _default


def disconnect() -> None:
    """Close every cluster that `connect` gave out and that is still in use."""
    for backend in list(_open):
        backend.close()


class Cluster:
    """Two nodes and their TTP."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._node = next(iter(backend.nodes))
        _open.add(backend)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the cluster was closed; its jobs and temporary files are gone then."""
        return self._backend.closed

    @property
    def nodes(self) -> dict[str, Path]:
        """Each node's storage folder."""
        return {domain: node.storage for domain, node in self._backend.nodes.items()}

    @property
    def node(self) -> str:
        """The node that kubectl lines are for, unless they name one."""
        return self._node

    def use(self, node: str) -> None:
        """Let kubectl lines be for this node from now on."""
        if node not in self.nodes:
            raise DataError(f"there is no node {node}", hint=choice(node, self.nodes))
        self._node = node

    @property
    def http(self) -> dict[str, str]:
        """The URL of each node's BFIA API; empty while the ports are closed."""
        return {domain: server.url for domain, server in self._backend.servers.items()}

    def up_http(self, port: int | None = None) -> dict[str, str]:
        """Open each node's BFIA API on 127.0.0.1: alice's on `port` or the first free one from 8084, then bob's."""
        return self._up.open_http(port)

    def down_http(self) -> None:
        """Close the ports."""
        self._backend.close_http()

    def ttp_status(self) -> dict[str, int]:
        """What the trusted third party has done so far: sessions opened, adjust requests, bytes of corrections."""
        ttp = self._backend.ttp
        return {"sessions": ttp.opened, "requests": ttp.requests, "bytes": ttp.bytes}

    def kubectl(
        self,
        line: str,
        *,
        node: str | None = None,
        stdin: str | None = None,
        emit: Callable[[str], None] | None = None,
    ) -> Output:
        """What stands after `kubectl` on a command line, on a node; the result prints as kubectl does.

        `stdin` is for `apply -f -`, `emit` gets the lines of `get -w` as they come.
        """
        from .control.kubectl import run

        return run(line, self._up.nodes, node=node or self._node, stdin=stdin, emit=emit)

    @by_name(Options)
    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Job:
        """Start the KusciaJob that a YAML or JSON text (or a dict) describes; returns it running.

        ManifestError, if the text is not a valid job, says everything that is wrong; JobError, if the name is taken.
        Which truncation it was says `job.notes`, what a shadow has found `job.shadow`.
        """
        return Job(self._backend, self._up.apply(manifest, options, replace=options.replace))

    @by_name(Options)
    def submit(self, request: str | Mapping[str, Any], options: Options) -> Job:
        """`apply` for a BFIA create-job request: the JSON text (or a dict) for POST /v1/interconn/schedule/job/create.

        The job is the KusciaJob that Kuscia makes of the request (spec: kuscia §3.5).
        """
        return Job(self._backend, self._up.submit(request, options, replace=options.replace))

    def jobs(self) -> pd.DataFrame:
        """Every job: name, phase, started."""
        import pandas as pd

        rows = [(job.name, job.phase, run.created) for job, run in self._jobs()]
        return pd.DataFrame(rows, columns=["name", "phase", "started"])

    def job(self, name: str) -> Job:
        """A job by its name."""
        return Job(self._backend, self._backend.runs.by_name[self._known(name)])

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on all nodes. Its result files stay."""
        self._backend.delete(self._known(name))

    def put(self, node: str, name: str, data: pd.DataFrame | str | Path) -> Path:
        """Copy a data file or a frame into a node's data folder, as `name` (.csv, .csv.gz, .parquet); only there."""
        folder = self._data_folder(node)
        if Path(name).name != name or name in ("", ".", ".."):
            raise DataError(f"{name!r} is not a file name", hint="a plain name, such as my.csv")
        target = folder / name
        try:
            if isinstance(data, str | Path):
                shutil.copyfile(local_file(str(data)), target)
            elif hasattr(data, "to_csv"):
                write_frame(target, data)
            else:
                hint = f"data.{to}()" if (to := _to_frame(data)) else "a frame, or the path of a data file"
                raise DataError(f"{type(data).__name__} is no table", hint=hint)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"cannot write {node}: data/{name}: {reason}") from error
        return target

    def data(self, node: str, name: str | None = None) -> pd.DataFrame:
        """The files in a node's data folder; with a name, or the path on a Kuscia node, that file as a frame."""
        import pandas as pd

        folder = self._data_folder(node)
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if name is None:
            return pd.DataFrame([(path.name, path.stat().st_size) for path in files], columns=["name", "bytes"])
        name = name.removeprefix(STORAGE).removeprefix("data/")
        if name not in [path.name for path in files]:
            raise DataError(f"{node} has no data file {name}", hint=choice(name, [path.name for path in files]))
        return read_frame(folder / name, f"{node}: data/{name}")

    def close(self) -> None:
        """Stop all jobs, and remove the nodes' files if they are temporary."""
        self._backend.close()

    @property
    def _up(self) -> LocalBackend:
        """The backend; a KusciaError if it was closed, for what is begun there would never come to an end."""
        if self.closed:
            what = "this cluster was closed, by %kuscia down, %unload_ext or close(): its jobs and files are gone"
            raise KusciaError(what, hint="cluster = kn.connect(), which gives one that is up")
        return self._backend

    def _jobs(self) -> list[tuple[Job, Run]]:
        return [(Job(self._backend, run), run) for run in list(self._backend.runs.by_name.values())]

    def _known(self, name: str) -> str:
        if name not in self._up.runs.by_name:
            raise JobError(f"there is no job {name}", hint=choice(name, self._backend.runs.by_name))
        return name

    def _data_folder(self, node: str) -> Path:
        if node not in self.nodes:
            raise DataError(f"there is no node {node}", hint=choice(node, list(self.nodes)))
        folder = self._up.nodes[node].storage / "data"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def __repr__(self) -> str:
        return f"<Cluster local: {', '.join(self.nodes)}; {len(self._backend.runs.by_name)} jobs>"


def _to_frame(data: object) -> str:
    """What makes a pandas frame of another library's table (Polars, Arrow, Spark), if it is one."""
    known = {"to_pandas": "to_pandas", "toPandas": "toPandas", "collect": "collect().to_pandas"}
    return next((call for name, call in known.items() if hasattr(data, name)), "")
