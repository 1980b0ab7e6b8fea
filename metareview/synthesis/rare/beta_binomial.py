"""Beta-binomial models: the risks of an arm differ between studies as a beta distribution has it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, nan, sqrt

import numpy as np
from scipy.special import chdtrc, expit, gammaln, xlogy

from metareview.effects import Effects, FloatArray
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, synthesis_from
from metareview.synthesis.rare.counts import OneArm, TwoArms, one_arm, two_arms
from metareview.synthesis.rare.direction import endless, endless_sentence
from metareview.synthesis.rare.kernels import log_choose
from metareview.synthesis.rare.mixed import need_measure
from metareview.synthesis.rare.surface import Peak, climb

_RECIPE = Recipe(
    "betabin",
    "none",
    "wald",
    "Beta-binomial model: arms without events, also of both arms of a study, enter as they are and count.",
    "Kuss 2015, Stat Med 34:1097",
)
_LARGE = 15.0  # from here on Stirling's series gives fourteen digits
_SMALL_SHARE = 0.02  # up to here eight terms of the series give sixteen
_BEYOND = 40.0
_SMALLEST = 1e-4


def pool_beta_binomial(effects: Effects, *, level: float = 0.95) -> Synthesis:
    """Fit the beta-binomial model by maximum likelihood, to two arms or to one.

    The events of arm j of study i are beta-binomial with mean risk ``p_j`` and one correlation rho
    within arms; ``logit p_1 - logit p_2`` is the log odds ratio. For single arms (PLO) it is
    ``logit p``, the logit of the mean risk. Every study counts, also those without any event.

    Parameters
    ----------
    effects
        Of the measure OR, or PLO for single arms, with their counts.
    level
        Of the interval, a fraction.

    Raises
    ------
    SynthesisError
        For another measure, and when no study has counts.
    """
    need_measure(effects, ("OR", "PLO"), _RECIPE.model)
    if effects.measure.code == "PLO":
        arm = one_arm(effects)
        return synthesis_from(effects, _one_armed(arm), _RECIPE, level)
    return synthesis_from(effects, _two_armed(two_arms(effects)), _RECIPE, level)


def _two_armed(arms: TwoArms) -> Finding:
    direction = endless(arms)
    if direction is not None:
        return Finding(arms.inside, direction, nan, None, notes=(endless_sentence(direction),))
    x, n = np.stack([arms.x1, arms.x2]), np.stack([arms.n1, arms.n2])
    rates = x.sum(axis=1) / n.sum(axis=1)
    start = np.log(rates / (1 - rates))
    silent = np.flatnonzero(arms.inside)[arms.silent].tolist()
    found = _fit(x, n, np.array([start[1], start[0] - start[1]]), arms.inside)
    notes = (
        "The odds ratio compares mean risks over all studies (a marginal odds ratio); which arms belong to "
        "one study is not used.",
        *found.notes,
    )
    counted = dict.fromkeys(silent, "Not estimable by itself; its counts enter the model.")
    return Finding(
        arms.inside, found.estimate, found.se, None, details=found.details, notes=notes, study_notes=counted
    )


def _one_armed(arm: OneArm) -> Finding:
    total = float(arm.x.sum())
    if total in (0.0, float(arm.n.sum())):
        what = "no event" if total == 0 else "nothing but events"
        note = (
            f"The likelihood has no finite maximum: the studies have {what}, so that the logit is infinite."
        )
        return Finding(arm.inside, -inf if total == 0 else inf, nan, None, notes=(note,))
    rate = total / float(arm.n.sum())
    found = _fit(arm.x[None], arm.n[None], np.array([np.log(rate / (1 - rate))]), arm.inside)
    note = (
        "The result is the logit of the mean risk, which lies nearer 50% than the mean logit of other models."
    )
    return Finding(
        arm.inside, found.estimate, found.se, None, details=found.details, notes=(note, *found.notes)
    )


def _fit(x: FloatArray, n: FloatArray, start: FloatArray, inside: np.ndarray) -> Finding:
    """Maximise over the logits and the overdispersion; compare with the binomial model."""
    surface = likelihood(x, n)
    peaks = [climb(surface, np.append(start, s)) for s in (0.1, 0.5)]
    peak = max(peaks, key=lambda p: (p.converged, p.value))

    def plain(points: FloatArray) -> FloatArray:
        return surface(np.column_stack([points, np.zeros(points.shape[0])]))

    binomial = climb(plain, start)
    if binomial.value >= peak.value - 1e-8:
        curvature = np.zeros((start.size + 1, start.size + 1))
        curvature[:-1, :-1] = binomial.curvature
        peak = Peak(np.append(binomial.at, 0.0), binomial.value, curvature, binomial.converged)
    which = start.size - 1
    estimate, se = float(peak.at[which]), _error(peak, which)
    if not (peak.converged and isfinite(se) and np.all(np.abs(peak.at) < _BEYOND)):
        return Finding(inside, nan, nan, None, notes=("The likelihood has no maximum within reach.",))
    theta = float(peak.at[-1]) ** 2
    ratio = max(0.0, 2 * (peak.value - binomial.value))
    p = 0.5 * float(chdtrc(1, ratio)) if ratio > 0 else 1.0
    rho = theta / (1 + theta)
    said = (
        f"Correlation within arms {rho:.3g}; test that the risks of an arm do not differ between studies: "
        f"likelihood ratio {ratio:.2f}, p = {p:.3g} (a mixture of chi2 on 0 and 1 df).",
    )
    details = {"log_likelihood": peak.value, "rho": rho, "q_overdispersion": ratio, "q_overdispersion_p": p}
    return Finding(inside, estimate, se, None, details=details, notes=said)


def likelihood(x: FloatArray, n: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return the log-likelihood, points ``(P, D)``: intercept, log odds ratio (two arms), ``s``.

    ``s² = 1 / (alpha + beta) = rho / (1 - rho)``: even in ``s``, and the binomial model at 0.

    Parameters
    ----------
    x, n
        ``(arms, k)`` events and participants; the first arm carries the log odds ratio.
    """
    constant = float(log_choose(n, x).sum())

    def surface(points: FloatArray) -> FloatArray:
        eta = (
            points[:, :1]
            if x.shape[0] == 1
            else np.stack([points[:, 0] + points[:, 1], points[:, 0]], axis=1)
        )
        scale = 1.0 / np.maximum(points[:, -1] ** 2, 1e-12)[:, None]
        p, q = expit(eta)[:, :, None], expit(-eta)[:, :, None]
        whole = scale[:, :, None]
        a, b = p * whole, q * whole
        near = xlogy(x, p) + xlogy(n - x, q) + _excess(a, x) + _excess(b, n - x) - _excess(whole, n)
        far = _log_beta(a + x, b + n - x) - _log_beta(a, b)
        return np.asarray(np.where(whole > n, near, far).sum(axis=(1, 2)) + constant)

    return surface


def _excess(a: FloatArray, x: FloatArray) -> FloatArray:
    """Return ``log Γ(a + x) - log Γ(a) - x log a``, small where ``a`` is large and exact there.

    By Stirling's formula it is ``a ((1 + y) log(1 + y) - y) - log(1 + y) / 2 + R(a + x) - R(a)`` with
    ``y = x / a``; a difference of log-gammas would lose as many digits as there are participants.
    """
    y = x / a
    small = np.minimum(y, _SMALL_SHARE)
    series = sum((-1) ** m * small**m / (m * (m - 1)) for m in range(2, 10))
    bulk = np.where(y < _SMALL_SHARE, series, (1 + y) * np.log1p(y) - y)
    return np.asarray(a * bulk - 0.5 * np.log1p(y) + _remainder(a + x) - _remainder(a))


def _log_beta(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the log of the beta function, by Stirling's formula with its large terms cancelled."""
    whole = a + b
    bulk = a * np.log(a / whole) + b * np.log(b / whole) + 0.5 * (np.log(whole / a) - np.log(b))
    rest = _remainder(a) + _remainder(b) - _remainder(whole)
    return np.asarray(bulk + rest + 0.5 * np.log(2 * np.pi))


def _remainder(z: FloatArray) -> FloatArray:
    """Return what Stirling's formula for ``log Γ(z)`` leaves."""
    large = np.maximum(z, _LARGE)
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / large**2) / large**2) / large**2) / large
    small = np.minimum(z, _LARGE)
    direct = gammaln(small) - (small - 0.5) * np.log(small) + small - 0.5 * np.log(2 * np.pi)
    return np.asarray(np.where(z >= _LARGE, series, direct))


def _error(peak: Peak, which: int) -> float:
    free = [*range(peak.at.size - 1), *([peak.at.size - 1] if abs(peak.at[-1]) > _SMALLEST else [])]
    try:
        variance = float(np.linalg.inv(-peak.curvature[np.ix_(free, free)])[which, which])
    except np.linalg.LinAlgError:
        return nan
    return sqrt(variance) if variance > 0 else nan
