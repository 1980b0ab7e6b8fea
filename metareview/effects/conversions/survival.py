"""Hazard ratios from what survival papers print: O-E, P values, Kaplan-Meier curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from metareview.effects.contrasts import SIGNS, logrank_information
from metareview.effects.conversions.derived import Derived, between, finite, one_length, positive, refuse
from metareview.effects.conversions.spread import quantile, se_from_ci
from metareview.effects.model import FloatArray
from metareview.errors import EffectError

_FollowUp = tuple[float | None, float | None]
_CITATION = "Parmar et al. 1998, Stat Med 17:2815; Tierney et al. 2007, Trials 8:16"


def _hazard_ratio(log_hr: float, se: float, method: str, note: str = "", **more: float) -> Derived:
    values = {
        "hr": math.exp(log_hr),
        "log_hr": log_hr,
        "se": se,
        "oe_v": 1 / se**2,
        "oe": log_hr / se**2,
        **more,
    }
    return Derived(values, method, _CITATION, note)


def hr_from_oe(oe: float, oe_v: float) -> Derived:
    """Derive a hazard ratio from observed minus expected events and their variance, exp((O-E)/V).

    Examples
    --------
    >>> round(hr_from_oe(-5, 10)["hr"], 4)
    0.6065
    """
    refuse([*finite(oe=oe), *positive(oe_v=oe_v)])
    return _hazard_ratio(oe / oe_v, 1 / math.sqrt(oe_v), "O − E and its variance")


def hr_from_ci(hr: float, low: float, high: float, level: float = 0.95) -> Derived:
    """Derive the log hazard ratio, its standard error, O-E and V from a hazard ratio and its interval.

    Examples
    --------
    >>> round(hr_from_ci(0.66, 0.47, 0.92)["oe_v"], 1)
    34.1
    """
    refuse(positive(hr=hr, low=low, high=high))
    if not low <= hr <= high:
        raise EffectError(f"hr is {hr:g}; its interval {low:g} to {high:g} must hold it.")
    se = se_from_ci(low, high, level, log=True).number("se")
    return _hazard_ratio(math.log(hr), se, f"hazard ratio and its {100 * level:g}% interval")


def hr_from_p(
    p: float, direction: str, events: float | None = None, *, events_1: float | None = None,
    events_2: float | None = None, total_1: float | None = None, total_2: float | None = None,
) -> Derived:  # fmt: skip
    """Derive a hazard ratio from a log-rank (or Cox) P value and the number of events.

    Parameters
    ----------
    p
        Two-sided, exact.
    direction
        ``lower`` when the hazard ratio is below 1, ``higher`` when above; the P value does not tell.
    events
        Events in both arms together.
    events_1, events_2
        Events by arm, in place of their sum: V is then O1 O2/O.
    total_1, total_2
        Persons analysed by arm, when events by arm are not known: V is then O n1 n2/(n1 + n2)^2.

    Notes
    -----
    O-E = ± sqrt(V) z; without arm sizes V = O/4, which takes arms of equal size (Tierney 2007).

    Examples
    --------
    >>> round(hr_from_p(0.03, "lower", 50)["hr"], 4)
    0.5413
    """
    problems = between(0, 1, p=p) + positive(
        events=events, events_1=events_1, events_2=events_2, total_1=total_1, total_2=total_2
    )
    if str(direction).casefold() not in SIGNS:
        problems.append(f'direction is "{direction}"; it must be lower or higher.')
    if events is None and (events_1 is None or events_2 is None):
        problems.append("give events, or events_1 and events_2.")
    refuse(problems)
    known = {"xi": events, "ai": events_1, "ci": events_2, "n1i": total_1, "n2i": total_2}
    columns = {name: np.array([np.nan if v is None else v], dtype=float) for name, v in known.items()}
    v = float(logrank_information(columns)[0])
    log_hr = SIGNS[str(direction).casefold()] * -quantile(p / 2, None) / math.sqrt(v)
    by_arm, sized = events_1 is not None and events_2 is not None, total_1 is not None and total_2 is not None
    how = "events by arm" if by_arm else "events and arm sizes" if sized else "events"
    note = "" if by_arm or sized else "It takes arms of equal size."
    return _hazard_ratio(log_hr, 1 / math.sqrt(v), f"P value and {how}", note)


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm, interval by interval: persons at risk in it and events in it, ``(m,)`` each."""

    at_risk: FloatArray
    events: FloatArray


def hr_from_curves(
    time: Sequence[float], survival_1: Sequence[float], survival_2: Sequence[float], *,
    at_risk_1: Sequence[float], at_risk_2: Sequence[float], follow_up_min: float | None = None,
    follow_up_max: float | None = None,
) -> Derived:  # fmt: skip
    """Derive a hazard ratio from two Kaplan-Meier curves read at several times.

    Parameters
    ----------
    time
        ``(m + 1,)`` ascending times of the readings, the first of them 0.
    survival_1, survival_2
        ``(m + 1,)`` event-free fractions read there; the first is 1.
    at_risk_1, at_risk_2
        Persons at risk: either one number, the persons randomised, or ``(m + 1,)`` numbers as printed
        under the curves.
    follow_up_min, follow_up_max
        Shortest and longest follow-up; needed when only the persons randomised are known, since
        censoring is then taken to be even between them.

    Returns
    -------
    Derived
        ``hr log_hr se oe_v oe events_1 events_2``.

    Notes
    -----
    Per interval, persons at risk are reduced by half of those censored, events follow from the fall of
    the curve, and ln(HR) = ln((D1/R1)/(D2/R2)) with variance 1/D1 - 1/R1 + 1/D2 - 1/R2; intervals
    are pooled by inverse variance (Parmar 1998; Williamson 2002 with printed numbers at risk).

    Examples
    --------
    >>> d = hr_from_curves([0, 6, 12], [1, .8, .6], [1, .6, .4],
    ...     at_risk_1=[50, 40, 30], at_risk_2=[50, 30, 20])
    >>> round(d["hr"], 3), round(d["events_1"]), round(d["events_2"])
    (0.597, 20, 30)
    """
    times, *curves = ([float(x) for x in series] for series in (time, survival_1, survival_2))
    risks = [[float(x) for x in series] for series in (at_risk_1, at_risk_2)]
    follow_up = (follow_up_min, follow_up_max)
    refuse(_curve_faults(times, curves, risks, follow_up))
    printed, t = len(risks[0]) > 1, np.array(times)
    one, two = (
        _from_printed(np.array(s), np.array(r))
        if printed
        else _from_follow_up(t, np.array(s), r[0], follow_up)
        for s, r in zip(curves, risks, strict=True)
    )
    return _pool_intervals(one, two, "numbers at risk" if printed else "even censoring")


def _from_printed(s: FloatArray, r: FloatArray) -> _Arm:
    """Williamson 2002: D = (R_start + R_end)(S_start - S_end)/(S_start + S_end), censoring half-way."""
    events = (r[:-1] + r[1:]) * (s[:-1] - s[1:]) / (s[:-1] + s[1:])
    censored = r[:-1] - r[1:] - events
    return _Arm(r[:-1] - np.maximum(censored, 0) / 2, events)


def _from_follow_up(t: FloatArray, s: FloatArray, total: float, follow_up: _FollowUp) -> _Arm:
    """Parmar 1998: censoring even between the shortest and the longest follow-up.

    Half of those censored in an interval are off its number at risk, all of them off the next one's.
    """
    shortest, longest = (float(end or 0) for end in follow_up)
    start_risk, at_risk, events = total, [], []
    for begin, end, before, after in zip(t[:-1], t[1:], s[:-1], s[1:], strict=True):
        first, last = max(begin, shortest), min(end, longest)
        share = (last - first) / (longest - first) if last > first and longest > first else 0.0
        during = start_risk * (1 - share / 2)
        died = during * (before - after) / before if before > 0 else 0.0
        at_risk.append(during)
        events.append(died)
        start_risk = start_risk * (1 - share) - died
    return _Arm(np.array(at_risk), np.array(events))


def _pool_intervals(one: _Arm, two: _Arm, method: str) -> Derived:
    usable = (one.events > 0) & (two.events > 0)
    if not usable.any():
        raise EffectError("in no interval do both curves fall; read them at fewer, wider intervals.")
    d1, r1, d2, r2 = (x[usable] for x in (one.events, one.at_risk, two.events, two.at_risk))
    log_hr = np.log(d1 / r1) - np.log(d2 / r2)
    variance = 1 / d1 - 1 / r1 + 1 / d2 - 1 / r2
    if np.any(variance <= 0):
        raise EffectError(
            "an interval ends with nobody event-free in either arm; end the readings before it."
        )
    information = float(np.sum(1 / variance))
    pooled = float(np.sum(log_hr / variance)) / information
    lost = int(np.sum(~usable))
    note = "Readings from a figure are only as exact as the figure; let a second person read the curves too."
    if lost:
        note = (
            f"{lost} of {usable.size} intervals hold no event in an arm and were left out; "
            f"wider ones would use them. {note}"
        )
    counted = {"events_1": float(np.sum(one.events)), "events_2": float(np.sum(two.events))}
    return _hazard_ratio(
        pooled, 1 / math.sqrt(information), f"Kaplan–Meier curves and {method}", note, **counted
    )


def _curve_faults(
    time: Sequence[float],
    survival: Sequence[Sequence[float]],
    at_risk: Sequence[Sequence[float]],
    follow_up: _FollowUp,
) -> list[str]:
    problems = one_length(time=time, survival_1=survival[0], survival_2=survival[1])
    if len(time) < 2 or time[0] != 0 or any(a >= b for a, b in pairwise(time)):
        problems.append("time must start at 0, rise, and have two or more readings.")
    for arm, (curve, risk) in enumerate(zip(survival, at_risk, strict=True), 1):
        problems += _one_curve(arm, curve) + _one_risk(arm, risk, len(time))
    if len(at_risk[0]) != len(at_risk[1]):
        problems.append("at_risk_1 and at_risk_2 must both hold one number, or both one per reading.")
    elif len(at_risk[0]) == 1:
        problems += _follow_up_faults(*follow_up)
    return problems


def _one_curve(arm: int, curve: Sequence[float]) -> list[str]:
    falling = all(a >= b for a, b in pairwise(curve))
    if falling and curve and curve[0] == 1 and curve[-1] > 0:
        return []
    return [f"survival_{arm} must start at 1, never rise, and stay above 0; write fractions, not per cent."]


def _one_risk(arm: int, risk: Sequence[float], readings: int) -> list[str]:
    falling = all(a >= b for a, b in pairwise(risk))
    if len(risk) in (1, readings) and falling and min(risk, default=0) > 0:
        return []
    return [f"at_risk_{arm} must hold one number, or {readings} numbers that never rise, all above 0."]


def _follow_up_faults(shortest: float | None, longest: float | None) -> list[str]:
    if shortest is None or longest is None:
        return ["give follow_up_min and follow_up_max, or the numbers at risk at every reading."]
    return [] if 0 <= shortest < longest else ["follow_up_min must be 0 or more, and below follow_up_max."]
