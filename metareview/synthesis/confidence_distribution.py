"""Draws of the effect in a new setting from the confidence distribution of tau2 (Nagashima et al. 2019)."""

from __future__ import annotations

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.crossing import find_crossing
from metareview.synthesis.quadratic_form import q_below
from metareview.synthesis.stack import Stack

DRAWS = 25_000
_SEED = 20190628
_POINTS = 64
_BATCH = 5_000


def draw_new_effects(stack: Stack) -> FloatArray:
    """Draw effects of new settings for one data set, ``(25 000,)``, less the stack's centre; always the same.

    Nagashima, Noma & Furukawa 2019, Stat Methods Med Res 28:1689, section 3: tau2 is drawn from its
    confidence distribution ``H(tau2) = P(Q > q; tau2)``, with the exact distribution of Q; the new effect
    is ``mu(tau2) + z tau - t sqrt(V(tau2))`` with a standard normal z, t on k - 1 degrees of freedom and
    the Hartung-Knapp variance V.
    """
    random = np.random.default_rng(_SEED)
    inside = stack.inside[:, 0]
    y, v = stack.y[inside, 0], stack.v[inside, 0]
    tau2 = _draw_tau2(y, v, random.random(DRAWS))
    z, t = random.standard_normal(DRAWS), random.standard_t(len(y) - 1, DRAWS)
    centre, se = np.empty(DRAWS), np.empty(DRAWS)
    for start in range(0, DRAWS, _BATCH):
        part = slice(start, start + _BATCH)
        w = 1.0 / (v[:, None] + tau2[part])
        total = w.sum(axis=0)
        centre[part] = y @ w / total
        r = y[:, None] - centre[part]
        se[part] = np.sqrt((w * r * r).sum(axis=0) / (len(y) - 1.0) / total)
    return np.asarray(centre + z * np.sqrt(tau2) - t * se)


def _draw_tau2(y: FloatArray, v: FloatArray, u: FloatArray) -> FloatArray:
    """Invert the confidence distribution at ``u``, between points of a grid in ``log(1 + tau2)``."""
    unit = v.min()
    a, scaled = unit / v, v / unit
    r = y - (a * y).sum() / a.sum()
    q = float((a * r * r).sum() / unit)
    if not q > 0:
        return np.zeros_like(u)

    def beyond(x: float) -> float:
        return 1.0 - q_below(q, a, scaled + np.expm1(x))

    top = find_crossing(lambda x: 1.0 - 1e-5 - beyond(x), 0.0, 1.0) if beyond(0.0) < 1.0 - 1e-5 else 0.0
    grid = np.linspace(0.0, top, _POINTS)
    height = np.array([beyond(x) for x in grid])
    return np.asarray(unit * np.expm1(np.interp(u, np.maximum.accumulate(height), grid)))
