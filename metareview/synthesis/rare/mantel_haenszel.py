"""Mantel-Haenszel pooling of 2x2 tables and of rates, without any continuity correction."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, inf, log, nan, sqrt

import numpy as np
from scipy.special import chdtrc

from metareview.effects import Effects, FloatArray
from metareview.errors import SynthesisError
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, Spread, synthesis_from
from metareview.synthesis.rare.counts import Mask, TwoArms, two_arms

_RECIPE = Recipe(
    "mh",
    "none",
    "wald",
    "Mantel-Haenszel weights need no addition to zero cells and stay right when events are few; "
    "one common effect is assumed.",
    "Mantel & Haenszel 1959; Cochrane Handbook 10.4.1",
)
_BINARY = ("OR", "RR", "RD", "VE")
_RATE = ("IRR", "IRD")


@dataclass(frozen=True, eq=False, slots=True)
class Pooled:
    """A Mantel-Haenszel estimate: value and standard error on the analysis scale, ``(k,)`` weights."""

    estimate: float
    se: float
    weights: FloatArray


def pool_mantel_haenszel(effects: Effects, *, level: float = 0.95) -> Synthesis:
    """Pool OR, RR, RD, IRR or IRD by Mantel and Haenszel, with no correction for zero cells.

    Variances: Robins, Breslow & Greenland 1986 (OR), Greenland & Robins 1985 (RR, RD, IRR, IRD; for
    RD that of Sato 1989). Homogeneity: Cochran's Q of the studies' own effects about the pooled one,
    and for OR Breslow & Day 1980 with Tarone's 1985 correction; test of no effect: Cochran-Mantel-
    Haenszel, without correction, in ``details``.

    Parameters
    ----------
    effects
        Effects of one of these measures that carry their counts.
    level
        Of the interval, a fraction.

    Raises
    ------
    SynthesisError
        For other measures, and when no study has counts.
    """
    code = effects.measure.code
    if code not in (*_BINARY, *_RATE):
        raise SynthesisError(
            f"Mantel-Haenszel pools {', '.join((*_BINARY, *_RATE))}; {effects.measure.label} ({code}) "
            "is none of them."
        )
    arms = two_arms(effects)
    pooled = _FORMULAS[code](arms)
    details, notes = _details(code, arms, pooled.estimate)
    finding = Finding(
        used=_used(arms, code),
        estimate=pooled.estimate,
        se=pooled.se,
        spread=_q(effects, arms, pooled.estimate),
        weights=_fractions(arms, pooled.weights),
        details=details,
        notes=(*_infinite(pooled.estimate, code), *notes),
        study_notes=_silence(arms, code),
    )
    return synthesis_from(effects, finding, _RECIPE, level)


def _odds_ratio(arms: TwoArms) -> Pooled:
    """Robins, Breslow & Greenland 1986, Biometrics 42:311, equation 3."""
    a, b, c, d = arms.x1, arms.n1 - arms.x1, arms.x2, arms.n2 - arms.x2
    n = arms.n1 + arms.n2
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    R, S = fsum(r), fsum(s)  # exact, so that studies without information do not move the last bit
    if R == 0 or S == 0:
        return Pooled(_ratio(R, S), nan, s)
    variance = fsum(p * r) / R**2 + fsum(p * s + q * r) / (R * S) + fsum(q * s) / S**2
    return Pooled(log(R / S), sqrt(variance / 2), s)


def _risk_ratio(arms: TwoArms) -> Pooled:
    """Greenland & Robins 1985, Biometrics 41:55, equation 13."""
    a, c, n1, n2 = arms.x1, arms.x2, arms.n1, arms.n2
    n = n1 + n2
    R, S = (a * n2 / n).sum(), (c * n1 / n).sum()
    if R == 0 or S == 0:
        return Pooled(_ratio(R, S), nan, c * n1 / n)
    variance = (n1 * n2 * (a + c) / n**2 - a * c / n).sum() / (R * S)
    return Pooled(log(R / S), sqrt(max(variance, 0.0)), c * n1 / n)


def _risk_difference(arms: TwoArms) -> Pooled:
    """Sato 1989, Biometrics 45:1323: a variance that holds for few large and for many small tables."""
    a, c, n1, n2 = arms.x1, arms.x2, arms.n1, arms.n2
    n = n1 + n2
    w = n1 * n2 / n
    rd = (a * n2 / n - c * n1 / n).sum() / w.sum()
    p = (c * n1**2 - a * n2**2 + n1 * n2 * (n2 - n1) / 2) / n**2
    q = (a * (n2 - c) + c * (n1 - a)) / (2 * n)
    return Pooled(float(rd), sqrt(max(rd * p.sum() + q.sum(), 0.0)) / w.sum(), w)


def _rate_ratio(arms: TwoArms) -> Pooled:
    """Greenland & Robins 1985, for person-time data; Rothman et al. 2008, chapter 15."""
    x1, x2, t1, t2 = arms.x1, arms.x2, arms.n1, arms.n2
    t = t1 + t2
    R, S = (x1 * t2 / t).sum(), (x2 * t1 / t).sum()
    if R == 0 or S == 0:
        return Pooled(_ratio(R, S), nan, x2 * t1 / t)
    return Pooled(log(R / S), sqrt((t1 * t2 * (x1 + x2) / t**2).sum() / (R * S)), x2 * t1 / t)


def _rate_difference(arms: TwoArms) -> Pooled:
    """Greenland & Robins 1985, for person-time data; Rothman et al. 2008, chapter 15."""
    x1, x2, t1, t2 = arms.x1, arms.x2, arms.n1, arms.n2
    w = t1 * t2 / (t1 + t2)
    difference = ((x1 * t2 - x2 * t1) / (t1 + t2)).sum() / w.sum()
    return Pooled(float(difference), sqrt((w**2 * (x1 / t1**2 + x2 / t2**2)).sum()) / w.sum(), w)


_FORMULAS = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "VE": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}


def _ratio(upper: float, lower: float) -> float:
    """Return the log of a ratio with a zero in it: minus or plus infinity, NaN for none at all."""
    if upper == 0 and lower == 0:
        return nan
    return -inf if upper == 0 else inf


def _used(arms: TwoArms, code: str) -> Mask:
    """Say which studies enter: for ratios, those that are not silent."""
    if code in ("RD", "IRD"):
        return arms.inside
    silent = (arms.x1 == 0) & (arms.x2 == 0) if code in ("RR", "VE") else arms.silent
    return arms.only(~silent).inside


def _silence(arms: TwoArms, code: str) -> dict[int, str]:
    silent = np.flatnonzero(arms.inside)[arms.silent]
    if code in ("RD", "IRD"):
        return dict.fromkeys(silent.tolist(), "No difference between the arms; it counts with its size.")
    rows = np.flatnonzero(arms.inside & ~_used(arms, code)).tolist()
    return dict.fromkeys(rows, "Both arms alike in having none or only events; it says nothing of a ratio.")


def _fractions(arms: TwoArms, weights: FloatArray) -> FloatArray:
    total = weights.sum()
    spread = np.zeros(arms.inside.shape)
    spread[arms.inside] = weights / total if total > 0 else 0.0
    return spread


def _q(effects: Effects, arms: TwoArms, estimate: float) -> Spread | None:
    """Give Cochran's Q of the studies' own effects about the pooled one; silent studies have no say."""
    there = effects.estimable & arms.only(~arms.silent).inside
    if np.count_nonzero(there) < 2 or not np.isfinite(estimate):
        return None
    q = ((effects.yi[there] - estimate) ** 2 / effects.vi[there]).sum()
    return Spread(float(q), int(np.count_nonzero(there)) - 1)


def _infinite(estimate: float, code: str) -> tuple[str, ...]:
    if np.isfinite(estimate):
        return ()
    if np.isnan(estimate):
        return (f"The Mantel-Haenszel {code} does not exist: no study has a table that bears on it.",)
    where = "the first arm has no event" if estimate < 0 else "the second arm has no event"
    return (
        f"No finite Mantel-Haenszel {code} exists: in every study that bears on it {where} "
        "or the other arm has nothing but events.",
    )


def _details(code: str, arms: TwoArms, estimate: float) -> tuple[dict[str, float], tuple[str, ...]]:
    if code == "OR":
        details = {**_cmh(arms), **_breslow_day(arms, estimate)}
    elif code == "IRR":
        details = _cmh_rates(arms)
    else:
        return {}, ()
    return details, tuple(_sentences(details))


def _sentences(details: dict[str, float]) -> list[str]:
    said = []
    if np.isfinite(details.get("cmh", nan)):
        said.append(
            f"Cochran-Mantel-Haenszel test of no effect: chi2 = {details['cmh']:.3f}, df = 1, "
            f"p = {details['cmh_p']:.3g}."
        )
    if np.isfinite(details.get("tarone_p", nan)):
        said.append(
            "Breslow-Day test of equal odds ratios with Tarone's correction: "
            f"chi2 = {details['tarone']:.3f}, df = {details['breslow_day_df']:g}, "
            f"p = {details['tarone_p']:.3g}."
        )
    return said


def _cmh(arms: TwoArms) -> dict[str, float]:
    """Mantel & Haenszel 1959 without correction: hypergeometric variances, ``N²(N-1)`` below."""
    n, m = arms.n1 + arms.n2, arms.x1 + arms.x2
    many = n > 1
    variance = (arms.n1 * arms.n2 * m * (n - m) / (n**2 * np.where(many, n - 1, 1)))[many].sum()
    return _chi2((arms.x1 - arms.n1 * m / n)[many].sum(), variance)


def _cmh_rates(arms: TwoArms) -> dict[str, float]:
    """Give the same for person-time: binomial variances given the events of both arms."""
    t, m = arms.n1 + arms.n2, arms.x1 + arms.x2
    return _chi2((arms.x1 - m * arms.n1 / t).sum(), (m * arms.n1 * arms.n2 / t**2).sum())


def _chi2(excess: float, variance: float) -> dict[str, float]:
    statistic = float(excess**2 / variance) if variance > 0 else nan
    return {"cmh": statistic, "cmh_p": float(chdtrc(1, statistic))}


def _breslow_day(arms: TwoArms, log_or: float) -> dict[str, float]:
    """Breslow & Day 1980, 4.32, and Tarone 1985: observed against fitted events at the pooled OR."""
    if not np.isfinite(log_or):
        return {}
    m, total = arms.x1 + arms.x2, arms.n1 + arms.n2
    informative = (m > 0) & (m < total)
    x1, n1, n2, m = (v[informative] for v in (arms.x1, arms.n1, arms.n2, m))
    a = _fitted_events(np.exp(log_or), n1, n2, m)
    with np.errstate(divide="ignore"):
        variance = 1 / (1 / a + 1 / (n1 - a) + 1 / (m - a) + 1 / (n2 - m + a))
    df = int(np.count_nonzero(informative)) - 1
    if df < 1 or not variance.sum() > 0:
        return {}
    bd = ((x1 - a) ** 2 / variance).sum()
    tarone = max(0.0, bd - (x1 - a).sum() ** 2 / variance.sum())
    return {
        "breslow_day": float(bd), "breslow_day_df": df, "breslow_day_p": float(chdtrc(df, bd)),
        "tarone": float(tarone), "tarone_p": float(chdtrc(df, tarone)),
    }  # fmt: skip


def _fitted_events(odds_ratio: float, n1: FloatArray, n2: FloatArray, m: FloatArray) -> FloatArray:
    """Return the events of the first arm that give the odds ratio with these margins.

    The root of ``(1-ψ)a² + (ψ(n1+m) + n2-m)a - ψ n1 m = 0`` in the form that loses no digits.
    """
    linear = odds_ratio * (n1 + m) + n2 - m
    square = 1 - odds_ratio
    root = np.sqrt(np.maximum(linear**2 + 4 * square * odds_ratio * n1 * m, 0.0))
    return np.asarray(2 * odds_ratio * n1 * m / (linear + root))
