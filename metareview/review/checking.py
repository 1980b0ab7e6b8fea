"""Checks across rooms: whether the plan fits the measures, the models and the sheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from metareview.effects import MEASURES
from metareview.errors import MetareviewError, did_you_mean
from metareview.review.answering import options_of
from metareview.review.choosing import choose
from metareview.synthesis import MODELS, POLICIES
from metareview.synthesis.bayes import prior_from

if TYPE_CHECKING:
    from pathlib import Path

    from metareview.extraction import Sheets
    from metareview.protocol import Analysis, Protocol

# kinds of outcome that the kinds of measure can be computed from
FITTING = {
    "binary": ("binary",),
    "continuous": ("continuous",),
    "rate": ("rate",),
    "correlation": ("correlation",),
    "contrast": ("binary", "continuous", "rate", "contrast", "correlation", "diagnostic"),
}


def plan_problems(protocol: Protocol, path: Path) -> Iterator[str]:
    """Say what of the planned analyses the measures, models and policies cannot do."""
    for analysis in protocol.analyses:
        for merged, _ in analysis.with_sensitivity():
            for problem in _analysis_problems(merged, protocol):
                yield f'{path}: analysis "{merged.id}" {problem}'


def _analysis_problems(analysis: Analysis, protocol: Protocol) -> Iterator[str]:
    if analysis.policy not in POLICIES:
        yield f'has policy "{analysis.policy}"; {did_you_mean(analysis.policy, list(POLICIES))}'
    if analysis.model and analysis.model not in ("common", "random", *MODELS):
        known = ["common", "random", *MODELS]
        yield f'has model "{analysis.model}"; {did_you_mean(analysis.model, known)}'
    yield from _option_problems(analysis)
    measure = MEASURES.get(analysis.measure)
    if measure is None:
        yield f'has measure "{analysis.measure}"; {did_you_mean(analysis.measure, list(MEASURES))}'
        return
    if measure.kind != "contrast" and measure.arms != len(analysis.compare):
        yield (
            f"compares {len(analysis.compare)} {'arm' if len(analysis.compare) == 1 else 'arms'}; "
            f"{measure.code} needs {measure.arms}."
        )
    for name in analysis.outcomes:
        kind = protocol.outcome(name).kind
        if kind not in FITTING[measure.kind]:
            yield (
                f'has measure {measure.code}, which does not fit outcome "{name}" ({kind}); '
                f"it needs a {' or '.join(FITTING[measure.kind])} outcome."
            )


def _option_problems(analysis: Analysis) -> Iterator[str]:
    """Say which of tau2, ci, prediction and prior the synthesis does not know."""
    try:
        if analysis.policy in POLICIES:
            options_of(analysis)
        if analysis.prior:
            prior_from(analysis.prior)
    except MetareviewError as error:
        yield from (f"has {problem}" for problem in error.problems)


def choice_problems(analyses: Iterable[Analysis], sheets: Sheets) -> Iterator[str]:
    """Say where the sheets leave open what an analysis is to be made from."""
    for analysis in analyses:
        yield from choose(analysis, sheets, MEASURES[analysis.measure]).problems


def planned_analyses(protocol: Protocol) -> Iterator[Analysis]:
    """Give every planned analysis, each followed by its sensitivity analyses."""
    for analysis in protocol.analyses:
        yield from (merged for merged, _ in analysis.with_sensitivity())
