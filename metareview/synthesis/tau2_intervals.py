"""The table of intervals for tau2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.generalised_q import biggerstaff_jackson, jackson
from metareview.synthesis.heterogeneity import q_profile
from metareview.synthesis.profiles import profile_tau2
from metareview.synthesis.stack import Stack


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    """One interval for tau2: code, name, formula of stack, level and estimator, paper."""

    code: str
    label: str
    formula: Callable[[Stack, float, str], tuple[FloatArray, FloatArray]]
    citation: str


def _nowhere(stack: Stack, level: float, estimator: str) -> tuple[FloatArray, FloatArray]:
    nothing = np.full_like(stack.n, np.nan)
    return nothing, nothing


TAU2_INTERVALS: dict[str, Tau2Interval] = {
    t.code: t
    for t in (
        Tau2Interval("QP", "Q-profile", q_profile, "Viechtbauer 2007, Stat Med 26:37"),
        Tau2Interval(
            "BJ",
            "generalised Q with weights 1/v",
            biggerstaff_jackson,
            "Biggerstaff & Jackson 2008, Stat Med 27:6093",
        ),
        Tau2Interval(
            "J", "generalised Q with weights 1/se", jackson, "Jackson 2013, Res Synth Methods 4:220"
        ),
        Tau2Interval("PL", "profile likelihood", profile_tau2, "Hardy & Thompson 1996, Stat Med 15:619"),
        Tau2Interval("none", "no interval", _nowhere, ""),
    )
}
