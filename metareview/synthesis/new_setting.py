"""The probability of an effect beyond a threshold in a new setting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.inference import Question
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.model import Synthesis
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.stack import stack_one
from metareview.synthesis.weighting import weigh

SIDES = ("below", "above")


@dataclass(frozen=True, slots=True)
class NewSetting:
    """The probability of an effect beyond a threshold.

    Attributes
    ----------
    measure : its label
    threshold : on the printed scale (0.8 for a risk ratio)
    side : ``below`` or ``above``
    probability : of the true effect of a new setting lying there
    notes : sentences for the reader
    """

    measure: str
    threshold: float
    side: str
    probability: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in one sentence."""
        return (
            f"Probability of a {self.measure.lower()} {self.side} {self.threshold:g} "
            f"in a new setting: {100 * self.probability:.1f}%"
        )


def probability_beyond(
    synthesis: Synthesis, threshold: float, *, side: str, prediction: str | None = None
) -> NewSetting:
    """Return the probability that the true effect of a new setting lies beyond a threshold.

    It is read from the distribution behind the prediction interval (Higgins, Thompson & Spiegelhalter
    2009; Siemens et al. 2025 call it the proportion of clinically important effects).

    Parameters
    ----------
    synthesis
        A random-effects synthesis by inverse variance, of two or more studies.
    threshold
        On the printed scale: 0.8 for a risk ratio.
    side
        ``below`` or ``above``.
    prediction
        Code of another prediction interval to read it from.

    Raises
    ------
    SynthesisError
        For another model, one study, a code or side that is not known, or a threshold off the scale.
    """
    code = _code(synthesis, prediction, side)
    with np.errstate(all="ignore"):
        at = float(synthesis.effects.measure.forward(np.float64(threshold)))
    if not np.isfinite(at):
        label = synthesis.effects.measure.label.lower()
        raise SynthesisError(f"{threshold:g} cannot be brought to the scale on which a {label} is analysed.")
    below = _below(synthesis, code, at)
    flipped = _falls(synthesis)  # vaccine efficacy falls as the log risk ratio rises
    probability = below if (side.casefold() == "below") != flipped else 1.0 - below
    label = synthesis.effects.measure.label
    return NewSetting(label, float(threshold), side.casefold(), probability, tuple(_notes(synthesis, code)))


def _code(synthesis: Synthesis, prediction: str | None, side: str) -> str:
    problems = []
    if side.casefold() not in SIDES:
        problems.append(f'side is "{side}"; {did_you_mean(side, SIDES)}')
    if synthesis.method.model != "random" or not synthesis.pooled or synthesis.method.ci not in INTERVALS:
        problems.append(
            "A new setting is described only by a random-effects synthesis of two or more studies."
        )
    code = (prediction or synthesis.method.prediction).casefold()
    code = "t(k-1)" if code == "none" else code
    if code not in PREDICTIONS:
        problems.append(f'prediction is "{prediction}"; {did_you_mean(code, list(PREDICTIONS))}')
    if problems:
        raise SynthesisError(problems)
    return code


def _below(synthesis: Synthesis, code: str, at: float) -> float:
    effects, spread = synthesis.effects, synthesis.heterogeneity
    assert spread is not None
    stack = stack_one(effects.yi[effects.estimable], effects.vi[effects.estimable])
    fit = weigh(stack, np.array([spread.tau2]))
    question = Question(synthesis.method.level, -stack.centre, synthesis.method.tau2, synthesis.method.ci)
    with np.errstate(all="ignore"):
        inference = INTERVALS[synthesis.method.ci].formula(fit, question)
        distribution = PREDICTIONS[code].distribution(fit, inference, question)
        return float(distribution.below(at - stack.centre)[0])


def _falls(synthesis: Synthesis) -> bool:
    low, high = synthesis.effects.measure.back(np.array([-0.1, 0.1]))
    return bool(low > high)


def _notes(synthesis: Synthesis, code: str) -> list[str]:
    notes = [f"Read from the prediction distribution {PREDICTIONS[code].label}; k = {synthesis.k}."]
    if synthesis.k < 5:
        notes.append(f"Only {synthesis.k} studies: tau2, and with it this probability, is very uncertain.")
    if code == "ci":
        notes.append("tau2 is estimated as 0, so this is the uncertainty of the mean effect alone.")
    return notes
