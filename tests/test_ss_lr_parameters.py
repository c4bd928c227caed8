"""The parameters of ss_lr: the tutorial's pass, and whatever is wrong is said up front (spec: tutorial, kuscia §7)."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol import TUTORIAL_PARAMETERS

from kuscia_nb.errors import ParameterError
from kuscia_nb.operators.foreign import unused
from kuscia_nb.operators.parameter import PREFIX
from kuscia_nb.operators.ss_lr.parameters import PARAMETERS, Parameters
from kuscia_nb.texts.chinese import CHINESE

# spec: tutorial §2, kuscia §4.1, at alice.
TUTORIAL = {
    "config.self_role": "host.0",
    "config.node_id.host.0": "alice",
    "config.node_id.guest.0": "bob",
    "runtime.component.name": "ss_lr",
    **{
        PREFIX + name: value
        for name, value in {
            "has_label": "true",
            "name": "perfect_logit_a.csv",
            "namespace": "data",
            **TUTORIAL_PARAMETERS,
        }.items()
    },
}


def tutorial(**changes: str | None) -> dict[str, str]:
    """The tutorial's environment with some parameters changed, or left out (None)."""
    given = TUTORIAL | {PREFIX + name: value for name, value in changes.items() if value is not None}
    return {key: value for key, value in given.items() if changes.get(key.removeprefix(PREFIX), "") is not None}


def parameters(**changes: str | None) -> Parameters:
    return Parameters.from_environment(tutorial(**changes))


def complaint(**changes: str | None) -> str:
    with pytest.raises(ParameterError) as caught:
        parameters(**changes)
    return str(caught.value)


# Reading.


def test_the_tutorials_parameters_are_what_it_says() -> None:
    p = parameters()
    assert (p.batch_size, p.num_epoch, p.skip_rows, p.fxp_bits, p.ttp_adjust_rank) == (21, 1, 1, 18, 0)
    assert (p.learning_rate, p.l0_norm, p.l1_norm, p.l2_norm) == (0.0001, 0, 0, 0.5)
    assert (p.has_label, p.use_ttp) == (True, True)
    assert (p.optimizer, p.sigmoid_mode, p.trunc_mode, p.field) == ("sgd", "minimax_1", "probabilistic", "64")
    assert (p.name, p.namespace, p.ttp_server_host) == ("perfect_logit_a.csv", "data", "ttp-server:9449")
    assert p.ttp_session_id == "interconnection-root"


def test_every_parameter_is_explained_once() -> None:
    assert [parameter.name for parameter in PARAMETERS] == [field.name for field in fields(Parameters)]
    assert all(parameter.meaning and parameter.kind.allowed for parameter in PARAMETERS)


@pytest.mark.parametrize("parameter", [p for p in PARAMETERS if p.default is not None], ids=lambda p: p.name)
def test_what_is_left_out_has_its_default(parameter: Any) -> None:
    """All values of the tutorial are defaults but the required ones; the newer names have their own."""
    p = parameters(**{parameter.name: None})
    expected = getattr(parameters(), parameter.name)
    assert getattr(p, parameter.name) == expected


@pytest.mark.parametrize("name", ["batch_size", "learning_rate", "l2_norm", "has_label"])
def test_what_has_no_natural_value_is_required(name: str) -> None:
    assert f"parameter {name} is missing" in complaint(**{name: None})


@pytest.mark.parametrize("text", ["SGD", "Sgd", "sgd"])
def test_enum_texts_are_read_in_any_case_like_the_reference_does(text: str) -> None:
    assert parameters(optimizer=text).optimizer == "sgd"


def test_numbers_may_have_an_exponent() -> None:
    assert parameters(learning_rate="1e-3").learning_rate == 0.001


# Refusing.


@pytest.mark.parametrize(
    ("name", "value", "because"),
    [
        ("learning_rate", "abc", "not a number"),
        ("learning_rate", "0", "more than 0"),
        ("learning_rate", "-0.1", "more than 0"),
        ("learning_rate", "nan", "not a number"),
        ("learning_rate", "1e999", "more than 0"),
        ("learning_rate", "1e9", "too large for fxp_bits=18"),
        ("batch_size", "0", "1 or more"),
        ("batch_size", "21.0", "without a decimal point"),
        ("batch_size", "2_1", "not a whole number"),
        ("batch_size", "", "not a whole number"),
        ("num_epoch", "0", "1 or more"),
        ("skip_rows", "-1", "0 or more"),
        ("l2_norm", "-0.5", "0 or more"),
        ("l2_norm", "inf", "not a number"),
        ("l0_norm", "0.1", "ignores it"),
        ("l1_norm", "1", "ignores it"),
        ("fxp_bits", "0", "1 to 30"),
        ("fxp_bits", "31", "2 * fxp_bits fraction bits"),
        ("ttp_adjust_rank", "2", "0 to 1"),
        ("use_ttp", "false", "could read everything"),
        ("use_ttp", "True", 'did you mean "true"?'),
        ("has_label", "yes", "true, false"),
        ("optimizer", "adam", "nobody implements it; allowed: sgd"),
        ("optimizer", "momentum", "nobody implements it; allowed: sgd"),
        ("optimizer", "sdg", 'did you mean "sgd"?'),
        ("trunc_mode", "precise", "nobody implements it; allowed: probabilistic"),
        ("sigmoid_mode", "minimax_2", 'did you mean "minimax_1"?'),
        ("protocol", "aby3", "nobody implements it; allowed: semi2k"),
        ("field", "128", "nobody implements it; allowed: 64"),
        ("field", "32", "nobody implements it; allowed: 64"),
        ("protocol_families", "ecc", "nobody implements it; allowed: ss"),
        ("ttp_asym_crypto_schema", "sm4", "allowed: sm2"),
        ("ttp_server_host", " ", "host:port"),
        ("name", "../secret.csv", "without folders"),
        ("namespace", "..", "without folders"),
        ("label_owner", "alice", "such as host.0"),
        ("label_owner", "host.7", "guest.0, host.0"),
        ("label_owner", "guest.0", "contradict"),
        ("feature_nums", "10", "host.0"),
        ("feature_nums", "{", "not JSON"),
        ("feature_nums", "{}", "right form"),
        ("feature_nums", '{"host.0":true,"guest.0":10}', "right form"),
        ("feature_nums", '{"host.0":0,"guest.0":10}', "right form"),
        ("feature_nums", '{"host.0":10}', "guest.0, host.0"),
        ("batchsize", "21", "did you mean batch_size?"),
        ("max_iter", "100", "did you mean num_epoch?"),
        ("epochs", "3", "did you mean num_epoch?"),
        ("eta0", "0.1", "did you mean learning_rate?"),
        ("alpha", "0.01", "(l2_norm = alpha * batch_size)"),
        ("C", "1.0", "(l2_norm = batch_size / (C * rows))"),
        ("penalty", "L2", "l2_norm is the weight of an L2 penalty"),
        ("tol", "1e-4", "training ends after num_epoch"),
        ("early_stop", "diff", "training ends after num_epoch"),
        ("fit_intercept", "true", "there always is an intercept"),
        ("random_state", "1", "--seed N"),
        ("encrypt_param", "{}", "nothing like it"),
        ("nonsense", "1", "is unknown"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(name: str, value: str, because: str) -> None:
    text = complaint(**{name: value})
    assert name in text
    assert because in text
    assert "problems" not in text


def test_what_the_reference_operator_takes_for_itself_is_no_fault() -> None:
    assert parameters(start_transport="true") == parameters()
    (warning,) = unused({"start_transport": "false", "batch_size": "21"})
    assert warning == "parameter start_transport has no effect: it is for the surroundings of the reference operator"
    assert warning.template in CHINESE


def test_all_problems_come_at_once() -> None:
    text = complaint(learning_rate="abc", optimizer="adam", batch_size=None, l1_norm="1", lable_owner="host.0")
    assert text.startswith("5 problems")
    for part in ("learning_rate = 'abc'", "optimizer = 'adam'", "batch_size is missing", "l1_norm", "lable_owner"):
        assert part in text


# The label.


@pytest.mark.parametrize(("owner", "has_label"), [("host.0", True), ("guest.0", False)])
def test_label_owner_stands_in_for_has_label(owner: str, has_label: bool) -> None:
    assert parameters(has_label=None, label_owner=owner).has_label is has_label


def test_label_owner_and_has_label_may_say_the_same() -> None:
    p = parameters(has_label="true", label_owner="host.0", feature_nums='{"guest.0":10,"host.0":10}')
    assert p.has_label
    assert p.feature_nums == {"host.0": 10, "guest.0": 10}


def test_label_owner_needs_to_know_who_this_party_is() -> None:
    env = tutorial(has_label=None, label_owner="host.0")
    del env["config.self_role"]
    with pytest.raises(ParameterError, match=r"config\.self_role is missing"):
        Parameters.from_environment(env)


# The rate in the ring.


def test_the_tutorials_rate_is_one_ulp() -> None:
    """spec: ss_lr §2, seen with the SPU wheel."""
    assert parameters().step_rate == 1


def test_rates_by_hand() -> None:
    # learning_rate 0.5 is 2^17 ulp and 1/4 is 2^16: their product over 2^18 is 2^15.
    assert parameters(learning_rate="0.5", batch_size="4").step_rate == 2**15
    # At 26 bits: trunc(1e-4 * 2^26) = 6710 and trunc(2^26 / 21) = 3195660; their product over 2^26 is 319.5.
    assert parameters(fxp_bits="26").step_rate in (319, 320)


@given(st.floats(1e-4, 10), st.integers(1, 1000), st.integers(16, 24))
def test_the_rate_is_near_the_real_one(learning_rate: float, batch_size: int, fxp_bits: int) -> None:
    p = replace(parameters(), learning_rate=learning_rate, batch_size=batch_size, fxp_bits=fxp_bits)
    # Each factor loses less than an ulp and float32's last bit; the product is then rounded to the nearest ulp.
    lost = (learning_rate + 1 / batch_size) * (1 + 2.0 ** (fxp_bits - 23)) + 0.5
    assert abs(p.step_rate - learning_rate / batch_size * 2**fxp_bits) <= lost + 1e-6


def test_a_rate_that_becomes_zero_is_refused() -> None:
    # 1e-6 is less than 2^-18; and 1e-4 / 100 is less than half of it.
    assert "nothing would be learned" in complaint(learning_rate="0.000001")
    assert "nothing would be learned" in complaint(batch_size="100")
    assert "0.262 ulp at fxp_bits=18" in complaint(batch_size="100")


def test_the_tutorials_rate_gets_the_tutorials_warning() -> None:
    [text] = parameters().warnings(10_000, 1.0)
    assert text == (
        "learning_rate / batch_size = 4.76e-06 is 1.25 ulp at fxp_bits=18 and is used as 3.81e-06 (20 % low);"
        " raise fxp_bits, learning_rate or lower batch_size"
    )


def test_a_good_rate_gets_no_warning() -> None:
    assert parameters(learning_rate="0.01").warnings(10_000, 1.0) == []


def test_a_rate_is_told_in_percent_low_or_high() -> None:
    # 1e-5 is 2.6 ulp and becomes 2, which is 24 % less.
    assert "24 % low" in parameters(learning_rate="0.00001", batch_size="1").warnings(10, 1.0)[0]
    # 8e-6 is 2.1 ulp and becomes 2; a third of it is 0.7 ulp, and 2 * 87381 / 2^18 = 0.67 becomes 1.
    assert "43 % high" in parameters(learning_rate="0.000008", batch_size="3").warnings(10, 1.0)[0]


def test_a_penalty_that_vanishes_is_told() -> None:
    texts = parameters(l2_norm="0.000001", learning_rate="0.01").warnings(10_000, 1.0)
    assert [text.partition(" is ")[0] for text in texts] == ["l2_norm = 1e-06"]
    assert "100 % low" in texts[0]
    assert parameters(l2_norm="0", learning_rate="0.01").warnings(10_000, 1.0) == []


# The risk of a wrap.


def test_no_whole_batch_is_refused() -> None:
    with pytest.raises(ParameterError, match="batch_size = 21 is more than the 20 rows"):
        parameters().warnings(20, 1.0)
    assert parameters(learning_rate="0.01").warnings(21, 1.0) == []


def test_a_product_that_cannot_fit_is_refused() -> None:
    """With 30 fraction bits a product has 2^3 left, and a batch of 21 may sum up to 21."""
    with pytest.raises(ParameterError, match="room below 8") as caught:
        parameters(fxp_bits="30").warnings(10_000, 1.0)
    assert "scale" not in caught.value.hint
    # 2^(63 - 36) = 134,217,728, over 21 rows 6,391,320 for a feature.
    with pytest.raises(ParameterError) as caught:
        parameters().warnings(10_000, 6.4e6)
    assert "scale the features to [-1, 1]" in caught.value.hint
    assert parameters().warnings(10_000, 6.3e6)


def test_truncation_with_the_ttp_has_half_of_the_room() -> None:
    """2^(62 - 36) = 67,108,864, over 21 rows 3,195,660 for a feature."""
    with pytest.raises(ParameterError, match=r"room below 6\.71e\+07"):
        parameters().warnings(10_000, 3.2e6, assisted=True)
    assert parameters().warnings(10_000, 3.1e6, assisted=True) == parameters().warnings(10_000, 3.2e6)


# Anything at all.


@given(st.dictionaries(st.sampled_from([p.name for p in PARAMETERS]), st.text(max_size=8) | st.just("1" * 400)))
def test_any_text_is_a_value_or_a_parameter_error(changes: dict[str, str]) -> None:
    try:
        p = parameters(**changes)
    except ParameterError:
        return
    assert p.step_rate > 0


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_any_json_as_feature_nums(value: object) -> None:
    with pytest.raises(ParameterError, match="feature_nums"):
        parameters(feature_nums=json.dumps(value))
