"""Intervals and modes of a distribution given by its quantiles or its density."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from metareview.effects import FloatArray, Interval

Quantile = Callable[[float], float]
_GOLDEN = (5**0.5 - 1) / 2


def central(quantile: Quantile, level: float) -> Interval:
    """Return the interval that leaves as much probability below it as above."""
    return Interval(quantile((1 - level) / 2), quantile((1 + level) / 2), level)


def shortest(quantile: Quantile, level: float) -> Interval:
    """Return the shortest interval of that probability, for a density with one peak."""

    def length(p: float) -> float:
        return quantile(p + level) - quantile(p)

    low, high = 1e-10, 1 - level - 1e-10
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = length(a), length(b)
    while high - low > 1e-7:
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = length(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = length(b)
    p = 0.5 * (low + high)
    # a density that falls from the start has its shortest interval there
    return Interval(quantile(p) if p > 1e-6 else quantile(0.0), quantile(p + level), level)


REGIONS: Mapping[str, Callable[[Quantile, float], Interval]] = {"central": central, "shortest": shortest}


def mode_of(density: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    """Return where a density is largest between two values: a coarse look, then ever finer ones."""
    lowest, width, best = low, high - low, low
    for points in (81, 13, 13, 13, 13, 13, 13, 13, 13):
        x = np.linspace(low, high, points)
        best = float(x[int(np.argmax(density(x)))])
        step = (high - low) / (points - 1)
        low, high = max(low, best - step), min(high, best + step)
    return best if best - lowest > 1e-6 * width else lowest
