"""Roots that cannot be missed: Newton's method held inside a bracket, over many problems at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metareview.effects import FloatArray

Slope = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
_CLOSE = 1e-7  # Newton doubles the digits: the step after one this small is at the rounding error
_PASSES = 200


def falling_root(function: Slope, bracket: tuple[FloatArray, FloatArray], floor: FloatArray) -> FloatArray:
    """Find where functions of ``t >= 0`` fall through zero, each inside its bracket.

    Newton's method in ``log(floor + t)``, in which the functions here are nearly straight; a step
    that would leave the bracket is replaced by the bracket's geometric middle, so that every
    pass narrows it.

    Parameters
    ----------
    function
        ``t (D,)`` -> value ``(D,)`` and its slope ``(D,)`` with respect to ``t``.
    bracket
        ``(low, high)``, ``(D,)`` each: the value is positive at ``low`` and not positive at ``high``.
    floor
        ``(D,)`` positive; the smallest sampling variance.

    Returns
    -------
    ``(D,)`` roots, to the rounding error of the function.
    """
    low, high = bracket
    t = np.sqrt((floor + low) * (floor + high)) - floor
    return newton(function, np.clip(t, low, high), bracket, floor)


def newton(
    function: Slope, start: FloatArray, bracket: tuple[FloatArray, FloatArray], floor: FloatArray
) -> FloatArray:
    """Do as :func:`falling_root`, from a start inside the bracket."""
    low, high = bracket
    t = start
    open_ = high > low
    with np.errstate(all="ignore"):
        for _ in range(_PASSES):
            value, slope = function(t)
            above = value > 0
            low, high = np.where(above, t, low), np.where(above, high, t)
            size = floor + t
            step = -value / (slope * size)
            new = t + size * np.expm1(step)
            close = np.abs(step) <= _CLOSE
            wild = ~close & ~((new > low) & (new < high))
            if wild.any():
                new = np.where(wild, np.sqrt((floor + low) * (floor + high)) - floor, new)
            t = np.where(open_, np.minimum(np.maximum(new, low), high), t)
            open_ = open_ & ~close & (high - low > 1e-15 * size)
            if not open_.any():
                break
    return t
