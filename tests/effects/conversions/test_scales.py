"""From one measure to another and back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects import conversions
from metareview.effects.conversions import Derived, or_from_rr, or_from_smd, rr_from_or, smd_from_or
from metareview.errors import EffectError

ratio, risk = st.floats(0.05, 20), st.floats(0.01, 0.99)


@given(ratio)
def test_odds_ratio_and_standardised_difference_undo_each_other(x):
    assert or_from_smd(smd_from_or(x).value).value == pytest.approx(x, rel=1e-12)


def test_chinns_divisor_is_1_81():
    assert math.log(5) / smd_from_or(5).value == pytest.approx(1.814, abs=5e-4)


@given(ratio, risk)
def test_odds_ratio_and_risk_ratio_undo_each_other_at_one_baseline(x, p):
    assert or_from_rr(rr_from_or(x, p).value, p).value == pytest.approx(x, rel=1e-6)


@given(ratio, risk)
def test_a_risk_ratio_is_the_ratio_of_the_two_risks(x, p):
    odds = x * p / (1 - p)
    assert rr_from_or(x, p).value == pytest.approx(odds / (1 + odds) / p, rel=1e-9)


@given(ratio, risk)
def test_a_risk_ratio_lies_nearer_to_one_than_its_odds_ratio(x, p):
    rr = rr_from_or(x, p).value
    assert abs(math.log(rr)) <= abs(math.log(x)) + 1e-12


def test_an_interval_comes_along():
    derived = rr_from_or(0.5, 0.4, low=0.3, high=0.8)
    assert derived["low"] < derived["rr"] < derived["high"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: smd_from_or(0), "estimate is 0; it must be above 0."),
        (lambda: rr_from_or(2, 40), "risk is 40; it must lie between 0 and 1."),
        (lambda: or_from_rr(3, 0.4), "which cannot be"),
        (lambda: smd_from_or(2, low=3, high=4), "must hold its estimate"),
        (lambda: or_from_smd(float("inf")), "a finite number is needed"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(EffectError) as caught:
        call()
    assert says in str(caught.value)


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_derived_value_survives_json(values):
    derived = Derived(values, "by hand", "nobody", "a note")
    again = json.loads(json.dumps(derived.as_dict()))
    assert again["derived"] is True and again["values"] == values
    assert (again["method"], again["citation"], again["note"]) == ("by hand", "nobody", "a note")


def test_a_derived_value_says_how_it_was_made_and_cannot_be_changed():
    derived = smd_from_or(2)
    assert str(derived).startswith("smd = 0.382152 (derived: log odds ratio times √3/π; Chinn 2000")
    with pytest.raises(TypeError):
        derived.values["smd"] = 1.0
    with pytest.raises(AttributeError):
        derived.method = "other"


def test_every_conversion_is_in_the_table_under_its_own_name():
    for name, function in conversions.CONVERSIONS.items():
        assert getattr(conversions, name.replace("-", "_")) is function
        assert function.__doc__
