"""A decision: what one reviewer said of one record at one stage, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from metareview.errors import did_you_mean

BEFORE, ABSTRACT, FULL_TEXT = "before screening", "abstract", "full text"
STAGES = (BEFORE, ABSTRACT, FULL_TEXT)
INCLUDE, EXCLUDE, UNCLEAR, NOT_RETRIEVED, WITHDRAWN = (
    "include",
    "exclude",
    "unclear",
    "not-retrieved",
    "withdrawn",
)
VERDICTS = {
    BEFORE: (EXCLUDE, WITHDRAWN),
    ABSTRACT: (INCLUDE, EXCLUDE, UNCLEAR, WITHDRAWN),
    FULL_TEXT: (INCLUDE, EXCLUDE, UNCLEAR, NOT_RETRIEVED, WITHDRAWN),
}
AUTOMATION = "automation"
CONSENSUS, PREVIOUS = "consensus", "previous"
COLUMNS = ("record_id", "stage", "reviewer", "decision", "reason", "note", "seconds", "date")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?")
_REVIEWER = re.compile(r"[\w][\w .'-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one reviewer said of one record at one stage.

    Attributes
    ----------
    record : the record's id
    stage : ``before screening``, ``abstract`` or ``full text``
    reviewer : who said it; in the consensus file, who agreed on it
    verdict : ``include``, ``exclude``, ``unclear``, ``not-retrieved`` (full text only), or
        ``withdrawn``: the reviewer took the earlier decision back and made none instead
    reason : the id of one criterion; needed to exclude at full text, where PRISMA 2020 counts reasons
    note : free text, one line
    when : ``2026-11-24`` or ``2026-11-24T10:15:00Z``, always UTC
    seconds : how long the record was looked at, where that was measured
    """

    record: str
    stage: str
    reviewer: str
    verdict: str
    reason: str = ""
    note: str = ""
    when: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record or report is excluded: a criterion of the protocol.

    Attributes
    ----------
    id : short, as written in the decision files
    label : as the flow diagram prints it
    text : the criterion's own words, for the reviewer
    """

    id: str
    label: str = ""
    text: str = ""

    def __str__(self) -> str:
        """Give the label, or the id where there is none."""
        return self.label or self.id


def now() -> str:
    """Give the time as decisions keep it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def valid_reviewer(name: str) -> bool:
    """Whether a name can name a file: letters, digits, blanks, dots, hyphens, up to 60."""
    return bool(_REVIEWER.fullmatch(name)) and name.casefold() not in (CONSENSUS, PREVIOUS)


def decision_faults(decision: Decision, reasons: Iterable[str] | None = None) -> Iterator[str]:
    """Say what is wrong with a decision, as half-sentences that follow its place.

    Parameters
    ----------
    decision
        To be looked at.
    reasons
        The ids a reason may have; ``None`` lets any stand.
    """
    if not decision.record:
        yield "record_id is empty; it must be the id of a record."
    if decision.stage not in STAGES:
        yield f'stage is "{decision.stage}"; {did_you_mean(decision.stage, STAGES)}'
    elif decision.verdict not in VERDICTS[decision.stage]:
        allowed = VERDICTS[decision.stage]
        yield f'decision is "{decision.verdict}" at stage {decision.stage}; ' + did_you_mean(
            decision.verdict, allowed
        )
    if not is_date(decision.when):
        yield f'date is "{decision.when}"; 2026-11-24 or 2026-11-24T10:15:00Z would be right.'
    yield from _reason_faults(decision, reasons)


def _reason_faults(decision: Decision, reasons: Iterable[str] | None) -> Iterator[str]:
    excluded = decision.verdict == EXCLUDE
    if decision.reason and not excluded:
        yield (
            f'reason is "{decision.reason}" but the decision is {decision.verdict}; '
            "only an exclusion has a reason."
        )
    if excluded and decision.stage == FULL_TEXT and not decision.reason:
        yield "reason is empty; a report excluded at full text needs one primary reason."
    if excluded and decision.stage == BEFORE and not decision.reason:
        yield (
            f'reason is empty; a record removed before screening needs one: "{AUTOMATION}", '
            "or the reason in your own words."
        )
    if reasons is not None and decision.reason and decision.stage != BEFORE:
        allowed = tuple(reasons)
        if decision.reason not in allowed:
            yield f'reason is "{decision.reason}"; {did_you_mean(decision.reason, allowed)}'


def is_date(text: str) -> bool:
    """Whether a text is a date or time as decisions keep it.

    >>> is_date("2026-11-24"), is_date("2026-11-24T10:15:00Z"), is_date("2026-02-30"), is_date("24.11.2026")
    (True, True, False, False)
    """
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def from_cells(cells: Mapping[str, str]) -> tuple[Decision, str]:
    """Make a decision of a row's cells; return it with what is wrong with ``seconds``, or nothing."""
    text = cells.get("seconds", "")
    seconds, fault = None, ""
    try:
        seconds = float(text) if text else None
    except ValueError:
        fault = f'seconds is "{text}"; a number or nothing would be right.'
    decision = Decision(
        record=cells["record_id"],
        stage=cells["stage"],
        reviewer=cells["reviewer"],
        verdict=cells["decision"],
        reason=cells.get("reason", ""),
        note=cells.get("note", ""),
        when=cells["date"],
        seconds=seconds,
    )
    return decision, fault


def to_cells(decision: Decision) -> dict[str, object]:
    """Give a decision's cells by column; line breaks in the note become blanks."""
    return {
        "record_id": decision.record,
        "stage": decision.stage,
        "reviewer": decision.reviewer,
        "decision": decision.verdict,
        "reason": decision.reason,
        "note": " ".join(decision.note.split()),
        "seconds": None if decision.seconds is None else f"{decision.seconds:.1f}",
        "date": decision.when,
    }
