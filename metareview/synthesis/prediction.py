"""Prediction intervals: where the effect in a new setting is expected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.inference import Inference, Question, quantile
from metareview.synthesis.weighting import Weighted

Limits = tuple[FloatArray, FloatArray]


def _around(mu: FloatArray, variance: FloatArray, df: FloatArray, level: float) -> Limits:
    half = quantile(level, df) * np.sqrt(variance)
    return mu - half, mu + half


def _normal(fit: Weighted, inference: Inference, question: Question) -> Limits:
    df = np.full_like(fit.mu, np.inf)
    return _around(fit.mu, fit.tau2 + fit.se**2, df, question.level)


def _one_less(fit: Weighted, inference: Inference, question: Question) -> Limits:
    return _around(fit.mu, fit.tau2 + fit.se**2, fit.stack.n - 1.0, question.level)


def _two_less(fit: Weighted, inference: Inference, question: Question) -> Limits:
    return _around(fit.mu, fit.tau2 + fit.se**2, fit.stack.n - 2.0, question.level)


def _hartung_knapp(fit: Weighted, inference: Inference, question: Question) -> Limits:
    variance = fit.tau2 + fit.scale * fit.se**2
    return _around(fit.mu, variance, fit.stack.n - 1.0, question.level)


def _as_interval(fit: Weighted, inference: Inference, question: Question) -> Limits:
    return inference.low, inference.high


def _none(fit: Weighted, inference: Inference, question: Question) -> Limits:
    nowhere = np.full_like(fit.mu, np.nan)
    return nowhere, nowhere


PREDICTIONS: dict[str, Callable[[Weighted, Inference, Question], Limits]] = {
    "t(k-1)": _one_less,
    "t(k-2)": _two_less,
    "hksj": _hartung_knapp,
    "wald": _normal,
    "ci": _as_interval,
    "none": _none,
}
