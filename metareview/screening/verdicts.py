"""From reviewers' decisions to one verdict per record: agreed, in conflict, or still waiting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metareview.screening.decision import (
    ABSTRACT,
    CONSENSUS,
    EXCLUDE,
    FULL_TEXT,
    INCLUDE,
    NOT_RETRIEVED,
    UNCLEAR,
    Decision,
)
from metareview.screening.log import DecisionLog

AGREED, CONFLICT, WAITING = "agreed", "conflict", "waiting"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where one record stands at one stage.

    Attributes
    ----------
    record, stage : which
    state : ``agreed`` (by the reviewers, or by a consensus), ``conflict``, or ``waiting`` for a reviewer
    verdict : what was agreed; ``""`` while in conflict or waiting
    reason : the agreed reason of an exclusion; ``""`` at the abstract stage where reviewers gave none or
        different ones
    decisions : those that stand, the consensus last
    """

    record: str
    stage: str
    state: str
    verdict: str = ""
    reason: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def forward(self) -> bool:
        """Whether the record goes on: an abstract that is unclear does, as the full text must tell."""
        passes = (INCLUDE, UNCLEAR) if self.stage == ABSTRACT else (INCLUDE,)
        return self.state == AGREED and self.verdict in passes


def reviewers_needed(logs: Sequence[DecisionLog], stage: str) -> int:
    """Say how many must judge each record: two where two or more reviewers work at this stage, else one."""
    working = [log for log in logs if log.reviewer != CONSENSUS and log.standing(stage)]
    return min(2, max(1, len(working)))


def reach_verdicts(
    logs: Sequence[DecisionLog], records: Iterable[str], *, stage: str, needed: int | None = None
) -> dict[str, Verdict]:
    """Say where each record stands at a stage.

    Parameters
    ----------
    logs
        Every reviewer's file and the consensus.
    records
        The ids that come up for this stage.
    stage
        ``before screening``, ``abstract`` or ``full text``.
    needed
        How many reviewers must judge each record; by default two where two or more work at this
        stage, else one.

    Returns
    -------
    dict
        A verdict per record, in the order of ``records``.

    Notes
    -----
    At the abstract stage ``include`` and ``unclear`` agree: both send the record to full text. At
    full text the verdicts must be the same, and exclusions must name the same primary reason,
    since the flow diagram counts it; ``unclear`` there needs a consensus.
    """
    need = reviewers_needed(logs, stage) if needed is None else needed
    agreed = {log.reviewer: log.standing(stage) for log in logs}
    consensus = agreed.pop(CONSENSUS, {})
    result = {}
    for record in records:
        votes = tuple(standing[record] for standing in agreed.values() if record in standing)
        result[record] = _verdict(record, stage, votes, consensus.get(record), need)
    return result


def _verdict(
    record: str, stage: str, votes: tuple[Decision, ...], consensus: Decision | None, need: int
) -> Verdict:
    if consensus is not None:
        decisions = (*votes, consensus)
        if stage == FULL_TEXT and consensus.verdict == UNCLEAR:
            return Verdict(record, stage, CONFLICT, decisions=decisions)
        return Verdict(record, stage, AGREED, consensus.verdict, consensus.reason, decisions)
    if len(votes) < need:
        return Verdict(record, stage, WAITING, decisions=votes)
    if len({_side(d) for d in votes}) > 1 or (stage == FULL_TEXT and votes[0].verdict == UNCLEAR):
        return Verdict(record, stage, CONFLICT, decisions=votes)
    reasons = {d.reason for d in votes}
    return Verdict(
        record, stage, AGREED, _common(votes), reasons.pop() if len(reasons) == 1 else "", decisions=votes
    )


def _side(decision: Decision) -> tuple[str, str]:
    """Give what must be the same for two decisions to agree."""
    if decision.stage == ABSTRACT:
        return ("exclude" if decision.verdict == EXCLUDE else "forward", "")
    return (decision.verdict, decision.reason)


def _common(votes: Sequence[Decision]) -> str:
    """Give the verdict of those who agree: ``include`` beats ``unclear``."""
    verdicts = {d.verdict for d in votes}
    return next(v for v in (INCLUDE, UNCLEAR, EXCLUDE, NOT_RETRIEVED) if v in verdicts)


def describe_conflict(verdict: Verdict) -> str:
    """Say in one sentence who said what of a record in conflict."""
    said = "; ".join(
        f"{d.reviewer}: {d.verdict}" + (f" ({d.reason})" if d.reason else "") for d in verdict.decisions
    )
    return f"{verdict.record} at stage {verdict.stage}: {said}."
