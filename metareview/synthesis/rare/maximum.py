"""The maximum of a likelihood with one random effect per study, found whatever the data.

With tau fixed the log-likelihood is concave in mean and intercepts (Prékopa), so Newton's method is
safe there; in tau it need not be, so a coarse profile comes first and the best point is polished.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log, nan

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.rare.kernels import Kernel
from metareview.synthesis.rare.quadrature import Integral, Place, integrate

_PROFILE = np.array([0.1, 0.3, 0.8, 2.0, 5.0])
_SHRINK = (1.0, 0.5, 0.25, 0.1, 0.02, 0.004)
_LONGEST_STEP = 2.0
_LARGEST_TAU = 60.0
_UNSEEN_TAU = 6.0  # where no study is inside its limits, no data tell larger ones apart


@dataclass(frozen=True, eq=False, slots=True)
class Maximum:
    """Where a likelihood is largest.

    Attributes
    ----------
    mu, se : mean effect and its standard error from the information on all parameters
    tau, tau_se : between-study standard deviation; its error is NaN at 0
    log_likelihood : constants included
    q_lrt, q_wald : tests that all effects are equal: likelihood ratio, and Wald over finite estimates
    finite : how many studies have a finite estimate of their own
    order : of the quadrature
    place : the point itself; None where there is no maximum
    """

    mu: float
    se: float
    tau: float
    tau_se: float
    log_likelihood: float
    q_lrt: float
    q_wald: float
    finite: int
    order: int
    place: Place | None = None


def maximise(kernel: Kernel, order: int, *, random: bool = True) -> Maximum:
    """Maximise a marginal likelihood over mean, between-study deviation and intercepts.

    Parameters
    ----------
    kernel
        The studies; those that say nothing (likelihood flat in the effect) must be left out.
    order
        Of the quadrature.
    random
        Whether effects differ between studies; otherwise tau is 0.

    Returns
    -------
    Maximum
        ``mu`` is minus or plus infinity where the likelihood rises without end in that direction, and
        NaN where it has no maximum: with ``tau`` infinite when it rises with tau, finite when it is too
        flat there for a standard error.
    """
    infinite = _direction(kernel)
    if infinite is not None:
        return Maximum(infinite, nan, nan, nan, nan, nan, nan, 0, order)
    value, place = common, at_zero = _fixed(kernel)
    if random:
        value, place = _climbed(kernel, order, _profiled(kernel, order, at_zero), with_tau=True)
        if value <= common + 1e-9:
            value, place = common, at_zero
    if _rises_with_tau(kernel, value, float(place.tau[0])):
        return Maximum(nan, nan, inf, nan, nan, nan, nan, 0, order)
    found = _described(kernel, order, place, value, common)
    return found if isfinite(found.se) else Maximum(nan, nan, found.tau, nan, nan, nan, nan, 0, order)


def _direction(kernel: Kernel) -> float | None:
    """Say whether every study's likelihood rises towards the same infinity."""
    if kernel.falling.all():
        return -inf
    return inf if kernel.rising.all() else None


def _rises_with_tau(kernel: Kernel, value: float, tau: float) -> bool:
    """Say whether an ever larger tau fits as well as any: only where no study is inside its limits."""
    if not (kernel.falling | kernel.rising).all():
        return False
    down, k = int(np.count_nonzero(kernel.falling)), kernel.k
    limit = kernel.supremum.sum() + sum(n * log(n / k) for n in (down, k - down) if n)
    return bool(value <= limit + 1e-5 or tau > _UNSEEN_TAU)


def _fixed(kernel: Kernel) -> tuple[float, Place]:
    """Maximise with tau at 0."""
    alpha = None if kernel.intercept is None else kernel.intercept[None, :]
    place = Place(np.array([_start(kernel)]), np.zeros(1), alpha)
    return _climbed(kernel, 1, place, with_tau=False)


def _profiled(kernel: Kernel, order: int, at_zero: Place) -> Place:
    """Give the best of a few values of tau, mean and intercepts following roughly."""
    many = np.ones((_PROFILE.size, 1))
    alpha = None if at_zero.alpha is None else many * at_zero.alpha
    place = Place(many[:, 0] * at_zero.mu, _PROFILE, alpha)
    for _ in range(4):
        current = integrate(kernel, place, order)
        step, inner = _newton(current, with_tau=False)
        place = _moved(place, current, step, inner, 1.0)
        if np.max(np.abs(step)) < 0.05:
            break
    found = integrate(kernel, place, order)
    best = int(np.argmax(found.value.sum(axis=1)))
    one = slice(best, best + 1)
    alpha = None if place.alpha is None else place.alpha[one]
    return Place(place.mu[one], place.tau[one], alpha, found.mode[one])


def _start(kernel: Kernel) -> float:
    finite = np.isfinite(kernel.own) & (kernel.information > 0)
    if not finite.any():
        return 0.0
    w = kernel.information[finite]
    return float((w * kernel.own[finite]).sum() / w.sum())


def _climbed(kernel: Kernel, order: int, place: Place, *, with_tau: bool) -> tuple[float, Place]:
    """Climb to the maximum from one point by Newton's method, a step being shortened until it gains."""
    current = integrate(kernel, place, order)
    value = float(current.value.sum())
    for _ in range(100):
        step, inner = _newton(current, with_tau=with_tau)
        for shrink in _SHRINK:
            new = _moved(place, current, step, inner, shrink)
            found = integrate(kernel, new, order)
            total = float(found.value.sum())
            if total >= value - 1e-12 * abs(value):
                break
        else:
            return value, place
        place, current, value = new, found, total
        if shrink * np.max(np.abs(step)) < 1e-8 or place.tau[0] > _LARGEST_TAU:
            break
    return value, place


def _newton(integral: Integral, *, with_tau: bool) -> tuple[FloatArray, FloatArray | None]:
    """Return the ascent steps in ``(mu, tau)``, ``(2, P)``, and in the intercepts, ``(P, k)``."""
    gradient, hessian = _reduced(integral)
    points = gradient.shape[1]
    step = np.zeros((2, points))
    if with_tau:
        values, vectors = np.linalg.eigh(np.moveaxis(hessian, -1, 0))
        values = -np.maximum(np.abs(values), 1e-10)
        along = np.einsum("pij,ip->jp", vectors, gradient)
        step = -np.einsum("pij,jp->ip", vectors, along / values.T)
    else:
        step[0] = gradient[0] / np.maximum(-hessian[0, 0], 1e-10)
    step = np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
    if integral.gradient.shape[0] == 2:
        return step, None
    cross = integral.hessian[:2, 2]
    inner = -(integral.gradient[2] + (cross * step[:, :, None]).sum(axis=0)) / _curve(integral)
    return step, np.clip(inner, -_LONGEST_STEP, _LONGEST_STEP)


def _reduced(integral: Integral) -> tuple[FloatArray, FloatArray]:
    """Sum over studies with the intercepts eliminated (Schur complement)."""
    gradient, hessian = integral.gradient[:2], integral.hessian[:2, :2]
    if integral.gradient.shape[0] == 3:
        cross, curve = integral.hessian[:2, 2], _curve(integral)
        gradient = gradient - cross * integral.gradient[2] / curve
        hessian = hessian - cross[:, None] * cross[None, :] / curve
    return gradient.sum(axis=-1), hessian.sum(axis=-1)


def _curve(integral: Integral) -> FloatArray:
    return np.asarray(np.minimum(integral.hessian[2, 2], -1e-12))


def _moved(place: Place, at: Integral, step: FloatArray, inner: FloatArray | None, shrink: float) -> Place:
    alpha = place.alpha
    if alpha is not None and inner is not None:
        alpha = alpha + shrink * inner
    return Place(place.mu + shrink * step[0], np.abs(place.tau + shrink * step[1]), alpha, at.mode)


def _described(kernel: Kernel, order: int, place: Place, value: float, common: float) -> Maximum:
    """Take standard errors from the information, and the tests of homogeneity."""
    _, hessian = _reduced(integrate(kernel, place, order))
    h, tau = hessian[:, :, 0], float(place.tau[0])
    if tau > 0:
        determinant = h[0, 0] * h[1, 1] - h[0, 1] ** 2
        variances = (-h[1, 1] / determinant, -h[0, 0] / determinant)
    else:
        variances = (-1 / h[0, 0], nan)
    finite = np.isfinite(kernel.own) & (kernel.information > 0)
    w, own = kernel.information[finite], kernel.own[finite]
    centre = (w * own).sum() / w.sum() if finite.any() else 0.0
    return Maximum(
        mu=float(place.mu[0]), se=_root(variances[0]), tau=tau, tau_se=_root(variances[1]),
        log_likelihood=value, q_lrt=max(0.0, 2 * float(kernel.supremum.sum() - common)),
        q_wald=float((w * (own - centre) ** 2).sum()), finite=int(np.count_nonzero(finite)),
        place=place, order=order,
    )  # fmt: skip


def _root(variance: float) -> float:
    return float(np.sqrt(variance)) if variance > 0 else nan
