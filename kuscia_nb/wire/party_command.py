"""`kuscia-nb party`: one operator without a node, against a SecretFlow SPU process or another party of ours."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.files import check_writable, writing
from ..data.table import read_table
from ..errors import DataError, KusciaError, ParameterError
from ..mpc import Layout, Link, Ring, Seeds, Semi2k, Terms, encode
from ..mpc.share import ASSISTED
from ..operators.parameter import PREFIX
from ..operators.shares import write_share
from ..operators.ss_lr.parameters import Parameters
from ..operators.ss_lr.rows import Rows
from ..operators.ss_lr.training import Plan, targets, train
from .handshake import Own, shake_hands
from .identity import Identity
from .party_options import BLACKBOX, OWN, PREPROCESSED, SPU, check, environment, parser, report
from .party_wires import NAMES, over_black_box, over_own, over_spu
from .spu_semi2k import SpuData, SpuSemi2k
from .tls import client_context
from .ttp_client import RemoteTtp
from .ttp_connection import Patience

_WIRES = {SPU: over_spu, OWN: over_own, BLACKBOX: over_black_box}


def main(arguments: Sequence[str]) -> int:
    """Run one party. Exit code: 0, 1 it failed, 2 wrong use, 3 somebody was not reached, 4 a time limit."""
    made = parser()
    options = made.parse_args(arguments)
    try:
        check(made, options)
        done = _run(options)
    except KusciaError as error:
        if not options.json:
            raise
        print(json.dumps({**report(options), "error": type(error).__name__, "what": error.what, "hint": error.hint}))
        return error.exit_code
    print(json.dumps(done) if options.json else _in_words(done), flush=True)
    return 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    parameters = _parameters(options)
    check_writable(options.out, str(options.out))
    training = _rows(options, parameters)
    assisted = options.truncation == ASSISTED
    for warning in parameters.warnings(len(training), training.largest, assisted=assisted):
        print(f"warning: {warning}", file=sys.stderr)
    layout = Layout(
        columns=options.features,
        batch_size=parameters.batch_size,
        batches=len(training) // parameters.batch_size,
        epochs=parameters.num_epoch,
        penalised=parameters.l2_norm > 0,
    )
    ttp = _ttp(options)
    try:
        ran = _WIRES[options.wire](options, lambda link: _train(link, ttp, options, parameters, layout, training))
    finally:
        ttp.close()
    _write(options.out, ran.share, parameters, options, training)
    numbers = {"seconds": round(ran.seconds, 3), "connecting": round(ran.connecting, 3), "messages": ran.messages}
    return {**report(options), "numbers": layout.width, "out": str(options.out), **numbers}


def _parameters(options: argparse.Namespace) -> Parameters:
    try:
        return Parameters.from_environment({PREFIX + name: value for name, value in environment(options).items()})
    except ParameterError as error:
        hint = error.hint or "--set NAME=VALUE for each, such as --set batch_size=21 --set learning_rate=0.1"
        raise ParameterError(error.what, where=error.where, hint=hint) from None


async def _train(
    link: Link, ttp: RemoteTtp, options: argparse.Namespace, parameters: Parameters, layout: Layout, training: Rows
) -> Ring:
    """This party's additive share of the weights."""
    bits = parameters.fxp_bits
    if not options.no_handshake:
        agreed = await shake_hands(link, _own(options, parameters, layout, training))
        if agreed.columns != layout.columns:
            what = f"--features says {layout.columns}, the parties have {agreed.columns}"
            raise ParameterError(what, hint="the same --features at both parties")
    terms = Terms("root", options.adjust_rank, bits, options.truncation)
    own_protocol = options.wire == OWN or options.strategy == PREPROCESSED
    if own_protocol:
        mpc = await Semi2k.start(link, ttp, Seeds(), terms)
    else:
        mpc = await SpuSemi2k.meet(link, ttp, Seeds(), terms, together=options.openings == "together")
    rate, l2 = np.array(parameters.step_rate, np.uint64), encode(np.float32(parameters.l2_norm), bits)
    own = encode(training.features, bits)
    plan = Plan(layout, rate, l2, options.strategy)
    strategy = None if own_protocol else SpuData
    return (await train(mpc, own, targets(mpc, training.labels, len(own)), plan, strategy=strategy)).ring


def _own(options: argparse.Namespace, parameters: Parameters, layout: Layout, training: Rows) -> Own:
    """What the handshake tells the peer."""
    return Own(
        rows=len(training),
        features=layout.columns[options.rank],
        has_label=options.label,
        batch_size=parameters.batch_size,
        epochs=parameters.num_epoch,
        learning_rate=parameters.learning_rate,
        l2=parameters.l2_norm,
        fxp_bits=parameters.fxp_bits,
        adjust_rank=options.adjust_rank,
        ttp=options.ttp,
        strategy=options.strategy,
    )


def _rows(options: argparse.Namespace, parameters: Parameters) -> Rows:
    """What this party trains on."""
    rows = Rows.read(options.data, parameters, str(options.data), read_table)
    wanted, there = options.rows, len(rows)
    if wanted is not None and wanted > there:
        raise DataError(f"it has {there} rows, --rows says {wanted}", where=str(options.data))
    expected = options.features[options.rank]
    if len(rows.names) != expected:
        what = f"it has {len(rows.names)} features, --features says {expected} for rank {options.rank}"
        raise DataError(what, where=str(options.data), hint="a label is not a feature: --label")
    return rows.chosen(np.arange(there) < (there if wanted is None else wanted)).to_train_on(parameters)[0]


def _ttp(options: argparse.Namespace) -> RemoteTtp:
    tls = None
    if options.ttp_ca and options.wire == OWN:
        own = Identity.read(options.identity)
        tls = client_context(own.certificate_file, own.key_file, options.ttp_ca)
    elif options.ttp_ca:
        tls = client_context(options.tls_cert, options.tls_key, options.ttp_ca)
    return RemoteTtp(options.ttp, options.ttp_key, tls=tls, patience=Patience(seconds=options.message_timeout))


def _write(out: Path, share: Ring, parameters: Parameters, options: argparse.Namespace, training: Rows) -> None:
    """The share, exact, and what its lines are."""
    own = iter(training.names)
    names = [
        next(own) if rank == options.rank else f"rank {rank}.{i}"
        for rank, count in enumerate(options.features)
        for i in range(count)
    ]
    owners = [NAMES[rank] for rank, count in enumerate(options.features) for _ in range(count)]
    description = {"rank": options.rank, "party": NAMES[options.rank], "task_id": "party"}
    with writing(str(out)):
        own_part = {**description, "features": [*names, "intercept"], "owners": [*owners, ""]}
        write_share(out, share, parameters.fxp_bits, own_part)


def _in_words(done: dict[str, Any]) -> str:
    return (
        f"{done['program']}: {done['seconds']:.2f} s, {done['messages']} messages sent; this party's share of "
        f"{done['numbers']} weights is in {done['out']}"
    )
