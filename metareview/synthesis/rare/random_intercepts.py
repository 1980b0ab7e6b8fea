"""UM.RS: intercepts and effects of the studies both random, by Laplace or Gauss-Hermite quadrature."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, nan, sqrt

import numpy as np
from scipy.special import expit, gammaln

from metareview.effects import Effects, FloatArray
from metareview.errors import SynthesisError
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, Spread, synthesis_from
from metareview.synthesis.rare.counts import TwoArms, two_arms
from metareview.synthesis.rare.direction import endless, endless_sentence
from metareview.synthesis.rare.kernels import Kernel, Slopes, log_choose
from metareview.synthesis.rare.maximum import Maximum, maximise
from metareview.synthesis.rare.mixed import checked_order, need_measure
from metareview.synthesis.rare.quadrature import hermite, integrate
from metareview.synthesis.rare.surface import Peak, climb

_RECIPE = Recipe(
    "um.rs",
    "ML",
    "wald",
    "Logistic (Poisson, for rates) mixed model with random intercepts and random effects: control risks are "
    "taken to be drawn from one distribution, which few studies need to estimate few parameters.",
    "Turner et al. 2000, Stat Med 19:3417; Stijnen et al. 2010, Stat Med 29:3046",
)
_LARGEST_LOG_MEAN = 300.0
_EXACT_ORDER = 21  # for a single dimension, and the highest for two
_BEYOND = 30.0  # a log odds ratio or a deviation no data can show
_SMALLEST = 1e-5
_OUT_OF_SIGHT = 12.0  # a log ratio that is on its way to infinity


def um_rs(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Fit the unconditional model with random intercepts and random effects, by maximum likelihood.

    ``logit p1 = a_i + theta_i / 2``, ``logit p2 = a_i - theta_i / 2`` (log rates for IRR), ``a_i`` and
    ``theta_i`` independent and normal. Studies without any event, or with nothing but events, are left
    out as metafor does by default; what counting them gives is in a note and in ``details``.

    Parameters
    ----------
    effects
        Of the measure OR or IRR, with their counts.
    level
        Of the interval, a fraction.
    order
        Of the quadrature in each of two dimensions; 1, Laplace's approximation, unless given.

    Raises
    ------
    SynthesisError
        For another measure or order, and when no study has counts.
    """
    need_measure(effects, ("OR", "IRR"), _RECIPE.model)
    order = checked_order(order, 1)
    if order > _EXACT_ORDER:
        raise SynthesisError(
            f"order is {order}; um.rs integrates over two dimensions, up to order {_EXACT_ORDER} in each."
        )
    everyone = two_arms(effects)
    arms = everyone.only(~everyone.silent)
    direction = endless(arms)
    if direction is not None:
        finding = Finding(arms.inside, direction, nan, None, notes=(endless_sentence(direction),))
        return synthesis_from(effects, finding, _RECIPE, level)
    return synthesis_from(effects, _finding(everyone, arms, order), _RECIPE, level)


def _finding(everyone: TwoArms, arms: TwoArms, order: int) -> Finding:
    peak = _peak(arms, order)
    if not _usable(peak):
        note = (
            "The likelihood has no maximum within reach (effect or deviations beyond any that data can show)."
        )
        return Finding(arms.inside, nan, nan, None, notes=(note,))
    k, tau = int(arms.x1.size), abs(float(peak.at[3]))
    q, wald = _homogeneity(arms, peak.at[:3]) if k > 1 else (nan, nan)
    details = {
        "log_likelihood": peak.value,
        "intercept": float(peak.at[0]),
        "intercept_sd": abs(float(peak.at[2])),
        "q_lrt": q,
        "q_wald": wald,
        "order": order,
    }
    notes = list(_sentences(q, wald, k, order))
    if everyone.silent.any():
        counted = _peak(everyone, order)
        if _usable(counted):
            details |= {"estimate_with_silent": float(counted.at[1]), "se_with_silent": _error(counted)}
            notes.append(_on_silent(everyone, counted))
    return Finding(
        arms.inside, float(peak.at[1]), _error(peak), Spread(q, k - 1, tau**2) if k > 1 else None,
        details=details, notes=tuple(notes),
        study_notes=dict.fromkeys(
            np.flatnonzero(everyone.inside)[everyone.silent].tolist(),
            "Both arms alike in having none or only events; left out of the model.",
        ),
    )  # fmt: skip


def _usable(peak: Peak) -> bool:
    return bool(peak.converged and np.all(np.abs(peak.at) < _BEYOND) and isfinite(_error(peak)))


def _sentences(q: float, wald: float, k: int, order: int) -> list[str]:
    said = []
    if k < 5:
        said.append(
            f"Only {k} {'study' if k == 1 else 'studies'}: maximum likelihood puts tau2 too low then."
        )
    if isfinite(q):
        said.append(
            f"Tests that all effects are equal: likelihood ratio {q:.2f} on {k - 1} df; Wald {wald:.2f}, "
            "over the studies whose own estimate is finite."
        )
    how = "Laplace's approximation" if order == 1 else f"Gauss-Hermite quadrature of order {order} by {order}"
    said.append(f"The likelihood was integrated by {how}.")
    return said


def _on_silent(everyone: TwoArms, counted: Peak) -> str:
    number = int(np.count_nonzero(everyone.silent))
    which = "study" if number == 1 else "studies"
    return (
        f"With the {number} {which} counted in which both arms have none or only events, the log "
        f"{'odds' if everyone.binary else 'rate'} ratio is {counted.at[1]:.3f} "
        f"(standard error {_error(counted):.3f})."
    )


def _peak(arms: TwoArms, order: int) -> Peak:
    """Climb with and without heterogeneity and take the higher; where they meet, try from further off."""
    surface, level = joint_likelihood(arms, (order, order)), _level(arms)
    flat = _without(surface, np.array([level, 0.0, 0.7]))
    near = [*flat.at[:2], max(abs(flat.at[2]), 0.1), 0.5] if flat.converged else [level, 0.0, 0.5, 0.5]
    for start in (near, [level, 0.0, 1.0, 1.5]):
        peak = climb(surface, np.array(start))
        if peak.converged and peak.value > flat.value + 1e-8:
            return peak
    return flat if flat.converged else peak


def _without(surface: Callable[[FloatArray], FloatArray], start: FloatArray) -> Peak:
    """Climb with tau at 0."""

    def flat(points: FloatArray) -> FloatArray:
        return surface(np.column_stack([points, np.zeros(points.shape[0])]))

    peak = climb(flat, start)
    curvature = np.zeros((4, 4))
    curvature[:3, :3] = peak.curvature
    return Peak(np.append(peak.at, 0.0), peak.value, curvature, peak.converged)


def _error(peak: Peak) -> float:
    """Return the standard error of mu from the information on all parameters that are not at 0."""
    free = [0, 1, *(i for i in (2, 3) if abs(peak.at[i]) > _SMALLEST)]
    try:
        variance = float(np.linalg.inv(-peak.curvature[np.ix_(free, free)])[1, 1])
    except np.linalg.LinAlgError:
        return nan
    return sqrt(variance) if variance > 0 else nan


def _homogeneity(arms: TwoArms, near: FloatArray) -> tuple[float, float]:
    """Return the likelihood-ratio and Wald tests against one fixed effect per study.

    Intercepts are random in both models; they are those of the second arm, as in metafor, whose tests
    these are.
    """
    kernel = _free_effects(arms)
    own = maximise(kernel, _EXACT_ORDER)
    common = _without(joint_likelihood(arms, (_EXACT_ORDER, 1)), near)
    return max(0.0, 2 * (own.log_likelihood - common.value)), _wald(kernel, own)


def _wald(kernel: Kernel, own: Maximum) -> float:
    """Return the weighted squares of the free effects about their mean, by their joint information."""
    if own.place is None or own.place.alpha is None:
        return nan
    hessian = -integrate(kernel, own.place, _EXACT_ORDER).hessian[:, :, 0]
    effect = own.place.alpha[0]
    finite = np.abs(effect) < _OUT_OF_SIGHT
    cross, shared = hessian[:2, 2, finite], hessian[:2, :2].sum(axis=-1)
    # sigma has no information on anything where it is 0
    free = [0, 1] if own.place.tau[0] > _SMALLEST else [0]
    lost = cross[free].T @ np.linalg.solve(shared[np.ix_(free, free)], cross[free])
    information = np.diag(hessian[2, 2, finite]) - lost
    ones = np.ones(int(finite.sum()))
    total = float(ones @ information @ ones)
    if not total > 0:  # no study's own effect is finite, or none says anything of it
        return nan
    away = effect[finite] - (ones @ information @ effect[finite]) / total
    return float(away @ information @ away)


def _level(arms: TwoArms) -> float:
    """Return the log odds, or log rate, of all arms together."""
    events, size = float((arms.x1 + arms.x2).sum()), float((arms.n1 + arms.n2).sum())
    return float(np.log(events / (size - events if arms.binary else size)))


def _free_effects(arms: TwoArms) -> Kernel:
    """Return the studies' likelihoods with the intercept in the part of the effect, the effect free."""
    one, two = _arms(arms)

    def slopes(theta: FloatArray, alpha: FloatArray | None) -> Slopes:
        assert alpha is not None
        (h1, r1, w1), (h2, r2, w2) = one(theta + alpha), two(theta)
        return Slopes(h1 + h2, r1 + r2, -w1 - w2, r1, -w1, -w1)

    nowhere, ones = np.zeros(arms.x1.shape, dtype=bool), np.ones(arms.x1.shape)
    ratio = np.log((arms.x1 + 0.5) / arms.n1) - np.log((arms.x2 + 0.5) / arms.n2)
    return Kernel(slopes, nowhere, nowhere, 0 * ones, np.full(arms.x1.shape, _level(arms)), ones, ratio)


def joint_likelihood(arms: TwoArms, order: tuple[int, int]) -> Callable[[FloatArray], FloatArray]:
    """Return the log-likelihood of UM.RS as a function of ``(a, mu, sigma, tau)``, points ``(P, 4)``.

    ``eta_1 = a + sigma z1 + (mu + tau z2) / 2`` and ``eta_2`` with a minus; ``z1, z2`` independent
    standard normal. The integral over both is taken by a product rule around the mode, turned and
    scaled by the curvature there; order (1, 1) is Laplace's approximation. Even in sigma and in tau.

    Parameters
    ----------
    arms
        The counts.
    order
        Of the rule, for the intercept and for the effect.
    """
    one, two = _arms(arms)
    (nodes1, logs1), (nodes2, logs2) = (hermite(n) for n in order)
    z1, z2 = (grid.ravel() for grid in np.meshgrid(nodes1, nodes2))
    weight = (logs1[None, :] + logs2[:, None]).ravel()

    def likelihood(points: FloatArray) -> FloatArray:
        a, mu, sigma, tau = (points[:, i, None] for i in range(4))
        m1, m2, root = _mode(one, two, (a, mu, sigma, tau))
        u1 = m1[:, None] + root[0][:, None] * z1[:, None]
        u2 = m2[:, None] + root[1][:, None] * z1[:, None] + root[2][:, None] * z2[:, None]
        base, half = a[:, None] + sigma[:, None] * u1, (mu[:, None] + tau[:, None] * u2) / 2
        exponent = one(base + half)[0] + two(base - half)[0] - 0.5 * (u1**2 + u2**2) + weight[:, None]
        top = exponent.max(axis=1)
        inside = np.log(np.exp(exponent - top[:, None]).sum(axis=1))
        return np.asarray((top + inside + np.log(root[0] * root[2])).sum(axis=1))

    return likelihood


Arm = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]


def _arms(arms: TwoArms) -> tuple[Arm, Arm]:
    """Return each arm's log-likelihood in its linear predictor, with slope and information."""
    arm = _binomial_arm if arms.binary else _poisson_arm
    return arm(arms.x1, arms.n1), arm(arms.x2, arms.n2)


def _binomial_arm(x: FloatArray, n: FloatArray) -> Arm:
    constant = log_choose(n, x)

    def arm(eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        p = expit(eta)
        return constant + x * eta - n * np.logaddexp(0.0, eta), x - n * p, n * p * (1 - p)

    return arm


def _poisson_arm(x: FloatArray, time: FloatArray) -> Arm:
    log_time, constant = np.log(time), -gammaln(x + 1)

    def arm(eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        eta = np.minimum(eta + log_time, _LARGEST_LOG_MEAN)
        mean = np.exp(eta)
        return constant + x * eta - mean, x - mean, mean

    return arm


def _mode(
    one: Arm, two: Arm, place: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray, FloatArray]]:
    """Find the mode of each integrand, and the root of the inverse curvature there (lower triangle)."""
    a, mu, sigma, tau = place

    def at(z1: FloatArray, z2: FloatArray) -> tuple[FloatArray, ...]:
        base, half = a + sigma * z1, (mu + tau * z2) / 2
        (h1, r1, w1), (h2, r2, w2) = one(base + half), two(base - half)
        value = h1 + h2 - 0.5 * (z1**2 + z2**2)
        slopes = sigma * (r1 + r2) - z1, tau * (r1 - r2) / 2 - z2
        w = w1 + w2
        return value, *slopes, sigma**2 * w + 1, sigma * tau * (w1 - w2) / 2, tau**2 * w / 4 + 1

    z1 = z2 = np.zeros(np.broadcast_shapes(a.shape, one(a)[0].shape))
    value, g1, g2, h11, h12, h22 = at(z1, z2)
    for _ in range(60):
        determinant = h11 * h22 - h12**2
        step1, step2 = (h22 * g1 - h12 * g2) / determinant, (h11 * g2 - h12 * g1) / determinant
        shrink = np.ones_like(z1)
        for _ in range(30):
            tried = at(z1 + shrink * step1, z2 + shrink * step2)
            worse = tried[0] < value - 1e-10
            if not worse.any():
                break
            shrink = np.where(worse, shrink / 2, shrink)
        z1, z2 = z1 + shrink * step1, z2 + shrink * step2
        value, g1, g2, h11, h12, h22 = tried
        if max(np.abs(step1).max(), np.abs(step2).max()) < 1e-6:
            break
    determinant = h11 * h22 - h12**2
    root11 = np.sqrt(h22 / determinant)
    return z1, z2, (root11, -h12 / np.sqrt(h22 * determinant), 1 / np.sqrt(h22))
