"""Two-arm measures of binary outcomes: from a 2x2 table to ``yi`` and ``vi``.

Columns are metafor's, ``(k,)`` each: ``ai`` of ``n1i`` had the event in the first arm, ``ci`` of ``n2i``
in the second. Zero cells have been dealt with before (:mod:`metareview.effects.zerocells`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from metareview.effects.model import Columns, FloatArray

Effect = tuple[FloatArray, FloatArray]


def _cells(c: Columns) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return c["ai"], c["n1i"] - c["ai"], c["ci"], c["n2i"] - c["ci"]


def log_risk_ratio(c: Columns) -> Effect:
    """Log risk ratio (Katz 1978; Handbook 6.4.1.2): 1/a - 1/n1 + 1/c - 1/n2."""
    yi = np.log(c["ai"] / c["n1i"]) - np.log(c["ci"] / c["n2i"])
    return yi, 1 / c["ai"] - 1 / c["n1i"] + 1 / c["ci"] - 1 / c["n2i"]


def log_odds_ratio(c: Columns) -> Effect:
    """Log odds ratio (Woolf 1955): 1/a + 1/b + 1/c + 1/d."""
    a, b, e, d = _cells(c)
    return np.log(a / b) - np.log(e / d), 1 / a + 1 / b + 1 / e + 1 / d


def risk_difference(c: Columns) -> Effect:
    """Risk difference: p1(1-p1)/n1 + p2(1-p2)/n2, written with counts so that 0 and n stay exact."""
    a, b, e, d = _cells(c)
    return a / c["n1i"] - e / c["n2i"], a * b / c["n1i"] ** 3 + e * d / c["n2i"] ** 3


def arcsine_difference(c: Columns) -> Effect:
    """Difference of arcsine square-root risks (Rücker 2009): 1/(4 n1) + 1/(4 n2)."""
    yi = np.arcsin(np.sqrt(c["ai"] / c["n1i"])) - np.arcsin(np.sqrt(c["ci"] / c["n2i"]))
    return yi, 1 / (4 * c["n1i"]) + 1 / (4 * c["n2i"])


def log_peto_odds_ratio(c: Columns) -> Effect:
    """One-step log odds ratio (Yusuf 1985): (O - E)/V with the hypergeometric V; variance 1/V."""
    a, b, e, d = _cells(c)
    total, events, others = c["n1i"] + c["n2i"], a + e, b + d
    excess = a - events * c["n1i"] / total
    information = c["n1i"] * c["n2i"] * events * others / (total**2 * (total - 1))
    return excess / information, 1 / information


def phi_stratified(c: Columns) -> Effect:
    """Phi coefficient with both arm sizes fixed by design (delta method on the two risks)."""
    a, b, e, d = _cells(c)
    n1, n2 = c["n1i"], c["n2i"]
    events, others = a + e, b + d
    yi = (a * d - b * e) / np.sqrt(n1 * n2 * events * others)
    # d phi / d p1 and d phi / d p2 of phi = sqrt(n1 n2) (p1 - p2) / sqrt(events * others)
    slope = yi * (others - events) / (2 * events * others)
    steep = np.sqrt(n1 * n2 / (events * others))
    first, second = steep - slope * n1, -steep - slope * n2
    return yi, first**2 * a * b / n1**3 + second**2 * e * d / n2**3


def phi_cross_sectional(c: Columns) -> Effect:
    """Phi coefficient with only the total fixed (multinomial delta method, Bishop 1975 p. 386)."""
    a, b, e, d = _cells(c)
    n = a + b + e + d
    rows, columns = (a + b) / n, (a + e) / n
    yi = (a * d - b * e) / np.sqrt((a + b) * (e + d) * (a + e) * (b + d))
    spread = rows * (1 - rows), columns * (1 - columns)
    skew = (1 - 2 * rows) * (1 - 2 * columns) / np.sqrt(spread[0] * spread[1])
    tails = (1 - 2 * rows) ** 2 / spread[0] + (1 - 2 * columns) ** 2 / spread[1]
    return yi, (1 - yi**2 + yi * (1 + yi**2 / 2) * skew - 3 / 4 * yi**2 * tails) / n


def yule_q(c: Columns) -> Effect:
    """Yule's Q (Yule 1912): (OR-1)/(OR+1); (1-Q^2)^2/4 times Woolf's variance."""
    a, b, e, d = _cells(c)
    yi = (a * d - b * e) / (a * d + b * e)
    return yi, (1 - yi**2) ** 2 / 4 * (1 / a + 1 / b + 1 / e + 1 / d)


def yule_y(c: Columns) -> Effect:
    """Yule's Y (Yule 1912): (sqrt OR - 1)/(sqrt OR + 1); (1-Y^2)^2/16 times Woolf's variance."""
    a, b, e, d = _cells(c)
    with_, against = np.sqrt(a * d), np.sqrt(b * e)
    yi = (with_ - against) / (with_ + against)
    return yi, (1 - yi**2) ** 2 / 16 * (1 / a + 1 / b + 1 / e + 1 / d)


def probit_difference(c: Columns) -> Effect:
    """Difference of probit risks, a standardised mean difference (Sánchez-Meca 2003, eq. 16 and 17)."""
    p1, p2 = c["ai"] / c["n1i"], c["ci"] / c["n2i"]
    z1, z2 = ndtri(p1), ndtri(p2)
    spread = 2 * np.pi
    vi = spread * p1 * (1 - p1) * np.exp(z1**2) / c["n1i"] + spread * p2 * (1 - p2) * np.exp(z2**2) / c["n2i"]
    return z1 - z2, vi


def logit_to_smd(c: Columns) -> Effect:
    """Log odds ratio as a standardised mean difference, logistic (Chinn 2000): times sqrt(3)/pi."""
    yi, vi = log_odds_ratio(c)
    return yi * np.sqrt(3) / np.pi, vi * 3 / np.pi**2


def cox_to_smd(c: Columns) -> Effect:
    """Log odds ratio as a standardised mean difference, normal (Cox & Snell 1989): divided by 1.65."""
    yi, vi = log_odds_ratio(c)
    return yi / 1.65, vi / 1.65**2
