"""Cells of words: what a spreadsheet or a habit has made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import Row

_EXCEL_DATE = re.compile(
    r"\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-\d{2}|\d{4}-\d{2}-\d{2}(?: 00:00:00)?|"
    r"\d{1,2}/\d{1,2}/\d{2,4}",
    re.I,
)
_KEYS = ("arm", "outcome", "timepoint", "population", "arm_1", "arm_2", "label")
_NOTHING = re.compile(r"n/?a|none|null|nan|nil|-+|\?", re.I)


def dates_from_spreadsheets(ledger: Ledger) -> Iterator[Finding]:
    """Find words that a spreadsheet turned into a date (3-4 becomes 04-Mar)."""
    rows: tuple[Row, ...] = (*ledger.sheets.arms, *ledger.sheets.figures)
    for row in rows:
        for column in _KEYS:
            text = str(getattr(row, column, ""))
            if text and _EXCEL_DATE.fullmatch(text):
                why = "it looks like a date that a spreadsheet made of something else, such as 3-4"
                yield ledger.doubt("date-made", row, column, why)


def bare_timepoints(ledger: Ledger) -> Iterator[Finding]:
    """Find time points that are a number without a unit."""
    for row in ledger.sheets.figures:
        if re.fullmatch(r"\d+(\.\d+)?", row.timepoint):
            yield ledger.doubt("timepoint-unit", row, "timepoint", "say of what: day, week, month")


def words_for_nothing(ledger: Ledger) -> Iterator[Finding]:
    """Find NA, None and the like where an empty cell is meant."""
    for row in ledger.sheets.figures:
        for column in ("timepoint", "population", "report", "location", "quote"):
            text = getattr(row, column)
            if text and _NOTHING.fullmatch(text):
                yield ledger.doubt(
                    "nothing-word", row, column, "leave the cell empty when there is nothing to say"
                )
