"""The sign-flip permutation test for the pooled effect, and the interval of what it does not reject."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.stack import BoolArray, stack_up
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.weighting import Weighted, weigh

_EXACT = 12  # up to so many studies every pattern of signs is used, 2^(k-1) of them
_DRAWS = 2048
_SEED = 20040615
_CELLS = 2**15
_HALVINGS = 40


def sign_flip_interval(fit: Weighted, question: Question) -> Inference:
    """Give the interval of effects that flipping signs about them does not reject.

    Follmann & Proschan 1999, Biometrics 55:732; Higgins & Thompson 2004, Stat Med 23:1663. If mu is
    the mean of a symmetric distribution, the sign of every ``y - mu`` could have been the other one:
    the Wald statistic, with tau2 estimated anew, is compared with those of all sign patterns, or of
    2,048 seeded draws of them beyond 12 studies. The limits are found to a millionth of the standard error.
    """
    parts = [_one(fit.take([i]), question.take([i])) for i in range(len(fit.mu))]
    return Inference(*(np.array(column, dtype=float) for column in zip(*parts, strict=True)))


def _one(fit: Weighted, question: Question) -> tuple[float, ...]:
    mu, se, null = float(fit.mu[0]), float(fit.se[0]), float(question.null[0])
    test = _Test(fit, question)
    low, high = (_limit(test, mu, side * se, 1.0 - question.level) for side in (-1.0, 1.0))
    p = test.p(null) if np.isfinite(null) else np.nan
    return mu, se, low, high, (mu - null) / se, np.inf, p


def _limit(test: _Test, mu: float, step: float, alpha: float) -> float:
    """Find the outermost mean not rejected, between a scan's last such point and the next."""
    if test.smallest > alpha:
        return float(np.copysign(np.inf, step))
    points = mu + step * np.array([0.0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 10, 20, 50, 1e3, 1e6])
    rejected = [test.p(x) <= alpha for x in points]
    if not rejected[-1]:
        return float(np.copysign(np.inf, step))
    place = max(i for i, no in enumerate(rejected) if not no)
    inside, outside = points[place], points[place + 1]
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2.0
        inside, outside = (inside, middle) if test.p(middle) <= alpha else (middle, outside)
        if abs(outside - inside) <= 1e-6 * abs(step):
            break
    return float(inside)


class _Test:
    """The test of one data set at any mean; its sign patterns are drawn once."""

    def __init__(self, fit: Weighted, question: Question) -> None:
        inside = fit.stack.inside[:, 0]
        self._y, self._v = fit.stack.y[inside, 0], fit.stack.v[inside, 0]
        self._tau2 = question.tau2
        self._signs = _signs(len(self._y))
        self.smallest = 1.0 / self._signs.shape[1]

    def p(self, mean: float) -> float:
        """Return the share of sign patterns whose statistic is at least as far out as the observed."""
        statistic = np.concatenate([self._statistic(mean, part) for part in self._parts()])
        return float((statistic >= statistic[0] * (1.0 - 1e-10)).mean())

    def _parts(self) -> list[FloatArray]:
        width = max(_CELLS // len(self._y), 16)
        edges = [*range(0, self._signs.shape[1], width), self._signs.shape[1]]
        return [self._signs[:, start:end] for start, end in pairwise(edges)]

    def _statistic(self, mean: float, signs: FloatArray) -> FloatArray:
        y = signs * (self._y - mean)[:, None]
        stack = stack_up(y, np.broadcast_to(self._v[:, None], y.shape))
        own = isinstance(self._tau2, float)
        tau2 = np.full_like(stack.n, self._tau2) if own else estimate_tau2(stack, str(self._tau2))
        fit = weigh(stack, tau2)
        return np.abs(fit.mu + stack.centre) / fit.se


def _signs(k: int) -> FloatArray:
    """Return sign patterns ``(k, patterns)``, the observed one first; the first study keeps its sign."""
    if k <= _EXACT:
        bits = np.arange(2 ** (k - 1))[None, :] >> np.arange(k - 1)[:, None] & 1
        flips: BoolArray = np.concatenate([np.zeros((1, bits.shape[1]), dtype=bool), bits.astype(bool)])
    else:
        flips = np.random.default_rng(_SEED).random((k, _DRAWS)) < 0.5
        flips[:, 0] = False
    return np.where(flips, -1.0, 1.0)
