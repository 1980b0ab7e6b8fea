"""Trim and fill: how many studies a symmetric funnel would lack, and the answer with them put in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metareview.effects import Effects, FloatArray
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.model import Synthesis
from metareview.synthesis.refitting import by_inverse_variance, pool_again
from metareview.synthesis.regression import regress
from metareview.synthesis.stack import stack_one
from metareview.synthesis.tau2 import ESTIMATORS, estimate_tau2
from metareview.synthesis.weighting import weigh

ESTIMATORS_OF_K0 = ("L0", "R0")
SIDES = ("auto", "left", "right")
_CAVEAT = (
    "Trim and fill assumes that a study is missing for its result alone; under heterogeneity it can add "
    "studies where none are missing. It is a sensitivity analysis, not a correction."
)


@dataclass(frozen=True, eq=False)
class TrimAndFill:
    """The answer after trim and fill, beside the observed one.

    Attributes
    ----------
    estimator : ``L0`` or ``R0``
    side : where studies seem to be missing, ``left`` or ``right``
    k0, k0_se : number of missing studies and its standard error (None where its formula has no value)
    k0_p : test of no missing studies on that side (``R0`` only)
    filled_yi, filled_vi : ``(k0,)`` the studies put in, on the analysis scale
    observed, adjusted : the synthesis without and with them
    notes : sentences for the reader
    """

    estimator: str
    side: str
    k0: int
    k0_se: float | None
    k0_p: float | None
    filled_yi: FloatArray
    filled_vi: FloatArray
    observed: Synthesis
    adjusted: Synthesis
    notes: tuple[str, ...]


def trim_and_fill(synthesis: Synthesis, *, estimator: str = "L0", side: str = "auto") -> TrimAndFill:
    """Estimate the number of missing studies and pool again with their mirror images.

    Parameters
    ----------
    synthesis : an inverse-variance synthesis; its recipe is used throughout
    estimator : ``L0`` or ``R0``
    side : ``left``, ``right``, or ``auto`` by the slope of the effects on their standard errors

    Raises
    ------
    SynthesisError
        For another model, fewer than three studies, an unknown code, or trimming that does not settle.

    Notes
    -----
    Duval & Tweedie 2000, Biometrics 56:455, equations 3 to 6; ``auto`` as in metafor.
    """
    _check(synthesis, estimator, side)
    effects = synthesis.effects
    inside = effects.estimable
    yi, vi = effects.yi[inside], effects.vi[inside]
    code = _tau2_code(synthesis)
    side = side if side != "auto" else _emptier_side(yi, vi, code)
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * yi, kind="stable")
    y, v = sign * yi[order], vi[order]
    k0, k0_se, centre = _settle(y, v, code, estimator)
    last = slice(len(y) - k0, len(y))
    filled_yi, filled_vi = sign * (2.0 * centre - y[last]), v[last]
    adjusted = pool_again(synthesis, _with_filled(effects, filled_yi, filled_vi)) if k0 else synthesis
    p = 0.5 ** (k0 + 1) if estimator == "R0" else None
    return TrimAndFill(
        estimator, side, k0, k0_se, p, filled_yi, filled_vi, synthesis, adjusted, _notes(k0, side)
    )


def _check(synthesis: Synthesis, estimator: str, side: str) -> None:
    problems = []
    if estimator not in ESTIMATORS_OF_K0:
        hint = did_you_mean(estimator, ESTIMATORS_OF_K0)
        problems.append(f'The estimator of trim and fill is "{estimator}"; {hint}')
    if side not in SIDES:
        problems.append(f'The side of trim and fill is "{side}"; {did_you_mean(side, SIDES)}')
    if not by_inverse_variance(synthesis.method):
        problems.append(
            f"Trim and fill needs inverse-variance weights; the model is {synthesis.method.model}."
        )
    if synthesis.k < 3:
        problems.append(f"Trim and fill needs three studies at the least; there are {synthesis.k}.")
    if problems:
        raise SynthesisError(problems)


def _tau2_code(synthesis: Synthesis) -> str | float:
    """Return an estimator's code, ``EE`` for the common-effect model, or the user's value."""
    if synthesis.method.model == "common":
        return "EE"
    code = synthesis.method.tau2
    return code if code in ESTIMATORS else float(code)


def _emptier_side(yi: FloatArray, vi: FloatArray, code: str | float) -> str:
    if np.ptp(yi) == 0:
        return "left"
    if np.ptp(vi) <= 1e-12 * np.max(vi):
        raise SynthesisError(
            "The side of trim and fill cannot be chosen, as all studies are equally precise; say which."
        )
    slope = regress(yi, vi, np.column_stack([np.ones(len(vi)), np.sqrt(vi)]), tau2=code).beta[1]
    return "right" if slope < 0 else "left"


def _settle(
    y: FloatArray, v: FloatArray, code: str | float, estimator: str
) -> tuple[int, float | None, float]:
    """Trim until the number to trim no longer changes: that number, its error, the trimmed mean."""
    k0, seen = 0, [-1]
    while k0 not in seen:
        seen.append(k0)
        kept = len(y) - k0
        centre = _mean(y[:kept], v[:kept], code)
        number, error = _missing(y - centre, estimator)
        if number == k0:
            return k0, error, centre
        k0 = number
    raise SynthesisError(
        f"Trim and fill does not settle: the number of missing studies goes between {seen[-1]} and {k0}."
    )


def _mean(y: FloatArray, v: FloatArray, code: str | float) -> float:
    stack = stack_one(y, v)
    if isinstance(code, float):
        tau2 = np.array([code])
    else:
        tau2 = np.zeros(1) if code == "EE" else estimate_tau2(stack, code)
    return float(weigh(stack, tau2).mu[0] + stack.centre[0])


def _missing(centred: FloatArray, estimator: str) -> tuple[int, float | None]:
    """Estimate the number of studies missing on the left from signed ranks; ties rank by their place."""
    k = len(centred)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(centred), kind="stable")] = np.arange(1, k + 1)
    if estimator == "R0":
        run = k - np.max(ranks[centred < 0], initial=0.0) - 1.0
        number = max(0, int(np.round(run)))
        return number, float(np.sqrt(2.0 * max(0.0, run) + 2.0))
    rank_sum = float(np.sum(ranks[centred > 0]))
    raw = (4.0 * rank_sum - k * (k + 1)) / (2.0 * k - 1.0)
    variance = (
        k * (k + 1) * (2 * k + 1) + 10 * raw**3 + 27 * raw**2 + 17 * raw - 18 * k * raw**2 - 18 * k * raw
        + 6 * k**2 * raw
    ) / 24.0  # fmt: skip
    error = float(4.0 * np.sqrt(variance) / (2.0 * k - 1.0)) if variance >= 0 else None
    return max(0, int(np.round(raw))), error


def _with_filled(effects: Effects, yi: FloatArray, vi: FloatArray) -> Effects:
    """Put the filled studies after the observed ones; nothing but their effect is known of them."""
    more = len(yi)
    blank = np.full(more, np.nan)
    return replace(
        effects,
        labels=(*effects.labels, *(f"Filled {i + 1}" for i in range(more))),
        yi=np.concatenate([effects.yi, yi]),
        vi=np.concatenate([effects.vi, vi]),
        data={name: np.concatenate([column, blank]) for name, column in effects.data.items()},
        moderators={name: [*column, *[None] * more] for name, column in effects.moderators.items()},
        study_notes=(*effects.study_notes, *(("Put in by trim and fill; no such study exists.",),) * more),
    )


def _notes(k0: int, side: str) -> tuple[str, ...]:
    if k0 == 0:
        return f"Trim and fill finds no study missing on the {side}.", _CAVEAT
    return f"Trim and fill puts in {k0} stud{'y' if k0 == 1 else 'ies'} on the {side}.", _CAVEAT
