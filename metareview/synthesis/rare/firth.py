"""Firth's penalised logistic regression: a finite, nearly unbiased common odds ratio whatever the zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from metareview.effects import Effects, FloatArray, Interval
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, Spread, synthesis_from
from metareview.synthesis.rare.counts import TwoArms, two_arms
from metareview.synthesis.rare.kernels import log_choose, two_binomials
from metareview.synthesis.rare.maximum import maximise
from metareview.synthesis.rare.mixed import need_measure

_RECIPE = Recipe(
    "firth",
    "none",
    "penalised profile likelihood",
    "Firth's penalty removes the first-order bias of the odds ratio and keeps it finite when an arm has "
    "no events; one common effect is assumed.",
    "Firth 1993, Biometrika 80:27; Heinze & Schemper 2002, Stat Med 21:2409",
)
_FURTHEST = 1e3
_ON_INTERVAL = (
    "Interval and P value are from the penalised profile likelihood; the interval need not be symmetric."
)


def firth_logistic(effects: Effects, *, level: float = 0.95) -> Synthesis:
    """Fit study intercepts and a common log odds ratio, penalised by Jeffreys' prior.

    The interval and the P value are those of the penalised profile likelihood (Heinze & Schemper 2002).
    Studies without any event, or with nothing but events, bear on the ratio through the penalty alone
    and are left out.

    Parameters
    ----------
    effects
        Of the measure OR, with their counts.
    level
        Of the interval, a fraction.

    Raises
    ------
    SynthesisError
        For another measure, and when no study has counts.
    """
    need_measure(effects, ("OR",), _RECIPE.model)
    everyone = two_arms(effects)
    arms = everyone.only(~everyone.silent)
    silent = dict.fromkeys(
        np.flatnonzero(everyone.inside)[everyone.silent].tolist(),
        "Both arms alike in having none or only events; it says nothing of an odds ratio.",
    )
    if not arms.x1.size:
        note = "No study bears on the odds ratio: in each, both arms have no event or only events."
        return synthesis_from(effects, Finding(arms.inside, nan, nan, None, notes=(note,)), _RECIPE, level)
    top = _fit(arms, None)
    finding = Finding(
        arms.inside, top.mu, top.se, _spread(arms), ci=_interval(arms, top, level), study_notes=silent,
        p=_p(arms, top), details={"penalised_log_likelihood": top.value},
        notes=(_ON_INTERVAL,),
    )  # fmt: skip
    return synthesis_from(effects, finding, _RECIPE, level)


@dataclass(frozen=True, eq=False, slots=True)
class _Top:
    """A maximum of the penalised likelihood, over everything or with mu fixed."""

    mu: float
    se: float
    value: float
    alpha: FloatArray


def _fit(arms: TwoArms, mu: float | None, alpha: FloatArray | None = None) -> _Top:
    """Climb by Fisher scoring on Firth's modified score, a step being halved until it gains."""
    free = mu is None
    at = 0.0 if mu is None else mu
    if alpha is None:
        events, size = arms.x1 + arms.x2, arms.n1 + arms.n2
        alpha = np.log((events + 0.5) / (size - events + 0.5))
    state = _state(arms, at, alpha)
    for _ in range(200):
        step, inner = _scoring(arms, state, free=free)
        for shrink in (1.0, 0.5, 0.25, 0.1, 0.02):
            new = _state(arms, at + shrink * step, alpha + shrink * inner)
            if new.value >= state.value - 1e-13 * abs(state.value):
                break
        else:
            break
        at, alpha, state = at + shrink * step, alpha + shrink * inner, new
        if shrink * max(abs(step), float(np.abs(inner).max())) < 1e-10:
            break
    return _Top(at, 1 / sqrt(state.information), state.value, alpha)


@dataclass(frozen=True, eq=False, slots=True)
class _State:
    """The model at one point: risks, binomial weights, the information on mu, the penalised value."""

    p1: FloatArray
    p2: FloatArray
    w1: FloatArray
    w2: FloatArray
    information: float
    value: float


def _state(arms: TwoArms, mu: float, alpha: FloatArray) -> _State:
    eta1, eta2 = alpha + mu / 2, alpha - mu / 2
    p1, p2 = expit(eta1), expit(eta2)
    w1, w2 = arms.n1 * p1 * (1 - p1), arms.n2 * p2 * (1 - p2)
    information = float((w1 * w2 / (w1 + w2)).sum())
    fit = arms.x1 * eta1 - arms.n1 * np.logaddexp(0, eta1) + arms.x2 * eta2 - arms.n2 * np.logaddexp(0, eta2)
    constant = log_choose(arms.n1, arms.x1) + log_choose(arms.n2, arms.x2)
    penalty = 0.5 * (float(np.log(w1 + w2).sum()) + np.log(information))
    return _State(p1, p2, w1, w2, information, float((fit + constant).sum() + penalty))


def _scoring(arms: TwoArms, s: _State, *, free: bool) -> tuple[float, FloatArray]:
    """Return the scoring step in mu and in the intercepts.

    Firth 1993: each row's residual gains ``h (1/2 - p)`` with ``h`` its leverage; the leverages follow
    from the information matrix, an arrow, in closed form.
    """
    total = s.w1 + s.w2
    h1 = s.w1 * (1 / total + (s.w2 / total) ** 2 / s.information)
    h2 = s.w2 * (1 / total + (s.w1 / total) ** 2 / s.information)
    r1 = arms.x1 - arms.n1 * s.p1 + h1 * (0.5 - s.p1)
    r2 = arms.x2 - arms.n2 * s.p2 + h2 * (0.5 - s.p2)
    slope, cross = r1 + r2, (s.w1 - s.w2) / 2
    step = 0.0
    if free:
        step = float((((r1 - r2) / 2) - cross * slope / total).sum() / s.information)
        step = float(np.clip(step, -2.0, 2.0))
    return step, np.clip((slope - cross * step) / total, -2.0, 2.0)


def _interval(arms: TwoArms, top: _Top, level: float) -> Interval:
    """Find where the penalised profile likelihood has fallen by half the chi2 quantile."""
    drop = float(chdtri(1, 1 - level)) / 2
    return Interval(_fall(arms, top, drop, -1), _fall(arms, top, drop, 1), level)


def _fall(arms: TwoArms, top: _Top, drop: float, side: int) -> float:
    def short(mu: float) -> float:
        return top.value - _fit(arms, mu, top.alpha).value - drop

    near, at_near, width = top.mu, -drop, top.se
    far = near + side * width
    at_far = short(far)
    while at_far < 0 and width < _FURTHEST:
        near, at_near, width = far, at_far, 1.6 * width
        far = near + side * width
        at_far = short(far)
    return _crossing(short, (near, at_near), (far, at_far))


def _crossing(short: Callable[[float], float], near: tuple[float, float], far: tuple[float, float]) -> float:
    """Find the root between two points of unlike sign: false position, the idle end halved (Illinois)."""
    (a, at_a), (b, at_b) = near, far
    for _ in range(100):
        x = b - at_b * (b - a) / (at_b - at_a)
        at_x = short(x)
        if at_x * at_b < 0:
            a, at_a = b, at_b
        else:
            at_a /= 2
        moved, b, at_b = abs(x - b), x, at_x
        if moved < 1e-9 * max(1.0, abs(x)):
            break
    return b


def _p(arms: TwoArms, top: _Top) -> float:
    ratio = max(0.0, 2 * (top.value - _fit(arms, 0.0, top.alpha).value))
    return float(chdtrc(1, ratio))


def _spread(arms: TwoArms) -> Spread | None:
    """Give the likelihood-ratio test of homogeneity of the model without the penalty."""
    if arms.x1.size < 2:
        return None
    found = maximise(two_binomials(arms.x1, arms.n1, arms.x2, arms.n2), 1, random=False)
    return Spread(found.q_lrt, int(arms.x1.size) - 1) if np.isfinite(found.q_lrt) else None
