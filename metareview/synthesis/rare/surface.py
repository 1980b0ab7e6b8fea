"""The maximum of a smooth log-likelihood of a few parameters, by Newton's method on finite differences.

For the models whose derivatives are not worth their formulas: all points of a difference scheme are
evaluated in one call, so that a step costs one pass over the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.effects import FloatArray

_STEP = 3e-4  # central differences: an error of 1e-7 in the slope, 1e-6 in the curvature
_SHRINK = np.array([0.5, 0.25, 0.1, 0.03, 0.01, 1e-3])


@dataclass(frozen=True, eq=False, slots=True)
class Peak:
    """A maximum.

    Attributes
    ----------
    at : ``(D,)`` where
    value : how high
    curvature : ``(D, D)`` second derivatives there
    converged : whether the slope is flat
    """

    at: FloatArray
    value: float
    curvature: FloatArray
    converged: bool


def climb(
    surface: Callable[[FloatArray], FloatArray], start: FloatArray, *, longest: float = 1.5, steps: int = 60
) -> Peak:
    """Climb from a point to the maximum near it.

    Parameters
    ----------
    surface
        Points ``(P, D)`` -> values ``(P,)``.
    start
        ``(D,)``.
    longest, steps
        The longest step in any parameter, and how many at most.
    """
    here = _look(surface, np.asarray(start, dtype=float))
    for _ in range(steps):
        step = np.clip(_ascent(here.gradient, here.hessian), -longest, longest)
        there = _look(surface, here.at + step)
        if not there.value > here.value:
            tried = here.at + _SHRINK[:, None] * step
            values = surface(tried)
            gains = np.flatnonzero(values > here.value)
            if not gains.size:
                return Peak(here.at, here.value, here.hessian, bool(np.max(np.abs(step)) < 1e-3))
            there = _look(surface, tried[gains[0]])
        moved = float(np.max(np.abs(there.at - here.at)))
        here = there
        if moved < 1e-6:
            return Peak(here.at, here.value, here.hessian, True)
    return Peak(here.at, here.value, here.hessian, False)


@dataclass(frozen=True, eq=False, slots=True)
class _View:
    """Value, slope and curvature at a point."""

    at: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray


def _ascent(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Return Newton's step, every curvature made to point up the hill."""
    values, vectors = np.linalg.eigh(hessian)
    along = vectors.T @ gradient
    return np.asarray(vectors @ (along / np.maximum(np.abs(values), 1e-6)))


def _look(surface: Callable[[FloatArray], FloatArray], at: FloatArray) -> _View:
    """Take differences around a point, from one call."""
    size = at.size
    unit = _STEP * np.eye(size)
    pairs = [(i, j) for i in range(size) for j in range(i)]
    crossed = [at + sign * (unit[i] + unit[j]) for i, j in pairs for sign in (1, -1)]
    values = surface(np.array([at, *(at + unit), *(at - unit), *crossed]))
    centre, up, down = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    bend = up - 2 * centre + down
    hessian = np.diag(bend / _STEP**2)
    for (i, j), two in zip(pairs, values[2 * size + 1 :].reshape(-1, 2), strict=True):
        mixed = (two.sum() - 2 * centre - bend[i] - bend[j]) / (2 * _STEP**2)
        hessian[i, j] = hessian[j, i] = mixed
    return _View(at, float(centre), (up - down) / (2 * _STEP), hessian)
