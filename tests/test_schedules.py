"""A few hundred of the schedules of faults that `make faults` runs ten thousand of."""

from __future__ import annotations

import pytest
from schedules import LIES, Schedules

import kuscia_nb as kn
from kuscia_nb.backends.local import LocalBackend
from kuscia_nb.faults import KINDS


@pytest.mark.parametrize(("verify", "count"), [(False, 200), (True, 100)])
def test_no_schedule_hangs_or_leaves_something_or_hides_what_went_wrong(verify: bool, count: int) -> None:
    with kn.Cluster(LocalBackend()) as cluster:
        schedules = Schedules(cluster, 18, verify=verify)
        for number in range(count):
            schedules.run(number)
        left = schedules.threads()
    tally = schedules.tally
    assert not any(tally.wrong.values()), tally.wrong
    assert left == []
    assert sum(tally.outcomes.values()) == count
    lies = {kind for (kind, outcome), seen in tally.outcomes.items() if outcome == "lie" and seen}
    assert lies <= (set() if verify else {*LIES})
    assert {kind for kind, outcome in tally.outcomes if outcome != "never"} == {*KINDS}, "each was injected"
