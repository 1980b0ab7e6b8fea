"""The interval of Henmi & Copas 2010: common-effect weights, with tau2 allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import gammainc

from metareview.effects import FloatArray
from metareview.synthesis.crossing import crossing
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.weighting import Weighted, weigh

_REACH = 10.0  # standard deviations of the normal density that are integrated


def henmi_copas(fit: Weighted, question: Question) -> Inference:
    """Give the interval of Henmi & Copas 2010, Stat Med 29:2969, section 3.

    Its centre is the common-effect estimate, which bias from small studies moves least; tau2 is
    always that of DerSimonian and Laird.
    """
    common = weigh(fit.stack, np.zeros_like(fit.tau2))
    tau2 = estimate_tau2(fit.stack, "DL")
    parts = [_one(common.take([i]), float(tau2[i]), question.take([i])) for i in range(len(tau2))]
    return Inference(*(np.array(column, dtype=float) for column in zip(*parts, strict=True)))


@cache
def _quadrature() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(120)
    return nodes, weights


@dataclass(frozen=True, slots=True)
class _Pivot:
    """The joint law of the estimate and Q.

    ``w1`` is ``tau2 sum w`` and ``wj`` is ``tau2^(j-1) sum w^j / sum w``; ``ratio`` is ``w1 / w2``.
    """

    k: int
    ratio: float
    w1: float
    w2: float
    w3: float
    w4: float

    @property
    def variance(self) -> float:
        """That of the scaled estimate, ``1 + tau2 w2``."""
        return 1.0 + self.w2

    def moments(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of Q given the standardised estimate (their equations 7 and 8)."""
        excess = (r * r - 1.0) / self.variance
        third, fourth = self.w3 - self.w2**2, self.w4 - 2 * self.w2 * self.w3 + self.w2**3
        mean = self.k - 1 + (self.w1 - self.w2) + excess * third
        variance = 2 * (self.k - 1) + 4 * (self.w1 - self.w2)
        variance += 2 * (self.w1 * self.w2 - 2 * self.w3 + self.w2**2)
        last = 2 * third**2 * (1 - 2 * r * r) / self.variance**2
        return mean, variance + 4 * excess * (third + fourth) + last

    def tail(self, t: float) -> float:
        """Return P(standardised estimate beyond t times the estimated standard deviation), one-sided.

        Q given the estimate is taken as gamma distributed with these moments.
        """
        nodes, weights = _quadrature()
        r = t + (nodes + 1.0) * _REACH / 2.0
        mean, variance = self.moments(r)
        bound = (self.k - 1) + (self.ratio - 1.0) * ((r / t) ** 2 - 1.0)
        below = gammainc(mean**2 / variance, np.maximum(bound, 0.0) * mean / variance)
        density = np.exp(-0.5 * r * r) / np.sqrt(2.0 * np.pi)
        return float((weights * below * density).sum() * _REACH / 2.0)


def _pivot(w: FloatArray, tau2: float) -> _Pivot:
    w = w[w > 0]
    total, second = w.sum(), (w**2).sum()
    scaled = [tau2 ** (j - 1) * (w**j).sum() / total for j in (2, 3, 4)]
    return _Pivot(len(w), total**2 / second, tau2 * total, *scaled)


def _one(common: Weighted, tau2: float, question: Question) -> tuple[float, ...]:
    pivot, mu = _pivot(common.w[:, 0], tau2), float(common.mu[0])
    se = float(np.sqrt(pivot.variance / common.total[0]))
    beyond = (1.0 - question.level) / 2.0
    t = crossing(lambda x: pivot.tail(x) - beyond, 1e-8, 1.0)
    half = np.sqrt(pivot.variance) * t * se
    statistic = (mu - float(question.null[0])) / se
    p = np.nan
    if np.isfinite(statistic):
        p = min(2.0 * pivot.tail(max(abs(statistic) / np.sqrt(pivot.variance), 1e-8)), 1.0)
    return mu, se, mu - half, mu + half, statistic, np.inf, p
