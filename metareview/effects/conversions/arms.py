"""Arms combined, shared or not independent: multi-arm, cluster and cross-over trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metareview.effects.completion import sd_of_change
from metareview.effects.continuous import hedges_correction
from metareview.effects.conversions.derived import Derived, between, finite, one_length, positive, refuse
from metareview.effects.conversions.spread import ROUNDING, quantile
from metareview.errors import EffectError


def combine_arms(n: Sequence[float], mean: Sequence[float], sd: Sequence[float]) -> Derived:
    """Derive mean and standard deviation of two or more arms taken as one.

    Parameters
    ----------
    n, mean, sd
        One value per arm.

    Notes
    -----
    The sum of squares within and between arms, over N - 1: for two arms the formula of Handbook
    table 6.5.a, and the same as combining them one after another.

    Examples
    --------
    >>> d = combine_arms([10, 20], [4.0, 7.0], [1.0, 2.0])
    >>> d["n"], d["mean"], round(d["sd"], 4)
    (30.0, 6.0, 2.2361)
    """
    problems = one_length(n=n, mean=mean, sd=sd)
    problems += [f"there is {len(n)} arm; two or more are needed."] if len(n) < 2 else []
    for i, (size, centre, spread) in enumerate(zip(n, mean, sd, strict=False), 1):
        problems += [
            f"arm {i}: {p}" for p in (*positive(n=size), *finite(mean=centre), *_not_negative(sd=spread))
        ]
    refuse(problems)
    sizes, means, sds = (np.asarray(x, dtype=float) for x in (n, mean, sd))
    total = float(sizes.sum())
    centre = float(np.sum(sizes * means) / total)
    squares = float(np.sum((sizes - 1) * sds**2 + sizes * (means - centre) ** 2))
    return Derived(
        {"n": total, "mean": centre, "sd": math.sqrt(squares / (total - 1))},
        f"{len(sizes)} arms taken as one",
        "Cochrane Handbook 6.5.2.10, table 6.5.a",
    )


def _not_negative(**given: float) -> list[str]:
    return [f"{name} is {v:g}; it cannot be below 0." for name, v in given.items() if not v >= 0]


def split_control(total: float, comparisons: int, events: float | None = None) -> Derived:
    """Give the share of a control arm that each of several comparisons may use.

    Parameters
    ----------
    total
        Persons in the shared arm.
    comparisons
        How many comparisons share it.
    events
        Events in it, for binary outcomes; means and standard deviations stay as they are.

    Examples
    --------
    >>> dict(split_control(60, 2, events=15).values)
    {'total': 30.0, 'events': 7.5}
    """
    problems = positive(total=total)
    if comparisons < 2 or comparisons != int(comparisons):
        problems.append(f"comparisons is {comparisons:g}; it must be a whole number, 2 or more.")
    if events is not None and not 0 <= events <= total:
        problems.append(f"events is {events:g}; it must lie between 0 and total ({total:g}).")
    refuse(problems)
    values = {"total": total / comparisons} | ({} if events is None else {"events": events / comparisons})
    return Derived(
        values,
        f"one share of {comparisons:g}",
        "Cochrane Handbook 23.3.4",
        "The comparisons remain correlated in part; combining the other arms avoids it.",
    )


def design_effect(
    cluster_size: float, icc: float, cv: float = 0.0, total: float | None = None, events: float | None = None,
    se: float | None = None,
) -> Derived:  # fmt: skip
    """Derive the design effect of a cluster trial, and what it makes of a sample or a standard error.

    Parameters
    ----------
    cluster_size
        Mean number of persons in a cluster, m.
    icc
        Intracluster correlation coefficient; say where it comes from.
    cv
        Coefficient of variation of cluster sizes.
    total, events
        One arm's persons and events, to be divided by the design effect.
    se
        A standard error that ignored the clusters, to be multiplied by its root.

    Notes
    -----
    1 + ((1 + cv^2) m - 1) ICC (Handbook 23.1.4; Eldridge 2006 for unequal clusters).

    Examples
    --------
    >>> d = design_effect(29.8, 0.02, total=295, events=63)
    >>> [round(float(d[k]), 3) for k in ("design_effect", "total", "events")]
    [1.576, 187.183, 39.975]
    """
    problems = [*positive(total=total, se=se), *finite(cv=cv)]
    problems += [] if cluster_size >= 1 else [f"cluster_size is {cluster_size:g}; it must be 1 or more."]
    problems += [] if 0 <= icc <= 1 else [f"icc is {icc:g}; it must lie between 0 and 1."]
    problems += _not_negative(cv=cv)
    if events is not None and not 0 <= events <= (math.inf if total is None else total):
        problems.append(f"events is {events:g}; it must lie between 0 and total.")
    refuse(problems)
    effect = 1 + ((1 + cv**2) * cluster_size - 1) * icc
    values = {"design_effect": effect}
    values |= {} if total is None else {"total": total / effect}
    values |= {} if events is None else {"events": events / effect}
    values |= {} if se is None else {"se": se * math.sqrt(effect)}
    unequal = "; Eldridge et al. 2006, Int J Epidemiol 35:1292" if cv else ""
    return Derived(
        values,
        f"clusters of {cluster_size:g} with an intracluster correlation of {icc:g}",
        f"Cochrane Handbook 23.1.4{unequal}",
        "Say where the intracluster correlation comes from, and repeat the synthesis with others.",
    )


def crossover_difference(
    mean_1: float, sd_1: float, mean_2: float, sd_2: float, n: float, r: float
) -> Derived:
    """Derive the mean difference of a cross-over trial, analysed as pairs.

    Parameters
    ----------
    mean_1, sd_1, mean_2, sd_2
        Means and standard deviations under both treatments.
    n
        Persons who had both.
    r
        Correlation within persons.

    Notes
    -----
    SE = sqrt(sd1^2 + sd2^2 - 2 r sd1 sd2)/sqrt(n) (Handbook 23.2.7.1); SMD = MD over the pooled
    standard deviation times J(n - 1), its SE = sqrt(1/n + SMD^2/(2n)) sqrt(2(1 - r)) (23.2.7.2).

    Examples
    --------
    >>> d = crossover_difference(7.0, 2.38, 6.5, 2.21, n=10, r=0.68)
    >>> d["md"], round(d["se"], 4)
    (0.5, 0.5827)
    """
    problems = [*finite(mean_1=mean_1, mean_2=mean_2), *positive(sd_1=sd_1, sd_2=sd_2)]
    problems += [] if n >= 2 else [f"n is {n:g}; at least 2 persons are needed."]
    problems += [] if -1 <= r < 1 else [f"r is {r:g}; it must be at least -1 and below 1."]
    refuse(problems)
    md = mean_1 - mean_2
    se = float(sd_of_change(sd_1, sd_2, r)) / math.sqrt(n)
    smd = md / math.sqrt((sd_1**2 + sd_2**2) / 2) * float(hedges_correction(np.asarray(n - 1.0)))
    smd_se = math.sqrt(1 / n + smd**2 / (2 * n)) * math.sqrt(2 * (1 - r))
    return Derived(
        {"md": md, "se": se, "smd": smd, "smd_se": smd_se},
        f"pairs with r = {r:g}",
        "Cochrane Handbook 23.2.7; Elbourne et al. 2002, Int J Epidemiol 31:140",
        "Say where the correlation comes from, and repeat the synthesis with others.",
    )


def crossover_correlation(mean_difference: float, sd_1: float, sd_2: float, n: float, se: float) -> Derived:
    """Derive the correlation within persons that a paired standard error implies.

    Parameters
    ----------
    mean_difference, se
        The paired difference and its standard error (from its t, P or interval).
    sd_1, sd_2
        Standard deviations under both treatments.
    n
        Persons who had both.

    Examples
    --------
    >>> round(crossover_correlation(0.5, 2.38, 2.21, n=10, se=0.5827).value, 2)
    0.68
    """
    refuse([*finite(mean_difference=mean_difference), *positive(sd_1=sd_1, sd_2=sd_2, n=n, se=se)])
    r = (sd_1**2 + sd_2**2 - n * se**2) / (2 * sd_1 * sd_2)
    if abs(r) > 1 + ROUNDING:
        raise EffectError(
            f"se is {se:g}; with these standard deviations and n a paired one must lie between "
            f"{abs(sd_1 - sd_2) / math.sqrt(n):g} and {(sd_1 + sd_2) / math.sqrt(n):g}."
        )
    return Derived({"r": max(-1.0, min(1.0, r))}, "the paired standard error", "Cochrane Handbook 23.2.7.1")


def paired_odds_ratio(only_1: float, only_2: float, level: float = 0.95) -> Derived:
    """Derive the odds ratio of a cross-over trial from the persons whose outcome changed.

    Parameters
    ----------
    only_1, only_2
        Persons with the event under the first treatment alone, and under the second alone.

    Notes
    -----
    b/c with log standard error sqrt(1/b + 1/c) (Elbourne 2002, conditional odds ratio).

    Examples
    --------
    >>> d = paired_odds_ratio(12, 6)
    >>> d["or"], round(d["se"], 4)
    (2.0, 0.5)
    """
    refuse([*positive(only_1=only_1, only_2=only_2), *between(0, 1, level=level)])
    ratio, se = only_1 / only_2, math.sqrt(1 / only_1 + 1 / only_2)
    reach = math.exp(quantile((1 + level) / 2, None) * se)
    return Derived(
        {"or": ratio, "low": ratio / reach, "high": ratio * reach, "se": se},
        "discordant pairs",
        "Elbourne et al. 2002, Int J Epidemiol 31:140",
        "It is conditional on the person, and further from 1 than the odds ratio of parallel arms.",
    )
