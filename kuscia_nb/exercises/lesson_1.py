"""The exercises of notebook 01, a first job."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..control.manifest import read_manifest
from ..control.resources import TaskInputConfig, TaskParams
from ..data.sample import tutorial_manifest
from ..job import Job
from ..operators.ss_lr.observed import Material
from .checking import Wrong, exercise, number, sample

BITS = 10
SHARES = (18446744073709545080, 5000)
"""Two shares of -1.5 with 10 fraction bits."""

FEATURES, ROWS, BYTES = (10, 11), 21, 8
"""The tutorial's: columns of bob, and of alice with the intercept; rows of a batch; bytes of a ring element."""


KEPT = ("num_epoch", "l2_norm", "fxp_bits")
"""What else decides how the tutorial's job learns."""


@exercise(
    "1.1",
    "Add them up as Python integers, and take the sum modulo 2**64.",
    "What is 2**63 or more stands for a negative number: the sum minus 2**64.",
    "Divide by 2**10, not by 2**18.",
    why="A number says nothing of where its point is: both parties have to agree on fxp_bits beforehand.",
)
def two_shares(answer: Any) -> None:
    value, total = number(answer), sum(SHARES)
    secret = (total - 2**64) / 2**BITS
    if value == secret:
        return
    if value in (float(total), total / 2**BITS):
        raise Wrong("Shares are added modulo 2^64, and this sum has not wrapped around.")
    if value == total - 2**64:
        raise Wrong("This is the integer in the ring; the number that it stands for has a point in it.")
    if value == (total - 2**64) / 2**18:
        raise Wrong("This would be right with 18 fraction bits, and these shares have 10.")
    if value > 0:
        raise Wrong("The number is negative.")
    raise Wrong("The two shares add up to another number.")


@exercise(
    "1.2",
    "job.trace.messages has a column op: look at one send w-v and one send r-v in each direction.",
    "A batch sends no columns. It sends a number of 8 bytes for each weight, and twice one for each row.",
    why="Each party masks its share of the weights of the other's columns, and its share of the 21 errors, and sends "
    "that: 8 bytes * (10 + 11 + 21 + 21). The columns went over once, before training, masked too.",
)
def bytes_of_a_batch(answer: Any) -> None:
    value = number(answer)
    one_way = [BYTES * (count + ROWS) for count in FEATURES]
    if value == sum(one_way):
        return
    if value in one_way:
        raise Wrong("This is one direction; both of them are asked for.")
    if value == sum(one_way) / BYTES:
        raise Wrong("This is how many numbers there are; each has 8 bytes.")
    raise Wrong("It is less." if value > sum(one_way) else "It is more.")


@exercise(
    "1.3",
    'Change one thing, "learning_rate", and give the job a name of its own.',
    "learning_rate / batch_size should be close to a whole number of units of 2**-18, and 21 * 2**-18 is one unit.",
    why="The step size is a multiple of 2^-18 as every number is. With many units, rounding to one hardly matters.",
)
def without_a_warning(answer: Any) -> None:
    if not isinstance(answer, Job):
        raise Wrong("A job is asked for, and this is of type {kind}.", kind=type(answer).__name__)
    answer.wait()
    _check_is_tutorials(answer)
    if answer.warnings:
        raise Wrong("The job still warns: {warning}", warning=answer.warnings[0])


def _check_is_tutorials(job: Job) -> None:
    """Whether the job has learned from the tutorial's data as the tutorial's does, but for the learning rate."""
    if len(job.tasks["alias"].unique()) != 1 or job.env("alice").get("runtime.component.name") != "ss_lr":
        raise Wrong("This is another job than the tutorial's.")
    found, wanted = _parameters(job.manifest()), read_manifest(tutorial_manifest()).spec.tasks[0].config.task_params
    for node, role in (("alice", "host"), ("bob", "guest")):
        file, own = (params.of(role, 0).get("name") for params in (found, wanted))
        if file != own:
            raise Wrong("On {node} the job has read {file}, and not {own}.", node=node, file=file, own=own)
    if found.common.get("batch_size") != ROWS:
        raise Wrong("The batches have to stay at 21 rows.")
    for name in KEPT:
        was = wanted.common[name]
        now = found.common.get(name, was)  # left out, the last two are the tutorial's
        if number(now) != was:
            raise Wrong(
                "Only the learning rate may change: {name} was {was}, and is {now}.", name=name, was=was, now=now
            )
    if not _read_the_sample(job):
        raise Wrong("The files have the tutorial's names, but other data.")


def _parameters(manifest: dict[str, Any]) -> TaskParams:
    (task,) = manifest["spec"]["tasks"]
    return TaskInputConfig.from_json(task["taskInputConfig"]).task_params


def _read_the_sample(job: Job) -> bool:
    """Whether both files were those that every cluster begins with."""
    alice, bob = sample()
    material = Material.read([job.env(node) for node in job.nodes], since=math.inf)
    columns = np.hstack(material.features)
    expected = bob.join(alice.drop(columns="y")).to_numpy()
    return (
        columns.shape == expected.shape
        and np.allclose(columns, expected, atol=1e-6)
        and np.array_equal(material.labels, alice["y"])
    )
