"""How much the studies differ: Q, I2, H2, and intervals for tau2."""

from __future__ import annotations

from math import exp, inf, isfinite, log, sqrt

import numpy as np
from scipy.special import chdtrc, chdtri, ndtri

from metareview.effects import FloatArray, Interval
from metareview.synthesis.model import Inconsistency
from metareview.synthesis.stack import Stack
from metareview.synthesis.tau2 import solve_q
from metareview.synthesis.weighting import Weighted


def typical_variance(common: Weighted) -> FloatArray:
    """Return ``(D,)`` the typical sampling variance (Higgins & Thompson 2002, equation 9).

    Parameters
    ----------
    common : the stack weighted at tau2 = 0
    """
    with np.errstate(all="ignore"):
        return (common.stack.n - 1.0) / common.unbiased


def q_profile(stack: Stack, level: float, estimator: str = "") -> tuple[FloatArray, FloatArray]:
    """Return the limits of tau2 where Q equals its chi-squared quantiles (Viechtbauer 2007, section 3.4).

    Both limits are 0 where Q at tau2 = 0 lies below even the lower quantile: the set is empty there.
    """
    tail = (1.0 - level) / 2.0
    df = stack.n - 1.0
    if len(stack.n) == 1:  # both limits in one solve
        low, high = solve_q(stack, _quantile(df, np.array([tail, 1.0 - tail])))
        return np.array([low]), np.array([high])
    return solve_q(stack, _quantile(df, tail)), solve_q(stack, _quantile(df, 1.0 - tail))


def _quantile(df: FloatArray, beyond: float | FloatArray) -> FloatArray:
    return np.asarray(chdtri(df, beyond), dtype=float)


def q_test(common: Weighted) -> FloatArray:
    """Return ``(D,)`` the P value of Cochran's Q."""
    with np.errstate(all="ignore"):
        return np.where(common.stack.n > 1, chdtrc(common.stack.n - 1.0, common.q), np.nan)


def inconsistencies(
    common: Weighted, tau2: float, limits: Interval | None, level: float
) -> dict[str, Inconsistency]:
    """Return I2 and H2 of one data set, computed from tau2 and from Q.

    From tau2: ``I2 = tau2 / (tau2 + v)`` with the typical variance ``v``, and likewise at the limits of
    tau2. From Q: ``I2 = 1 - df / Q``, with the test-based interval of Higgins & Thompson 2002.
    """
    return {"tau2": _from_tau2(common, tau2, limits), "Q": _from_q(common, level)}


def _from_tau2(common: Weighted, tau2: float, limits: Interval | None) -> Inconsistency:
    v = float(typical_variance(common)[0])
    i2_ci = h2_ci = None
    if limits is not None:
        i2_ci = Interval(limits.low / (limits.low + v), limits.high / (limits.high + v), limits.level)
        h2_ci = Interval(1 + limits.low / v, 1 + limits.high / v, limits.level)
    return Inconsistency(tau2 / (tau2 + v), i2_ci, 1 + tau2 / v, h2_ci)


def _from_q(common: Weighted, level: float) -> Inconsistency:
    q, k = float(common.q[0]), float(common.stack.n[0])
    h2 = q / (k - 1.0)
    spread = _log_h_error(q, k)
    if not (q > 0 and isfinite(spread)):
        return Inconsistency(_share(h2), None, h2, None)
    factor = exp(2.0 * float(ndtri(0.5 + level / 2)) * spread)
    h2_ci = Interval(max(h2 / factor, 1.0), max(h2 * factor, 1.0), level)
    return Inconsistency(_share(h2), Interval(_share(h2_ci.low), _share(h2_ci.high), level), h2, h2_ci)


def _share(h2: float) -> float:
    return max(0.0, 1.0 - 1.0 / h2) if h2 > 0 else 0.0


def _log_h_error(q: float, k: float) -> float:
    """Return the standard error of log H (Higgins & Thompson 2002, section 3.3)."""
    if q > k:
        return 0.5 * log(q / (k - 1)) / (sqrt(2 * q) - sqrt(2 * k - 3))
    return sqrt((1 - 1 / (3 * (k - 2) ** 2)) / (2 * (k - 2))) if k > 2 else inf
