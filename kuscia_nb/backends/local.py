"""alice, bob and a TTP in this process.

One process means that this shows and checks the protocol: the parties' programs cannot reach each other's data, but
whoever runs the process can reach both. It does not keep two people's data apart.

Each node has a storage folder of its own, laid out as on a Kuscia node: `data/` with its files, and a folder for each
job's results. By default they live in a temporary folder that goes when the cluster is closed or Python ends.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..control.manifest import check_against, from_dict, read_manifest
from ..control.resources import KusciaJob
from ..control.runtime import Options, Run
from ..data.sample import write_sample
from ..errors import JobError, ManifestError
from ..mpc import TrustedThirdParty
from ..operators import OPERATORS

DOMAINS = ("alice", "bob")


class LocalBackend:
    """The nodes, their storage, their TTP and their jobs."""

    def __init__(self, storage: Path | None = None) -> None:
        if storage is None:
            storage = Path(tempfile.mkdtemp(prefix="kuscia_nb-"))
            self._clean = weakref.finalize(self, shutil.rmtree, storage, ignore_errors=True)
        else:
            self._clean = weakref.finalize(self, lambda: None)
        self.storage = {domain: storage / domain for domain in DOMAINS}
        self.ttp = TrustedThirdParty()
        self.runs: dict[str, Run] = {}
        self._threads: dict[str, threading.Thread] = {}
        write_sample(
            self.storage["alice"] / "data" / "perfect_logit_a.csv", self.storage["bob"] / "data" / "perfect_logit_b.csv"
        )

    def apply(self, manifest: str | Mapping[str, Any], options: Options, *, replace: bool = False) -> Run:
        """Check a job and start it on a thread of its own; `replace` a finished job of the same name."""
        job = read_manifest(manifest) if isinstance(manifest, str) else from_dict(manifest)
        check_against(job, DOMAINS, {operator.image for operator in OPERATORS.values()})
        _check_components(job)
        name = job.metadata.name
        if name in self.runs:
            finished = self.runs[name].ended.is_set()
            if not (finished and replace):
                state = "finished" if finished else "still running"
                hint = f"cluster.delete({name!r}) first, or give this one another metadata.name"
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
        for run in self.runs.values():
            run.stop.request()
        for thread in self._threads.values():
            thread.join()
        self.runs.clear()
        self._threads.clear()
        self._clean()


def _check_components(job: KusciaJob) -> None:
    """Every task's operator has to be in its AppImage (spec: kuscia §4.3), and has two parties."""
    for task in job.spec.tasks:
        module, image = task.config.module_name, task.app_image
        if module not in OPERATORS or OPERATORS[module].image != image:
            raise ManifestError(
                f"not found expected component {module} in component spec of AppImage {image}",
                where=f"task {task.alias}, taskInputConfig.module_name",
                hint="one of " + ", ".join(name for name, operator in OPERATORS.items() if operator.image == image),
            )
        if not len(task.parties) == len(list(task.config.role.members())) == 2:
            raise ManifestError(
                f"{module} is for two parties, task {task.alias} has {len(task.parties)}",
                where=f"task {task.alias}, parties, and role in taskInputConfig",
                hint="one host and one guest: " + " and ".join(DOMAINS),
            )
