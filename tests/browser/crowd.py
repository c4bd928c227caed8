"""A cell that fills the cluster: many jobs that are done at once."""

from __future__ import annotations

MILLISECONDS = 600_000
"""Within which a thousand jobs end, also on a machine that is busy."""


def crowd(jobs: int) -> str:
    """Run so many jobs, job-0000 and on, in which two parties greet each other."""
    return f"""
import json
import kuscia_nb as kn

@kn.operator(image="greeting")
async def greeting(party: kn.Party) -> None:
    await party.link.send(b"hello", "greeting")
    await party.link.receive()

def manifest(name):
    own = {{"0": {{"name": "perfect_logit_a.csv", "namespace": "data"}}}}
    config = {{
        "name": "greeting_1",
        "module_name": "greeting",
        "output": [{{"type": "dataset", "key": "result"}}],
        "role": {{"host": ["alice"], "guest": ["bob"]}},
        "initiator": {{"role": "host", "node_id": "alice"}},
        "task_params": {{"host": own, "guest": own}},
    }}
    parties = [{{"domainID": "alice", "role": "host"}}, {{"domainID": "bob", "role": "guest"}}]
    task = {{"alias": "greeting_1", "appImage": "greeting", "parties": parties, "taskInputConfig": json.dumps(config)}}
    return {{
        "apiVersion": "kuscia.secretflow/v1alpha1",
        "kind": "KusciaJob",
        "metadata": {{"name": name}},
        "spec": {{"initiator": "alice", "tasks": [task]}},
    }}

cluster = kn.connect()
for i in range({jobs}):
    cluster.apply(manifest(f"job-{{i:04}}")).wait()
"""
