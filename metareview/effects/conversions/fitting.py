"""Quantile estimation: the distribution whose quantiles lie nearest to those that were printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaincinv, gamma, gammaincinv, ndtri

from metareview.effects.model import FloatArray


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted distribution.

    Attributes
    ----------
    family : its name
    mean, sd : its moments
    distance : sum of squared distances between printed and fitted quantiles
    """

    family: str
    mean: float
    sd: float
    distance: float


@dataclass(frozen=True, slots=True)
class _Family:
    """A positive distribution with two parameters, searched by their logs (log-normal: mu itself).

    ``start`` gives parameters from a rough mean and standard deviation, ``quantiles`` inverts the
    distribution function, ``moments`` gives mean and standard deviation.
    """

    name: str
    start: Callable[[float, float], tuple[float, float]]
    quantiles: Callable[[FloatArray, FloatArray], FloatArray]
    moments: Callable[[FloatArray], tuple[float, float]]


def _log_normal_start(mean: float, sd: float) -> tuple[float, float]:
    spread = np.log1p((sd / mean) ** 2)
    return float(np.log(mean) - spread / 2), float(np.log(spread) / 2)


def _log_normal_quantiles(x: FloatArray, p: FloatArray) -> FloatArray:
    return np.asarray(np.exp(x[0] + np.exp(x[1]) * ndtri(p)), dtype=float)


def _log_normal_moments(x: FloatArray) -> tuple[float, float]:
    mu, variance = float(x[0]), float(np.exp(2 * x[1]))
    mean = float(np.exp(mu + variance / 2))
    return mean, mean * float(np.sqrt(np.expm1(variance)))


def _gamma_start(mean: float, sd: float) -> tuple[float, float]:
    return 2 * float(np.log(mean / sd)), float(np.log(sd**2 / mean))


def _gamma_quantiles(x: FloatArray, p: FloatArray) -> FloatArray:
    return np.asarray(np.exp(x[1]) * gammaincinv(np.exp(x[0]), p), dtype=float)


def _gamma_moments(x: FloatArray) -> tuple[float, float]:
    shape, scale = np.exp(x)
    return float(shape * scale), float(np.sqrt(shape) * scale)


def _weibull_start(mean: float, sd: float) -> tuple[float, float]:
    shape = float(np.clip((sd / mean) ** -1.086, 0.1, 50))  # Justus 1978
    return float(np.log(shape)), float(np.log(mean / gamma(1 + 1 / shape)))


def _weibull_quantiles(x: FloatArray, p: FloatArray) -> FloatArray:
    return np.asarray(np.exp(x[1]) * (-np.log1p(-p)) ** np.exp(-x[0]), dtype=float)


def _weibull_moments(x: FloatArray) -> tuple[float, float]:
    shape, scale = np.exp(x)
    first, second = gamma(1 + 1 / shape), gamma(1 + 2 / shape)
    return float(scale * first), float(scale * np.sqrt(max(second - first**2, 0.0)))


def _beta_start(mean: float, sd: float) -> tuple[float, float]:
    size = max(mean * (1 - mean) / sd**2 - 1, 0.1)
    return float(np.log(mean * size)), float(np.log((1 - mean) * size))


def _beta_quantiles(x: FloatArray, p: FloatArray) -> FloatArray:
    return np.asarray(betaincinv(np.exp(x[0]), np.exp(x[1]), p), dtype=float)


def _beta_moments(x: FloatArray) -> tuple[float, float]:
    a, b = np.exp(x)
    return float(a / (a + b)), float(np.sqrt(a * b / (a + b + 1)) / (a + b))


_POSITIVE = (
    _Family("log-normal", _log_normal_start, _log_normal_quantiles, _log_normal_moments),
    _Family("gamma", _gamma_start, _gamma_quantiles, _gamma_moments),
    _Family("Weibull", _weibull_start, _weibull_quantiles, _weibull_moments),
)
_BETA = _Family("beta", _beta_start, _beta_quantiles, _beta_moments)


def fit_quantiles(probabilities: Sequence[float], values: Sequence[float]) -> Fit:
    """Fit every family that the values allow, and keep the nearest.

    Parameters
    ----------
    probabilities, values
        ``(m,)`` where the printed quantiles stand, and what they are.

    Notes
    -----
    McGrath 2020: least squares on the quantiles; values at or below 0 leave the normal alone, and
    the beta distribution needs values below 1.
    """
    p, v = np.asarray(probabilities, dtype=float), np.asarray(values, dtype=float)
    fits = [_normal(p, v)]
    if v.min() > 0:
        families = (*_POSITIVE, _BETA) if v.max() < 1 else _POSITIVE
        fits += [_least_squares(family, p, v, fits[0]) for family in families]
    return min((f for f in fits if np.isfinite([f.mean, f.sd, f.distance]).all()), key=lambda f: f.distance)


def _normal(p: FloatArray, v: FloatArray) -> Fit:
    """Fit mean and standard deviation by a straight line through the normal quantiles."""
    z = ndtri(p)
    slope = float(np.sum((z - z.mean()) * (v - v.mean())) / np.sum((z - z.mean()) ** 2))
    mean = float(v.mean() - slope * z.mean())
    return Fit("normal", mean, slope, float(np.sum((v - mean - slope * z) ** 2)))


def _least_squares(family: _Family, p: FloatArray, v: FloatArray, rough: Fit) -> Fit:
    from scipy.optimize import least_squares

    unit = float(
        v.max()
    )  # the search goes on in units of the largest value, so that its scale does not matter
    scaled = v if family is _BETA else v / unit

    def apart(x: FloatArray) -> Any:
        with np.errstate(all="ignore"):
            return np.nan_to_num(family.quantiles(x, p) - scaled, nan=1e3, posinf=1e3, neginf=-1e3)

    scale = 1.0 if family is _BETA else unit
    start = family.start(max(rough.mean, float(v.min())) / scale, max(rough.sd, 1e-6 * unit) / scale)
    found = least_squares(apart, start, xtol=1e-12, ftol=1e-12, gtol=1e-12, max_nfev=500)
    with np.errstate(all="ignore"):
        mean, sd = family.moments(found.x)
    return Fit(family.name, mean * scale, sd * scale, float(2 * found.cost) * scale**2)
