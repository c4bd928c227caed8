"""Who may ask what of a node whose peers are other people's: a job is its scheduler's, its states are its parties'.

A node without terms (`Node.consent`) is one of several of the same people's, and answers whoever asks.
"""

from __future__ import annotations

from typing import Any

from ..control.consent import owner
from ..control.resources import KusciaJob
from .dialect import refusal_about
from .routes import Call, Refused


def refuse_others(call: Call[Any], job: KusciaJob) -> None:
    """Only the node that schedules a job creates, starts or stops it."""
    if call.node.consent is not None and call.sender != owner(job):
        raise refusal_about(job, f"{job.name} is {owner(job)}'s job, and the request is {call.sender or 'nobody'}'s")


def refuse_strangers(call: Call[Any], job: KusciaJob) -> None:
    """Only a job's parties and its scheduler hear of its states."""
    parties = {party.domain_id for task in job.spec.tasks for party in task.parties}
    if call.node.consent is not None and call.sender not in (owner(job), *parties):
        raise refusal_about(job, f"{call.sender or 'nobody'} has no part in {job.name}")


def refuse_orders(call: Call[Any]) -> None:
    """What the node's own people order, they order at the node itself."""
    if call.node.consent is not None:
        domain = call.node.domain
        raise Refused(f"{domain} takes no such orders from its peers: its own people give them on it", True)
