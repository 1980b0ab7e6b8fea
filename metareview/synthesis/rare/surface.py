"""The maximum of a smooth log-likelihood of a few parameters, by Newton's method on finite differences.

For the models whose derivatives are not worth their formulas: all points of a difference scheme are
evaluated in one call, so that a step costs one pass over the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.effects import FloatArray

_STEP = 1e-4  # central differences: an error of 1e-8 in the slope, 1e-7 in the curvature
_SHRINK = (1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 1e-3)


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
    at = np.asarray(start, dtype=float)
    value, gradient, hessian = _differences(surface, at)
    for _ in range(steps):
        step = np.clip(_ascent(gradient, hessian), -longest, longest)
        tried = at + np.array(_SHRINK)[:, None] * step
        values = surface(tried)
        gains = np.flatnonzero(values > value)
        if not gains.size:
            return Peak(at, value, hessian, bool(np.max(np.abs(step)) < 1e-3))
        at = tried[gains[0]]
        moved = float(np.max(np.abs(_SHRINK[gains[0]] * step)))
        value, gradient, hessian = _differences(surface, at)
        if moved < 1e-6:
            return Peak(at, value, hessian, True)
    return Peak(at, value, hessian, False)


def _ascent(gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Return Newton's step, every curvature made to point up the hill."""
    values, vectors = np.linalg.eigh(hessian)
    along = vectors.T @ gradient
    return np.asarray(vectors @ (along / np.maximum(np.abs(values), 1e-6)))


def _differences(
    surface: Callable[[FloatArray], FloatArray], at: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return value, slope and curvature at a point, from one call."""
    size = at.size
    unit = _STEP * np.eye(size)
    pairs = [(i, j) for i in range(size) for j in range(i)]
    crossed = [
        at + s * unit[i] + t * unit[j] for i, j in pairs for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]
    values = surface(np.array([at, *(at + unit), *(at - unit), *crossed]))
    centre, up, down = values[0], values[1 : size + 1], values[size + 1 : 2 * size + 1]
    hessian = np.diag((up - 2 * centre + down) / _STEP**2)
    for (i, j), four in zip(pairs, values[2 * size + 1 :].reshape(-1, 4), strict=True):
        hessian[i, j] = hessian[j, i] = (four[0] - four[1] - four[2] + four[3]) / (4 * _STEP**2)
    return float(centre), (up - down) / (2 * _STEP), hessian
