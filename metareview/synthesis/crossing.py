"""Where a function of tau2 or mu crosses 0, outward from a point inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_DOUBLINGS = 200


def find_crossing(function: Callable[[float], float], inside: float, step: float) -> float:
    """Find where a function that is positive at ``inside`` first falls through 0, going by ``step``.

    The step doubles until the function is not positive; Brent's method then finds the crossing to
    the last digits.

    Returns
    -------
    The crossing, infinite (with the sign of the step) when the function stays positive.
    """
    from scipy.optimize import brentq

    near, far = inside, inside + step
    for _ in range(_DOUBLINGS):
        if not function(far) > 0:
            root = brentq(function, near, far, xtol=4 * np.finfo(float).eps * abs(step), rtol=1e-14)
            return float(root)
        near, far = far, far + 2.0 * (far - near)
        if not np.isfinite(far):
            break
    return float(np.copysign(np.inf, step))
