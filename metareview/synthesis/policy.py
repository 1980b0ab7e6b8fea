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
    q_about : ``iv``, or ``mh`` where Q of 2x2 tables is taken about the Mantel-Haenszel estimate
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
    q_about: str = "iv"

    def tau2_for(self, ci: str | None) -> Because:
        """Return the estimator of tau2, given the interval the user asked for."""
        if ci == "pl":
            return Because("ML", "The profile likelihood interval goes with maximum likelihood.", _HARDY)
        return self.tau2


_HARDY = "Hardy & Thompson 1996, Stat Med 15:619"
_RULE = "working rule of this policy"
_COCHRANE = (
    "Cochrane, Random-effects meta-analysis methods for intervention reviews (2022, addendum May 2024), "
    "methods.cochrane.org"
)
_ROEVER = "Röver, Knapp & Friede 2015, BMC Med Res Methodol 15:99"
_BENDER = "Bender et al. 2018, Res Synth Methods 9:382"

_COMMON = Because("wald", "One common effect: the weights are taken as known, and the interval is normal.")
_TWO = (
    "Two studies: the Hartung-Knapp interval rests on a t distribution with 1 degree of freedom (factor "
    "12.71 at 95%) and would say next to nothing, so the normal interval is given and the other shown."
)


def _always(value: Because) -> Callable[[Situation], Because]:
    return lambda situation: _COMMON if situation.common else value


def _nothing(situation: Situation) -> tuple[str, ...]:
    return ()


def _cochrane_ci(situation: Situation) -> Because:
    if situation.common:
        return _COMMON
    if situation.k == 2:
        return Because("wald", _TWO, f"{_RULE}; {_ROEVER}")
    if not situation.differ:
        return Because(
            "wald",
            "tau2 is estimated as 0: the Hartung-Knapp interval can then be narrower than the "
            "common-effect one, so the normal interval is given.",
            f"{_RULE}; {_ROEVER}",
        )
    return Because(
        "hksj",
        "Three or more studies with tau2 above 0: the Hartung-Knapp-Sidik-Jonkman interval allows for "
        "tau2 being estimated.",
        f"{_COCHRANE}; from three studies on: {_RULE}",
    )


def _cochrane_prediction(situation: Situation) -> Because:
    if situation.k < 3:
        return Because("none", "Fewer than three studies cannot say how effects spread over settings.", _RULE)
    if not situation.differ:
        return Because(
            "ci",
            "tau2 is estimated as 0, so the prediction interval equals the confidence interval; that the "
            "studies seem not to differ does not prove it, least of all when they are few.",
            _RULE,
        )
    if situation.ci == "kr":
        return Because("kr", "Standard error and degrees of freedom are those of the interval.", _RULE)
    if situation.ci.startswith("hksj"):
        return Because(
            "hksj",
            "The prediction interval takes the t distribution with k - 1 degrees of freedom and the "
            "Hartung-Knapp standard error of the confidence interval.",
            f"{_COCHRANE}; k - 1: {_RULE}, after Veroniki et al. 2019, Res Synth Methods 10:23",
        )
    return Because(
        "t(k-1)",
        "The prediction interval takes the t distribution with k - 1 degrees of freedom.",
        f"{_COCHRANE}; k - 1: {_RULE}",
    )


def _cochrane_others(situation: Situation) -> tuple[str, ...]:
    if situation.common or situation.k > 4:
        return ()
    if situation.k == 2:
        return tuple(code for code in ("wald", "hksj") if code != situation.ci)
    return tuple(code for code in ("wald", "hksj", "hksj-adhoc") if code != situation.ci)


def _iqwig_ci(situation: Situation) -> Because:
    if situation.common:
        return _COMMON
    if situation.k == 2:
        return Because("wald", _TWO, f"{_BENDER}; {_RULE}")
    return Because(
        "hksj-iqwig",
        "The Hartung-Knapp interval; where it is narrower than the DerSimonian-Laird one its variance "
        "factor is not let below 1.",
        f"IQWiG General Methods 6.0, as R package meta has it (adhoc.hakn.ci = IQWiG6); {_BENDER}",
    )


def _iqwig_prediction(situation: Situation) -> Because:
    if situation.k < 5:
        return Because("none", "Fewer than five studies: no prediction interval is given.", _RULE)
    return Because(
        "hksj",
        "The prediction interval takes the t distribution with k - 1 degrees of freedom and the standard "
        "error of the confidence interval.",
        _RULE,
    )


def _iqwig_others(situation: Situation) -> tuple[str, ...]:
    if situation.common or situation.k > 4:
        return ()
    return tuple(code for code in ("wald", "hksj-iqwig") if code != situation.ci)


COCHRANE = Policy(
    "cochrane",
    "6.5",
    "Cochrane's random-effects methods of 2022-2025 (Handbook 6.5, RevMan of 2025)",
    Because(
        "random",
        "The studies are taken to estimate different, related effects; the model follows from the question "
        "and is never chosen by a test for heterogeneity.",
        "Cochrane Handbook, section 10.10.4",
    ),
    Because("REML", "Cochrane's default estimator of tau2.", _COCHRANE),
    Because("QP", "The Q-profile interval, which Cochrane gives with tau2.", _COCHRANE),
    Because("tau2", "I2 is computed from tau2, so that both say the same.", _COCHRANE),
    _cochrane_ci,
    _cochrane_prediction,
    _cochrane_others,
)
IQWIG = Policy(
    "iqwig",
    "6.0",
    "IQWiG General Methods 6.0",
    Because(
        "random",
        "Effects are taken to differ between studies unless there is reason to think they do not.",
        f"IQWiG General Methods 6.0; {_BENDER}",
    ),
    Because("PM", "IQWiG estimates tau2 by Paule and Mandel.", f"IQWiG General Methods 6.0; {_BENDER}"),
    Because("QP", "The Q-profile interval goes with Paule and Mandel's estimator.", "Viechtbauer 2007"),
    Because("tau2", "I2 is computed from tau2, so that both say the same.", _RULE),
    _iqwig_ci,
    _iqwig_prediction,
    _iqwig_others,
)
REVMAN5 = Policy(
    "revman5",
    "5.4",
    "Review Manager 5.4",
    Because("random", "The random-effects analysis of RevMan 5.", "RevMan 5.4, statistical algorithms"),
    Because(
        "DL",
        "RevMan 5 estimates tau2 by DerSimonian and Laird; for 2x2 tables Q is taken about the "
        "Mantel-Haenszel estimate.",
        "RevMan 5.4, statistical algorithms (Deeks & Higgins 2010)",
    ),
    Because("none", "RevMan 5 gives no interval for tau2."),
    Because("Q", "RevMan 5 computes I2 from Q.", "Higgins & Thompson 2002, Stat Med 21:1539"),
    _always(Because("wald", "RevMan 5 gives the normal interval.")),
    _always(Because("none", "RevMan 5 gives no prediction interval.")),
    _nothing,
    q_about="mh",
)
METAFOR = Policy(
    "metafor",
    "3.8-1",
    "the defaults of R metafor 3.8-1",
    Because("random", "The default of rma()."),
    Because("REML", "The default of rma()."),
    Because("QP", "The default of confint()."),
    Because("tau2", "As rma() computes it."),
    _always(Because("wald", "The normal interval, the default of rma().")),
    _always(Because("none", "rma() gives a prediction interval only on request.")),
    _nothing,
)

POLICIES: dict[str, Policy] = {p.name: p for p in (COCHRANE, IQWIG, REVMAN5, METAFOR)}


def policy_named(name: str) -> Policy:
    """Return a policy by its name.

    Raises
    ------
    SynthesisError
        When there is none of that name.
    """
    found = POLICIES.get(str(name).casefold())
    if found is None:
        raise SynthesisError(f'policy is "{name}"; {did_you_mean(str(name), list(POLICIES))}')
    return found
