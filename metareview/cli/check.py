"""``metareview check``: everything in plan and sheets that cannot be, is unlikely, or should be known."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from metareview.cli.progress import Tell, telling
from metareview.cli.terminal import say, say_json
from metareview.extraction import Finding, Sheets, check_sheets, open_findings, survey
from metareview.extraction.checks.answers import parse_answers
from metareview.extraction.leaving import trail_findings
from metareview.files import is_there
from metareview.protocol import read_protocol
from metareview.review import Place, find_review
from metareview.review.checking import choice_problems, plan_problems, planned_analyses
from metareview.review.screened import ScreeningDesk
from metareview.search import Record


@click.command("check")
@click.argument("review")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON.")
def check_review(review: str, as_json: bool) -> None:
    """Check the protocol and the sheets of REVIEW: errors, warnings and notes.

    Errors cannot be and end with exit code 1. A warning is answered in the sheet: in the column
    checked, write its code, a colon and the reason.

    Example: metareview check msc-sr-agvhd --json
    """
    with telling("Checking") as tell:
        findings = _findings(find_review(review), tell)
    if as_json:
        say_json([asdict(f) | {"sentence": str(f)} for f in findings], indent=2)
    else:
        _print(findings)
    sys.exit(1 if any(f.level == "error" for f in findings) else 0)


def _findings(place: Place, tell: Tell) -> list[Finding]:
    tell("Reading protocol and sheets", 0, 3)
    protocol = read_protocol(place.protocol)
    found = [_of_plan(place, problem) for problem in plan_problems(protocol, place.protocol)]
    reading = survey(place.sheets, protocol)
    trail = trail_findings(place.sheets)
    if reading.sheets is None:
        return [*found, *reading.errors, *trail]
    tell("Checking the sheets", 1, 3)
    checked = (*check_sheets(reading.sheets, protocol), *_withdrawn(place, reading.sheets))
    if not found:
        tell("Choosing the numbers of each analysis", 2, 3)
        found = [
            _of_plan(place, problem)
            for problem in choice_problems(planned_analyses(protocol), reading.sheets)
        ]
    return [*found, *checked, *trail]


def _withdrawn(place: Place, sheets: Sheets) -> Iterator[Finding]:
    """Find studies whose records say that a report was retracted, where the sheet does not say so."""
    if not is_there(place.searched / "records.csv"):
        return
    records = ScreeningDesk(place).identified.records
    retracted = {f"{kind}:{number}" for r in records if r.retracted for kind, number in _numbers(r) if number}
    for study in sheets.studies:
        gone = sorted(retracted & {report.casefold() for report in study.reports})
        if gone and not study.exclude and not study.status:
            why = f"the database says that {gone[0]} was retracted"
            reason = parse_answers(study.checked).get("report-withdrawn", "")
            where = (study.file, study.line, "reports", sheets.text(study, "reports"))
            yield Finding("report-withdrawn", "warning", *where, why, answer=reason)


def _numbers(record: Record) -> tuple[tuple[str, str], ...]:
    return ("pmid", record.pmid), ("doi", record.doi), ("pmcid", record.pmcid.casefold())


def _of_plan(place: Place, problem: str) -> Finding:
    path = str(place.protocol)
    return Finding("plan", "error", path, 0, "", "", problem.removeprefix(path).lstrip(": "))


def _print(findings: Sequence[Finding]) -> None:
    """Print findings by level, the answered ones last, then the count."""
    for line in _lines(findings):
        say(line)
    counts = [f"{sum(f.level == level for f in findings)} {level}s" for level in ("error", "warning", "note")]
    left = sum(f.level == "warning" for f in open_findings(findings))
    answered = "every warning answered" if not left else f"{left} warnings without an answer"
    say(f"{', '.join(counts)}; {answered}.")


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    unanswered = {id(f) for f in open_findings(findings)}
    order = {"error": 0, "warning": 1, "note": 3}
    for f in sorted(findings, key=lambda f: (order[f.level] + bool(f.answer), f.file, f.line)):
        mark = f.level if id(f) in unanswered or f.level == "note" else f"{f.level}, answered"
        yield f"{mark} [{f.check}] {f}" + (f" Answer: {f.answer}" if f.answer else "")
