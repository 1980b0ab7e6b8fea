"""Means and SDs that whole numbers cannot give: GRIM, GRIMMER and DEBIT.

Brown & Heathers 2017 (GRIM), Anaya 2016 and Allard 2018 (GRIMMER), Heathers & Brown 2019 (DEBIT).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, sqrt

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.printed import Printed
from metareview.extraction.rows import Result


def impossible_means(ledger: Ledger) -> Iterator[Finding]:
    """Find means and SDs of stepped scales that no sample of whole steps has."""
    for row in ledger.sheets.results:
        outcome = ledger.outcomes.get(row.outcome)
        step = outcome.step if outcome else None
        mean = ledger.digits(row, "mean")
        if not step or mean is None or not row.n:
            continue
        sums = possible_sums(mean, row.n, step)
        if not sums:
            why = f"no {row.n} values in steps of {step:g} have it as their mean (GRIM)"
            yield ledger.doubt("mean-grim", row, "mean", why)
            continue
        sd = ledger.digits(row, "sd")
        if sd is not None and row.n > 1:
            yield from _impossible_sd(ledger, row, sums, sd, step, _is_binary(outcome))


def _is_binary(outcome: object) -> bool:
    return getattr(outcome, "scale_min", None) == 0 and getattr(outcome, "scale_max", None) == getattr(
        outcome, "step", None
    )


def possible_sums(mean: Printed, n: int, step: float) -> range:
    """Give the sums, in steps, that print as this mean.

    >>> possible_sums(Printed(3.49, 2), 25, 1.0), possible_sums(Printed(3.48, 2), 25, 1.0)
    (range(88, 88), range(87, 88))
    """
    return range(ceil(mean.low * n / step), floor(mean.high * n / step) + 1)


def _impossible_sd(
    ledger: Ledger, row: Result, sums: range, sd: Printed, step: float, binary: bool
) -> Iterator[Finding]:
    n = row.n or 0
    if binary and not any(sd.fits(step * binary_sd(total, n)) for total in sums):
        yield ledger.doubt("sd-debit", row, "sd", "no 0/1 values with that mean have it (DEBIT)")
    elif not binary and len(sums) < n and not any(has_squares(total, n, sd, step) for total in sums):
        why = f"no {n} values in steps of {step:g} with that mean have it (GRIMMER)"
        yield ledger.doubt("sd-grimmer", row, "sd", why)


def binary_sd(total: int, n: int) -> float:
    """Give the SD of ``n`` zeros and ones of which ``total`` are ones.

    >>> round(binary_sd(5, 10), 3)
    0.527
    """
    share = total / n
    return sqrt(max(share * (1 - share), 0.0) * n / (n - 1))


def has_squares(total: int, n: int, sd: Printed, step: float) -> bool:
    """Say whether whole numbers with this sum can have this SD: a sum of squares of the right parity.

    The sum of squares is a whole number, has the parity of the sum, and cannot be below its least
    value for that sum.
    """
    low, high = max(sd.low, 0.0) / step, sd.high / step
    base = total**2 / n
    first = ceil((n - 1) * low**2 + base - 1e-9)
    last = floor((n - 1) * high**2 + base + 1e-9)
    quotient, rest = divmod(total, n)
    least = (n - rest) * quotient**2 + rest * (quotient + 1) ** 2
    first = max(first, least)
    first += (first - total) % 2
    return first <= last
