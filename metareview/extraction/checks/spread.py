"""Standard deviations and standard errors that have changed places, and spreads that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, sqrt
from statistics import median

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import Result

# an SD this many times the usual one (or less than its inverse) is doubted when √n explains it
_FAR = 3.0
# the largest standardised mean difference that is not doubted
_LARGE_SMD = 2.5


def impossible_spreads(ledger: Ledger) -> Iterator[Finding]:
    """Find SDs that values between two limits cannot have (Popoviciu 1935)."""
    for row in ledger.sheets.results:
        outcome = ledger.outcomes.get(row.outcome)
        limits = _limits(row, outcome)
        if row.sd is None or limits is None or not row.n or row.n < 2:
            continue
        most = (limits[1] - limits[0]) / 2 * sqrt(row.n / (row.n - 1))
        sd = ledger.digits(row, "sd")
        if sd is not None and sd.low > most:
            why = f"values between {limits[0]:g} and {limits[1]:g} cannot have an SD above {most:.3g}"
            yield ledger.doubt("sd-range", row, "sd", why, level="error")


def _limits(row: Result, outcome: object) -> tuple[float, float] | None:
    if row.min is not None and row.max is not None:
        return row.min, row.max
    low, high = getattr(outcome, "scale_min", None), getattr(outcome, "scale_max", None)
    if low is None or high is None:
        return None
    return (low - high, high - low) if row.change == "change" else (low, high)


def disagreeing_spreads(ledger: Ledger) -> Iterator[Finding]:
    """Find rows whose SD and SE do not belong together."""
    for row in ledger.sheets.results:
        sd, se = ledger.digits(row, "sd"), ledger.digits(row, "se")
        if sd is None or se is None or not row.n:
            continue
        root = sqrt(row.n)
        if se.high * root < sd.low or se.low * root > sd.high:
            why = f"with n = {row.n} an SD of {sd.value:g} gives {sd.value / root:.3g}"
            yield ledger.doubt("se-sd", row, "se", why)


def exchanged_spreads(ledger: Ledger) -> Iterator[Finding]:
    """Find SDs that are an SE (or SEs that are an SD) beside those of the same outcome."""
    by_outcome: dict[tuple[str, str], list[Result]] = {}
    for row in ledger.sheets.results:
        if row.n and (row.sd or row.se) and row.mean is not None:
            by_outcome.setdefault((row.outcome, row.change), []).append(row)
    for rows in by_outcome.values():
        spreads = [_log_sd(row) for row in rows]
        if len(rows) >= 4:
            centre = median(spreads)
            for row, spread in zip(rows, spreads, strict=True):
                yield from _exchanged(ledger, row, spread - centre)


def _log_sd(row: Result) -> float:
    n = row.n or 1
    return log(row.sd) if row.sd else log(row.se or 1) + 0.5 * log(n)


def _exchanged(ledger: Ledger, row: Result, off: float) -> Iterator[Finding]:
    """Judge one spread by how far it lies from the usual one, as a logarithm."""
    root = 0.5 * log(row.n or 1)
    if abs(off) < log(_FAR) or abs(off) < 0.5 * root:
        return
    if row.sd and off < 0 and abs(off + root) < 0.5 * root:
        why = f"SDs of this outcome are about {row.sd * exp(-off):.3g}; this may be a standard error"
        yield ledger.doubt("sd-is-se", row, "sd", why)
    elif row.se and not row.sd and off > 0 and abs(off - root) < 0.5 * root:
        why = "as an SE it gives an SD far above those of the other arms; this may be a standard deviation"
        yield ledger.doubt("se-is-sd", row, "se", why)


def implausible_differences(ledger: Ledger) -> Iterator[Finding]:
    """Find standardised mean differences that hardly any treatment has."""
    for one, two in ledger.pairs():
        if not (one.sd and two.sd and one.mean is not None and two.mean is not None):
            continue
        smd = (one.mean - two.mean) / sqrt((one.sd**2 + two.sd**2) / 2)
        if abs(smd) > _LARGE_SMD:
            why = (
                f"the arms differ by {abs(smd):.1f} standard deviations, which is hardly ever true; "
                "a standard error in place of the SD, or another unit, would do this"
            )
            yield ledger.doubt("smd-large", one, "mean", why)
