"""A decision: what one reviewer said of one record at one stage, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite

from metareview.characters import storable
from metareview.errors import did_you_mean
from metareview.names import person_fault

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
LONGEST = 100_000  # characters of a cell; what is longer, tables cannot be read with


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


def reviewer_fault(name: str) -> str:
    """Return what is wrong with a reviewer's name, as half a sentence; ``""`` when nothing is."""
    if name.casefold() in (CONSENSUS, PREVIOUS):
        return f'"{CONSENSUS}" and "{PREVIOUS}" name other files'
    return person_fault(name)


def stored(decision: Decision) -> Decision:
    """Return a decision as its file keeps it, which is how it is read back.

    What no table keeps goes (an arrow key pressed in a note), line breaks become blanks, seconds are
    rounded to tenths.
    """
    seconds = decision.seconds
    return replace(
        decision,
        record=_one_line(decision.record),
        reviewer=_one_line(decision.reviewer),
        reason=_one_line(decision.reason),
        note=" ".join(storable(decision.note).split()),
        seconds=None if seconds is None else float(f"{seconds:.1f}"),
    )


def _one_line(text: str) -> str:
    return storable(text).replace("\n", " ")


def decision_faults(decision: Decision, reasons: Iterable[str] | None = None) -> Iterator[str]:
    """Say what is wrong with a decision, as half-sentences that follow its place.

    Parameters
    ----------
    decision
        To be looked at.
    reasons
        The ids a reason may have; ``None`` lets any stand.
    """
    yield from _value_faults(decision)
    yield from _reason_faults(decision, reasons)


def _value_faults(decision: Decision) -> Iterator[str]:
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
    if decision.seconds is not None and not isfinite(decision.seconds):
        yield f'seconds is "{decision.seconds}"; a number or nothing would be right.'
    for name, text in (("record_id", decision.record), ("reason", decision.reason), ("note", decision.note)):
        if len(text) > LONGEST:
            yield f"{name} has {len(text):,} characters; at most {LONGEST:,} are kept."


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
    """Return the cells of a decision, as :func:`stored` leaves it, by column."""
    return {
        "record_id": decision.record,
        "stage": decision.stage,
        "reviewer": decision.reviewer,
        "decision": decision.verdict,
        "reason": decision.reason,
        "note": decision.note,
        "seconds": None if decision.seconds is None else f"{decision.seconds:.1f}",
        "date": decision.when,
    }
