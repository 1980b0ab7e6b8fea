"""The sheets of a review: read whole, or refused with every fault of every sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metareview.errors import ExtractionError
from metareview.extraction.columns import STUDIES
from metareview.extraction.drafts import Draft, Drafts, read_drafts
from metareview.extraction.finding import Finding
from metareview.extraction.keys import key_findings
from metareview.extraction.limits import limit_findings
from metareview.extraction.rows import Arm, Contrast, Judgement, Result, Sheets, Study
from metareview.protocol import Protocol

DEFAULT_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a folder: the sheets when nothing in them cannot be, and what was found."""

    sheets: Sheets | None
    errors: tuple[Finding, ...]


def read_sheets(folder: str | Path, protocol: Protocol) -> Sheets:
    """Read ``studies arms results contrasts judgements`` of a review.

    Raises
    ------
    ExtractionError
        All faults of all sheets at once, one sentence each, with file, line, column and value.
    """
    reading = survey(folder, protocol)
    if reading.sheets is None:
        raise ExtractionError(str(finding) for finding in reading.errors)
    return reading.sheets


def survey(folder: str | Path, protocol: Protocol) -> Reading:
    """Read the sheets, or say everything in them that cannot be."""
    drafts, findings = read_drafts(folder)
    findings += key_findings(drafts, protocol)
    findings += limit_findings(drafts, protocol)
    if findings:
        return Reading(None, tuple(sorted(dict.fromkeys(findings), key=_place)))
    return Reading(_sheets(folder, drafts), ())


def _place(finding: Finding) -> tuple[str, int]:
    return finding.file, finding.line


def _sheets(folder: str | Path, drafts: Drafts) -> Sheets:
    return Sheets(
        str(folder),
        tuple(_study(draft) for draft in drafts["studies"]),
        tuple(Arm(**_fields(draft)) for draft in drafts["arms"]),
        tuple(Result(**_fields(draft)) for draft in drafts["results"]),
        tuple(_contrast(draft) for draft in drafts["contrasts"]),
        tuple(Judgement(**_fields(draft)) for draft in drafts["judgements"]),
        _printed(drafts.values()),  # type: ignore[arg-type]
    )


def _fields(draft: Draft) -> dict[str, Any]:
    return {**draft.values, "file": draft.file, "line": draft.line}


def _study(draft: Draft) -> Study:
    further = {name: text for name, text in draft.cells.items() if name not in STUDIES.names}
    return Study(**_fields(draft), characteristics=further)


def _contrast(draft: Draft) -> Contrast:
    values = _fields(draft)
    values["scale"] = values["scale"] or "natural"
    if values["level"] is None and values["ci_low"] is not None:
        values["level"] = DEFAULT_LEVEL
    return Contrast(**values)


def _printed(sheets: Sequence[Sequence[Draft]]) -> Mapping[tuple[str, int], Mapping[str, str]]:
    return {(draft.file, draft.line): draft.cells for rows in sheets for draft in rows}
