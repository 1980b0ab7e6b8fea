"""Subgroups: one synthesis per group, and the test for differences between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from metareview.effects import Effects, only_studies
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.model import Choice, Synthesis
from metareview.synthesis.options import Options
from metareview.synthesis.pooling import pool_as
from metareview.synthesis.refitting import Fit, by_inverse_variance, options_of
from metareview.synthesis.regression import regress


@dataclass(frozen=True, eq=False)
class Subgroups:
    """The syntheses of subgroups and the test for differences between them.

    Attributes
    ----------
    by : the column the groups come from
    overall : the synthesis of all studies
    groups : label and synthesis of each group, in the order of the data
    q, df, p : test for subgroup differences (chi-squared); None with fewer than two groups
    tau2_shared : whether the groups share one tau2, estimated from all of them together
    planned : whether the subgroups were planned; None when nobody said
    notes : sentences for the reader
    """

    by: str
    overall: Synthesis
    groups: tuple[tuple[str, Synthesis], ...]
    q: float | None
    df: int | None
    p: float | None
    tau2_shared: bool
    planned: bool | None
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Say the test for subgroup differences in one sentence."""
        if self.q is None:
            return f"Subgroups by {self.by}: no test for differences"
        return f"Subgroups by {self.by}: Q = {self.q:.2f}, df = {self.df}, P = {self.p:.3g}"


def pool_subgroups(
    overall: Synthesis,
    by: str,
    *,
    common_tau2: bool = False,
    planned: bool | None = None,
    fit: Fit | None = None,
) -> Subgroups:
    """Pool each subgroup by the recipe of the overall synthesis, and test for differences.

    Parameters
    ----------
    overall : the synthesis of all studies
    by : the moderator column that names each study's group; studies without a value are in none
    common_tau2 : estimate one tau2 for all groups together
    planned : whether the subgroups were planned before the data were seen
    fit : how to pool a group, where the model is not one of inverse variance

    Raises
    ------
    SynthesisError
        For a column that is not there or empty, and for ``common_tau2`` with a model without one.

    Notes
    -----
    ``Q = sum w_g (m_g - m)^2`` with ``w_g = 1 / se_g^2`` and ``m`` their weighted mean (Borenstein
    et al. 2009, chapter 19, equations 19.12 to 19.15); the standard errors are the normal-theory
    ones whatever the intervals are, so that a group of two or three studies is not given a weight
    that its own small sample made. With a common tau2 the groups are one regression on their
    indicator columns.
    """
    effects = overall.effects
    names = _names(effects, by)
    if common_tau2:
        _check_shared(overall)
    options = options_of(overall.method)
    fit = fit or _fit_of(overall, options)
    labels = _in_order(names, effects.estimable)
    places = {label: np.flatnonzero(names == label) for label in labels}
    shared = _shared_tau2(overall, places) if common_tau2 else None
    if shared is not None:
        fit = _fit_with(overall, options, shared)
    groups = tuple((label, fit(only_studies(effects, places[label].tolist()))) for label in labels)
    q, df, p = _difference([_mean_and_variance(group, shared) for _, group in groups])
    notes = _notes(effects, names, groups, planned, shared)
    return Subgroups(by, overall, groups, q, df, p, common_tau2, planned, notes)


def _names(effects: Effects, by: str) -> NDArray[np.str_]:
    """Return each study's group; empty where there is none."""
    if by not in effects.moderators:
        raise SynthesisError(
            f'The subgroup column is "{by}"; {did_you_mean(by, list(effects.moderators))} '
            "It must be a column of the table that the measure does not use."
        )
    return np.array([_as_text(value) for value in effects.moderators[by]])


def _as_text(value: Any) -> str:
    """Write a group as a person would: 1990 for 1990.0, nothing for a missing one."""
    if value is None or value != value:  # noqa: PLR0124 (a missing number is not itself)
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def _in_order(names: NDArray[np.str_], estimable: NDArray[np.bool_]) -> list[str]:
    """Return the groups that hold an estimable study, in the order of the data."""
    found = list(dict.fromkeys(str(n) for n, there in zip(names, estimable, strict=True) if n and there))
    if not found:
        raise SynthesisError("No study with an estimate has a value in the subgroup column.")
    return found


def _check_shared(overall: Synthesis) -> None:
    if overall.method.model != "random":
        raise SynthesisError(
            f"A common tau2 needs the random-effects model; the model is {overall.method.model}."
        )


def _fit_of(overall: Synthesis, options: Options) -> Fit:
    if not by_inverse_variance(overall.method):
        raise SynthesisError(
            f"Subgroups of the model {overall.method.model} need to be told how to fit a group."
        )
    return lambda effects: pool_as(effects, options)


def _fit_with(overall: Synthesis, options: Options, shared: float) -> Fit:
    """Pool with a given tau2, and say where it comes from."""
    choice = Choice(
        "tau2",
        overall.method.tau2,
        "One tau2 for all subgroups, estimated from all of them together.",
        "Borenstein et al. 2009, chapter 19",
    )

    def fit(effects: Effects) -> Synthesis:
        group = pool_as(effects, replace(options, tau2=shared))
        choices = tuple(choice if c.what == "tau2" else c for c in group.method.choices)
        method = replace(group.method, tau2=overall.method.tau2, choices=choices)
        notes = tuple(n for n in group.notes if not n.startswith("tau2 = "))
        return replace(group, method=method, notes=(choice.reason, *notes))

    return fit


def _shared_tau2(overall: Synthesis, places: dict[str, NDArray[np.intp]]) -> float:
    """Estimate the tau2 that the groups share."""
    effects, code = overall.effects, overall.method.tau2
    inside = effects.estimable
    grouped = [places[label][inside[places[label]]] for label in places]
    index = np.concatenate(grouped)
    design = np.zeros((len(index), len(grouped)))
    design[np.arange(len(index)), np.repeat(np.arange(len(grouped)), [len(g) for g in grouped])] = 1.0
    known = [c.value for c in overall.method.choices if c.what == "tau2" and _is_number(c.value)]
    return regress(effects.yi[index], effects.vi[index], design, tau2=float(known[0]) if known else code).tau2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _mean_and_variance(group: Synthesis, shared: float | None) -> tuple[float, float]:
    """Return a group's estimate and its normal-theory variance."""
    if not by_inverse_variance(group.method):
        return group.estimate, group.se**2
    inside = group.effects.estimable
    tau2 = shared if shared is not None else group.heterogeneity.tau2 if group.heterogeneity else 0.0
    w = 1.0 / (group.effects.vi[inside] + tau2)
    centre = float(group.effects.yi[inside][0])
    mean = centre + float(np.sum(w * (group.effects.yi[inside] - centre)) / np.sum(w))
    return mean, float(1.0 / np.sum(w))


def _difference(groups: Sequence[tuple[float, float]]) -> tuple[float | None, int | None, float | None]:
    """Test whether the groups' means differ."""
    if len(groups) < 2:
        return None, None, None
    mean, variance = np.array(groups).T
    w = 1.0 / variance
    centred = mean - mean[0]
    q = float(np.sum(w * (centred - np.sum(w * centred) / np.sum(w)) ** 2))
    df = len(groups) - 1
    return q, df, float(chdtrc(df, q))


def _notes(
    effects: Effects,
    names: NDArray[np.str_],
    groups: tuple[tuple[str, Synthesis], ...],
    planned: bool | None,
    shared: float | None,
) -> tuple[str, ...]:
    said = [_on_planning(planned)]
    if len(groups) < 2:
        said.append("All studies with an estimate are in one subgroup: there is no difference to test.")
    else:
        said.append(
            "Whether subgroups differ is judged by the test between them, not by which one is significant."
        )
    if shared is not None:
        said.append(f"The subgroups share one tau2 = {shared:.4g}.")
    said.extend(f'Subgroup "{label}" has one study.' for label, g in groups if g.k == 1)
    if not all(by_inverse_variance(group.method) for _, group in groups):
        said.append(
            "The test takes each group's estimate and standard error as those of a normal distribution."
        )
    missing = [label for label, name in zip(effects.labels, names, strict=True) if not name]
    if missing:
        said.append(f"In no subgroup, for want of a value: {', '.join(missing)}.")
    said.extend(
        f'Subgroup "{name}" has no study with an estimate.'
        for name in dict.fromkeys(str(n) for n in names if n)
        if name not in dict(groups)
    )
    return tuple(said)


def _on_planning(planned: bool | None) -> str:
    if planned is None:
        return "It is not said whether these subgroups were planned before the data were seen."
    if planned:
        return "These subgroups were planned before the data were seen."
    return "These subgroups were chosen post hoc: they can raise a question, not answer one."
