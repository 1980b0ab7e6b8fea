"""What goes in, under whose names, what is refused, and what a reader is told."""

import numpy as np
import pandas as pd
import pytest

from metareview.effects import MEASURES, effect_sizes, measure_of
from metareview.errors import EffectError

COUNTS = {"study": ["A", "B"], "ai": [4, 6], "n1i": [123, 306], "ci": [11, 29], "n2i": [139, 303]}
OURS = {
    "study": ["A", "B"],
    "events_1": [4, 6],
    "total_1": [123, 306],
    "events_2": [11, 29],
    "total_2": [139, 303],
}
MEANS = {
    "study": ["A"],
    "mean_1": [55.0],
    "sd_1": [47.0],
    "total_1": [155],
    "mean_2": [75.0],
    "sd_2": [64.0],
    "total_2": [156],
}


def problems(data, **options):
    with pytest.raises(EffectError) as caught:
        effect_sizes(data, **options)
    return caught.value.problems


def same(one, other):
    np.testing.assert_array_equal(one.yi, other.yi)
    np.testing.assert_array_equal(one.vi, other.vi)


def test_both_sets_of_names_give_the_same():
    same(effect_sizes(COUNTS, measure="RR"), effect_sizes(OURS, measure="RR"))


def test_a_frame_a_mapping_of_lists_and_a_mapping_of_text_give_the_same():
    expected = effect_sizes(COUNTS, measure="OR")
    same(effect_sizes(pd.DataFrame(COUNTS, index=[7, 3]), measure="OR"), expected)
    same(effect_sizes({k: [str(x) for x in v] for k, v in COUNTS.items()}, measure="OR"), expected)
    frame = pd.DataFrame(COUNTS).astype({"ai": "Int64", "n1i": "float32"})
    same(effect_sizes(frame, measure="OR"), expected)


def test_non_events_stand_for_totals_and_totals_for_non_events():
    cells = {"ai": [4, 6], "bi": [119, 300], "ci": [11, 29], "di": [128, 274]}
    same(effect_sizes(cells, measure="RD"), effect_sizes(COUNTS, measure="RD"))
    others = {"bi": [119, 300], "n1i": [123, 306], "di": [128, 274], "n2i": [139, 303]}
    same(effect_sizes(others, measure="RD"), effect_sizes(COUNTS, measure="RD"))


def test_what_the_measure_does_not_use_becomes_a_moderator():
    effects = effect_sizes(COUNTS | {"year": [1948, 1949], "setting": ["ward", "home"]}, measure="RR")
    assert dict(effects.moderators) == {"year": (1948, 1949), "setting": ("ward", "home")}
    assert effects.labels == ("A", "B")


def test_a_moderator_may_bear_a_name_that_means_something_to_another_measure():
    extra = {
        "time": [52, 8],
        "scale": ["PHQ-9", "BDI"],
        "direction": ["up", "down"],
        "level": [3, 4],
        "mean": [1, 2],
    }
    effects = effect_sizes(COUNTS | extra | {"p": [0.0, 1.2]}, measure="RR")
    assert set(effects.moderators) == {*extra, "p"}
    smd = effect_sizes(MEANS | {"time": [12], "scale": ["PHQ-9"], "p": [0.0]}, measure="SMD")
    assert set(smd.moderators) == {"time", "scale", "p"}


def test_the_counts_as_reported_stay_with_the_effects():
    effects = effect_sizes(COUNTS | {"ai": [0, 6]}, measure="RR")
    np.testing.assert_array_equal(effects.data["ai"], [0, 6])
    np.testing.assert_array_equal(effects.data["n1i"], [123, 306])


def test_labels_come_from_study_or_slab_or_the_argument_or_are_counted():
    bare = {k: v for k, v in COUNTS.items() if k != "study"}
    assert effect_sizes(bare, measure="RR").labels == ("Study 1", "Study 2")
    assert effect_sizes(bare | {"slab": ["x", "y"]}, measure="RR").labels == ("x", "y")
    assert effect_sizes(COUNTS, measure="RR", labels=["p", "q"]).labels == ("p", "q")
    assert effect_sizes(COUNTS | {"study": [1948.0, None]}, measure="RR").labels == ("1948", "Study 2")


def test_a_missing_value_makes_the_study_not_estimable_and_says_which():
    for missing in (None, float("nan"), "", "NA", pd.NA):
        effects = effect_sizes(OURS | {"events_2": [missing, 29]}, measure="RR")
        assert np.isnan(effects.yi[0]) and np.isfinite(effects.yi[1])
        assert effects.study_notes[0] == ("Not estimable: events_2 is missing.",)
        assert "1 study is not estimable: A." in effects.notes


def test_an_empty_arm_makes_the_study_not_estimable_and_says_so():
    effects = effect_sizes(OURS | {"events_1": [0, 6], "total_1": [0, 306]}, measure="RD")
    assert effects.study_notes[0][-1] == "Not estimable: total_1 is 0."


def test_an_empty_arm_is_said_to_be_empty_even_where_no_arm_has_events():
    effects = effect_sizes(
        OURS | {"events_1": [0, 6], "total_1": [0, 306], "events_2": [0, 29]}, measure="RR"
    )
    assert effects.study_notes[0] == ("Not estimable: total_1 is 0.",)


def test_the_z_of_a_partial_correlation_has_the_variance_of_so_many_persons_fewer():
    """n - (m - 1) persons of a plain correlation (Fisher 1924); metafor's own under LS."""
    data = {"t": [2.0], "predictors": [3], "total": [20]}
    assert effect_sizes(data, measure="ZPCOR").vi[0] == pytest.approx(1 / (20 - 2 - 3))
    assert effect_sizes(data, measure="ZPCOR", vtype="LS").vi[0] == pytest.approx(1 / (20 - 3 - 1))


def test_no_studies_give_no_effects():
    effects = effect_sizes({"ai": [], "n1i": [], "ci": [], "n2i": []}, measure="RR")
    assert len(effects) == 0 and effects.yi.shape == (0,)
    assert len(effect_sizes({"xi": [], "ni": []}, measure="PFT")) == 0
    assert len(effect_sizes({"estimate": [], "ci_low": [], "ci_high": []}, measure="HR")) == 0


def test_all_impossible_values_are_named_at_once_with_row_column_value_and_bound():
    found = problems(OURS | {"events_1": [140, 6], "events_2": [-1, 29], "total_2": [139, 20]}, measure="RR")
    assert set(found) == {
        "row 1 (A): events_1 is 140; it cannot exceed total_1 (123).",
        "row 1 (A): events_2 is -1; it cannot be below 0.",
        "row 2 (B): events_2 is 29; it cannot exceed total_2 (20).",
    }


def test_cells_must_add_up_to_their_total():
    assert problems(COUNTS | {"bi": [119, 299]}, measure="RR") == (
        "row 2 (B): ai and bi are 6 and 299; they must add up to n1i (306).",
    )


def test_a_cell_that_is_no_number_is_named_with_its_text():
    found = problems(OURS | {"events_1": ["4", "six"], "total_2": ["1 390", "30,3"]}, measure="RR")
    assert found[0] == 'row 2 (B): events_1 is "six"; a number is needed here.'
    assert any("thousands separator" in p for p in found) and any("decimal" in p for p in found)
    assert problems(OURS | {"events_1": [float("inf"), 6]}, measure="RR")[0].startswith(
        "row 1 (A): events_1 is inf"
    )


def test_a_negative_standard_deviation_and_an_impossible_correlation_are_refused():
    assert problems(MEANS | {"sd_1": [-1]}, measure="MD") == ("row 1 (A): sd_1 is -1; it cannot be below 0.",)
    assert "between -1 and 1" in problems({"ri": [1.2], "ni": [20]}, measure="ZCOR")[0]


def test_columns_that_are_missing_are_named_under_both_names():
    (found,) = problems({"ai": [1], "n1i": [10]}, measure="RR")
    assert found == (
        "RR needs the columns ai, n1i, ci, n2i (or events_1, total_1, events_2, total_2); missing: ci, n2i."
    )


def test_an_unknown_measure_gets_its_nearest_neighbour():
    (found,) = problems(COUNTS, measure="SDM")
    assert 'measure is "SDM"; did you mean "SMD"?' in found
    assert measure_of("smd") is MEASURES["SMD"]


def test_an_unknown_kind_of_variance_names_those_there_are():
    assert problems(MEANS, measure="SMD", vtype="XX") == ('vtype of SMD is "XX"; Allowed: LS, LS2, UB.',)


@pytest.mark.parametrize("data", [None, 3, "table.csv", [1, 2], [[1, 2], [3, 4]]])
def test_data_of_another_kind_are_refused_in_a_sentence(data):
    assert "mapping of columns" in problems(data, measure="RR")[0]


def test_columns_of_other_lengths_single_values_and_doubled_quantities_are_refused():
    assert 'column "ai" has 3 values' in problems(COUNTS | {"ai": [1, 2, 3]}, measure="RR")[0]
    assert 'column "ai" is a single value' in problems(COUNTS | {"ai": 4}, measure="RR")[0]
    assert "both hold ai" in problems(COUNTS | {"events_1": [4, 6]}, measure="RR")[0]
    assert "labels for 2 studies" in problems(COUNTS, measure="RR", labels=["x"])[0]
    assert "2 dimensions" in problems(COUNTS | {"ai": np.ones((2, 2))}, measure="RR")[0]


@pytest.mark.parametrize("level", [95, 0, 1, -0.5])
def test_a_level_in_per_cent_is_refused(level):
    assert "write it as a fraction" in problems(COUNTS, measure="RR", level=level)[0]


def test_a_ratio_of_means_of_two_signs_is_not_estimable_and_says_why():
    effects = effect_sizes(MEANS | {"mean_2": [-75.0]}, measure="ROM")
    assert "two means of the same sign" in effects.study_notes[0][0]


def test_a_variance_of_zero_is_said_and_not_hidden():
    effects = effect_sizes(MEANS | {"sd_1": [0.0], "sd_2": [0.0]}, measure="MD")
    assert effects.vi[0] == 0 and not effects.estimable[0]
    assert effects.study_notes[0] == ("Its sampling variance is 0, so that it cannot be weighted.",)


def test_two_persons_are_too_few_for_a_standardised_difference():
    effects = effect_sizes(MEANS | {"total_1": [1], "total_2": [1]}, measure="SMD")
    assert np.isnan(effects.yi[0]) and "degrees of freedom" in effects.study_notes[0][0]


def test_change_is_derived_from_both_standard_deviations_or_taken_as_given():
    before_after = {"mean_post": [38.5], "mean_pre": [30.6], "total": [20]}
    derived = effect_sizes(
        before_after | {"sd_pre": [15.0], "sd_post": [11.6], "correlation": [0.47]}, measure="MC"
    )
    given = effect_sizes(
        before_after | {"sd_change": [np.sqrt(15**2 + 11.6**2 - 2 * 0.47 * 15 * 11.6)]}, measure="MC"
    )
    np.testing.assert_allclose(derived.vi, given.vi, rtol=1e-14)


def test_a_t_or_a_p_value_stands_for_means():
    """Borenstein's identity: t = d / sqrt(1/n1 + 1/n2)."""
    means = effect_sizes(MEANS, measure="SMD", vtype="LS")
    spread = np.sqrt((154 * 47**2 + 155 * 64**2) / 309)
    t = (55 - 75) / spread / np.sqrt(1 / 155 + 1 / 156)
    from_t = effect_sizes({"t": [t], "total_1": [155], "total_2": [156]}, measure="D")
    np.testing.assert_allclose([from_t.yi, from_t.vi], [means.yi, means.vi], rtol=1e-12)
    p = 2 * float(mp_t_tail(abs(t), 309))
    by_p = {"p": [p], "direction": ["negative"], "total_1": [155], "total_2": [156]}
    np.testing.assert_allclose(effect_sizes(by_p, measure="D").yi, means.yi, rtol=1e-9)
    gap = effect_sizes(
        by_p | {"mean_1": [None], "sd_1": [None], "mean_2": [None], "sd_2": [None]}, measure="SMD"
    )
    np.testing.assert_allclose(gap.yi, means.yi, rtol=1e-9)
    assert gap.study_notes[0] == ("Derived from its t or P value.",)


def mp_t_tail(t, df):
    """Upper tail of t, by the incomplete beta function in 30 digits."""
    import mpmath

    with mpmath.workdps(30):
        return (
            mpmath.betainc(
                mpmath.mpf(df) / 2, mpmath.mpf(1) / 2, 0, df / (df + mpmath.mpf(t) ** 2), regularized=True
            )
            / 2
        )


def test_a_p_value_without_direction_is_not_estimable():
    data = {"p": [0.03], "direction": [""], "total_1": [20], "total_2": [20]}
    effects = effect_sizes(data, measure="D")
    assert np.isnan(effects.yi[0]) and effects.study_notes[0][0].startswith("Not estimable")
    (found,) = problems({k: v for k, v in data.items() if k != "direction"}, measure="D")
    assert found.startswith("D needs the columns ti, n1i, n2i (or t, total_1, total_2); missing: ti.")


def test_a_study_that_reports_only_its_estimate_is_used_and_said():
    mixed = OURS | {
        "events_1": [4, None],
        "estimate": [None, 0.2],
        "ci_low": [None, 0.09],
        "ci_high": [None, 0.48],
    }
    effects = effect_sizes(mixed, measure="RR")
    assert effects.yi[1] == pytest.approx(np.log(0.2))
    assert effects.study_notes[1] == ("Derived from its reported estimate and confidence interval.",)
    assert effects.yi[0] == effect_sizes(OURS, measure="RR").yi[0]


def test_vaccine_efficacy_is_a_risk_ratio_in_per_cent():
    effects = effect_sizes(COUNTS, measure="VE")
    same(effects, effect_sizes(COUNTS, measure="RR"))
    np.testing.assert_allclose(effects.measure.back(np.log(0.25)), 75.0)
    assert any("log risk ratio" in note for note in effects.notes)


def test_the_order_of_an_efficacys_interval_turns_on_the_log_scale():
    printed = {"estimate": [90.0], "ci_low": [80.0], "ci_high": [95.0]}
    effects = effect_sizes(printed, measure="VE")
    assert effects.yi[0] == pytest.approx(np.log(0.1))
    assert effects.vi[0] == pytest.approx((np.log(0.2 / 0.05) / 2 / 1.959963984540054) ** 2)


def test_the_double_arcsine_comes_back_to_the_observed_proportion_and_tells_its_caveat():
    data = {"xi": [0, 3, 16, 20], "ni": [10, 14, 17, 20]}
    effects = effect_sizes(data, measure="PFT")
    np.testing.assert_allclose(effects.printed(effects.yi), np.array(data["xi"]) / data["ni"], atol=1e-12)
    typical = 4 / (1 / 10 + 1 / 14 + 1 / 17 + 1 / 20)
    assert effects.measure.back.args[1] == pytest.approx(typical)
    assert any("harmonic mean" in note for note in effects.notes)
    assert effects.measure.back(0.0) == 0 and effects.measure.back(np.pi / 2) == 1


def test_the_freeman_tukey_rate_comes_back_to_the_observed_rate():
    data = {"xi": [0, 3, 160], "ti": [10, 1400.5, 17]}
    effects = effect_sizes(data, measure="IRFT")
    np.testing.assert_allclose(
        effects.printed(effects.yi), np.array(data["xi"]) / data["ti"], rtol=1e-12, atol=1e-15
    )


def test_transformed_proportions_without_sizes_come_back_without_them():
    effects = effect_sizes({"yi": [0.5], "vi": [0.01]}, measure="PFT")
    assert effects.printed(effects.yi)[0] == effects.measure.back(0.5) == pytest.approx(np.sin(0.5) ** 2)


def test_printed_is_the_way_back_where_size_does_not_matter():
    effects = effect_sizes(COUNTS, measure="RR")
    np.testing.assert_allclose(effects.printed(effects.yi), np.exp(effects.yi))


def test_ten_thousand_studies_at_once_are_each_as_alone():
    rng = np.random.default_rng(1)
    n = rng.integers(20, 200, (2, 10_000))
    data = {"ai": rng.binomial(n[0], 0.05), "n1i": n[0], "ci": rng.binomial(n[1], 0.05), "n2i": n[1]}
    together = effect_sizes(data, measure="OR")
    for i in (0, 4_999, 9_999):
        alone = effect_sizes({name: column[i : i + 1] for name, column in data.items()}, measure="OR")
        assert (together.yi[i], together.vi[i]) == (alone.yi[0], alone.vi[0])
