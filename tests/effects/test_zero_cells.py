"""Zero cells: what is added, to which studies, and which studies say nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects import MEASURES, ZeroCells, effect_sizes
from metareview.errors import EffectError

TABLES = {
    "study": ["none", "one", "other", "all", "plain"],
    "ai": [0, 0, 3, 20, 5],
    "n1i": [20, 20, 20, 20, 20],
    "ci": [0, 4, 0, 10, 9],
    "n2i": [30, 10, 40, 10, 30],
}
RATIOS = ("RR", "OR", "PETO", "YUQ", "YUY", "VE")


@pytest.mark.parametrize("measure", RATIOS)
def test_studies_without_events_or_without_non_events_are_not_estimable_for_ratios(measure):
    effects = effect_sizes(TABLES, measure=measure)
    assert list(np.isnan(effects.yi)) == [True, False, False, True, False]
    assert effects.study_notes[0] == ("Not estimable: no events occurred in either arm.",)
    assert effects.study_notes[3] == ("Not estimable: everybody had the event in both arms.",)
    assert any(
        note.startswith("2 studies with no events, or with nothing but events") for note in effects.notes
    )


@pytest.mark.parametrize("measure", ["RD", "AS"])
def test_differences_keep_them(measure):
    assert np.isfinite(effect_sizes(TABLES, measure=measure).yi).all()


def test_what_was_added_is_said_of_each_study_and_of_all():
    effects = effect_sizes(TABLES, measure="OR")
    assert effects.study_notes[1] == ("0.5 was added to each cell, because one was zero.",)
    assert effects.study_notes[4] == ()
    assert effects.notes[0] == "0.5 was added to each cell of 2 studies with a zero cell."


def test_rules_say_why_they_touch_a_study():
    every = effect_sizes(TABLES, measure="OR", zero_cells=ZeroCells(to="all"))
    assert every.study_notes[4] == ("0.5 was added to each cell, as of every study.",)
    because = effect_sizes(TABLES, measure="OR", zero_cells=ZeroCells(to="if0all"))
    assert because.study_notes[4] == (
        "0.5 was added to each cell, as of every study, because one of them has a zero cell.",
    )


def test_nothing_is_added_when_nothing_is_asked():
    effects = effect_sizes(TABLES, measure="OR", zero_cells=ZeroCells(to="none"))
    assert list(np.isnan(effects.yi)) == [True, True, True, True, False]
    assert "a ratio needs an event in each arm" in effects.study_notes[1][0]


def test_the_treatment_arm_correction_shares_by_size():
    """Sweeting 2004: corrections in proportion to arm sizes, 1 in all at add = 0.5."""
    effects = effect_sizes(TABLES, measure="OR", zero_cells=ZeroCells(to="treatment-arm"))
    first, second = 20 / 30, 10 / 30
    by_hand = np.log((0 + first) / (20 + first)) - np.log((4 + second) / (6 + second))
    assert effects.yi[1] == pytest.approx(by_hand, rel=1e-14)
    assert "treatment-arm correction" in effects.study_notes[1][0]


def test_the_treatment_arm_correction_of_equal_arms_is_the_constant_one():
    data = {"ai": [0, 5], "n1i": [20, 20], "ci": [4, 0], "n2i": [20, 20]}
    tacc = effect_sizes(data, measure="RR", zero_cells=ZeroCells(to="treatment-arm"))
    constant = effect_sizes(data, measure="RR")
    np.testing.assert_allclose([tacc.yi, tacc.vi], [constant.yi, constant.vi], rtol=1e-14)


def test_the_correction_of_rates_adds_to_events_alone():
    data = {"x1i": [0, 0], "t1i": [100, 100], "x2i": [4, 0], "t2i": [50, 50]}
    effects = effect_sizes(data, measure="IRR")
    assert effects.yi[0] == pytest.approx(np.log(0.5 / 100) - np.log(4.5 / 50))
    assert effects.study_notes[0] == ("0.5 was added to each count of events, because one was zero.",)
    assert effects.study_notes[1] == ("Not estimable: no events occurred in either arm.",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"to": "some"}, 'to is "some"'),
        ({"to": "only"}, 'did you mean "only0"?'),
        ({"add": -1}, "add is -1; it must be a number, 0 or more."),
        ({"add": float("nan")}, "add is nan"),
        ({"add": "half"}, "add is half"),
    ],
)
def test_rules_that_cannot_be_are_refused(options, says):
    with pytest.raises(EffectError, match=says.replace("?", r"\?")):
        ZeroCells(**options)


arm = st.integers(0, 30)


@given(st.lists(st.tuples(arm, arm, arm, arm), min_size=1, max_size=8))
def test_a_correction_touches_only_studies_with_a_zero(cells):
    a, b, c, d = (np.array(x, dtype=float) for x in zip(*cells, strict=True))
    data = {"ai": a, "bi": b, "ci": c, "di": d}
    corrected = effect_sizes(data, measure="OR")
    bare = effect_sizes(data, measure="OR", zero_cells=ZeroCells(to="none"))
    no_zero = np.all(np.array([a, b, c, d]) > 0, axis=0)
    np.testing.assert_array_equal(corrected.yi[no_zero], bare.yi[no_zero])
    silent = ((a + c) == 0) | ((b + d) == 0) | ((a + b) == 0) | ((c + d) == 0)
    np.testing.assert_array_equal(np.isnan(corrected.yi), silent)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_events_and_non_events_are_symmetric_for_the_odds_ratio(a, b, c, d):
    data = {"ai": [a], "bi": [b], "ci": [c], "di": [d]}
    turned = {"ai": [b], "bi": [a], "ci": [d], "di": [c]}
    one, other = effect_sizes(data, measure="OR"), effect_sizes(turned, measure="OR")
    np.testing.assert_allclose(one.yi, -other.yi, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(one.vi, other.vi, rtol=1e-12)


def test_only_measures_of_counts_have_zero_cells():
    for measure in MEASURES.values():
        assert bool(measure.cells) == (measure.kind in ("binary", "rate"))
