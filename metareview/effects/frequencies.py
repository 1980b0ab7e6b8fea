"""Proportions and rates, of one arm or of two: from counts to ``yi`` and ``vi``.

Columns are metafor's, ``(k,)`` each: ``xi`` events of ``ni`` persons, or in ``ti`` person-time;
``x1i t1i x2i t2i`` in two arms.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.model import Columns, FloatArray

Effect = tuple[FloatArray, FloatArray]


def proportion(c: Columns) -> Effect:
    """Raw proportion: p(1-p)/n, written with counts."""
    return c["xi"] / c["ni"], c["xi"] * (c["ni"] - c["xi"]) / c["ni"] ** 3


def proportion_average(c: Columns) -> Effect:
    """Raw proportion; variance at the proportion of all studies together."""
    known = np.isfinite(c["xi"]) & np.isfinite(c["ni"])
    total = float(np.sum(c["ni"][known]))
    mean = float(np.sum(c["xi"][known])) / total if total else np.nan
    return c["xi"] / c["ni"], mean * (1 - mean) / c["ni"]


def log_proportion(c: Columns) -> Effect:
    """Log proportion: 1/x - 1/n."""
    return np.log(c["xi"] / c["ni"]), 1 / c["xi"] - 1 / c["ni"]


def logit_proportion(c: Columns) -> Effect:
    """Logit proportion: 1/x + 1/(n-x)."""
    others = c["ni"] - c["xi"]
    return np.log(c["xi"] / others), 1 / c["xi"] + 1 / others


def arcsine_proportion(c: Columns) -> Effect:
    """Arcsine square-root proportion (Anscombe 1948): 1/(4n)."""
    return np.arcsin(np.sqrt(c["xi"] / c["ni"])), 1 / (4 * c["ni"])


def freeman_tukey_proportion(c: Columns) -> Effect:
    """Double arcsine proportion, the mean of both arcsines (Freeman & Tukey 1950, p. 607): 1/(4n+2)."""
    x, n = c["xi"], c["ni"]
    yi = (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2
    return yi, 1 / (4 * n + 2)


def rate(c: Columns) -> Effect:
    """Incidence rate: x/t^2."""
    return c["xi"] / c["ti"], c["xi"] / c["ti"] ** 2


def log_rate(c: Columns) -> Effect:
    """Log incidence rate: 1/x."""
    return np.log(c["xi"] / c["ti"]), 1 / c["xi"]


def root_rate(c: Columns) -> Effect:
    """Square root of the incidence rate: 1/(4t)."""
    return np.sqrt(c["xi"] / c["ti"]), 1 / (4 * c["ti"])


def freeman_tukey_rate(c: Columns) -> Effect:
    """Freeman-Tukey rate, the mean of both roots (Freeman & Tukey 1950, p. 607): 1/(4t)."""
    yi = (np.sqrt(c["xi"] / c["ti"]) + np.sqrt((c["xi"] + 1) / c["ti"])) / 2
    return yi, 1 / (4 * c["ti"])


def log_rate_ratio(c: Columns) -> Effect:
    """Log incidence rate ratio (Rothman 2008, p. 249): 1/x1 + 1/x2."""
    return np.log(c["x1i"] / c["t1i"]) - np.log(c["x2i"] / c["t2i"]), 1 / c["x1i"] + 1 / c["x2i"]


def rate_difference(c: Columns) -> Effect:
    """Incidence rate difference (Rothman 2008, p. 247): x1/t1^2 + x2/t2^2."""
    yi = c["x1i"] / c["t1i"] - c["x2i"] / c["t2i"]
    return yi, c["x1i"] / c["t1i"] ** 2 + c["x2i"] / c["t2i"] ** 2


def root_rate_difference(c: Columns) -> Effect:
    """Difference of square-root rates: 1/(4 t1) + 1/(4 t2)."""
    yi = np.sqrt(c["x1i"] / c["t1i"]) - np.sqrt(c["x2i"] / c["t2i"])
    return yi, 1 / (4 * c["t1i"]) + 1 / (4 * c["t2i"])
