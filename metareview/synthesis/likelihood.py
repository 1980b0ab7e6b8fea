"""ML and REML: the global maximum of the likelihood of tau2, found for many data sets at once.

The likelihood may have several maxima. Its score is scanned from 0 to a proven upper bound, each
fall through zero is solved, and the likelihood decides between them and the boundary at 0.

The score vanishes where ``sum w^2 r^2`` equals ``D(tau2)``, with ``w = 1 / (v + tau2)``, ``r = y - mu``
and ``D = sum w`` (ML) or ``sum w - sum w^2 / sum w`` (REML). We solve ``log`` of the ratio of both,
which is exactly straight in ``log(v + tau2)`` when all variances are equal.

A root cannot lie above ``R^2 / 2 - v_min`` (REML) or ``R^2 / 4 - v_min`` (ML), with R the distance
of the extreme effects: with ``p = w / sum w``, ``sum p w r^2 <= w_max sum p r^2``, and ``sum p r^2``
is at most ``R^2 / 4``, and at most ``(1 - sum p^2) R^2 / 2`` as a sum over pairs.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.roots import newton
from metareview.synthesis.stack import Stack

_SPACING = 2.0  # of v_min + tau2 from one point of the scan to the next
_MOST_POINTS = 96


def maximise(stack: Stack, *, restricted: bool) -> FloatArray:
    """Return ``(D,)`` the tau2 of the highest (restricted) likelihood; exactly 0 at the boundary."""
    bound = stack.spread**2 / (2.0 if restricted else 4.0) - stack.v_min
    top = np.where(stack.n > 1, np.maximum(bound, 0.0), 0.0)
    if not (top > 0).any():
        return np.zeros_like(top)
    grid = _grid(stack.v_min, top)
    score = np.stack([_log_ratio(stack, t, restricted)[0] for t in grid])
    falls = (score[:-1] > 0) & ~(score[1:] > 0)
    count = np.add.reduce(falls)
    best = np.zeros_like(top)
    for nth in range(int(count.max())):
        one = _solve(stack, grid, score, _nth(falls, nth), restricted)
        best = np.where(count > nth, _better(stack, best, one, restricted, score[0] > 0, nth), best)
    return best


def _grid(v_min: FloatArray, top: FloatArray) -> FloatArray:
    """Return ``(points, D)`` values of tau2 from 0 to ``top``, evenly spaced in ``log(v_min + tau2)``."""
    width = np.log1p(top / v_min)
    points = min(int(np.nanmax(width) / np.log(_SPACING)) + 3, _MOST_POINTS)
    return v_min * np.expm1(np.linspace(0.0, 1.0, points)[:, None] * width)


def _nth(falls: np.ndarray, nth: int) -> np.ndarray:
    return np.argmax(falls & (np.cumsum(falls, axis=0) == nth + 1), axis=0)


def _solve(
    stack: Stack, grid: FloatArray, score: FloatArray, place: np.ndarray, restricted: bool
) -> FloatArray:
    column = np.arange(grid.shape[1])
    low, high = grid[place, column], grid[place + 1, column]
    above, below = score[place, column], score[place + 1, column]
    with np.errstate(all="ignore"):
        share = above / (above - below)
        start = (stack.v_min + low) * ((stack.v_min + high) / (stack.v_min + low)) ** share - stack.v_min
    start = np.where(np.isfinite(start), np.clip(start, low, high), high)
    return newton(lambda t: _log_ratio(stack, t, restricted), start, (low, high), stack.v_min)


def _better(
    stack: Stack, best: FloatArray, one: FloatArray, restricted: bool, rises: np.ndarray, nth: int
) -> FloatArray:
    """Choose the higher of two maxima; the first is certain where the likelihood rises at 0."""
    if nth == 0 and rises.all():
        return one
    higher = log_likelihood(stack, one, restricted) > log_likelihood(stack, best, restricted)
    return np.where(higher | (rises & (nth == 0)), one, best)


def _log_ratio(stack: Stack, t: FloatArray, restricted: bool) -> tuple[FloatArray, FloatArray]:
    """Return the log of ``sum w^2 r^2 / D`` and its slope in tau2; its sign is the score's."""
    w = 1.0 / (stack.v + t)
    total = np.add.reduce(w)
    wr = w * (stack.y - np.add.reduce(w * stack.y) / total)
    found = np.add.reduce(wr * wr)
    apart = wr - np.add.reduce(w * wr) / total
    falling = 2.0 * np.add.reduce(w * apart * apart)
    w2 = w * w
    if not restricted:
        return np.log(found / total), np.add.reduce(w2) / total - falling / found
    p = w / total
    expected = 2.0 * np.add.reduce(np.add.accumulate(w)[:-1] * p[1:])
    across = 2.0 * np.add.reduce(np.add.accumulate(w2)[:-1] * (p * p)[1:])
    expected_falling = np.add.reduce(w2 * (1.0 - p) ** 2) + across
    return np.log(found / expected), expected_falling / expected - falling / found


def log_likelihood(stack: Stack, t: FloatArray, restricted: bool) -> FloatArray:
    """Return ``(D,)`` the (restricted) log-likelihood of tau2 with mu profiled out, less its constant.

    ``sum log w / 2 - sum w r^2 / 2``, for REML less ``log(sum w) / 2`` (Viechtbauer 2005, eqs 8, 11).
    """
    inside = stack.inside
    w = 1.0 / (stack.v + t)
    total = np.add.reduce(w)
    r = stack.y - np.add.reduce(w * stack.y) / total
    logs = np.add.reduce(np.log(np.where(inside, w, 1.0)))
    twice = logs - np.add.reduce(w * r * r)
    return 0.5 * (twice - np.log(total) if restricted else twice)
