import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metareview.figures.axis import Axis, labels_clear, round_ticks, shown_range, tick_label


def ticks_between(low, high, log):
    axis = Axis(low, high, 0, 60, log)
    return round_ticks(low, high, log=log, fits=labels_clear(axis, 7, within=(-2, 62)))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.09, 11, (0.1, 0.2, 0.5, 1, 2, 5, 10)),
        (0.45, 2.2, (0.5, 0.8, 1, 1.25, 1.5, 2)),
        (0.009, 110, (0.01, 0.1, 1, 10, 100)),
    ],
)
def test_log_ticks_stand_where_people_put_them(low, high, ticks):
    found = ticks_between(low, high, True)
    assert 1 in found
    assert set(ticks) & set(found)
    assert all(low <= t <= high for t in found)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-6, 1e6))
def test_linear_ticks_are_even_and_round(low, span):
    assume(span > 1e-6 * abs(low))
    found = ticks_between(low, low + span, False)
    steps = {round((b - a) / span, 6) for a, b in pairwise(found)}
    assert len(steps) <= 1
    assert all(low - 1e-9 * span <= t <= low + span * (1 + 1e-9) for t in found)


@given(low=st.floats(1e-5, 1e3), ratio=st.floats(1.05, 1e6))
def test_log_ticks_have_two_figures_at_most_over_a_decade_or_more(low, ratio):
    found = ticks_between(low, low * ratio, True)
    assert list(found) == sorted(set(found))
    if ratio > 10:
        assert len(found) >= 1
        assert all(float(f"{t:.2g}") == pytest.approx(t) for t in found)


def test_a_wide_interval_does_not_squeeze_the_others():
    low, high = shown_range([0.8, 1.0, 1.2], [0.7, 1.4, 5000.0], log=True)
    assert low < 0.8
    assert 1.4 < high < 3


@given(core=st.lists(st.floats(0.01, 100), min_size=1), ends=st.lists(st.floats(0.001, 1000)))
def test_what_must_be_seen_is_on_the_axis(core, ends):
    low, high = shown_range(core, ends, log=True)
    assert low <= min(core)
    assert high >= max(core)
    axis = Axis(low, high, 10, 50, True)
    assert 10 <= axis.at(core[0]) <= 50


def test_an_axis_of_nothing_is_still_an_axis():
    assert shown_range([], [], log=True) == (0.1, 10.0)
    low, high = shown_range([0.0], [], log=False)
    assert low < -0.01 < 0.01 < high
    assert all(map(math.isfinite, shown_range([math.nan, math.inf], [], log=False)))


def test_tick_labels_have_no_tails():
    assert [tick_label(t) for t in (0.1, 0.25, 1.0, 1000.0, -5.0)] == ["0.1", "0.25", "1", "1000", "−5"]
