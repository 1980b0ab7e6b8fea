"""Adaptive Gauss-Hermite quadrature over one random effect per study, many parameter points at once.

Pinheiro & Bates 1995, J Comput Graph Stat 4:12: the nodes are put around the mode of each study's
integrand and scaled by its curvature there; order 1 is Laplace's approximation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.rare.kernels import Kernel

_LOG_ROOT_PI = 0.5 * np.log(np.pi)


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """Points of the parameter space.

    Attributes
    ----------
    mu, tau : ``(P,)`` mean effect and between-study standard deviation
    alpha : ``(P, k)`` intercepts, None where the kernel has none
    mode : ``(P, k)`` where to look first for the modes of the integrands, None when nothing is known
    """

    mu: FloatArray
    tau: FloatArray
    alpha: FloatArray | None = None
    mode: FloatArray | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Integral:
    """The marginal log-likelihood of each study and its derivatives in ``(mu, tau[, alpha])``.

    Attributes
    ----------
    value : ``(P, k)``
    gradient : ``(D, P, k)``
    hessian : ``(D, D, P, k)``
    mode : ``(P, k)`` of each integrand in ``z``
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray
    mode: FloatArray


@lru_cache(maxsize=32)
def hermite(order: int) -> tuple[FloatArray, FloatArray]:
    """Return the nodes for a normal integrand, and their log weights with the integrand divided out."""
    x, w = np.polynomial.hermite.hermgauss(order)
    return np.sqrt(2.0) * x, np.log(w) + x**2 - _LOG_ROOT_PI


def integrate(kernel: Kernel, place: Place, order: int) -> Integral:
    """Integrate each study's likelihood over its effect ``mu + tau z`` with ``z`` standard normal.

    Derivatives are those of the integral itself (Fisher's and Louis's identities: posterior means and
    covariances over the nodes), so they are as exact as the quadrature.
    """
    nodes, logs = hermite(order)
    mu, tau = place.mu[:, None], place.tau[:, None]
    mode, scale = _mode(kernel, place)
    z = mode[:, None, :] + scale[:, None, :] * nodes[:, None]
    theta = mu[:, None, :] + tau[:, None, :] * z
    s = kernel.slopes(theta, None if place.alpha is None else place.alpha[:, None, :])
    exponent = s.h - 0.5 * z**2 + logs[:, None]
    top = exponent.max(axis=1, keepdims=True)
    weight = np.exp(exponent - top)
    total = weight.sum(axis=1)
    value = np.log(total) + top[:, 0, :] + np.log(scale)
    weight /= total[:, None, :]
    first = [s.t, s.t * z] if s.a is None else [s.t, s.t * z, s.a]
    second = {(0, 0): s.tt, (0, 1): s.tt * z, (1, 1): s.tt * z**2}
    if s.ta is not None and s.aa is not None:
        second |= {(0, 2): s.ta, (1, 2): s.ta * z, (2, 2): s.aa}
    return Integral(value, *_moments(weight, first, second), mode)


def _moments(
    weight: FloatArray, first: list[FloatArray], second: dict[tuple[int, int], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Average the derivatives over the nodes: ``E d`` and ``E dd' + Cov(d, d')``."""
    size = len(first)
    gradient = np.stack([(weight * d).sum(axis=1) for d in first])
    hessian = np.empty((size, size, *gradient.shape[1:]))
    for (i, j), d in second.items():
        mixed = (weight * (d + first[i] * first[j])).sum(axis=1)
        hessian[i, j] = hessian[j, i] = mixed - gradient[i] * gradient[j]
    return gradient, hessian


def _mode(kernel: Kernel, place: Place) -> tuple[FloatArray, FloatArray]:
    """Find the mode of each integrand, and its scale there.

    The mode solves ``z = tau h'(mu + tau z)``; as ``h'`` falls, it lies between 0 and ``tau h'(mu)``.
    """
    mu, tau, shape = place.mu[:, None], place.tau[:, None], (place.mu.shape[0], kernel.k)
    ends = tau * kernel.slopes(np.broadcast_to(mu, shape), place.alpha).t
    low, high = np.minimum(ends, 0.0), np.maximum(ends, 0.0)
    z = np.clip(np.zeros(shape) if place.mode is None else place.mode, low, high)
    s = kernel.slopes(mu + tau * z, place.alpha)
    for _ in range(80):
        slope, curve = tau * s.t - z, tau**2 * s.tt - 1.0
        low, high = np.where(slope > 0, z, low), np.where(slope > 0, high, z)
        new = z - slope / curve
        new = np.where((new < low) | (new > high), 0.5 * (low + high), new)
        moved = np.abs(new - z).max()
        z = new
        s = kernel.slopes(mu + tau * z, place.alpha)
        if moved < 1e-6:  # the next step would be of the order of its square
            break
    return z, 1.0 / np.sqrt(1.0 - tau**2 * s.tt)
