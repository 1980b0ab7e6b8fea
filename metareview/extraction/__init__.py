"""Extraction: from people's reading of the reports to typed rows."""

from metareview.extraction.adjudication import describe_extraction
from metareview.extraction.checks import CHECKS, Check, check_sheets, open_findings
from metareview.extraction.finding import Finding
from metareview.extraction.reading import Reading, read_sheets, survey
from metareview.extraction.rows import Arm, Contrast, Judgement, Result, Sheets, Study

__all__ = [
    "CHECKS",
    "Arm",
    "Check",
    "Contrast",
    "Finding",
    "Judgement",
    "Reading",
    "Result",
    "Sheets",
    "Study",
    "check_sheets",
    "describe_extraction",
    "open_findings",
    "read_sheets",
    "survey",
]
