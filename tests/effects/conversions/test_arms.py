"""Arms combined, shared and paired: the Handbook's examples, and the raw data behind the formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects.conversions import (
    combine_arms,
    crossover_correlation,
    crossover_difference,
    design_effect,
    paired_odds_ratio,
    split_control,
)
from metareview.errors import EffectError

arm = st.lists(st.floats(-100, 100), min_size=2, max_size=12).filter(lambda x: np.std(x) > 0.1)


@given(st.lists(arm, min_size=2, max_size=5))
def test_combined_arms_have_the_mean_and_sd_of_all_their_persons(arms):
    everybody = np.concatenate(arms)
    derived = combine_arms(
        [len(a) for a in arms], [np.mean(a) for a in arms], [np.std(a, ddof=1) for a in arms]
    )
    assert derived["n"] == everybody.size
    assert derived["mean"] == pytest.approx(everybody.mean(), rel=1e-9, abs=1e-9)
    assert derived["sd"] == pytest.approx(np.std(everybody, ddof=1), rel=1e-9)


def test_combining_by_table_6_5_a():
    """sd^2 = ((n1-1)s1^2 + (n2-1)s2^2 + n1 n2/(n1+n2) (m1^2 + m2^2 - 2 m1 m2))/(n1 + n2 - 1)."""
    n, m, s = (12, 30), (4.1, 6.9), (1.3, 2.2)
    between = n[0] * n[1] / sum(n) * (m[0] ** 2 + m[1] ** 2 - 2 * m[0] * m[1])
    by_table = math.sqrt(((n[0] - 1) * s[0] ** 2 + (n[1] - 1) * s[1] ** 2 + between) / (sum(n) - 1))
    assert combine_arms(n, m, s)["sd"] == pytest.approx(by_table, rel=1e-12)


def test_combining_one_after_another_is_combining_at_once():
    n, m, s = [12, 30, 8], [4.1, 6.9, 5.0], [1.3, 2.2, 3.1]
    first = combine_arms(n[:2], m[:2], s[:2])
    step = combine_arms([first["n"], n[2]], [first["mean"], m[2]], [first["sd"], s[2]])
    assert step["sd"] == pytest.approx(combine_arms(n, m, s)["sd"], rel=1e-12)


def test_handbook_23_1_4_effective_sample_size_of_a_cluster_trial():
    """63/295 and 84/330 in 21 clusters of 29.8, ICC 0.02: design effect 1.576; 40.0/187.2 and 53.3/209.4."""
    one = design_effect(29.8, 0.02, total=295, events=63)
    two = design_effect(29.8, 0.02, total=330, events=84)
    assert one["design_effect"] == pytest.approx(1.576)
    assert (round(one["events"], 1), round(one["total"], 1)) == (40.0, 187.2)
    assert (round(two["events"], 1), round(two["total"], 1)) == (53.3, 209.4)


def test_a_standard_error_grows_by_the_root_of_the_design_effect():
    assert design_effect(10, 0.1, se=2.0)["se"] == pytest.approx(2 * math.sqrt(1.9))
    assert design_effect(10, 0.1, cv=0.5)["design_effect"] == pytest.approx(1 + (1.25 * 10 - 1) * 0.1)
    assert design_effect(1, 0.5)["design_effect"] == 1


def test_a_shared_control_is_split_with_its_events():
    assert dict(split_control(60, 3, events=15).values) == {"total": 20.0, "events": 5.0}
    assert dict(split_control(60, 2).values) == {"total": 30.0}


@given(arm, st.floats(-5, 5), st.floats(0.2, 2))
def test_a_cross_over_is_the_paired_analysis_of_its_persons(first, shift, factor):
    a = np.array(first)
    b = shift + factor * a + np.sin(np.arange(a.size)) * np.std(a)
    if np.std(b) < 1e-3:
        return
    r = float(np.corrcoef(a, b)[0, 1])
    if not -1 <= r < 0.999999:
        return
    derived = crossover_difference(a.mean(), np.std(a, ddof=1), b.mean(), np.std(b, ddof=1), n=a.size, r=r)
    paired = np.std(a - b, ddof=1) / math.sqrt(a.size)
    assert derived["md"] == pytest.approx(np.mean(a - b), rel=1e-7, abs=1e-9)
    assert derived["se"] == pytest.approx(paired, rel=1e-5)
    back = crossover_correlation(
        derived["md"], np.std(a, ddof=1), np.std(b, ddof=1), n=a.size, se=derived["se"]
    )
    assert back.value == pytest.approx(r, abs=1e-6)


def test_a_cross_overs_standardised_difference():
    """Handbook 23.2.7.2: SE = sqrt(1/n + SMD^2/(2n)) sqrt(2(1-r))."""
    derived = crossover_difference(7.0, 2.38, 6.5, 2.21, n=10, r=0.68)
    spread = math.sqrt((2.38**2 + 2.21**2) / 2)
    j = math.gamma(4.5) / (math.sqrt(4.5) * math.gamma(4))
    assert derived["smd"] == pytest.approx(0.5 / spread * j, rel=1e-12)
    assert derived["smd_se"] == pytest.approx(
        math.sqrt(1 / 10 + derived["smd"] ** 2 / 20) * math.sqrt(2 * 0.32), rel=1e-12
    )


def test_discordant_pairs_give_the_conditional_odds_ratio():
    derived = paired_odds_ratio(12, 6)
    assert derived["or"] == 2 and derived["se"] == pytest.approx(0.5)
    assert derived["low"] * derived["high"] == pytest.approx(4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: combine_arms([10], [1], [1]), "there is 1 arm; two or more are needed."),
        (lambda: combine_arms([10, 5], [1], [1, 2]), "mean has 1 values; n has 2."),
        (lambda: combine_arms([10, 0], [1, 2], [1, -2]), "arm 2: n is 0; it must be above 0."),
        (lambda: split_control(60, 1), "a whole number, 2 or more"),
        (lambda: split_control(60, 2, events=61), "events is 61; it must lie between 0 and total (60)."),
        (lambda: design_effect(0.5, 0.1), "cluster_size is 0.5; it must be 1 or more."),
        (lambda: design_effect(10, 2), "icc is 2; it must lie between 0 and 1."),
        (lambda: design_effect(10, 0.1, total=9, events=10), "events is 10"),
        (lambda: crossover_difference(1, 1, 2, 1, n=1, r=0.5), "at least 2 persons"),
        (lambda: crossover_difference(1, 1, 2, 1, n=9, r=1), "r is 1"),
        (lambda: crossover_correlation(0.5, 2, 2, n=10, se=9), "a paired one must lie between"),
        (lambda: paired_odds_ratio(0, 6), "only_1 is 0; it must be above 0."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(EffectError) as caught:
        call()
    assert says in str(caught.value)
