"""Every option of a job is defined once, and whoever takes it has all of it from there."""

from __future__ import annotations

import inspect
import subprocess
import sys
from argparse import ArgumentTypeError
from typing import Any, get_args

import pytest

import kuscia_nb as kn
from kuscia_nb.errors import KusciaError
from kuscia_nb.magics.bfia import bfia_submit
from kuscia_nb.magics.config import Defaults
from kuscia_nb.magics.kusciajob import KusciaMagics
from kuscia_nb.operators.ss_lr.training import STRATEGIES
from kuscia_nb.options import OPTIONS, Options, Strategy, taken_by

NAMES = {taker: {option.name for option in taken_by(taker)} for taker in ("call", "magic", "config", "terminal")}


def in_order(parameters: Any) -> list[tuple[str, Any]]:
    return [(one.name, one.default) for one in parameters if one.kind is one.KEYWORD_ONLY]


@pytest.mark.parametrize("method", [kn.Cluster.apply, kn.Cluster.submit])
def test_calls_take_them_by_name_with_their_defaults_and_their_help(method: Any) -> None:
    expected = [(option.name, option.default) for option in taken_by("call")]
    assert in_order(inspect.signature(method).parameters.values()) == expected
    for option in taken_by("call"):
        assert f"`{option.name}`: {option.about.help}." in method.__doc__


@pytest.mark.parametrize("magic", [KusciaMagics.kusciajob, bfia_submit])
def test_magics_take_them_on_their_line(magic: Any) -> None:
    actions = {action.dest: action for action in magic.parser._actions}
    assert actions.keys() == NAMES["magic"] | {"help", "file"}
    for option in taken_by("magic"):
        assert tuple(actions[option.name].choices or ()) == option.choices
        assert actions[option.name].help == option.about.help


def test_config_has_a_setting_for_each() -> None:
    traits = Defaults.class_traits(config=True)
    assert traits.keys() == NAMES["config"]
    for option in taken_by("config"):
        assert (traits[option.name].default_value, traits[option.name].help) == (option.default, option.about.help)


def test_the_terminal_takes_them() -> None:
    shown = subprocess.run([sys.executable, "-m", "kuscia_nb", "--help"], capture_output=True, text=True, check=True)
    for option in OPTIONS:
        assert (f"--{option.name.replace('_', '-')} " in shown.stdout) == (option.name in NAMES["terminal"])


def test_each_has_its_help_and_somebody_who_takes_it() -> None:
    for option in OPTIONS:
        assert option.about.help.isascii()
        assert any(option.name in names for names in NAMES.values())
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)


def test_the_strategies_are_those_that_there_are_programs_for() -> None:
    assert get_args(Strategy) == tuple(STRATEGIES)


def test_programs_are_told_of_some() -> None:
    told = Options(strategy="interconnection", truncation="ttp").environment()
    assert told == {"kuscia_nb.strategy": "interconnection", "kuscia_nb.truncation": "ttp"}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"trace": "all"}, "trace 'all' is unknown\n  try: one of full, sizes, off"),
        ({"verify": "no"}, "verify 'no' is not possible\n  try: True or False"),
        ({"seed": 1.5}, "seed 1.5 is not possible\n  try: a whole number, or None for a run that is secret"),
    ],
)
def test_what_an_option_cannot_be_is_refused(option: Any, said: str) -> None:
    with pytest.raises(KusciaError) as caught:
        Options(**option)
    assert str(caught.value) == said


@pytest.mark.parametrize(("name", "text"), [("timeout", "0"), ("timeout", "soon"), ("timeout", "nan"), ("out", "a b")])
def test_what_is_no_value_on_a_line_is_refused(name: str, text: str) -> None:
    [option] = [one for one in OPTIONS if one.name == name]
    assert option.about.read is not None
    with pytest.raises(ArgumentTypeError, match="is not a"):
        option.about.read(text)


def test_nothing_heavy_is_loaded_for_them() -> None:
    code = "import sys, kuscia_nb.options; assert not {'numpy', 'pydantic', 'IPython'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
