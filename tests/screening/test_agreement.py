"""Agreement coefficients against published examples, and undefined where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.screening import Decision, DecisionLog
from metareview.screening.agreement import (
    chance_corrected,
    overall_agreement,
    pairwise_agreement,
    two_by_two,
)

TABLES = st.tuples(*[st.integers(0, 60)] * 4)
# Gwet's example of 12 subjects, 4 raters, 5 categories with missing ratings (0): Handbook of Inter-Rater
# Reliability; the data set cac.raw4raters of the R package irrCAC
GWET = [
    (1, 1, 0, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4),
    (4, 4, 4, 4), (1, 1, 2, 1), (2, 2, 2, 2), (0, 5, 5, 5), (0, 0, 1, 1), (0, 0, 3, 0),
]  # fmt: skip


@pytest.mark.parametrize(("chance", "value", "se"), [("ac1", 0.77544, 0.14295), ("fleiss", 0.76117, 0.15302)])
def test_gwets_example_of_four_raters_with_missing_ratings(chance, value, se):
    counts = np.array([[row.count(k) for k in range(1, 6)] for row in GWET], dtype=float)
    found = chance_corrected(counts, chance=chance)
    assert found.value == pytest.approx(value, abs=5e-6)
    assert (found.value - found.low) / 1.959964 == pytest.approx(se, abs=5e-6)


def test_feinstein_and_cicchetti_1990_the_same_agreement_with_two_kappas():
    balanced, skewed = two_by_two((40, 9, 6, 45)), two_by_two((80, 10, 5, 5))
    assert balanced.percent.value == skewed.percent.value == 0.85
    assert round(balanced.kappa.value, 2) == 0.70
    assert round(skewed.kappa.value, 2) == 0.32
    assert balanced.notes == ()
    assert "kappa falls when one verdict is rare" in skewed.notes[0]


def test_gwet_2002_agreement_of_94_per_cent_with_a_kappa_below_zero():
    found = two_by_two((118, 5, 2, 0))
    assert round(found.kappa.value, 4) == -0.0234
    assert round(found.ac1.value, 4) == 0.9408


def test_screening_at_low_prevalence():
    found = two_by_two((15, 10, 10, 965))
    assert (found.percent.value, found.pabak.value) == (0.98, pytest.approx(0.96))
    assert found.kappa.value == pytest.approx(0.5897, abs=5e-5)
    # Fleiss, Cohen and Everitt's standard error is 0.08348
    assert (found.kappa.low, found.kappa.high) == (
        pytest.approx(0.4261, abs=5e-5),
        pytest.approx(0.7534, abs=5e-5),
    )
    assert found.positive.value == pytest.approx(30 / 50)
    assert found.negative.value == pytest.approx(1930 / 1950)


def test_kappa_is_undefined_when_both_gave_one_verdict_to_everything():
    found = two_by_two((0, 0, 0, 10))
    assert found.kappa.value is None
    assert str(found.kappa) == "undefined"
    assert found.positive.value is None
    assert found.pabak.value == 1
    assert found.notes == ("Both reviewers sent every record to exclusion, so kappa is undefined.",)


def test_nothing_is_defined_without_a_record_in_common():
    found = two_by_two((0, 0, 0, 0))
    values = [found.percent, found.kappa, found.pabak, found.ac1, found.positive, found.negative]
    assert [c.value for c in values] == [None] * 6
    assert (found.prevalence, found.bias) == (None, None)
    assert found.notes == ("No record was judged by both reviewers, so agreement is undefined.",)


def test_perfect_agreement_has_no_interval_by_a_standard_error_of_zero():
    found = two_by_two((5, 0, 0, 5))
    assert (found.kappa.value, found.kappa.low, found.ac1.low) == (1, None, None)
    assert "agreement is perfect" in found.notes[0]


def coefficients(found):
    return [found.percent, found.kappa, found.pabak, found.ac1, found.positive, found.negative]


@given(TABLES)
def test_no_coefficient_is_ever_not_a_number_or_outside_its_range(table):
    for c in coefficients(two_by_two(table)):
        if c.value is not None:
            assert -1 <= c.value <= 1
        if c.low is not None:
            assert -1 <= c.low <= c.value + 1e-12
            assert c.value - 1e-12 <= c.high <= 1


@given(TABLES)
def test_swapping_the_reviewers_changes_nothing(table):
    a, b, c, d = table
    first, second = two_by_two(table), two_by_two((a, c, b, d))
    for x, y in zip(coefficients(first), coefficients(second), strict=True):
        assert (x.value is None) == (y.value is None)
        assert x.value is None or x.value == pytest.approx(y.value)


@given(TABLES)
def test_turning_verdicts_round_exchanges_positive_and_negative_agreement(table):
    a, b, c, d = table
    first, second = two_by_two(table), two_by_two((d, c, b, a))
    assert first.positive == second.negative
    assert (first.ac1.value is None) or first.ac1.value == pytest.approx(second.ac1.value)


@given(TABLES.filter(lambda t: sum(t) > 0))
def test_fleiss_kappa_of_two_reviewers_is_scotts_pi(table):
    a, b, c, d = table
    n = a + b + c + d
    counts = np.repeat([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [a, b + c, d], axis=0)
    rate = (2 * a + b + c) / (2 * n)
    expected = rate**2 + (1 - rate) ** 2
    found = chance_corrected(counts, chance="fleiss").value
    if expected == pytest.approx(1):
        assert found is None
    else:
        assert found == pytest.approx(((a + d) / n - expected) / (1 - expected))


def log(who, stage, **verdicts):
    return DecisionLog(
        who,
        tuple(
            Decision(
                record=r,
                stage=stage,
                reviewer=who,
                verdict=v,
                reason="x" * (v == "exclude"),
                when="2026-11-24",
            )
            for r, v in verdicts.items()
        ),
    )


def test_only_records_that_both_judged_count_and_unclear_goes_forward():
    logs = [
        log("AB", "abstract", r1="include", r2="exclude", r3="unclear", r4="include"),
        log("CD", "abstract", r1="unclear", r2="exclude", r3="exclude"),
        log("consensus", "abstract", r3="exclude"),
    ]
    (found,) = pairwise_agreement(logs, stage="abstract")
    assert found.reviewers == ("AB", "CD")
    assert (found.both, found.first_only, found.second_only, found.neither) == (1, 1, 0, 1)


def test_reports_that_a_reviewer_could_not_judge_are_left_out_and_said():
    logs = [
        log("AB", "full text", r1="include", r2="not-retrieved", r3="exclude"),
        log("CD", "full text", r1="include", r2="include", r3="unclear"),
    ]
    (found,) = pairwise_agreement(logs, stage="full text")
    assert found.records == 1
    assert found.notes[0].startswith("2 records are left out")


def test_three_reviewers_give_three_pairs_and_one_overall():
    logs = [log(who, "abstract", r1="include", r2="exclude") for who in ("AB", "CD", "EF")]
    assert [a.reviewers for a in pairwise_agreement(logs, stage="abstract")] == [
        ("AB", "CD"), ("AB", "EF"), ("CD", "EF"),
    ]  # fmt: skip
    overall = overall_agreement(logs, stage="abstract")
    assert (overall.records, overall.percent.value, overall.fleiss.value, overall.ac1.value) == (2, 1, 1, 1)


def test_overall_agreement_of_nobody_is_undefined():
    found = overall_agreement([], stage="abstract")
    assert (found.records, found.percent.value, found.fleiss.value, found.ac1.value) == (0, None, None, None)
