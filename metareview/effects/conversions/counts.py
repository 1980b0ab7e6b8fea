"""Counts from percentages, from ratios and from margins."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction

from metareview.effects.conversions.derived import Derived, positive, refuse
from metareview.errors import EffectError

_ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN)


def events_from_percent(percent: str | float, total: int) -> Derived:
    """Find all numbers of events that print a percentage.

    Parameters
    ----------
    percent
        As printed, as text, so that its digits count: ``"45"`` is one per cent wide, ``"45.0"`` a tenth.
    total
        Persons it is a percentage of.

    Returns
    -------
    Derived
        ``events``, the whole number whose percentage is nearest; ``candidates``, every whole number that
        prints this percentage when halves are rounded up or to even. More than one is said in ``note``.

    Raises
    ------
    EffectError
        When no whole number prints it, which says that the percentage or the total is another.

    Examples
    --------
    >>> events_from_percent("83.1", 65)["events"]
    54
    >>> events_from_percent("33", 200)["candidates"]
    (65, 66)
    """
    printed = _printed(percent)
    if total != int(total) or total <= 0:
        raise EffectError(f"total is {total:g}; it must be a whole number above 0.")
    total = int(total)
    candidates = _printing(printed, total)
    if not candidates:
        raise EffectError(_nobody(printed, total))
    exact = Fraction(printed) * total / 100
    events = min(candidates, key=lambda e: abs(e - exact))
    note = ""
    if len(candidates) > 1:
        listed = ", ".join(map(str, candidates))
        note = f"{listed} of {total} all print {printed}%; which of them it was is not known."
    return Derived(
        {"events": events, "candidates": candidates}, f"{printed}% of {total}", "arithmetic of rounding", note
    )


def _printed(percent: str | float) -> Decimal:
    try:
        printed = Decimal(str(percent).strip().removesuffix("%").strip())
    except InvalidOperation:
        printed = Decimal("NaN")
    if not printed.is_finite() or not 0 <= printed <= 100:
        raise EffectError(
            f'percent is "{percent}"; write the percentage as printed, between 0 and 100, such as 45.0.'
        )
    return printed


def _printing(printed: Decimal, total: int) -> tuple[int, ...]:
    """Find the whole numbers, from a window one digit wide on either side."""
    step = Decimal(1).scaleb(int(printed.as_tuple().exponent))
    low = max(0, math.floor((printed - step) * total / 100))
    high = min(total, math.ceil((printed + step) * total / 100))
    return tuple(
        e for e in range(low, high + 1) if any(_rounded(e, total, step, r) == printed for r in _ROUNDINGS)
    )


def _rounded(events: int, total: int, step: Decimal, rounding: str) -> Decimal:
    """Round a percentage as a printer would, from its exact fraction."""
    scaled = Fraction(100 * events, total) / Fraction(step)
    whole, rest = divmod(scaled, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (rounding == ROUND_HALF_UP or whole % 2 == 1))
    return (int(whole) + up) * step


def _nobody(printed: Decimal, total: int) -> str:
    exact = Fraction(printed) * total / 100
    near = sorted({math.floor(exact), min(total, math.ceil(exact))})
    nearest = " and ".join(f"{e} ({100 * e / total:.4g}%)" for e in near)
    return (
        f"no whole number of {total} persons prints {printed}%; the nearest are {nearest}. "
        "Is the total another?"
    )


def table_from_ratio(
    estimate: float, total_1: float, total_2: float, events: float, measure: str = "OR"
) -> Derived:
    """Find the counts of a 2x2 table from an odds ratio, risk ratio or risk difference and its margins.

    Parameters
    ----------
    estimate
        The odds ratio, risk ratio or risk difference.
    total_1, total_2
        Persons in both arms.
    events
        Events in both arms together.
    measure
        ``OR``, ``RR`` or ``RD``.

    Returns
    -------
    Derived
        ``events_1`` and ``events_2``, whole numbers, and the ``estimate`` they give back.

    Notes
    -----
    With e events together, a solves OR = a (n2 - e + a)/((n1 - a)(e - a)), a quadratic with one root in
    range (Di Pietrantonj 2006); RR: a = e RR n1/(RR n1 + n2); RD: a = (RD + e/n2)/(1/n1 + 1/n2).

    Examples
    --------
    >>> d = table_from_ratio(0.41, 123, 139, events=15)
    >>> d["events_1"], d["events_2"]
    (4, 11)
    """
    refuse(_table_faults(estimate, total_1, total_2, events, measure))
    a = _first_cell(estimate, total_1, total_2, events, measure)
    low, high = max(0.0, events - total_2), min(total_1, events)
    if not low - 0.5 <= a <= high + 0.5:
        raise EffectError(
            f"no table with these margins has {measure} {estimate:g}: "
            f"{a:.4g} events in the first arm cannot be."
        )
    return _whole_table(a, (low, high), (estimate, total_1, total_2, events, measure))


def _whole_table(
    a: float, bounds: tuple[float, float], asked: tuple[float, float, float, float, str]
) -> Derived:
    """Round the first cell to a whole number in range, and say what the whole numbers give."""
    estimate, total_1, total_2, events, measure = asked
    first = int(min(max(round(a), math.ceil(bounds[0])), math.floor(bounds[1])))
    given = _estimate(first, total_1, total_2, events, measure)
    values = {"events_1": first, "events_2": round(events - first), "estimate": given}
    note = (
        f"Before rounding, {a:.3f} events in the first arm; the whole numbers give {measure} {given:.4g} "
        f"against {estimate:g} reported."
    )
    if abs(a - first) > 0.25:
        note += " They do not fit well: was the estimate adjusted, or are the margins of another analysis?"
    return Derived(
        values, f"{measure} and the margins of the table", "Di Pietrantonj 2006, Stat Med 25:2299", note
    )


def _table_faults(estimate: float, total_1: float, total_2: float, events: float, measure: str) -> list[str]:
    problems = positive(total_1=total_1, total_2=total_2)
    if measure not in ("OR", "RR", "RD"):
        problems.append(f'measure is "{measure}"; it must be OR, RR or RD.')
    elif measure == "RD":
        problems += (
            []
            if -1 <= estimate <= 1
            else [f"estimate is {estimate:g}; a risk difference lies between -1 and 1."]
        )
    else:
        problems += positive(estimate=estimate)
    if not 0 < events < total_1 + total_2:
        problems.append(
            f"events is {events:g}; it must lie above 0 and below all persons ({total_1 + total_2:g})."
        )
    return problems


def _first_cell(estimate: float, n1: float, n2: float, events: float, measure: str) -> float:
    if measure == "RR":
        return events * estimate * n1 / (estimate * n1 + n2)
    if measure == "RD":
        return (estimate + events / n2) / (1 / n1 + 1 / n2)
    if abs(estimate - 1) < 1e-12:
        return events * n1 / (n1 + n2)
    # (OR - 1) a^2 - (OR (n1 + e) + n2 - e) a + OR n1 e = 0; this form of the root does not cancel
    a2, a1, a0 = estimate - 1, -(estimate * (n1 + events) + n2 - events), estimate * n1 * events
    return 2 * a0 / (-a1 + math.sqrt(a1 * a1 - 4 * a2 * a0))


def _estimate(first: int, n1: float, n2: float, events: float, measure: str) -> float:
    second = events - first
    p1, p2 = first / n1, second / n2
    if measure == "RD":
        return p1 - p2
    if measure == "RR":
        return p1 / p2 if p2 else math.inf
    below = (n1 - first) * second
    return first * (n2 - second) / below if below else math.inf
