"""What does the side panel cost in a cluster with a thousand jobs? What is sent, and how long one look for news takes.

    python benchmarks/panel.py

snapshot   everything that a panel is told when it connects: the message as the kernel packs it, and the time to fold
           all jobs from their events and to pack them; at most 1.5 MB
idle       a look when nothing has happened
update     a look when one job has changed; at most 5 ms
running    a look while one job runs, that is five times a second; most of it is counting the messages since then

The jobs are real and have finished: two parties greet each other. `running` is the tutorial's job for many epochs; its
look shares the processor with the job itself, as it does in a kernel.

connected  the tutorial's job for 200 epochs in a kernel, with a panel that is connected and with none, in turns: the
           processor time of the whole kernel; at most 5 % more
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from _common import positive, publish, table, tell
from _gate import Gate
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session
from startup import PATIENCE, kernel, seconds

import kuscia_nb as kn
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.panel.entities import Tree

LARGEST, SLOWEST, DEAREST = 1.5, 5.0, 5.0
"""MB, ms, per cent."""
LONG = kn.tutorial_manifest().replace('"num_epoch":1,', '"num_epoch":100000,').replace(": job-ss-lr", ": long")

BEGIN = """
%load_ext kuscia_nb
import kuscia_nb
from time import process_time

def run():
    text = kuscia_nb.tutorial_manifest().replace('"num_epoch":1,', '"num_epoch":200,')
    begin = process_time()
    get_ipython().run_cell_magic("kusciajob", "--view plain", text)
    return process_time() - begin

seconds = 0
"""


@kn.operator(image="greeting")
async def greeting(party: kn.Party) -> None:
    """Greet each other."""
    await party.link.send(b"hello", "greeting")
    await party.link.receive()


def manifest(name: str) -> dict[str, Any]:
    """A job that is done at once."""
    own = {"0": {"name": "perfect_logit_a.csv", "namespace": "data"}}
    config = {
        "name": "greeting_1",
        "module_name": "greeting",
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": own, "guest": own},
    }
    parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
    task = {"alias": "greeting_1", "appImage": "greeting", "parties": parties, "taskInputConfig": json.dumps(config)}
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": name},
        "spec": {"initiator": "alice", "tasks": [task]},
    }


def milliseconds(what: Callable[[], Any], repeats: int, before: Callable[[int], Any] = lambda i: None) -> list[float]:
    """The time of each call."""
    samples = []
    for i in range(repeats):
        before(i)
        begin = time.perf_counter()
        what()
        samples.append(1000 * (time.perf_counter() - begin))
    return samples


def touched(cluster: kn.Cluster, name: str, value: str) -> None:
    """Change one job on alice's node, as a label does."""

    def labelled(job: KusciaJob) -> KusciaJob:
        return job.model_copy(update={"metadata": job.metadata.model_copy(update={"labels": {"touched": value}})})

    store: Any = cluster.at("alice").store
    store.change(KusciaJob, name, labelled)


@contextmanager
def running(cluster: kn.Cluster) -> Iterator[None]:
    """While a job runs."""
    job = cluster.apply(LONG)
    while not job.events.select("progress"):
        job.ended(0.01)
    try:
        yield
    finally:
        job.delete()


def packed(entities: dict[str, Any]) -> int:
    """How many bytes the message is, as ipykernel packs it."""
    return len(Session().pack({"comm_id": "0" * 32, "data": {"type": "snapshot", "version": 0, "entities": entities}}))


def connected(gate: Gate, client: BlockingKernelClient, repeats: int) -> str:
    """What a panel that is connected costs a job, in a sentence: medians, and the median ratio of neighbours."""
    samples: tuple[list[float], list[float]] = ([], [])
    seconds(client, BEGIN)
    for turn in range(repeats + 1):  # the first one does not count
        for with_panel, taken in enumerate(samples):
            comm = {"comm_id": f"{turn}"}
            if with_panel:
                message = client.session.msg("comm_open", {**comm, "target_name": "kuscia_nb", "data": {}})
                client.shell_channel.send(message)
            sample = gate.measure(lambda: seconds(client, "seconds = run()"))
            if with_panel:
                client.shell_channel.send(client.session.msg("comm_close", {**comm, "data": {}}))
            taken += [sample] if turn else []
    cost = 100 * (statistics.median(b / a for a, b in zip(*samples, strict=True)) - 1)
    without, beside = (f"{statistics.median(taken):.2f}" for taken in samples)
    missed = " MISSED" if cost > DEAREST else ""
    return (
        f"A job of 200 epochs takes {beside} s of a processor with a panel, {without} s without: {cost:+.1f} %{missed} "
        f"(limit: {DEAREST:.0f} %, {repeats} samples each)."
    )


def row(name: str, samples: list[float], limit: float | None = None) -> list[str]:
    """Median and slowest, and whether the median is within its limit."""
    median = statistics.median(samples)
    missed = " MISSED" if limit is not None and median > limit else ""
    return [name, f"{median:.2f}{missed}", f"{max(samples):.2f}", str(len(samples))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=positive, default=1000, help="that have finished (default: 1000)")
    parser.add_argument("--repeats", type=positive, default=50, help="of each look (default: 50)")
    parser.add_argument("--long", type=positive, default=9, help="of the job in a kernel (default: 9)")
    parser.add_argument("--save", action="store_true", help="also write results/panel.md")
    arguments = parser.parse_args()
    with kn.connect() as cluster:
        tell(f"running {arguments.jobs} jobs")
        for i in range(arguments.jobs):
            cluster.apply(manifest(f"job-{i:04}")).wait()
        tree = Tree(lambda: None)

        def all_anew() -> None:
            nonlocal tree
            tree.close()
            tree = Tree(lambda: None)
            tree.look(cluster)
            packed(tree.entities)

        rows = [row("snapshot", milliseconds(all_anew, 5))]
        size = packed(tree.entities)
        idle = milliseconds(lambda: tree.look(cluster), arguments.repeats)
        update = milliseconds(
            lambda: tree.look(cluster), arguments.repeats, lambda i: touched(cluster, "job-0000", str(i))
        )
        rows += [row("idle", idle, SLOWEST), row("update", update, SLOWEST)]
        with running(cluster):
            tree.look(cluster)
            rows.append(row("running", milliseconds(lambda: tree.look(cluster), arguments.repeats), SLOWEST))
        tree.close()
    body = table(["a look, in milliseconds", "median", "slowest", "samples"], rows)
    missed = " MISSED" if size > LARGEST * 1e6 else ""
    body += f"\n\n{arguments.jobs:,} finished jobs; their snapshot has {size:,} bytes{missed} (limit: {LARGEST} MB)."
    tell("running jobs in a kernel")
    with Gate(PATIENCE) as gate, kernel() as client:
        body += f"\n\n{connected(gate, client, arguments.long)} {gate.summary()}."
    publish("panel", "What the side panel costs", body, save=arguments.save)


if __name__ == "__main__":
    main()
