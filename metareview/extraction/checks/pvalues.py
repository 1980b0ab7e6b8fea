"""Printed P values against the numbers beside them, recomputed by the usual tests.

A paper's test is often not named. A printed P value is doubted when it lies outside everything that
the usual tests give for these numbers, after allowing for its printed digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log, sqrt

import numpy as np
from scipy.special import chdtrc, ndtr, stdtr

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.printed import Printed
from metareview.extraction.rows import Result

Counts = tuple[int, int, int, int]
# how far outside the usual tests' range a P value may lie before it is doubted, as a factor
_LEEWAY = 1.1


def disagreeing_p_of_counts(ledger: Ledger) -> Iterator[Finding]:
    """Find P values that no usual test of the two arms' counts gives."""
    for one, two in ledger.pairs():
        stated = ledger.digits(one, "p") or ledger.digits(two, "p")
        if stated is None or not _both(one, two, ("events", "n")):
            continue
        outcome = ledger.outcomes.get(one.outcome)
        if outcome is None or outcome.kind != "binary":
            continue
        counts = (
            one.events or 0,
            (one.n or 0) - (one.events or 0),
            two.events or 0,
            (two.n or 0) - (two.events or 0),
        )
        row = one if one.p is not None else two
        yield from _judge(ledger, row, stated, _count_tests(counts, row.test))


def disagreeing_p_of_means(ledger: Ledger) -> Iterator[Finding]:
    """Find P values that neither Student's nor Welch's test of the two arms' means gives."""
    for one, two in ledger.pairs():
        stated = ledger.digits(one, "p") or ledger.digits(two, "p")
        if stated is None or not _both(one, two, ("mean", "sd", "n")):
            continue
        row = one if one.p is not None else two
        yield from _judge(ledger, row, stated, _mean_tests(one, two))


def _both(one: Result, two: Result, columns: tuple[str, ...]) -> bool:
    return all(getattr(row, name) is not None for row in (one, two) for name in columns)


def _judge(ledger: Ledger, row: Result, stated: Printed, tests: dict[str, float]) -> Iterator[Finding]:
    if not tests:
        return
    least, most = min(tests.values()), max(tests.values())
    if stated.low <= most * _LEEWAY and stated.high >= least / _LEEWAY:
        return
    shown = ", ".join(f"{name} {p:.2g}" for name, p in tests.items())
    yield ledger.doubt("p-numbers", row, "p", f"the numbers of the two arms give {shown}")


def _count_tests(counts: Counts, named: str) -> dict[str, float]:
    """Give P values of a 2×2 table by the test the paper names, else by the usual ones."""
    a, b, c, d = counts
    if min(a + b, c + d) <= 0 or min(a + c, b + d) <= 0:
        return {}
    found = {name: test(counts) for name, test in _COUNT_TESTS.items() if name in named.casefold()}
    return found or {name: test(counts) for name, test in _COUNT_TESTS.items()}


def _chi_square(counts: Counts, *, less: float = 0.0) -> float:
    """Pearson's test; ``less`` is what Yates takes off."""
    a, b, c, d = counts
    n = a + b + c + d
    off = max(abs(a * d - b * c) - less * n, 0.0)
    return float(chdtrc(1, n * off**2 / ((a + b) * (c + d) * (a + c) * (b + d))))


def _yates(counts: Counts) -> float:
    return _chi_square(counts, less=0.5)


def _fisher(counts: Counts) -> float:
    from scipy.stats import fisher_exact

    return float(fisher_exact(np.array(counts).reshape(2, 2)).pvalue)


def _wald(counts: Counts) -> float:
    """Wald's test of the log odds ratio, 0.5 added to a table with a zero."""
    add = 0.5 if min(counts) == 0 else 0.0
    a, b, c, d = (x + add for x in counts)
    z = log(a * d / (b * c)) / sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return float(2 * ndtr(-abs(z)))


_COUNT_TESTS: dict[str, Callable[[Counts], float]] = {
    "chi-square": _chi_square,
    "yates": _yates,
    "fisher": _fisher,
    "wald": _wald,
}


def _mean_tests(one: Result, two: Result) -> dict[str, float]:
    m1, s1, n1 = float(one.mean or 0), float(one.sd or 0), int(one.n or 0)
    m2, s2, n2 = float(two.mean or 0), float(two.sd or 0), int(two.n or 0)
    if min(n1, n2) < 2 or min(s1, s2) <= 0:
        return {}
    v1, v2 = s1**2 / n1, s2**2 / n2
    welch_df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    pooled = ((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2)
    student = (m1 - m2) / sqrt(pooled * (1 / n1 + 1 / n2))
    return {
        "Student's t": float(2 * stdtr(n1 + n2 - 2, -abs(student))),
        "Welch's t": float(2 * stdtr(welch_df, -abs((m1 - m2) / sqrt(v1 + v2)))),
    }
