"""Leave-one-out, cumulative and influence: each row is what pooling that set would give."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes, only_studies
from metareview.errors import SynthesisError
from metareview.synthesis import cumulative, influence, leave_one_out, pool
from metareview.synthesis.robustness import influence_dict, refits_dict

BCG = effects_of("bcg", "RR")


def generic(yi, vi, **moderators):
    return effect_sizes({"yi": yi, "vi": vi, **moderators}, measure="GEN")


@pytest.mark.parametrize(
    "options", [{}, {"tau2": "DL", "ci": "wald"}, {"model": "common"}, {"policy": "iqwig"}]
)
def test_each_row_is_what_pooling_without_the_study_gives(options):
    full = pool(BCG, **options)
    found = leave_one_out(full)
    for i in range(len(found)):
        alone = pool(only_studies(BCG, [j for j in range(13) if j != i]), **options)
        assert found.labels[i] == BCG.labels[i]
        assert found.k[i] == alone.k
        assert found.estimate[i] == pytest.approx(alone.estimate, rel=1e-10)
        assert (found.low[i], found.high[i]) == pytest.approx((alone.ci.low, alone.ci.high), rel=1e-10)
        assert found.p[i] == pytest.approx(alone.p, rel=1e-8)


def test_each_cumulative_row_is_what_pooling_so_far_gives():
    found = cumulative(pool(BCG), "year")
    order = sorted(range(13), key=lambda i: float(BCG.moderators["year"][i]))
    for i in range(13):
        alone = pool(only_studies(BCG, order[: i + 1]))
        assert found.estimate[i] == pytest.approx(alone.estimate, rel=1e-10)
        assert (found.low[i], found.high[i]) == pytest.approx((alone.ci.low, alone.ci.high), rel=1e-10)


def test_the_last_cumulative_row_is_the_synthesis():
    full = pool(BCG)
    found = cumulative(full, "precision")
    assert found.estimate[-1] == pytest.approx(full.estimate, rel=1e-12)


def test_the_most_precise_study_comes_first():
    found = cumulative(pool(BCG), "precision")
    assert found.labels[0] == BCG.labels[int(np.argmin(BCG.vi))]


def test_words_are_ordered_as_words_and_missing_values_come_last():
    them = generic([0.1, 0.2, 0.3, 0.4], [0.1] * 4, risk=["low", "", "high", "some"])
    found = cumulative(pool(them), "risk")
    assert found.labels == ("Study 3", "Study 1", "Study 4", "Study 2")
    assert "Study 2" in found.notes[0]


def test_equal_years_keep_the_order_of_the_table():
    them = generic([0.1, 0.2, 0.3], [0.1] * 3, year=[2000, 1999, 2000])
    assert cumulative(pool(them), "year").labels == ("Study 2", "Study 1", "Study 3")


def test_an_unknown_column_is_refused_with_the_near_one():
    with pytest.raises(SynthesisError, match='did you mean "year"'):
        cumulative(pool(BCG), "yaer")


def test_a_study_without_estimate_is_left_out_of_the_series():
    them = generic([0.1, np.nan, 0.3, 0.2], [0.1, np.nan, 0.1, 0.2])
    assert leave_one_out(pool(them)).labels == ("Study 1", "Study 3", "Study 4")
    assert cumulative(pool(them), "precision").labels == ("Study 1", "Study 3", "Study 4")


def test_one_study_cannot_be_left_out():
    with pytest.raises(SynthesisError, match="needs 2 studies"):
        leave_one_out(pool(generic([0.1], [0.1])))


def test_of_two_studies_each_stands_alone():
    found = leave_one_out(pool(generic([0.1, 0.5], [0.1, 0.2])))
    assert found.estimate.tolist() == pytest.approx([0.5, 0.1])
    assert found.k.tolist() == [1, 1]


def test_the_study_on_which_the_verdict_hangs_is_named():
    them = generic([0.0, 0.05, 0.1, 2.0], [0.01, 0.01, 0.01, 0.01])
    full = pool(them, model="common")
    assert not full.ci.contains(0.0)
    note = leave_one_out(full).notes[-1]
    assert note == "The interval includes no effect without Study 4."


def test_another_model_is_fitted_one_set_at_a_time():
    full = pool(BCG, model="common")
    other = dataclasses.replace(full, method=dataclasses.replace(full.method, model="mh"))
    with pytest.raises(SynthesisError, match="needs to be told"):
        leave_one_out(other)
    found = leave_one_out(other, fit=lambda e: pool(e, model="common"))
    assert found.estimate == pytest.approx(leave_one_out(full).estimate)


def test_influence_needs_three_studies_and_inverse_variance():
    with pytest.raises(SynthesisError, match="needs 3 studies"):
        influence(pool(generic([0.1, 0.2], [0.1, 0.1])))
    full = pool(BCG)
    other = dataclasses.replace(full, method=dataclasses.replace(full.method, model="peto"))
    with pytest.raises(SynthesisError, match="inverse-variance"):
        influence(other)


def test_an_outlier_is_called_influential_by_name():
    yi = [0.1, 0.12, 0.09, 0.11, 0.1, 0.1, 0.11, 0.1, 3.0]
    found = influence(pool(generic(yi, [0.2] * 9), model="common"))
    assert found.influential.tolist() == [False] * 8 + [True]
    assert "Study 9" in found.notes[0]


def test_hat_values_sum_to_one():
    assert influence(pool(BCG)).hat.sum() == pytest.approx(1.0)


@given(st.integers(3, 12), st.integers(0, 2**32 - 1))
def test_leaving_out_moves_the_estimate_away_from_the_study(k, seed):
    rng = np.random.default_rng(seed)
    y, v = rng.normal(size=k), rng.uniform(0.1, 1, k)
    full = pool(generic(y, v), model="common")
    moved = leave_one_out(full).estimate - full.estimate
    assert np.all(moved * (y - full.estimate) <= 1e-12)


@given(st.integers(3, 10), st.integers(0, 2**32 - 1), st.sampled_from([-1e6, 1e3, 2.0**30]))
@settings(deadline=None)
def test_a_shift_of_all_effects_changes_no_measure_of_influence(k, seed, shift):
    rng = np.random.default_rng(seed)
    y, v = np.round(rng.normal(size=k) * 1024) / 1024, rng.uniform(0.1, 1, k)  # so that the sum is exact
    one, other = (influence(pool(generic(y + s, v))) for s in (0.0, shift))
    for name in ("rstudent", "dffits", "cook", "hat"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-7, abs=1e-9)


def test_a_thousand_studies_left_out_one_by_one_are_each_as_fitted_alone():
    rng = np.random.default_rng(1)
    y, v = rng.normal(size=1000), rng.uniform(0.1, 1, 1000)
    found = leave_one_out(pool(generic(y, v)))
    assert np.isfinite(found.estimate).all()
    for i in (0, 499, 999):
        alone = pool(generic(np.delete(y, i), np.delete(v, i)))
        assert found.estimate[i] == pytest.approx(alone.estimate, rel=1e-9)


def test_rows_are_on_the_printed_scale_with_ordered_limits():
    full = pool(effects_of("bcg", "RR"))
    rows = leave_one_out(full).rows()
    assert list(rows.columns) == [
        "study", "measure", "estimate", "ci_low", "ci_high", "se", "p", "k", "tau2", "i2", "q",
    ]  # fmt: skip
    assert (rows["ci_low"] < rows["estimate"]).all() and (rows["estimate"] < rows["ci_high"]).all()
    assert rows["estimate"].between(0.4, 0.6).all()


def test_as_json_every_number_is_finite_or_null():
    full = pool(generic([0.1, 0.5, 0.3], [0.1, 0.2, 0.3]))
    for block in (refits_dict(leave_one_out(full)), refits_dict(cumulative(full, "precision")),
                  influence_dict(influence(full))):  # fmt: skip
        assert json.loads(json.dumps(block, allow_nan=False)) == block
