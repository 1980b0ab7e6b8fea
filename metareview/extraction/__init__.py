"""Extraction: from people's reading of the reports to typed rows."""

from metareview.extraction.finding import Finding
from metareview.extraction.reading import Reading, read_sheets, survey
from metareview.extraction.rows import Arm, Contrast, Judgement, Result, Sheets, Study

__all__ = [
    "Arm",
    "Contrast",
    "Finding",
    "Judgement",
    "Reading",
    "Result",
    "Sheets",
    "Study",
    "read_sheets",
    "survey",
]
