"""The exercises of notebook 08, your own operator."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ..control.resources import RUNNING
from ..errors import KusciaError
from ..operators import OPERATORS, Operator
from ..texts.sentence import Sentence
from .checking import Unanswered, Wrong, called, exercise, number

if TYPE_CHECKING:
    import pandas as pd

    from ..cluster import Cluster
    from ..job import Job

SALARIES = (2.5, 3.5, 3.0, 5.0)
"""Bob's."""
DIFFERENCE = -0.75
"""The mean of bob's salaries minus that of alice's, which both learn."""

SECONDS = 20
"""Most that a job with a reader's operator may take."""
RARE = 1e-6

PROTOCOL = {"create session", "PRSS seed", "shape", "adjust", "open x-a", "open y-b"}
"""Messages of which the peer learns nothing but sizes."""


@exercise(
    "8.1",
    "Bob knows two numbers: the mean of his own column, and the one that was opened.",
    "opened = mean of bob - mean of alice.",
    why="Nothing went wrong in the protocol: the result and bob's own data are enough. A sum or a difference of one "
    "secret of each party always gives both secrets away.",
)
def what_bob_learns(answer: Any) -> None:
    value, bobs = number(answer), float(np.mean(SALARIES))
    if math.isclose(value, bobs - DIFFERENCE, abs_tol=1e-9):
        return
    if math.isclose(value, bobs + DIFFERENCE, abs_tol=1e-9):
        raise Wrong("The difference is bob's mean minus alice's, not the other way round.")
    if math.isclose(value, bobs, abs_tol=1e-9):
        raise Wrong("This is the mean of bob's own salaries.")
    raise Wrong("With this mean of alice's, another difference would have been opened.")


@exercise(
    "8.2",
    "Each party can add up its own values, and their squares, at home. x.shape and y.shape tell how many there are.",
    "variance = mean of the squares - square of the mean. Divided by the count of all values, the sums of both parties "
    "add up to the two means: as secrets, with +.",
    "Multiply the secret mean with itself (await mpc.mul), take it from the mean of the squares, and open that.",
    why="One number was opened, and the means stayed secret. A party that knows it and its own values has one equation "
    "for the other's mean and spread, which are two unknown numbers. If the other firm has one employee, there is no "
    "spread: one unknown is left, and the equation leaves two possible salaries, or one.",
)
def variance_of_both(answer: Any) -> None:
    operator = _registered(answer)
    columns = _columns()
    job, results = _run(operator, columns)
    _check_result(results, columns)
    _check_opened(job, columns)


@exercise(
    "8.3",
    "A product of size v is the whole number v * 2**(2 * bits) until it is truncated; truncation then fails with the "
    "probability v * 2**(2 * bits) / 2**64.",
    "Solve v * 2**(2 * bits) / 2**64 <= 1e-6 for bits, and round down: (64 - log2(1e6) - log2(v)) / 2.",
    why="Each fraction bit less makes the failure four times rarer, and every number twice as coarse. Numbers that "
    "are scaled to about 1 before they are shared leave room for both.",
)
def fraction_bits(answer: Any) -> None:
    for size in (1.0, 500.0, 3e6, 2.2e9):
        bits, room = number(called(answer, size)), 64 + math.log2(RARE) - math.log2(size)
        if bits == room // 2:
            continue
        said = {"size": f"{size:,.0f}", "bits": f"{bits:g}"}
        if bits != int(bits):
            raise Wrong("For v = {size} it returns {bits}, which is not a whole number.", **said)
        if bits == (63 - math.log2(size)) // 2:
            raise Wrong("For v = {size} it returns {bits}: the product fits, but truncation fails too often.", **said)
        if bits == room // 1:
            raise Wrong("For v = {size} it returns {bits}: a product has the fraction bits of both factors.", **said)
        if bits == room // 2 + 1:
            raise Wrong("For v = {size} it returns {bits}, which is one too many: round down.", **said)
        if bits > room / 2:
            raise Wrong("For v = {size} it returns {bits}, which is too many.", **said)
        raise Wrong("For v = {size} it returns {bits}, which is fewer than needed.", **said)


# --- an operator of the reader's, in a cluster of its own ------------------------------------------------------------


def _registered(function: Any) -> Operator:
    """The operator that a function was made."""
    if not callable(function):
        raise Wrong("A function is asked for, and this is of type {kind}.", kind=type(function).__name__)
    for operator in OPERATORS.values():
        if operator.program is function:
            return operator
    raise Wrong("This function is not registered as an operator: @kn.operator has to stand above it.")


def _columns() -> dict[str, pd.Series]:
    """New data for every check, so different in length, mean and spread that no mistake looks like another."""
    import pandas as pd

    random = np.random.default_rng()
    columns = {}
    for node, length, mean, deviation in (("alice", 12, 6.0, 0.5), ("bob", 18, 3.25, 3.0)):
        values = random.normal(size=length)
        mean, deviation = random.uniform(0.96, 1.04, 2) * (mean, deviation)
        columns[node] = pd.Series((values - values.mean()) / values.std() * deviation + mean, name="value")
    return columns


def _run(operator: Operator, columns: Mapping[str, pd.Series]) -> tuple[Job, dict[str, pd.DataFrame]]:
    """A job that runs the operator on these data, and what each node has written."""
    from ..connection import connect

    with TemporaryDirectory() as folder, connect(storage=folder) as cluster:
        for node, column in columns.items():
            cluster.put(node, "values.csv", column.to_frame())
        job = cluster.apply(_manifest(operator), trace="full")
        try:
            job.wait(SECONDS)
        except KusciaError as error:
            if job.phase == RUNNING:
                raise Wrong("It comes to no end: a job with it was still running after {n} s.", n=SECONDS) from None
            raise Wrong("A job with it fails: {error}", error=error) from error
        if not len(job.trace.messages):
            raise Unanswered  # as it stands in the notebook, it reads its column and does no more
        return job, {node: _written(cluster, node) for node in columns}


def _written(cluster: Cluster, node: str) -> pd.DataFrame:
    import pandas as pd

    files = list(cluster.nodes[node].glob("check-*/*-result"))
    if not files:
        raise Wrong('On {node} it has written nothing: party.write_csv("result", frame).', node=node)
    return pd.read_csv(files[0])


def _manifest(operator: Operator) -> dict[str, Any]:
    own = {"namespace": "data", "name": "values.csv"}
    config = {
        "name": "check",
        "module_name": operator.component.name,
        "output": [{"type": "dataset", "key": "result"}],
        "role": {"host": ["alice"], "guest": ["bob"]},
        "initiator": {"role": "host", "node_id": "alice"},
        "task_params": {"host": {"0": own}, "guest": {"0": own}},
    }
    task = {
        "alias": "check",
        "appImage": operator.image,
        "parties": [{"domainID": "alice", "role": "host"}, {"domainID": "bob", "role": "guest"}],
        "taskInputConfig": json.dumps(config),
    }
    return {
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {"name": "check"},
        "spec": {"initiator": "alice", "tasks": [task]},
    }


def _check_result(results: Mapping[str, pd.DataFrame], columns: Mapping[str, pd.Series]) -> None:
    """Whether both nodes have the variance of all values."""
    alice, bob = columns["alice"].to_numpy(), columns["bob"].to_numpy()
    both = np.concatenate([alice, bob])
    mistakes = {
        Sentence("It is the standard deviation, not the variance."): both.std(),
        Sentence("It divides by one less than the count; asked for is the mean of the squared distances."): both.var(
            ddof=1
        ),
        Sentence("It is the mean of both variances: it leaves out how far the two means are from each other."): (
            np.average([alice.var(), bob.var()], weights=[len(alice), len(bob)]),
            (alice.var() + bob.var()) / 2,
        ),
        Sentence("It is the variance of one party's values."): (alice.var(), bob.var()),
        Sentence("It is the mean of the squares; the square of the mean has to be taken from it."): np.mean(both**2),
        Sentence("It has the wrong sign."): -both.var(),
    }
    for node, frame in results.items():
        if "variance" not in frame or len(frame) != 1:
            raise Wrong("The result on {node} has to be one row with the column variance.", node=node)
        value = number(frame["variance"].iloc[0])
        if _close(value, both.var()):
            continue
        for text, results_of_it in mistakes.items():
            if any(_close(value, float(one)) for one in np.atleast_1d(results_of_it)):
                raise Wrong(text)
        raise Wrong(
            "On fresh data the variance is {right:.3f}, and {node} has {value:.3f}.",
            right=both.var(),
            node=node,
            value=value,
        )


def _close(one: float, other: float) -> bool:
    """Within a hundredth: 2^-18 is much finer, but 1/30 as a public number is a little coarse."""
    return math.isclose(one, other, rel_tol=0.01)


def _check_opened(job: Job, columns: Mapping[str, pd.Series]) -> None:
    """Whether both parties have learned one number, and nothing else. The observer looks."""
    values = job.trace.view("observer").values
    opened = values[(values["kind"] == "open") & (values["name"] == "o")]
    count = sum(math.prod(shape) for shape in opened["shape"])
    if count > 1:
        numbers = [one for numbers in opened["fixed"] for one in numbers]
        for what, fact in _facts(columns):
            if any(math.isclose(one, fact, rel_tol=1e-3) for one in numbers):
                raise Wrong("The variance is right, but both learn {what} too.", what=what)
        raise Wrong("The variance is right, but {count} numbers are opened, and one is enough.", count=count)
    others = [op for op in job.trace.messages["op"].unique() if op not in PROTOCOL | {"open"}]
    if others:
        raise Wrong("The variance is right, but there are messages of its own: {others}.", others=", ".join(others))


def _facts(columns: Mapping[str, pd.Series]) -> Iterator[tuple[Sentence, float]]:
    """What should stay secret: sums and means, of values and squares."""
    alice, bob = (columns[node].to_numpy() for node in ("alice", "bob"))
    both = np.concatenate([alice, bob])
    for name, power in ((Sentence("values"), 1), (Sentence("squares"), 2)):
        for whose, own in ((Sentence("alice's"), alice), (Sentence("bob's"), bob), (Sentence("all"), both)):
            total, said = float((own**power).sum()), {"whose": whose, "name": name}
            yield Sentence("the sum of {whose} {name}", **said), total
            yield Sentence("the mean of {whose} {name}", **said), total / len(own)
            if own is not both:
                yield Sentence("the sum of {whose} {name}, divided by the count of all", **said), total / len(both)
