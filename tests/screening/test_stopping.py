"""The stopping test against the sum it stands for."""

from fractions import Fraction
from math import comb, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import ScreeningError
from metareview.screening.stopping import recall_test

LABELS = st.lists(st.integers(0, 1), min_size=1, max_size=25)


def by_counting(labels, total, target):
    """The smallest over urns of P(X <= found), X hypergeometric, by exact sums of binomial coefficients."""
    need = floor(sum(labels) / Fraction(str(target))) + 1
    smallest = Fraction(1)
    for drawn in range(1, len(labels) + 1):
        found = sum(labels[-drawn:])
        population = total - (len(labels) - drawn)
        there = need - (sum(labels) - found)
        if there > population:
            return 0.0
        ways = sum(comb(there, x) * comb(population - there, drawn - x) for x in range(found + 1))
        smallest = min(smallest, Fraction(ways, comb(population, drawn)))
    return float(smallest)


@given(LABELS, st.integers(0, 40), st.sampled_from([0.8, 0.9, 0.95]))
def test_p_is_the_smallest_hypergeometric_chance_over_all_urns(labels, unread, target):
    total = len(labels) + unread
    found = recall_test(labels, total=total, target=target)
    assert found.p == pytest.approx(by_counting(labels, total, target), rel=1e-9, abs=1e-12)


@given(LABELS, st.integers(0, 40))
def test_reading_one_more_irrelevant_record_never_lowers_the_bound(labels, unread):
    total = len(labels) + unread + 1
    before, after = recall_test(labels, total=total), recall_test([*labels, 0], total=total)
    if before.bound is not None:
        assert after.bound >= before.bound
    assert after.p <= before.p + 1e-12


@given(LABELS.filter(sum), st.integers(0, 12), st.sampled_from([0.6, 0.8, 0.95]))
def test_the_bound_and_p_agree_about_the_target(labels, unread, target):
    found = recall_test(labels, total=len(labels) + unread, target=target, level=0.8)
    assert (found.p < 0.2) == (found.bound >= target)


def test_reading_everything_leaves_nothing_to_miss():
    found = recall_test([1, 0, 1], total=3)
    assert (found.p, found.bound) == (0.0, 1.0)
    assert "Every record was read" in found.notes[0]


def test_nothing_read_proves_nothing():
    found = recall_test([], total=10)
    assert (found.p, found.bound) == (1.0, None)


def test_the_sentence_names_counts_p_and_bound():
    assert str(recall_test([1] * 20 + [0] * 300, total=400)) == (
        "320 of 400 records read, 20 relevant: P = 0.0439 for recall below 95%; "
        "recall is at least 95% (confidence 95%)."
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"total": 2}, "3 records were read but there are only 2"),
        ({"total": 5, "target": 95}, "the recall target is 95; a fraction"),
        ({"total": 5, "level": 1.0}, "the confidence level is 1.0; a fraction"),
    ],
)
def test_what_cannot_be_is_refused(arguments, says):
    with pytest.raises(ScreeningError, match=says):
        recall_test([1, 0, 0], **arguments)
