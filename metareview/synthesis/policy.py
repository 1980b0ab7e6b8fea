"""Policies: named, versioned tables that choose the method, each choice with its reason.

A policy sees how many studies there are and whether tau2 is above 0, never the result: the model is
chosen by the question, not by a test for heterogeneity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.model import Choice


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule may look at.

    Attributes
    ----------
    k : studies that enter
    differ : whether the estimate of tau2 is above 0
    ci : the interval that was chosen; empty while it is being chosen
    common : whether the model is common effect, which has no tau2
    """

    k: int
    differ: bool
    ci: str = ""
    common: bool = False


@dataclass(frozen=True, slots=True)
class Because:
    """A value and its reason."""

    value: str
    reason: str
    citation: str = ""

    def choice(self, what: str) -> Choice:
        """Name what was chosen."""
        return Choice(what, self.value, self.reason, self.citation)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: a value with its reason for every choice, or a rule that gives one.

    Attributes
    ----------
    name, version, title : ``cochrane``, the guidance it follows, and its full name
    model, tau2, tau2_ci, i2 : fixed choices
    ci, prediction : rules
    others : the intervals shown beside the main one
    """

    name: str
    version: str
    title: str
    model: Because
    tau2: Because
    tau2_ci: Because
    i2: Because
    ci: Callable[[Situation], Because]
    prediction: Callable[[Situation], Because]
    others: Callable[[Situation], tuple[str, ...]]


HANDBOOK = "Cochrane Handbook 6.5, section"
_HKSJ_PAPER = "IntHout, Ioannidis & Borm 2014, BMC Med Res Methodol 14:25"


def _cochrane_ci(situation: Situation) -> Because:
    where = f"{HANDBOOK} 10.10.4.4"
    if situation.common:
        return Because(
            "wald", "One common effect: the weights are taken as known, and the interval is normal."
        )
    if situation.k == 2:
        return Because(
            "wald",
            "Two studies: the Hartung-Knapp interval rests on a t distribution with 1 degree of freedom "
            "(factor 12.71 at 95%) and would say next to nothing, so the normal interval is given.",
            where,
        )
    if not situation.differ:
        return Because(
            "wald",
            "tau2 is estimated as 0: the Hartung-Knapp interval can then be narrower than the "
            "common-effect one, so the normal interval is given.",
            where,
        )
    return Because(
        "hksj",
        "Three or more studies with tau2 above 0: the Hartung-Knapp-Sidik-Jonkman interval allows for "
        "tau2 being estimated.",
        where,
    )


def _cochrane_prediction(situation: Situation) -> Because:
    where = f"{HANDBOOK} 10.10.4.3"
    if situation.k < 3:
        return Because("none", "Fewer than three studies cannot say how effects spread over settings.", where)
    if not situation.differ:
        return Because(
            "ci", "tau2 is estimated as 0, so the prediction interval equals the confidence interval.", where
        )
    if situation.ci == "kr":
        return Because("kr", "The same degrees of freedom and standard error as the interval.", where)
    if situation.ci.startswith("hksj"):
        return Because(
            "hksj",
            "A t distribution with k - 1 degrees of freedom and the Hartung-Knapp standard error, as for "
            "the confidence interval.",
            where,
        )
    return Because("t(k-1)", "A t distribution with k - 1 degrees of freedom.", where)


def _cochrane_others(situation: Situation) -> tuple[str, ...]:
    if situation.k == 2:
        return ("hksj",)
    if situation.k > 4:
        return ()
    return ("wald" if situation.ci != "wald" else "hksj", "hksj-adhoc")


_NORMAL = Because("wald", "The normal interval, as this software gives it by default.")


def _always(value: Because) -> Callable[[Situation], Because]:
    return lambda situation: value


def _nothing(situation: Situation) -> tuple[str, ...]:
    return ()


_RANDOM = Because(
    "random",
    "The studies are taken to estimate different, related effects; the model is never chosen by a test "
    "for heterogeneity.",
    f"{HANDBOOK} 10.10.4.1",
)

COCHRANE = Policy(
    "cochrane",
    "6.5",
    "Cochrane Handbook 6.5 and RevMan of 2025",
    _RANDOM,
    Because("REML", "The Handbook's default estimator of tau2.", f"{HANDBOOK} 10.10.4.4"),
    Because("QP", "The Q-profile interval, which goes with REML.", "Viechtbauer 2007, Stat Med 26:37"),
    Because("tau2", "I2 is computed from tau2, so that both say the same.", f"{HANDBOOK} 10.10.2"),
    _cochrane_ci,
    _cochrane_prediction,
    _cochrane_others,
)
METAFOR = Policy(
    "metafor",
    "3.8-1",
    "the defaults of R metafor 3.8-1",
    Because("random", "The default of rma()."),
    Because("REML", "The default of rma()."),
    Because("QP", "The default of confint()."),
    Because("tau2", "As rma() computes it."),
    _always(_NORMAL),
    _always(Because("none", "rma() gives a prediction interval only on request.")),
    _nothing,
)

POLICIES: dict[str, Policy] = {p.name: p for p in (COCHRANE, METAFOR)}


def policy_named(name: str) -> Policy:
    """Return a policy by its name.

    Raises
    ------
    SynthesisError
        When there is none of that name.
    """
    found = POLICIES.get(name.casefold())
    if found is None:
        raise SynthesisError(f'policy is "{name}"; {did_you_mean(name, list(POLICIES))}')
    return found
