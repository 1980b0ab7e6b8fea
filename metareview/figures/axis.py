"""Axes: what range to show, where to put ticks, and where a value lies in millimetres."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from metareview.figures.fonts import MM_PER_POINT, text_width

_LOG_STEPS: tuple[tuple[float, ...], ...] = (
    (1, 1.25, 1.5, 2, 3, 4, 5, 6, 8),
    (1, 1.5, 2, 3, 5, 7),
    (1, 2, 5),
    (1, 3),
    (1,),
)
_LINEAR_STEPS = (1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale laid from left to right (or from bottom to top) on the page.

    Attributes
    ----------
    low, high : the values at its ends, on the printed scale
    start, end : where those lie, in millimetres
    log : whether equal ratios are equally far apart
    ticks : values with a mark
    """

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        """Return where a value lies; values off the axis lie at its end.

        >>> round(Axis(0.1, 10, 0, 100, True).at(1.0), 6)
        50.0
        """
        low, high = self._scaled(self.low), self._scaled(self.high)
        share = (self._scaled(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def shows(self, value: float) -> bool:
        """Say whether a value lies on the axis."""
        return self.low <= value <= self.high

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


def tick_label(value: float) -> str:
    """Write a tick as people do.

    >>> tick_label(0.05), tick_label(-2.5), tick_label(100000.0), tick_label(1e-7)
    ('0.05', '−2.5', '100 000', '10⁻⁷')
    """
    if value and not 1e-4 <= abs(value) < 1e7:
        return _power(value)
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    if abs(value) >= 1e4:
        text = f"{value:,.0f}".replace(",", " ")
    return text.replace("-", "−")


def _power(value: float) -> str:
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    head = value / 10**exponent
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    front = "" if math.isclose(head, 1.0) else f"{head:.3g}×".replace("-", "−")
    return f"{front}10{digits}"


def round_ticks(
    low: float, high: float, *, log: bool, fits: Callable[[Sequence[float]], bool], most: int = 9
) -> tuple[float, ...]:
    """Choose the most ticks at round numbers whose labels fit.

    Parameters
    ----------
    low, high
        The ends of the axis, on the printed scale.
    log
        Whether it is a log axis.
    fits
        Says whether labels at these values lie clear of one another.
    most
        No more than so many.
    """
    candidates = list(_log_candidates(low, high) if log else _linear_candidates(low, high))
    # labels at the very ends may not fit where those between them do
    trimmed = [t for c in candidates for t in (c, c[1:], c[:-1], c[1:-1])]
    return max((t for t in trimmed if len(t) <= most and fits(t)), key=len, default=())


def _log_candidates(low: float, high: float) -> Iterator[tuple[float, ...]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in _LOG_STEPS:
        if 1.25 in steps and high > 10 * low:
            continue  # 12.5 has more figures than a reader of decades expects
        values = [_tidy(m, e) for e in range(first, last + 1) for m in steps]
        yield tuple(v for v in values if low * (1 - 1e-9) <= v <= high * (1 + 1e-9))
    yield tuple(v for v in (0.25, 0.5, 1.0, 2.0, 4.0) if low <= v <= high)
    yield tuple(v for v in (0.5, 0.8, 1.0, 1.25, 2.0) if low <= v <= high)
    for stride in range(2, max(3, last - first + 1)):
        values = [_tidy(1, e) for e in range(first, last + 1) if e % stride == 0]
        yield tuple(v for v in values if low <= v <= high)
    if high / low < 2:
        yield from _linear_candidates(low, high)


def _tidy(mantissa: float, exponent: int) -> float:
    return float(f"{mantissa}e{exponent}")


def _linear_candidates(low: float, high: float) -> Iterator[tuple[float, ...]]:
    span = high - low
    exponent = math.floor(math.log10(span)) if span > 0 else 0
    for power in (exponent - 1, exponent, exponent + 1):
        for head in _LINEAR_STEPS:
            step = _tidy(head, power)
            first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
            if last - first <= 50:
                yield tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))


def labels_clear(
    axis: Axis, size: float, *, within: tuple[float, float], written: Callable[[float], str] = tick_label
) -> Callable[[Sequence[float]], bool]:
    """Return a test of whether the labels of ticks lie clear of one another, and ``within`` two ends."""
    gap = 0.45 * size * MM_PER_POINT

    def fits(ticks: Sequence[float]) -> bool:
        spans = [(axis.at(t), text_width(written(t), size) / 2) for t in ticks]
        if spans and not (
            within[0] <= spans[0][0] - spans[0][1] and spans[-1][0] + spans[-1][1] <= within[1]
        ):
            return False
        return all(a + wa + gap <= b - wb for (a, wa), (b, wb) in pairwise(spans))

    return fits


def shown_range(
    core: Sequence[float], ends: Sequence[float], *, log: bool, slack: float = 0.9
) -> tuple[float, float]:
    """Choose what an axis shows, so that one wide interval does not squeeze the others.

    Parameters
    ----------
    core
        Printed values that must be seen: pooled estimates with their intervals, weighty studies, no effect.
    ends
        Printed ends of all intervals; they stretch the axis by at most ``slack`` of the core on either side.

    Returns
    -------
    low, high
        On the printed scale.
    """
    to, back = (math.log, math.exp) if log else (float, float)
    inner = [to(v) for v in core if _usable(v, log)] or [to(v) for v in ends if _usable(v, log)]
    if not inner:
        return (0.1, 10.0) if log else (-1.0, 1.0)
    low, high = min(inner), max(inner)
    span = max(high - low, 0.35 if log else 0.1 * max(abs(high), abs(low)) or 1.0)
    outer = [to(v) for v in ends if _usable(v, log)] or inner
    low = max(min([*outer, low]), low - slack * span)
    high = min(max([*outer, high]), high + slack * span)
    pad = max((high - low) * 0.04, span * 0.05)
    return back(low - pad), back(high + pad)


def _usable(value: float, log: bool) -> bool:
    return math.isfinite(value) and abs(value) < 1e12 and (value > 1e-12 if log else True)
