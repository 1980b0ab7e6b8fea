"""Peto's one-step odds ratio."""

from __future__ import annotations

from math import fsum, sqrt

import numpy as np

from metareview.effects import Effects, FloatArray
from metareview.errors import SynthesisError
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, Spread, synthesis_from
from metareview.synthesis.rare.counts import TwoArms, two_arms

_RECIPE = Recipe(
    "peto",
    "none",
    "wald",
    "Peto's one-step odds ratio does well when events are rare (below 1%), arms are about equal and "
    "the effect is not large; one common effect is assumed.",
    "Yusuf et al. 1985, Prog Cardiovasc Dis 27:335; Cochrane Handbook 10.4.2",
)


def peto_odds_ratio(effects: Effects, *, level: float = 0.95) -> Synthesis:
    """Pool 2x2 tables by Peto: the sum of ``O - E`` over the sum of hypergeometric variances.

    Parameters
    ----------
    effects
        Effects of the measure OR or PETO that carry their counts.
    level
        Of the interval, a fraction.

    Raises
    ------
    SynthesisError
        For other measures, and when no study has counts.
    """
    if effects.measure.code not in ("OR", "PETO"):
        raise SynthesisError(
            f"Peto's method gives an odds ratio; {effects.measure.label} ({effects.measure.code}) is another "
            "measure. Choose the measure OR or PETO."
        )
    arms = two_arms(effects)
    excess, variance = observed_less_expected(arms)
    total = fsum(variance)  # exact, so that studies without information do not move the last bit
    estimate = fsum(excess) / total if total > 0 else np.nan
    informative = variance > 0
    weights = np.zeros(len(effects))
    weights[arms.inside] = variance / total if total > 0 else 0.0
    finding = Finding(
        used=arms.only(informative).inside,
        estimate=estimate,
        se=1 / sqrt(total) if total > 0 else np.nan,
        spread=_q(excess[informative], variance[informative], estimate),
        weights=weights,
        details={"observed_less_expected": fsum(excess), "variance": total},
        notes=tuple(_cautions(arms.only(informative), estimate)),
        study_notes=dict.fromkeys(
            np.flatnonzero(arms.inside)[~informative].tolist(),
            "Both arms alike in having none or only events; it says nothing of an odds ratio.",
        ),
    )
    return synthesis_from(effects, finding, _RECIPE, level)


def observed_less_expected(arms: TwoArms) -> tuple[FloatArray, FloatArray]:
    """Return ``O - E`` of the first arm and its hypergeometric variance, ``(k,)`` each."""
    n, m = arms.n1 + arms.n2, arms.x1 + arms.x2
    excess = arms.x1 - arms.n1 * m / n
    variance = arms.n1 * arms.n2 * m * (n - m) / (n**2 * np.where(n > 1, n - 1, np.inf))
    return excess, variance


def _q(excess: FloatArray, variance: FloatArray, estimate: float) -> Spread | None:
    if excess.size < 2:
        return None
    return Spread(float((variance * (excess / variance - estimate) ** 2).sum()), excess.size - 1)


def _cautions(arms: TwoArms, estimate: float) -> list[str]:
    """Say when the conditions under which Peto's method is nearly unbiased do not hold."""
    if not arms.x1.size:
        return ["Peto's odds ratio does not exist: every study has no event at all, or nothing but events."]
    said = []
    ratio = float(np.max(np.maximum(arms.n1 / arms.n2, arms.n2 / arms.n1)))
    if ratio > 2:
        said.append(
            f"In one study or more an arm is {ratio:.1f} times the other; Peto's method is biased when arms "
            "are unequal (Greenland & Salvan 1990)."
        )
    if abs(estimate) > np.log(3):
        said.append(
            "The effect is large (odds ratio beyond 3 or 1/3), where Peto's method underestimates it."
        )
    rate = float((arms.x1 + arms.x2).sum() / (arms.n1 + arms.n2).sum())
    if rate > 0.1:
        said.append(f"Events are not rare ({100 * rate:.0f}%); Mantel-Haenszel is the usual choice then.")
    return said
