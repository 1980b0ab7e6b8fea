"""First looks at robustness as plain data: the blocks that JSON has beside a synthesis.

Numbers are on the analysis scale, every one finite or None; those under ``display`` are on the
printed scale.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from metareview.effects import Interval
from metareview.synthesis.asymmetry import AsymmetryTest
from metareview.synthesis.model import Synthesis
from metareview.synthesis.sensitivity import Influence, Refits
from metareview.synthesis.subgroups import Subgroups
from metareview.synthesis.summary import as_dict
from metareview.synthesis.trimfill import TrimAndFill
from metareview.synthesis.wording import printed, printed_interval

_OF_A_STUDY = (
    "rstudent",
    "dffits",
    "cook",
    "cov_ratio",
    "dfbetas",
    "tau2_without",
    "q_without",
    "hat",
    "weight",
)


def subgroups_dict(subgroups: Subgroups) -> dict[str, Any]:
    """Return the groups, each as :func:`as_dict` gives it, and the test between them."""
    return {
        "by": subgroups.by,
        "planned": subgroups.planned,
        "tau2_shared": subgroups.tau2_shared,
        "q": _number(subgroups.q),
        "q_df": subgroups.df,
        "q_p": _number(subgroups.p),
        "groups": [{"label": label, **as_dict(group)} for label, group in subgroups.groups],
        "notes": list(subgroups.notes),
    }


def refits_dict(refits: Refits) -> dict[str, Any]:
    """Return a leave-one-out or cumulative series, one row per fit."""
    rows = [_fit(refits, i) for i in range(len(refits))]
    return {"kind": refits.kind, "by": refits.by or None, "fits": rows, "notes": list(refits.notes)}


def _fit(refits: Refits, i: int) -> dict[str, Any]:
    low, high = float(refits.low[i]), float(refits.high[i])
    return {
        "study": refits.labels[i],
        "k": int(refits.k[i]),
        "estimate": _number(refits.estimate[i]),
        "se": _number(refits.se[i]),
        "ci": _ends(low, high),
        "p": _number(refits.p[i]),
        "tau2": _number(refits.tau2[i]),
        "i2": _number(refits.i2[i]),
        "q": _number(refits.q[i]),
        "q_p": _number(refits.q_p[i]),
        "display": _display(
            refits.full, float(refits.estimate[i]), Interval(low, high, refits.full.method.level)
        ),
    }


def influence_dict(influence: Influence) -> dict[str, Any]:
    """Return the influence of each study."""
    rows = [
        {
            "study": label,
            **{name: _number(getattr(influence, name)[i]) for name in _OF_A_STUDY},
            "influential": bool(influence.influential[i]),
        }
        for i, label in enumerate(influence.labels)
    ]
    return {"studies": rows, "notes": list(influence.notes)}


def bias_dict(test: AsymmetryTest, synthesis: Synthesis) -> dict[str, Any]:
    """Return the test for funnel-plot asymmetry; its limit is printed on the synthesis's scale."""
    return {
        "test": test.test,
        "label": test.label,
        "k": test.k,
        "statistic": _number(test.statistic),
        "df": _number(test.df),
        "p": _number(test.p),
        "slope": _number(test.slope),
        "slope_se": _number(test.slope_se),
        "limit": None if test.limit is None else _limit(synthesis, *test.limit),
        "reason": test.reason,
        "citation": test.citation,
        "overridden": test.overridden,
        "notes": list(test.notes),
    }


def trim_fill_dict(filled: TrimAndFill) -> dict[str, Any]:
    """Return trim and fill: how many, where, and the answer with them."""
    return {
        "estimator": filled.estimator,
        "side": filled.side,
        "k0": filled.k0,
        "k0_se": _number(filled.k0_se),
        "k0_p": _number(filled.k0_p),
        "filled": [
            {"yi": _number(y), "vi": _number(v)}
            for y, v in zip(filled.filled_yi, filled.filled_vi, strict=True)
        ],
        "adjusted": as_dict(filled.adjusted),
        "notes": list(filled.notes),
    }


def _limit(synthesis: Synthesis, estimate: float, interval: Interval) -> dict[str, Any]:
    return {
        "estimate": _number(estimate),
        "ci": _ends(interval.low, interval.high),
        "display": _display(synthesis, estimate, interval),
    }


def _display(synthesis: Synthesis, estimate: float, interval: Interval) -> dict[str, Any]:
    ends = (interval.low, interval.high)
    ci = list(printed_interval(synthesis, interval)) if all(map(isfinite, ends)) else None
    return {"estimate": _number(printed(synthesis, [estimate])[0]), "ci": ci}


def _ends(low: float, high: float) -> list[float | None] | None:
    return [_number(low), _number(high)] if isfinite(low) or isfinite(high) else None


def _number(value: float | np.floating[Any] | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None
