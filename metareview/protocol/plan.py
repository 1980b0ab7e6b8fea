"""What was planned, as types: the question, the searches, the outcomes and the analyses.

Nothing here knows the measures or the models: whether ``RR`` exists and fits a binary outcome is asked
where protocol and effects meet.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from metareview.names import ID

Kind = Literal["binary", "continuous", "rate", "contrast", "correlation", "diagnostic"]
Domain = Literal["efficacy", "safety", "baseline"]
Basis = Literal["reported", "derived", "inferred"]

Id = Annotated[str, Field(pattern=ID)]
Text = Annotated[str, Field(min_length=1)]
Fraction = Annotated[float, Field(strict=True, gt=0.5, lt=1.0)]
Real = Annotated[float, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Plan(BaseModel):
    """What every part of a protocol has in common: it cannot change, and it knows its own keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class PICO(Plan):
    """The question: population, intervention, comparator, outcomes, and the designs that can answer it."""

    population: Text
    intervention: Text
    comparator: Text
    outcomes: Text
    designs: tuple[Text, ...] = ()


class Criterion(Plan):
    """One criterion of eligibility; its id is the reason given at full text.

    Attributes
    ----------
    id : what a screening decision names
    include, exclude : what lets a study in, what keeps it out
    """

    id: Id
    include: Text
    exclude: Text


class Search(Plan):
    """One search as it will be sent."""

    database: Text
    query: Text
    interface: str = ""
    from_date: str = ""
    to_date: str = ""
    note: str = ""


class PlannedArm(Plan):
    """A role that arms of studies can have: ``msc`` is experimental, ``control`` its comparator."""

    id: Id
    label: Text
    role: Literal["experimental", "comparator"]


class Outcome(Plan):
    """What is measured, and in which direction it is better.

    Attributes
    ----------
    kind : the kind of data: events of n (``binary``), means, events per time (``rate``), reported
        effects such as hazard ratios (``contrast``), correlations, diagnostic 2×2 tables
    timepoints : when it is to be read, in order of preference
    better : whether a higher or a lower value is good for the participant; for a hazard ratio that of
        the event the hazard is of
    domain : ``efficacy``, ``safety`` or ``baseline`` (a characteristic, never pooled)
    within : the outcome that contains it (a complete response is a response): it cannot have more events
    scale_min, scale_max : the limits of a continuous scale
    step : the smallest step one participant's value can take (1 for a sum of whole points)
    """

    id: Id
    label: Text
    kind: Kind
    timepoints: tuple[Text, ...] = ()
    better: Literal["higher", "lower", "neither"] = "neither"
    domain: Domain = "efficacy"
    unit: str = ""
    definition: str = ""
    within: str = ""
    scale_min: Real | None = None
    scale_max: Real | None = None
    step: Real | None = None


class Settings(Plan):
    """What an analysis may set; ``None`` in a sensitivity analysis means: as in the analysis itself."""

    outcomes: tuple[Text, ...] | None = None
    timepoints: tuple[Text, ...] | None = None
    populations: tuple[Text, ...] | None = None
    compare: Annotated[tuple[Text, ...], Field(min_length=1, max_length=2)] | None = None
    measure: Text | None = None
    policy: Text | None = None
    model: str | None = None
    prior: str | None = None
    tau2: str | Real | None = None
    ci: str | None = None
    prediction: str | None = None
    level: Fraction | None = None
    basis: tuple[Basis, ...] | None = None
    designs: tuple[Text, ...] | None = None
    endpoint: str | None = None
    exclude: dict[str, str] | None = None
    subgroup: str | None = None
    subgroup_planned: Flag | None = None
    note: str | None = None


class Sensitivity(Settings):
    """The same analysis with some settings changed."""

    id: Id
    title: Text


class Analysis(Plan):
    """A planned synthesis.

    Attributes
    ----------
    outcomes, timepoints, populations : which rows of the sheets fit, in order of preference; an empty
        list lets every one in
    compare : two roles to be compared, or one to be pooled alone
    measure, policy, model, prior, tau2, ci, prediction, level : how it is analysed; empty or ``None``
        leaves the choice to the policy
    basis : how the numbers that may enter came about
    designs : designs of studies that may enter; empty for all
    endpoint : ``primary`` takes only rows that are the trial's own primary endpoint
    exclude : study ids kept out of this analysis, each with its reason
    subgroup : a column of ``studies.csv``; ``subgroup_planned`` says whether before the data were seen
    note : a caveat of the heading, shown wherever the result is
    sensitivity : the same with some settings changed
    """

    id: Id
    title: Text
    outcomes: Annotated[tuple[Text, ...], Field(min_length=1)]
    compare: Annotated[tuple[Text, ...], Field(min_length=1, max_length=2)]
    measure: Text
    timepoints: tuple[Text, ...] = ()
    populations: tuple[Text, ...] = ()
    policy: Text = "cochrane"
    model: str = ""
    prior: str = ""
    tau2: str | Real = ""
    ci: str = ""
    prediction: str = ""
    level: Fraction = 0.95
    basis: Annotated[tuple[Basis, ...], Field(min_length=1)] = ("reported", "derived")
    designs: tuple[Text, ...] = ()
    endpoint: str = ""
    exclude: dict[str, str] = {}
    subgroup: str = ""
    subgroup_planned: Flag = True
    note: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()

    def with_sensitivity(self) -> tuple[tuple[Analysis, Sensitivity | None], ...]:
        """Give the analysis itself, then each sensitivity analysis with its settings merged in.

        Returns
        -------
        tuple of (Analysis, Sensitivity or None)
            A merged analysis bears the id ``analysis/sensitivity`` and the sensitivity's title.
        """
        return ((self, None), *((self.merged(s), s) for s in self.sensitivity))

    def merged(self, sensitivity: Sensitivity) -> Analysis:
        """Put a sensitivity analysis's settings in place of the analysis's own."""
        changed: dict[str, Any] = {
            name: value for name, value in sensitivity if name in Settings.model_fields and value is not None
        }
        own = {"id": f"{self.id}/{sensitivity.id}", "title": sensitivity.title, "sensitivity": ()}
        return self.model_copy(update=changed | own)


class Amendment(Plan):
    """A change of the plan after it was first written down."""

    date: date
    what: Text
    why: Text


class Protocol(Plan):
    """The whole plan of a review.

    Attributes
    ----------
    registration : where and under which number it was registered; ``none`` says that it was not
    """

    title: Text
    registration: Text
    pico: PICO
    criteria: tuple[Criterion, ...] = ()
    searches: tuple[Search, ...] = ()
    arms: Annotated[tuple[PlannedArm, ...], Field(min_length=1)]
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    analyses: tuple[Analysis, ...] = ()
    amendments: tuple[Amendment, ...] = ()

    def outcome(self, name: str) -> Outcome:
        """Return an outcome by its id; ``KeyError`` when the plan has none of that name."""
        return self._outcomes[name]

    def analysis(self, name: str) -> Analysis:
        """Return an analysis by its id; ``KeyError`` when the plan has none of that name."""
        return self._analyses[name]

    @cached_property
    def _outcomes(self) -> dict[str, Outcome]:
        return {outcome.id: outcome for outcome in self.outcomes}

    @cached_property
    def _analyses(self) -> dict[str, Analysis]:
        return {analysis.id: analysis for analysis in self.analyses}
