"""The distribution of the generalised Q statistic, a weighted sum of chi-squared variables.

Its distribution function has the Laplace transform ``det(1 + 2 s A V)^(-1/2) / s``, which is inverted
numerically. The determinant needs no eigenvalues: ``A = diag(a) - a a' / sum a`` is of the form of the
matrix determinant lemma.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from metareview.effects import FloatArray

_AGREE = 1e-12
_BLOCK = 64
_MOST_BLOCKS = 400
_Complex = NDArray[np.complex128]


def q_below(q: float, a: FloatArray, variance: FloatArray) -> float:
    """Return P(Q_a <= q) for ``Q_a = sum a (y - mu_a)^2`` when y is normal with these variances.

    Parameters
    ----------
    q : the value of the statistic, above 0
    a : ``(k,)`` fixed weights
    variance : ``(k,)`` variances of the effects, ``v + tau2``

    Returns
    -------
    The probability, to about 1e-10 and mostly to 1e-12.
    """
    scaled, share = a * variance, a / a.sum()
    fine, coarse = (_on_cotangent(q, scaled, share, points) for points in (36, 28))
    value = fine if abs(fine - coarse) <= _AGREE else _on_line(q, scaled, share)
    return min(max(value, 0.0), 1.0)


def _transform(s: _Complex, scaled: FloatArray, share: FloatArray) -> _Complex:
    """Return the log of ``det(1 + 2 s A V)^(-1/2)`` off the negative axis, ``(points,)``."""
    one = 1.0 + 2.0 * s[:, None] * scaled
    return -0.5 * (np.log(one).sum(axis=1) + np.log((share / one).sum(axis=1)))  # type: ignore[no-any-return]


def _on_cotangent(q: float, scaled: FloatArray, share: FloatArray, points: int) -> float:
    """Invert on the cotangent contour of Trefethen, Weideman & Schmelzer 2006, BIT 46:653, section 6.

    The error falls by a factor of nearly 4 with each point while few terms are of like size.
    """
    angle = (2.0 * np.arange(points // 2) + 1.0) * np.pi / points
    turn = 0.6407 * angle
    s: _Complex = points * (0.5017 * angle / np.tan(turn) - 0.6122 + 0.2645j * angle)
    slope = 0.5017 / np.tan(turn) - 0.5017 * turn / np.sin(turn) ** 2 + 0.2645j
    with np.errstate(over="ignore", invalid="ignore"):
        value = np.exp(s + _transform(s / q, scaled, share)) * slope / (1j * s)
    return float(2.0 * value.sum().real)


def _on_line(q: float, scaled: FloatArray, share: FloatArray) -> float:
    """Invert on a line right of 0 by the trapezoidal rule (Abate & Whitt 1992, Queueing Syst 10:5).

    With ``sd`` that of Q, points ``0.16 / sd`` apart leave an error of ``exp(-2 pi / 0.16)``.
    """
    shared = scaled * share
    traced = ((scaled * (1.0 - share)) ** 2).sum() + shared.sum() ** 2 - (shared**2).sum()
    right = 1.0 / np.sqrt(2.0 * traced)
    step, total = 0.16 * right, 0.0
    for block in range(_MOST_BLOCKS):
        s = right + 1j * step * (np.arange(_BLOCK) + block * _BLOCK)
        value = np.exp(_transform(s, scaled, share) + s * q) / s
        total += float(value.real.sum()) - (0.5 * float(value[0].real) if block == 0 else 0.0)
        if abs(value[-1]) * right < 1e-17:
            break
    return float(total * step / np.pi)
