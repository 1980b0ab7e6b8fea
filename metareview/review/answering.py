"""One planned analysis answered: effects from the chosen rows, a synthesis, and a second opinion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from metareview.effects import Effects, effect_sizes
from metareview.review.choosing import Chosen, Entered
from metareview.synthesis import Options, Synthesis, fit_model, pool_as
from metareview.synthesis.options import checked

if TYPE_CHECKING:
    from metareview.protocol import Analysis
    from metareview.synthesis import Subgroups
    from metareview.synthesis.second_engine import Agreement

POOLED_BY_POLICY = ("", "common", "random")
PARTICIPANTS = ("n1i", "n2i", "ni")


@dataclass(frozen=True, slots=True)
class Planned:
    """An analysis of the protocol, or one of its sensitivity analyses with its settings merged in.

    Attributes
    ----------
    id : ``response``, or ``response/odds-ratio`` for a sensitivity analysis
    analysis : the merged settings
    parent : the id of the analysis that a sensitivity analysis belongs to, else empty
    """

    id: str
    analysis: Analysis
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user put in place of the protocol's and the policy's choices, for one run."""

    tau2: str | None = None
    ci: str | None = None
    prediction: str | None = None

    def given(self) -> dict[str, str]:
        """Return the options that were given, by name."""
        named = {"tau2": self.tau2, "ci": self.ci, "prediction": self.prediction}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, eq=False)
class Answer:
    """The answer to one planned analysis.

    Attributes
    ----------
    planned : what was asked
    chosen : the rows that entered, and the studies left out with their reasons
    synthesis : the answer; ``None`` when no study has usable numbers
    subgroups : the same by subgroup, where the plan names one
    agreements : the same quantities by the second engine, once :func:`confirmed`
    """

    planned: Planned
    chosen: Chosen
    synthesis: Synthesis | None
    subgroups: Subgroups | None = None
    agreements: tuple[Agreement, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def participants(self) -> int | None:
        """Number of participants in the studies that entered; ``None`` where counts are not known."""
        if self.synthesis is None:
            return None
        data = self.synthesis.effects.data
        columns = [data[name] for name in PARTICIPANTS if name in data]
        total = sum(float(column.sum()) for column in columns)
        return int(total) if columns and isfinite(total) else None


def answer(planned: Planned, chosen: Chosen, *, overrides: Overrides | None = None) -> Answer:
    """Answer one planned analysis from the rows that were chosen for it.

    Raises
    ------
    MetareviewError
        When the chosen rows cannot be pooled as planned; the message names the analysis.
    """
    by_policy = planned.analysis.model in POOLED_BY_POLICY
    given = overrides.given() if overrides and by_policy else {}
    analysis = planned.analysis.model_copy(update=given)
    if not chosen.entered:
        return Answer(planned, chosen, None, overrides=given)
    effects = effects_of(analysis, chosen.entered)
    if not effects.estimable.any() and analysis.model in POOLED_BY_POLICY:
        return Answer(planned, chosen, None, overrides=given)
    synthesis = _headed(analysis, chosen, _fit(analysis, effects))
    return Answer(planned, chosen, synthesis, _by_subgroup(analysis, synthesis), overrides=given)


def effects_of(analysis: Analysis, entered: Sequence[Entered]) -> Effects:
    """Compute the effects of the studies that entered, with what a reader must know of each."""
    names = list(dict.fromkeys(name for one in entered for name in one.numbers))
    columns: dict[str, Any] = {name: [one.numbers.get(name, "") for one in entered] for name in names}
    effects = effect_sizes(
        columns,
        measure=analysis.measure,
        labels=[one.study.label for one in entered],
        level=analysis.level,
    )
    moderators = {name: [getattr(one.study, name, "") for one in entered] for name in ("year", "study")}
    if analysis.subgroup:
        moderators[analysis.subgroup] = [one.study.column(analysis.subgroup) for one in entered]
    notes = tuple((*one.notes, *computed) for one, computed in zip(entered, effects.study_notes, strict=True))
    return replace(effects, moderators=moderators, study_notes=notes)


def _fit(analysis: Analysis, effects: Effects) -> Synthesis:
    if analysis.model in POOLED_BY_POLICY:
        return pool_as(effects, options_of(analysis))
    return fit_model(effects, model=analysis.model, prior=analysis.prior or None, level=analysis.level)


def options_of(analysis: Analysis) -> Options:
    """Give the options of pooling that an analysis asks for.

    Raises
    ------
    SynthesisError
        For a code that is not known.
    """
    return checked(
        Options(
            policy=analysis.policy,
            model=analysis.model if analysis.model in ("common", "random") else None,
            tau2=None if analysis.tau2 == "" else analysis.tau2,
            ci=analysis.ci or None,
            prediction=analysis.prediction or None,
            level=analysis.level,
        )
    )


def _headed(analysis: Analysis, chosen: Chosen, synthesis: Synthesis) -> Synthesis:
    """Put the plan's own caveat and what was left out before the notes of the computation."""
    own = [analysis.note] if analysis.note else []
    left = [f"{one.study.label} is left out: {one.reason.rstrip('.')}." for one in chosen.left_out]
    return replace(synthesis, notes=(*own, *synthesis.notes, *left))


def _by_subgroup(analysis: Analysis, synthesis: Synthesis) -> Subgroups | None:
    if not analysis.subgroup or not synthesis.pooled:
        return None
    from metareview.synthesis import pool_subgroups

    def fit(effects: Effects) -> Synthesis:
        return _fit(analysis, effects)

    return pool_subgroups(synthesis, analysis.subgroup, planned=analysis.subgroup_planned, fit=fit)


def confirmed(given: Answer) -> Answer:
    """Ask the second engine for the same quantities, where it has them, and add what it says."""
    synthesis = given.synthesis
    if synthesis is None:
        return given
    from metareview.synthesis.second_engine import check_synthesis

    return replace(given, agreements=check_synthesis(synthesis))
