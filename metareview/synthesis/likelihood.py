"""ML and REML: the global maximum of the likelihood of tau2, found for many data sets at once.

The likelihood may have several maxima. Its score is scanned from 0 to a proven upper bound, each
fall through zero is solved, and the likelihood decides between them and the boundary at 0.

The score vanishes where ``sum w^2 r^2`` equals ``D(tau2)``, with ``w = 1 / (v + tau2)``, ``r = y - mu``
and ``D = sum w`` (ML) or ``sum w - sum w^2 / sum w`` (REML). We solve ``log`` of the ratio of both,
which is exactly straight in ``log(v + tau2)`` when all variances are equal.

A root cannot lie above ``R^2 / 2 - v_min`` (REML) or ``R^2 / 4 - v_min`` (ML; where mu is known,
``max r^2 - v_min``), with R the distance
of the extreme effects: with ``p = w / sum w``, ``sum p w r^2 <= w_max sum p r^2``, and ``sum p r^2``
is at most ``R^2 / 4``, and at most ``(1 - sum p^2) R^2 / 2`` as a sum over pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metareview.effects import FloatArray
from metareview.synthesis.roots import newton
from metareview.synthesis.stack import BoolArray, Stack
from metareview.synthesis.sums import across, across_three, down, highest, traced_square

_SPACING = 2.5  # of v_min + tau2 from one point of the scan to the next
_MOST_POINTS = 96
_ROOM = 1.0 + 1e-6  # two studies of equal variance have their root at the bound itself
_GIANT = 1e6  # ratio of variances from which sums must be taken without the smallest


def maximise(stack: Stack, kind: str) -> FloatArray:
    """Return ``(D,)`` the tau2 of the highest likelihood; exactly 0 at the boundary.

    Parameters
    ----------
    kind : ``REML``, ``ML``, or ``known`` where mu is known to be 0 on the stack's scale
    """
    top = np.maximum(_bound(stack, kind) * _ROOM - stack.v_min, 0.0)
    top = np.where(stack.n > (0 if kind == "known" else 1), top, 0.0)
    if not (top > 0).any():
        return np.zeros_like(top)
    grid, score = _scan(stack, top, kind)
    falls = (score[:-1] > 0) & ~(score[1:] > 0)
    count, rises = np.add.reduce(falls), score[0] > 0
    best = np.zeros_like(top)
    for nth in range(int(count.max())):
        columns = np.flatnonzero(count > nth)
        part = stack if len(columns) == len(count) else stack.take(columns)
        place = _nth(falls[:, columns], nth)
        one = _solve(part, grid[:, columns], score[:, columns], place, kind)
        certain = rises[columns] if nth == 0 else np.zeros_like(columns, dtype=bool)
        best[columns] = _higher(part, best[columns], one, certain, kind)
    return best


def _bound(stack: Stack, kind: str) -> FloatArray:
    if kind == "known":
        return highest(np.square(stack.y))
    return stack.spread**2 / (2.0 if kind == "REML" else 4.0)


def _grid(v_min: FloatArray, top: FloatArray) -> FloatArray:
    """Return ``(points, D)`` values of tau2 from 0 to ``top``, evenly spaced in ``log(v_min + tau2)``."""
    width = np.log1p(top / v_min)
    points = min(int(np.nanmax(width) / np.log(_SPACING)) + 3, _MOST_POINTS)
    return v_min * np.expm1(np.arange(points)[:, None] * (width / (points - 1)))


def _scan(stack: Stack, top: FloatArray, kind: str) -> tuple[FloatArray, FloatArray]:
    """Return ``(points, D)`` values of tau2 and the sign of the score there."""
    if (
        stack.shared is not None
        and len(top) > 1
        and kind != "known"
        and (stack.v_max < _GIANT * stack.v_min).all()
    ):
        return _scan_shared(stack, top, kind)
    grid = _grid(stack.v_min, top)
    if len(top) == 1:
        return grid, _signs(stack, grid[:, 0], kind)[:, None]
    return grid, np.stack([_signs(stack, t, kind) for t in grid])


def _scan_shared(stack: Stack, top: FloatArray, kind: str) -> tuple[FloatArray, FloatArray]:
    """Scan data sets that draw on the same studies: every sum is a product with the mask.

    One product per point of the grid stays so small that the linear algebra library does not split
    it over threads, which would cost more than it saves.
    """
    y, v, inside = stack.shared  # type: ignore[misc]
    grid = _grid(stack.v_min.min(keepdims=True), top.max(keepdims=True))
    usable = inside.any(axis=1)
    w = 1.0 / (v[usable] + grid)
    y = y[usable] - stack.centre.mean()
    sums = np.stack([w, w * y, w * w, w * w * y, (w * y) ** 2], axis=1) @ inside[usable]
    score = _log_ratio_of_sums(np.moveaxis(sums, 1, 0), kind)
    return np.broadcast_to(grid, score.shape), score


def _log_ratio_of_sums(sums: FloatArray, kind: str) -> FloatArray:
    w, wy, w2, w2y, w2y2 = sums
    mu = wy / w
    found = np.maximum(w2y2 - mu * (2.0 * w2y - mu * w2), 1e-300)
    return np.asarray(np.log(found / (w - w2 / w if kind == "REML" else w)))


def _nth(falls: BoolArray, nth: int) -> NDArray[np.intp]:
    if nth > 0:
        falls = falls & (np.cumsum(falls, axis=0) == nth + 1)
    place: NDArray[np.intp] = np.argmax(falls, axis=0)
    return place


def _solve(
    stack: Stack, grid: FloatArray, score: FloatArray, place: NDArray[np.intp], kind: str
) -> FloatArray:
    column = np.arange(grid.shape[1])
    low, high = grid[place, column], grid[place + 1, column]
    above, below = score[place, column], score[place + 1, column]
    with np.errstate(all="ignore"):
        share = above / (above - below)
        start = (stack.v_min + low) * ((stack.v_min + high) / (stack.v_min + low)) ** share - stack.v_min
    start = np.where(np.isfinite(start), np.clip(start, low, high), high)
    return newton(lambda t: _log_ratio(stack, t, kind), start, (low, high), stack.v_min)


def _higher(stack: Stack, best: FloatArray, one: FloatArray, certain: BoolArray, kind: str) -> FloatArray:
    """Choose the higher of two maxima; the first is certain where the likelihood rises at 0."""
    if certain.all():
        return one
    higher = log_likelihood(stack, one, kind) > log_likelihood(stack, best, kind)
    return np.where(higher | certain, one, best)


def _log_ratio(stack: Stack, t: FloatArray, kind: str) -> tuple[FloatArray, FloatArray]:
    """Return the log of ``sum w^2 r^2 / D`` and its slope in tau2; its sign is the score's."""
    w = 1.0 / (stack.v + t)
    first, rest = w[0], w[1:]
    others = down(rest)
    total = first + others
    known = kind == "known"
    wr = w * (stack.y if known else stack.y - across(w, stack.y) / total)
    found = across(wr, wr)
    apart = wr if known else wr - across(w, wr) / total
    falling = 2.0 * across_three(w, apart, apart) / found
    squares = across(rest, rest)
    if kind != "REML":
        return np.log(found / total), (first * first + squares) / total - falling
    expected = (others * others - squares + 2.0 * first * others) / total
    return np.log(found / expected), traced_square(w, total) / expected - falling


def _signs(stack: Stack, t: FloatArray, kind: str) -> FloatArray:
    """Return the same log of the ratio without its slope, in fewer sums and less exactly."""
    w = 1.0 / (stack.v + t)
    first, rest = w[0], w[1:]
    others = down(rest)
    total = first + others
    pairs = others * (others + 2.0 * first)
    mu = 0.0 if kind == "known" else across(w, stack.y) / total
    w2y = np.square(w, out=w) * stack.y
    squares = down(w)
    found = across(w2y, stack.y) - mu * (2.0 * down(w2y) - mu * squares)
    if kind == "REML":
        total = (pairs - down(rest)) / total
    sign: FloatArray = np.log(np.maximum(found, 1e-300) / total)
    return sign


def log_likelihood(stack: Stack, t: FloatArray, kind: str) -> FloatArray:
    """Return ``(D,)`` the (restricted) log-likelihood of tau2 with mu profiled out, less its constant.

    ``sum log w / 2 - sum w r^2 / 2``, for REML less ``log(sum w) / 2`` (Viechtbauer 2005, eqs 8, 11).
    """
    inside = stack.inside
    w = 1.0 / (stack.v + t)
    total = down(w)
    r = stack.y if kind == "known" else stack.y - across(w, stack.y) / total
    logs = down(np.log(np.where(inside, w, 1.0)))
    twice = logs - across(w * r, r)
    return 0.5 * (twice - np.log(total) if kind == "REML" else twice)
