"""Correlations and coefficients of reliability: from ``ri ni`` (or ``ti``, ``ai``) to ``yi`` and ``vi``."""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from metareview.effects.model import Columns, FloatArray

Effect = tuple[FloatArray, FloatArray]


def correlation(c: Columns) -> Effect:
    """Pearson correlation: (1-r^2)^2/(n-1)."""
    return c["ri"], (1 - c["ri"] ** 2) ** 2 / (c["ni"] - 1)


def correlation_at_mean(c: Columns) -> Effect:
    """Pearson correlation; variance at the mean of all correlations weighted by n (Hunter & Schmidt 2004)."""
    usable = np.isfinite(c["ri"]) & np.isfinite(c["ni"])
    r, n = c["ri"][usable], c["ni"][usable]
    mean = float(np.sum(n * r) / np.sum(n)) if n.size else np.nan
    return c["ri"], (1 - mean**2) ** 2 / (c["ni"] - 1)


_MANY = 40.0
_TERMS = 80


def _hypergeometric(a: float, c: FloatArray, x: FloatArray) -> FloatArray:
    """Gauss's 2F1(a, a; c; x) for 0 <= x <= 1.

    SciPy's overflows at x near 1 once c passes 170; there the series itself is short, its j-th
    term being below (j!)^2 Γ(c)/(j! Γ(c + j)): under 1e-17 of the sum within 80 terms from c = 40 on.
    """
    large = np.maximum(c, _MANY)
    term, total = np.ones_like(x), np.ones_like(x)
    for j in range(_TERMS):
        term = term * (a + j) ** 2 / ((large + j) * (j + 1)) * x
        total = total + term
    return np.where(c >= _MANY, total, hyp2f1(a, a, np.minimum(c, _MANY), x))


def _unbiased(c: Columns) -> FloatArray:
    return c["ri"] * _hypergeometric(0.5, (c["ni"] - 2) / 2, 1 - c["ri"] ** 2)


def correlation_unbiased(c: Columns) -> Effect:
    """Unbiased correlation (Olkin & Pratt 1958, eq. 2.3): (1-g^2)^2/(n-1)."""
    yi = _unbiased(c)
    return yi, (1 - yi**2) ** 2 / (c["ni"] - 1)


def correlation_unbiased_ub(c: Columns) -> Effect:
    """Unbiased correlation with the unbiased estimate of its variance (Hedges 1989, eq. 3)."""
    yi = _unbiased(c)
    n, unexplained = c["ni"], 1 - c["ri"] ** 2
    square = 1 - (n - 3) / (n - 2) * unexplained * _hypergeometric(1.0, n / 2, unexplained)
    return yi, yi**2 - square


def fisher_z(c: Columns) -> Effect:
    """Fisher's z (Fisher 1921): atanh r; 1/(n-3)."""
    return np.arctanh(c["ri"]), _inverse(c["ni"] - 3)


def _inverse(df: FloatArray) -> FloatArray:
    return np.where(df > 0, 1 / df, np.nan)


def partial_correlation(c: Columns) -> Effect:
    """Partial correlation from a regression's t (Aloe & Becker 2012): t/sqrt(t^2 + df); (1-r^2)^2/df."""
    df = c["ni"] - c["mi"] - 1
    yi = c["ti"] / np.sqrt(c["ti"] ** 2 + df)
    return yi, np.where(df > 0, (1 - yi**2) ** 2 / df, np.nan)


def partial_fisher_z(c: Columns) -> Effect:
    """Fisher's z of a partial correlation, as of n - (m - 1) persons (Fisher 1924): 1/(n - m - 2)."""
    yi, _ = partial_correlation(c)
    return np.arctanh(yi), _inverse(c["ni"] - c["mi"] - 2)


def partial_fisher_z_df(c: Columns) -> Effect:
    """Fisher's z of a partial correlation by residual degrees of freedom, as metafor 3.8: 1/(n - m - 1)."""
    yi, _ = partial_correlation(c)
    return np.arctanh(yi), _inverse(c["ni"] - c["mi"] - 1)


def alpha(c: Columns) -> Effect:
    """Cronbach's alpha (van Zyl 2000): 2m(1-a)^2/((m-1)(n-2))."""
    m = c["mi"]
    return c["ai"], 2 * m * (1 - c["ai"]) ** 2 / ((m - 1) * (c["ni"] - 2))


def alpha_cube_root(c: Columns) -> Effect:
    """Cube-root alpha (Hakstian & Whalen 1976): 18 m (n-1) (1-a)^(2/3) / ((m-1)(9n-11)^2)."""
    m, n, open_ = c["mi"], c["ni"], 1 - c["ai"]
    return 1 - np.cbrt(open_), 18 * m * (n - 1) * open_ ** (2 / 3) / ((m - 1) * (9 * n - 11) ** 2)


def alpha_log(c: Columns) -> Effect:
    """Log-transformed alpha (Bonett 2002): -ln(1-a); 2m/((m-1)(n-2))."""
    m = c["mi"]
    return -np.log(1 - c["ai"]), 2 * m / ((m - 1) * (c["ni"] - 2))
