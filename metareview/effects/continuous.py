"""Measures of continuous outcomes: two arms, one arm before and after, one arm alone.

Columns are metafor's, ``(k,)`` each: ``m1i sd1i n1i`` of the first arm, ``m2i sd2i n2i`` of the second;
``mi sdi ni`` of a single one. Before and after: ``m1i`` after, ``m2i`` before, ``ri`` their correlation,
``ni`` persons.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

from metareview.effects.model import Columns, FloatArray

Effect = tuple[FloatArray, FloatArray]


def hedges_correction(df: FloatArray) -> FloatArray:
    """Exact small-sample factor J(m) = Γ(m/2) / (sqrt(m/2) Γ((m-1)/2)) (Hedges 1981, eq. 6e).

    Parameters
    ----------
    df
        ``(k,)`` degrees of freedom of the standard deviation; NaN comes back below 2, where the
        standardised mean difference has no expectation.
    """
    m = np.where(np.asarray(df, dtype=float) > 1, df, np.nan)
    return np.asarray(np.exp(gammaln(m / 2) - np.log(np.sqrt(m / 2)) - gammaln((m - 1) / 2)), dtype=float)


def _pooled_variance(c: Columns) -> FloatArray:
    df1, df2 = c["n1i"] - 1, c["n2i"] - 1
    return np.asarray((df1 * c["sd1i"] ** 2 + df2 * c["sd2i"] ** 2) / (df1 + df2), dtype=float)


def _per_person(c: Columns) -> FloatArray:
    return np.asarray(1 / c["n1i"] + 1 / c["n2i"], dtype=float)


def mean_difference(c: Columns) -> Effect:
    """Difference of means, variances apart (Handbook 6.5.1.1): sd1^2/n1 + sd2^2/n2."""
    return c["m1i"] - c["m2i"], c["sd1i"] ** 2 / c["n1i"] + c["sd2i"] ** 2 / c["n2i"]


def mean_difference_pooled(c: Columns) -> Effect:
    """Difference of means under one variance for both arms: s^2 (1/n1 + 1/n2)."""
    return c["m1i"] - c["m2i"], _pooled_variance(c) * _per_person(c)


def _cohen(c: Columns) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cohen's d, its degrees of freedom and J."""
    df = c["n1i"] + c["n2i"] - 2
    return (c["m1i"] - c["m2i"]) / np.sqrt(_pooled_variance(c)), df, hedges_correction(df)


def hedges_g(c: Columns) -> Effect:
    """Hedges' g, exact J; large-sample variance at g (Hedges 1982, eq. 8): 1/n1 + 1/n2 + g^2/(2N)."""
    d, _, j = _cohen(c)
    return _large_sample(j * d, c)


def _large_sample(g: FloatArray, c: Columns) -> Effect:
    return g, _per_person(c) + g**2 / (2 * (c["n1i"] + c["n2i"]))


def hedges_g_ls2(c: Columns) -> Effect:
    """Hedges' g; variance at d times J^2 (Borenstein 2009, eq. 4.20 and 4.24)."""
    d, _, j = _cohen(c)
    return j * d, j**2 * (_per_person(c) + d**2 / (2 * (c["n1i"] + c["n2i"])))


def hedges_g_ub(c: Columns) -> Effect:
    """Hedges' g; unbiased variance (Hedges 1983, eq. 9): 1/n1 + 1/n2 + (1 - (m-2)/(m J^2)) g^2."""
    d, m, j = _cohen(c)
    g = j * d
    return g, _per_person(c) + (1 - (m - 2) / (m * j**2)) * g**2


def t_from_p(p: FloatArray, df: FloatArray) -> FloatArray:
    """Size of the t whose two-sided P value is ``p`` on ``df`` degrees of freedom."""
    return np.asarray(-stdtrit(df, p / 2), dtype=float)


def hedges_g_from_t(c: Columns) -> Effect:
    """Hedges' g from a two-sample t: d = t sqrt(1/n1 + 1/n2) (Borenstein 2009, table 12.1)."""
    j = hedges_correction(c["n1i"] + c["n2i"] - 2)
    return _large_sample(j * c["ti"] * np.sqrt(_per_person(c)), c)


def _cohen_d(c: Columns) -> Effect:
    """Cohen's d, without correction for small samples: 1/n1 + 1/n2 + d^2/(2N)."""
    return _large_sample((c["m1i"] - c["m2i"]) / np.sqrt(_pooled_variance(c)), c)


def smd_to_cox(c: Columns) -> Effect:
    """Cohen's d as a log odds ratio, normal outcome (Cox & Snell 1989): times 1.65."""
    d, vi = _cohen_d(c)
    return d * 1.65, vi * 1.65**2


def smd_to_logit(c: Columns) -> Effect:
    """Cohen's d as a log odds ratio, logistic outcome (Chinn 2000): times pi/sqrt(3)."""
    d, vi = _cohen_d(c)
    return d * np.pi / np.sqrt(3), vi * np.pi**2 / 3


def point_biserial(c: Columns) -> Effect:
    """Point-biserial correlation d/sqrt(d^2 + h), h = m/n1 + m/n2; arm sizes fixed (delta method on d)."""
    d, variance = _cohen_d(c)
    h = (c["n1i"] + c["n2i"] - 2) * _per_person(c)
    return d / np.sqrt(d**2 + h), h**2 / (h + d**2) ** 3 * variance


def biserial(c: Columns) -> Effect:
    """Biserial correlation of an outcome split in two, sqrt(pq)/f times the point-biserial (Soper 1914)."""
    n = c["n1i"] + c["n2i"]
    p, q = c["n1i"] / n, c["n2i"] / n
    z = ndtri(p)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    yi = point_biserial(c)[0] * np.sqrt(p * q) / density
    bend = p * q * z**2 / density**2 + (1 - 2 * p) * z / density - 5 / 2
    square = np.minimum(yi**2, 1)  # an estimate beyond 1 has the variance of 1
    return yi, (square**2 + square * bend + p * q / density**2) / (n - 1)


def smd_heteroscedastic(c: Columns) -> Effect:
    """Standardised mean difference, standard deviations not pooled (Bonett 2008; 2009), corrected by J."""
    v1, v2 = c["sd1i"] ** 2, c["sd2i"] ** 2
    df1, df2 = c["n1i"] - 1, c["n2i"] - 1
    mean_variance = (v1 + v2) / 2
    j = hedges_correction(df1 + df2)
    g = j * (c["m1i"] - c["m2i"]) / np.sqrt(mean_variance)
    spread = g**2 * (v1**2 / df1 + v2**2 / df2) / (8 * mean_variance**2)
    return g, j**2 * (spread + (v1 / df1 + v2 / df2) / mean_variance)


def log_ratio_of_means(c: Columns) -> Effect:
    """Log ratio of means (Hedges 1999, eq. 1): sd1^2/(n1 m1^2) + sd2^2/(n2 m2^2)."""
    v1, v2 = c["sd1i"] ** 2, c["sd2i"] ** 2
    return np.log(c["m1i"] / c["m2i"]), v1 / (c["n1i"] * c["m1i"] ** 2) + v2 / (c["n2i"] * c["m2i"] ** 2)


def log_ratio_of_means_pooled(c: Columns) -> Effect:
    """Log ratio of means under one variance: s^2 (1/(n1 m1^2) + 1/(n2 m2^2))."""
    each = 1 / (c["n1i"] * c["m1i"] ** 2) + 1 / (c["n2i"] * c["m2i"] ** 2)
    return np.log(c["m1i"] / c["m2i"]), _pooled_variance(c) * each


def log_ratio_of_means_average(c: Columns) -> Effect:
    """Log ratio of means; coefficients of variation averaged over studies (Doncaster & Spake 2018)."""
    first = _average(c["sd1i"] / c["m1i"], c["n1i"]) ** 2 / c["n1i"]
    return np.log(c["m1i"] / c["m2i"]), first + _average(c["sd2i"] / c["m2i"], c["n2i"]) ** 2 / c["n2i"]


def _average(values: FloatArray, sizes: FloatArray) -> float:
    """Mean of all studies that have a value, weighted by size."""
    known = np.isfinite(values) & (sizes > 0)
    return float(np.average(values[known], weights=sizes[known])) if known.any() else np.nan


def log_variation_ratio(c: Columns) -> Effect:
    """Log ratio of coefficients of variation (Nakagawa 2015, eq. 11 and 12, uncorrelated)."""
    ratio, variance = log_variability_ratio(c)
    means, relative = log_ratio_of_means(c)
    return ratio - means, variance + relative


def log_variability_ratio(c: Columns) -> Effect:
    """Log ratio of standard deviations, bias-corrected (Nakagawa 2015, eq. 7 and 8)."""
    half1, half2 = 1 / (2 * (c["n1i"] - 1)), 1 / (2 * (c["n2i"] - 1))
    return np.log(c["sd1i"] / c["sd2i"]) + half1 - half2, half1 + half2


def mean_change(c: Columns) -> Effect:
    """Mean of the change: sd_change^2/n, where sd_change^2 = sd1^2 + sd2^2 - 2 r sd1 sd2."""
    return c["m1i"] - c["m2i"], c["sddi"] ** 2 / c["ni"]


def smd_change(c: Columns) -> Effect:
    """Standardised mean change, by the SD of the change (Gibbons 1993; Viechtbauer 2007): 1/n + g^2/(2n)."""
    g = hedges_correction(c["ni"] - 1) * (c["m1i"] - c["m2i"]) / c["sddi"]
    return g, 1 / c["ni"] + g**2 / (2 * c["ni"])


def smd_change_raw(c: Columns) -> Effect:
    """Standardised mean change, by the SD before (Becker 1988): 2(1-r)/n + g^2/(2n)."""
    g = hedges_correction(c["ni"] - 1) * (c["m1i"] - c["m2i"]) / c["sd1i"]
    return g, 2 * (1 - c["ri"]) / c["ni"] + g**2 / (2 * c["ni"])


def mean_alone(c: Columns) -> Effect:
    """Mean of one arm: sd^2/n."""
    return c["mi"], c["sdi"] ** 2 / c["ni"]


def log_mean_alone(c: Columns) -> Effect:
    """Log mean of one arm (delta method): sd^2/(n m^2)."""
    return np.log(c["mi"]), c["sdi"] ** 2 / (c["ni"] * c["mi"] ** 2)
