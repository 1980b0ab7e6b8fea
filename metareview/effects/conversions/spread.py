"""Standard errors and standard deviations from what papers print instead."""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtrit

from metareview.effects.completion import sd_of_change
from metareview.effects.conversions.derived import Derived, between, finite, positive, refuse
from metareview.errors import EffectError

ROUNDING = 1e-9  # how far beyond 1 a correlation of exactly 1 may come out
_SKEW = (
    "Right only where the outcome is about normal; an interquartile range is often printed because it is not."
)


def quantile(probability: float, df: float | None) -> float:
    """Give the quantile of t on ``df`` degrees of freedom, or of the normal distribution without them."""
    return float(ndtri(probability) if df is None else stdtrit(df, probability))


def se_from_ci(
    low: float, high: float, level: float = 0.95, df: float | None = None, log: bool = False
) -> Derived:
    """Derive a standard error from a confidence interval.

    Parameters
    ----------
    low, high
        The interval as printed.
    level
        Its level, as a fraction.
    df
        Degrees of freedom of the t the interval was made with; none for a normal interval.
    log
        Whether it is the interval of a ratio: its log is used, and the standard error is of the log.

    Notes
    -----
    (high - low)/(2 q), q the quantile at (1 + level)/2 (Handbook 6.3.1; 6.5.2.2 for t).

    Examples
    --------
    >>> round(se_from_ci(0.3, 0.8, log=True).value, 4)
    0.2502
    """
    problems = [*finite(low=low, high=high), *between(0, 1, level=level), *positive(df=df)]
    if not low < high:
        problems.append(f"low is {low:g} and high is {high:g}; low must be below high.")
    if log:
        problems += positive(low=low)
    refuse(problems)
    width = math.log(high / low) if log else high - low
    se = width / (2 * quantile((1 + level) / 2, df))
    kind = "t" if df is not None else "normal"
    note = "It is the standard error of the log of the ratio." if log else ""
    return Derived(
        {"se": se},
        f"width of the {100 * level:g}% interval by {kind} quantiles",
        "Cochrane Handbook 6.3.1 and 6.5.2.2",
        note,
    )


def se_from_statistic(estimate: float, statistic: float, log: bool = False) -> Derived:
    """Derive a standard error from an estimate and its z or t.

    Parameters
    ----------
    estimate
        As printed.
    statistic
        Its z or t against no effect, either sign.
    log
        Whether the estimate is a ratio: its log is used.

    Examples
    --------
    >>> round(se_from_statistic(3.8, 2.78).value, 2)
    1.37
    """
    problems = [
        *finite(estimate=estimate, statistic=statistic),
        *(positive(estimate=estimate) if log else []),
    ]
    effect = math.log(estimate) if log and estimate > 0 else estimate
    if not problems and (effect == 0 or statistic == 0):
        problems.append("an estimate of no effect, or a statistic of 0, does not tell its standard error.")
    refuse(problems)
    note = "It is the standard error of the log of the ratio." if log else ""
    return Derived(
        {"se": abs(effect / statistic)},
        "estimate divided by its test statistic",
        "Cochrane Handbook 6.3.2 and 6.5.2.3",
        note,
    )


def se_from_p(estimate: float, p: float, df: float | None = None, log: bool = False) -> Derived:
    """Derive a standard error from an estimate and its exact two-sided P value.

    Parameters
    ----------
    estimate
        As printed.
    p
        Two-sided; an exact value, not a bound such as "< 0.05".
    df
        Degrees of freedom of the t test (n1 + n2 - 2); none for a z test.
    log
        Whether the estimate is a ratio: its log is used.

    Examples
    --------
    >>> round(se_from_p(0.03, 0.008).value, 3)
    0.011
    >>> round(se_from_p(3.8, 0.008, df=45).value, 2)
    1.37
    """
    refuse([*between(0, 1, p=p), *positive(df=df)])
    derived = se_from_statistic(estimate, -quantile(p / 2, df), log)
    note = f"It is as exact as the printed P value, {p:g}. {derived.note}".strip()
    return Derived(
        derived.values, f"the {'z' if df is None else 't'} that has this P value", derived.citation, note
    )


def sd_from_se(se: float, n: float) -> Derived:
    """Derive the standard deviation of persons from the standard error of their mean: se sqrt(n).

    Examples
    --------
    >>> sd_from_se(2, 25).value
    10.0
    """
    refuse(positive(se=se, n=n))
    return Derived(
        {"sd": se * math.sqrt(n)}, "standard error of the mean times root n", "Cochrane Handbook 6.5.2.2"
    )


def sd_from_ci(low: float, high: float, n: float, level: float = 0.95) -> Derived:
    """Derive a standard deviation from the confidence interval of one arm's mean, by exact t quantiles.

    Examples
    --------
    >>> round(sd_from_ci(30.0, 34.2, n=25).value, 2)
    5.09
    """
    refuse([f"n is {n:g}; at least 2 persons are needed."] if not n >= 2 else [])
    se = se_from_ci(low, high, level, df=n - 1)
    return Derived(
        {"sd": se.number("se") * math.sqrt(n)}, f"{se.method}, times root n", "Cochrane Handbook 6.5.2.2"
    )


def sd_from_difference_se(se: float, n_1: float, n_2: float) -> Derived:
    """Derive the average standard deviation of two arms from the standard error of their mean difference.

    Notes
    -----
    se/sqrt(1/n1 + 1/n2) (Handbook 6.5.2.3).

    Examples
    --------
    >>> round(sd_from_difference_se(1.37, 25, 22).value, 2)
    4.69
    """
    refuse(positive(se=se, n_1=n_1, n_2=n_2))
    return Derived(
        {"sd": se / math.sqrt(1 / n_1 + 1 / n_2)},
        "standard error of the difference divided by root (1/n1 + 1/n2)",
        "Cochrane Handbook 6.5.2.3",
        "It is the average of both arms' standard deviations; use it for both.",
    )


def sd_from_iqr(q1: float, q3: float, n: float | None = None) -> Derived:
    """Derive a standard deviation from an interquartile range.

    Parameters
    ----------
    q1, q3
        The quartiles.
    n
        Persons; with them the divisor is Wan's (equation 16), without it 1.35.

    Examples
    --------
    >>> round(sd_from_iqr(10, 20).value, 2)
    7.41
    """
    problems = [*finite(q1=q1, q3=q3), *positive(n=n)]
    if not q1 < q3:
        problems.append(f"q1 is {q1:g} and q3 is {q3:g}; q1 must be below q3.")
    refuse(problems)
    if n is None:
        return Derived(
            {"sd": (q3 - q1) / 1.35},
            "interquartile range divided by 1.35",
            "Cochrane Handbook 6.5.2.5",
            _SKEW,
        )
    divisor = 2 * quantile((0.75 * n - 0.125) / (n + 0.25), None)
    return Derived(
        {"sd": (q3 - q1) / divisor},
        "interquartile range divided by its expectation for n",
        "Wan et al. 2014, BMC Med Res Methodol 14:135, equation 16",
        _SKEW,
    )


def sd_from_range(low: float, high: float) -> Derived:
    """Refuse to derive a standard deviation from a range alone.

    Raises
    ------
    EffectError
        Always: the range grows with the number of persons and with every outlier.
    """
    raise EffectError(
        f"no standard deviation is derived from the range {low:g} to {high:g}: a range grows with the "
        "number of persons and hangs on the two most extreme ones (Cochrane Handbook 6.5.2.6). With the "
        "median and n, use mean-sd-from-quantiles, and mark the result in a sensitivity analysis."
    )


def change_sd(sd_before: float, sd_after: float, r: float) -> Derived:
    """Derive the standard deviation of a change from those before and after and their correlation.

    Examples
    --------
    >>> round(change_sd(6.4, 7.1, 0.8).value, 2)
    4.32
    """
    refuse([*positive(sd_before=sd_before, sd_after=sd_after), *_correlation(r)])
    return Derived(
        {"sd": float(sd_of_change(sd_before, sd_after, r))},
        f"both standard deviations and r = {r:g}",
        "Cochrane Handbook 6.5.2.8",
        "Say where the correlation comes from, and repeat the synthesis with others.",
    )


def change_correlation(sd_before: float, sd_after: float, sd_change: float) -> Derived:
    """Derive the correlation between before and after that three standard deviations imply.

    Examples
    --------
    >>> round(change_correlation(6.4, 7.1, 4.5).value, 2)
    0.78
    """
    refuse(positive(sd_before=sd_before, sd_after=sd_after, sd_change=sd_change))
    r = (sd_before**2 + sd_after**2 - sd_change**2) / (2 * sd_before * sd_after)
    if abs(r) > 1 + ROUNDING:
        raise EffectError(
            f"sd_change is {sd_change:g}; with {sd_before:g} before and {sd_after:g} after it must lie "
            f"between {abs(sd_before - sd_after):g} and {sd_before + sd_after:g}. Is it a standard error?"
        )
    return Derived(
        {"r": max(-1.0, min(1.0, r))}, "the three standard deviations", "Cochrane Handbook 6.5.2.8"
    )


def _correlation(r: float) -> list[str]:
    return [] if -1 <= r <= 1 else [f"r is {r:g}; a correlation lies between -1 and 1."]
