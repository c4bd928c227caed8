"""Whatever happens to a job, in any order, it comes to an end on both nodes, and both say the same about it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from world import DOMAINS, Fault, World, job

from kuscia_nb.control.kinds import KusciaTask
from kuscia_nb.control.objects import LABEL, condition
from kuscia_nb.control.resources import KusciaJob
from kuscia_nb.control.scheduling import FINAL
from kuscia_nb.control.store import AlreadyExists
from kuscia_nb.errors import JobError

NAMES = st.sampled_from(["one", "two"])
NODES = st.sampled_from(DOMAINS)
FAILS = st.sampled_from(["", "", "alice", "bob", "alice,bob"])
BURST = st.lists(st.sampled_from(["lose request", "lose reply", "twice", None]), min_size=1, max_size=6)


class Jobs(RuleBasedStateMachine):
    """People apply, stop and delete jobs on both nodes, programs fail, messages are lost and come twice."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name))

    @rule(name=NAMES, initiator=NODES, fails=FAILS, chain=st.booleans(), mode=st.sampled_from(["Strict", "BestEffort"]))
    def apply(self, name: str, initiator: str, fails: str, chain: bool, mode: str) -> None:
        after = {"dependencies": ["a"]} if chain else {}
        second = {"alias": "b", "fails": fails, **after}
        try:
            self.world.apply(
                job({"alias": "a"}, second, name=name, initiator=initiator, scheduleMode=mode, maxParallelism=2)
            )
        except (AlreadyExists, JobError):
            assert self.world.job(initiator, name)

    @rule(node=NODES, name=NAMES)
    def stop(self, node: str, name: str) -> None:
        self.world.nodes[node].store.change(KusciaJob, name, lambda found: found.in_stage("Stop"))
        self.world.settle()

    @rule(node=NODES, name=NAMES)
    def delete(self, node: str, name: str) -> None:
        self.world.nodes[node].delete(KusciaJob, name)
        self.world.settle()
        assert not [t for t in self.world.tasks(node) if t.metadata.owner_references[0].name == name]

    @rule(faults=BURST)
    def disturb(self, faults: list[Fault | None]) -> None:
        self.world.faults += faults

    @rule(seconds=st.sampled_from([0.001, 1.0, 20.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @precondition(lambda self: self.world.programs)
    @rule()
    def run(self) -> None:
        self.world.run_programs()

    @invariant()
    def nothing_is_both(self) -> None:
        for domain in DOMAINS:
            for found in self.world.nodes[domain].store.objects(KusciaJob):
                if found.finished:
                    assert found.status.phase in FINAL
                if found.status.phase == "Succeeded":
                    assert set(found.status.task_status.values()) == {"Succeeded"}

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.faults.clear()
        self.world.finish()
        for name in ("one", "two"):
            self._check_end(name)
        assert not self.world.programs
        assert not self.world.agent._sessions
        self.folder.cleanup()

    def _check_end(self, name: str) -> None:
        found = {domain: kept for domain in DOMAINS if (kept := self.world.job(domain, name))}
        for domain, kept in found.items():
            assert kept.finished, (domain, kept.status)
            tasks = [t for t in self.world.tasks(domain) if t.metadata.owner_references[0].name == name]
            assert all(task.finished and task.status.phase in FINAL for task in tasks)
            assert all(_consistent(task) for task in tasks)
            if kept.status.phase == "Failed":
                assert kept.status.message or [c for c in kept.status.conditions if c.status == "False"]
            else:
                assert all(task.status.phase == "Succeeded" for task in tasks)
        runs = {id(self.world.observer._by_uid[kept.metadata.uid]) for kept in found.values()}
        if len(found) == 2 and len(runs) == 1:
            self._check_same(found)

    def _check_same(self, found: dict[str, KusciaJob]) -> None:
        """Both nodes' copies of one job: the same outcome, unless a partner was stopped when all had succeeded."""
        leader = found[found["alice"].spec.initiator]
        partner = next(kept for kept in found.values() if kept is not leader)
        if leader.labels.get(f"{LABEL}self-cluster-as-initiator") != "true":
            return
        if leader.status.phase == "Failed":
            assert partner.status.phase == "Failed"
        elif partner.status.phase == "Failed":
            assert partner.spec.stage == "Stop"


def _consistent(task: KusciaTask) -> bool:
    success = condition(task.status.conditions, "Success")
    stated = success.status if success else "False"
    return (task.status.phase == "Succeeded") == (stated == "True")


Jobs.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestJobs = Jobs.TestCase
