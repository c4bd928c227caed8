"""Running a program per party, and the tutorial's parameters."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kuscia_nb import mpc
from kuscia_nb.mpc.scheduler import left

TUTORIAL_PARAMETERS = {
    "skip_rows": "1",
    "algo": "ss_lr",
    "protocol_families": "ss",
    "batch_size": "21",
    "last_batch_policy": "discard",
    "num_epoch": "1",
    "l0_norm": "0",
    "l1_norm": "0",
    "l2_norm": "0.5",
    "optimizer": "sgd",
    "learning_rate": "0.0001",
    "sigmoid_mode": "minimax_1",
    "protocol": "semi2k",
    "field": "64",
    "fxp_bits": "18",
    "trunc_mode": "probabilistic",
    "shard_serialize_format": "raw",
    "use_ttp": "true",
    "ttp_server_host": "ttp-server:9449",
    "ttp_session_id": "interconnection-root",
    "ttp_adjust_rank": "0",
}
"""task_params.common of the tutorial's job, as an operator's environment has them."""


def run_parties(
    programs: tuple[Coroutine[Any, Any, Any], Coroutine[Any, Any, Any]], links: tuple[mpc.Link, mpc.Link]
) -> tuple[mpc.Outcome, mpc.Outcome]:
    """Both programs to their end: in lockstep, or each on a thread of its own if the links block."""
    if not isinstance(links[0]._inbox, mpc.BlockingMailbox):
        return mpc.run_lockstep(programs, links)

    def drive(rank: int) -> mpc.Outcome:
        outcome, peer = mpc.run_alone(programs[rank], links[rank]), links[1 - rank]
        peer.close(left(links[rank].name, peer.name, failed=outcome.error is not None))
        return outcome

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(drive, (0, 1))
    return first, second


def mailbox(threads: bool) -> type[mpc.LockstepMailbox]:
    """The kind for two threads, or for lockstep."""
    return mpc.BlockingMailbox if threads else mpc.LockstepMailbox


Program = Callable[[mpc.Semi2k], Coroutine[Any, Any, Any]]


class Protocol:
    """Runs the same program in both parties; `ledger` and `ttp` are those of the last run."""

    ledger: mpc.Ledger
    ttp: mpc.TrustedThirdParty

    def __call__(
        self,
        program: Program,
        *,
        seed: int | None = None,
        threads: bool = False,
        ttp: mpc.TrustedThirdParty | None = None,
        verify: bool = False,
        **terms: Any,
    ) -> tuple[Any, Any]:
        """Both results by rank; raises what a party raised."""
        boxes: list[mpc.LockstepMailbox] = []

        def box() -> mpc.LockstepMailbox:
            boxes.append(mpc.VerifiedMailbox() if verify else mailbox(threads)())
            return boxes[-1]

        links = mpc.connect(("bob", "alice"), mailbox=box)
        self.ledger, self.ttp = links[0].ledger, ttp or mpc.TrustedThirdParty()
        compare = [
            mpc.verified(link, box)
            for link, box in zip(links, boxes, strict=True)
            if isinstance(box, mpc.VerifiedMailbox)
        ]

        async def party(link: mpc.Link) -> Any:
            semi2k = await mpc.Semi2k.start(link, self.ttp, mpc.Seeds(seed, link.name), mpc.Terms(**terms))
            try:
                result = await program(semi2k)
            finally:
                semi2k.leave()
            if verify:
                await compare[link.rank]()
            return result

        outcomes = run_parties((party(links[0]), party(links[1])), links)
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
        return outcomes[0].result, outcomes[1].result
