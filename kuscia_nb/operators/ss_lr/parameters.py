"""The parameters of ss_lr: what each may be, read from the operator's environment and checked before anything runs.

Names and values are the tutorial's and those of the interconnection enums (spec: tutorial §2, ss_lr §7).
Of most enums one value is implemented, here as in the reference operator. `PARAMETERS` is the one place that says what
a parameter is; `Parameters` holds the values.

A default is what the reference operator takes when the parameter is left out, where that is harmless. How fast and
how strictly to learn (batch_size, learning_rate, l2_norm) has no natural value and must be given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...errors import ParameterError
from ...mpc import fixed
from ...problems import Problem
from ...texts.sentence import Sentence
from ..parameter import FILE, Parameter, ValueKind, boolean, enum, form, given, number, one_of, read_each, refuse, whole
from .scaling import SCALES


def _counts(text: str) -> dict[str, int]:
    try:
        counts = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if isinstance(counts, dict) and counts and all(type(count) is int and count > 0 for count in counts.values()):
        return counts
    raise ValueError("does not have the right form")


_IGNORED = "is refused: the reference operator accepts it and ignores it, so the model would not be what was asked for"
_NO_TTP = "is refused: without a TTP the first party would make the triples, and could read everything"
_ROOM = " (a product has 2 * fxp_bits fraction bits and has to stay below 2^63)"
_NO_EFFECT = "penalty: the reference operator ignores it, so it has to be 0 here"
_NORM_0 = number("0", lambda value: value == 0, _IGNORED)
_PENALTY = number("0 or more", lambda value: value >= 0)
_SPEED = number("more than 0", lambda value: value > 0)
_TRUNCATION = enum("probabilistic", "precise")
_RATE = "learning_rate / batch_size"
_MOST_RATE = 16
_RAISE = "raise fxp_bits, learning_rate or lower batch_size"
_SCALE = "scale the features to [-1, 1] (scale: minmax), "
_OTHER_TTP = "ttp_server_host = {host} is not asked: the TTP in this process is"
_ROUNDED = "{name} = {value:.3g} is {ulps:.3g} ulp at fxp_bits={bits} and is used as {used:.3g} ({change}); {advice}"
_HARDLY = "This learning rate hardly moves the weights: they stay near 0."
_OTHER = "{name} is used {change}: the job has too few digits for it."
A_PARTY = form("a party, such as host.0", r"[a-z]+\.[0-9]+")
_ANY = r"\S(.*\S)?"
EMBEDDED_TTP = "ttp-server:9449"
"""The tutorial's TTP, which the one in this process stands for."""
_LABEL = "whether the last column of this party's file is the label; not needed with label_owner"
_ID = "the column with ids, which is no feature; if both parties have one, their ids have to agree row by row"
_SCALES = "how this party scales its columns: to mean 0 and deviation 1, or to [0, 1]; neither leaves the node"
_HOLDOUT = "which part of the rows is kept out of training, to evaluate the model with; the same rows at both parties"
_REVEAL = "who learns the weights after the training, where each party has a node of its own: none, both, or one node"
_COUNTS = ValueKind("JSON", '{"host.0": 10, "guest.0": 10}', _counts)
_OPTIMIZERS = ("momentum", "adagrad", "adadelta", "rmsprop", "adam", "adamax", "nadam")

PARAMETERS = (
    *FILE,
    Parameter("has_label", boolean(), None, "", _LABEL, own=True),
    Parameter("id_column", form("the name of a column", _ANY), None, "", _ID, own=True),
    Parameter("scale", one_of(*SCALES), "none", "", _SCALES, own=True),
    Parameter("label_owner", A_PARTY, None, "", "the party with the label"),
    Parameter("feature_nums", _COUNTS, None, "columns", "how many features each party has"),
    Parameter("skip_rows", whole(0), "1", "lines", "how many lines come before the first row of a data file"),
    Parameter("algo", enum("ss_lr"), "ss_lr", "", "the algorithm"),
    Parameter("protocol_families", enum("ss", "ecc", "phe"), "ss", "", "what it computes with: secret sharing"),
    Parameter("batch_size", whole(1), None, "rows", "rows of one training step", required=True),
    Parameter("last_batch_policy", enum("discard"), "discard", "", "rows left over in an epoch are not used"),
    Parameter("num_epoch", whole(1), "1", "epochs", "how often all rows are used"),
    Parameter("holdout", number("0 to less than 1", lambda value: 0 <= value < 1), "0", "of the rows", _HOLDOUT),
    Parameter("l0_norm", _NORM_0, "0", "", f"weight of the L0 {_NO_EFFECT}"),
    Parameter("l1_norm", _NORM_0, "0", "", f"weight of the L1 {_NO_EFFECT}"),
    Parameter("l2_norm", _PENALTY, None, "", "gradients get l2_norm * w added, but not the intercept's", required=True),
    Parameter("optimizer", enum("sgd", *_OPTIMIZERS), "sgd", "", "how weights follow from gradients"),
    Parameter("learning_rate", _SPEED, None, "", "times a batch's mean gradient, a training step", required=True),
    Parameter("sigmoid_mode", enum("minimax_1"), "minimax_1", "", "the sigmoid is taken as 0.5 + 0.125 x"),
    Parameter("protocol", enum("semi2k", "aby3"), "semi2k", "", "the secret sharing protocol"),
    Parameter("field", enum("64", "32", "128"), "64", "bits", "shares are numbers modulo 2^field"),
    Parameter("fxp_bits", whole(1, 30, _ROOM), "18", "bits", "fraction bits: numbers are multiples of 2^-fxp_bits"),
    Parameter("trunc_mode", _TRUNCATION, "probabilistic", "", "each party cuts its own share of a product"),
    Parameter("shard_serialize_format", enum("raw"), "raw", "", "shares travel as little-endian integers"),
    Parameter(
        "reveal", form("none, both, or the name of a node", r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"), "none", "", _REVEAL
    ),
    Parameter("use_ttp", boolean(_NO_TTP), "true", "", "a trusted third party helps with products of secrets"),
    Parameter("ttp_server_host", form("host:port", r"[^\s:/]+:[0-9]{1,5}"), EMBEDDED_TTP, "", "where the TTP is"),
    Parameter("ttp_session_id", form("any text", _ANY), "interconnection-root", "", "the session at the TTP"),
    Parameter("ttp_adjust_rank", whole(0, 1), "0", "rank", "the party that fetches corrections from the TTP"),
    Parameter("ttp_asym_crypto_schema", enum("sm2"), "sm2", "", "how seeds are encrypted for the TTP"),
    Parameter("ttp_public_key", form("a PEM file in base64", _ANY), None, "", "the key of the TTP"),
)
"""Every parameter. One without a default may be left out if it is not `required`; has_label only for label_owner."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Checked values, one for each of PARAMETERS."""

    name: str | None
    namespace: str | None
    has_label: bool
    id_column: str | None
    scale: str
    label_owner: str | None
    feature_nums: Mapping[str, int] | None
    skip_rows: int
    algo: str
    protocol_families: str
    batch_size: int
    last_batch_policy: str
    num_epoch: int
    holdout: float
    l0_norm: float
    l1_norm: float
    l2_norm: float
    optimizer: str
    learning_rate: float
    sigmoid_mode: str
    protocol: str
    field: str
    fxp_bits: int
    trunc_mode: str
    shard_serialize_format: str
    reveal: str
    use_ttp: bool
    ttp_server_host: str
    ttp_session_id: str
    ttp_adjust_rank: int
    ttp_asym_crypto_schema: str
    ttp_public_key: str | None

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Parameters:
        """Read and check all of an operator's parameters. Everything that is wrong is in one ParameterError."""
        values, problems = _read(env)
        refuse(problems, "ss_lr")
        if values["label_owner"] is not None and values["has_label"] is None:
            values["has_label"] = values["label_owner"] == env["config.self_role"]
        return cls(**values)

    @cached_property
    def step_rate(self) -> int:
        """learning_rate / batch_size in ring units (ulp), which every gradient is multiplied with (spec: ss_lr §2)."""
        return _step_rate(self.learning_rate, self.batch_size, self.fxp_bits)

    @property
    def effective_rate(self) -> float:
        """The learning rate that the ring has: `step_rate` for each row of a batch."""
        return self.step_rate / 2**self.fxp_bits * self.batch_size

    @property
    def room(self) -> float:
        """Products, which have 2 * fxp_bits fraction bits, have to stay below this."""
        return 2.0 ** (63 - 2 * self.fxp_bits)

    def largest_product(self, largest_feature: float) -> float:
        """A gradient or a step, where predictions stay in [0, 1] and weights in [-1, 1]."""
        return self._largest_gradient(largest_feature) * max(1.0, self.step_rate / 2**self.fxp_bits)

    def _largest_gradient(self, largest_feature: float) -> float:
        return self.batch_size * max(1.0, largest_feature) + self.l2_norm

    def warnings(self, rows: int, largest_feature: float, *, assisted: bool = False) -> list[Sentence]:
        """What a person should know before the job runs, a sentence each.

        The arguments are what a party knows: the rows that it trains on, the largest |value| of its own features, as
        they are scaled, and whether the TTP helps to truncate.
        A ParameterError says that the job cannot be right: no whole batch, or a product that does not fit the ring.
        """
        if self.batch_size > rows:
            there = f"that holdout = {self.holdout:g} leaves for training" if self.holdout else "there are"
            text = f"parameter batch_size = {self.batch_size} is more than the {rows} rows {there}"
            lower = "batch_size or holdout" if self.holdout else "batch_size"
            raise ParameterError(text, hint=f"lower {lower}: without one whole batch nothing is learned")
        self.check_room(largest_feature, assisted=assisted)
        return [*self._ttp_warnings(), *self._rounding_warnings(rows)]

    def _ttp_warnings(self) -> Iterator[Sentence]:
        """There is one TTP, in this process, whatever address is given."""
        if self.ttp_server_host != EMBEDDED_TTP:
            yield Sentence(_OTHER_TTP, host=self.ttp_server_host)

    def _rounding_warnings(self, rows: int) -> Iterator[Sentence]:
        """Constants that fixed point changes much: small ones, of which few bits are left."""
        penalty = int(self.l2_norm * 2**self.fxp_bits)  # encoding cuts off what is behind the last bit
        for name, wanted, used, advice in (
            (_RATE, self.learning_rate / self.batch_size, self.step_rate, _RAISE),
            ("l2_norm", self.l2_norm, penalty, "raise fxp_bits or l2_norm"),
        ):
            ulps = wanted * 2**self.fxp_bits
            off = used / ulps - 1 if wanted else 0
            if abs(off) >= (0.005 if ulps < 2 else 0.05):
                change = Sentence("{percent:.0f} % low" if off < 0 else "{percent:.0f} % high", percent=100 * abs(off))
                numbers = {"value": wanted, "ulps": ulps, "bits": self.fxp_bits, "used": used / 2**self.fxp_bits}
                short = Sentence(_HARDLY if name == _RATE and self._way(rows) < 1 else _OTHER, name=name, change=change)
                yield Sentence(_ROUNDED, short=short, name=name, **numbers, change=change, advice=Sentence(advice))

    def _way(self, rows: int) -> float:
        """Steps times learning rate: with columns in [-1, 1], a model below 1 has not gone far from 0."""
        return self.learning_rate * self.num_epoch * (rows // self.batch_size)

    def check_room(self, largest_feature: float, *, assisted: bool) -> None:
        """A ParameterError for a product that may not fit the ring; assisted truncation takes half of it."""
        room = self.room / 2 if assisted else self.room
        if (largest := self.largest_product(largest_feature)) >= room:
            text = f"products can be as large as {largest:.3g}, but fxp_bits={self.fxp_bits} has room below {room:.3g}"
            scale = _SCALE if largest_feature > 1 else ""
            raise ParameterError(text, hint=f"{scale}lower fxp_bits, batch_size or l2_norm")


def problems(env: Mapping[str, str]) -> list[Problem]:
    """All that is wrong with the parameters in an operator's environment."""
    return _read(env)[1]


def _read(env: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    values, problems = read_each(PARAMETERS, given(env))
    more = [*_party_problems(values, env), *_rate_problems(values)]
    return values, [*problems, *(Problem((name,), text) for name, text in more)]


def label_problems(common: Mapping[str, str], own: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Problem]]:
    """What the parties find out when they meet: one of them has the label. `own` by node, the initiator first."""
    if common.get("label_owner"):
        return
    labels = [node for node, texts in own.items() if texts.get("has_label", "").strip() == "true"]
    if not labels:
        hint = "set has_label to true for the party with the label in its last column"
        yield next(iter(own)), Problem(("has_label",), "no party has label", hint)
    for node in labels if len(labels) > 1 else ():
        text = f"more than one party have label: {', '.join(labels)}"
        yield node, Problem(("has_label",), text, "set has_label to false for one of them")


def _party_problems(values: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What does not fit together among has_label, label_owner, feature_nums and the parties of the task."""
    parties = sorted(key.removeprefix("config.node_id.") for key in env if key.startswith("config.node_id."))
    counts, owner, has_label = values.get("feature_nums"), values.get("label_owner"), values.get("has_label")
    role, reveal = env.get("config.self_role"), values.get("reveal", "none")
    nodes = [env[f"config.node_id.{party}"] for party in parties]
    if nodes and reveal not in ("none", "both", *nodes):
        allowed = ", ".join(["none", "both", *nodes])
        yield "reveal", f"parameter reveal = {reveal!r} is not a node of this task; allowed: {allowed}"
    if counts is not None and parties and sorted(counts) != parties:
        of_all = f"a number for each of {', '.join(parties)}"
        yield "feature_nums", f"parameter feature_nums is for {', '.join(counts)}; allowed: {of_all}"
    if not {"label_owner", "has_label"} <= values.keys():
        return
    if owner is None and has_label is None:
        text = "parameter has_label is missing; allowed: true, false (or label_owner: the party with the label)"
        yield "has_label", text
    elif owner is not None and parties and owner not in parties:
        allowed = ", ".join(parties)
        yield "label_owner", f"parameter label_owner = {owner!r} is not a party of this task; allowed: {allowed}"
    elif owner is not None and role is None and has_label is None:
        yield "label_owner", "config.self_role is missing, which says whether this party is the label_owner"
    elif None not in (owner, role, has_label) and has_label != (owner == role):
        stated = f"has_label = '{str(has_label).lower()}' and label_owner = {owner!r}"
        yield "has_label", f"parameters {stated} contradict each other at {role}"


def _rate_problems(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A rate that the ring cannot hold, or with which training diverges whatever the data."""
    if not {"learning_rate", "batch_size", "fxp_bits"} <= values.keys():
        return
    rate, batch_size, bits = values["learning_rate"], values["batch_size"], values["fxp_bits"]
    limit = 2.0 ** (62 - 2 * bits)  # so that the product with 1 / batch_size fits before it is cut
    if rate >= limit:
        text = f"parameter learning_rate = {rate:g} is too large for fxp_bits={bits}; allowed: below {limit:g}"
        yield "learning_rate", text
        return
    ring_rate, step = _step_rate(rate, batch_size, bits) / 2**bits, rate / batch_size
    if ring_rate == 0:
        ulps = f"{_RATE} = {step:.3g} is {step * 2**bits:.3g} ulp at fxp_bits={bits}"
        yield "learning_rate", f"{ulps} and becomes 0: nothing would be learned; {_RAISE}"
    elif ring_rate * batch_size > _MOST_RATE:  # the constant column alone: see stability
        text = f"parameter learning_rate = {rate:g} is too large: training diverges above {_MOST_RATE} with any data"
        yield "learning_rate", text
    elif (penalty := ring_rate * values.get("l2_norm", 0)) > 2:
        product = f"{_RATE} * l2_norm = {penalty:.3g}, and training diverges above 2"
        text = f"parameter l2_norm is too large: {product}; allowed: at most {2 / ring_rate:.4g} with this {_RATE}"
        yield "l2_norm", text


def _step_rate(learning_rate: float, batch_size: int, fxp_bits: int) -> int:
    """The product of two public constants, each in fixed point and by way of float32, as SPU folds them."""
    rate = fixed.encode(np.array([learning_rate], np.float32), fxp_bits)
    per_row = fixed.reciprocal_public(fixed.encode(np.array([batch_size], np.float32), fxp_bits), fxp_bits)
    return int(fixed.truncate_public(rate * per_row, fxp_bits)[0])
