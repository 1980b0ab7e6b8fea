"""Profile likelihood intervals, for tau2 and for the pooled effect."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import chdtrc, chdtri

from metareview.effects import FloatArray
from metareview.synthesis.crossing import find_crossing
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.likelihood import log_likelihood, maximise
from metareview.synthesis.stack import Stack
from metareview.synthesis.weighting import Weighted, weigh

_SCAN = 60
_One = Callable[[float], float]
_Many = Callable[[FloatArray], FloatArray]


def profile_tau2(stack: Stack, level: float, estimator: str) -> tuple[FloatArray, FloatArray]:
    """Return where the likelihood of tau2 falls by half a chi-squared quantile (Hardy & Thompson 1996).

    The likelihood is that of ML where tau2 was estimated by it, else the restricted one.
    """
    kind = "ML" if estimator == "ML" else "REML"
    limits = np.full((2, len(stack.n)), np.nan)
    for i in np.flatnonzero(stack.n > 1):
        limits[:, i] = _tau2_limits(stack.take([i]), level, kind)
    return limits[0], limits[1]


def _tau2_limits(stack: Stack, level: float, kind: str) -> tuple[float, float]:
    best, unit = maximise(stack, kind), float(stack.v_min[0])
    floor = float(log_likelihood(stack, best, kind)[0]) - chdtri(1.0, 1.0 - level) / 2.0

    def above(x: FloatArray) -> FloatArray:
        return log_likelihood(stack, unit * np.expm1(np.atleast_1d(x)), kind) - floor

    def one(x: float) -> float:
        return float(above(np.array(x))[0])

    peak = float(np.log1p(best[0] / unit))
    points = np.linspace(0.0, peak, _SCAN)
    start = float(points[np.argmax(above(points) > 0)])  # the outermost part when there are several
    low = 0.0 if start == 0 else find_crossing(one, start, points[0] - points[1])
    return unit * float(np.expm1(low)), unit * float(np.expm1(_outermost(one, above, peak)))


def _outermost(one: _One, above: _Many, peak: float) -> float:
    points = peak + np.linspace(0.0, 20.0, _SCAN)
    last = float(points[np.flatnonzero(above(points) > 0)[-1]])
    return find_crossing(one, last, points[1] - points[0])


def profile_mu(fit: Weighted, question: Question) -> Inference:
    """Give the profile likelihood interval of mu (Hardy & Thompson 1996, Stat Med 15:619, section 3).

    Its centre is the maximum likelihood estimate, whatever tau2 was estimated by; its P value is
    that of the likelihood ratio test.
    """
    parts = [
        _mu(fit.stack.take([i]), Question(question.level, question.null[[i]])) for i in range(len(fit.mu))
    ]
    columns = zip(*parts, strict=True)
    return Inference(*(np.array(column, dtype=float) for column in columns))


def _mu(stack: Stack, question: Question) -> tuple[float, ...]:
    best = weigh(stack, maximise(stack, "ML"))
    top = float(log_likelihood(stack, best.tau2, "ML")[0])
    mu, se = float(best.mu[0]), float(best.se[0])
    drop = chdtri(1.0, 1.0 - question.level) / 2.0

    def above(x: FloatArray) -> FloatArray:
        return _profile(stack, mu + se * np.atleast_1d(x)) - top + drop

    def one(x: float) -> float:
        return float(above(np.array(x))[0])

    low, high = (mu + se * side * _farthest(one, above, side) for side in (-1.0, 1.0))
    statistic = p = np.nan
    if np.isfinite(question.null[0]):
        twice = max(2.0 * (top - float(_profile(stack, question.null)[0])), 0.0)
        statistic = np.copysign(np.sqrt(twice), mu - float(question.null[0]))
        p = float(chdtrc(1.0, twice))
    return mu, se, low, high, statistic, np.inf, p


def _farthest(one: _One, above: _Many, side: float) -> float:
    """Return the distance, in standard errors, of the last crossing on one side."""
    points = np.linspace(0.0, 15.0, _SCAN)
    last = float(points[np.flatnonzero(above(side * points) > 0)[-1]])
    return find_crossing(lambda x: one(side * x), last, points[1] - points[0])


def _profile(stack: Stack, mu: FloatArray) -> FloatArray:
    """Return the log-likelihood at each ``mu (D,)``, at its best tau2."""
    known = Stack(
        stack.y - mu,
        np.broadcast_to(stack.v, (len(stack.v), len(mu))),
        np.full_like(mu, stack.centre[0]),
        np.full_like(mu, stack.n[0]),
    )
    return log_likelihood(known, maximise(known, "known"), "known")
