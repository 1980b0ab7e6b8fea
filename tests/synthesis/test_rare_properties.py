"""What must hold of the models for sparse data whatever the counts."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from metareview.effects import effect_sizes
from metareview.synthesis.models import MODELS, fit_model

EVERY = [code for code, model in MODELS.items() if "OR" in model.measures]
CONDITIONAL = ["mh", "peto", "um.fs", "cm.el", "cm.al", "firth"]
SYMMETRIC = ["mh", "peto", "um.fs", "um.rs", "cm.el", "betabin", "firth"]  # cm.al is not: its point is rarity


@st.composite
def tables(draw, least=1, most=5):
    """Draw two-arm counts, among them arms without events or with nothing but events."""
    k = draw(st.integers(least, most))
    rows = []
    for _ in range(k):
        n1, n2 = draw(st.integers(2, 60)), draw(st.integers(2, 60))
        rows.append((draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2))
    a, n1, c, n2 = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return {"ai": a, "n1i": n1, "ci": c, "n2i": n2}


def fitted(counts, model):
    return fit_model(effect_sizes(counts, measure="OR"), model=model)


def alike(one, other, tolerance=1e-5):
    if not (np.isfinite(one) and np.isfinite(other)):
        return np.array_equal(one, other, equal_nan=True)
    return one == pytest.approx(other, abs=tolerance, rel=tolerance)


def likely(fit):
    """Leave out fits at the edge of having a maximum, where the last digits decide whether there is one."""
    return not np.isfinite(fit.estimate) or (abs(fit.estimate) < 8 and fit.se < 20)


@pytest.mark.parametrize("model", EVERY)
@settings(max_examples=25, deadline=None)
@given(counts=tables())
def test_no_table_makes_a_model_fail(model, counts):
    fit = fitted(counts, model)
    if np.isfinite(fit.estimate):
        assert np.isfinite(fit.se)
        assert fit.se > 0
        assert fit.ci.low <= fit.estimate <= fit.ci.high
    else:
        assert fit.ci is None
        assert fit.p is None
        assert any("no finite" in n or "no maximum" in n or "No study" in n or "flat" in n or "not exist" in n
                   or "No finite" in n for n in fit.notes)  # fmt: skip
    str(fit)
    fit.as_dict()


@pytest.mark.parametrize("model", CONDITIONAL)
@settings(max_examples=15, deadline=None)
@given(
    counts=tables(),
    sizes=st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), min_size=1, max_size=3),
)
def test_adding_double_zero_trials_changes_nothing(model, counts, sizes):
    n1, n2 = (np.array(column, dtype=float) for column in zip(*sizes, strict=True))
    zero = np.zeros(len(sizes))
    more = {
        "ai": np.append(counts["ai"], zero),
        "n1i": np.append(counts["n1i"], n1),
        "ci": np.append(counts["ci"], zero),
        "n2i": np.append(counts["n2i"], n2),
    }
    before, after = fitted(counts, model), fitted(more, model)
    assert np.array_equal([before.estimate, before.se], [after.estimate, after.se], equal_nan=True)
    assert before.k == after.k
    assert len(after.effects) == len(before.effects) + len(sizes)
    assert all(after.effects.study_notes[-len(sizes) :])


@pytest.mark.parametrize("model", EVERY)
@settings(max_examples=15, deadline=None)
@given(counts=tables())
def test_swapping_the_arms_flips_the_sign(model, counts):
    swapped = {"ai": counts["ci"], "n1i": counts["n2i"], "ci": counts["ai"], "n2i": counts["n1i"]}
    one, other = fitted(counts, model), fitted(swapped, model)
    assume(likely(one) and likely(other))
    assert alike(one.estimate, -other.estimate, 1e-4)
    assert alike(one.se, other.se, 1e-3)


@pytest.mark.parametrize("model", SYMMETRIC)
@settings(max_examples=15, deadline=None)
@given(counts=tables())
def test_counting_non_events_flips_the_sign_of_the_log_odds_ratio(model, counts):
    other_way = {**counts, "ai": counts["n1i"] - counts["ai"], "ci": counts["n2i"] - counts["ci"]}
    one, other = fitted(counts, model), fitted(other_way, model)
    assume(likely(one) and likely(other))
    assert alike(one.estimate, -other.estimate, 1e-4)
    assert alike(one.se, other.se, 1e-3)


@pytest.mark.parametrize("model", EVERY)
@settings(max_examples=8, deadline=None)
@given(counts=tables(), seed=st.integers(0, 100))
def test_the_order_of_studies_is_of_no_account(model, counts, seed):
    order = np.random.default_rng(seed).permutation(counts["ai"].size)
    one, other = fitted(counts, model), fitted({n: c[order] for n, c in counts.items()}, model)
    assume(likely(one) and likely(other))
    assert alike(one.estimate, other.estimate, 1e-5)
    assert alike(one.se, other.se, 1e-4)


@pytest.mark.parametrize("model", EVERY)
def test_the_same_counts_give_the_same_bits(model):
    counts = {"ai": [0, 3, 2, 0], "n1i": [50, 60, 40, 80], "ci": [2, 5, 0, 0], "n2i": [55, 58, 45, 77]}
    one, other = fitted(counts, model), fitted(counts, model)
    assert (one.estimate, one.se) == (other.estimate, other.se)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(counts=tables(least=2))
def test_with_tau2_at_zero_the_conditional_model_is_its_common_effect_model(counts):
    fit = fitted(counts, "cm.el")
    assume(fit.heterogeneity is not None and fit.heterogeneity.tau2 == 0)
    from scipy.stats import nchypergeom_fisher

    n1, n2, m = counts["n1i"], counts["n2i"], counts["ai"] + counts["ci"]
    expected = nchypergeom_fisher.mean(n1 + n2, n1, m, np.exp(fit.estimate))
    assert np.nansum(expected) == pytest.approx(counts["ai"].sum(), abs=1e-5)
