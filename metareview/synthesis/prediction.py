"""Prediction intervals: where the effect in a new setting is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtr

from metareview.effects import FloatArray
from metareview.synthesis.confidence_distribution import draw_new_effects
from metareview.synthesis.inference import Inference, Question, kenward_roger, quantile
from metareview.synthesis.weighting import Weighted


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """A t distribution of new effects, ``(D,)`` each, less the stack's centre; ``df`` may be infinite."""

    mu: FloatArray
    variance: FloatArray
    df: FloatArray

    def limits(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends of the middle ``level``."""
        half = quantile(level, self.df) * np.sqrt(self.variance)
        return self.mu - half, self.mu + half

    def below(self, x: FloatArray) -> FloatArray:
        """Return the probability of a new effect below ``x (D,)``."""
        z = (x - self.mu) / np.sqrt(self.variance)
        return np.where(np.isinf(self.df), ndtr(z), stdtr(np.where(np.isinf(self.df), 1.0, self.df), z))


@dataclass(frozen=True, eq=False, slots=True)
class Draws:
    """New effects drawn, ``(draws, D)``, less the stack's centre."""

    values: FloatArray

    def limits(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends of the middle ``level``."""
        tail = (1.0 - level) / 2.0
        low, high = np.quantile(self.values, [tail, 1.0 - tail], axis=0)
        return low, high

    def below(self, x: FloatArray) -> FloatArray:
        """Return the share of draws below ``x (D,)``."""
        return np.asarray((self.values < x).mean(axis=0), dtype=float)


@dataclass(frozen=True, slots=True)
class PredictionMethod:
    """One prediction interval: code, what a reader calls it, the distribution it is read from, paper."""

    code: str
    label: str
    distribution: Callable[[Weighted, Inference, Question], Spread | Draws]
    citation: str


def _normal(fit: Weighted, inference: Inference, question: Question) -> Spread:
    return Spread(inference.mu, fit.tau2 + fit.se**2, np.full_like(fit.mu, np.inf))


def _one_less(fit: Weighted, inference: Inference, question: Question) -> Spread:
    return Spread(inference.mu, fit.tau2 + fit.se**2, fit.stack.n - 1.0)


def _two_less(fit: Weighted, inference: Inference, question: Question) -> Spread:
    return Spread(inference.mu, fit.tau2 + fit.se**2, fit.stack.n - 2.0)


def _hartung_knapp(fit: Weighted, inference: Inference, question: Question) -> Spread:
    own = question.ci.startswith("hksj")  # the interval's own standard error, guarded as that is
    variance = inference.se**2 if own else fit.scale * fit.se**2
    return Spread(inference.mu, fit.tau2 + variance, fit.stack.n - 1.0)


def _kenward_roger(fit: Weighted, inference: Inference, question: Question) -> Spread:
    adjusted = kenward_roger(fit, question)
    return Spread(inference.mu, fit.tau2 + adjusted.se**2, adjusted.df)


def _as_interval(fit: Weighted, inference: Inference, question: Question) -> Spread:
    return Spread(inference.mu, inference.se**2, inference.df)


def _bootstrap(fit: Weighted, inference: Inference, question: Question) -> Draws:
    columns = [draw_new_effects(fit.stack.take([i])) for i in range(len(fit.mu))]
    return Draws(np.stack(columns, axis=1))


_HTS = "Higgins, Thompson & Spiegelhalter 2009, J R Stat Soc A 172:137"
_PARTLETT = "Partlett & Riley 2017, Stat Med 36:301"

PREDICTIONS: dict[str, PredictionMethod] = {
    m.code: m
    for m in (
        PredictionMethod("t(k-1)", "t with k - 1 degrees of freedom", _one_less, f"{_HTS}; Veroniki 2019"),
        PredictionMethod("t(k-2)", "t with k - 2 degrees of freedom", _two_less, f"{_HTS}, equation 12"),
        PredictionMethod("hksj", "Hartung-Knapp", _hartung_knapp, f"{_PARTLETT}, with k - 1 for k - 2"),
        PredictionMethod("kr", "Kenward-Roger", _kenward_roger, _PARTLETT),
        PredictionMethod("bootstrap", "confidence distribution", _bootstrap, "Nagashima 2019, 28:1689"),
        PredictionMethod("wald", "normal", _normal, _HTS),
        PredictionMethod("ci", "the confidence interval", _as_interval, ""),
    )
}


def predict(
    code: str, fit: Weighted, inference: Inference, question: Question
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of a prediction interval, ``(D,)`` each; NaN where there is none."""
    if code == "none":
        nowhere = np.full_like(fit.mu, np.nan)
        return nowhere, nowhere
    if code == "ci":
        return inference.low, inference.high
    return PREDICTIONS[code].distribution(fit, inference, question).limits(question.level)
