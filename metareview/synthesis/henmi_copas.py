"""The interval of Henmi & Copas 2010: common-effect weights, with tau2 allowed for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import gammainc

from metareview.effects import FloatArray
from metareview.synthesis.crossing import find_crossing
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.sums import across, across_three, down, spread_of, traced_square
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.weighting import Weighted, weigh

_LEAST = -60.0  # log of the smallest critical value looked at; it is tiny beside a giant study
_REACH = 10.0  # standard deviations of the normal density that are integrated


def henmi_copas_interval(fit: Weighted, question: Question) -> Inference:
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
    """The joint law of the estimate and Q, with ``W1 = sum w`` and ``Wj = sum w^j / W1``.

    Attributes
    ----------
    k : studies
    ratio : ``W1 / W2``
    scaled : ``tau2 W2``
    first : ``tau2 (W1 - W2)``
    second : ``tau2^2 (W1 W2 - 2 W3 + W2^2)``
    third : ``tau2^2 (W3 - W2^2)``
    fourth : ``tau2^3 (W4 - 2 W2 W3 + W2^3)``
    """

    k: int
    ratio: float
    scaled: float
    first: float
    second: float
    third: float
    fourth: float

    @property
    def variance(self) -> float:
        """That of the estimate over its common-effect variance, ``1 + tau2 W2``."""
        return 1.0 + self.scaled

    def moments(self, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of Q given the standardised estimate (their equations 7 and 8)."""
        excess = (r * r - 1.0) / self.variance
        mean = self.k - 1 + self.first + excess * self.third
        fixed = 2 * (self.k - 1) + 4 * self.first + 2 * self.second
        variance = fixed + 4 * excess * (self.third + self.fourth)
        return mean, variance + 2 * self.third**2 * (1 - 2 * r * r) / self.variance**2

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
    """Sum differences of weights from their mean, so that one giant study (the first) costs no digits."""
    w = w[w > 0][:, None]
    total = float(down(w)[0])
    apart = w - float(across(w, w)[0]) / total
    apart[0] = down(w[1:] * (w[0] - w[1:])) / total
    return _Pivot(
        k=len(w),
        ratio=total**2 / float(across(w, w)[0]),
        scaled=tau2 * float(across(w, w)[0]) / total,
        first=tau2 * float(spread_of(w, w)[0]) / total,
        second=tau2**2 * float(traced_square(w, down(w))[0]),
        third=tau2**2 * float(across_three(w, apart, apart)[0]) / total,
        fourth=tau2**3 * float(across_three(w * w, apart, apart)[0]) / total,
    )


def _one(common: Weighted, tau2: float, question: Question) -> tuple[float, ...]:
    pivot, mu = _pivot(common.w[:, 0], tau2), float(common.mu[0])
    se = float(np.sqrt(pivot.variance / common.total[0]))
    beyond = (1.0 - question.level) / 2.0
    t = np.exp(find_crossing(lambda x: pivot.tail(np.exp(x)) - beyond, _LEAST, 1.0))
    half = np.sqrt(pivot.variance) * t * se
    statistic = (mu - float(question.null[0])) / se
    p = np.nan
    if np.isfinite(statistic):
        p = min(2.0 * pivot.tail(max(abs(statistic) / np.sqrt(pivot.variance), np.exp(_LEAST))), 1.0)
    return mu, se, mu - half, mu + half, statistic, np.inf, p
