"""What does the control plane cost: the nodes' stores, controllers and BFIA messages?

    python benchmarks/control.py

tutorial    the tutorial's job from `apply` to Succeeded on both nodes, and the same two programs run without any node;
            what lies between is the control plane's: at most 20 ms
kept        the same job where it is written down, and where it is not, in turns, the quickest of each: at most 5 % more
tasks       one job of 128 tasks whose programs say hello to each other
jobs        1,000 finished jobs in both stores, and then `kubectl get kj`: at most 50 ms
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from _common import positive, publish, table

import kuscia_nb as kn
from kuscia_nb.mpc import Seeds, TrustedThirdParty, connect, run_lockstep
from kuscia_nb.operators import OPERATORS, Party, ranked_parties

TUTORIAL_LIMIT, GET_LIMIT = 20, 50
"""Milliseconds."""
KEPT_LIMIT = 5
"""Percent."""


@kn.operator(inputs=("data",), outputs=("result",), image="hello")
async def hello(party: kn.Party) -> None:
    """Each party sends the other one message."""
    await party.link.send(b"hello", "greet")
    await party.link.receive()


def job(name: str, tasks: int = 1, parallel: int = 1) -> dict[str, Any]:
    """A job of so many tasks that say hello."""
    own = {"0": {"name": "perfect_logit_a.csv", "namespace": "data"}}

    def task(i: int) -> dict[str, Any]:
        config = {
            "name": f"hello_{i}",
            "module_name": "hello",
            "output": [{"type": "dataset", "key": "result"}],
            "role": {"host": ["alice"], "guest": ["bob"]},
            "initiator": {"role": "host", "node_id": "alice"},
            "task_params": {"host": own, "guest": own},
        }
        parties = [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}]
        text = json.dumps(config)
        return {"alias": f"hello_{i}", "appImage": "hello", "parties": parties, "taskInputConfig": text}

    spec = {"initiator": "alice", "maxParallelism": parallel, "tasks": [task(i) for i in range(tasks)]}
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": name},
        "spec": spec,
    }


def seconds(action: Callable[[], object]) -> float:
    begin = perf_counter()
    action()
    return perf_counter() - begin


def programs(environments: list[dict[str, str]]) -> None:
    """The tutorial's two programs alone, as a node starts them."""
    ttp, links = TrustedThirdParty(), connect(("bob", "alice"))
    by_role = {environment["config.self_role"]: environment for environment in environments}
    parties = []
    for link, role in zip(links, ranked_parties(environments[0]), strict=True):
        seeds = Seeds(None, scope=link.name)
        quiet = lambda *_: None  # noqa: E731
        parties.append(OPERATORS["ss_lr"].program(Party(by_role[role], link, ttp, seeds, quiet, quiet, quiet)))
    for outcome in run_lockstep((parties[0], parties[1]), links):
        if outcome.error is not None:
            raise outcome.error


def tutorial(cluster: kn.Cluster, repeats: int) -> tuple[float, float]:
    """Medians, in seconds: the whole job, and its programs alone; taken in turns."""
    manifest = kn.tutorial_manifest()
    first = cluster.apply(manifest).wait()
    environments = [first.env(node) for node in first.nodes]
    whole, alone = [], []
    for _ in range(repeats):
        cluster.delete(first.name)
        whole.append(seconds(lambda: cluster.apply(manifest).wait()))
        alone.append(seconds(lambda: programs(environments)))
    return statistics.median(whole), statistics.median(alone)


def kept(cluster: kn.Cluster, repeats: int) -> float:
    """How much longer the tutorial's job takes where it is written down than where it is not, in percent."""
    with kn.connect() as temporary:
        best: dict[kn.Cluster, float] = {}
        for turn in range(repeats):
            for one in (cluster, temporary) if turn % 2 else (temporary, cluster):
                took = seconds(lambda one=one: one.apply(kn.tutorial_manifest(), replace=True).wait())
                best[one] = min(took, best.get(one, took))
    return 100 * (best[cluster] / best[temporary] - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=positive, default=21)
    parser.add_argument("--jobs", type=positive, default=1000)
    parser.add_argument("--save", action="store_true", help="write results/control.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, kn.connect(storage=Path(folder)) as cluster:
        whole, alone = tutorial(cluster, arguments.repeats)
        more = kept(cluster, 4 * arguments.repeats)
        tasks = seconds(lambda: cluster.apply(job("many", 128, 128)).wait())
        jobs = seconds(lambda: [cluster.apply(job(f"job-{i}")).wait() for i in range(arguments.jobs)])
        get = statistics.median(
            seconds(lambda: str(cluster.kubectl("get kj -n cross-domain"))) for _ in range(arguments.repeats)
        )
    rows = [
        ("tutorial's job", f"{whole * 1000:.1f}", ""),
        ("its two programs alone", f"{alone * 1000:.1f}", ""),
        ("the control plane's part", f"{(whole - alone) * 1000:.1f}", str(TUTORIAL_LIMIT)),
        ("writing it down, in %", f"{more:.1f}", str(KEPT_LIMIT)),
        ("128 tasks in one job", f"{tasks * 1000:.0f}", ""),
        ("each of them", f"{tasks * 1000 / 128:.1f}", ""),
        (f"each of {arguments.jobs:,} jobs", f"{jobs * 1000 / arguments.jobs:.1f}", ""),
        (f"get kj, {arguments.jobs + 2:,} finished jobs", f"{get * 1000:.1f}", str(GET_LIMIT)),
    ]
    publish("control", "The control plane, in milliseconds", table(("", "ms", "limit"), rows), save=arguments.save)


if __name__ == "__main__":
    main()
