"""The posterior of the normal-normal model: ``y_i ~ N(theta_i, v_i)``, ``theta_i ~ N(mu, tau2)``.

Given tau, mu is normal (Röver 2020, J Stat Softw 93(6), section 2.4), so that every posterior is a
mixture of normals over tau. Tau is integrated by Gauss-Legendre quadrature in ``log tau`` on panels laid
where the posterior has its mass: nothing is drawn at random, and two runs agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, inf, isfinite, log, pi

import numpy as np
from scipy.special import ndtr

from metareview.effects import FloatArray
from metareview.synthesis.bayes.priors import NormalPrior, Prior

_PANELS, _NODES = 32, 16  # quantiles then agree with four times as many nodes to 1e-13
_LOWEST, _HIGHEST = -45.0, 40.0  # of log tau, relative to the smallest standard error
_NEGLIGIBLE = 38.0  # log of how far below its peak the posterior may be cut off


@dataclass(frozen=True, eq=False)
class Data:
    """What the posterior is made from: ``(k,)`` estimates and variances, and the priors."""

    y: FloatArray
    v: FloatArray
    prior: Prior
    mu_prior: NormalPrior | None

    @property
    def k(self) -> int:
        """How many studies."""
        return int(self.y.size)

    def has_moment(self, order: int) -> bool:
        """Say whether the moment of this order of tau, and with it of mu, exists.

        For large tau the likelihood falls as ``tau^(1-k)`` (``tau^-k`` with a normal prior for mu) and
        the prior as ``tau^-tail``; the log-t prior's ``1 / tau`` has a power of ``log tau`` beside it
        that makes the limiting case converge.
        """
        power = self.k - (0 if self.mu_prior else 1) + self.prior.tail
        return power > order + 1 or (self.prior.tail == 1.0 and power == order + 1)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of normals: a posterior given as its parts.

    Attributes
    ----------
    weight, mean, sd : ``(n,)`` of each part; the weights sum to 1
    """

    weight: FloatArray
    mean: FloatArray
    sd: FloatArray

    def below(self, x: float) -> float:
        """Return the probability below ``x``."""
        return float(self.weight @ ndtr((x - self.mean) / self.sd))

    def density(self, x: FloatArray) -> FloatArray:
        """Return the density at ``x``, ``(m,)``."""
        z = (np.asarray(x, dtype=float)[:, None] - self.mean) / self.sd
        return np.asarray(np.exp(-0.5 * z**2) @ (self.weight / self.sd) / np.sqrt(2 * pi))

    def quantile(self, p: float) -> float:
        """Return the value below which the probability is ``p``."""
        low, high = self._bracket(p)
        x = 0.5 * (low + high)
        for _ in range(200):
            error = self.below(x) - p
            low, high = (x, high) if error < 0 else (low, x)
            slope = float(self.density(np.array([x]))[0])
            step = -error / slope if slope > 0 else inf
            new = x + step
            if not low < new < high:
                new = 0.5 * (low + high)
            if abs(new - x) <= 1e-15 * max(abs(x), float(self.sd.min())):
                break
            x = new
        return x

    def _bracket(self, p: float) -> tuple[float, float]:
        centre, width = float(self.weight @ self.mean), float(self.sd.min())
        low, high = centre - width, centre + width
        while self.below(low) > p:
            width *= 2
            low -= width
        while self.below(high) < p:
            width *= 2
            high += width
        return low, high

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation, over the parts there are."""
        mean = float(self.weight @ self.mean)
        return mean, float(np.sqrt(self.weight @ (self.sd**2 + (self.mean - mean) ** 2)))


@dataclass(frozen=True, eq=False)
class TauPosterior:
    """The posterior of tau on its quadrature.

    Attributes
    ----------
    data : what it was made from
    edges : ``(panels + 1,)`` of the panels, in log tau
    tau, weight : ``(n,)`` nodes, and posterior probability at each
    log_evidence : log of prior times likelihood, integrated over mu and tau
    """

    data: Data
    edges: FloatArray
    tau: FloatArray
    weight: FloatArray
    log_evidence: float

    def density(self, tau: FloatArray) -> FloatArray:
        """Return the density at ``tau``, ``(m,)``."""
        tau = np.asarray(tau, dtype=float)
        with np.errstate(all="ignore"):
            return np.exp(
                self.data.prior.log_density(tau) + log_likelihood(self.data, tau) - self.log_evidence
            )

    def below(self, tau: float) -> float:
        """Return the probability below ``tau``."""
        if tau <= 0:
            return 0.0
        u = log(tau)
        panel = int(np.clip(np.searchsorted(self.edges, u) - 1, 0, self.edges.size - 2))
        whole = float(self.weight[: panel * _NODES].sum())
        return min(1.0, whole + self._part(float(self.edges[panel]), u))

    def _part(self, low: float, high: float) -> float:
        """Integrate from ``low`` to ``high``, in log tau, within one panel."""
        if high <= low:
            return 0.0
        u, w = _legendre(np.array([low, high]))
        return float(w @ (self.density(np.exp(u)) * np.exp(u)))

    def quantile(self, p: float) -> float:
        """Return the value below which the probability is ``p``."""
        if p <= 0:
            return self.data.prior.low
        sums = self.weight.reshape(-1, _NODES).sum(axis=1).cumsum()
        panel = min(int(np.searchsorted(sums, p)), sums.size - 1)
        wanted = p - (float(sums[panel - 1]) if panel else 0.0)
        start, low, high = (float(self.edges[panel + i]) for i in (0, 0, 1))
        u = 0.5 * (low + high)
        for _ in range(100):
            error = self._part(start, u) - wanted
            low, high = (u, high) if error < 0 else (low, u)
            slope = float(self.density(np.array([exp(u)]))[0]) * exp(u)
            new = u - error / slope if slope > 0 else inf
            new = new if low < new < high else 0.5 * (low + high)
            if abs(new - u) < 1e-14:
                break
            u = new
        return exp(u)


@lru_cache(maxsize=4)
def _rule(nodes: int) -> tuple[FloatArray, FloatArray]:
    x, w = np.polynomial.legendre.leggauss(nodes)
    return x, w


def _legendre(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of Gauss-Legendre quadrature on each panel, one after the other."""
    x, w = _rule(_NODES)
    half = 0.5 * np.diff(edges)[:, None]
    middle = 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (middle + half * x).ravel(), (half * w).ravel()


def log_likelihood(data: Data, tau: FloatArray) -> FloatArray:
    """Return the log-likelihood of tau with mu integrated out, ``(n,)``.

    With a uniform prior for mu that is the restricted likelihood (Röver 2020, equation 9); a normal
    prior enters like one more study, without between-study variance.
    """
    total, _, spread, constant = _sums(data, tau)
    return constant + 0.5 * np.log(2 * pi / total) - 0.5 * spread


def conditional(data: Data, tau: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of mu given tau, ``(n,)`` each (Röver 2020, equation 13)."""
    total, mean, _, _ = _sums(data, tau)
    return mean, 1 / np.sqrt(total)


def _sums(data: Data, tau: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return sum of weights, weighted mean, weighted squares about it, and the normal constants."""
    variance = data.v[:, None] + np.asarray(tau, dtype=float) ** 2
    y = np.broadcast_to(data.y[:, None], variance.shape)
    if data.mu_prior is not None:
        extra = np.full((1, variance.shape[1]), data.mu_prior.sd**2)
        variance = np.concatenate([variance, extra])
        y = np.concatenate([y, np.full_like(extra, data.mu_prior.mean)])
    w = 1 / variance
    total = w.sum(axis=0)
    mean = (w * y).sum(axis=0) / total
    return total, mean, (w * (y - mean) ** 2).sum(axis=0), -0.5 * np.log(2 * pi * variance).sum(axis=0)


def posterior_of_tau(
    data: Data, likelihood: Callable[[Data, FloatArray], FloatArray] = log_likelihood
) -> TauPosterior:
    """Lay the panels where the posterior has its mass, and integrate.

    Parameters
    ----------
    data
        Estimates, variances and priors.
    likelihood
        Log-likelihood of tau.
    """

    def in_log_tau(u: FloatArray) -> FloatArray:
        tau = np.exp(u)
        return data.prior.log_density(tau) + likelihood(data, tau) + u

    unit = log(float(np.sqrt(data.v.min())))
    low = max(unit + _LOWEST, log(data.prior.low) if data.prior.low > 0 else -inf)
    high = min(unit + _HIGHEST, log(data.prior.high) if isfinite(data.prior.high) else inf)
    edges = np.linspace(low, high, _PANELS + 1)
    for _ in range(3):
        u, w = _legendre(edges)
        value = in_log_tau(u)
        inside = np.flatnonzero(value > value.max() - _NEGLIGIBLE)
        first, last = max(inside[0] // _NODES - 1, 0), min(inside[-1] // _NODES + 2, _PANELS)
        edges = np.linspace(edges[first], edges[last], _PANELS + 1)
    edges = _with_tails(edges, low, high, data.prior)
    u, w = _legendre(edges)
    value = in_log_tau(u)
    top = value.max()
    mass = w * np.exp(value - top)
    return TauPosterior(data, edges, np.exp(u), mass / mass.sum(), float(top + log(mass.sum())))


def _with_tails(edges: FloatArray, low: float, high: float, prior: Prior) -> FloatArray:
    """Go on in ever longer panels where there is still mass at the ends of what was looked at.

    That is so for priors that fall as a power of log tau, and there only.
    """
    reach = np.cumsum(2.0 ** np.arange(9))
    before = edges[0] - reach[::-1] if edges[0] == low and prior.low == 0 else reach[:0]
    after = edges[-1] + reach[:8] if edges[-1] == high and not isfinite(prior.high) else reach[:0]
    return np.concatenate([before, edges, after])


def effect_posterior(found: TauPosterior) -> Mixture:
    """Return the posterior of mu."""
    mean, sd = conditional(found.data, found.tau)
    return Mixture(found.weight, mean, sd)


def predictive(found: TauPosterior) -> Mixture:
    """Return the distribution of the effect in a new setting: ``mu`` with ``tau2`` added to its variance."""
    mean, sd = conditional(found.data, found.tau)
    return Mixture(found.weight, mean, np.hypot(sd, found.tau))


def shrunken(found: TauPosterior, i: int) -> Mixture:
    """Return the posterior of the true effect of study ``i`` (Röver 2020, section 2.7)."""
    mean, sd = conditional(found.data, found.tau)
    y, v = float(found.data.y[i]), float(found.data.v[i])
    pulled = v / (v + found.tau**2)
    spread = found.tau**2 * pulled + (pulled * sd) ** 2
    return Mixture(found.weight, pulled * mean + (1 - pulled) * y, np.sqrt(spread))


def log_evidence_at(data: Data, mu: float) -> float:
    """Return the log of prior times likelihood integrated over tau, with mu fixed at a value."""

    def fixed(data: Data, tau: FloatArray) -> FloatArray:
        variance = data.v[:, None] + tau**2
        square = (data.y[:, None] - mu) ** 2 / variance
        return np.asarray(-0.5 * (np.log(2 * pi * variance) + square).sum(axis=0))

    return posterior_of_tau(data, fixed).log_evidence
