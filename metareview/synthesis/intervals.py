"""The table of confidence intervals for the pooled effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metareview.synthesis.henmi_copas import henmi_copas_interval
from metareview.synthesis.inference import (
    Inference,
    Question,
    hksj,
    hksj_adhoc,
    hksj_floor,
    hksj_iqwig,
    ivhet,
    kenward_roger,
    t_wald,
    wald,
)
from metareview.synthesis.permutation import sign_flip_interval
from metareview.synthesis.profiles import profile_mu
from metareview.synthesis.weighting import Weighted


@dataclass(frozen=True, slots=True)
class IntervalMethod:
    """One interval: its code, what a reader calls it, how it is made, its paper, and what to know of it."""

    code: str
    label: str
    formula: Callable[[Weighted, Question], Inference]
    citation: str
    caveat: str = ""


_ON_COMMON = "The estimate is the common-effect one, on which this interval is centred."

INTERVALS: dict[str, IntervalMethod] = {
    m.code: m
    for m in (
        IntervalMethod("wald", "Wald", wald, "Wald; DerSimonian & Laird 1986, Control Clin Trials 7:177"),
        IntervalMethod(
            "t", "Wald-type with t quantiles", t_wald, "Follmann & Proschan 1999, Biometrics 55:732"
        ),
        IntervalMethod(
            "hksj",
            "Hartung-Knapp-Sidik-Jonkman",
            hksj,
            "Hartung & Knapp 2001, Stat Med 20:3875; Sidik & Jonkman 2002, Stat Med 21:3153",
        ),
        IntervalMethod(
            "hksj-adhoc",
            "guarded Hartung-Knapp (the wider of it and Wald)",
            hksj_adhoc,
            "Wiksten, Rücker & Schwarzer 2016, Stat Med 35:2503",
        ),
        IntervalMethod(
            "hksj-floor",
            "Hartung-Knapp with its variance factor not below 1",
            hksj_floor,
            "Knapp & Hartung 2003, Stat Med 22:2693; Röver 2015, BMC Med Res Methodol 15:99",
        ),
        IntervalMethod(
            "hksj-iqwig",
            "Hartung-Knapp as IQWiG guards it",
            hksj_iqwig,
            "IQWiG General Methods 6.0; Bender et al. 2018, Res Synth Methods 9:382",
        ),
        IntervalMethod(
            "kr",
            "Kenward-Roger",
            kenward_roger,
            "Kenward & Roger 1997, Biometrics 53:983; Partlett & Riley 2017, Stat Med 36:301",
        ),
        IntervalMethod(
            "pl",
            "profile likelihood",
            profile_mu,
            "Hardy & Thompson 1996, Stat Med 15:619",
            "The estimate is the maximum likelihood one, on which the profile likelihood interval is built.",
        ),
        IntervalMethod(
            "hc", "Henmi-Copas", henmi_copas_interval, "Henmi & Copas 2010, Stat Med 29:2969", _ON_COMMON
        ),
        IntervalMethod("ivhet", "IVhet", ivhet, "Doi et al. 2015, Contemp Clin Trials 45:130", _ON_COMMON),
        IntervalMethod(
            "permutation",
            "permutation",
            sign_flip_interval,
            "Follmann & Proschan 1999, Biometrics 55:732",
            "The interval holds the effects that flipping signs does not reject; "
            "with too few studies no effect can be rejected, and there is no interval.",
        ),
    )
}
