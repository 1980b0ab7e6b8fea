"""The same estimate by another engine: PyMARE for every estimator it has, statsmodels for Paule and Mandel.

Imported only where a check is asked for: both engines are slow to load. Their defaults are not ours
(PyMARE: maximum likelihood with an unguarded Hartung-Knapp correction; statsmodels: a moment estimate
that may be negative), so every correction is named here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.model import Synthesis

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Agreement:
    """One quantity by both engines, on the analysis scale.

    Attributes
    ----------
    engine, version : which other engine
    quantity : ``estimate``, ``se``, ``ci_low``, ``ci_high``, ``tau2``, ``q``
    ours, theirs : the values
    difference : their distance, in units of the common-effect standard error (variance for tau2)
    tolerance : what is let pass
    agrees : whether it lies within
    """

    engine: str
    version: str
    quantity: str
    ours: float
    theirs: float
    difference: float
    tolerance: float
    agrees: bool


_Values = dict[str, float]
_PYMARE = {"REML": "reml", "ML": "ml", "DL": "dl", "HE": "he", "none": "common"}
_OTHER_CENTRE = ("hc", "ivhet", "pl")  # these intervals carry their own estimate
_CORRECTION = {"wald": "wald", "hksj": "knapp-hartung", "hksj-floor": "knapp-hartung-conservative"}


def check_synthesis(synthesis: Synthesis) -> tuple[Agreement, ...]:
    """Compute a synthesis again by the second engine.

    Returns
    -------
    One agreement per quantity that both define; empty where the other engines do not have the model or
    the estimator (and for one study, which is not pooled).
    """
    effects, method = synthesis.effects, synthesis.method
    if not synthesis.pooled or method.model not in ("random", "common") or synthesis.heterogeneity is None:
        return ()
    y, v = effects.yi[effects.estimable], effects.vi[effects.estimable]
    if method.policy == "revman5" and method.tau2 == "DL":
        return ()  # Q is not about the same centre
    if method.tau2 in _PYMARE or _number(method.tau2) is not None:
        return tuple(_compared(synthesis, "pymare", _by_pymare(y, v, synthesis)))
    if method.tau2 in ("PM", "EB"):
        return tuple(_compared(synthesis, "statsmodels", _by_statsmodels(y, v, synthesis)))
    return ()


def _compared(synthesis: Synthesis, engine: str, theirs: _Values) -> Iterator[Agreement]:
    ours = _ours(synthesis)
    v = synthesis.effects.vi[synthesis.effects.estimable]
    variance = 1.0 / float((1.0 / v).sum())
    if synthesis.method.ci in _OTHER_CENTRE:
        theirs.pop("estimate", None)
    for quantity, value in theirs.items():
        unit = {"tau2": len(v) * variance, "q": 1.0}.get(quantity, variance**0.5)
        unit = max(unit, abs(ours[quantity]) if quantity in ("tau2", "q") else 0.0)
        difference = abs(value - ours[quantity]) / unit
        yield Agreement(
            engine,
            version(engine),
            quantity,
            ours[quantity],
            value,
            difference,
            TOLERANCE,
            bool(difference <= TOLERANCE),
        )


def _ours(synthesis: Synthesis) -> _Values:
    spread, ci = synthesis.heterogeneity, synthesis.ci
    assert spread is not None
    values = {"estimate": synthesis.estimate, "se": synthesis.se, "tau2": spread.tau2, "q": spread.q}
    return values | ({} if ci is None else {"ci_low": ci.low, "ci_high": ci.high})


def _number(code: str) -> float | None:
    """Return the user's own tau2; None for an estimator's code."""
    try:
        return float(code)
    except ValueError:
        return None


def _by_pymare(y: FloatArray, v: FloatArray, synthesis: Synthesis) -> _Values:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves a file open while it loads
        from pymare import Dataset
    own, ci = _number(synthesis.method.tau2), synthesis.method.ci
    kind = "common" if own is not None else _PYMARE[synthesis.method.tau2]
    centre, unit = float(np.median(y)), float(np.sqrt(np.median(v)))  # its tolerances are absolute
    column = ((y - centre) / unit)[:, None], (v / unit**2)[:, None]
    estimator = _pymare_estimator(kind, _CORRECTION.get(ci, "wald"), (own or 0.0) / unit**2)
    fitted = estimator.fit_dataset(Dataset(*column))
    result = fitted.summary()
    fixed = {
        name: float(np.ravel(a)[0]) for name, a in result.get_fe_stats(1 - synthesis.method.level).items()
    }
    spread = result.get_heterogeneity_stats()
    values = {"estimate": fixed["est"] * unit + centre, "q": float(np.ravel(spread["Q"])[0])}
    if kind != "common":
        values["tau2"] = float(np.ravel(result.tau2)[0]) * unit**2
    if ci in _CORRECTION:
        ends = {"ci_low": fixed["ci_l"] * unit + centre, "ci_high": fixed["ci_u"] * unit + centre}
        values |= {"se": fixed["se"] * unit, **ends}
    return values


def _pymare_estimator(kind: str, correction: str, tau2: float) -> Any:
    from pymare import estimators

    if kind == "common":
        return estimators.WeightedLeastSquares(tau2=tau2, small_sample_correction=correction)
    if kind == "dl":
        return estimators.DerSimonianLaird(small_sample_correction=correction)
    if kind == "he":
        return estimators.Hedges(small_sample_correction=correction)
    return estimators.VarianceBasedLikelihoodEstimator(
        method=kind, small_sample_correction=correction, xtol=1e-14, ftol=0.0
    )


def _by_statsmodels(y: FloatArray, v: FloatArray, synthesis: Synthesis) -> _Values:
    from statsmodels.stats.meta_analysis import combine_effects

    centre, unit = float(np.median(y)), float(np.sqrt(np.median(v)))
    found = combine_effects((y - centre) / unit, v / unit**2, method_re="iterated", atol=1e-5)
    values = {"estimate": float(found.mean_effect_re) * unit + centre, "tau2": float(found.tau2) * unit**2}
    if synthesis.method.ci == "wald":
        values["se"] = float(found.sd_eff_w_re) * unit
    elif synthesis.method.ci == "hksj":
        values["se"] = float(found.sd_eff_w_re_hksj) * unit
    return values | {"q": float(found.q)}
