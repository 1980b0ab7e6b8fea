"""The sentences that a reader of the review reads about one answer."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from metareview.synthesis import MODELS
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.wording import number, per_cent, printed, printed_interval, span

if TYPE_CHECKING:
    from metareview.protocol import Protocol
    from metareview.review import Answer
    from metareview.synthesis import Synthesis


def p_value(p: float) -> str:
    """Write a P value as journals do: two digits, three below .01, never zero.

    >>> p_value(0.0067), p_value(0.38), p_value(1e-9), p_value(0.999)
    ('P = .007', 'P = .38', 'P < .001', 'P > .99')
    """
    if p < 0.001:
        return "P < .001"
    if p > 0.99:
        return "P > .99"
    near_the_line = 0.045 <= p < 0.055
    return f"P = {p:.{3 if p < 0.01 or near_the_line else 2}f}".replace("0.", ".")


def effect_text(synthesis: Synthesis) -> str:
    """Write the answer for a table: ``RR 1.13 (1.03 to 1.23), P = .007``."""
    (estimate,) = printed(synthesis, [synthesis.estimate])
    code = synthesis.effects.measure.code
    if synthesis.ci is None:
        return f"{code} {number(estimate, 1)}"
    low, high = printed_interval(synthesis, synthesis.ci)
    text = f"{code} {number(estimate, high - low)} ({span(synthesis, synthesis.ci)})"
    return text if synthesis.p is None or not synthesis.pooled else f"{text}, {p_value(synthesis.p)}"


def prediction_text(synthesis: Synthesis) -> str:
    """Write the prediction interval for a table, empty where there is none."""
    return "" if synthesis.prediction is None else span(synthesis, synthesis.prediction)


def result_sentence(answer: Answer, protocol: Protocol) -> str:
    """Say the answer to an analysis in one true sentence."""
    synthesis = answer.synthesis
    if synthesis is None:
        return "No study has numbers that this analysis may take; nothing is pooled."
    if synthesis.method.model == "bayes":
        return _posterior_sentence(answer, protocol)
    effect = _effect(synthesis)
    contrast = _contrast(answer, protocol)
    if not synthesis.pooled:
        return (
            f"One study ({_only_label(synthesis)}) reports this; it is shown, not pooled: {effect}{contrast}."
        )
    parts = [f"{_studies(answer)}: {effect}{contrast}", *_prediction(synthesis), *_spread(synthesis)]
    return f"{'; '.join(parts)} ({_how(synthesis)}){_conclusion(synthesis)}."


def _only_label(synthesis: Synthesis) -> str:
    labels = synthesis.effects.labels
    entered = [label for label, weight in zip(labels, synthesis.weights, strict=True) if weight > 0]
    return entered[0] if entered else labels[0]


def _studies(answer: Answer) -> str:
    synthesis = answer.synthesis
    assert synthesis is not None
    people = "" if answer.participants is None else f" with {answer.participants:,} participants"
    return f"{synthesis.k} studies{people}"


def _effect(synthesis: Synthesis) -> str:
    (estimate,) = printed(synthesis, [synthesis.estimate])
    label = synthesis.effects.measure.label.lower()
    if synthesis.ci is None:
        return f"{label} {number(estimate, 1)}"
    low, high = printed_interval(synthesis, synthesis.ci)
    inner = f"{per_cent(synthesis.ci.level)} CI {span(synthesis, synthesis.ci)}"
    text = f"{label} {number(estimate, high - low)} ({inner})"
    return text if synthesis.p is None or not synthesis.pooled else f"{text}, {p_value(synthesis.p)}"


def _contrast(answer: Answer, protocol: Protocol) -> str:
    labels = {arm.id: arm.label for arm in protocol.arms}
    names = [labels.get(role, role) for role in answer.planned.analysis.compare]
    return f" for {names[0]} v {names[1]}" if len(names) == 2 else ""


def _posterior_sentence(answer: Answer, protocol: Protocol) -> str:
    """Say a Bayesian answer as what it is: a posterior, and the probability of a benefit."""
    synthesis = answer.synthesis
    assert synthesis is not None
    measure = synthesis.effects.measure.label.lower()
    (estimate,) = printed(synthesis, [synthesis.estimate])
    parts = [f"{_studies(answer)}: the posterior median of the {measure}{_contrast(answer, protocol)} is "]
    if synthesis.ci is None:
        parts.append(number(estimate, 1))
    else:
        low, high = printed_interval(synthesis, synthesis.ci)
        inside = f"{per_cent(synthesis.ci.level)} credible interval {span(synthesis, synthesis.ci)}"
        parts.append(f"{number(estimate, high - low)} ({inside})")
    return "".join([*parts, *_benefit(answer, protocol), f" (prior for tau: {synthesis.method.tau2})."])


def _benefit(answer: Answer, protocol: Protocol) -> Iterator[str]:
    """Give the probability that the first arm is the better one, for the mean and for a new setting."""
    assert answer.synthesis is not None
    details, analysis = answer.synthesis.details, answer.planned.analysis
    better = protocol.outcome(analysis.outcomes[0]).better
    if "probability_below_null" not in details or len(analysis.compare) < 2 or better == "neither":
        return
    mean, new = details["probability_below_null"], details["probability_below_null_new"]
    if better == "higher":
        mean, new = 1 - mean, 1 - new
    labels = {arm.id: arm.label for arm in protocol.arms}
    first, second = (labels.get(role, role) for role in analysis.compare)
    yield f"; the probability that {first} is better than {second} is {mean:.1%}, in a new setting {new:.1%}"


def _prediction(synthesis: Synthesis) -> Iterator[str]:
    if synthesis.prediction is not None:
        level = per_cent(synthesis.prediction.level)
        yield f"{level} prediction interval for a new setting {span(synthesis, synthesis.prediction)}"


def _spread(synthesis: Synthesis) -> Iterator[str]:
    found = synthesis.heterogeneity
    if found is None:
        return
    if synthesis.method.tau2 != "none" and isfinite(found.tau2):
        yield f"tau2 = {found.tau2:.3g}"
    if isfinite(found.i2):
        yield f"I2 = {100 * found.i2:.0f}%"


def _how(synthesis: Synthesis) -> str:
    """Name model, estimator and interval."""
    method = synthesis.method
    if method.model not in ("common", "random"):
        return MODELS[method.model].label
    estimator = "" if method.tau2 == "none" else f", {method.tau2}"
    model = "common effect" if method.model == "common" else "random effects"
    return f"{model}{estimator}, {INTERVALS[method.ci].label} interval"


def _conclusion(synthesis: Synthesis) -> str:
    null, ci = synthesis.effects.measure.null, synthesis.ci
    if null is None or ci is None:
        return ""
    return "; the interval includes no effect" if ci.contains(null) else "; the interval excludes no effect"
