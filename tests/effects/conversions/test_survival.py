"""Hazard ratios from P values and from curves, against the survival times behind them."""

import math

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.effects.conversions import hr_from_ci, hr_from_curves, hr_from_oe, hr_from_p
from metareview.errors import EffectError


def test_the_two_ways_to_a_hazard_ratio_agree():
    """The conversion and the measure HR are one formula."""
    cases = [
        (hr_from_ci(0.66, 0.47, 0.92), {"estimate": [0.66], "ci_low": [0.47], "ci_high": [0.92]}),
        (hr_from_oe(-5, 10), {"oe": [-5], "oe_v": [10]}),
        (hr_from_p(0.03, "lower", 50), {"p": [0.03], "events": [50], "direction": ["lower"]}),
        (
            hr_from_p(0.03, "higher", events_1=20, events_2=30),
            {"p": [0.03], "events_1": [20], "events_2": [30], "direction": ["higher"]},
        ),
        (
            hr_from_p(0.5, "lower", 50, total_1=100, total_2=40),
            {"p": [0.5], "events": [50], "total_1": [100], "total_2": [40], "direction": ["lower"]},
        ),
    ]
    for derived, data in cases:
        effects = effect_sizes(data, measure="HR")
        assert derived["log_hr"] == pytest.approx(effects.yi[0], rel=1e-12)
        assert derived["se"] ** 2 == pytest.approx(effects.vi[0], rel=1e-12)
        assert derived["oe"] / derived["oe_v"] == pytest.approx(effects.yi[0], rel=1e-12)


def test_arms_taken_as_equal_are_said():
    assert hr_from_p(0.03, "lower", 50).note == "It takes arms of equal size."
    assert hr_from_p(0.03, "lower", events_1=20, events_2=30).note == ""


def exponential_curves(times, hazard_1, hazard_2):
    t = np.asarray(times, dtype=float)
    return np.exp(-hazard_1 * t), np.exp(-hazard_2 * t)


def test_curves_with_numbers_at_risk_give_the_hazard_ratio_behind_them():
    """Exponential survival without censoring, in intervals so short that risks are hazards."""
    times = np.linspace(0, 24, 97)
    s1, s2 = exponential_curves(times, 0.03, 0.05)
    derived = hr_from_curves(times, s1, s2, at_risk_1=400 * s1, at_risk_2=400 * s2)
    assert derived["hr"] == pytest.approx(0.6, rel=0.02)
    assert derived["events_1"] == pytest.approx(400 * (1 - s1[-1]), rel=1e-9)
    expected = 1 / derived["events_1"] + 1 / derived["events_2"]
    assert derived["se"] ** 2 == pytest.approx(expected, rel=0.06)


def test_even_censoring_tracks_the_events_of_a_trial_that_was_censored_so():
    """Follow-up even between 12 and 36 months: events and hazard ratio as in 400,000 simulated persons."""
    rng = np.random.default_rng(5)
    n, times = 200_000, np.arange(0, 37, 3.0)
    arms = {}
    for arm, hazard in ((1, 0.025), (2, 0.04)):
        died, left = rng.exponential(1 / hazard, n), rng.uniform(12, 36, n)
        arms[arm] = (np.exp(-hazard * times), int(np.sum((died <= left) & (died < 36))))
    derived = hr_from_curves(
        times, arms[1][0], arms[2][0], at_risk_1=[n], at_risk_2=[n], follow_up_min=12, follow_up_max=36
    )
    assert derived["events_1"] == pytest.approx(arms[1][1], rel=0.02)
    assert derived["events_2"] == pytest.approx(arms[2][1], rel=0.02)
    assert derived["hr"] == pytest.approx(0.625, rel=0.03)


def test_without_censoring_both_ways_agree():
    times = [0, 6, 12, 18]
    s1, s2 = [1, 0.9, 0.8, 0.7], [1, 0.8, 0.65, 0.5]
    printed = hr_from_curves(times, s1, s2, at_risk_1=[100 * s for s in s1], at_risk_2=[100 * s for s in s2])
    even = hr_from_curves(times, s1, s2, at_risk_1=[100], at_risk_2=[100], follow_up_min=18, follow_up_max=24)
    for name in ("hr", "se", "events_1", "events_2"):
        assert printed[name] == pytest.approx(even[name], rel=1e-12)


def test_swapping_the_arms_turns_the_hazard_ratio():
    times, s1, s2 = [0, 6, 12], [1, 0.8, 0.6], [1, 0.6, 0.4]
    one = hr_from_curves(times, s1, s2, at_risk_1=[50, 40, 30], at_risk_2=[50, 30, 20])
    other = hr_from_curves(times, s2, s1, at_risk_1=[50, 30, 20], at_risk_2=[50, 40, 30])
    assert one["hr"] * other["hr"] == pytest.approx(1)
    assert one["se"] == pytest.approx(other["se"])


def test_two_intervals_by_hand():
    """D 10 of 50 against 20 of 50, then 10 of 40 against 10 of 30."""
    derived = hr_from_curves(
        [0, 6, 12], [1, 0.8, 0.6], [1, 0.6, 0.4], at_risk_1=[50, 40, 30], at_risk_2=[50, 30, 20]
    )
    logs = math.log(10 / 50) - math.log(20 / 50), math.log(10 / 40) - math.log(10 / 30)
    variances = 1 / 10 - 1 / 50 + 1 / 20 - 1 / 50, 1 / 10 - 1 / 40 + 1 / 10 - 1 / 30
    information = sum(1 / v for v in variances)
    assert derived["log_hr"] == pytest.approx(
        sum(y / v for y, v in zip(logs, variances, strict=True)) / information
    )
    assert derived["se"] == pytest.approx(information**-0.5)


def test_those_censored_leave_half_way_through_an_interval():
    """50 at risk fall to 36 while the curve falls to 0.8: D = (50 + 36) 0.2/1.8, at risk (50 + 36 + D)/2."""
    derived = hr_from_curves([0, 6], [1, 0.8], [1, 0.6], at_risk_1=[50, 36], at_risk_2=[50, 30])
    died = 86 * 0.2 / 1.8
    assert derived["events_1"] == pytest.approx(died)
    assert derived["log_hr"] == pytest.approx(math.log(died / ((86 + died) / 2)) - math.log(20 / 50))
    assert died / ((86 + died) / 2) == pytest.approx(0.2)


def test_intervals_without_events_are_left_out_and_said():
    derived = hr_from_curves(
        [0, 3, 6, 12],
        [1, 1, 0.8, 0.6],
        [1, 0.9, 0.6, 0.4],
        at_risk_1=[50, 50, 40, 30],
        at_risk_2=[50, 45, 30, 20],
    )
    assert derived.note.startswith("1 of 3 intervals hold no event in an arm and were left out")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"time": [0, 12, 6]}, "time must start at 0, rise"),
        ({"time": [1, 6, 12]}, "time must start at 0, rise"),
        ({"survival_1": [100, 80, 60]}, "survival_1 must start at 1"),
        ({"survival_2": [1, 0.4, 0.6]}, "survival_2 must start at 1, never rise"),
        ({"survival_2": [1, 0.4]}, "survival_2 has 2 values; time has 3."),
        ({"at_risk_1": [50, 40]}, "at_risk_1 must hold one number, or 3 numbers"),
        ({"at_risk_1": [50]}, "must both hold one number"),
        ({"at_risk_1": [50], "at_risk_2": [50]}, "give follow_up_min and follow_up_max"),
        (
            {"at_risk_1": [50], "at_risk_2": [50], "follow_up_min": 20, "follow_up_max": 10},
            "follow_up_min must be 0 or more, and below follow_up_max.",
        ),
        ({"survival_1": [1, 1, 1]}, "in no interval do both curves fall"),
    ],
)
def test_readings_that_cannot_be_are_refused(change, says):
    good = {
        "time": [0, 6, 12], "survival_1": [1, 0.8, 0.6], "survival_2": [1, 0.6, 0.4],
        "at_risk_1": [50, 40, 30], "at_risk_2": [50, 30, 20],
    }  # fmt: skip
    with pytest.raises(EffectError) as caught:
        hr_from_curves(**good | change)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: hr_from_p(0, "lower", 50), "p is 0"),
        (lambda: hr_from_p(0.1, "down", 50), 'direction is "down"; it must be lower or higher.'),
        (lambda: hr_from_p(0.1, "lower"), "give events, or events_1 and events_2."),
        (lambda: hr_from_p(0.1, "lower", events_1=4), "give events, or events_1 and events_2."),
        (lambda: hr_from_ci(2, 0.5, 1), "must hold it"),
        (lambda: hr_from_oe(1, 0), "oe_v is 0; it must be above 0."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(EffectError) as caught:
        call()
    assert says in str(caught.value)
