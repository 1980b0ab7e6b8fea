"""The error radar: what in the sheets is impossible, unlikely, or should be known."""

from metareview.extraction.checks.register import CHECKS, Check, check_sheets, open_findings

__all__ = ["CHECKS", "Check", "check_sheets", "open_findings"]
