"""One synthesis: the figures of published data, the traps of few studies, and what cannot change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import Options, pool, pool_as

BCG = effects_of("bcg", "RR")
HOMOGENEOUS = ([0.20, 0.21, 0.19, 0.20], [0.04, 0.05, 0.03, 0.06])


def generic(yi, vi):
    return effect_sizes({"yi": list(yi), "vi": list(vi)}, measure="GEN")


# library(metafor)
# dat <- escalc(measure="RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
# rma(yi, vi, data=dat, control=list(threshold=1e-15)); confint(…); predict(rma(…, test="knha"))
def test_bcg_agrees_with_metafor():
    wald, hksj = pool(BCG, policy="metafor"), pool(BCG)
    spread = hksj.heterogeneity
    assert wald.estimate == pytest.approx(-0.7145323421581395, rel=1e-12)
    assert wald.se == pytest.approx(0.17978151610520574, rel=1e-12)
    assert spread.tau2 == pytest.approx(0.31324325813648074, rel=1e-12)
    assert (spread.tau2_ci.low, spread.tau2_ci.high) == pytest.approx((0.1197183611, 1.1114790841), rel=1e-9)
    assert spread.i2 == pytest.approx(0.9222138452126896, rel=1e-12)
    assert (spread.i2_ci.low, spread.i2_ci.high) == pytest.approx((0.8192057456, 0.9767807496), rel=1e-9)
    assert (spread.q, spread.q_df) == (pytest.approx(152.23300808237326, rel=1e-13), 12)
    assert spread.q_p == pytest.approx(1.9967645908460005e-26, rel=1e-11)
    assert (hksj.ci.low, hksj.ci.high) == pytest.approx((-1.108443713685551, -0.3206209706307281), rel=1e-12)
    expected = (-1.9960168341962023, 0.5669521498799233)
    assert (hksj.prediction.low, hksj.prediction.high) == pytest.approx(expected, rel=1e-12)
    assert hksj.p == pytest.approx(0.0019200150960572917, rel=1e-11)
    assert 100 * hksj.weights[0] == pytest.approx(5.0594827343666315, rel=1e-12)


def test_a_synthesis_says_itself_in_one_sentence():
    assert str(pool(BCG)) == (
        "Risk ratio 0.49 (95% CI 0.33 to 0.73); 95% PI 0.14 to 1.76; tau2 = 0.313; I2 = 92.2%; k = 13"
    )


def test_homogeneous_studies_are_not_given_a_falsely_narrow_interval():
    fit = pool(generic(*HOMOGENEOUS))
    assert fit.method.ci == "wald"
    assert (fit.ci.low, fit.ci.high) == pytest.approx((-0.0020, 0.4000), abs=1e-3)
    assert any("tau2 is estimated as 0" in note for note in fit.notes)
    narrow = next(other for other in fit.alternatives if other.code == "hksj")
    assert (narrow.ci.low, narrow.ci.high) == pytest.approx((0.185, 0.212), abs=5e-4)
    guarded = pool(generic(*HOMOGENEOUS), ci="hksj-floor").ci
    assert (guarded.low, guarded.high) == pytest.approx((-0.128, 0.526), abs=1e-3)


def test_a_prediction_interval_equals_the_interval_when_tau2_is_zero():
    fit = pool(generic(*HOMOGENEOUS))
    assert (fit.prediction.low, fit.prediction.high) == (fit.ci.low, fit.ci.high)


def test_an_interval_that_holds_no_effect_is_never_printed_as_if_it_did_not():
    assert "-0.002 to 0.40" in str(pool(generic(*HOMOGENEOUS)))


def test_one_study_is_shown_and_not_pooled():
    fit = pool(generic([0.4], [0.09]))
    assert not fit.pooled
    assert (fit.k, fit.estimate, fit.se, fit.heterogeneity, fit.prediction) == (1, 0.4, 0.3, None, None)
    assert (fit.method.model, list(fit.weights)) == ("none", [1.0])
    assert "one study" in fit.notes[0].casefold()
    assert str(fit).endswith("k = 1 (one study, not pooled)")


def test_no_study_is_refused_with_a_sentence():
    effects = effect_sizes({"ai": [0, 0], "n1i": [9, 8], "ci": [0, 0], "n2i": [9, 9]}, measure="RR")
    with pytest.raises(SynthesisError, match="cannot be pooled: none of its 2 studies"):
        pool(effects)


def test_a_study_without_an_effect_stays_in_view_with_no_weight():
    fit = pool(generic([0.1, np.nan, 0.4, 0.2], [0.1, 0.1, 0.2, 0.1]))
    assert fit.k == 3
    assert (fit.weights[1], np.isnan(fit.study_low[1])) == (0.0, True)
    assert any("no estimable effect" in note for note in fit.notes)


def test_two_studies_get_the_normal_interval_and_see_the_other():
    fit = pool(generic([0.1, 0.9], [0.01, 0.02]))
    assert (fit.method.ci, fit.prediction) == ("wald", None)
    assert [other.code for other in fit.alternatives] == ["hksj"]
    assert any("12.71" in note for note in fit.notes)


def test_three_studies_hear_when_the_intervals_disagree():
    fit = pool(generic([0.1, 0.9, 0.5], [0.01, 0.02, 0.01]))
    assert fit.method.ci == "hksj"
    assert {other.code for other in fit.alternatives} == {"wald", "hksj-adhoc"}
    assert any("intervals disagree" in note for note in fit.notes)


def test_five_studies_are_given_one_interval():
    assert pool(generic([0.1, 0.9, 0.5, 0.3, 0.2], [0.01, 0.02, 0.01, 0.01, 0.02])).alternatives == ()


@pytest.mark.parametrize("level", [95, 0.05, 0.5, 1.0, 0.0, -1, float("nan"), "high", True, None])
def test_a_level_is_a_fraction_or_is_refused(level):
    with pytest.raises(SynthesisError, match=r"level is .*; it is a fraction between 0\.5 and 1"):
        pool(BCG, level=level)


def test_a_level_in_per_cent_is_shown_its_fraction():
    with pytest.raises(SynthesisError, match=r"Write 0\.95 for 95%"):
        pool(BCG, level=95)


def test_misspelt_codes_are_all_named_at_once_with_what_is_near():
    with pytest.raises(SynthesisError) as refused:
        pool(BCG, ci="hksk", tau2="REMLL", prediction="nonne", model="fixed")
    said = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 4
    assert 'did you mean "hksj"' in said
    assert 'did you mean "REML"' in said
    with pytest.raises(SynthesisError, match=r'policy is "cochran".*"cochrane"'):
        pool(BCG, policy="cochran")


def test_codes_are_taken_in_any_case():
    assert pool(BCG, tau2="reml", ci="HKSJ", policy="Cochrane").estimate == pool(BCG).estimate


@pytest.mark.parametrize("tau2", [-0.1, float("inf"), float("nan")])
def test_tau2_as_a_number_is_a_variance(tau2):
    with pytest.raises(SynthesisError, match="tau2 is"):
        pool(BCG, tau2=tau2)


def test_tau2_given_by_the_user_is_used_and_has_no_interval():
    fit = pool(BCG, tau2=0.1)
    assert fit.heterogeneity.tau2 == 0.1
    assert fit.heterogeneity.tau2_ci is None
    w = 1 / (BCG.vi + 0.1)
    assert fit.estimate == pytest.approx((w * BCG.yi).sum() / w.sum(), rel=1e-12)


def test_tau2_of_zero_gives_the_common_effect():
    random, common = pool(BCG, tau2=0.0, ci="wald"), pool(BCG, model="common")
    assert random.estimate == pytest.approx(common.estimate, rel=1e-14)
    assert (random.ci.low, random.ci.high) == pytest.approx((common.ci.low, common.ci.high), rel=1e-14)


def test_a_common_effect_has_no_prediction_interval():
    fit = pool(BCG, model="common")
    assert (fit.prediction, fit.method.tau2, fit.method.ci) == (None, "none", "wald")
    assert fit.heterogeneity.i2 == pytest.approx(1 - 12 / fit.heterogeneity.q)


def test_effects_off_the_scale_of_numbers_are_refused_by_name():
    with pytest.raises(SynthesisError, match="change its unit"):
        pool(generic([1e200, 1.0], [1.0, 1.0]))


def test_proportions_are_printed_as_proportions():
    effects = effect_sizes({"xi": [10, 20, 30], "ni": [50, 60, 70]}, measure="PLO")
    assert str(pool(effects)).startswith("Proportion")
    assert pool(effects).p is None or effects.measure.null is not None


@st.composite
def data(draw, least=2, most=9):
    k = draw(st.integers(least, most))
    y = draw(st.lists(st.floats(-4, 4), min_size=k, max_size=k))
    v = draw(st.lists(st.floats(0.01, 4), min_size=k, max_size=k))
    return np.array(y), np.array(v)


def ends(fit):
    return [fit.estimate, fit.ci.low, fit.ci.high]


@given(data(), st.sampled_from(["wald", "hksj-floor", "kr", "hc", "ivhet"]))
def test_swapping_the_arms_turns_the_answer_round(studies, ci):
    y, v = studies
    there, back = pool(generic(y, v), ci=ci), pool(generic(-y, v), ci=ci)
    assert ends(back) == pytest.approx([-there.estimate, -there.ci.high, -there.ci.low], rel=1e-7, abs=1e-9)


@given(data(), st.floats(-100, 100))
def test_shifting_the_effects_shifts_the_answer(studies, by):
    y, v = studies
    there, here = pool(generic(y, v)), pool(generic(y + by, v))
    assert ends(here) == pytest.approx([end + by for end in ends(there)], rel=1e-7, abs=1e-7)


@given(data(), st.sampled_from([1e-4, 1e6]))
def test_a_change_of_unit_changes_only_the_unit(studies, by):
    y, v = studies
    there, here = pool(generic(y, v)), pool(generic(by * y, by * by * v))
    assert ends(here) == pytest.approx([by * end for end in ends(there)], rel=1e-7, abs=1e-8 * by)
    assert here.heterogeneity.i2 == pytest.approx(there.heterogeneity.i2, abs=1e-7)


@given(data(), st.randoms())
def test_the_order_of_the_studies_does_not_matter(studies, random):
    order = list(range(len(studies[0])))
    random.shuffle(order)
    there, here = pool(generic(*studies)), pool(generic(studies[0][order], studies[1][order]))
    assert ends(here) == pytest.approx(ends(there), rel=1e-8, abs=1e-9)
    assert here.weights == pytest.approx(there.weights[order], rel=1e-7)


@given(data())
def test_the_estimate_lies_among_the_effects_and_inside_its_interval(studies):
    fit = pool(generic(*studies))
    assert studies[0].min() - 1e-9 <= fit.estimate <= studies[0].max() + 1e-9
    assert fit.ci.low <= fit.estimate <= fit.ci.high
    assert fit.weights.sum() == pytest.approx(1)


@given(data())
def test_every_study_twice_leaves_the_common_estimate_and_halves_its_variance(studies):
    y, v = studies
    once = pool(generic(y, v), model="common")
    twice = pool(generic([*y, *y], [*v, *v]), model="common")
    assert twice.estimate == pytest.approx(once.estimate, abs=1e-9)
    assert twice.se**2 == pytest.approx(once.se**2 / 2, rel=1e-9)


@given(data(), st.sampled_from(["wald", "t", "hksj-floor", "kr", "hc", "pl"]))
def test_a_higher_level_gives_a_wider_interval(studies, ci):
    effects = generic(*studies)
    narrow, wide = (pool(effects, ci=ci, level=level).ci for level in (0.8, 0.95))
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(data(), st.sampled_from(["hksj-adhoc", "hksj-floor"]))
def test_a_guarded_interval_holds_the_normal_one(studies, ci):
    effects = generic(*studies)
    guarded, normal = pool(effects, ci=ci).ci, pool(effects, ci="wald").ci
    room = 1e-9 * (1 + abs(normal.high) + abs(normal.low))
    assert guarded.low <= normal.low + room
    assert normal.high <= guarded.high + room


@given(data(least=3), st.sampled_from([None, "wald", "hksj-floor", "hksj-adhoc", "kr"]))
def test_a_prediction_interval_is_never_narrower_than_the_confidence_interval(studies, ci):
    fit = pool(generic(*studies), ci=ci)
    assert fit.prediction.low <= fit.ci.low + 1e-9
    assert fit.ci.high <= fit.prediction.high + 1e-9


def test_ten_thousand_studies_are_pooled():
    random = np.random.default_rng(3)
    v = random.uniform(0.01, 1, 10_000)
    fit = pool(generic(random.normal(0.3, np.sqrt(v + 0.2)), v))
    assert fit.ci.contains(0.3)
    assert fit.heterogeneity.tau2 == pytest.approx(0.2, abs=0.02)


def test_the_interval_for_tau2_can_be_chosen():
    for code in ("QP", "BJ", "J", "PL"):
        interval = pool_as(BCG, Options(tau2_ci=code)).heterogeneity.tau2_ci
        assert interval.low < 0.3132 < interval.high
    assert pool_as(BCG, Options(tau2_ci="none")).heterogeneity.tau2_ci is None
