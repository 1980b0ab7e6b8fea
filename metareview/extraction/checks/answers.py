"""Answers to warnings, as the column ``checked`` holds them: ``code: reason; code: reason``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from metareview.extraction.finding import Finding
from metareview.extraction.rows import Arm, Contrast, Result, Sheets, Study

_ANSWER = re.compile(r"(?:^|;)\s*([a-z][a-z-]+)\s*:\s*")


def parse_answers(text: str) -> dict[str, str]:
    """Read a cell of the column ``checked``.

    >>> parse_answers("percent-events: the report prints 36.6; ci-p: another test")
    {'percent-events': 'the report prints 36.6', 'ci-p': 'another test'}
    """
    parts = _ANSWER.split(text)[1:]
    return {code: reason.strip() for code, reason in zip(parts[::2], parts[1::2], strict=True)}


def answered(found: Sequence[Finding], sheets: Sheets, codes: Set[str]) -> Iterator[Finding]:
    """Put the sheets' answers to the warnings they answer; report answers that answer nothing."""
    used: set[tuple[str, int, str]] = set()
    answers = {(row.file, row.line): parse_answers(row.checked) for row in _rows(sheets) if row.checked}
    for finding in found:
        reason = answers.get((finding.file, finding.line), {}).get(finding.check, "")
        if reason and finding.level != "error":
            used.add((finding.file, finding.line, finding.check))
            yield replace(finding, answer=reason)
        else:
            yield finding
    for row in _rows(sheets):
        for code in parse_answers(row.checked) if row.checked else ():
            if (row.file, row.line, code) not in used:
                yield _idle(row, code, code in codes)


def _rows(sheets: Sheets) -> tuple[Study | Arm | Result | Contrast, ...]:
    return (*sheets.studies, *sheets.arms, *sheets.results, *sheets.contrasts)


def _idle(row: Study | Arm | Result | Contrast, code: str, known: bool) -> Finding:
    where = (row.file, row.line, "checked", row.checked)
    if known:
        return Finding("answer-idle", "note", *where, f"nothing is found that {code} would answer")
    return Finding(
        "answer-unknown", "warning", *where, f'there is no check "{code}"; docs/checks.md lists them'
    )
