"""Confidence intervals for the pooled effect beyond the usual, each held against its source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.synthesis import Options, pool, pool_as
from metareview.synthesis.intervals import INTERVALS

BCG = effects_of("bcg", "RR")
SIX = ([0.5, 0.3, 0.9, 0.2, 1.1, 0.7, 0.6], [0.04, 0.06, 0.1, 0.03, 0.2, 0.05, 0.08])


def generic(yi, vi):
    return effect_sizes({"yi": list(yi), "vi": list(vi)}, measure="GEN")


def limits(fit):
    return fit.ci.low, fit.ci.high


# library(metafor); hc(rma(yi, vi, data=dat, method="DL"), control=list(tol=1e-14)) on dat.bcg, log RR
def test_henmi_copas_agrees_with_metafor():
    fit = pool(BCG, ci="hc")
    assert fit.estimate == pytest.approx(-0.430285163654, abs=1e-12)
    assert fit.se == pytest.approx(0.283544351355, abs=1e-12)
    assert limits(fit) == pytest.approx((-1.155548761932, 0.294978434624), abs=1e-9)


# dat.lee2004: nausea after surgery with and without stimulation of acupuncture point P6
LEE = {
    "ai": [18, 5, 9, 32, 9, 11, 69, 3, 1, 11, 7, 4, 1, 24, 16, 28],
    "n1i": [100, 50, 20, 135, 23, 18, 122, 25, 30, 30, 44, 47, 30, 40, 50, 110],
    "ci": [20, 18, 7, 31, 10, 12, 80, 12, 1, 19, 16, 6, 13, 71, 53, 25],
    "n2i": [100, 50, 20, 139, 23, 18, 122, 25, 30, 30, 39, 47, 30, 80, 88, 111],
}


def test_henmi_copas_gives_the_figures_of_its_paper():
    # Henmi & Copas 2010, Stat Med 29:2969, page 2978: -0.5145 (-0.9994 to -0.0295), DL tau2 0.3325
    fit = pool(effect_sizes(LEE, measure="OR"), ci="hc", tau2="DL")
    assert fit.heterogeneity.tau2 == pytest.approx(0.3325, abs=5e-5)
    assert fit.estimate == pytest.approx(-0.5145, abs=5e-5)
    assert limits(fit) == pytest.approx((-0.9994, -0.0295), abs=1e-4)


def test_ivhet_keeps_common_weights_and_widens_the_error():
    fit, common = pool(BCG, ci="ivhet", tau2="DL"), pool(BCG, model="common")
    p = common.weights
    assert fit.estimate == pytest.approx(common.estimate, rel=1e-13)
    assert fit.se**2 == pytest.approx((p**2 * (BCG.vi + fit.heterogeneity.tau2)).sum(), rel=1e-12)
    assert any("common-effect" in note for note in fit.notes)


def kenward_roger_by_matrices(y, v, tau2):
    """Return variance and degrees of freedom from the general formulas of Kenward & Roger 1997."""
    x, inverse = np.ones((len(y), 1)), np.diag(1 / (v + tau2))
    phi = np.linalg.inv(x.T @ inverse @ x)
    projector = inverse - inverse @ x @ phi @ x.T @ inverse
    w = 1 / (0.5 * np.trace(projector @ projector))
    p = -x.T @ inverse @ inverse @ x
    q = x.T @ inverse @ inverse @ inverse @ x
    adjusted = phi + 2 * phi @ (w * (q - p @ phi @ p)) @ phi
    theta = np.linalg.inv(phi)
    a1 = w * np.trace(theta @ phi @ p @ phi) ** 2
    a2 = w * np.trace(theta @ phi @ p @ phi @ theta @ phi @ p @ phi)
    b = (a1 + 6 * a2) / 2
    g = (2 * a1 - 5 * a2) / (3 * a2)
    c = [g / (3 + 2 * (1 - g)), (1 - g) / (3 + 2 * (1 - g)), (3 - g) / (3 + 2 * (1 - g))]
    expected = 1 / (1 - a2)
    variance = 2 * (1 + c[0] * b) / ((1 - c[1] * b) ** 2 * (1 - c[2] * b))
    rho = variance / (2 * expected**2)
    return adjusted.item(), 4 + 3 / (rho - 1)


def test_kenward_roger_equals_the_general_matrix_formulas():
    fit = pool(BCG, ci="kr")
    variance, df = kenward_roger_by_matrices(BCG.yi, BCG.vi, fit.heterogeneity.tau2)
    assert fit.se**2 == pytest.approx(variance, rel=1e-10)
    assert fit.df == pytest.approx(df, rel=1e-8)
    half = student.ppf(0.975, df) * variance**0.5
    assert limits(fit) == pytest.approx((fit.estimate - half, fit.estimate + half), rel=1e-9)


def test_kenward_roger_has_one_degree_less_than_studies_when_they_are_alike():
    assert pool(generic([0.1, 0.9, 0.4, 0.8], [0.01] * 4), ci="kr").df == pytest.approx(3)


def likelihood(mu, tau2, y, v):
    return -0.5 * (np.log(v + tau2) + (y - mu) ** 2 / (v + tau2)).sum()


def test_profile_likelihood_falls_by_its_quantile_at_both_ends():
    fit, y, v = pool(BCG, ci="pl"), BCG.yi, BCG.vi
    grid = np.concatenate([[0], np.geomspace(1e-4, 5, 20_000)])
    top = likelihood(fit.estimate, fit.heterogeneity.tau2, y, v)
    for end in limits(fit):
        profile = max(likelihood(end, t, y, v) for t in grid)
        assert 2 * (top - profile) == pytest.approx(3.841458820694124, abs=1e-5)
    assert fit.method.tau2 == "ML"


def test_profile_likelihood_test_agrees_with_its_interval():
    fit = pool(BCG, ci="pl")
    null_level = 1 - fit.p
    wider = pool(BCG, ci="pl", level=min(null_level, 0.9999))
    assert wider.ci.high == pytest.approx(0, abs=1e-6)


# library(metafor); r <- rma(c(.5,.3,.9,.2,1.1,.7,.6), c(.04,.06,.1,.03,.2,.05,.08))
# permutest(r, exact=TRUE, permci=TRUE): p 0.015625, interval 0.2973 to 0.8999
def test_the_sign_flip_test_counts_every_pattern():
    y, v = np.array(SIX[0]), np.array(SIX[1])
    fit = pool(generic(y, v), ci="permutation")
    assert fit.p == pytest.approx(0.015625, abs=1e-15)
    assert limits(fit) == pytest.approx((0.2973, 0.8999), abs=2e-3)
    inside = pool(generic(y - (fit.ci.low + 1e-6), v), ci="permutation")
    outside = pool(generic(y - (fit.ci.low - 1e-3), v), ci="permutation")
    assert inside.p > 0.05 >= outside.p


def test_too_few_studies_for_a_permutation_interval_say_so():
    fit = pool(generic([0.1, 0.9, 0.5, 0.3], [0.01, 0.02, 0.01, 0.01]), ci="permutation")
    assert fit.ci is None
    assert any("no finite confidence interval" in note for note in fit.notes)
    assert "(no interval)" in str(fit)


def test_a_permutation_interval_is_the_same_each_time():
    random = np.random.default_rng(2)
    effects = generic(random.normal(0.3, 0.4, 20), random.uniform(0.01, 0.2, 20))
    assert limits(pool(effects, ci="permutation")) == limits(pool(effects, ci="permutation"))


# rma(yi, vi, data=dat.bcg RR, control=list(threshold=1e-15)); confint(r, type="PL")
def test_profile_likelihood_of_tau2_agrees_with_metafor():
    reml = pool_as(BCG, Options(tau2_ci="PL")).heterogeneity.tau2_ci
    assert (reml.low, reml.high) == pytest.approx((0.11526610574805433, 0.9646952), abs=1e-6)


def test_the_ends_of_the_generalised_q_interval_have_the_tail_probabilities():
    random = np.random.default_rng(11)
    y, v = BCG.yi, BCG.vi
    a = 1 / v
    q = (a * (y - (a * y).sum() / a.sum()) ** 2).sum()
    interval = pool_as(BCG, Options(tau2_ci="BJ")).heterogeneity.tau2_ci
    for end, above in ((interval.low, 0.025), (interval.high, 0.975)):
        draws = random.normal(0, np.sqrt(v + end)[:, None], (13, 400_000))
        mean = (a[:, None] * draws).sum(axis=0) / a.sum()
        assert ((a[:, None] * (draws - mean) ** 2).sum(axis=0) > q).mean() == pytest.approx(above, abs=0.001)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=7), st.sampled_from(["QP", "BJ", "J", "PL"]))
def test_intervals_for_tau2_are_ordered_and_not_negative(y, code):
    v = np.linspace(0.05, 0.5, len(y))
    interval = pool_as(generic(y, v), Options(tau2_ci=code)).heterogeneity.tau2_ci
    assert 0 <= interval.low <= interval.high


@pytest.mark.parametrize("code", INTERVALS)
def test_every_interval_says_what_it_is_and_where_it_comes_from(code):
    assert INTERVALS[code].label and INTERVALS[code].citation
