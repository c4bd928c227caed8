#!/usr/bin/env python3
r"""One party of a two-party computation, as a SecretFlow SPU 0.9.5 process. It needs `pip install spu`, nothing else.

    python spu_peer.py ss_lr --rank 1 --parties 127.0.0.1:9001,127.0.0.1:9002 --ttp 127.0.0.1:9449 \
        --ttp-key public.pem --data bob.csv --features 10,10 --rows 9996 --out share.txt \
        --set batch_size=21 --set learning_rate=0.1

The other party runs the same with its rank, its data and everything else equal; it may be this script, or another
program that speaks SPU's protocol. The programs are written in pphlo, SPU's own language, with the operations in the
order of the interconnection standard's operator, so that both sides draw the same random numbers:

`ss_lr`    logistic regression. Rank 0's columns stand first, the intercept's last. One party has --label: its file's
           last column. The output is this party's own share of the weights, intercept last.
`matmul`   --shapes 21x9,9x1: a matrix of rank 0 times one of rank 1.
`mul`      --shapes 21,21: numbers of rank 0 times numbers of rank 1.
`sigmoid`  --shapes 21: of rank 0's numbers, as exactly as SPU can.

A CSV file has a header line and then numbers. In the output file is one share per line, the exact decimal of an int64
over 2^18: the sum of both parties' lines, modulo 2^46 and taken as a signed number, is the result.
Exit code: 0, 1 it failed, 2 wrong use, 3 the peer or the TTP was not reached, 4 a message did not come in time.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import math
import os
import sys
import time
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

_KEPT: list[Any] = []
"""Links, until the process ends: a link that goes may wait for a peer that is gone."""

ROLES = "guest.0", "host.0"
"""Of rank 0 and rank 1 in black-box transport: the names that Kuscia gives them, in SPU's order."""
FXP_BITS = 18
ONE = 2**FXP_BITS
Shape = "tuple[int, ...]"


# --- programs --------------------------------------------------------------------------------------------------------


class Program(NamedTuple):
    """What both parties run."""

    text: str
    """Of `@main`: from `inputs` to one output."""
    inputs: dict[str, tuple[int, ...]]
    """Their names and shapes."""
    settings: dict[str, Any]
    """Of SPU's runtime, besides those that are the same for all."""


def secret(*shape: int) -> str:
    """The type of a secret tensor."""
    return f"tensor<{''.join(f'{n}x' for n in shape)}!pphlo.secret<f32>>"


def public(*shape: int) -> str:
    """The type of a public one."""
    return f"tensor<{''.join(f'{n}x' for n in shape)}f32>"


def module(body: str, inputs: dict[str, tuple[int, ...]], result: str) -> str:
    """A program's text. Its version must be that of the SPU that runs it."""
    version = importlib.metadata.version("spu")
    arguments = ", ".join(f"%{name}: {secret(*shape)}" for name, shape in inputs.items())
    return f"""module @peer attributes {{pphlo.version = "{version}"}} {{
  func.func @main({arguments}) -> {result} {{{body}
  }}
}}
"""


def matmul(x: tuple[int, ...], y: tuple[int, ...]) -> Program:
    """x . y"""
    result = secret(x[0], y[1])
    inputs = {"x": x, "y": y}
    body = f"""
    %z = pphlo.dot %x, %y : ({secret(*x)}, {secret(*y)}) -> {result}
    return %z : {result}"""
    return Program(module(body, inputs, result), inputs, {})


def mul(x: tuple[int, ...], y: tuple[int, ...]) -> Program:
    """x * y"""
    kind, inputs = secret(*x), {"x": x, "y": y}
    body = f"""
    %z = pphlo.multiply %x, %y : {kind}
    return %z : {kind}"""
    return Program(module(body, inputs, kind), inputs, {})


def sigmoid(x: tuple[int, ...]) -> Program:
    """1 / (1 + exp(-x))"""
    kind, inputs = secret(*x), {"x": x}
    body = f"""
    %z = pphlo.logistic %x : {kind}
    return %z : {kind}"""
    return Program(module(body, inputs, kind), inputs, {"sigmoid_mode": "SIGMOID_REAL"})


class Training(NamedTuple):
    """The terms of a training, equal for both parties."""

    rows: int
    columns: int
    """Of both parties, without the intercept."""
    batch_size: int
    epochs: int
    learning_rate: float
    l2: float


def rate(job: Training) -> int:
    """learning_rate / batch_size in units of 2^-18, rounded as SPU rounds a product of public numbers."""
    inverse = np.float32(1.0 / float(np.float32(job.batch_size)))
    product = int(np.float32(job.learning_rate) * np.float32(ONE)) * int(inverse * np.float32(ONE))
    return (product >> FXP_BITS) + (product >> (FXP_BITS - 1) & 1)


def ss_lr(job: Training) -> Program:
    """All steps: the first one, whose weights are public zeros, then loops for the rest of its epoch and the others."""
    n, d, b = job.rows, job.columns, job.batch_size
    k, end = d + 1, job.rows // job.batch_size * job.batch_size
    x, y, w, i = secret(n, d), secret(n, 1), secret(k, 1), "tensor<i32>"
    xb, yb = secret(b, d), secret(b, 1)

    def loop(name: str, start: str, steps: range, body: str, result: str) -> str:
        """From weights `start`, which are %w_`name` within `body`, to %`name`s#1."""
        return f"""
    %first_{name} = pphlo.constant dense<{steps.start}> : {i}
    %end_{name} = pphlo.constant dense<{steps.stop}> : {i}
    %by_{name} = pphlo.constant dense<{steps.step}> : {i}
    %{name}s:2 = pphlo.while(%{name} = %first_{name}, %w_{name} = {start}) : {i}, {w}
    cond {{
      %more_{name} = pphlo.less %{name}, %end_{name} : ({i}, {i}) -> tensor<i1>
      pphlo.return %more_{name} : tensor<i1>
    }} do {{{body}
      %next_{name} = pphlo.add %{name}, %by_{name} : {i}
      pphlo.return %next_{name}, {result} : {i}, {w}
    }}"""

    def batches(name: str, start: str, first: int) -> str:
        """The steps of an epoch from row `first` on."""
        take = f"""
      %x_{name} = pphlo.dynamic_slice %x, %{name}, %column sizes = [{b}, {d}] : ({x}, {i}, {i}) -> {xb}
      %y_{name} = pphlo.dynamic_slice %y, %{name}, %column sizes = [{b}, 1] : ({y}, {i}, {i}) -> {yb}"""
        step = _step(job, name, weights_are_public=False)
        return loop(name, start, range(first, end, b), take + step, f"%new_{name}")

    text = f"""
    %column = pphlo.constant dense<0> : {i}
    %w_first = pphlo.constant dense<0.0> : {public(k, 1)}
    %x_first = pphlo.slice %x [0:1:{b}, 0:1:{d}] : ({x}) -> {xb}
    %y_first = pphlo.slice %y [0:1:{b}, 0:1:1] : ({y}) -> {yb}{_step(job, "first", weights_are_public=True)}"""
    last = "%new_first"
    if end > b:
        text, last = text + batches("row", last, b), "%rows#1"
    if job.epochs > 1:
        inner = batches("again", "%w_epoch", 0)
        text, last = text + loop("epoch", last, range(1, job.epochs), inner, "%agains#1"), "%epochs#1"
    text += f"""
    return {last} : {w}"""
    inputs = {"x": (n, d), "y": (n, 1)}
    return Program(module(text, inputs, w), inputs, {"sigmoid_mode": "SIGMOID_MM1"})


def _step(job: Training, t: str, *, weights_are_public: bool) -> str:
    """One batch, %x_`t` and %y_`t`: from weights %w_`t` to %new_`t`, in the order of the interconnection operator.

    The rate goes through a reshape: SPU makes something else of a product with a small constant as it is.
    """
    b, d, k = job.batch_size, job.columns, job.columns + 1
    x, xp, xt, v, w = secret(b, d), secret(b, k), secret(k, b), secret(b, 1), secret(k, 1)
    given, column = public(k, 1) if weights_are_public else w, public(k, 1)
    text = f"""
      %ones_{t} = pphlo.constant dense<1.0> : {public(b, 1)}
      %pad_{t} = pphlo.convert %ones_{t} : ({public(b, 1)}) -> {v}
      %xp_{t} = pphlo.concatenate %x_{t}, %pad_{t} dim = 1 : ({x}, {v}) -> {xp}
      %z_{t} = pphlo.dot %xp_{t}, %w_{t} : ({xp}, {given}) -> {v}
      %p_{t} = pphlo.logistic %z_{t} : {v}
      %err_{t} = pphlo.subtract %p_{t}, %y_{t} : {v}
      %xt_{t} = pphlo.transpose %xp_{t}, dims = [1, 0] : ({xp}) -> {xt}
      %g_{t} = pphlo.dot %xt_{t}, %err_{t} : ({xt}, {v}) -> {w}"""
    gradient = f"%g_{t}"
    if job.l2:
        text += _penalty(job, t, weights_are_public=weights_are_public)
        gradient = f"%gp_{t}"
    return f"""{text}
      %rates_{t} = pphlo.constant dense<{rate(job) / ONE:.9e}> : {public(k)}
      %rate_{t} = pphlo.reshape %rates_{t} : ({public(k)}) -> {column}
      %d_{t} = pphlo.multiply {gradient}, %rate_{t} : ({w}, {column}) -> {w}
      %new_{t} = pphlo.subtract %w_{t}, %d_{t} : ({given}, {w}) -> {w}"""


def _penalty(job: Training, t: str, *, weights_are_public: bool) -> str:
    """%gp_`t`: the gradient and l2 times the weights, with a sealed zero for the intercept's."""
    d, k = job.columns, job.columns + 1
    w, wd, zero, column = secret(k, 1), secret(d, 1), secret(1, 1), public(k, 1)
    given, some, sealed = w, wd, f"%some_{t}"
    convert = ""
    if weights_are_public:
        given, some, sealed = column, public(d, 1), f"%sealed_{t}"
        convert = f"""
      %sealed_{t} = pphlo.convert %some_{t} : ({some}) -> {wd}"""
    return f"""
      %nothing_{t} = pphlo.constant dense<0.0> : {public(1, 1)}
      %zero_{t} = pphlo.convert %nothing_{t} : ({public(1, 1)}) -> {zero}
      %some_{t} = pphlo.slice %w_{t} [0:1:{d}, 0:1:1] : ({given}) -> {some}{convert}
      %wz_{t} = pphlo.concatenate {sealed}, %zero_{t} dim = 0 : ({wd}, {zero}) -> {w}
      %l2s_{t} = pphlo.constant dense<{job.l2:.9e}> : {public(k)}
      %l2_{t} = pphlo.reshape %l2s_{t} : ({public(k)}) -> {column}
      %penalty_{t} = pphlo.multiply %wz_{t}, %l2_{t} : ({w}, {column}) -> {w}
      %gp_{t} = pphlo.add %g_{t}, %penalty_{t} : {w}"""


# --- shares ----------------------------------------------------------------------------------------------------------


def encode(numbers: np.ndarray) -> np.ndarray:
    """Fixed point, as SPU encodes 32-bit floats: cut off towards zero."""
    return np.trunc(numbers.astype(np.float32) * np.float32(ONE)).astype(np.int64)


def _field(number: int, value: Any) -> bytes:
    """A field of a protobuf message: a number, or bytes."""

    def varint(n: int) -> bytes:
        return varint_tail(n) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)

    def varint_tail(n: int) -> bytes:
        return bytes([n])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def share_of(spu: Any, ring: np.ndarray) -> Any:
    """A party's own share as SPU holds it: an arithmetic share of 32-bit floats in the ring of 64 bits."""
    share = spu.libspu.Share()
    shape = _field(4, b"".join(_field(1, n) for n in ring.shape))
    share.meta = _field(1, 11) + _field(3, 1) + shape + _field(5, b"semi2k.AShr<FM64>")
    content = np.ascontiguousarray(ring).tobytes()
    share.share_chunks = [_field(1, len(content)) + _field(3, content)]
    return share


def ring_of(share: Any) -> np.ndarray:
    """The numbers of a share, flat, int64."""
    return np.frombuffer(b"".join(_content(chunk) for chunk in share.share_chunks), np.int64)


def _content(chunk: bytes) -> bytes:
    """Field 3 of a chunk, its last one."""
    at, number = 0, 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = chunk[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(chunk):
        number = varint()
        if number == 3 << 3 | 2:
            size = varint()
            return chunk[at : at + size]
        varint()
    return b""


# --- running ---------------------------------------------------------------------------------------------------------


def run(spu: Any, program: Program, own: dict[str, np.ndarray], link: Any, config: dict[str, Any]) -> np.ndarray:
    """This party's share of the result, int64 in the result's shape, flat. `own`: this party's shares of the inputs."""
    settings = spu.RuntimeConfig()
    settings.ParseFromJsonString(json.dumps({**config, **program.settings}))
    runtime = spu.Runtime(link, settings)
    for name, shape in program.inputs.items():
        runtime.set_var(name, share_of(spu, own[name].reshape(shape)))
    runtime.run(spu.Executable("peer", list(program.inputs), ["out"], code=program.text.encode()))
    return ring_of(runtime.get_var("out"))


def config_of(options: argparse.Namespace) -> dict[str, Any]:
    """SPU's configuration, but for what belongs to a program."""
    beaver = {
        "server_host": options.ttp,
        "adjust_rank": options.adjust_rank,
        "asym_crypto_schema": "SM2",
        "server_public_key": Path(options.ttp_key).read_text(encoding="ascii"),
        "transport_protocol": "http",
    }
    if options.ttp_ca:
        files = {"certificate": options.tls_cert, "private_key": options.tls_key, "ca_file_path": options.ttp_ca}
        beaver["ssl_config"] = {**files, "verify_depth": 1}
    return {
        "protocol": "SEMI2K",
        "field": "FM64",
        "fxp_fraction_bits": FXP_BITS,
        "beaver_type": "TrustedThirdParty",
        "ttp_beaver_config": beaver,
        "trunc_allow_msb_error": options.truncation == "symmetric",
        "experimental_disable_mmul_split": True,
        "experimental_disable_vectorization": options.openings == "separate",
    }


def spu_link(spu: Any, options: argparse.Namespace) -> Any:
    """The link to the peer."""
    desc = spu.libspu.link.Desc()
    names = ROLES if options.wire == "blackbox" else ("party0", "party1")
    for name, address in zip(names, options.parties, strict=True):
        desc.add_party(name, address)
    if options.wire == "blackbox":
        desc.link_type, desc.brpc_channel_protocol = "blackbox", "http"
        os.environ.update(_black_box(options))
    desc.connect_retry_times, desc.connect_retry_interval_ms = max(1, math.ceil(options.connect_timeout)), 1000
    desc.recv_timeout_ms = math.ceil(1000 * options.message_timeout)
    for name, value in options.link:
        if not hasattr(desc, name):
            raise SystemExit(f"SPU's link has no option {name}")
        setattr(desc, name, value)
    if options.tls_peer:
        desc.enable_ssl = True
        for ssl in (desc.client_ssl_opts, desc.server_ssl_opts):
            ssl.cert.certificate_path, ssl.cert.private_key_path = options.tls_cert, options.tls_key
            ssl.verify.ca_file_path, ssl.verify.verify_depth = options.tls_peer, 1
    return spu.libspu.link.create_brpc(desc, options.rank)


def _black_box(options: argparse.Namespace) -> dict[str, str]:
    """What SPU's black-box link reads from the environment; what is there already is kept."""
    said = {"system.transport": options.transport, "config.session_id": options.session, "config.token": ""}
    said["config.trace_id"] = options.session
    said |= {f"config.inst_id.{role}": node for role, node in zip(ROLES, options.parties, strict=True)}
    return {name: os.environ.get(name) or value for name, value in said.items()}


# --- the command line ------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="spu_peer.py",
        allow_abbrev=False,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("program", choices=("ss_lr", "matmul", "mul", "sigmoid"), help="what is computed")
    add("--wire", choices=("spu", "blackbox"), default="spu", help="how messages travel: from program to program, or "
        "from endpoint to endpoint (BFIA)")  # fmt: skip
    add("--rank", type=int, choices=(0, 1), required=True, help="this party's")
    add("--parties", type=_two, required=True, metavar="H0:P0,H1:P1", help="where rank 0 and rank 1 listen; "
        "blackbox: the names of their nodes, as in bob,alice")  # fmt: skip
    add("--ttp", required=True, metavar="H:P", help="where the TTP listens")
    add("--ttp-key", required=True, metavar="FILE", help="its public.pem")
    add("--adjust-rank", type=int, choices=(0, 1), default=0, help="which party asks the TTP")
    add("--data", metavar="FILE", help="this party's CSV")
    add("--out", required=True, metavar="FILE", help="where this party's share of the result is written")
    add("--label", action="store_true", help="for ss_lr: the last column is the label")
    add("--features", type=_counts, metavar="N0,N1", help="for ss_lr: how many columns rank 0 and rank 1 have")
    add("--rows", type=int, metavar="N", help="for ss_lr: how many rows to take")
    add("--shapes", type=_shapes, metavar="MxK,KxN", help="of the operands of the other programs")
    add("--set", type=_pair, action="append", default=[], metavar="NAME=VALUE", help="for ss_lr: batch_size, "
        "learning_rate, l2_norm (0), num_epoch (1)")  # fmt: skip
    add("--no-handshake", action="store_true", help="a bare SPU program has none: always so")
    add("--truncation", choices=("symmetric", "asymmetric", "ttp"), default="symmetric",
        help="how products are cut: by each rank alone, or with the TTP's help; SPU has no asymmetric one")  # fmt: skip
    add("--openings", choices=("separate", "together"), default="separate", help="the two masked factors of a product")
    add("--connect-timeout", type=float, default=60, metavar="S", help="seconds until the peer must be there (60)")
    add("--message-timeout", type=float, default=30, metavar="S", help="seconds until a message must have come (30)")
    add("--link", type=_number, action="append", default=[], metavar="NAME=N", help="an option of SPU's link, such as "
        "http_max_payload_size=65536")  # fmt: skip
    add("--transport", metavar="H:P", default=os.environ.get("system.transport"),  # noqa: SIM112
        help="blackbox: this party's endpoint (environment: system.transport)")  # fmt: skip
    add("--session", metavar="ID", default=os.environ.get("config.session_id"),  # noqa: SIM112
        help="blackbox: the name of this run, a new one each time (environment: config.session_id)")  # fmt: skip
    add("--tls-cert", metavar="FILE", help="this party's certificate")
    add("--tls-key", metavar="FILE", help="the certificate's key")
    add("--tls-peer", metavar="FILE", help="the peer's certificate: the link speaks TLS")
    add("--ttp-ca", metavar="FILE", help="the TTP's certificate: it is spoken to in TLS")
    add("--json", action="store_true", help="what was done, as one line of JSON")
    return made


def _two(text: str) -> list[str]:
    parts = text.split(",")
    if len(parts) != 2 or not all(parts) or parts[0] == parts[1]:
        raise argparse.ArgumentTypeError(f"{text!r} is not H0:P0,H1:P1")
    return parts


def _counts(text: str) -> list[int]:
    counts = [int(part) for part in text.split(",")]
    if len(counts) != 2 or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not N0,N1")
    return counts


def _shapes(text: str) -> list[tuple[int, ...]]:
    return [tuple(int(n) for n in part.split("x")) for part in text.split(",")]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _number(text: str) -> tuple[str, Any]:
    name, value = _pair(text)
    return name, int(value) if value.lstrip("-").isdigit() else value


def main() -> int:
    """Run one party."""
    made = parser()
    options = made.parse_args()
    if options.truncation == "asymmetric":
        made.error("SPU 0.9.5 truncates in the same way at both ranks: --truncation symmetric, or ttp")
    if (options.tls_peer or options.ttp_ca) and not (options.tls_cert and options.tls_key):
        made.error("TLS needs --tls-cert and --tls-key")
    if any((":" in party) == (options.wire == "blackbox") for party in options.parties):
        made.error("--parties are names of nodes with --wire blackbox (bob,alice), and else H0:P0,H1:P1")
    if options.wire == "blackbox" and not (options.transport and options.session):
        made.error("--wire blackbox needs --transport, this party's endpoint, and --session, a name for this run")
    if os.path.isdir(options.out) or not os.access(os.path.dirname(os.path.abspath(options.out)), os.W_OK):
        made.error(f"--out {options.out}: no file can be written there")  # said before the training, not after it
    try:
        spu = importlib.import_module("spu")
    except ImportError as error:
        return _failed(1, f"this Python has no spu: {error}", "pip install spu==0.9.5, with Python 3.10 or 3.11")
    try:
        program, own = (_training if options.program == "ss_lr" else _operation)(made, options)
        started = time.perf_counter()
        link = spu_link(spu, options)
        _KEPT.append(link)
        connected = time.perf_counter()
        share = run(spu, program, own, link, config_of(options))
        ended = time.perf_counter()
        link.stop_link()
    except (OSError, ValueError) as error:
        return _failed(1, str(error), "")
    except RuntimeError as error:
        return _failed(*_meaning(str(error)))
    exact = Context(prec=40)
    with open(os.open(options.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # its owner's alone
        file.writelines(f"{exact.divide(Decimal(int(n)), Decimal(ONE)):f}\n" for n in share)
    report = {"program": options.program, "rank": options.rank, "numbers": len(share), "out": options.out}
    report |= {"seconds": round(ended - connected, 3), "connecting": round(connected - started, 3)}
    print(json.dumps(report) if options.json else f"{options.program}: {ended - connected:.2f} s; own share of "
          f"{len(share)} numbers in {options.out}", flush=True)  # fmt: skip
    return 0


def _training(made: argparse.ArgumentParser, options: argparse.Namespace) -> tuple[Program, dict[str, np.ndarray]]:
    given = {"l2_norm": "0", "num_epoch": "1", **dict(options.set)}
    missing = [name for name in ("batch_size", "learning_rate") if name not in given]
    if missing or not options.data or not options.features or not options.rows:
        made.error(f"ss_lr needs --data, --features, --rows and --set {' --set '.join(f'{n}=...' for n in missing)}")
    table = _table(options.data)[: options.rows]
    mine = options.features[options.rank]
    if table.shape != (options.rows, mine + options.label):
        found = f"{table.shape[0]} rows and {table.shape[1]} columns"
        raise ValueError(f"{options.data} has {found}, not {options.rows} and {mine + options.label}")
    numbers = int(given["batch_size"]), int(given["num_epoch"]), float(given["learning_rate"]), float(given["l2_norm"])
    job = Training(options.rows, sum(options.features), *numbers)
    if not 0 < job.batch_size <= job.rows or job.epochs < 1:
        made.error("batch_size is 1 to the number of rows, num_epoch 1 or more")
    x, y = np.zeros((job.rows, job.columns), np.int64), np.zeros((job.rows, 1), np.int64)
    begin = options.rank * options.features[0]
    x[:, begin : begin + mine] = encode(table[:, :mine])
    if options.label:
        y[:] = encode(table[:, mine:])
    return ss_lr(job), {"x": x, "y": y}


def _operation(made: argparse.ArgumentParser, options: argparse.Namespace) -> tuple[Program, dict[str, np.ndarray]]:
    shapes, wanted = options.shapes or [], 1 if options.program == "sigmoid" else 2
    if len(shapes) != wanted:
        made.error(f"{options.program} needs {wanted} --shapes")
    makers: dict[str, Any] = {"matmul": matmul, "mul": mul, "sigmoid": sigmoid}
    program: Program = makers[options.program](*shapes)
    own = {name: np.zeros(shape, np.int64) for name, shape in program.inputs.items()}
    if options.rank < wanted:
        if not options.data:
            made.error("this rank has an operand: --data")
        shape = shapes[options.rank]
        numbers = _table(options.data)
        if numbers.size != math.prod(shape):
            raise ValueError(f"{options.data} has {numbers.size} numbers, not {math.prod(shape)}")
        own["xy"[options.rank]] = encode(numbers.reshape(shape))
    return program, own


def _table(path: str) -> np.ndarray:
    return np.loadtxt(path, np.float32, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8")


def _meaning(text: str) -> tuple[int, str, str]:
    """An exit code, what SPU has said, and what to try."""
    first = text.strip().removeprefix("what:").strip().splitlines()[0]
    if "Get data timeout" in text:
        return 4, first, "the peer has failed, or waits for the TTP, or is at another step: equal terms at both sides?"
    if "RpcCall failed" in text:
        return 3, first, "does the TTP listen there?"
    if "connect" in text:
        return 3, first, "is the peer started, with the same --parties, and can its port be reached?"
    if "SeedDecryptError" in text:
        return 1, first, "--ttp-key is not this TTP's: both parties need its public.pem"
    return 1, first, ""


def _failed(code: int, what: str, hint: str) -> int:
    print(what + (f"\n  try: {hint}" if hint else ""), file=sys.stderr, flush=True)
    return code


def _end(code: int) -> NoReturn:
    """SPU's threads would go on for a while, or crash when Python takes them down."""
    sys.stdout.flush()
    sys.stderr.flush()
    import os

    os._exit(code)


if __name__ == "__main__":
    _end(main())
