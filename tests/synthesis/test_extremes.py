"""Data at the edge: an answer of finite numbers, or a sentence saying why there is none."""

import json
from math import isfinite

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import (
    Options,
    as_dict,
    asymmetry_test,
    cumulative,
    influence,
    leave_one_out,
    pool,
    pool_as,
    trim_and_fill,
)
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.policy import POLICIES
from metareview.synthesis.tau2 import ESTIMATORS

RNG = np.random.default_rng(20)
SPREAD = RNG.normal(size=12)


def generic(yi, vi):
    return effect_sizes({"yi": np.asarray(yi, float), "vi": np.asarray(vi, float)}, measure="GEN")


EDGES = {
    "tiny variances": generic(SPREAD, np.full(12, 1e-12)),
    "huge variances": generic(SPREAD, np.full(12, 1e12)),
    "variances over 24 orders": generic(SPREAD, np.logspace(-12, 12, 12)),
    "identical effects": generic(np.full(12, 0.25), np.linspace(0.1, 1, 12)),
    "effects and variances identical": generic(np.full(12, 0.25), np.full(12, 0.1)),
    "one giant trial": generic(SPREAD, [1e-10, *[1.0] * 11]),
    "one outlier": generic([1e3, *SPREAD[1:]], np.full(12, 0.1)),
    "tau2 far above the variances": generic(1e4 * SPREAD, np.full(12, 1e-4)),
    "a large offset": generic(1e6 + SPREAD, np.full(12, 0.1)),
    "small numbers": generic(1e-6 * SPREAD, 1e-12 * np.linspace(0.1, 1, 12)),
    "two studies that agree": generic([0.1, 0.1], [0.1, 0.1]),
    "two studies that do not": generic([0.0, 10.0], [0.01, 0.01]),
    "two of unequal size": generic([0.0, 1.0], [1e-6, 1.0]),
    "three studies": generic([0.1, 0.2, 0.9], [0.01, 0.02, 0.03]),
    "missing values": generic([0.1, np.nan, 0.3, 0.2], [0.1, 0.1, np.nan, 0.2]),
}


def numbers_of(block):
    if isinstance(block, dict):
        block = list(block.values())
    if isinstance(block, list):
        return [n for part in block for n in numbers_of(part)]
    return [block] if isinstance(block, float) else []


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("tau2", ESTIMATORS)
def test_every_estimator_answers_with_finite_numbers(edge, tau2):
    found = pool(EDGES[edge], policy="metafor", tau2=tau2)
    assert isfinite(found.estimate) and isfinite(found.se) and found.ci is not None
    assert found.heterogeneity.tau2 >= 0
    assert 0 <= found.heterogeneity.i2 <= 1
    assert abs(found.weights.sum() - 1) < 1e-12
    inside = EDGES[edge].yi[EDGES[edge].estimable]
    assert inside.min() - 1e-9 <= found.estimate <= inside.max() + 1e-9
    assert all(map(isfinite, numbers_of(json.loads(json.dumps(as_dict(found), allow_nan=False)))))


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("ci", INTERVALS)
def test_every_interval_holds_its_estimate_or_is_not_there(edge, ci):
    found = pool(EDGES[edge], ci=ci)
    assert isfinite(found.estimate)
    if found.ci is not None:
        unit = 1e-9 * (abs(found.estimate) + found.ci.high - found.ci.low)
        assert found.ci.low - unit <= found.estimate <= found.ci.high + unit
    else:
        assert found.notes


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_answers(edge, policy):
    found = pool(EDGES[edge], policy=policy)
    assert found.ci is not None
    assert str(found)


@pytest.mark.parametrize("edge", [e for e in EDGES if "two" not in e])
def test_robustness_answers_with_finite_numbers(edge):
    full = pool(EDGES[edge])
    series = leave_one_out(full), cumulative(full, "precision")
    for refits in series:
        assert np.isfinite(refits.estimate).all()
        assert (refits.low <= refits.high).all()
    if full.k > 2:
        pulls = influence(full)
        assert np.isfinite(pulls.hat).all() and abs(pulls.hat.sum() - 1) < 1e-12
        assert np.isfinite(pulls.tau2_without).all()


@pytest.mark.parametrize("edge", EDGES)
def test_tests_for_asymmetry_answer_or_say_why_not(edge):
    for test in ("egger", "thompson-sharp", "begg"):
        try:
            found = asymmetry_test(EDGES[edge], test=test, force=True)
        except SynthesisError as error:
            assert "cannot be tested" in str(error)
        else:
            assert 0 <= found.p <= 1


@pytest.mark.parametrize("edge", EDGES)
def test_trim_and_fill_answers_or_says_why_not(edge):
    try:
        found = trim_and_fill(pool(EDGES[edge]))
    except SynthesisError as error:
        assert any(word in str(error) for word in ("needs three", "does not settle", "equally precise"))
    else:
        assert isfinite(found.adjusted.estimate)
        assert found.adjusted.k == found.observed.k + found.k0


@pytest.mark.parametrize("k", [1, 2, 3, 100, 10_000])
def test_any_number_of_studies(k):
    rng = np.random.default_rng(k)
    found = pool(generic(rng.normal(0.3, 0.5, k), rng.uniform(0.01, 1, k)))
    assert found.k == k
    assert isfinite(found.estimate)
    assert found.pooled == (k > 1)
    if k == 1:
        assert found.heterogeneity is None
        assert "nothing is pooled" in " ".join(found.notes)


def test_ten_thousand_studies_are_tested_for_asymmetry():
    rng = np.random.default_rng(3)
    found = asymmetry_test(generic(rng.normal(size=10_000), rng.uniform(0.01, 1, 10_000)), test="egger")
    assert 0 <= found.p <= 1


def test_no_study_with_an_estimate_is_a_sentence():
    with pytest.raises(SynthesisError, match="cannot be pooled: none of its 2 studies"):
        pool(generic([np.nan, np.nan], [0.1, 0.1]))


def test_trials_without_any_event_are_a_sentence_for_ratios_and_an_answer_for_differences():
    zeros = {"ai": [0, 0], "n1i": [50, 60], "ci": [0, 0], "n2i": [50, 60]}
    with pytest.raises(SynthesisError, match="cannot be pooled"):
        pool(effect_sizes(zeros, measure="RR"))
    assert pool(effect_sizes(zeros, measure="RD")).estimate == 0


def test_missing_studies_are_named_in_the_notes():
    notes = " ".join(pool(EDGES["missing values"]).notes)
    assert "Study 2" in notes and "Study 3" in notes


@pytest.mark.parametrize("scale", [1e-4, 1e6])
@pytest.mark.parametrize("tau2", ["REML", "ML", "PM", "DL", "SJ"])
def test_scale_changes_nothing_but_the_scale(scale, tau2):
    y, v = SPREAD, np.linspace(0.1, 1, 12)
    one, other = (pool_as(generic(s * y, s * s * v), Options(tau2=tau2)) for s in (1.0, scale))
    assert other.estimate == pytest.approx(scale * one.estimate, rel=1e-12)
    assert other.heterogeneity.tau2 == pytest.approx(scale**2 * one.heterogeneity.tau2, rel=1e-12)
    assert other.p == pytest.approx(one.p, rel=1e-10)


def test_an_offset_changes_nothing_but_the_place():
    # powers of two, so that the sum is exact
    y, v = np.round(SPREAD * 1024) / 1024, np.linspace(0.1, 1, 12)
    one, other = (pool(generic(y + s, v)) for s in (0.0, 2.0**20))
    assert other.estimate - 2.0**20 == pytest.approx(one.estimate, abs=1e-9)
    assert other.se == pytest.approx(one.se, rel=1e-12)
    assert other.heterogeneity.tau2 == pytest.approx(one.heterogeneity.tau2, rel=1e-12)
