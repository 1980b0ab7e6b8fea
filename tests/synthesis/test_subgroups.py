"""Subgroups: the same recipe per group, and a test between them that is always there."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes, only_studies
from metareview.errors import SynthesisError
from metareview.synthesis import pool, pool_subgroups
from metareview.synthesis.robustness import subgroups_dict

BCG = effects_of("bcg", "RR")


def grouped(yi, vi, group):
    return effect_sizes({"yi": yi, "vi": vi, "group": group}, measure="GEN")


def test_each_group_is_pooled_as_it_would_be_alone():
    found = pool_subgroups(pool(BCG), "alloc")
    for label, group in found.groups:
        places = [i for i, value in enumerate(BCG.moderators["alloc"]) if value == label]
        alone = pool(only_studies(BCG, places))
        assert group.estimate == alone.estimate
        assert group.ci == alone.ci


def test_groups_come_in_the_order_of_the_data():
    assert [label for label, _ in pool_subgroups(pool(BCG), "alloc").groups] == [
        "random",
        "alternate",
        "systematic",
    ]


def test_the_options_of_the_user_hold_in_every_group():
    found = pool_subgroups(pool(BCG, tau2="DL", ci="wald", level=0.9), "alloc")
    assert {(g.method.tau2, g.method.ci, g.method.level) for _, g in found.groups} == {("DL", "wald", 0.9)}


def test_a_common_tau2_is_the_same_in_all_groups_and_said():
    found = pool_subgroups(pool(BCG), "alloc", common_tau2=True)
    assert found.tau2_shared
    assert len({group.heterogeneity.tau2 for _, group in found.groups}) == 1
    assert any("share one tau2" in note for note in found.notes)
    assert all("One tau2 for all subgroups" in group.notes[0] for _, group in found.groups)


def test_a_group_of_one_study_is_shown_and_counts_in_the_test():
    them = grouped([0.1, 0.2, 0.9], [0.1, 0.1, 0.1], ["a", "a", "b"])
    found = pool_subgroups(pool(them), "group")
    assert [g.k for _, g in found.groups] == [2, 1]
    assert found.df == 1
    assert any('"b" has one study' in note for note in found.notes)
    # (0.15 - 0.9)^2 / (0.05 + 0.1)
    assert found.q == pytest.approx(0.5625 / 0.15)


def test_with_a_common_tau2_it_also_widens_the_group_of_one_study_in_the_test():
    them = grouped([0.1, 1.2, 0.9], [0.1, 0.1, 0.1], ["a", "a", "b"])
    own, common = (pool_subgroups(pool(them), "group", common_tau2=c) for c in (False, True))
    assert common.q < own.q


def test_one_group_alone_has_no_test_and_says_why():
    found = pool_subgroups(pool(grouped([0.1, 0.2], [0.1, 0.1], ["a", "a"])), "group")
    assert (found.q, found.df, found.p) == (None, None, None)
    assert any("no difference to test" in note for note in found.notes)
    assert str(found) == "Subgroups by group: no test for differences"


def test_studies_without_a_value_are_in_no_group_and_named():
    them = grouped([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], ["a", "", "b"])
    found = pool_subgroups(pool(them), "group")
    assert sum(g.k for _, g in found.groups) == 2
    assert any("Study 2" in note for note in found.notes)


def test_a_group_without_an_estimable_study_is_named_and_not_pooled():
    them = grouped([0.1, 0.2, np.nan], [0.1, 0.1, np.nan], ["a", "b", "c"])
    found = pool_subgroups(pool(them), "group")
    assert [label for label, _ in found.groups] == ["a", "b"]
    assert any('"c" has no study with an estimate' in note for note in found.notes)


def test_numbers_as_groups_are_written_as_people_write_them():
    them = grouped([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], [1990.0, 2000.0, 1990.0])
    assert [label for label, _ in pool_subgroups(pool(them), "group").groups] == ["1990", "2000"]


@pytest.mark.parametrize(
    ("planned", "said"),
    [(True, "were planned before the data were seen"), (False, "post hoc"), (None, "not said whether")],
)
def test_planning_is_always_told(planned, said):
    found = pool_subgroups(pool(BCG), "alloc", planned=planned)
    assert said in found.notes[0]
    assert found.planned is planned


def test_a_column_that_is_not_there_is_refused_with_the_near_one():
    with pytest.raises(SynthesisError, match='did you mean "alloc"'):
        pool_subgroups(pool(BCG), "aloc")


def test_a_common_tau2_is_refused_for_the_common_effect_model():
    with pytest.raises(SynthesisError, match="random-effects model"):
        pool_subgroups(pool(BCG, model="common"), "alloc", common_tau2=True)


def test_another_model_needs_to_be_told_how():
    full = pool(BCG)
    other = dataclasses.replace(full, method=dataclasses.replace(full.method, model="mh"))
    with pytest.raises(SynthesisError, match="need to be told how"):
        pool_subgroups(other, "alloc")
    found = pool_subgroups(other, "alloc", fit=lambda e: pool(e, model="common"))
    assert len(found.groups) == 3


def test_in_the_common_effect_model_q_splits_into_within_and_between():
    full = pool(BCG, model="common")
    found = pool_subgroups(full, "alloc")
    within = sum(group.heterogeneity.q for _, group in found.groups)
    assert found.q + within == pytest.approx(full.heterogeneity.q, rel=1e-12)


groups = st.lists(st.sampled_from("abc"), min_size=6, max_size=12).filter(lambda g: len(set(g)) > 1)


@given(groups, st.integers(0, 2**32 - 1), st.floats(-50, 50), st.sampled_from([1e-3, 1.0, 1e4]))
def test_shift_and_scale_do_not_change_the_test(group, seed, shift, scale):
    rng = np.random.default_rng(seed)
    y, v = rng.normal(size=len(group)), rng.uniform(0.05, 1, len(group))
    for common in (False, True):
        one = pool_subgroups(pool(grouped(y, v, group)), "group", common_tau2=common)
        moved = grouped((y + shift) * scale, v * scale**2, group)
        other = pool_subgroups(pool(moved), "group", common_tau2=common)
        assert other.q == pytest.approx(one.q, rel=1e-6, abs=1e-9)


@given(groups, st.integers(0, 2**32 - 1))
def test_identical_groups_do_not_differ(group, seed):
    rng = np.random.default_rng(seed)
    half = len(group)
    y, v = rng.normal(size=half), rng.uniform(0.05, 1, half)
    them = grouped(np.tile(y, 2), np.tile(v, 2), ["a"] * half + ["b"] * half)
    found = pool_subgroups(pool(them), "group")
    assert found.q == pytest.approx(0.0, abs=1e-12)
    assert found.p == pytest.approx(1.0)


def test_as_json_every_number_is_finite_or_null():
    found = subgroups_dict(pool_subgroups(pool(BCG), "alloc", planned=True))
    assert "NaN" not in json.dumps(found, allow_nan=False)
    assert set(found) == {"by", "planned", "tau2_shared", "q", "q_df", "q_p", "groups", "notes"}
