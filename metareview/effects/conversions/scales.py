"""From one measure to another: odds ratio, risk ratio, standardised mean difference."""

from __future__ import annotations

import math
from collections.abc import Callable

from metareview.effects.conversions.derived import Derived, between, finite, positive, refuse
from metareview.errors import EffectError

_LOGISTIC = math.sqrt(3) / math.pi


def _with_ends(
    name: str, convert: Callable[[float], float], estimate: float, low: float | None, high: float | None
) -> dict[str, float]:
    """Convert the estimate, and its interval where there is one."""
    values = {name: convert(estimate)}
    if low is not None and high is not None:
        if not low <= estimate <= high:
            raise EffectError(f"the interval {low:g} to {high:g} must hold its estimate, {estimate:g}.")
        values |= {"low": convert(low), "high": convert(high)}
    return values


def smd_from_or(estimate: float, low: float | None = None, high: float | None = None) -> Derived:
    """Derive a standardised mean difference from an odds ratio: ln(OR) sqrt(3)/pi.

    Parameters
    ----------
    estimate, low, high
        The odds ratio, and its interval if printed.

    Examples
    --------
    >>> round(smd_from_or(2).value, 4)
    0.3822
    """
    refuse(positive(estimate=estimate, low=low, high=high))
    values = _with_ends("smd", lambda x: math.log(x) * _LOGISTIC, estimate, low, high)
    return Derived(
        values,
        "log odds ratio times √3/π",
        "Chinn 2000, Stat Med 19:3127; Cochrane Handbook 10.6",
        "It takes the continuous outcome to be logistic, with one variance in both arms.",
    )


def or_from_smd(estimate: float, low: float | None = None, high: float | None = None) -> Derived:
    """Derive an odds ratio from a standardised mean difference: exp(SMD pi/sqrt(3)).

    Examples
    --------
    >>> round(or_from_smd(0.3821).value, 3)
    2.0
    """
    refuse(finite(estimate=estimate, low=low, high=high))
    values = _with_ends("or", lambda x: math.exp(x / _LOGISTIC), estimate, low, high)
    return Derived(
        values,
        "exponential of the difference times π/√3",
        "Chinn 2000, Stat Med 19:3127; Cochrane Handbook 10.6",
        "It takes the continuous outcome to be logistic, with one variance in both arms.",
    )


def rr_from_or(estimate: float, risk: float, low: float | None = None, high: float | None = None) -> Derived:
    """Derive a risk ratio from an odds ratio at a baseline risk: OR/(1 - risk (1 - OR)).

    Parameters
    ----------
    estimate, low, high
        The odds ratio, and its interval if printed.
    risk
        Risk in the comparator, as a fraction.

    Examples
    --------
    >>> round(rr_from_or(0.5, risk=0.4).value, 3)
    0.625
    """
    refuse([*positive(estimate=estimate, low=low, high=high), *between(0, 1, risk=risk)])
    values = _with_ends("rr", lambda x: x / (1 - risk * (1 - x)), estimate, low, high)
    return Derived(
        values,
        f"odds ratio at a baseline risk of {risk:g}",
        "Cochrane Handbook 15.4.4; Zhang & Yu 1998, JAMA 280:1690",
        "It holds at this baseline risk alone; an interval takes that risk as known, and an adjusted "
        "odds ratio gives only an approximation.",
    )


def or_from_rr(estimate: float, risk: float, low: float | None = None, high: float | None = None) -> Derived:
    """Derive an odds ratio from a risk ratio at a baseline risk: RR (1 - risk)/(1 - RR risk).

    Raises
    ------
    EffectError
        When the risk ratio times the baseline risk reaches 1.

    Examples
    --------
    >>> round(or_from_rr(0.625, risk=0.4).value, 3)
    0.5
    """
    problems = [*positive(estimate=estimate, low=low, high=high), *between(0, 1, risk=risk)]
    problems += [
        f"{name} is {x:g}; times a baseline risk of {risk:g} it is a risk of {x * risk:g}, which cannot be."
        for name, x in (("estimate", estimate), ("low", low), ("high", high))
        if x is not None and x * risk >= 1
    ]
    refuse(problems)
    values = _with_ends("or", lambda x: x * (1 - risk) / (1 - x * risk), estimate, low, high)
    return Derived(
        values,
        f"risk ratio at a baseline risk of {risk:g}",
        "Cochrane Handbook 15.4.4",
        "It holds at this baseline risk alone; an interval takes that risk as known.",
    )
