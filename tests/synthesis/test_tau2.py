"""Estimators of tau2: exact roots, global maxima, closed forms, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from benchmarks.validation import effects_of
from metareview.synthesis.likelihood import log_likelihood, maximise
from metareview.synthesis.stack import stack_one, stack_up
from metareview.synthesis.tau2 import ESTIMATORS, estimate_tau2, solve_q

BCG = effects_of("bcg", "RR")


def tau2(yi, vi, code):
    return float(estimate_tau2(stack_one(np.asarray(yi, float), np.asarray(vi, float)), code)[0])


def known(effects):
    return effects.yi[effects.estimable], effects.vi[effects.estimable]


# R metafor 3.8-1: rma(yi, vi, method=…, control=list(threshold=1e-15)) on dat.bcg, log risk ratios
BCG_TAU2 = {"DL": 0.30876026, "HE": 0.32856386, "HS": 0.22836286, "SJ": 0.34551570, "ML": 0.28002814}
BCG_TAU2 |= {"REML": 0.31324326, "EB": 0.31806845, "PM": 0.31806845, "PMM": 0.34338791, "HSk": 0.24916993}
BCG_TAU2 |= {"GENQ": 0.31549551, "DL2": 0.31795557}  # GENQ with weights 1/se, and 1/(v + DL)


@pytest.mark.parametrize(("code", "value"), BCG_TAU2.items())
def test_bcg_gives_the_published_figures(code, value):
    assert tau2(BCG.yi, BCG.vi, code) == pytest.approx(value, abs=6e-9)


def test_bcg_reml_is_metafors_converged_value():
    assert tau2(BCG.yi, BCG.vi, "REML") == pytest.approx(0.31324325813648074, rel=1e-12)


def test_the_second_step_of_the_moment_method_weights_by_the_first():
    y, v = known(BCG)
    a = 1 / (v + tau2(y, v, "DL"))
    mu = (a * y).sum() / a.sum()
    q = (a * (y - mu) ** 2).sum()
    by_hand = (q - (a * v).sum() + (a**2 * v).sum() / a.sum()) / (a.sum() - (a**2).sum() / a.sum())
    assert tau2(y, v, "DL2") == pytest.approx(by_hand, rel=1e-12)


def exact_score(y, v, t, kind):
    """Return the score of the likelihood, or Q less its target, with 60 digits."""
    mp.dps = 60
    y, v, t = [mpf(float(x)) for x in y], [mpf(float(x)) for x in v], mpf(float(t))
    w = [1 / (x + t) for x in v]
    total = sum(w)
    mu = sum(a * b for a, b in zip(w, y, strict=True)) / total
    r2 = [(b - mu) ** 2 for b in y]
    if kind in ("PM", "EB"):
        return sum(a * b for a, b in zip(w, r2, strict=True)) - (len(y) - 1)
    squares = sum(a * a for a in w)
    expected = total - (squares / total if kind == "REML" else 0)
    return sum(a * a * b for a, b in zip(w, r2, strict=True)) - expected


@pytest.mark.parametrize("code", ["REML", "ML", "PM"])
@pytest.mark.parametrize(("name", "measure"), [("bcg", "RD"), ("graves2010", "RD"), ("gibson2002", "SMD")])
def test_roots_are_exact_to_the_last_digits(name, measure, code):
    y, v = known(effects_of(name, measure))
    t = tau2(y, v, code)
    step = 1e-13 * (t + v.min())
    assert exact_score(y, v, t - step, code) > 0 > exact_score(y, v, t + step, code)


def test_the_converged_reference_is_farther_from_the_root_than_we_are():
    # metafor with threshold = 1e-15 on dat.graves2010, risk differences, REML
    y, v = known(effects_of("graves2010", "RD"))
    ours, theirs = tau2(y, v, "REML"), 3.664227426464147e-07
    assert abs(exact_score(y, v, ours, "REML")) < 1e-2 * abs(exact_score(y, v, theirs, "REML"))


def test_the_higher_of_two_maxima_is_taken():
    # dat.gibson2002, mean differences: REML has maxima at 0 and near 9.68, ML at 0 and near 0.695
    y, v = known(effects_of("gibson2002", "MD"))
    assert tau2(y, v, "REML") == pytest.approx(9.68, abs=0.01)
    assert tau2(y, v, "ML") == 0


@st.composite
def data_sets(draw, least=2, most=8):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.floats(-5, 5, width=32), min_size=k, max_size=k))
    v = draw(st.lists(st.floats(-3.0, 3.0).map(lambda x: 10.0**x), min_size=k, max_size=k))
    return np.array(y), np.array(v)


@given(data_sets(), st.sampled_from(["ML", "REML"]))
def test_no_tau2_has_a_higher_likelihood(data, kind):
    stack = stack_one(*data)
    best = maximise(stack, kind)
    top = max(float(stack.spread[0]) ** 2, float(stack.v_min[0]))
    grid = np.concatenate([[0.0], np.geomspace(1e-8 * top, top, 400)])
    at = log_likelihood(stack, best, kind)[0]
    assert (log_likelihood(stack, grid, kind) <= at + 1e-9 * (1 + abs(at))).all()


@pytest.mark.slow
def test_a_coarse_scan_misses_no_global_maximum_in_a_hundred_thousand_wild_data_sets():
    rng = np.random.default_rng(7)
    k, sets = 5, 100_000
    v = np.exp(rng.normal(0, 3, (k, sets)))
    y = rng.normal(0, 1, (k, sets)) * np.exp(rng.normal(0, 1.5, (k, sets)))
    for part in np.array_split(np.arange(sets), 50):
        stack = stack_up(y[:, part], v[:, part])
        best = log_likelihood(stack, maximise(stack, "REML"), "REML")
        for share in np.linspace(0, 1, 300):
            t = stack.v_min * np.expm1(share * np.log1p(stack.spread**2 / 2 / stack.v_min))
            assert (log_likelihood(stack, t, "REML") <= best + 1e-9 * (1 + np.abs(best))).all()


@given(data_sets(), st.sampled_from(sorted(ESTIMATORS)), st.sampled_from([1e-4, 1e6]))
def test_scaling_the_effects_scales_tau2(data, code, by):
    y, v = data
    expected = tau2(y, v, code) * by**2
    assert tau2(by * y, by**2 * v, code) == pytest.approx(expected, rel=1e-9, abs=1e-11 * by**2 * v.min())


@given(data_sets(), st.sampled_from(sorted(ESTIMATORS)))
def test_turning_and_shuffling_the_effects_changes_nothing(data, code):
    y, v = data
    expected = pytest.approx(tau2(y, v, code), rel=1e-9, abs=1e-10 * v.min())
    assert tau2(-y, v, code) == expected
    assert tau2(y[::-1], v[::-1], code) == expected


@given(data_sets(), st.sampled_from(sorted(ESTIMATORS)))
def test_a_large_offset_costs_only_the_digits_it_takes_from_the_data(data, code):
    y, v = data
    y = np.round(y * 2**20) / 2**20  # so that adding 2**20 is exact
    expected = tau2(y, v, code)
    assert tau2(y + 2.0**20, v, code) == pytest.approx(expected, rel=1e-7, abs=1e-7 * v.min())


@given(data_sets(least=3))
def test_equal_variances_give_the_sample_variance_less_that_of_sampling(data):
    y, v = data[0], np.full_like(data[1], data[1][0])
    expected = max(np.var(y, ddof=1) - v[0], 0.0)
    for code in ("DL", "HE", "REML", "PM", "DL2", "GENQ"):
        assert tau2(y, v, code) == pytest.approx(expected, rel=1e-8, abs=1e-9 * v[0])


@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(0.01, 5))
def test_two_studies_of_equal_variance_have_their_root_at_the_bound(one, other, v):
    expected = max((one - other) ** 2 / 2 - v, 0.0)
    assert tau2([one, other], [v, v], "REML") == pytest.approx(expected, rel=1e-9, abs=1e-9 * v)


@pytest.mark.parametrize("code", sorted(ESTIMATORS))
def test_equal_effects_have_no_spread(code):
    assert tau2([0.3] * 5, [0.1, 0.2, 0.3, 0.1, 0.5], code) == 0


@pytest.mark.parametrize("code", sorted(ESTIMATORS))
@pytest.mark.parametrize("vi", [10.0 ** np.linspace(-12, 12, 8), np.full(8, 1e-12), np.full(8, 1e12)])
def test_variances_over_twenty_four_orders_have_an_answer(code, vi):
    yi = np.random.default_rng(5).normal(0, 1, 8)
    assert 0 <= tau2(yi, vi, code) < np.inf


@given(data_sets(least=3), st.floats(0.5, 50))
@settings(max_examples=60)
def test_q_solved_for_a_target_takes_that_value(data, target):
    stack = stack_one(*data)
    t = solve_q(stack, np.array([target]))
    w = 1 / (stack.v + t)
    q = (w * (stack.y - (w * stack.y).sum() / w.sum()) ** 2).sum()
    assert q == pytest.approx(target, rel=1e-9) if t[0] > 0 else q <= target * (1 + 1e-12)


def test_one_giant_study_costs_no_digits():
    y, v = np.array([0.0, 0.5, 1.0, -1.0]), np.array([1e-14, 0.1, 0.2, 0.1])
    mp.dps = 60
    w = [1 / mpf(x) for x in v.tolist()]
    mu = sum(a * mpf(b) for a, b in zip(w, y.tolist(), strict=True)) / sum(w)
    q = sum(a * (mpf(b) - mu) ** 2 for a, b in zip(w, y.tolist(), strict=True))
    exact = (q - 3) / (sum(w) - sum(a * a for a in w) / sum(w))
    assert tau2(y, v, "DL") == pytest.approx(float(exact), rel=1e-10)
