"""Each study's log-likelihood as a function of its own effect, with the derivatives a fit needs.

Every kernel is concave in the effect (and jointly with its nuisance intercept, where it has one), which
is what lets the fits above them be safe. Studies stand on the last axis of every array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, xlogy

from metareview.effects import FloatArray
from metareview.synthesis.rare.counts import Mask

_LARGEST_LOG_MEAN = 300.0


@dataclass(frozen=True, eq=False, slots=True)
class Slopes:
    """A log-likelihood and its derivatives.

    Attributes
    ----------
    h, t, tt : its value, first and second derivative in the effect
    a, aa, ta : first, second and mixed derivative in the nuisance intercept; None where there is none
    """

    h: FloatArray
    t: FloatArray
    tt: FloatArray
    a: FloatArray | None = None
    aa: FloatArray | None = None
    ta: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Kernel:
    """The likelihood of ``k`` studies.

    Attributes
    ----------
    slopes : effect ``(..., k)`` and intercept ``(..., k)`` or None -> :class:`Slopes`
    falling, rising : ``(k,)`` studies whose likelihood has its supremum at minus or plus infinity
    supremum : ``(k,)`` the log-likelihood there, or at the study's own estimate
    own, information : ``(k,)`` the study's own estimate and its information; NaN and 0 where infinite
    intercept : ``(k,)`` where to start the nuisance intercepts; None where there are none
    """

    slopes: Callable[[FloatArray, FloatArray | None], Slopes]
    falling: Mask
    rising: Mask
    supremum: FloatArray
    own: FloatArray
    information: FloatArray
    intercept: FloatArray | None = None

    @property
    def k(self) -> int:
        """How many studies."""
        return int(self.supremum.shape[0])


def binomial(x: FloatArray, n: FloatArray, offset: FloatArray) -> Kernel:
    """Return ``x`` events of ``n`` with log odds ``effect + offset``."""
    constant = log_choose(n, x)

    def slopes(theta: FloatArray, _: FloatArray | None) -> Slopes:
        eta = theta + offset
        p = expit(eta)
        return Slopes(constant + x * eta - n * np.logaddexp(0.0, eta), x - n * p, -n * p * (1 - p))

    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(x) - np.log(n - x) - offset
        information = x * (n - x) / n
    supremum = constant + xlogy(x, x / n) + xlogy(n - x, (n - x) / n)
    return Kernel(slopes, x == 0, x == n, supremum, own, information)


def poisson(x: FloatArray, time: FloatArray) -> Kernel:
    """Return ``x`` events in ``time`` with log rate ``effect``."""
    log_time, constant = np.log(time), -gammaln(x + 1)

    def slopes(theta: FloatArray, _: FloatArray | None) -> Slopes:
        eta = np.minimum(theta + log_time, _LARGEST_LOG_MEAN)
        mean = np.exp(eta)
        return Slopes(constant + x * eta - mean, x - mean, -mean)

    with np.errstate(divide="ignore"):
        own = np.log(x) - log_time
    return Kernel(slopes, x == 0, np.zeros(x.shape, bool), constant + xlogy(x, x) - x, own, x)


def hypergeometric(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> Kernel:
    """Return the first arm's events given all margins, effect the log odds ratio.

    Fisher's non-central hypergeometric distribution: ``P(a) ∝ C(n1, a) C(n2, m - a) exp(a θ)``.
    """
    m = x1 + x2
    low, high = np.maximum(0.0, m - n2), np.minimum(n1, m)
    support = low[:, None] + np.arange(int((high - low).max()) + 1)
    inside = support <= high[:, None]
    a = np.where(inside, support, high[:, None])
    base = log_choose(n1[:, None], a) + log_choose(n2[:, None], m[:, None] - a)
    base = np.where(inside, base - base.max(axis=1, keepdims=True), -np.inf)
    centred = a - x1[:, None]

    def slopes(theta: FloatArray, _: FloatArray | None) -> Slopes:
        exponent = base + centred * theta[..., None]
        top = exponent.max(axis=-1, keepdims=True)
        weight = np.exp(exponent - top)
        total = weight.sum(axis=-1)
        mean = (weight * centred).sum(axis=-1) / total
        spread = (weight * centred**2).sum(axis=-1) / total - mean**2
        here = np.take_along_axis(base, (x1 - low).astype(int)[:, None], axis=1)[:, 0]
        return Slopes(here - top[..., 0] - np.log(total), -mean, -np.maximum(spread, 0.0))

    falling, rising = x1 == low, x1 == high
    own = _maximise(slopes, falling | rising, x1, n1, x2, n2)
    there = slopes(np.where(np.isfinite(own), own, 0.0), None)
    supremum = np.where(falling | rising, 0.0, there.h)
    return Kernel(slopes, falling, rising, supremum, own, np.where(np.isfinite(own), -there.tt, 0.0))


def _maximise(
    slopes: Callable[[FloatArray, FloatArray | None], Slopes], infinite: Mask, *cells: FloatArray
) -> FloatArray:
    """Return each study's conditional estimate; NaN where it is infinite."""
    x1, n1, x2, n2 = (c + 0.5 for c in cells)
    theta = np.log(x1 / (n1 + 0.5 - x1)) - np.log(x2 / (n2 + 0.5 - x2))
    for _ in range(60):
        s = slopes(theta, None)
        step = np.clip(-s.t / np.where(infinite, -1.0, s.tt), -2.0, 2.0)
        step[infinite] = 0.0
        theta = theta + step
        if np.max(np.abs(step), initial=0.0) < 1e-10:
            break
    return np.where(infinite, np.nan, theta)


def two_binomials(x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> Kernel:
    """Return two arms with log odds ``intercept ± effect / 2``, one intercept per study."""
    constant = log_choose(n1, x1) + log_choose(n2, x2)

    def slopes(theta: FloatArray, alpha: FloatArray | None) -> Slopes:
        assert alpha is not None
        eta1, eta2 = alpha + theta / 2, alpha - theta / 2
        p1, p2 = expit(eta1), expit(eta2)
        h = constant + x1 * eta1 - n1 * np.logaddexp(0.0, eta1) + x2 * eta2 - n2 * np.logaddexp(0.0, eta2)
        return _joined(h, x1 - n1 * p1, x2 - n2 * p2, n1 * p1 * (1 - p1), n2 * p2 * (1 - p2))

    parts = [xlogy(x, x / n) + xlogy(n - x, (n - x) / n) for x, n in ((x1, n1), (x2, n2))]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(x1) - np.log(n1 - x1) - np.log(x2) + np.log(n2 - x2)
        information = 1 / (1 / x1 + 1 / (n1 - x1) + 1 / x2 + 1 / (n2 - x2))
    start = np.log((x1 + x2 + 0.5) / (n1 + n2 - x1 - x2 + 0.5))
    falling, rising = (x1 == 0) | (x2 == n2), (x2 == 0) | (x1 == n1)
    return Kernel(slopes, falling, rising, constant + parts[0] + parts[1], own, information, start)


def two_poissons(x1: FloatArray, t1: FloatArray, x2: FloatArray, t2: FloatArray) -> Kernel:
    """Return two arms with log rates ``intercept ± effect / 2``, one intercept per study."""
    log1, log2 = np.log(t1), np.log(t2)
    constant = -gammaln(x1 + 1) - gammaln(x2 + 1)

    def slopes(theta: FloatArray, alpha: FloatArray | None) -> Slopes:
        assert alpha is not None
        eta1 = np.minimum(alpha + theta / 2 + log1, _LARGEST_LOG_MEAN)
        eta2 = np.minimum(alpha - theta / 2 + log2, _LARGEST_LOG_MEAN)
        m1, m2 = np.exp(eta1), np.exp(eta2)
        return _joined(constant + x1 * eta1 - m1 + x2 * eta2 - m2, x1 - m1, x2 - m2, m1, m2)

    supremum = constant + xlogy(x1, x1) - x1 + xlogy(x2, x2) - x2
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(x1 / t1) - np.log(x2 / t2)
        information = x1 * x2 / (x1 + x2)
    start = np.log((x1 + x2 + 0.5) / (t1 + t2))
    return Kernel(slopes, x1 == 0, x2 == 0, supremum, own, information, start)


def _joined(h: FloatArray, r1: FloatArray, r2: FloatArray, w1: FloatArray, w2: FloatArray) -> Slopes:
    """Combine residuals and variances of two arms with effect coded ``± 1/2``."""
    w = w1 + w2
    return Slopes(h, (r1 - r2) / 2, -w / 4, r1 + r2, -w, (w2 - w1) / 2)


def log_choose(n: FloatArray, x: FloatArray) -> FloatArray:
    """Return the log of the binomial coefficient."""
    return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))
