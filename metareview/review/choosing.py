"""From the sheets to the numbers of one analysis: which cells enter, and why the others do not.

For every study the rows that fit the analysis are gathered by (outcome, time point, population); the
first group, in the protocol's order of preference, that has numbers for every arm compared is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metareview.extraction import Contrast, Result
from metareview.review.columns import Numbers, arm_numbers, contrast_numbers, printed_interval_note
from metareview.review.deriving import derivation_notes

if TYPE_CHECKING:
    from metareview.effects import Measure
    from metareview.extraction import Sheets, Study
    from metareview.protocol import Analysis

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Entered:
    """One study of an analysis: the numbers it brings, and the rows they were read from."""

    study: Study
    rows: tuple[Result | Contrast, ...]
    numbers: Numbers
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study that has rows for an analysis but does not enter, and why."""

    study: Study
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one analysis is made from."""

    entered: tuple[Entered, ...]
    left_out: tuple[LeftOut, ...]
    problems: tuple[str, ...]


def choose(analysis: Analysis, sheets: Sheets, measure: Measure) -> Chosen:
    """Choose the rows of every study that an analysis is made from."""
    entered: list[Entered] = []
    left_out: list[LeftOut] = []
    problems: list[str] = []
    fitting = _fitting(analysis, sheets, measure)
    for study in (sheets.study(name) for name in sorted(fitting, key=sheets.place)):
        if analysis.designs and study.design not in analysis.designs:
            continue
        found = _of_study(analysis, sheets, study, fitting[study.study], measure)
        if isinstance(found, Entered):
            entered.append(found)
        elif isinstance(found, LeftOut):
            left_out.append(found)
        else:
            problems.append(found)
    return Chosen(tuple(entered), tuple(left_out), tuple(problems))


def _of_study(
    analysis: Analysis, sheets: Sheets, study: Study, rows: Sequence[Result | Contrast], measure: Measure
) -> Entered | LeftOut | str:
    reason = study.exclude or analysis.exclude.get(study.study, "")
    if reason:
        return LeftOut(study, reason)
    allowed = [row for row in rows if row.basis in analysis.basis]
    groups = _complete_groups(analysis, sheets, allowed, measure)
    if not groups:
        return LeftOut(study, _why_incomplete(analysis, rows, allowed))
    best = min(groups, key=lambda key: _preference(analysis, key))
    rivals = [key for key in groups if _preference(analysis, key) == _preference(analysis, best)]
    if len(rivals) > 1:
        return _rivals_sentence(analysis, study, rivals)
    return _enter(analysis, sheets, study, groups[best], measure)


def _fitting(analysis: Analysis, sheets: Sheets, measure: Measure) -> dict[str, list[Result | Contrast]]:
    """Give each study's rows that are about this analysis, whatever their basis."""
    fitting: dict[str, list[Result | Contrast]] = {}
    for row in sheets.about("contrasts" if measure.kind == "contrast" else "results", analysis.outcomes):
        if _asked_for(analysis, row) and _of_arms(analysis, sheets, row, measure):
            fitting.setdefault(row.study, []).append(row)
    return fitting


def _of_arms(analysis: Analysis, sheets: Sheets, row: Result | Contrast, measure: Measure) -> bool:
    if isinstance(row, Contrast):
        return row.measure == measure.code and _compares(analysis, sheets, row)
    return _role(sheets, row) in analysis.compare


def _asked_for(analysis: Analysis, row: Result | Contrast) -> bool:
    return (
        (not analysis.timepoints or row.timepoint in analysis.timepoints)
        and (not analysis.populations or row.population in analysis.populations)
        and (not analysis.endpoint or getattr(row, "endpoint", "") == analysis.endpoint)
    )


def _compares(analysis: Analysis, sheets: Sheets, row: Contrast) -> bool:
    arms = (row.arm_1, row.arm_2)
    return tuple(sheets.role(row.study, arm) for arm in arms) == tuple(analysis.compare)


def _role(sheets: Sheets, row: Result) -> str:
    return sheets.role(row.study, row.arm)


def _complete_groups(
    analysis: Analysis, sheets: Sheets, rows: Sequence[Result | Contrast], measure: Measure
) -> dict[Key, list[Result | Contrast]]:
    """Group rows by outcome, time point and population; keep the groups that have every arm's numbers."""
    groups: dict[Key, list[Result | Contrast]] = {}
    for row in rows:
        groups.setdefault((row.outcome, row.timepoint, row.population), []).append(row)
    return {key: rows for key, rows in groups.items() if _numbers(analysis, sheets, rows, measure)}


def _numbers(
    analysis: Analysis, sheets: Sheets, rows: Sequence[Result | Contrast], measure: Measure
) -> Numbers:
    reported = [row for row in rows if isinstance(row, Contrast)]
    if reported:
        return contrast_numbers(reported[0]) if len(reported) == 1 else {}
    arms = [row for row in rows if isinstance(row, Result)]
    return arm_numbers([[r for r in arms if _role(sheets, r) == role] for role in analysis.compare], measure)


def _preference(analysis: Analysis, key: Key) -> tuple[int, ...]:
    wanted = (analysis.outcomes, analysis.timepoints, analysis.populations)
    return tuple(
        list(order).index(part) if part in order else 0 for part, order in zip(key, wanted, strict=True)
    )


def _why_incomplete(
    analysis: Analysis, rows: Sequence[Result | Contrast], allowed: Sequence[Result | Contrast]
) -> str:
    barred = sorted({row.basis for row in rows} - set(analysis.basis))
    if len(allowed) < len(rows) and barred:
        return f"its numbers are {' and '.join(barred)}, which this analysis does not take"
    return "the sheets do not hold the numbers of every arm compared"


def _rivals_sentence(analysis: Analysis, study: Study, rivals: Sequence[Key]) -> str:
    listed = "; ".join(" / ".join(part or "none" for part in key) for key in rivals)
    return (
        f'analysis "{analysis.id}": study {study.study} has {len(rivals)} sets of numbers that fit '
        f"({listed}); name timepoints or populations in the order of preference."
    )


def _enter(
    analysis: Analysis, sheets: Sheets, study: Study, rows: Sequence[Result | Contrast], measure: Measure
) -> Entered:
    notes = [*_basis_notes(sheets, rows), *_combined_note(analysis, sheets, rows)]
    if measure.kind == "continuous":
        notes += derivation_notes(tuple(row for row in rows if isinstance(row, Result)))
    if measure.scale == "log":
        for row in rows:
            if isinstance(row, Contrast):
                notes += printed_interval_note(row, analysis.level)
    return Entered(study, tuple(rows), _numbers(analysis, sheets, rows, measure), tuple(notes))


def _basis_notes(sheets: Sheets, rows: Sequence[Result | Contrast]) -> Iterator[str]:
    """Say of a study whose numbers were not printed as they are used how they came about."""
    for basis, words in (
        ("derived", "derived from a printed percentage"),
        ("inferred", "inferred, not seen in the report"),
    ):
        of_it = [row for row in rows if row.basis == basis]
        if len(of_it) == len(rows):
            yield f"{'Numbers' if isinstance(rows[0], Contrast) else 'Counts'} {words}."
        elif of_it:
            yield f"Counts of {_named(sheets, of_it)} {words}."


def _combined_note(analysis: Analysis, sheets: Sheets, rows: Sequence[Result | Contrast]) -> Iterator[str]:
    for role in analysis.compare:
        arms = [row for row in rows if isinstance(row, Result) and _role(sheets, row) == role]
        if len(arms) > 1:
            yield f"The arms {_named(sheets, arms)} were combined."


def _named(sheets: Sheets, rows: Sequence[Result | Contrast]) -> str:
    """Name the arms of rows by their labels."""
    names = [sheets.arm_label(row.study, row.arm) for row in rows if isinstance(row, Result)]
    return " and ".join(f'"{name}"' for name in names)
