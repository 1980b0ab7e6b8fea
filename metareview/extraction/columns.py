"""The columns of every sheet: one table that reader, templates, workbook and docs are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

CellKind = Literal[
    "key", "text", "count", "number", "positive", "percent", "p", "level", "year", "date", "choice", "many"
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what a cell of it can be, and what it means.

    Attributes
    ----------
    kind : ``key`` (an id, never empty), ``text``, ``count`` (0, 1, 2 …), ``number``, ``positive``,
        ``percent`` (0 to 100), ``p`` (0 to 1, ``<0.001`` too), ``level`` (0.95), ``year``, ``date``
        (2026-11-24), ``choice`` (of ``allowed``), ``many`` (texts with semicolons between them)
    says : the definition, as the workbook's header shows it
    needed : whether a sheet must have the column
    allowed : of a choice; empty always is
    given : made by code; locked in the workbook
    """

    name: str
    kind: CellKind
    says: str
    needed: bool = False
    allowed: tuple[str, ...] = ()
    given: bool = False


@dataclass(frozen=True)
class SheetKind:
    """One of the five sheets.

    Attributes
    ----------
    name : the file without ``.csv``
    columns : in order
    key : the columns that no two rows may share
    open : whether columns of the reviewers' own are welcome (characteristics of studies)
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    open: bool = False

    def column(self, name: str) -> Column | None:
        """Return a column by its name."""
        return next((c for c in self.columns if c.name == name), None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(c.name for c in self.columns)


BASES = ("reported", "derived", "inferred")

_ROW = Column("row", "key", "A stable id of this row's own; never reused.", needed=True, given=True)
_STUDY = Column("study", "key", "The study's id, as in studies.csv.", needed=True, given=True)
_OUTCOME = Column("outcome", "key", "The outcome's id, as in the protocol.", needed=True, given=True)
_TIMEPOINT = Column("timepoint", "text", "When it was measured, such as day 28.", given=True)
_POPULATION = Column(
    "population",
    "text",
    "Who was analysed: ITT, mITT, PP, safety …; a subgroup is written subgroup: grade=B.",
    given=True,
)
_CHECKED = Column(
    "checked", "text", "Answers to warnings: the check's code, a colon, the reason; semicolons between."
)
_NOTE = Column("note", "text", "Anything a reader must know.")
_TEST = Column("test", "text", "The test the P value is of, if the report names it: chi-square, Fisher …")
_ENDPOINT = Column(
    "endpoint",
    "choice",
    "primary when this is the trial's own primary endpoint.",
    allowed=("primary", "secondary"),
)
_PROVENANCE = (
    Column(
        "basis",
        "choice",
        "reported: printed as it stands here; derived: computed from printed figures; inferred: not seen.",
        allowed=BASES,
    ),
    Column("report", "text", "The report the numbers were read in: pmid:…, doi:…, or an address."),
    Column("location", "text", "Page, table, figure or section of that report."),
    Column("quote", "text", "The figures or words seen there, copied."),
    Column("extractor", "text", "Who read it out."),
    Column("date", "date", "When, as 2026-11-24."),
    _NOTE,
    _CHECKED,
)

STUDIES = SheetKind(
    "studies",
    (
        _STUDY,
        Column("label", "text", "The study as tables and figures name it: author and year.", needed=True),
        Column("year", "year", "Year of the main report."),
        Column("design", "text", "RCT, single-arm, cohort …: analyses choose by it."),
        Column("registry", "text", "Registry numbers: NCT…, ChiCTR…; two studies with one number overlap."),
        Column("reports", "many", "Every report of the study: pmid:…; doi:…; semicolons between."),
        Column(
            "status",
            "choice",
            "Whether its report was withdrawn or corrected.",
            allowed=("retracted", "expression of concern", "corrected"),
        ),
        Column("exclude", "text", "Why it is kept out of every synthesis; empty when it is not."),
        _NOTE,
        _CHECKED,
    ),
    key=("study",),
    open=True,
)
ARMS = SheetKind(
    "arms",
    (
        _STUDY,
        Column("arm", "key", "The arm's id, its own within the study.", needed=True, given=True),
        Column("label", "text", "What the arm received, in words."),
        Column("role", "key", "The planned arm of the protocol that it is.", needed=True),
        Column("n_allocated", "count", "Participants allocated to it (randomised)."),
        _NOTE,
        _CHECKED,
    ),
    key=("study", "arm"),
)
RESULTS = SheetKind(
    "results",
    (
        _ROW,
        _STUDY,
        _OUTCOME,
        _TIMEPOINT,
        _POPULATION,
        Column("arm", "key", "The arm's id, as in arms.csv.", needed=True, given=True),
        Column("n", "count", "Participants analysed."),
        Column("events", "count", "Participants with the event; of a rate: events."),
        Column("mean", "number", "Mean."),
        Column("sd", "positive", "Standard deviation of the participants' values."),
        Column("se", "positive", "Standard error of the mean."),
        Column("median", "number", "Median."),
        Column("q1", "number", "Lower quartile."),
        Column("q3", "number", "Upper quartile."),
        Column("min", "number", "Smallest value seen."),
        Column("max", "number", "Largest value seen."),
        Column(
            "change",
            "choice",
            "Whether mean and SD are of final values or of changes from baseline.",
            allowed=("final", "change"),
        ),
        Column("time", "positive", "Person-time of a rate."),
        Column("percent", "percent", "As printed, 58.3 for 58.3 %; also survival and cumulative incidence."),
        Column("r", "number", "Correlation coefficient."),
        Column("tp", "count", "True positives."),
        Column("fp", "count", "False positives."),
        Column("fn", "count", "False negatives."),
        Column("tn", "count", "True negatives."),
        Column("p", "p", "P value printed for the comparison this row belongs to."),
        _TEST,
        _ENDPOINT,
        *_PROVENANCE,
    ),
    key=("study", "outcome", "timepoint", "population", "arm"),
)
CONTRASTS = SheetKind(
    "contrasts",
    (
        _ROW,
        _STUDY,
        _OUTCOME,
        _TIMEPOINT,
        _POPULATION,
        Column("arm_1", "key", "The arm that is compared, as in arms.csv.", needed=True, given=True),
        Column("arm_2", "key", "The arm it is compared with.", needed=True, given=True),
        Column("measure", "key", "HR, OR, RR, MD …", needed=True),
        Column(
            "scale",
            "choice",
            "natural as printed; log when estimate and interval are logarithms.",
            allowed=("natural", "log"),
        ),
        Column("estimate", "number", "The effect, on that scale."),
        Column("ci_low", "number", "Lower end of its interval, on that scale."),
        Column("ci_high", "number", "Upper end of its interval, on that scale."),
        Column("level", "level", "Level of the interval as a fraction; empty means 0.95."),
        Column("se", "positive", "Standard error; of the logarithm for ratios."),
        Column("p", "p", "P value printed for it."),
        _TEST,
        Column("o_minus_e", "number", "Observed minus expected events of the log-rank test."),
        Column("variance", "positive", "Variance of observed minus expected."),
        _ENDPOINT,
        *_PROVENANCE,
    ),
    key=("study", "outcome", "timepoint", "population", "arm_1", "arm_2", "measure"),
)
JUDGEMENTS = SheetKind(
    "judgements",
    (
        _ROW,
        _STUDY,
        Column("outcome", "text", "The outcome's id; empty when the judgement is of the whole study."),
        Column("tool", "text", "RoB 2, ROBINS-I …", needed=True),
        Column("domain", "text", "The tool's domain, or overall.", needed=True),
        Column("level", "text", "The judgement: low, some concerns, high …", needed=True),
        Column("support", "text", "Why, in words."),
        Column("report", "text", "The report it rests on."),
        Column("location", "text", "Page, table, figure or section of that report."),
        Column("quote", "text", "The words seen there, copied."),
        Column("assessor", "text", "Who judged."),
        Column("date", "date", "When, as 2026-11-24."),
        _NOTE,
    ),
    key=("study", "outcome", "tool", "domain", "assessor"),
)
SHEETS: Mapping[str, SheetKind] = {
    kind.name: kind for kind in (STUDIES, ARMS, RESULTS, CONTRASTS, JUDGEMENTS)
}
