"""From what a model for sparse data found to a synthesis: interval, test, heterogeneity, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, isnan, nan, sqrt

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri, stdtrit

from metareview.effects import Effects, FloatArray, Interval
from metareview.synthesis.model import Alternative, Choice, Heterogeneity, Method, Synthesis
from metareview.synthesis.rare.counts import Mask


@dataclass(frozen=True, slots=True)
class Spread:
    """What a model says of the differences between studies.

    Attributes
    ----------
    q, df : the test of homogeneity
    tau2 : between-study variance; NaN where the model has none
    """

    q: float
    df: int
    tau2: float = nan


@dataclass(frozen=True, eq=False)
class Finding:
    """What a model found.

    Attributes
    ----------
    used : ``(len(effects),)`` the studies whose counts entered
    estimate, se : on the analysis scale; the estimate is infinite where the likelihood rises without
        end in one direction, NaN where it has no maximum at all, and then ``se`` is NaN
    spread : heterogeneity, None when fewer than two studies entered
    weights : ``(len(effects),)`` fractions, NaN where the model gives a study no weight of its own
    ci, p : where they are not those of ``estimate ± z · se``
    details : further figures by name
    notes : sentences for the reader
    study_notes : per study, sentences to add
    """

    used: Mask
    estimate: float
    se: float
    spread: Spread | None
    weights: FloatArray | None = None
    ci: Interval | None = None
    p: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    study_notes: Mapping[int, str] = field(default_factory=dict)
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is described: code, estimator of tau2, kind of interval, why, and where from."""

    model: str
    tau2: str
    ci: str
    reason: str
    citation: str


def synthesis_from(effects: Effects, finding: Finding, recipe: Recipe, level: float) -> Synthesis:
    """Make the synthesis of a finding.

    Parameters
    ----------
    effects
        All studies, also those the model could not use.
    finding, recipe
        What was found and how.
    level
        Of all intervals, a fraction.
    """
    estimate, se = finding.estimate, finding.se
    ci = finding.ci or _wald(estimate, se, level)
    statistic, p = _test(estimate, se, effects.measure.null)
    if finding.p is not None:
        statistic, p = None, finding.p
    spread = _heterogeneity(effects, finding)
    k = int(np.count_nonzero(finding.used))
    prediction = _prediction(estimate, se, spread, k, level)
    low, high = _study_limits(effects, level)
    choice = Choice("model", recipe.model, recipe.reason, recipe.citation)
    code = "t(k-1)" if prediction is not None else "none"
    return Synthesis(
        effects=_annotated(effects, finding.study_notes),
        method=Method("none", recipe.model, recipe.tau2, recipe.ci, code, level, (choice,)),
        k=k, estimate=estimate, se=se, ci=ci, statistic=statistic, df=None, p=p,
        prediction=prediction, weights=_weights(effects, finding), study_low=low, study_high=high,
        heterogeneity=spread, alternatives=finding.alternatives,
        notes=(*finding.notes, *_left_out(effects, finding.used), *_own(effects)),
        details=dict(finding.details),
    )  # fmt: skip


def normal_quantile(level: float) -> float:
    """Return the two-sided normal quantile of a level."""
    return float(ndtri(0.5 + level / 2))


def _wald(estimate: float, se: float, level: float) -> Interval | None:
    if not (isfinite(estimate) and isfinite(se)):
        return None
    half = normal_quantile(level) * se
    return Interval(estimate - half, estimate + half, level)


def _test(estimate: float, se: float, null: float | None) -> tuple[float | None, float | None]:
    if null is None or not isfinite(estimate) or not (isfinite(se) and se > 0):
        return None, None
    z = (estimate - null) / se
    return z, float(2 * ndtr(-abs(z)))


def _heterogeneity(effects: Effects, finding: Finding) -> Heterogeneity | None:
    spread = finding.spread
    if spread is None or spread.df < 1:
        return None
    p = float(chdtrc(spread.df, spread.q)) if isfinite(spread.q) else nan
    if isnan(spread.tau2):
        h2 = spread.q / spread.df
        i2 = max(0.0, 1 - 1 / h2) if h2 > 0 else 0.0
    else:
        h2 = 1 + spread.tau2 / typical_variance(effects)
        i2 = 1 - 1 / h2
    origin = "Q" if isnan(spread.tau2) else "tau2"
    return Heterogeneity(spread.q, spread.df, p, spread.tau2, None, i2, None, h2, None, i2_from=origin)


def typical_variance(effects: Effects) -> float:
    """Return the typical sampling variance, by Higgins & Thompson 2002, equation 9; NaN for k < 2."""
    w = 1 / effects.vi[effects.estimable]
    if w.size < 2:
        return nan
    return float((w.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def _prediction(
    estimate: float, se: float, spread: Heterogeneity | None, k: int, level: float
) -> Interval | None:
    """Give ``mu ± t(k-1) · sqrt(tau2 + se²)``, from three studies on and where tau2 is above 0."""
    if k < 3 or spread is None or not spread.tau2 > 0 or not (isfinite(estimate) and isfinite(se)):
        return None
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * sqrt(spread.tau2 + se**2)
    return Interval(estimate - half, estimate + half, level)


def _study_limits(effects: Effects, level: float) -> tuple[FloatArray, FloatArray]:
    half = normal_quantile(level) * np.sqrt(np.where(effects.estimable, effects.vi, np.nan))
    return effects.yi - half, effects.yi + half


def _weights(effects: Effects, finding: Finding) -> FloatArray:
    if finding.weights is not None:
        return finding.weights
    return np.where(finding.used, np.nan, 0.0)


def _left_out(effects: Effects, used: Mask) -> Iterable[str]:
    labels = [label for label, inside in zip(effects.labels, used, strict=True) if not inside]
    if labels:
        shown = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
        one = len(labels) == 1
        yield f"{len(labels)} {'study gives' if one else 'studies give'} this model nothing and " + (
            f"{'is' if one else 'are'} shown without a weight: {shown}."
        )


def _own(effects: Effects) -> Iterable[str]:
    """Keep what was done to the studies' own effects apart from the pooled result."""
    corrected = [note for note in effects.notes if "added to" in note or "not estimable" in note]
    yield from (note for note in effects.notes if note not in corrected)
    if corrected:
        yield "The pooled result uses the counts as they are. Of the studies' own effects and intervals:"
    yield from corrected


def _annotated(effects: Effects, sentences: Mapping[int, str]) -> Effects:
    """Add a sentence to the notes of some studies."""
    if not sentences:
        return effects
    notes = [(*old, sentences[i]) if i in sentences else old for i, old in enumerate(effects.study_notes)]
    return replace(effects, study_notes=tuple(notes))
