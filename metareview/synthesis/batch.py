"""Many syntheses in one call: the same arithmetic as :func:`metareview.synthesis.pool`, without its words.

Leave-one-out, cumulative and subset analyses, and simulations, are one call here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metareview.effects import FloatArray
from metareview.errors import SynthesisError
from metareview.synthesis.heterogeneity import q_test, typical_variance
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.options import Options, checked
from metareview.synthesis.policy import Situation, policy_named
from metareview.synthesis.prediction import predict
from metareview.synthesis.stack import BoolArray, Stack, stack_up
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.tau2_intervals import TAU2_INTERVALS
from metareview.synthesis.weighting import Weighted, weigh

Columns = NDArray[np.intp]
CELLS = 2**15  # of a chunk: small enough for its arrays to stay in the processor's cache


@dataclass(frozen=True, eq=False, slots=True)
class BatchResult:
    """The answers to many data sets, ``(D,)`` each, on the analysis scale; NaN where there is none.

    Attributes
    ----------
    k : studies that entered
    estimate, se, ci_low, ci_high : pooled effect, standard error, limits; a single study's own
    statistic, df, p : test of no effect; ``df`` is infinite for the normal distribution
    tau2, tau2_low, tau2_high : between-study variance; its limits where they were asked for
    q, q_p, i2, h2 : heterogeneity
    prediction_low, prediction_high : prediction interval
    """

    k: FloatArray
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray
    tau2: FloatArray
    tau2_low: FloatArray
    tau2_high: FloatArray
    q: FloatArray
    q_p: FloatArray
    i2: FloatArray
    h2: FloatArray
    prediction_low: FloatArray
    prediction_high: FloatArray


def pool_many(
    yi: ArrayLike,
    vi: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    options: Options | None = None,
    null: float = 0.0,
) -> BatchResult:
    """Pool many data sets at once: studies down, data sets across.

    Parameters
    ----------
    yi, vi
        ``(k, D)`` effects and sampling variances, or ``(k,)`` when every data set is made of the
        same studies. A study whose effect is not finite, or its variance not above 0, is left out.
    mask
        ``(k, D)`` which studies are in which data set; all by default.
    options
        As for :func:`pool_as`. The interval for tau2 is computed only when it is asked for by name.
    null
        The value of no effect.

    Raises
    ------
    SynthesisError
        When the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> leave_one_out = ~np.eye(4, dtype=bool)
    >>> pool_many([0.1, 0.3, 0.2, 0.9], [0.01, 0.02, 0.01, 0.02], leave_one_out).estimate.round(3)
    array([0.46 , 0.391, 0.427, 0.18 ])
    """
    options = checked(options or Options())
    y, v, inside = _shaped(yi, vi, mask)
    sets = inside.shape[1] if inside is not None else (y.shape[1] if y.ndim == 2 else 1)
    result = BatchResult(*(np.empty(sets) for _ in fields(BatchResult)))
    for columns in _chunks(len(y), sets):
        part = [a[:, columns] if a is not None and a.ndim == 2 else a for a in (y, v, inside)]
        answer = _chunk(stack_up(*part), options, null)  # type: ignore[arg-type]
        for field in fields(BatchResult):
            getattr(result, field.name)[columns] = getattr(answer, field.name)
    return result


def _shaped(
    yi: ArrayLike, vi: ArrayLike, mask: ArrayLike | None
) -> tuple[FloatArray, FloatArray, BoolArray | None]:
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    inside = None if mask is None else np.asarray(mask, dtype=bool)
    widths = {a.shape[1] for a in (y, v, inside) if a is not None and a.ndim == 2}
    lengths = {len(a) for a in (y, v, inside) if a is not None and a.ndim in (1, 2)}
    flat = inside is not None and inside.ndim != 2
    if y.ndim not in (1, 2) or y.ndim != v.ndim or flat or len(widths) > 1 or len(lengths) != 1:
        shapes = ", ".join(str(a.shape) for a in (y, v, inside) if a is not None)
        raise SynthesisError(
            f"yi, vi and mask have the shapes {shapes}; yi and vi must both be (k, D) or both (k,), "
            "and the mask (k, D)."
        )
    return y, v, inside


def _chunks(k: int, sets: int) -> Iterator[slice]:
    width = max(CELLS // max(k, 1), 16)
    return (slice(start, min(start + width, sets)) for start in range(0, sets, width))


def _chunk(stack: Stack, options: Options, null: float) -> BatchResult:
    with np.errstate(all="ignore"):
        common = weigh(stack, np.zeros_like(stack.n))
        policy = policy_named(options.policy)
        model = options.model or policy.model.value
        estimator = policy.tau2_for(options.ci).value if options.tau2 is None else options.tau2
        question = Question(options.level, null - stack.centre, estimator)
        fit = common if model == "common" else weigh(stack, _tau2(stack, estimator))
        codes = _codes(fit, options, model)
        inference, *limits = _answer(fit, question, codes)
        tau2_limits = TAU2_INTERVALS[options.tau2_ci or "none"].formula(stack, options.level, str(estimator))
        basis = "Q" if model == "common" else options.i2 or policy.i2.value
        return _result(
            common, fit, inference, limits, (*tau2_limits, *_inconsistency(common, fit.tau2, basis))
        )


def _tau2(stack: Stack, estimator: str | float) -> FloatArray:
    if isinstance(estimator, float):
        return np.where(stack.n > 1, estimator, 0.0)
    return estimate_tau2(stack, estimator)


def _codes(fit: Weighted, options: Options, model: str) -> dict[tuple[str, str], Columns]:
    """Ask the policy once for each distinct situation; give the data sets of each pair of codes."""
    situations = fit.stack.n * 2 + (fit.tau2 > 0)
    seen, place = np.unique(situations, return_inverse=True)
    asked = [_two_codes(int(s) // 2, bool(s % 2), options, model) for s in seen]
    pairs = sorted(set(asked))
    which = np.array([pairs.index(codes) for codes in asked])[place]
    return {codes: np.flatnonzero(which == i) for i, codes in enumerate(pairs)}


def _two_codes(k: int, differ: bool, options: Options, model: str) -> tuple[str, str]:
    if k < 2:
        return "wald", "none"
    policy = policy_named(options.policy)
    ci = options.ci or policy.ci(Situation(k, differ, common=model == "common")).value
    if model == "common":
        return ci, "none"
    return ci, options.prediction or policy.prediction(Situation(k, differ, ci)).value


def _answer(
    fit: Weighted, question: Question, codes: dict[tuple[str, str], Columns]
) -> tuple[Inference, FloatArray, FloatArray]:
    """Make the intervals of each data set by its own codes."""
    filled = Inference(*(np.empty_like(fit.mu) for _ in fields(Inference)))
    low, high = np.empty_like(fit.mu), np.empty_like(fit.mu)
    for (ci, prediction), columns in codes.items():
        part, asked = fit.take(columns), replace(question.take(columns), ci=ci)
        found = INTERVALS[ci].formula(part, asked)
        for field in fields(Inference):
            getattr(filled, field.name)[columns] = getattr(found, field.name)
        low[columns], high[columns] = predict(prediction, part, found, asked)
    return filled, low, high


def _result(
    common: Weighted, fit: Weighted, inference: Inference, limits: list[FloatArray],
    spread: tuple[FloatArray, ...],
) -> BatchResult:  # fmt: skip
    stack, some = fit.stack, np.where(fit.stack.n > 0, 0.0, np.nan)
    low, high, i2, h2 = spread
    centre = stack.centre + some
    return BatchResult(
        k=stack.n, estimate=inference.mu + centre, se=inference.se + some,
        ci_low=inference.low + centre, ci_high=inference.high + centre,
        statistic=inference.statistic + some, df=inference.df, p=inference.p + some,
        tau2=fit.tau2 + some, tau2_low=low, tau2_high=high,
        q=common.q + some, q_p=q_test(common), i2=i2, h2=h2,
        prediction_low=limits[0] + centre, prediction_high=limits[1] + centre,
    )  # fmt: skip


def _inconsistency(common: Weighted, tau2: FloatArray, basis: str) -> tuple[FloatArray, FloatArray]:
    if basis == "tau2":
        v = typical_variance(common)
        return tau2 / (tau2 + v), 1.0 + tau2 / v
    df = common.stack.n - 1.0
    return np.where(common.q > 0, np.maximum(1.0 - df / common.q, 0.0), 0.0), common.q / df
