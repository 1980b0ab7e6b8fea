"""Weighted regression of effects on what is known of the studies, with residual heterogeneity.

The model is ``y_i = x_i' b + u_i + e_i`` with ``Var(u_i) = tau2`` and ``Var(e_i) = v_i``; pooling is
the case of an intercept alone. Subgroups with a common tau2 and the random-effects tests for
funnel-plot asymmetry are its uses here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.effects import FloatArray
from metareview.errors import SynthesisError, did_you_mean

_SPACING = 1.5  # of v_min + tau2 from one point of the scan to the next


@dataclass(frozen=True, eq=False)
class Regression:
    """A fitted regression, everything on the analysis scale.

    Attributes
    ----------
    beta, se : ``(p,)`` coefficients and their standard errors (normal theory)
    cov : ``(p, p)`` covariance of the coefficients, ``(X' W X)^-1``
    tau2 : residual between-study variance
    q_residual, df_residual : residual heterogeneity at tau2 = 0, and ``k - p``
    method : the estimator's code, ``EE`` when tau2 is held at 0
    """

    beta: FloatArray
    se: FloatArray
    cov: FloatArray
    tau2: float
    q_residual: float
    df_residual: int
    method: str


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a regression: effects less their centre, variances, design."""

    y: FloatArray
    v: FloatArray
    X: FloatArray

    @property
    def df(self) -> int:
        return int(len(self.y) - self.X.shape[1])


@dataclass(frozen=True, eq=False)
class _Solved:
    beta: FloatArray
    cov: FloatArray
    residual: FloatArray
    leverage: FloatArray
    log_det: float


def regress(yi: FloatArray, vi: FloatArray, X: FloatArray, *, tau2: str | float = "REML") -> Regression:
    """Fit a meta-regression.

    Parameters
    ----------
    yi, vi : ``(k,)`` effects and sampling variances, all finite, ``vi > 0``
    X : ``(k, p)`` design matrix, its intercept included
    tau2 : an estimator's code (``EE DL DL2 HE HS HSk SJ GENQ PM EB PMM ML REML``), or a value

    Raises
    ------
    SynthesisError
        When the columns of ``X`` depend on each other, or there are fewer studies than columns.

    Notes
    -----
    Moment estimators: DerSimonian & Kacker 2007 eq. 6 with a design matrix, as in Jackson, White &
    Riley 2013. ML, REML: Viechtbauer 2005 eqs 8 and 11; the score is scanned and the highest of its
    maxima taken.
    """
    _check_design(yi, X)
    centre, along = _offset(yi, X)
    rows = _Rows(yi - centre, vi, X)
    value = _tau2_of(rows, tau2) if isinstance(tau2, str) else float(tau2)
    fit = _solve(rows, value)
    q = float(np.sum(_solve(rows, 0.0).residual ** 2 / vi))
    code = tau2.upper() if isinstance(tau2, str) else "fixed"
    return Regression(fit.beta + centre * along, np.sqrt(np.diag(fit.cov)), fit.cov, value, q, rows.df, code)


def _check_design(yi: FloatArray, X: FloatArray) -> None:
    columns = X.shape[1]
    with np.errstate(all="ignore"):
        scaled = X / np.sqrt(np.sum(X**2, axis=0))
    if len(yi) < columns or not np.isfinite(scaled).all() or np.linalg.matrix_rank(scaled) < columns:
        raise SynthesisError(
            f"A regression with {columns} coefficients cannot be fitted to these {len(yi)} studies: "
            "a predictor is constant or follows from the others, or there are too few studies."
        )


def _offset(yi: FloatArray, X: FloatArray) -> tuple[float, FloatArray]:
    """Return the mean effect to take off, so that a large one costs no digits, and its coefficients.

    It is 0 where no combination of the columns is constant.
    """
    ones = np.ones(len(yi))
    along = np.asarray(np.linalg.lstsq(X, ones, rcond=None)[0], dtype=float)
    along = np.where(
        np.abs(along) < 1e-12 * np.max(np.abs(along)), 0.0, along
    )  # rounding, times a large offset
    constant = bool(np.max(np.abs(X @ along - ones)) < 1e-9)
    return (float(np.mean(yi)) if constant else 0.0), along


def _solve(rows: _Rows, tau2: float) -> _Solved:
    """Weighted least squares by QR, with ``log |X' W X|``."""
    root = 1.0 / np.sqrt(rows.v + tau2)
    q, r = np.linalg.qr(rows.X * root[:, None])
    beta = np.linalg.solve(r, q.T @ (rows.y * root))
    inverse = np.linalg.inv(r)
    log_det = 2.0 * float(np.sum(np.log(np.abs(np.diag(r)))))
    return _Solved(beta, inverse @ inverse.T, rows.y - rows.X @ beta, np.sum(q * q, axis=1), log_det)


def _tau2_of(rows: _Rows, code: str) -> float:
    code = code.upper()
    if code not in _ESTIMATORS:
        raise SynthesisError(f'tau2 is "{code}"; {did_you_mean(code, list(_ESTIMATORS))}')
    if rows.df < 1 or code == "EE":
        return 0.0
    return max(0.0, _ESTIMATORS[code](rows))


def _moment(rows: _Rows, a: FloatArray) -> float:
    """Equate the residual sum of squares under fixed weights ``a`` to its expectation."""
    root = np.sqrt(a)
    q, _ = np.linalg.qr(rows.X * root[:, None])
    z = rows.y * root
    left = a * (1.0 - np.sum(q * q, axis=1))
    squares = np.sum((z - q @ (q.T @ z)) ** 2)
    return float((squares - np.sum(left * rows.v)) / np.sum(left))


def _dl(rows: _Rows) -> float:
    return _moment(rows, 1.0 / rows.v)


def _dl2(rows: _Rows) -> float:
    return _moment(rows, 1.0 / (rows.v + max(_dl(rows), 0.0)))


def _q_at(rows: _Rows, tau2: float) -> float:
    return float(np.sum(_solve(rows, tau2).residual ** 2 / (rows.v + tau2)))


def _hunter_schmidt(rows: _Rows, factor: float) -> float:
    return (_q_at(rows, 0.0) * factor - len(rows.y)) / float(np.sum(1.0 / rows.v))


def _sj(rows: _Rows) -> float:
    start = float(np.mean((rows.y - np.mean(rows.y)) ** 2))
    return start * _q_at(rows, start) / rows.df if start > 0 else 0.0


def _solve_q(rows: _Rows, target: float) -> float:
    """Find tau2 at which the generalised Q equals a target."""
    if _q_at(rows, 0.0) <= target:
        return 0.0
    squares = float(np.sum(_solve(rows, 0.0).residual ** 2))
    return _root(lambda t: _q_at(rows, t) - target, 0.0, 2.0 * squares / target + rows.v.max(), rows.v.min())


def _median_unbiased(rows: _Rows) -> float:
    from scipy.special import chdtri

    return _solve_q(rows, float(chdtri(rows.df, 0.5)))


def _root(function: Callable[[float], float], low: float, high: float, floor: float) -> float:
    """Solve in ``log(floor + t)``, so that the tolerance is relative on any scale."""
    from scipy.optimize import brentq

    def of_log(u: float) -> float:
        return function(max(floor * float(np.expm1(u)), 0.0))

    start, stop = np.log1p(low / floor), np.log1p(high / floor)
    return floor * float(np.expm1(brentq(of_log, start, stop, xtol=1e-300, rtol=1e-15, maxiter=500)))


def _likelihood(rows: _Rows, tau2: float, restricted: bool) -> float:
    fit = _solve(rows, tau2)
    w = 1.0 / (rows.v + tau2)
    twice = np.sum(np.log(w)) - np.sum(w * fit.residual**2) - (fit.log_det if restricted else 0.0)
    return float(twice) / 2.0


def _score(rows: _Rows, tau2: float, restricted: bool) -> float:
    """Return the derivative of the log-likelihood in tau2, times two and ``v_min + tau2``."""
    fit = _solve(rows, tau2)
    w = 1.0 / (rows.v + tau2)
    left = w if not restricted else w * (1.0 - fit.leverage)
    return float((np.sum((w * fit.residual) ** 2) - np.sum(left)) * (rows.v.min() + tau2))


def _maximise(rows: _Rows, restricted: bool) -> float:
    """Return the tau2 of the highest (restricted) likelihood."""
    v_min, v_max = rows.v.min(), rows.v.max()
    squares = float(np.sum((rows.y - np.mean(rows.y)) ** 2))
    # above v_max the score is negative once the squares over tau2^2 fall below df / (2 tau2)
    top = max(v_max, 4.0 * squares / rows.df)
    width = np.log1p(top / v_min)
    grid = v_min * np.expm1(np.linspace(0.0, width, int(width / np.log(_SPACING)) + 3))
    scores = np.array([_score(rows, t, restricted) for t in grid])
    candidates = [0.0]
    for i in np.flatnonzero((scores[:-1] > 0) & ~(scores[1:] > 0)):
        candidates.append(_root(lambda t: _score(rows, t, restricted), grid[i], grid[i + 1], v_min))
    return max(candidates, key=lambda t: _likelihood(rows, t, restricted))


_ESTIMATORS: dict[str, Callable[[_Rows], float]] = {
    "REML": lambda rows: _maximise(rows, restricted=True),
    "ML": lambda rows: _maximise(rows, restricted=False),
    "DL": _dl,
    "DL2": _dl2,
    "PM": lambda rows: _solve_q(rows, float(rows.df)),
    "EB": lambda rows: _solve_q(rows, float(rows.df)),
    "PMM": _median_unbiased,
    "HE": lambda rows: _moment(rows, np.ones(len(rows.y))),
    "HS": lambda rows: _hunter_schmidt(rows, 1.0),
    "HSk": lambda rows: _hunter_schmidt(rows, len(rows.y) / rows.df),
    "SJ": _sj,
    "GENQ": lambda rows: _moment(rows, 1.0 / np.sqrt(rows.v)),
    "EE": lambda _: 0.0,
}
