"""Funnel-plot asymmetry: the choice of test, its refusals, and what cannot change a result."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.validation import effects_of
from metareview.effects import Effects, effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import asymmetry_test, pool, trim_and_fill
from metareview.synthesis.asymmetry import TESTS

BCG = effects_of("bcg", "OR")


def generic(yi, vi):
    return effect_sizes({"yi": yi, "vi": vi}, measure="GEN")


def counted(measure):
    return effect_sizes({name: BCG.data[name] for name in ("ai", "n1i", "ci", "n2i")}, measure=measure)


@pytest.mark.parametrize(
    ("measure", "test"), [("OR", "harbord"), ("RR", "peters"), ("RD", "peters"), ("AS", "thompson-sharp")]
)
def test_the_measure_chooses_the_test_and_says_why(measure, test):
    found = asymmetry_test(counted(measure))
    assert found.test == test
    assert found.reason and found.citation
    assert not found.overridden


def test_standardised_mean_differences_use_errors_made_of_sizes_alone():
    assert asymmetry_test(effects_of("curtis1998", "SMD")).test == "pustejovsky"


def test_without_counts_egger_stands_in_and_says_so():
    bare = dataclasses.replace(BCG, data={})
    found = asymmetry_test(bare)
    assert found.test == "egger"
    assert "ai, ci, n1i, n2i" in found.reason


def test_mean_differences_use_egger():
    assert asymmetry_test(effects_of("curtis1998", "MD")).test == "egger"


def test_under_ten_studies_it_is_refused_with_the_way_out():
    few = effects_of("collins1985b", "OR")
    with pytest.raises(SynthesisError, match=r"not tested with 9 studies.*override"):
        asymmetry_test(few)


def test_the_override_is_recorded_on_the_result():
    found = asymmetry_test(effects_of("collins1985b", "OR"), force=True)
    assert found.overridden
    assert found.notes[0].startswith("Made on request with 9 studies")


def test_another_test_than_the_recommended_is_recorded():
    found = asymmetry_test(BCG, test="begg")
    assert found.overridden
    assert any("Harbord's test is the recommended one" in note for note in found.notes)


def test_every_result_says_that_asymmetry_is_not_publication_bias():
    for test in ("egger", "harbord", "peters", "begg", "thompson-sharp"):
        assert "not proof of publication bias" in asymmetry_test(BCG, test=test).notes[-1]


def test_two_studies_are_refused_even_by_force():
    with pytest.raises(SynthesisError, match="cannot be tested with 2 studies"):
        asymmetry_test(generic([0.1, 0.2], [0.1, 0.2]), force=True)


def test_equally_precise_studies_are_refused_with_the_reason():
    with pytest.raises(SynthesisError, match="same precision"):
        asymmetry_test(generic(np.arange(12.0), np.ones(12)))


def test_studies_of_one_effect_are_refused_with_the_reason():
    with pytest.raises(SynthesisError, match="same effect"):
        asymmetry_test(generic(np.ones(12), np.arange(1.0, 13.0)), test="begg")


def test_an_unknown_test_is_answered_with_the_near_one():
    with pytest.raises(SynthesisError, match='did you mean "egger"'):
        asymmetry_test(BCG, test="eggers")


def test_the_result_reads_as_one_sentence():
    assert str(asymmetry_test(BCG)) == "Harbord's test: t (df = 11) = -1.256, P = 0.235; k = 13"
    assert str(asymmetry_test(BCG, test="begg")).startswith("Begg's rank test: tau = 0.026, P = 0.952")


def test_studies_without_events_have_no_weight_and_are_said():
    them = effect_sizes(
        {"ai": [0, 3, 5, 2, 9, 4, 6, 7, 1, 3, 8], "n1i": [50] * 11, "ci": [0, 6, 9, 4, 8, 9, 9, 8, 4, 5, 9],
         "n2i": [50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150]},
        measure="RD",
    )  # fmt: skip
    found = asymmetry_test(them, test="harbord")
    assert any("have no weight" in note for note in found.notes)


def test_a_perfect_line_has_p_zero_and_not_a_crash():
    se = np.linspace(0.1, 1.0, 10)
    found = asymmetry_test(generic(2.0 * se, se**2))
    assert found.p < 1e-20
    assert found.slope == pytest.approx(2.0)
    assert found.limit[0] == pytest.approx(0.0, abs=1e-12)


def test_the_limit_holds_its_estimate_at_the_level_asked_for():
    wide, narrow = (asymmetry_test(BCG, level=level).limit[1] for level in (0.99, 0.9))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.level == 0.99


sizes = st.integers(min_value=10, max_value=25)


@st.composite
def funnels(draw):
    k = draw(sizes)
    y = draw(arrays(float, k, elements=st.floats(-3, 3, width=32), unique=True))
    v = draw(arrays(float, k, elements=st.floats(0.0625, 4, width=32), unique=True))
    return y, v


@given(funnels(), st.floats(-100, 100), st.sampled_from([1e-4, 0.5, 3.0, 1e6]))
def test_shift_and_scale_do_not_change_regression_tests(funnel, shift, scale):
    y, v = funnel
    for test in ("egger", "thompson-sharp"):
        one = asymmetry_test(generic(y, v), test=test)
        other = asymmetry_test(generic((y + shift) * scale, v * scale**2), test=test)
        assert other.p == pytest.approx(one.p, rel=1e-5, abs=1e-9)


@given(funnels())
def test_the_sign_of_the_effects_turns_the_sign_of_the_statistic(funnel):
    y, v = funnel
    one, other = (asymmetry_test(generic(s * y, v), test="egger") for s in (1.0, -1.0))
    assert other.statistic == pytest.approx(-one.statistic, rel=1e-6, abs=1e-9)


@given(funnels(), st.randoms())
def test_the_order_of_the_studies_does_not_matter(funnel, random):
    y, v = funnel
    order = list(range(len(y)))
    random.shuffle(order)
    for test in ("egger", "begg"):
        one, other = (asymmetry_test(generic(y[o], v[o]), test=test) for o in (list(range(len(y))), order))
        assert other.p == pytest.approx(one.p, rel=1e-6, abs=1e-12)


def test_all_tests_agree_with_their_table_of_needs():
    assert set(TESTS) >= {"egger", "begg", "peters", "harbord", "thompson-sharp"}
    with pytest.raises(SynthesisError, match="xi, ni"):
        asymmetry_test(BCG, test="peters-one-arm")


# ---- trim and fill ---------------------------------------------------------------------------------


def test_filled_studies_mirror_the_trimmed_ones_and_say_so():
    found = trim_and_fill(pool(BCG, policy="metafor", model="common"))
    assert (found.k0, found.side) == (4, "right")
    assert found.adjusted.k == 17
    assert found.adjusted.effects.labels[-1] == "Filled 4"
    # metafor: trimfill(rma(..., method="EE"))
    assert found.filled_yi == pytest.approx([0.83299648, 0.88822989, 1.06556218, 1.09797707])
    assert "no such study exists" in found.adjusted.effects.study_notes[-1][0]
    assert "puts in 4 studies on the right" in found.notes[0]


def test_filling_keeps_the_recipe_of_the_synthesis():
    full = pool(BCG, tau2="DL", ci="hksj", level=0.9)
    adjusted = trim_and_fill(full, side="right").adjusted
    assert (adjusted.method.tau2, adjusted.method.ci, adjusted.ci.level) == ("DL", "hksj", 0.9)


def test_an_option_that_was_the_policy_s_own_choice_is_kept_where_the_policy_would_change_it():
    full = pool(effects_of("nielweise2007", "OR"), tau2="DL", ci="wald")
    adjusted = trim_and_fill(full).adjusted
    assert full.heterogeneity.tau2 == 0 < adjusted.heterogeneity.tau2
    assert adjusted.method.ci == "wald"


def test_a_symmetric_funnel_is_left_alone():
    y, v = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([1.0, 0.5, 0.1, 0.5, 1.0])
    full = pool(generic(y, v))
    found = trim_and_fill(full, side="left")
    assert found.k0 == 0
    assert found.adjusted is full


def test_trim_and_fill_refuses_all_that_is_wrong_at_once():
    with pytest.raises(SynthesisError) as refused:
        trim_and_fill(pool(generic([1.0, 2.0], [1.0, 2.0])), estimator="L1", side="up")
    assert len(refused.value.problems) == 3


def test_r0_comes_with_a_test_and_l0_without():
    full = pool(BCG, policy="metafor", model="common")
    assert trim_and_fill(full, estimator="R0").k0_p == pytest.approx(0.5**5)
    assert trim_and_fill(full, estimator="L0").k0_p is None


@given(funnels())
def test_the_mirror_image_of_a_funnel_is_filled_on_the_other_side(funnel):
    y, v = funnel
    try:
        one = trim_and_fill(pool(generic(y, v), model="common"), side="left")
    except SynthesisError as error:
        assert "does not settle" in str(error)
        return
    other = trim_and_fill(pool(generic(-y, v), model="common"), side="right")
    assert other.k0 == one.k0
    assert other.adjusted.estimate == pytest.approx(-one.adjusted.estimate, abs=1e-9)


def test_effects_without_studies_are_refused():
    with pytest.raises(SynthesisError, match="0 studies"):
        asymmetry_test(Effects(BCG.measure, (), [], []), force=True)
