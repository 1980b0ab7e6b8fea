"""Reported effects: estimate, interval, standard error and P value against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log

from scipy.special import ndtr, ndtri

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.limits import RATIOS
from metareview.extraction.printed import Printed
from metareview.extraction.rows import Contrast

Span = tuple[float, float]
# how far off the middle an estimate may lie, in half-widths of its interval
_OFF_CENTRE = 0.15
# how far two z values may lie apart, as a factor, before P and interval disagree
_Z_LEEWAY = 1.1
# how far when another level is to explain it
_Z_LEEWAY_OF_LEVELS = 1.03
_OTHER_LEVELS = (0.95, 0.90, 0.99)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its interval on the analysis scale, each as the span its digits allow."""

    estimate: Span
    low: Span
    high: Span

    @property
    def width(self) -> Span:
        """The span of the interval's width."""
        return max(self.high[0] - self.low[1], 1e-12), self.high[1] - self.low[0]

    def off_centre(self) -> float:
        """Say how far the estimate lies off the middle, in half-widths, beyond what digits explain."""
        middle = (self.low[0] + self.high[0]) / 2, (self.low[1] + self.high[1]) / 2
        return gap(self.estimate, middle) / (sum(self.width) / 4)


def gap(one: Span, two: Span) -> float:
    """Give the distance between two spans; 0 when they touch.

    >>> gap((0.0, 1.0), (3.0, 4.0))
    2.0
    """
    return max(two[0] - one[1], one[0] - two[1], 0.0)


def interval_of(
    ledger: Ledger, row: Contrast, scale: Callable[[float], float] | None = None
) -> Interval | None:
    """Take a row's interval to the analysis scale; ``None`` when it is not whole, or a ratio touches 0."""
    found = [ledger.digits(row, name) for name in ("estimate", "ci_low", "ci_high")]
    onto = scale or _scale_of(row)
    spans = [_span(number, onto) for number in found if number is not None]
    whole = [span for span in spans if span is not None]
    return Interval(*whole) if len(whole) == 3 else None


def _span(number: Printed, onto: Callable[[float], float]) -> Span | None:
    low = number.value - number.half
    if onto is log and low <= 0:
        return None
    return onto(low), onto(number.value + number.half)


def _identity(value: float) -> float:
    return value


def _scale_of(row: Contrast) -> Callable[[float], float]:
    return log if row.measure in RATIOS and row.scale == "natural" else _identity


def asymmetric_intervals(ledger: Ledger) -> Iterator[Finding]:
    """Find estimates that do not lie in the middle of their interval, and scales mixed up."""
    for row in ledger.sheets.contrasts:
        own = interval_of(ledger, row)
        if own is None or own.off_centre() <= _OFF_CENTRE or row.measure == "VE":
            continue
        other = interval_of(ledger, row, _identity if _scale_of(row) is log else log)
        mixed = row.measure in RATIOS and other is not None and other.off_centre() <= _OFF_CENTRE
        if mixed:
            now, then = ("natural", "log") if row.scale == "natural" else ("log", "natural")
            why = f"estimate and interval are symmetric on the other scale; they may be {then}, not {now}"
            yield ledger.doubt("scale-mixed", row, "scale", why)
        else:
            scale = "the log scale" if _scale_of(row) is log else "its scale"
            why = (
                f"it does not lie in the middle of its interval on {scale}; one of the three may be mistyped"
            )
            yield ledger.doubt("ci-asymmetric", row, "estimate", why)


def disagreeing_p_of_intervals(ledger: Ledger) -> Iterator[Finding]:
    """Find P values that estimate and interval do not give, and intervals of another level."""
    for row in ledger.sheets.contrasts:
        stated, own = ledger.digits(row, "p"), interval_of(ledger, row)
        if stated is None or own is None or row.level is None:
            continue
        if not _z_agree(own, row.level, stated):
            yield _p_doubt(ledger, row, own, stated)


def _p_doubt(ledger: Ledger, row: Contrast, own: Interval, stated: Printed) -> Finding:
    level = row.level or 0.95
    for other in _OTHER_LEVELS:
        if other != level and _z_agree(own, other, stated, _Z_LEEWAY_OF_LEVELS):
            why = f"with the printed P value the interval fits {other:g}"
            return ledger.doubt("ci-level", row, "level", why)
    low, high = (_p_of(z) for z in reversed(_z_span(own, level)))
    shown = f"{low:.2g} to {high:.2g}" if f"{low:.2g}" != f"{high:.2g}" else f"{low:.2g}"
    return ledger.doubt("ci-p", row, "p", f"estimate and interval give {shown}")


def _z_span(own: Interval, level: float) -> Span:
    reach = 2 * float(ndtri((1 + level) / 2))
    least = 0.0 if own.estimate[0] < 0 < own.estimate[1] else min(abs(x) for x in own.estimate)
    most = max(abs(x) for x in own.estimate)
    return least * reach / own.width[1], most * reach / own.width[0]


def _p_of(z: float) -> float:
    return float(2 * ndtr(-z))


def _z_agree(own: Interval, level: float, stated: Printed, leeway: float = _Z_LEEWAY) -> bool:
    low, high = _z_span(own, level)
    least = float(-ndtri(min(stated.high, 1.0) / 2))
    most = float(-ndtri(stated.low / 2)) if stated.low > 0 else float("inf")
    return low <= most * leeway and high * leeway >= least


def disagreeing_standard_errors(ledger: Ledger) -> Iterator[Finding]:
    """Find standard errors that the interval does not have; a variance in their place is named."""
    for row in ledger.sheets.contrasts:
        se, own = ledger.digits(row, "se"), interval_of(ledger, row)
        if se is None or own is None or row.level is None:
            continue
        reach = 2 * float(ndtri((1 + row.level) / 2))
        span = own.width[0] / reach, own.width[1] / reach
        if gap((se.low, se.high), span) <= 0.05 * span[1]:
            continue
        middle = sum(span) / 2
        if gap((se.low, se.high), (span[0] ** 2, span[1] ** 2)) <= 0.05 * span[1] ** 2:
            why = f"it is the square of the standard error that the interval has ({middle:.3g}): a variance"
            yield ledger.doubt("se-is-variance", row, "se", why)
        else:
            yield ledger.doubt("se-ci", row, "se", f"the interval has a standard error of {middle:.3g}")


def disagreeing_logrank(ledger: Ledger) -> Iterator[Finding]:
    """Find hazard ratios far from what observed minus expected and its variance give (Peto 1977)."""
    for row in ledger.sheets.contrasts:
        if row.measure != "HR" or row.o_minus_e is None or not row.variance or not row.estimate:
            continue
        own = row.estimate if row.scale == "natural" else exp(row.estimate)
        peto = row.o_minus_e / row.variance
        if own > 0 and abs(log(own) - peto) > max(0.1, 0.25 * abs(peto)):
            why = f"observed minus expected and its variance give {exp(peto):.2f}"
            yield ledger.doubt("hr-logrank", row, "estimate", why)
