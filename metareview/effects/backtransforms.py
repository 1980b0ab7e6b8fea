"""From the analysis scale to the one that is printed."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from metareview.effects.model import FloatArray


def unchanged(y: Any) -> Any:
    """Print what was analysed."""
    return y


def exponential(y: Any) -> Any:
    """Undo a log."""
    return np.exp(y)


def logistic(y: Any) -> Any:
    """Undo a logit."""
    return expit(y)


def efficacy(y: Any) -> Any:
    """Vaccine efficacy in per cent from a log risk ratio, 100 (1 - RR); it falls as ``y`` rises."""
    return -100 * np.expm1(y)


def squared_sine(y: Any) -> Any:
    """Undo an arcsine of a root; beyond its ends the proportion is 0 or 1."""
    return np.sin(np.clip(y, 0, np.pi / 2)) ** 2


def squared(y: Any) -> Any:
    """Undo a root; a root below 0 is a rate of 0."""
    return np.maximum(y, 0) ** 2


def hyperbolic_tangent(y: Any) -> Any:
    """Undo Fisher's z."""
    return np.tanh(y)


def cube_alpha(y: Any) -> Any:
    """Undo the cube root of 1 - alpha."""
    return 1 - (1 - np.asarray(y)) ** 3


def alpha_to_cube_root(alpha: Any) -> Any:
    """Take 1 - (1 - alpha)^(1/3)."""
    return 1 - np.cbrt(1 - np.asarray(alpha))


def alpha_to_log(alpha: Any) -> Any:
    """Take -ln(1 - alpha)."""
    return -np.log1p(-np.asarray(alpha))


def log_alpha(y: Any) -> Any:
    """Undo -ln(1 - alpha)."""
    return -np.expm1(-np.asarray(y))


def freeman_tukey_inverse(y: Any, n: Any) -> FloatArray:
    """Proportion whose double arcsine is ``y`` in ``n`` persons (Miller 1978, eq. 1).

    Parameters
    ----------
    y
        Any shape, mean of the two arcsines (half of Miller's t).
    n
        Persons; for a pooled value the harmonic mean of the studies' (Miller 1978).

    Returns
    -------
    numpy.ndarray
        Fractions; 0 below the transform of 0 events, 1 above that of n events.
    """
    y, n = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(n, dtype=float))
    with np.errstate(all="ignore"):
        lowest, highest = (
            np.arcsin(np.sqrt(1 / (n + 1))) / 2,
            (np.arcsin(np.sqrt(n / (n + 1))) + np.pi / 2) / 2,
        )
        inside = np.clip(y, lowest, highest)
        sine = np.sin(2 * inside)
        root = np.sqrt(np.maximum(0.0, 1 - (sine + (sine - 1 / sine) / n) ** 2))
        p = (1 - np.sign(np.cos(2 * inside)) * root) / 2
    return np.where(y <= lowest, 0.0, np.where(y >= highest, 1.0, p))


def freeman_tukey_rate_inverse(y: Any, t: Any) -> FloatArray:
    """Rate whose Freeman-Tukey transform is ``y`` in person-time ``t``: (4ty^2 - 1)^2 / (16 t^2 y^2).

    Parameters
    ----------
    y
        Any shape, mean of the two roots.
    t
        Person-time; for a pooled value the harmonic mean of the studies'.
    """
    y, t = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(t, dtype=float))
    lowest = np.sqrt(1 / t) / 2
    inside = np.maximum(y, lowest)
    return np.where(np.isnan(y), np.nan, (4 * t * inside**2 - 1) ** 2 / (16 * t**2 * inside**2))


def harmonic_mean(sizes: Any) -> float:
    """Harmonic mean of the sizes that are known; NaN when none is.

    >>> harmonic_mean([10, 40])
    16.0
    """
    known = np.asarray(sizes, dtype=float)
    known = known[np.isfinite(known) & (known > 0)]
    return float(known.size / np.sum(1 / known)) if known.size else float("nan")
