"""Rayyan: every reviewer's vote stands in the notes of a record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from metareview.screening.decision import EXCLUDE, Decision
from metareview.screening.exchange.votes import (
    Entry,
    Finder,
    Imported,
    Mapped,
    gather_decisions,
    quoted,
    read_entries,
    settle_reason,
    standing_votes,
    unquoted,
)
from metareview.screening.log import DecisionLog
from metareview.search import Record
from metareview.tables import write_table

COLUMNS = (
    "key",
    "title",
    "year",
    "journal",
    "issn",
    "volume",
    "issue",
    "pages",
    "authors",
    "url",
    "language",
    "abstract",
    "doi",
    "pubmed_id",
    "pmc_id",
    "notes",
)
# each is matched once, behind its heading
_INCLUSION = re.compile(r"\s*(\{.*?\})\s*+(?=\||$)")
_NEXT = re.compile(r"\n|\| [A-Z-]+:")
_NOTE = re.compile(r'(?<!\\)"((?:[^"\\]|\\.)*+)"\s*+=>\s*+\[')
_USER_NOTES = re.compile(r"\s*(\{.*\})")


def read_rayyan(path: str | Path, records: Sequence[Record], *, mapped: Mapped | None = None) -> Imported:
    """Read the votes of a Rayyan export (``articles.csv``, or RIS).

    Parameters
    ----------
    path
        The export.
    records
        The review's, to find whose vote it is.
    mapped
        The stage, and how names and reasons become ours.

    Notes
    -----
    Rayyan's export does not say who gave a reason: it is taken as everyone's who excluded.
    """
    how = mapped or Mapped()
    entries = read_entries(path)
    votes = [(entry, vote) for entry in entries for vote in _votes(entry, how)]
    return gather_decisions(path, votes, Finder(records), how.reasons)


def _votes(entry: Entry, mapped: Mapped) -> Iterator[Decision]:
    notes = entry.get("notes")
    found = _INCLUSION.match(_behind(notes, "RAYYAN-INCLUSION:"))
    reasons = _NEXT.split(_behind(notes, "RAYYAN-EXCLUSION-REASONS:"), maxsplit=1)[0].strip()
    written = _user_notes(notes)
    for name, verdict in (unquoted(found[1]) if found else {}).items():
        reason, rest = settle_reason(verdict, reasons, mapped)
        yield Decision(
            record="",
            stage=mapped.stage,
            reviewer=mapped.reviewer(name),
            verdict=verdict,
            reason=reason,
            note="; ".join(x for x in (written.get(name, ""), rest) if x),
        )


def _behind(notes: str, heading: str) -> str:
    """Return what stands behind a heading, to the end of the notes."""
    return notes.partition(heading)[2]


def _user_notes(notes: str) -> dict[str, str]:
    found = _USER_NOTES.match(_behind(notes, "USER-NOTES:"))
    return dict(_named_notes(found[1])) if found else {}


def _named_notes(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while found := _NOTE.search(text, place):
        end = text.find("]", found.end())
        if end < 0:
            return
        yield found[1], text[found.end() : end].replace('"', "")
        place = end


def write_rayyan(records: Sequence[Record], logs: Sequence[DecisionLog], *, stage: str) -> str:
    """Give records with every reviewer's vote as a CSV that Rayyan imports."""
    votes = standing_votes(logs, stage)
    return write_table(COLUMNS, [_row(record, votes.get(record.id, {})) for record in records])


def _row(record: Record, votes: Mapping[str, Decision]) -> dict[str, object]:
    return {
        "key": record.id,
        "title": record.title,
        "year": record.year,
        "journal": record.journal,
        "issn": record.issn,
        "volume": record.volume,
        "issue": record.issue,
        "pages": record.pages,
        "authors": " and ".join(record.authors),
        "url": record.url,
        "language": ", ".join(record.languages),
        "abstract": record.abstract,
        "doi": record.doi,
        "pubmed_id": record.pmid,
        "pmc_id": record.pmcid,
        "notes": vote_notes(votes),
    }


def vote_notes(votes: Mapping[str, Decision]) -> str:
    """Write votes, reasons and notes as Rayyan keeps them in a record's notes."""
    parts = [f"RAYYAN-INCLUSION: {quoted({n: d.verdict for n, d in votes.items()})}"] if votes else []
    reasons = dict.fromkeys(d.reason for d in votes.values() if d.verdict == EXCLUDE and d.reason)
    parts += [f"RAYYAN-EXCLUSION-REASONS: {','.join(reasons)}"] if reasons else []
    notes = {n: d.note.replace('"', "'") for n, d in votes.items() if d.note}
    listed = ", ".join(f'"{name}"=>["{note}"]' for name, note in notes.items())
    parts += [f"USER-NOTES: {{{listed}}}"] if notes else []
    return " | ".join(parts)
