"""Reported effects against the arms they are of: recomputed ratios, swapped arms, directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import log

from metareview.extraction.checks.ledger import Ledger, key_of
from metareview.extraction.finding import Finding
from metareview.extraction.printed import Printed
from metareview.extraction.rows import Contrast, Result

_Risk = tuple[int, int]
# the smallest difference between two incidences, in percentage points, whose direction counts
_APART = 2.0


def _odds_ratio(one: _Risk, two: _Risk) -> float | None:
    bottom = (one[1] - one[0]) * two[0]
    return one[0] * (two[1] - two[0]) / bottom if bottom else None


def _risk_ratio(one: _Risk, two: _Risk) -> float | None:
    return (one[0] / one[1]) / (two[0] / two[1]) if two[0] else None


def _risk_difference(one: _Risk, two: _Risk) -> float | None:
    return one[0] / one[1] - two[0] / two[1]


_FROM_COUNTS: Mapping[str, Callable[[_Risk, _Risk], float | None]] = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
}


def recomputed_effects(ledger: Ledger) -> Iterator[Finding]:
    """Find ratios and differences that the arms' counts do not give, and arms in reverse."""
    for row in ledger.sheets.contrasts:
        stated, formula = ledger.digits(row, "estimate"), _FROM_COUNTS.get(row.measure)
        risks = _risks(ledger, row)
        if stated is None or formula is None or risks is None or row.scale == "log":
            continue
        own, reverse = formula(*risks), formula(*risks[::-1])
        if own is None or stated.fits(own):
            continue
        yield _recomputed(ledger, row, stated, own, reverse)


def _recomputed(ledger: Ledger, row: Contrast, stated: Printed, own: float, reverse: float | None) -> Finding:
    shown = f"{own:.{max(stated.decimals, 2)}f}"
    if reverse is not None and stated.fits(reverse):
        why = f'the counts give {shown} for "{row.arm_1}" against "{row.arm_2}"; the arms are in reverse'
        return ledger.doubt("arms-reversed", row, "estimate", why)
    return ledger.doubt("effect-counts", row, "estimate", f"the counts of the arms give {shown}")


def _risks(ledger: Ledger, row: Contrast) -> tuple[_Risk, _Risk] | None:
    by_arm = {r.arm: r for r in ledger.comparisons.get(key_of(row), [])}
    one, two = by_arm.get(row.arm_1), by_arm.get(row.arm_2)
    if one is None or two is None or not one.n or not two.n or one.events is None or two.events is None:
        return None
    return (one.events, one.n), (two.events, two.n)


def opposite_directions(ledger: Ledger) -> Iterator[Finding]:
    """Find hazard ratios that point away from the incidences or counts of the same outcome."""
    shares: dict[tuple[str, str, str], list[tuple[Result, float]]] = {}
    for row in ledger.sheets.results:
        share = _share(row)
        if share is not None:
            shares.setdefault((row.study, row.outcome, row.arm), []).append((row, share))
    for contrast in ledger.sheets.contrasts:
        if contrast.measure == "HR" and contrast.estimate and contrast.scale == "natural":
            ones = shares.get((contrast.study, contrast.outcome, contrast.arm_1), [])
            twos = shares.get((contrast.study, contrast.outcome, contrast.arm_2), [])
            yield from _opposed(ledger, contrast, ones, twos)


def _share(row: Result) -> float | None:
    if row.events is not None and row.n:
        return 100 * row.events / row.n
    return row.percent if "incidence" in row.timepoint.casefold() else None


def _opposed(
    ledger: Ledger, row: Contrast, ones: list[tuple[Result, float]], twos: list[tuple[Result, float]]
) -> Iterator[Finding]:
    facing: dict[tuple[str, str], list[float]] = {}
    for two, other in twos:
        facing.setdefault((two.timepoint, two.population), []).append(other)
    for one, share in ones:
        for other in facing.get((one.timepoint, one.population), ()):
            if abs(share - other) >= _APART and log(row.estimate or 1) * (share - other) < 0:
                why = (
                    f'the event happened to {share:.3g}% of "{row.arm_1}" and {other:.3g}% of "{row.arm_2}"; '
                    "the ratio points the other way"
                )
                yield ledger.doubt("direction", row, "estimate", why)
