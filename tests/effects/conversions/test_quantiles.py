"""Mean and SD from quantiles: published values, and what simulation of known distributions gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from metareview.effects.conversions import mean_sd_from_quantiles, skewness_test
from metareview.errors import EffectError


def five(sample):
    low, q1, median, q3, high = np.quantile(sample, [0, 0.25, 0.5, 0.75, 1])
    return {"n": len(sample), "median": median, "q1": q1, "q3": q3, "low": low, "high": high}


def parts(numbers):
    """The three sets of numbers that papers print."""
    return [
        {k: numbers[k] for k in ("n", "median", "low", "high")},
        {k: numbers[k] for k in ("n", "median", "q1", "q3")},
        numbers,
    ]


def test_the_documented_example_of_quantile_estimation():
    """Minimum 2, median 4, maximum 9 of 100 persons: the README of McGrath's estmeansd."""
    derived = mean_sd_from_quantiles(n=100, median=4, low=2, high=9, method="qe")
    assert derived["mean"] == pytest.approx(4.347284, abs=2e-4)
    assert derived["sd"] == pytest.approx(1.502171, abs=2e-4)


def test_wans_formulas_by_hand():
    """Wan 2014: (a+2m+b)/4, (a+2q1+2m+2q3+b)/8, (q1+m+q3)/3; divisors 2Φ⁻¹((n-.375)/(n+.25)) and so on."""
    n = 50
    wide, narrow = stats.norm.ppf((n - 0.375) / (n + 0.25)), stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
    numbers = {"n": n, "median": 11.0, "q1": 8.0, "q3": 15.0, "low": 2.0, "high": 30.0}
    by_range, by_quartiles, both = (mean_sd_from_quantiles(**p, method="wan") for p in parts(numbers))
    assert by_range["mean"] == pytest.approx((2 + 22 + 30) / 4)
    assert by_quartiles["mean"] == pytest.approx((8 + 11 + 15) / 3)
    assert both["mean"] == pytest.approx((2 + 16 + 22 + 30 + 30) / 8)
    assert by_range["sd"] == pytest.approx(28 / (2 * wide))
    assert by_quartiles["sd"] == pytest.approx(7 / (2 * narrow))
    assert both["sd"] == pytest.approx(28 / (4 * wide) + 7 / (4 * narrow))


@pytest.mark.parametrize(("n", "d2"), [(10, 3.078), (25, 3.931), (50, 4.498), (100, 5.015)])
def test_the_expected_range_of_normal_deviates(n, d2):
    """The d2 constants of quality control: a range of d2 stands for a standard deviation of 1."""
    derived = mean_sd_from_quantiles(n=n, median=0, low=-d2 / 2, high=d2 / 2, method="wan")
    assert derived["sd"] == pytest.approx(1, rel=6e-3)


def test_luos_weights_by_hand():
    """Luo 2018, equations 7, 11 and 15; Shi 2020, equation 10."""
    n = 81
    numbers = {"n": n, "median": 11.0, "q1": 8.0, "q3": 15.0, "low": 2.0, "high": 30.0}
    by_range, by_quartiles, both = (mean_sd_from_quantiles(**p) for p in parts(numbers))
    w = 4 / (4 + 27)
    assert by_range["mean"] == pytest.approx(w * 16 + (1 - w) * 11)
    w = 0.7 + 0.39 / n
    assert by_quartiles["mean"] == pytest.approx(w * 11.5 + (1 - w) * 11)
    outer, inner = 2.2 / (2.2 + 27), 0.7 - 0.72 / n**0.55
    assert both["mean"] == pytest.approx(outer * 16 + inner * 11.5 + (1 - outer - inner) * 11)
    wide, narrow = stats.norm.ppf((n - 0.375) / (n + 0.25)), stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
    theta = (2 + 0.14 * n**0.6) * wide, (2 + 2 / (0.07 * n**0.6)) * narrow
    assert both["sd"] == pytest.approx(28 / theta[0] + 7 / theta[1])


@pytest.mark.parametrize("method", ["luo", "wan"])
@pytest.mark.parametrize("case", [0, 1, 2])
def test_estimates_of_normal_samples_are_unbiased(method, case):
    rng = np.random.default_rng(20)
    found = np.array(
        [
            [d["mean"], d["sd"]]
            for d in (
                mean_sd_from_quantiles(**parts(five(rng.normal(50, 10, 60)))[case], method=method)
                for _ in range(400)
            )
        ]
    )
    assert found[:, 0].mean() == pytest.approx(50, abs=0.35)
    assert found[:, 1].mean() == pytest.approx(10, abs=0.35)


@pytest.mark.parametrize("n", [17, 49, 201])
def test_the_skewness_test_rejects_normal_samples_at_about_its_level(n):
    """Shi 2023: 5% under normality, in each of the three cases."""
    samples = np.random.default_rng(7).normal(0, 1, (1500, n))
    for case in range(3):
        rejected = [skewness_test(**parts(five(sample))[case])["skewed"] for sample in samples]
        assert 0.035 < np.mean(rejected) < 0.065, case


def test_the_skewness_test_finds_a_log_normal_outcome():
    sample = np.random.default_rng(4).lognormal(1, 1, 200)
    for case in range(3):
        assert skewness_test(**parts(five(sample))[case])["skewed"] == 1
    assert "mislead" in mean_sd_from_quantiles(**five(sample)).note


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("log-normal", stats.lognorm(0.6, scale=np.exp(1.2))),
        ("gamma", stats.gamma(2.5, scale=3)),
        ("Weibull", stats.weibull_min(1.7, scale=9)),
        ("normal", stats.norm(-3, 2)),
        ("beta", stats.beta(2, 5)),
    ],
)
def test_quantile_estimation_recovers_the_distribution_that_made_the_quantiles(name, distribution):
    n = 100
    low, q1, median, q3, high = distribution.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    for unit in (1.0, 1.0 if name == "beta" else 1000.0):
        derived = mean_sd_from_quantiles(
            n=n,
            median=median * unit,
            q1=q1 * unit,
            q3=q3 * unit,
            low=low * unit,
            high=high * unit,
            method="qe",
        )
        assert f"a {name} distribution" in derived.method
        assert derived["mean"] == pytest.approx(distribution.mean() * unit, rel=1e-5)
        assert derived["sd"] == pytest.approx(distribution.std() * unit, rel=1e-4)


def test_fitting_warns_of_skew_only_where_it_is_left_the_normal_distribution():
    skewed = {"n": 200, "median": 4, "q1": 3, "q3": 9}
    assert "skewed" not in mean_sd_from_quantiles(**skewed, method="qe").note
    shifted = {k: v if k == "n" else v - 5 for k, v in skewed.items()}
    assert "skewed" in mean_sd_from_quantiles(**shifted, method="qe").note


@given(st.floats(-100, 100), st.floats(0.01, 100), st.floats(0, 1), st.integers(5, 5000))
def test_derived_values_move_and_scale_with_the_outcome(shift, factor, lean, n):
    numbers = {"n": n, "median": lean, "q1": -1.0, "q3": 2.0, "low": -3.0, "high": 5.0}
    moved = {k: v if k == "n" else shift + factor * v for k, v in numbers.items()}
    for method in ("luo", "wan"):
        one, other = (
            mean_sd_from_quantiles(**numbers, method=method),
            mean_sd_from_quantiles(**moved, method=method),
        )
        assert other["mean"] == pytest.approx(shift + factor * one["mean"], rel=1e-9, abs=1e-7)
        assert other["sd"] == pytest.approx(factor * one["sd"], rel=1e-7)
        assert other["skew"] == pytest.approx(one["skew"], rel=1e-4, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0.001, 1000), min_size=5, max_size=5), st.integers(5, 1000))
def test_quantile_estimation_always_gives_finite_values(values, n):
    low, q1, median, q3, high = sorted(values)
    if low == high:
        return
    derived = mean_sd_from_quantiles(n=n, median=median, q1=q1, q3=q3, low=low, high=high, method="qe")
    assert np.isfinite(derived["mean"]) and np.isfinite(derived["sd"]) and derived["sd"] >= 0


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"n": 4, "median": 2, "q1": 1, "q3": 3}, "n is 4; these methods need 5 persons or more."),
        ({"n": 40, "median": 2}, "give q1 and q3, or low and high"),
        ({"n": 40, "median": 2, "q1": 1}, "give q1 and q3, or low and high"),
        ({"n": 40, "median": 5, "q1": 1, "q3": 3}, "q3 is 3; it cannot be below median (5)."),
        ({"n": 40, "median": 2, "q1": 2, "q3": 2}, "all quantiles are equal"),
        ({"n": 40, "median": float("nan"), "q1": 1, "q3": 3}, "median is nan; a finite number is needed."),
        ({"n": 40, "median": 2, "q1": 1, "q3": 3, "method": "hozo"}, 'method is "hozo"'),
    ],
)
def test_quantiles_that_cannot_be_are_refused(numbers, says):
    with pytest.raises(EffectError) as caught:
        mean_sd_from_quantiles(**numbers)
    assert says in str(caught.value)
