"""The typed rows of the sheets: what people read out of the reports, and where they read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

TOTAL = "total"
"""The arm of a row that is about all arms of a study together; no analysis takes it."""


@dataclass(frozen=True, slots=True)
class Study:
    """One investigation, with every report of it.

    Attributes
    ----------
    study : its id, the same in every sheet
    label : as tables and figures name it
    design : ``RCT``, ``single-arm`` …; analyses choose by it
    registry : registry numbers
    reports : record ids (``pmid:…``, ``doi:…``): one study, many reports
    exclude : why it is kept out of every synthesis; empty when it is not
    status : ``retracted``, ``expression of concern`` or ``corrected``; empty when its report stands
    checked : answers to warnings, ``code: reason``
    characteristics : every further column of ``studies.csv``, as text
    file, line : where the row stands
    """

    study: str
    label: str
    year: int | None
    design: str
    registry: str
    reports: tuple[str, ...]
    exclude: str
    note: str
    status: str = ""
    checked: str = ""
    characteristics: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    def column(self, name: str) -> str:
        """Return any column of the sheet as text, a characteristic too; empty when there is none."""
        if name in ("study", "label", "design", "registry"):
            return str(getattr(self, name))
        if name == "year":
            return "" if self.year is None else str(self.year)
        return self.characteristics.get(name, "")


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a study; ``role`` is the id of a planned arm of the protocol."""

    study: str
    arm: str
    label: str
    role: str
    n_allocated: int | None
    note: str
    checked: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What one arm showed for one outcome, time point and population.

    Attributes
    ----------
    row : a stable id of its own
    n, events : participants analysed, and those with an event (of a rate: events)
    mean, sd, se, median, q1, q3, min, max : of a continuous outcome, in the outcome's unit
    time : person-time of a rate
    percent : as printed, 58.3 for 58.3 %; a survival or cumulative incidence has no ``events``
    r : a correlation
    tp, fp, fn, tn : a diagnostic 2×2 table
    p, test : printed P value of the comparison the row belongs to, and the test it is of if named
    endpoint : ``primary`` when it is the trial's own primary endpoint
    basis : ``reported``, ``derived`` (computed from printed figures), ``inferred`` (not seen)
    report, location, quote : which report, where in it, and the figures seen there
    checked : answers to warnings, ``code: reason``
    """

    row: str
    study: str
    outcome: str
    timepoint: str
    population: str
    arm: str
    n: int | None = None
    events: int | None = None
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    min: float | None = None
    max: float | None = None
    change: str = ""
    time: float | None = None
    percent: float | None = None
    r: float | None = None
    tp: int | None = None
    fp: int | None = None
    fn: int | None = None
    tn: int | None = None
    p: float | None = None
    test: str = ""
    endpoint: str = ""
    basis: str = ""
    report: str = ""
    location: str = ""
    quote: str = ""
    extractor: str = ""
    date: str = ""
    note: str = ""
    checked: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Contrast:
    """A reported effect between two arms, such as a hazard ratio.

    Attributes
    ----------
    arm_1, arm_2 : compared as arm 1 against arm 2
    measure : its code (``HR``, ``OR`` …)
    scale : ``natural`` as printed, or ``log`` when estimate and interval are logarithms
    estimate, ci_low, ci_high, se : on that scale; ``se`` is on the log scale for ratios
    level : of the interval, a fraction; 0.95 where the sheet is silent and there is an interval
    o_minus_e, variance : of the log-rank test
    """

    row: str
    study: str
    outcome: str
    timepoint: str
    population: str
    arm_1: str
    arm_2: str
    measure: str
    scale: str = "natural"
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    level: float | None = None
    se: float | None = None
    p: float | None = None
    test: str = ""
    o_minus_e: float | None = None
    variance: float | None = None
    endpoint: str = ""
    basis: str = ""
    report: str = ""
    location: str = ""
    quote: str = ""
    extractor: str = ""
    date: str = ""
    note: str = ""
    checked: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judgement of risk of bias: tool, domain, level, and the words that support it."""

    row: str
    study: str
    outcome: str
    tool: str
    domain: str
    level: str
    support: str = ""
    report: str = ""
    location: str = ""
    quote: str = ""
    assessor: str = ""
    date: str = ""
    note: str = ""
    file: str = ""
    line: int = 0


Row = Study | Arm | Result | Contrast | Judgement
Figures = Result | Contrast


@dataclass(frozen=True, eq=False)
class Sheets:
    """All sheets of a review, read and without errors.

    Attributes
    ----------
    folder : where they lie
    printed : the text of every cell, by file and line
    """

    folder: str
    studies: tuple[Study, ...]
    arms: tuple[Arm, ...]
    results: tuple[Result, ...]
    contrasts: tuple[Contrast, ...]
    judgements: tuple[Judgement, ...]
    printed: Mapping[tuple[str, int], Mapping[str, str]] = field(default_factory=dict)

    def study(self, name: str) -> Study:
        """Return a study by its id; ``KeyError`` when there is none."""
        return self._studies[name]

    def role(self, study: str, arm: str) -> str:
        """Return the role of a study's arm in the protocol; empty for the total of all arms.

        Raises
        ------
        KeyError
            When there is no such arm.
        """
        if arm == TOTAL:
            return ""
        return self._roles[study, arm]

    def text(self, row: Row, column: str) -> str:
        """Return a cell as it stands in the file, with the digits that were printed."""
        return self.printed.get((row.file, row.line), {}).get(column, "")

    @property
    def figures(self) -> tuple[Figures, ...]:
        """Every row with numbers: results, then contrasts."""
        return (*self.results, *self.contrasts)

    def arm_label(self, study: str, arm: str) -> str:
        """Return the label of a study's arm; ``KeyError`` when there is no such arm."""
        return self._labels[study, arm]

    def about(self, kind: Literal["results", "contrasts"], outcomes: Sequence[str]) -> tuple[Figures, ...]:
        """Return the rows of one sheet about some outcomes, in the sheet's order."""
        index = self._results_about if kind == "results" else self._contrasts_about
        found = [place for outcome in dict.fromkeys(outcomes) for place in index.get(outcome, ())]
        rows: Sequence[Figures] = getattr(self, kind)
        return tuple(rows[place] for place in sorted(found))

    def place(self, study: str) -> int:
        """Return where a study stands among the studies; ``KeyError`` when there is none."""
        return self._places[study]

    @cached_property
    def _results_about(self) -> dict[str, list[int]]:
        return _by_outcome(self.results)

    @cached_property
    def _contrasts_about(self) -> dict[str, list[int]]:
        return _by_outcome(self.contrasts)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {row.study: place for place, row in enumerate(self.studies)}

    @cached_property
    def _labels(self) -> dict[tuple[str, str], str]:
        return {(row.study, row.arm): row.label for row in self.arms}

    @cached_property
    def _studies(self) -> dict[str, Study]:
        return {row.study: row for row in self.studies}

    @cached_property
    def _roles(self) -> dict[tuple[str, str], str]:
        return {(row.study, row.arm): row.role for row in self.arms}


def _by_outcome(rows: Sequence[Figures]) -> dict[str, list[int]]:
    """Give the places of the rows about each outcome, so that an analysis need not look through all."""
    index: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        index.setdefault(row.outcome, []).append(place)
    return index
