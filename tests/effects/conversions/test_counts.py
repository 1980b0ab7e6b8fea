"""Counts from percentages and ratios: every whole number that prints, and nothing else."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects import effect_sizes
from metareview.effects.conversions import events_from_percent, table_from_ratio
from metareview.errors import EffectError

pair = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def printed(events, total, digits, rounding):
    exact = Decimal(100) * events / Decimal(total)
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=rounding)


@given(pair, st.integers(0, 3), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_the_number_that_was_printed_is_always_among_the_candidates(numbers, digits, rounding):
    events, total = numbers
    derived = events_from_percent(str(printed(events, total, digits, rounding)), total)
    assert events in derived["candidates"]
    assert (len(derived["candidates"]) > 1) == bool(derived.note)


@given(pair, st.integers(0, 2))
def test_every_candidate_prints_the_percentage_and_every_other_number_does_not(numbers, digits):
    events, total = numbers
    percent = printed(events, total, digits, ROUND_HALF_UP)
    derived = events_from_percent(str(percent), total)
    prints = tuple(
        e for e in range(total + 1)
        if percent in (printed(e, total, digits, ROUND_HALF_UP), printed(e, total, digits, ROUND_HALF_EVEN))
    )  # fmt: skip
    assert derived["candidates"] == prints


def test_printed_digits_count():
    assert events_from_percent("83.1", 65)["candidates"] == (54,)
    assert events_from_percent("45", 400)["candidates"] == (178, 179, 180, 181)
    assert events_from_percent("45.0", 400)["candidates"] == (180,)
    assert events_from_percent(83.1, 65)["events"] == 54
    assert events_from_percent(" 83.1 % ", 65)["events"] == 54


def test_a_half_is_rounded_up_or_to_even():
    """1 of 8 is 12.5%: 13 rounded up, 12 rounded to even."""
    assert events_from_percent("13", 8)["candidates"] == events_from_percent("12", 8)["candidates"] == (1,)


def test_a_percentage_that_nobody_prints_names_the_nearest():
    with pytest.raises(EffectError) as caught:
        events_from_percent("33.1", 60)
    assert str(caught.value) == (
        "no whole number of 60 persons prints 33.1%; the nearest are 19 (31.67%) and 20 (33.33%). "
        "Is the total another?"
    )


@pytest.mark.parametrize(
    ("percent", "total"), [("x", 10), ("101", 10), ("-1", 10), ("nan", 10), ("5", 0), ("5", 2.5)]
)
def test_percentages_and_totals_that_cannot_be_are_refused(percent, total):
    with pytest.raises(EffectError):
        events_from_percent(percent, total)


def test_the_ends_are_found():
    assert events_from_percent("0", 7)["candidates"] == (0,)
    assert events_from_percent("100", 7)["candidates"] == (7,)
    assert events_from_percent("100.0", 5000)["candidates"] == (4998, 4999, 5000)


table = st.tuples(st.integers(1, 80), st.integers(1, 80), st.integers(1, 80), st.integers(1, 80))


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@given(table)
def test_a_table_is_recovered_from_its_ratio_and_margins(measure, cells):
    a, b, c, d = cells
    data = {"ai": [a], "bi": [b], "ci": [c], "di": [d]}
    effects = effect_sizes(data, measure=measure)
    estimate = float(effects.measure.back(effects.yi[0]))
    derived = table_from_ratio(estimate, a + b, c + d, events=a + c, measure=measure)
    assert (derived["events_1"], derived["events_2"]) == (a, c)
    assert derived["estimate"] == pytest.approx(estimate, rel=1e-9, abs=1e-12)


def test_a_table_that_does_not_fit_is_said():
    assert "They do not fit well" in table_from_ratio(0.5, 20, 20, events=10).note
    assert "They do not fit well" not in table_from_ratio(0.41, 123, 139, events=15).note


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"estimate": -1, "total_1": 10, "total_2": 10, "events": 5}, "estimate is -1; it must be above 0."),
        ({"estimate": 1, "total_1": 10, "total_2": 10, "events": 20}, "below all persons (20)"),
        (
            {"estimate": 1, "total_1": 10, "total_2": 10, "events": 5, "measure": "HR"},
            "it must be OR, RR or RD.",
        ),
        ({"estimate": 2, "total_1": 10, "total_2": 10, "events": 5, "measure": "RD"}, "between -1 and 1"),
        ({"estimate": 9, "total_1": 10, "total_2": 100, "events": 100, "measure": "RR"}, "cannot be"),
    ],
)
def test_tables_that_cannot_be_are_refused(given_, says):
    with pytest.raises(EffectError) as caught:
        table_from_ratio(**given_)
    assert says in str(caught.value)
