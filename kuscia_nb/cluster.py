"""What a person holds: a `Cluster` to submit jobs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .backends.base import Alone, Backend, Examined, NodeApi, Seen, Served
from .backends.doctor import Check
from .data.copy import STORAGE, local_file
from .data.files import Folder, typed
from .data.frames import read_frame, write_frame
from .errors import DataError, JobError, KusciaError
from .job import Job
from .observer.observer import Observer
from .observer.runs import Matter, Run
from .options import Options, by_name
from .problems import choice

if TYPE_CHECKING:
    import pandas as pd

    from .control.kubectl import Output


class Cluster:
    """Two nodes and their TTP."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._node = next(iter(backend.nodes))

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the cluster was closed; its jobs are gone then, unless it has a storage folder, with its files."""
        return self._backend.closed

    @property
    def nodes(self) -> dict[str, Any]:
        """Each node's storage folder: a `pathlib.Path`, where it is on this machine."""
        return {domain: node.storage for domain, node in self._backend.nodes.items()}

    def at(self, node: str) -> NodeApi:
        """A node as others see it: its objects, its files, its logs. DataError, if there is none of that name."""
        if node not in self._up.nodes:
            apart = isinstance(self._backend, Alone) and node in self._backend.peers
            why = f"{node}'s node is elsewhere: what is on it is known there alone"
            raise DataError(why if apart else f"there is no node {node}", hint=choice(node, self._up.nodes))
        return self._up.nodes[node]

    @property
    def unknown(self) -> Mapping[Matter, str]:
        """What cannot be known of jobs and nodes here, and why."""
        return self._backend.unknown

    def refresh(self) -> None:
        """Look at nodes that others use, too, which do not tell us of all that they do."""
        self._up.refresh()

    @property
    def observer(self) -> Observer:
        """What is known of the jobs on all nodes, which no party knows."""
        return self._backend.observer

    @property
    def node(self) -> str:
        """The node that kubectl lines are for, unless they name one."""
        return self._node

    def use(self, node: str) -> None:
        """Let kubectl lines be for this node from now on."""
        self._node = self.at(node).domain

    @property
    def http(self) -> dict[str, str]:
        """The URL of each node's BFIA API; empty while the ports are closed."""
        return self._backend.urls

    @property
    def http_token(self) -> str:
        """What every call of these APIs has to show, as `Authorization: Bearer`; empty, if nothing is asked for."""
        return self._backend.token

    def up_http(self, port: int | None = None, *, token: bool = False) -> dict[str, str]:
        """Open each node's BFIA API on 127.0.0.1: alice's on `port` or the first free one from 8084, then bob's.

        With `token`, only who has `http_token` may call them.
        """
        return self._up.open_http(port, token=token)

    def down_http(self) -> None:
        """Close the ports."""
        self._backend.close_http()

    def up_api(self, file: str | Path | None = None) -> Path:
        """Let kubectl, k9s and such see the nodes: a Kubernetes API for each on 127.0.0.1, and a kubeconfig for them.

        Returns where that is: at `file`, or in a folder that nobody else may read. It has a context for each node, and
        a key: whoever can read it can start, stop and delete jobs. It is fresh, and removed with `down_api`.
        """
        return self._served.open_api(typed(file) if isinstance(file, str) else file)

    def down_api(self) -> None:
        """Close these ports."""
        self._served.close_api()

    def peers(self) -> pd.DataFrame:
        """Each peer of a node that is alone here: peer, url, error, version, clock, round_trip, fingerprint, way.

        `clock` is how many seconds its clock is ahead; `error` says why it was not reached, or is not who it should be;
        `way` how requests get from one side to the other, if one of the two listens nowhere.
        """
        import pandas as pd

        rows = self._alone("there are no peers elsewhere").look()
        return pd.DataFrame(rows, columns=["peer", *Seen._fields[1:]])

    def doctor(self) -> pd.DataFrame:
        """What works and what does not, for a node that is alone here: name, verdict (ok, warn, no), value, remedy."""
        import pandas as pd

        backend = self._up
        if not isinstance(backend, Examined):
            hint = 'kn.connect("node", ...), or kuscia-nb doctor in a terminal'
            raise KusciaError("nothing here can be out of reach: all nodes are in this process", hint=hint)
        rows = list(backend.examine())
        return pd.DataFrame(rows, columns=list(Check._fields))

    def approve(self, name: str) -> None:
        """Let a peer's job run that waits to be approved. JobError, if it does not."""
        self._alone("no job has to be approved").approve(name)

    def refuse(self, name: str) -> None:
        """End a peer's job that waits to be approved, on both nodes. JobError, if it does not wait."""
        self._alone("no job has to be approved").refuse(name)

    @property
    def warnings(self) -> list[str]:
        """What is open to others for as long as the node is up."""
        return list(self._backend.warnings) if isinstance(self._backend, Alone) else []

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
        return self._up.kubectl(line, node or self._node, stdin, emit)

    @by_name(Options)
    def apply(self, manifest: str | Mapping[str, Any], options: Options) -> Job:
        """Start the KusciaJob that a YAML or JSON text (or a dict) describes; returns it running.

        ManifestError, if the text is not a valid job, says everything that is wrong; JobError, if the name is taken.
        Which truncation it was says `job.notes`, what a shadow has found `job.shadow`.
        """
        return Job(self._backend, self._up.apply(manifest, options))

    @by_name(Options)
    def submit(self, request: str | Mapping[str, Any], options: Options) -> Job:
        """`apply` for a BFIA create-job request: the JSON text (or a dict) for POST /v1/interconn/schedule/job/create.

        The job is the KusciaJob that Kuscia makes of the request (spec: kuscia §3.5).
        """
        return Job(self._backend, self._up.submit(request, options))

    def jobs(self) -> pd.DataFrame:
        """Every job: name, phase, started."""
        import pandas as pd

        rows = [(job.name, job.phase, run.created) for job, run in self._jobs()]
        return pd.DataFrame(rows, columns=["name", "phase", "started"])

    def job(self, name: str) -> Job:
        """A job by its name."""
        return Job(self._backend, self.observer.by_name[self._known(name)])

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on all nodes. Its result files stay."""
        self._backend.delete(self._known(name))

    def put(self, node: str, name: str, data: pd.DataFrame | str | Path) -> Any:
        """Copy a data file or a frame into a node's data folder, as `name` (.csv, .csv.gz, .parquet); only there.

        Returns where it is.
        """
        target = self.at(node)
        if Path(name).name != name or name in ("", ".", ".."):
            raise DataError(f"{name!r} is not a file name", hint="a plain name, such as my.csv")
        try:
            with TemporaryDirectory() as folder:
                source = local_file(str(data)) if isinstance(data, str | Path) else _written(data, Path(folder, name))
                with source.open("rb") as content:
                    return target.put(name, content)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"cannot write {node}: data/{name}: {reason}") from error

    def data(self, node: str, name: str | None = None) -> pd.DataFrame:
        """The files in a node's data folder; with a name, or the path on a Kuscia node, that file as a frame."""
        files = {file.name: file for file in self._data_files(node)}
        if name is None:
            import pandas as pd

            names = pd.Series(sorted(files), dtype=object)  # Arrow's texts cannot have every name that a file can
            return pd.DataFrame({"name": names, "bytes": [files[one].stat().st_size for one in names]})
        name = name.removeprefix(STORAGE).removeprefix("data/")
        if name not in files:
            raise DataError(f"{node} has no data file {name}", hint=choice(name, files))
        return read_frame(files[name], f"{node}: data/{name}")

    def close(self) -> None:
        """Stop all jobs, and remove the nodes' files if they are temporary; a storage folder keeps its jobs."""
        self._backend.close()

    @property
    def _up(self) -> Backend:
        """The backend; a KusciaError if it was closed, for what is begun there would never come to an end."""
        if self.closed:
            what = "this cluster was closed, by %kuscia down, %unload_ext or close(): what was temporary is gone"
            raise KusciaError(what, hint="cluster = kn.connect(), which gives one that is up")
        return self._backend

    @property
    def _served(self) -> Served:
        if isinstance(self._up, Served):
            return self._up
        raise KusciaError(f"nodes of {self._up.kind} have an API of their own", hint="%kubectl asks it")

    def _alone(self, otherwise: str) -> Alone:
        """A backend with one node here; a KusciaError for others."""
        backend = self._up
        if not isinstance(backend, Alone):
            what = f"only a node that is alone in its kernel has this: {otherwise}"
            raise KusciaError(what, hint='kn.connect("node", ...), or %kuscia up --node')
        return backend

    def _jobs(self) -> list[tuple[Job, Run]]:
        return [(Job(self._backend, run), run) for run in list(self.observer.by_name.values())]

    def _known(self, name: str) -> str:
        if name not in self._up.observer.by_name:
            raise JobError(f"there is no job {name}", hint=choice(name, self.observer.by_name))
        return name

    def _data_files(self, node: str) -> list[Folder]:
        folder = self.at(node).storage / "data"
        return [file for file in folder.iterdir() if file.is_file()] if folder.exists() else []

    def __repr__(self) -> str:
        return f"<Cluster {self._backend.kind}: {', '.join(self.nodes)}; {len(self.observer.by_name)} jobs>"


def _written(data: Any, path: Path) -> Path:
    """A frame as a file; a DataError for what is none."""
    if not hasattr(data, "to_csv"):
        hint = f"data.{to}()" if (to := _to_frame(data)) else "a frame, or the path of a data file"
        raise DataError(f"{type(data).__name__} is no table", hint=hint)
    write_frame(path, data)
    return path


def _to_frame(data: object) -> str:
    """What makes a pandas frame of another library's table (Polars, Arrow, Spark), if it is one."""
    known = {"to_pandas": "to_pandas", "toPandas": "toPandas", "collect": "collect().to_pandas"}
    return next((call for name, call in known.items() if hasattr(data, name)), "")
