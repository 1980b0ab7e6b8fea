"""Hazard ratios and generic effects, from whatever was printed."""

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.errors import EffectError

Z95 = 1.959963984540054


def problems(data, **options):
    with pytest.raises(EffectError) as caught:
        effect_sizes(data, **options)
    return caught.value.problems


def test_a_hazard_ratio_comes_from_its_estimate_and_interval():
    effects = effect_sizes({"estimate": [0.68], "ci_low": [0.46], "ci_high": [1.0]}, measure="HR")
    assert effects.yi[0] == pytest.approx(np.log(0.68), rel=1e-15)
    assert np.sqrt(effects.vi[0]) == pytest.approx(np.log(1.0 / 0.46) / (2 * Z95), rel=1e-12)
    assert effects.study_notes == ((),)


@pytest.mark.parametrize(("level", "z"), [(0.9, 1.6448536269514722), (0.95, Z95), (0.99, 2.5758293035489004)])
def test_an_interval_of_any_level_gives_the_standard_error_it_was_made_with(level, z):
    se = 0.31
    data = {"estimate": [0.7], "ci_low": [0.7 * np.exp(-z * se)], "ci_high": [0.7 * np.exp(z * se)]}
    assert np.sqrt(effect_sizes(data, measure="HR", level=level).vi[0]) == pytest.approx(se, rel=1e-12)
    per_row = data | {"ci_level": [level]}
    assert np.sqrt(effect_sizes(per_row, measure="HR").vi[0]) == pytest.approx(se, rel=1e-12)


def test_natural_and_log_scale_are_told_apart_row_by_row():
    data = {
        "estimate": [0.5, np.log(0.5)],
        "ci_low": [0.25, np.log(0.25)],
        "ci_high": [1.0, 0.0],
        "scale": ["natural", "log"],
    }
    effects = effect_sizes(data, measure="HR")
    np.testing.assert_allclose(effects.yi[0], effects.yi[1])
    np.testing.assert_allclose(effects.vi[0], effects.vi[1])


def test_observed_minus_expected_events_and_their_variance():
    effects = effect_sizes({"oe": [-5.0], "oe_v": [10.0]}, measure="HR")
    assert (effects.yi[0], effects.vi[0]) == (-0.5, 0.1)
    assert "O − E" in effects.study_notes[0][0]


def test_a_log_rank_p_uses_the_best_that_is_known_of_the_events():
    """V = O1 O2/O, else O n1 n2/(n1 + n2)^2, else O/4 (Tierney 2007)."""
    base = {"p": [0.03], "direction": ["lower"]}
    by_arm = effect_sizes(base | {"events_1": [20], "events_2": [30]}, measure="HR")
    assert by_arm.vi[0] == pytest.approx(50 / 600)
    sized = effect_sizes(base | {"events": [50], "total_1": [100], "total_2": [50]}, measure="HR")
    assert sized.vi[0] == pytest.approx(150**2 / (50 * 100 * 50))
    bare = effect_sizes(base | {"events": [50]}, measure="HR")
    assert bare.vi[0] == pytest.approx(4 / 50)
    z = bare.yi[0] / np.sqrt(bare.vi[0])
    assert z == pytest.approx(-2.1700903775845601, rel=1e-12)  # R: qnorm(0.015)
    assert effect_sizes(base | {"direction": ["higher"], "events": [50]}, measure="HR").yi[0] == -bare.yi[0]


def test_a_p_value_without_direction_is_not_estimable():
    effects = effect_sizes({"p": [0.03], "events": [50]}, measure="HR")
    assert np.isnan(effects.yi[0]) and effects.study_notes[0][0].startswith("Not estimable")


def test_an_interval_is_preferred_to_a_p_value():
    data = {
        "estimate": [0.5],
        "ci_low": [0.25],
        "ci_high": [1.0],
        "p": [0.9],
        "events": [9],
        "direction": ["higher"],
    }
    assert effect_sizes(data, measure="HR").yi[0] == np.log(0.5)


def test_generic_effects_come_with_variance_standard_error_or_interval():
    with_vi = effect_sizes({"yi": [0.2], "vi": [0.04]}, measure="GEN")
    with_se = effect_sizes({"yi": [0.2], "sei": [0.2]}, measure="GEN")
    with_ci = effect_sizes(
        {"yi": [0.2], "ci_low": [0.2 - Z95 * 0.2], "ci_high": [0.2 + Z95 * 0.2]}, measure="GEN"
    )
    ours = effect_sizes({"estimate": [0.2], "se": [0.2]}, measure="GEN")
    for effects in (with_se, with_ci, ours):
        np.testing.assert_allclose([effects.yi[0], effects.vi[0]], [with_vi.yi[0], with_vi.vi[0]], rtol=1e-12)
    assert with_vi.measure.back(0.2) == 0.2


def test_a_generic_ratio_is_analysed_on_the_log_scale():
    effects = effect_sizes({"estimate": [2.0], "ci_low": [1.0], "ci_high": [4.0]}, measure="GENLOG")
    assert effects.yi[0] == np.log(2) and effects.measure.back(effects.yi[0]) == pytest.approx(2)


def test_a_missing_estimate_is_not_estimable_and_says_what_would_do():
    effects = effect_sizes({"estimate": [None], "ci_low": [0.5], "ci_high": [2.0]}, measure="HR")
    assert effects.study_notes[0] == (
        "Not estimable: no estimate with a variance, a standard error or a confidence interval was given.",
    )


def test_an_estimate_off_the_middle_of_its_interval_is_said():
    effects = effect_sizes({"estimate": [0.9], "ci_low": [0.46], "ci_high": [1.0]}, measure="HR")
    assert "lies at 86% of its confidence interval's width on the log scale" in effects.study_notes[0][0]
    fair = effect_sizes({"estimate": [0.68], "ci_low": [0.46], "ci_high": [1.0]}, measure="HR")
    assert fair.study_notes == ((),)


def test_everything_impossible_is_named_at_once():
    found = problems(
        {
            "study": ["A", "B", "C", "D"],
            "estimate": [3.0, -0.5, 1.0, 1.0],
            "ci_low": [0.5, 0.2, 2.0, 0.0],
            "ci_high": [2.0, 0.9, 0.5, 2.0],
            "ci_level": [0.95, 95, 0.95, 0.95],
            "scale": ["", "", "", "logg"],
        },
        measure="HR",
    )
    text = "\n".join(found)
    assert "row 1 (A): estimate is 3; its confidence interval 0.5 to 2 must hold it." in found
    assert "row 2 (B): ci_level is 95; write the level as a fraction, such as 0.95." in found
    assert "row 2 (B): estimate is -0.5" in text and "no place on the log scale" in text
    assert "row 3 (C): estimate is 1; its confidence interval 2 to 0.5 must hold it." in found
    assert "row 4 (D): ci_low is 0" in text
    assert 'row 4 (D): scale is "logg"; it must be natural or log.' in found


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"yi": [0.1], "vi": [0.0]}, "vi is 0; a variance must be above 0."),
        ({"yi": [0.1], "vi": [-1.0]}, "vi is -1; a variance must be above 0."),
        ({"yi": [0.1], "sei": [0.0]}, "sei is 0; a standard error must be above 0."),
        ({"yi": [5.0], "ci_low": [0.0], "ci_high": [1.0]}, "must hold it"),
    ],
)
def test_variances_and_intervals_that_cannot_be_are_refused(data, says):
    assert says in problems(data, measure="GEN")[0]


def test_log_rank_numbers_that_cannot_be_are_refused():
    assert "a variance must be above 0" in problems({"oe": [1.0], "oe_v": [0.0]}, measure="HR")[0]
    assert (
        "two-sided P value" in problems({"p": [0.0], "events": [5], "direction": ["lower"]}, measure="HR")[0]
    )
    assert "direction" in problems({"p": [0.1], "events": [5], "direction": ["down"]}, measure="HR")[0]


def test_columns_that_give_no_effect_are_refused_with_what_would():
    (found,) = problems({"events": [3], "total": [9]}, measure="GEN")
    assert found.startswith("GEN needs estimate with ci_low and ci_high (or se), or yi with vi or sei;")
    assert "logrank_p" in problems({"x": [1]}, measure="HR")[0]


def test_reported_proportions_and_correlations_are_brought_to_their_scale():
    printed = {"estimate": [0.2], "ci_low": [0.1], "ci_high": [0.36]}
    assert effect_sizes(printed, measure="PLO").yi[0] == pytest.approx(np.log(0.25))
    assert effect_sizes(printed, measure="ZCOR").yi[0] == pytest.approx(np.arctanh(0.2))
