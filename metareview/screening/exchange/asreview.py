"""ASReview: one label per record; here every reviewer's vote travels beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from metareview.errors import ScreeningError
from metareview.screening.decision import EXCLUDE, INCLUDE, Decision
from metareview.screening.exchange.rayyan import vote_notes
from metareview.screening.exchange.votes import (
    Entry,
    Finder,
    Imported,
    Mapped,
    gather_decisions,
    read_entries,
    standing_votes,
)
from metareview.screening.log import DecisionLog
from metareview.screening.simulation import LABEL_COLUMNS
from metareview.screening.verdicts import AGREED, reach_verdicts
from metareview.search import Record
from metareview.tables import write_table

COLUMNS = (
    "title",
    "abstract",
    "authors",
    "year",
    "keywords",
    "doi",
    "url",
    "included",
    "metareview_id",
    "votes",
)
_LABELS = ("asreview_label", *LABEL_COLUMNS)
_MARKS = {"ASReview_relevant": "1", "ASReview_irrelevant": "0", "ASReview_not_seen": ""}
_VERDICTS = {"1": INCLUDE, "0": EXCLUDE, "1.0": INCLUDE, "0.0": EXCLUDE}
_UNSEEN = ("", "-1", "-1.0", "nan")


def read_asreview(
    path: str | Path, records: Sequence[Record], *, reviewer: str, mapped: Mapped | None = None
) -> Imported:
    """Read the labels of an ASReview export (CSV, or RIS with its marks in N1).

    Parameters
    ----------
    path
        The export.
    records
        The review's.
    reviewer
        Whose labels these are: ASReview's files do not say.
    mapped
        The stage and the criteria.

    Raises
    ------
    ScreeningError
        When there is no column of labels, or a label is neither 0 nor 1.
    """
    how = mapped or Mapped()
    entries = read_entries(path)
    if entries and not any(_label_column(e) or "ASReview_" in e.get("notes") for e in entries):
        raise ScreeningError(
            f"{path}: no labels were found; a column named {', '.join(_LABELS[:3])} …, or RIS with "
            "ASReview_relevant in N1, would be right."
        )
    votes = [(entry, vote) for entry in entries for vote in _votes(path, entry, how.reviewer(reviewer), how)]
    return gather_decisions(path, votes, Finder(records), how.reasons)


def _label_column(entry: Entry) -> str:
    return next((name for name in _LABELS if name in entry.fields), "")


def _votes(path: str | Path, entry: Entry, reviewer: str, mapped: Mapped) -> Iterator[Decision]:
    label = _label(entry)
    if label in _UNSEEN:
        return
    if label not in _VERDICTS:
        raise ScreeningError(
            f'{path}:{entry.line}: {_label_column(entry)} is "{label}"; 1, 0 or nothing would be right.'
        )
    reason = mapped.reason(entry.get("reason")) if _VERDICTS[label] == EXCLUDE else ""
    yield Decision(
        record="",
        stage=mapped.stage,
        reviewer=reviewer,
        verdict=_VERDICTS[label],
        reason=reason,
        note=entry.get("asreview_note"),
    )


def _label(entry: Entry) -> str:
    column = _label_column(entry)
    if column:
        return entry.fields[column].casefold()
    return next((label for mark, label in _MARKS.items() if mark in entry.get("notes")), "")


def write_asreview(
    records: Sequence[Record], logs: Sequence[DecisionLog], *, stage: str, reviewer: str = ""
) -> str:
    """Give records as a CSV that ASReview opens: ``included`` is 1, 0 or empty.

    Parameters
    ----------
    records, logs, stage
        What was decided at which stage.
    reviewer
        Whose label to give; by default the agreed verdict, empty where reviewers are in conflict.
        Every vote stands in the column ``votes`` either way.
    """
    agreed = reach_verdicts(logs, [record.id for record in records], stage=stage)
    every = standing_votes(logs, stage)
    rows = []
    for record in records:
        votes = every.get(record.id, {})
        verdict = agreed[record.id]
        if reviewer:
            label = _as_label(votes[reviewer].verdict) if reviewer in votes else ""
        else:
            label = str(int(verdict.forward)) if verdict.state == AGREED else ""
        rows.append(_row(record, label, vote_notes(votes)))
    return write_table(COLUMNS, rows)


def _as_label(verdict: str) -> str:
    return {INCLUDE: "1", EXCLUDE: "0"}.get(verdict, "")


def _row(record: Record, label: str, votes: str) -> dict[str, object]:
    return {
        "title": record.title,
        "abstract": record.abstract,
        "authors": "; ".join(record.authors),
        "year": record.year,
        "keywords": "; ".join(record.keywords),
        "doi": record.doi,
        "url": record.url,
        "included": label,
        "metareview_id": record.id,
        "votes": votes,
    }
