"""Prediction intervals, the exact distribution behind one of them, and thresholds in a new setting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from scipy.stats import t as student

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import pool
from metareview.synthesis.new_setting import probability_beyond
from metareview.synthesis.quadratic_form import q_below

BCG = effects_of("bcg", "RR")

# Hartung & Knapp 2001, Stat Med 20:3875: 13 trials of cisapride, responders and patients
CISAPRIDE = {
    "ai": [15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21],
    "n1i": [16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38],
    "ci": [9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19],
    "n2i": [16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38],
}


def cisapride():
    a, c = (np.array(CISAPRIDE[x]) + 0.5 for x in ("ai", "ci"))
    b, d = (np.array(CISAPRIDE[n]) + 1 - x for n, x in (("n1i", a), ("n2i", c)))
    y, v = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    return effect_sizes({"yi": y, "vi": v}, measure="GEN")


def limits(interval):
    return interval.low, interval.high


# predict(rma(yi, vi, data=dat.bcg RR), …): default z, pi.type="riley", and after test="knha"
@pytest.mark.parametrize(
    ("code", "ci", "expected"),
    [
        ("wald", "wald", (-1.8666922179028866, 0.43762753358660755)),
        ("t(k-1)", "t", (-1.9953419585091046, 0.5662772741928255)),
        ("t(k-2)", "wald", (-2.0083759069225775, 0.5793112226062984)),
        ("hksj", "hksj", (-1.9960168341962023, 0.5669521498799233)),
        ("hksj", "hksj-floor", (-1.9960168341962023, 0.5669521498799233)),
    ],
)
def test_prediction_intervals_agree_with_metafor(code, ci, expected):
    assert limits(pool(BCG, ci=ci, prediction=code).prediction) == pytest.approx(expected, rel=1e-12)


def test_a_guarded_interval_guards_its_prediction_interval_too():
    # metafor's predict() after test="adhoc" takes the guarded error as well
    effects = effect_sizes(
        {"yi": [0.1, 0.2, 0.15, 0.5, 0.3], "vi": [0.04, 0.05, 0.03, 0.06, 0.04]}, measure="GEN"
    )
    fit = pool(effects, tau2=0.006, ci="hksj-floor", prediction="hksj")
    plain = pool(effects, tau2=0.006, ci="wald")
    assert fit.se == pytest.approx(plain.se, rel=1e-12)
    half = student.ppf(0.975, 4) * np.sqrt(0.006 + plain.se**2)
    assert limits(fit.prediction) == pytest.approx((fit.estimate - half, fit.estimate + half), rel=1e-12)


def test_kenward_roger_prediction_uses_its_error_and_degrees_of_freedom():
    fit = pool(BCG, ci="kr")
    half = student.ppf(0.975, fit.df) * np.sqrt(fit.heterogeneity.tau2 + fit.se**2)
    assert limits(fit.prediction) == pytest.approx((fit.estimate - half, fit.estimate + half), rel=1e-12)


def test_the_bootstrap_agrees_with_the_published_interval():
    # R pimeta 1.1.4, vignette: cisapride, B = 25000: odds ratio 4.141 (0.533 to 33.692)
    fit = pool(cisapride(), tau2="DL", prediction="bootstrap")
    assert np.exp(fit.estimate) == pytest.approx(4.141, abs=5e-4)
    assert np.exp(limits(fit.prediction)) == pytest.approx((0.533, 33.692), rel=0.03)


def test_the_bootstrap_is_the_same_each_time_and_follows_a_shift():
    one, again = (pool(cisapride(), prediction="bootstrap").prediction for _ in range(2))
    assert limits(one) == limits(again)
    effects = cisapride()
    moved = effect_sizes({"yi": effects.yi + 3, "vi": effects.vi}, measure="GEN")
    there = pool(moved, prediction="bootstrap").prediction
    assert limits(there) == pytest.approx((one.low + 3, one.high + 3), rel=1e-9)


def test_two_studies_have_no_interval_with_k_less_two_degrees():
    fit = pool(effect_sizes({"yi": [0.1, 0.9], "vi": [0.01, 0.02]}, measure="GEN"), prediction="t(k-2)")
    assert fit.prediction is None
    assert any("no finite prediction interval" in note for note in fit.notes)


@pytest.mark.parametrize("k", [2, 3, 10, 40, 300, 3000])
@pytest.mark.parametrize("share", [0.3, 0.7, 1.0, 1.3, 2.0])
def test_q_of_like_studies_is_chi_squared(k, share):
    q, one = share * (k - 1), np.ones(k)
    assert q_below(q, one, one) == pytest.approx(chi2.cdf(q, k - 1), abs=1e-10)


@given(st.integers(2, 30), st.integers(0, 2**30), st.floats(0.1, 3))
def test_q_rises_and_does_not_depend_on_units(k, seed, share):
    random = np.random.default_rng(seed)
    a, v = np.exp(random.normal(0, 2, k)), np.exp(random.normal(0, 1, k))
    mean = (a * v).sum() - (a**2 * v).sum() / a.sum()
    q = share * mean
    below = q_below(q, a, v)
    assert 0 <= below <= q_below(1.1 * q, a, v) + 1e-10
    assert q_below(1e6 * q, 1e6 * a, v) == pytest.approx(below, abs=1e-10)


def test_q_of_unlike_studies_agrees_with_simulation():
    random = np.random.default_rng(4)
    a, v = random.uniform(0.1, 10, 6), random.uniform(0.1, 3, 6)
    y = random.normal(0, np.sqrt(v)[:, None], (6, 400_000))
    q = (a[:, None] * (y - (a[:, None] * y).sum(axis=0) / a.sum()) ** 2).sum(axis=0)
    for at in (5, 20, 60):
        assert q_below(at, a, v) == pytest.approx((q <= at).mean(), abs=0.003)


def test_a_threshold_at_the_end_of_the_interval_has_its_tail():
    fit = pool(BCG)
    below = probability_beyond(fit, np.exp(fit.prediction.low), side="below")
    assert below.probability == pytest.approx(0.025, abs=1e-10)
    assert probability_beyond(fit, np.exp(fit.prediction.high), side="above").probability == pytest.approx(
        0.025
    )
    assert str(probability_beyond(fit, 1, side="above")) == (
        "Probability of a risk ratio above 1 in a new setting: 12.4%"
    )


def test_the_two_sides_of_a_threshold_are_everything():
    fit = pool(BCG)
    for code in (None, "t(k-2)", "wald", "kr", "bootstrap"):
        sides = [
            probability_beyond(fit, 0.8, side=s, prediction=code).probability for s in ("below", "above")
        ]
        assert sum(sides) == pytest.approx(1)


def test_a_measure_that_falls_keeps_its_sides():
    counts = {name: BCG.data[name] for name in ("ai", "n1i", "ci", "n2i")}
    efficacy = pool(effect_sizes(counts, measure="VE"))
    above = probability_beyond(efficacy, 20, side="above").probability
    assert above == pytest.approx(probability_beyond(pool(BCG), 0.8, side="below").probability)


def test_a_new_setting_needs_random_effects_a_side_and_a_value_on_the_scale():
    with pytest.raises(SynthesisError, match="random-effects"):
        probability_beyond(pool(BCG, model="common"), 1, side="above")
    with pytest.raises(SynthesisError, match='did you mean "above"'):
        probability_beyond(pool(BCG), 1, side="abov")
    with pytest.raises(SynthesisError, match="cannot be brought to the scale"):
        probability_beyond(pool(BCG), -1, side="above")
