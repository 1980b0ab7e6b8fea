"""Policies: one answer for every situation, each with its reason, and overrides written down."""

import runpy
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.synthesis import POLICIES, Options, pool, pool_as
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.policy import Situation
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.tau2 import ESTIMATORS

BCG = effects_of("bcg", "RR")
SITUATIONS = [Situation(k, differ) for k, differ in product((2, 3, 4, 5, 50), (True, False))]

# policy -> (k, tau2 above 0) -> interval, prediction interval
CHOSEN = {
    "cochrane": {
        (2, True): ("wald", "none"),
        (2, False): ("wald", "none"),
        (3, True): ("hksj", "hksj"),
        (3, False): ("wald", "ci"),
        (4, True): ("hksj", "hksj"),
        (4, False): ("wald", "ci"),
        (5, True): ("hksj", "hksj"),
        (5, False): ("wald", "ci"),
        (50, True): ("hksj", "hksj"),
        (50, False): ("wald", "ci"),
    },
    "iqwig": {
        (k, differ): ("wald" if k == 2 else "hksj-iqwig", "none" if k < 5 else "hksj")
        for k, differ in product((2, 3, 4, 5, 50), (True, False))
    },
    "revman5": {(s.k, s.differ): ("wald", "none") for s in SITUATIONS},
    "metafor": {(s.k, s.differ): ("wald", "none") for s in SITUATIONS},
}


def generic(yi, vi):
    return effect_sizes({"yi": list(yi), "vi": list(vi)}, measure="GEN")


def test_every_policy_has_its_table_here():
    assert set(CHOSEN) == set(POLICIES)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_answers_every_situation_as_its_table_says(name):
    policy = POLICIES[name]
    for situation in SITUATIONS:
        ci = policy.ci(situation).value
        prediction = policy.prediction(Situation(situation.k, situation.differ, ci)).value
        assert (ci, prediction) == CHOSEN[name][situation.k, situation.differ]


@pytest.mark.parametrize("name", POLICIES)
def test_every_choice_is_a_code_with_a_reason(name):
    policy = POLICIES[name]
    assert policy.tau2.value in ESTIMATORS
    for situation in SITUATIONS:
        ci = policy.ci(situation)
        prediction = policy.prediction(Situation(situation.k, situation.differ, ci.value))
        assert ci.value in INTERVALS
        assert prediction.value in {*PREDICTIONS, "none"}
        assert all(because.reason.endswith(".") for because in (ci, prediction, policy.tau2, policy.i2))


def test_the_method_says_policy_version_and_each_choice():
    method = pool(BCG).method
    assert (method.policy, method.version) == ("cochrane", "6.5")
    chosen = {choice.what: choice.value for choice in method.choices}
    assert chosen == {
        "model": "random",
        "tau2": "REML",
        "ci": "hksj",
        "prediction": "hksj",
        "tau2_ci": "QP",
        "i2": "tau2",
    }
    assert not any(choice.overridden for choice in method.choices)


def test_an_override_is_recorded_and_said():
    fit = pool(BCG, tau2="DL", ci="wald")
    overridden = {choice.what for choice in fit.method.choices if choice.overridden}
    assert overridden == {"tau2", "ci"}
    assert any(note.startswith("tau2 = DL") for note in fit.notes)
    assert any(note.startswith("ci = wald") for note in fit.notes)


def test_naming_the_policys_own_choice_is_no_override():
    assert not any(choice.overridden for choice in pool(BCG, tau2="REML", ci="hksj").method.choices)


def test_the_profile_likelihood_interval_brings_its_estimator():
    assert pool(BCG, ci="pl").method.tau2 == "ML"
    assert pool(BCG, ci="pl", tau2="REML").method.tau2 == "REML"


def revman(effects):
    return pool(effects, policy="revman5")


# library(meta): metabin(…, Q.Cochrane = TRUE, method.tau = "DL") takes Q about the Mantel-Haenszel estimate
def test_revman_takes_q_of_tables_about_the_mantel_haenszel_estimate():
    fit, y, v = revman(BCG), BCG.yi, BCG.vi
    mh = -0.45370960  # log RR of dat.bcg, rma.mh(measure="RR")
    w = 1 / v
    q = (w * (y - mh) ** 2).sum()
    tau2 = (q - 12) / (w.sum() - (w**2).sum() / w.sum())
    assert fit.heterogeneity.q == pytest.approx(q, rel=1e-7)
    assert fit.heterogeneity.tau2 == pytest.approx(tau2, rel=1e-6)
    assert fit.heterogeneity.i2 == pytest.approx(1 - 12 / q, rel=1e-7)
    assert (fit.method.ci, fit.prediction, fit.heterogeneity.tau2_ci) == ("wald", None, None)


def test_revman_takes_other_effects_by_inverse_variance():
    effects = generic(BCG.yi, BCG.vi)
    assert revman(effects).heterogeneity.tau2 == pytest.approx(0.30876026286237, rel=1e-11)


def test_iqwig_guards_the_interval_only_where_it_is_narrower_than_the_moment_one():
    alike = generic([0.20, 0.21, 0.19, 0.20, 0.2], [0.04, 0.05, 0.03, 0.06, 0.05])
    fit, floor = pool(alike, policy="iqwig"), pool(alike, policy="iqwig", ci="hksj-floor")
    assert (fit.ci.low, fit.ci.high) == (floor.ci.low, floor.ci.high)
    plain = pool(BCG, policy="iqwig", ci="hksj")
    assert pool(BCG, policy="iqwig").ci == plain.ci
    assert pool(BCG, policy="iqwig").method.tau2 == "PM"


def test_i2_can_be_taken_from_q():
    spread = pool_as(BCG, Options(i2="Q")).heterogeneity
    assert (spread.i2_from, spread.i2) == ("Q", spread.from_q.i2)
    assert spread.from_q.i2 == pytest.approx(1 - 12 / spread.q)
    assert spread.from_tau2.i2 == pytest.approx(0.9222138452126896, rel=1e-12)


# Higgins & Thompson 2002, Stat Med 21:1539, section 3.3: H and its interval on the log scale
def test_the_interval_of_i2_from_q_is_that_of_higgins_and_thompson():
    part = pool_as(BCG, Options(i2="Q")).heterogeneity.from_q
    q, k = 152.23300808237326, 13
    error = 0.5 * np.log(q / (k - 1)) / (np.sqrt(2 * q) - np.sqrt(2 * k - 3))
    low, high = (np.exp(0.5 * np.log(q / (k - 1)) + s * 1.959963984540054 * error) ** 2 for s in (-1, 1))
    assert (part.h2_ci.low, part.h2_ci.high) == pytest.approx((low, high), rel=1e-12)
    assert (part.i2_ci.low, part.i2_ci.high) == pytest.approx((1 - 1 / low, 1 - 1 / high), rel=1e-12)


def test_the_page_of_policies_is_what_the_policies_say():
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "policies.md").read_text("utf-8") == runpy.run_path(str(docs / "make_policies.py"))[
        "page"
    ]()
