"""Intervals for tau2 from the exact distribution of the generalised Q statistic."""

from __future__ import annotations

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.crossing import find_crossing
from metareview.synthesis.quadratic_form import q_below
from metareview.synthesis.stack import Stack


def biggerstaff_jackson(stack: Stack, level: float, estimator: str) -> tuple[FloatArray, FloatArray]:
    """Return the limits of tau2 from Q with weights ``1 / v`` (Biggerstaff & Jackson 2008, Stat Med 27)."""
    return _each(stack, level, 1.0)


def jackson(stack: Stack, level: float, estimator: str) -> tuple[FloatArray, FloatArray]:
    """Return the limits of tau2 from Q with weights ``1 / se`` (Jackson 2013, Res Synth Methods 4:220)."""
    return _each(stack, level, 0.5)


def _each(stack: Stack, level: float, power: float) -> tuple[FloatArray, FloatArray]:
    limits = np.zeros((2, len(stack.n)))
    for i in np.flatnonzero(stack.n > 1):
        inside = stack.inside[:, i]
        limits[:, i] = _limits(stack.y[inside, i], stack.v[inside, i], level, power)
    limits[:, stack.n < 2] = np.nan
    return limits[0], limits[1]


def _limits(y: FloatArray, v: FloatArray, level: float, power: float) -> tuple[float, float]:
    """Find tau2 where P(Q <= q) equals its two tails; the probability falls as tau2 rises."""
    unit = v.min()
    a = (unit / v) ** power
    r = y - (a * y).sum() / a.sum()
    q = float((a * r * r).sum() / unit)
    if not q > 0:
        return 0.0, 0.0
    tail = (1.0 - level) / 2.0
    low, high = (_where(q, a, v / unit, p) * unit for p in (1.0 - tail, tail))
    return low, high


def _where(q: float, a: FloatArray, v: FloatArray, probability: float) -> float:
    """Search in ``log(1 + tau2)``, where tau2 is in units of the smallest variance."""

    def above(x: float) -> float:
        return q_below(q, a, v + np.expm1(x)) - probability

    return 0.0 if not above(0.0) > 0 else float(np.expm1(find_crossing(above, 0.0, 1.0)))
