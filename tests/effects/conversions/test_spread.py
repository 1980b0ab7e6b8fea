"""Standard errors and deviations: the worked examples of the Cochrane Handbook, chapter 6, and identities."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metareview.effects.conversions import (
    change_correlation,
    change_sd,
    sd_from_ci,
    sd_from_difference_se,
    sd_from_iqr,
    sd_from_range,
    sd_from_se,
    se_from_ci,
    se_from_p,
    se_from_statistic,
)
from metareview.errors import EffectError

positive = st.floats(0.01, 1e4)


def test_handbook_6_5_2_2_sd_from_the_interval_of_a_mean():
    """n = 25, 95% CI 30.0 to 34.2: divided by 4.128, SD 5.09."""
    assert sd_from_ci(30.0, 34.2, n=25).value == pytest.approx(math.sqrt(25) * 4.2 / 4.128, abs=0.002)


def test_handbook_6_5_2_3_sd_from_a_p_value():
    """MD 3.8, P = 0.008, 25 and 22 persons: t 2.78, SE 1.37, SD 4.69."""
    se = se_from_p(3.8, 0.008, df=25 + 22 - 2)
    assert 3.8 / se.value == pytest.approx(2.78, abs=0.005)
    assert se.value == pytest.approx(1.37, abs=0.005)
    assert sd_from_difference_se(se.value, 25, 22).value == pytest.approx(4.69, abs=0.01)


def test_handbook_6_3_2_se_from_a_p_value():
    """Risk difference 0.03, P = 0.008: Z 2.652, SE 0.011."""
    assert 0.03 / se_from_p(0.03, 0.008).value == pytest.approx(2.652, abs=0.001)


def test_handbook_6_5_2_8_change_from_baseline():
    """SD 6.4 before, 7.1 after, 4.5 of the change: correlation 0.78; 0.80 gives an SD of 4.32."""
    assert change_correlation(6.4, 7.1, 4.5).value == pytest.approx(0.78, abs=0.005)
    assert change_sd(6.4, 7.1, 0.80).value == pytest.approx(4.32, abs=0.005)


@pytest.mark.parametrize(
    ("df", "t"), [(4, 2.7764451051977934), (9, 2.2621571627982049), (120, 1.9799304050824222)]
)
def test_small_samples_use_exact_t_quantiles(df, t):
    """R: qt(0.975, df)."""
    assert se_from_ci(-t, t, df=df).value == pytest.approx(1, rel=1e-12)


@given(st.floats(-5, 5), positive, st.floats(0.5, 0.999))
def test_an_interval_gives_back_the_standard_error_it_was_made_with(estimate, se, level):
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + level) / 2)
    assert se_from_ci(estimate - z * se, estimate + z * se, level).value == pytest.approx(se, rel=1e-9)


@given(positive, st.integers(2, 500))
def test_sd_from_se_and_from_its_interval_agree(sd, n):
    from scipy.special import stdtrit

    se = sd / math.sqrt(n)
    reach = stdtrit(n - 1, 0.975) * se
    assert sd_from_se(se, n).value == pytest.approx(sd, rel=1e-12)
    assert sd_from_ci(-reach, reach, n).value == pytest.approx(sd, rel=1e-9)


@given(st.floats(0.1, 10), st.floats(0.05, 4))
def test_a_statistic_of_either_sign_gives_the_same(estimate, statistic):
    one, other = se_from_statistic(estimate, statistic), se_from_statistic(-estimate, statistic)
    assert one.value == other.value == pytest.approx(estimate / statistic)


@given(positive, positive, st.floats(-0.99, 0.99))
def test_change_sd_and_correlation_undo_each_other(before, after, r):
    change = change_sd(before, after, r).value
    assume(change > 1e-3 * max(before, after))
    assert change_correlation(before, after, change).value == pytest.approx(r, abs=1e-5)


def test_the_interquartile_range_of_many_persons_is_about_1_35_standard_deviations():
    assert sd_from_iqr(-0.6744897501960817, 0.6744897501960817, n=1e6).value == pytest.approx(1, rel=1e-5)
    assert sd_from_iqr(0, 1.35).value == pytest.approx(1)
    assert "about normal" in sd_from_iqr(0, 1.35).note


def test_a_range_is_refused_with_its_reason():
    with pytest.raises(EffectError, match=r"6\.5\.2\.6"):
        sd_from_range(2, 31)


def test_a_ratio_is_read_on_the_log_scale():
    derived = se_from_ci(0.5, 2.0, log=True)
    assert derived.value == pytest.approx(math.log(4) / (2 * 1.959963984540054))
    assert "log of the ratio" in derived.note
    assert se_from_p(2.0, 0.05, log=True).value == pytest.approx(math.log(2) / 1.959963984540054)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: se_from_ci(2, 1), "low must be below high"),
        (lambda: se_from_ci(-1, 1, log=True), "low is -1; it must be above 0."),
        (lambda: se_from_ci(0, 1, level=95), "level is 95; it must lie between 0 and 1."),
        (lambda: se_from_ci(float("nan"), 1), "a finite number is needed"),
        (lambda: se_from_ci(0, 1, df=0), "df is 0; it must be above 0."),
        (lambda: se_from_statistic(0, 2), "does not tell its standard error"),
        (lambda: se_from_statistic(1, 2, log=True), "does not tell its standard error"),
        (lambda: se_from_p(1, 0), "p is 0; it must lie between 0 and 1."),
        (lambda: se_from_p(1, 1), "p is 1"),
        (lambda: sd_from_se(-1, 10), "se is -1; it must be above 0."),
        (lambda: sd_from_ci(0, 1, n=1), "at least 2 persons"),
        (lambda: sd_from_iqr(3, 3), "q1 must be below q3"),
        (lambda: change_sd(1, 1, 2), "between -1 and 1"),
        (lambda: change_correlation(6.4, 7.1, 20), "Is it a standard error?"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(EffectError) as caught:
        call()
    assert says in str(caught.value)


def test_all_faults_are_named_at_once():
    with pytest.raises(EffectError) as caught:
        se_from_ci(3, 2, level=2, df=-1)
    assert len(caught.value.problems) == 3
