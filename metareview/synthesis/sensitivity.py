"""First looks at robustness: one study less, one study more, and how much each study pulls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr

from metareview.effects import Effects, FloatArray, only_studies
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.batch import BatchResult, pool_many
from metareview.synthesis.model import Synthesis
from metareview.synthesis.refitting import Fit, by_inverse_variance, options_of

if TYPE_CHECKING:
    import pandas as pd

PRECISION = "precision"
_SCALED = ("wald", "t", "hksj", "hksj-floor")  # intervals whose squared error is a factor times 1 / sum w


@dataclass(frozen=True, eq=False)
class Refits:
    """The same synthesis over and over on other sets of its studies, one row per fit.

    Attributes
    ----------
    kind : ``leave-one-out`` or ``cumulative``
    by : what a cumulative series is ordered by; empty otherwise
    full : the synthesis of all studies
    labels : ``(n,)`` the study left out, or the one added last
    k : ``(n,)`` studies in each fit
    estimate, se, low, high : ``(n,)`` on the analysis scale; NaN where there is no such thing
    p : ``(n,)`` of no effect
    tau2, i2, q, q_p : ``(n,)`` heterogeneity; I2 as a fraction
    notes : sentences for the reader
    """

    kind: str
    by: str
    full: Synthesis
    labels: tuple[str, ...]
    k: NDArray[np.int_]
    estimate: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    tau2: FloatArray
    i2: FloatArray
    q: FloatArray
    q_p: FloatArray
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self) -> pd.DataFrame:
        """Return one row per fit, effects on the printed scale."""
        import pandas as pd

        measure = self.full.effects.measure
        back = measure.back
        ends = np.sort(np.stack([back(self.low), back(self.high)]), axis=0)
        return pd.DataFrame(
            {
                "study": self.labels, "measure": measure.code, "estimate": back(self.estimate),
                "ci_low": ends[0], "ci_high": ends[1], "se": self.se, "p": self.p, "k": self.k,
                "tau2": self.tau2, "i2": self.i2, "q": self.q,
            }
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Influence:
    """How much each study pulls, one row per study with an estimate.

    Attributes
    ----------
    full : the synthesis of all studies
    labels : ``(k,)``
    rstudent : ``(k,)`` externally studentised residual: the study against the synthesis of the others
    dffits, cook, cov_ratio, dfbetas : ``(k,)`` change of the fit without the study
    tau2_without, q_without : ``(k,)`` heterogeneity without the study
    hat, weight : ``(k,)`` leverage and weight, fractions
    influential : ``(k,)`` whether a rule of thumb calls the study influential
    notes : sentences for the reader
    """

    full: Synthesis
    labels: tuple[str, ...]
    rstudent: FloatArray
    dffits: FloatArray
    cook: FloatArray
    cov_ratio: FloatArray
    dfbetas: FloatArray
    tau2_without: FloatArray
    q_without: FloatArray
    hat: FloatArray
    weight: FloatArray
    influential: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def leave_one_out(synthesis: Synthesis, *, fit: Fit | None = None) -> Refits:
    """Pool again without each study in turn, by the same recipe.

    Parameters
    ----------
    synthesis : two or more studies
    fit : how to pool, where the model is not one of inverse variance

    Raises
    ------
    SynthesisError
        With fewer than two studies.
    """
    _require(synthesis, 2, "Leave-one-out")
    places = np.flatnonzero(synthesis.effects.estimable)
    sets = [np.delete(places, i) for i in range(len(places))]
    result = _refits("leave-one-out", "", synthesis, (places, sets), fit)
    return replace(result, notes=tuple(_on_leaving_out(result)))


def cumulative(synthesis: Synthesis, by: str, *, fit: Fit | None = None) -> Refits:
    """Pool the first study, the first two, … in the order of a column.

    Parameters
    ----------
    synthesis : one or more studies
    by : ``precision`` (the most precise first), or a moderator column such as ``year``, smallest
        first; numbers are ordered as numbers, studies without a value come last
    fit : how to pool, where the model is not one of inverse variance

    Raises
    ------
    SynthesisError
        For a column that is not there.
    """
    places = np.flatnonzero(synthesis.effects.estimable)
    order, notes = _order(synthesis.effects, by, places)
    sets = [order[: i + 1] for i in range(len(order))]
    result = _refits("cumulative", by, synthesis, (order, sets), fit)
    return replace(result, notes=notes)


def influence(synthesis: Synthesis) -> Influence:
    """Say how much each study pulls on an inverse-variance synthesis.

    Raises
    ------
    SynthesisError
        For another model, or fewer than three studies.

    Notes
    -----
    Viechtbauer & Cheung 2010, Res Synth Methods 1:112, equations 5 to 14, and metafor's rules of thumb
    for calling a study influential: ``|DFFITS| > 3 sqrt(1 / (k - 1))``, Cook's distance beyond the
    median of chi-squared (1), hat over ``3 / k``, ``|DFBETAS| > 1``.
    """
    _require(synthesis, 3, "Influence")
    if not by_inverse_variance(synthesis.method):
        raise SynthesisError(
            f"Influence is measured with inverse-variance weights; the model is {synthesis.method.model}."
        )
    inside = synthesis.effects.estimable
    code = synthesis.method.ci if synthesis.method.ci in _SCALED else "wald"
    options = replace(options_of(synthesis.method), ci=code)
    yi, vi = synthesis.effects.yi[inside] - synthesis.estimate, synthesis.effects.vi[inside]
    full = pool_many(yi, vi, options=options)
    less = pool_many(yi, vi, ~np.eye(len(yi), dtype=bool), options=options)
    return _influence(synthesis, yi, vi, full, less)


def _influence(
    synthesis: Synthesis, yi: FloatArray, vi: FloatArray, full: BatchResult, less: BatchResult
) -> Influence:
    k, w = len(yi), 1.0 / (vi + full.tau2[0])
    hat = w / np.sum(w)
    others = 1.0 / (vi[:, None] + less.tau2)  # (study, data set without the one of that column)
    scale = less.se**2 * (np.sum(others, axis=0) - np.diag(others))
    moved = full.estimate[0] - less.estimate
    with np.errstate(all="ignore"):
        rstudent = (yi - less.estimate) / np.sqrt(scale * (vi + less.tau2) + less.se**2)
        dffits = moved / np.sqrt(scale * hat * (less.tau2 + vi))
        cook = (moved / full.se[0]) ** 2
        dfbetas = moved / np.sqrt(scale / np.sum(others, axis=0))
        flags = (
            (np.abs(dffits) > 3.0 * np.sqrt(1.0 / (k - 1))) | (chdtr(1.0, cook) > 0.5)
            | (hat > 3.0 / k) | (np.abs(dfbetas) > 1.0)
        )  # fmt: skip
    labels = _labels(synthesis.effects, np.flatnonzero(synthesis.effects.estimable))
    return Influence(
        synthesis, labels, rstudent, dffits, cook, (less.se / full.se[0]) ** 2, dfbetas,
        less.tau2, less.q, hat, hat, flags, _on_influence(labels, flags, synthesis),
    )  # fmt: skip


def _require(synthesis: Synthesis, fewest: int, what: str) -> None:
    if synthesis.k < fewest:
        raise SynthesisError(f"{what} needs {fewest} studies with an estimate; there are {synthesis.k}.")


def _labels(effects: Effects, places: Sequence[int] | NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(effects.labels[i] for i in places)


def _refits(
    kind: str,
    by: str,
    full: Synthesis,
    studies: tuple[NDArray[np.intp], list[NDArray[np.intp]]],
    fit: Fit | None,
) -> Refits:
    named, sets = studies
    if fit is None and not by_inverse_variance(full.method):
        raise SynthesisError(f"The model {full.method.model} needs to be told how to be fitted again.")
    columns = _in_batch(full, sets) if fit is None else _one_by_one(full, sets, fit)
    return Refits(kind, by, full, _labels(full.effects, named), *columns)


def _in_batch(full: Synthesis, sets: list[NDArray[np.intp]]) -> tuple[Any, ...]:
    effects = full.effects
    mask = np.zeros((len(effects), len(sets)), dtype=bool)
    for column, places in enumerate(sets):
        mask[places, column] = True
    null = effects.measure.null
    found = pool_many(
        effects.yi, effects.vi, mask, options=options_of(full.method), null=np.nan if null is None else null
    )
    return (
        found.k.astype(int), found.estimate, found.se, found.ci_low, found.ci_high, found.p,
        found.tau2, found.i2, found.q, found.q_p,
    )  # fmt: skip


def _one_by_one(full: Synthesis, sets: list[NDArray[np.intp]], fit: Fit) -> tuple[Any, ...]:
    rows = [_row(fit(only_studies(full.effects, places.tolist()))) for places in sets]
    k, *columns = np.array(rows, dtype=float).T
    return (k.astype(int), *columns)


def _row(s: Synthesis) -> tuple[float | None, ...]:
    low, high = (s.ci.low, s.ci.high) if s.ci else (None, None)
    h = s.heterogeneity
    spread = (h.tau2, h.i2, h.q, h.q_p) if h else (None, None, None, None)
    return s.k, s.estimate, s.se, low, high, s.p, *spread


def _order(effects: Effects, by: str, places: NDArray[np.intp]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return the studies in the order of a column, and a note on those without a value."""
    if by == PRECISION:
        return places[np.argsort(effects.vi[places], kind="stable")], ()
    if by not in effects.moderators:
        known = [PRECISION, *effects.moderators]
        raise SynthesisError(f'The column to accumulate by is "{by}"; {did_you_mean(by, known)}')
    values = [effects.moderators[by][i] for i in places]
    missing = [_is_missing(v) for v in values]
    numeric = all(_number(v) is not None for v, m in zip(values, missing, strict=True) if not m)
    keys = [
        (m, (_number(v) or 0.0) if numeric and not m else 0.0, "" if numeric or m else str(v))
        for v, m in zip(values, missing, strict=True)
    ]
    order = places[sorted(range(len(keys)), key=keys.__getitem__)]
    last = _labels(effects, places[np.flatnonzero(missing)])
    return order, ((f'Last, for want of a value in "{by}": {", ".join(last)}.',) if last else ())


def _is_missing(value: Any) -> bool:
    return value is None or value != value or not str(value).strip()  # noqa: PLR0124 (NaN)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _on_leaving_out(refits: Refits) -> Iterator[str]:
    """Say how far the estimate moves, and which study the verdict on no effect hangs on."""
    full, back = refits.full, refits.full.effects.measure.back
    low, high = sorted(float(v) for v in back(np.array([np.min(refits.estimate), np.max(refits.estimate)])))
    yield f"Without one study the estimate lies between {low:.3g} and {high:.3g}."
    null = full.effects.measure.null
    if null is None or full.ci is None:
        return
    inside = (refits.low <= null) & (null <= refits.high)
    turns = [label for label, i in zip(refits.labels, inside, strict=True) if i != full.ci.contains(null)]
    if turns:
        verb = "excludes" if full.ci.contains(null) else "includes"
        yield f"The interval {verb} no effect without {_listed(turns, 'or')}."


def _on_influence(labels: tuple[str, ...], flags: NDArray[np.bool_], full: Synthesis) -> tuple[str, ...]:
    named = [label for label, flag in zip(labels, flags, strict=True) if flag]
    found = f"Influential by a rule of thumb: {_listed(named, 'and')}." if named else (
        "No study is influential by the rules of thumb."
    )  # fmt: skip
    if full.method.ci in _SCALED:
        return (found,)
    return (
        found,
        f"Standard errors are normal-theory ones, as the interval {full.method.ci} has none of its own.",
    )


def _listed(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
