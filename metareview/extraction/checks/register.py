"""Every check in one table: its code, how sure it is, what it looks for, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from metareview.extraction.checks import (
    directions,
    granularity,
    ids,
    intervals,
    overlaps,
    percentages,
    pvalues,
    sources,
    spread,
    sums,
    texts,
)
from metareview.extraction.checks.answers import answered
from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding, Level
from metareview.extraction.rows import Sheets
from metareview.protocol import Protocol

Finder = Callable[[Ledger], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes
    ----------
    code : what a finding and an answer in the sheet name
    level : the level of its findings (``error`` for what cannot be)
    says : what it looks for, in a sentence
    find : the functions that look; none for what reading the sheets itself refuses, and for what a
        function named above it also tells apart
    """

    code: str
    level: Level
    says: str
    find: tuple[Finder, ...] = ()


CHECKS: tuple[Check, ...] = (
    Check("file", "error", "A sheet is there, has rows, and can be read as a table."),
    Check("column-missing", "error", "A sheet has the columns it needs."),
    Check("column-unknown", "error", "A sheet has no column that nothing reads (a misspelt one)."),
    Check(
        "cell",
        "error",
        "A cell is what its column asks for: whole numbers, numbers, percentages, P values, levels, dates, "
        "allowed words. Dates made by spreadsheets, text in number cells, thousands separators, decimal "
        "commas that cannot be told apart, NA and None are refused; a true minus sign, blanks of any kind, a "
        "mark at the file's start and semicolons are read.",
    ),
    Check(
        "key-twice",
        "error",
        "No row id and no study, outcome, time point, population and arm stands twice.",
    ),
    Check("key-unknown", "error", "Studies, arms, outcomes and roles that a row names are defined."),
    Check(
        "exclude-word",
        "error",
        "The column exclude holds a reason, not no or NA, which would exclude too.",
    ),
    Check("n-zero", "error", "An arm has somebody in it."),
    Check("events-over-n", "error", "Participants with the event are no more than those analysed."),
    Check(
        "n-over-allocated",
        "error",
        "Those analysed are no more than those allocated (safety and as-treated sets excepted).",
    ),
    Check("r-range", "error", "A correlation lies between -1 and 1."),
    Check("quantile-order", "error", "Minimum, quartiles, median and maximum ascend."),
    Check("mean-range", "error", "A mean lies between minimum and maximum."),
    Check("scale-range", "error", "Values lie within the limits of the outcome's scale."),
    Check("basis-missing", "error", "A row with numbers says how they came about."),
    Check("ci-order", "error", "The lower end of an interval is below the upper."),
    Check("ci-estimate", "error", "An interval holds its estimate."),
    Check("ratio-negative", "error", "A ratio on its natural scale is greater than 0."),
    Check("arms-same", "error", "An arm is not compared with itself."),
    Check(
        "subset-over-total",
        "error",
        "An outcome has no more events than the outcome that contains it.",
        (sums.subsets_over_totals,),
    ),
    Check(
        "subgroup-sum",
        "error",
        "Subgroups together have no more than the whole (a warning when they have other than it).",
        (sums.subgroup_sums,),
    ),
    Check(
        "sd-range",
        "error",
        "An SD is possible between the limits of the values (Popoviciu 1935).",
        (spread.impossible_spreads,),
    ),
    Check("total-sum", "warning", "The arms add up to the printed total.", (sums.total_sums,)),
    Check(
        "percent-grim",
        "warning",
        "Some whole number of n prints the percentage (GRIM; Brown & Heathers 2017).",
        (percentages.impossible_percentages,),
    ),
    Check(
        "percent-events",
        "warning",
        "Events and n print the percentage.",
        (percentages.disagreeing_percentages,),
    ),
    Check("percent-fraction", "warning", "A percentage is not typed as a fraction."),
    Check(
        "p-numbers",
        "warning",
        "A P value is what the counts or means of two arms give, by the named test or the usual ones.",
        (
            pvalues.disagreeing_p_of_counts,
            pvalues.disagreeing_p_of_means,
        ),
    ),
    Check(
        "mean-grim",
        "warning",
        "Whole steps of the scale can give the mean (GRIM).",
        (granularity.impossible_means,),
    ),
    Check(
        "sd-grimmer",
        "warning",
        "Whole steps of the scale with that mean can give the SD (GRIMMER; Anaya 2016, Allard 2018).",
    ),
    Check(
        "sd-debit",
        "warning",
        "Zeros and ones with that mean can give the SD (DEBIT; Heathers & Brown 2019).",
    ),
    Check("se-sd", "warning", "SE and SD of a row belong together.", (spread.disagreeing_spreads,)),
    Check(
        "sd-is-se",
        "warning",
        "An SD is not a standard error, judged by the other arms of the outcome.",
        (spread.exchanged_spreads,),
    ),
    Check("se-is-sd", "warning", "A standard error is not an SD, judged likewise."),
    Check(
        "smd-large",
        "warning",
        "Two arms do not differ by more than 2.5 standard deviations.",
        (spread.implausible_differences,),
    ),
    Check(
        "ci-asymmetric",
        "warning",
        "An estimate lies in the middle of its interval on the analysis scale.",
        (intervals.asymmetric_intervals,),
    ),
    Check("scale-mixed", "warning", "Ratios and their logarithms are not mixed up."),
    Check(
        "ci-p",
        "warning",
        "A P value agrees with estimate and interval.",
        (intervals.disagreeing_p_of_intervals,),
    ),
    Check("ci-level", "warning", "An interval has the level that its P value gives it."),
    Check(
        "se-ci",
        "warning",
        "A standard error agrees with the interval.",
        (intervals.disagreeing_standard_errors,),
    ),
    Check("se-is-variance", "warning", "A standard error is not a variance."),
    Check(
        "hr-logrank",
        "warning",
        "A hazard ratio agrees with observed minus expected and its variance.",
        (intervals.disagreeing_logrank,),
    ),
    Check(
        "effect-counts",
        "warning",
        "A reported effect is what the counts of the arms give.",
        (directions.recomputed_effects,),
    ),
    Check("arms-reversed", "warning", "Arms are not in reverse."),
    Check(
        "direction",
        "warning",
        "A hazard ratio points the way the incidences point.",
        (directions.opposite_directions,),
    ),
    Check(
        "same-registry",
        "warning",
        "No two studies that enter bear one registry number.",
        (overlaps.same_registry,),
    ),
    Check("same-report", "warning", "No two studies that enter share a report.", (overlaps.same_reports,)),
    Check(
        "same-centre",
        "warning",
        "No two studies of one centre recruited in the same years.",
        (overlaps.same_centres,),
    ),
    Check("shared-authors", "note", "Studies with three or more authors in common are named."),
    Check(
        "same-results",
        "warning",
        "No two studies have the same counts in every arm.",
        (overlaps.pasted_results,),
    ),
    Check(
        "same-counts",
        "note",
        "Two outcomes of one study with the same counts are named.",
        (overlaps.repeated_counts,),
    ),
    Check("control-twice", "warning", "No control arm is compared with twice.", (overlaps.shared_controls,)),
    Check(
        "report-withdrawn",
        "warning",
        "No study with a retracted or questioned report enters.",
        (overlaps.withdrawn_reports,),
    ),
    Check("report-corrected", "note", "Studies with a corrected report are named."),
    Check(
        "quote",
        "warning",
        "Figures agree with the row's own quote.",
        (
            sources.unquoted_results,
            sources.unquoted_contrasts,
        ),
    ),
    Check(
        "source-missing",
        "note",
        "Rows with numbers and no report or location are named.",
        (sources.sourceless_rows,),
    ),
    Check(
        "id-name",
        "warning",
        "Ids of studies and arms can name a file on every system, and differ by more than capitals.",
        (ids.odd_ids,),
    ),
    Check(
        "row-missing",
        "note",
        "Rows that `metareview extract` wrote and that are gone from the sheets are named.",
    ),
    Check("row-removed", "note", "Rows that left the sheets with numbers in them are named."),
    Check("rows-empty", "note", "Rows that nobody filled in are counted.", (sources.unfilled_rows,)),
    Check(
        "n-missing",
        "note",
        "Arms with more than a fifth not analysed are named.",
        (sums.missing_participants,),
    ),
    Check(
        "date-made",
        "warning",
        "No word became a date in a spreadsheet.",
        (texts.dates_from_spreadsheets,),
    ),
    Check("timepoint-unit", "warning", "A time point has a unit.", (texts.bare_timepoints,)),
    Check(
        "nothing-word",
        "warning",
        "Nothing is said by an empty cell, not by NA or None.",
        (texts.words_for_nothing,),
    ),
    Check("answer-unknown", "warning", "An answer in the column checked names a check."),
    Check("answer-idle", "note", "An answer whose warning is no longer found is named."),
)


def check_sheets(sheets: Sheets, protocol: Protocol) -> tuple[Finding, ...]:
    """Look for everything in ``CHECKS`` in sheets that could be read.

    Returns
    -------
    tuple of Finding
        In order of file and line; a warning that the sheet answers (column ``checked``) carries the answer.
    """
    ledger = Ledger(sheets, protocol)
    found = [finding for check in CHECKS for find in check.find for finding in find(ledger)]
    codes = frozenset(check.code for check in CHECKS)
    return tuple(sorted(answered(found, sheets, codes), key=_place))


def _place(finding: Finding) -> tuple[str, int]:
    return finding.file, finding.line


def open_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the errors and the warnings that nobody has answered."""
    return tuple(f for f in findings if f.level == "error" or (f.level == "warning" and not f.answer))
