"""alice, bob and a TTP in this process.

One process means that this shows and checks the protocol: the parties' programs cannot reach each other's data, but
whoever runs the process can reach both. It does not keep two people's data apart.

Each node has a storage folder of its own, laid out as on a Kuscia node: `data/` with its files, and a folder for each
job's results. By default they live in a temporary folder that goes when the cluster is closed or Python ends; what a
killed process could not remove, the next one does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..bfia import reader as bfia
from ..bfia.translate import to_job
from ..control.manifest import check_against, from_dict, read_manifest
from ..control.problems import FieldPath, Problem, choice
from ..control.resources import KusciaJob
from ..control.runtime import Options, Run
from ..control.source import Source, manifest_error
from ..data.sample import write_sample
from ..errors import JobError
from ..mpc import TrustedThirdParty
from ..operators import OPERATORS

DOMAINS = ("alice", "bob")

_PREFIX = "kuscia_nb-"
"""Of temporary folders; the id of the process that owns the folder comes next."""


class LocalBackend:
    """The nodes, their storage, their TTP and their jobs."""

    def __init__(self, storage: Path | None = None) -> None:
        if storage is None:
            _sweep()
            storage = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
            self._clean = weakref.finalize(self, shutil.rmtree, storage, ignore_errors=True)
        else:
            self._clean = weakref.finalize(self, lambda: None)
        self.storage = {domain: storage / domain for domain in DOMAINS}
        self.ttp = TrustedThirdParty()
        self.runs: dict[str, Run] = {}
        self.closed = False
        self._threads: dict[str, threading.Thread] = {}
        write_sample(
            self.storage["alice"] / "data" / "perfect_logit_a.csv", self.storage["bob"] / "data" / "perfect_logit_b.csv"
        )

    def apply(self, manifest: str | Mapping[str, Any], options: Options, *, replace: bool = False) -> Run:
        """Check a job and start it on a thread of its own; `replace` a finished job of the same name."""
        job = read_manifest(manifest) if isinstance(manifest, str) else from_dict(manifest)
        _check(job)
        return self._start(job, options, replace, "metadata.name")

    def submit(self, request: str | Mapping[str, Any], options: Options, *, replace: bool = False) -> Run:
        """`apply` for a BFIA create-job request."""
        create = bfia.read_request(request) if isinstance(request, str) else bfia.from_dict(request)
        job = to_job(create)
        with bfia.pointing_into(create, job):
            _check(job)
        return self._start(job, options, replace, "job_id")

    def _start(self, job: KusciaJob, options: Options, replace: bool, name_field: str) -> Run:
        name = job.metadata.name
        if name in self.runs:
            finished = self.runs[name].ended.is_set()
            if not (finished and replace):
                state = "finished" if finished else "still running"
                hint = f"cluster.delete({name!r}) first, or give this one another {name_field}"
                raise JobError(f"job {name} already exists and is {state}", hint=hint)
        run = self.runs[name] = Run(job, self.storage, self.ttp, options)
        thread = self._threads[name] = threading.Thread(target=run.execute, name=f"kuscia_nb {name}", daemon=True)
        thread.start()
        return run

    def delete(self, name: str) -> None:
        """Stop a job if it runs, and forget it on both nodes. Its result files stay, as on a Kuscia node."""
        self.runs[name].stop.request()
        self._threads[name].join()
        del self.runs[name], self._threads[name]

    def close(self) -> None:
        """Stop all jobs, and remove the storage if it was made here."""
        self.closed = True
        for run in self.runs.values():
            run.stop.request()
        for thread in self._threads.values():
            thread.join()
        self.runs.clear()
        self._threads.clear()
        self._clean()


def _sweep() -> None:
    """Remove the temporary folders of processes that are no more."""
    if os.name != "posix":  # elsewhere, asking after a process may end it
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):
            continue  # not a folder of ours, or of somebody else's process


def _check(job: KusciaJob) -> None:
    """Refuse a job that these nodes cannot run."""
    check_against(job, DOMAINS, {operator.image for operator in OPERATORS.values()})
    if problems := list(_component_problems(job)):
        raise manifest_error(problems, job._source if isinstance(job._source, Source) else Source())


def _component_problems(job: KusciaJob) -> Iterator[Problem]:
    """Every task's operator has to be in its AppImage (spec: kuscia §4.3), and has two parties."""
    for i, task in enumerate(job.spec.tasks):
        path: FieldPath = ("spec", "tasks", i)
        module, image = task.config.module_name, task.app_image
        if module not in OPERATORS or OPERATORS[module].image != image:
            text = f"not found expected component {module} in component spec of AppImage {image}"
            known = [name for name, operator in OPERATORS.items() if operator.image == image]
            yield Problem((*path, "taskInputConfig", "module_name"), text, choice(module, known))
        elif not len(task.parties) == len(list(task.config.role.members())) == 2:
            text = f"{module} is for two parties, task {task.alias} has {len(task.parties)}"
            hint = "one host and one guest, in the parties and in role: " + " and ".join(DOMAINS)
            yield Problem((*path, "taskInputConfig", "role"), text, hint)
