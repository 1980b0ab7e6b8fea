"""Confidence intervals for the pooled effect that are closed forms, over many data sets at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from metareview.effects import FloatArray
from metareview.synthesis.stack import BoolArray
from metareview.synthesis.sums import across, down, traced_square
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.weighting import Weighted, weigh


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a fit.

    Attributes
    ----------
    level : of the interval, a fraction
    null : ``(D,)`` the effect tested against, less the stack's centre; NaN where there is none
    tau2 : the estimator's code or the user's own value, for the intervals that estimate it anew
    ci : the code of the interval, once it is chosen, for prediction intervals that follow it
    """

    level: float
    null: FloatArray
    tau2: str | float = "REML"
    ci: str = ""

    def take(self, columns: Any) -> Question:
        """Return what is asked of some of the data sets."""
        return Question(self.level, self.null[columns], self.tau2, self.ci)


@dataclass(frozen=True, eq=False, slots=True)
class Inference:
    """An interval and a test for the pooled effect, ``(D,)`` each, less the stack's centre.

    Attributes
    ----------
    mu, se, low, high : estimate, standard error, limits
    statistic, p : the test against the question's null value
    df : degrees of freedom; infinite for the normal distribution
    """

    mu: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray

    def take(self, columns: Any) -> Inference:
        """Return those of some of the data sets."""
        return Inference(*(getattr(self, name)[columns] for name in self.__slots__))


def wald(fit: Weighted, question: Question) -> Inference:
    """Give the normal interval with the weights taken as known."""
    return symmetric(fit.mu, fit.se, np.full_like(fit.mu, np.inf), question)


def t_wald(fit: Weighted, question: Question) -> Inference:
    """Give the same standard error with a t distribution on ``n - 1`` degrees of freedom."""
    return symmetric(fit.mu, fit.se, fit.stack.n - 1.0, question)


def hksj(fit: Weighted, question: Question) -> Inference:
    """Give the interval of Hartung & Knapp 2001 and Sidik & Jonkman 2002, not guarded."""
    return symmetric(fit.mu, fit.se * np.sqrt(fit.scale), fit.stack.n - 1.0, question)


def hksj_floor(fit: Weighted, question: Question) -> Inference:
    """Give it with the factor on the variance never below 1 (Knapp & Hartung 2003; metafor's ``adhoc``)."""
    se = fit.se * np.sqrt(np.maximum(fit.scale, 1.0))
    return symmetric(fit.mu, se, fit.stack.n - 1.0, question)


def hksj_adhoc(fit: Weighted, question: Question) -> Inference:
    """Give the wider of the Hartung-Knapp and the Wald interval (Wiksten 2016)."""
    wide, normal = hksj(fit, question), wald(fit, question)
    return choose(wide.high - wide.low < normal.high - normal.low, normal, wide)


def hksj_iqwig(fit: Weighted, question: Question) -> Inference:
    """Give the Hartung-Knapp interval, floored at 1 where it is narrower than DL's normal one."""
    dl = weigh(fit.stack, estimate_tau2(fit.stack, "DL"))
    plain, normal = hksj(fit, question), wald(dl, question)
    return choose(plain.high - plain.low < normal.high - normal.low, hksj_floor(fit, question), plain)


def ivhet(fit: Weighted, question: Question) -> Inference:
    """Give the inverse-variance-heterogeneity interval: common-effect weights, variance with tau2.

    Doi et al. 2015, Contemp Clin Trials 45:130, equation 9: ``var = sum (w / sum w)^2 (v + tau2)``
    with ``w = 1 / v``.
    """
    common = weigh(fit.stack, np.zeros_like(fit.tau2))
    p = common.w / common.total
    variance = down(p * p * fit.tau2) + 1.0 / common.total
    return symmetric(common.mu, np.sqrt(variance), np.full_like(fit.mu, np.inf), question)


def kenward_roger(fit: Weighted, question: Question) -> Inference:
    """Give the interval of Kenward & Roger 1997, Biometrics 53:983, for REML with one variance.

    With ``P = W - w w' / sum w`` and the expected information ``I = tr(P^2) / 2`` of tau2, the variance
    of mu becomes ``1/S1 + 2 (S3 - S2^2/S1) / (I S1^2)`` with ``Sj = sum w^j`` (their equation 5), and the
    degrees of freedom ``2 I (S1 / S2)^2``, to which their section 4 comes for one coefficient.
    """
    w, s1 = fit.w, fit.total
    w2 = w * w
    s2 = down(w2)
    information = 0.5 * traced_square(w, s1)
    apart = w - s2 / s1
    excess = across(w * apart, apart)  # S3 - S2^2/S1 without cancellation
    variance = 1.0 / s1 + 2.0 * excess / (information * s1 * s1)
    df = 2.0 * information * (s1 / s2) ** 2
    return symmetric(fit.mu, np.sqrt(variance), df, question)


def choose(where: BoolArray, one: Inference, other: Inference) -> Inference:
    """Take one inference where a condition holds and the other elsewhere."""
    names = Inference.__slots__
    return Inference(*(np.where(where, getattr(one, name), getattr(other, name)) for name in names))


def symmetric(mu: FloatArray, se: FloatArray, df: FloatArray, question: Question) -> Inference:
    """Make the interval ``mu ± quantile · se`` and its test."""
    half = quantile(question.level, df) * se
    with np.errstate(all="ignore"):
        statistic = (mu - question.null) / se
    return Inference(mu, se, mu - half, mu + half, statistic, df, two_sided(statistic, df))


def quantile(level: float, df: FloatArray) -> FloatArray:
    """Return the two-sided t quantile of a level; the normal one where ``df`` is infinite."""
    if np.isinf(df).all():
        return np.full_like(df, ndtri(0.5 + level / 2.0))
    each, place = np.unique(df, return_inverse=True) if len(df) > 1 else (df, np.array([0]))
    t = stdtrit(np.where((each > 0) & np.isfinite(each), each, np.nan), 0.5 + level / 2.0)
    return np.where(np.isinf(each), ndtri(0.5 + level / 2.0), t)[place]


def two_sided(statistic: FloatArray, df: FloatArray) -> FloatArray:
    """Return the two-sided P value of a statistic."""
    tail = -np.abs(statistic)
    if np.isinf(df).all():
        return np.asarray(2.0 * ndtr(tail))
    with np.errstate(all="ignore"):
        return np.where(np.isinf(df), 2.0 * ndtr(tail), 2.0 * stdtr(df, tail))
