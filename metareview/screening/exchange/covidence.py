"""Covidence: one export per list (included, irrelevant, excluded), the reason in its notes.

Covidence's reference exports hold the team's verdict, not each reviewer's vote; what we write for
it holds every vote in the notes, and reads it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from metareview.errors import ScreeningError, did_you_mean
from metareview.screening.decision import ABSTRACT, EXCLUDE, FULL_TEXT, INCLUDE, UNCLEAR, Decision
from metareview.screening.exchange.rayyan import vote_notes
from metareview.screening.exchange.votes import (
    Entry,
    Finder,
    Imported,
    Mapped,
    gather_decisions,
    read_entries,
    settle_reason,
    standing_votes,
    unquoted,
)
from metareview.screening.log import DecisionLog
from metareview.search import Record
from metareview.tables import write_table

# a list of Covidence -> the stage it ends, and the verdict that put a reference there
LISTS = {
    "select": (ABSTRACT, INCLUDE),
    "irrelevant": (ABSTRACT, EXCLUDE),
    "included": (FULL_TEXT, INCLUDE),
    "excluded": (FULL_TEXT, EXCLUDE),
}
COLUMNS = (
    "Title",
    "Authors",
    "Abstract",
    "Published Year",
    "Journal",
    "Volume",
    "Issue",
    "Pages",
    "Accession Number",
    "DOI",
    "Ref",
    "Study",
    "Notes",
    "Tags",
)
_REASON = re.compile(r"Exclusion reason:\s*([^;|]+)")
_VOTES = re.compile(r"\s*(\{.*?\})")
TEAM = "Covidence"


def read_covidence(
    path: str | Path,
    records: Sequence[Record],
    *,
    reference_list: str,
    reviewer: str = TEAM,
    mapped: Mapped | None = None,
) -> Imported:
    """Read one list exported from Covidence (CSV or RIS).

    Parameters
    ----------
    path
        The export.
    records
        The review's.
    reference_list
        Which list it is: ``select`` (went to full text), ``irrelevant``, ``included``, ``excluded``.
    reviewer
        Who stands for the team's verdict.
    mapped
        How names and reasons become ours; its stage is that of the list.
    """
    if reference_list not in LISTS:
        raise ScreeningError(
            f'"{reference_list}" is no list of Covidence; {did_you_mean(reference_list, tuple(LISTS))}'
        )
    stage, verdict = LISTS[reference_list]
    how = replace(mapped or Mapped(), stage=stage)
    entries = read_entries(path)
    votes = [(entry, vote) for entry in entries for vote in _votes(entry, verdict, reviewer, how)]
    imported = gather_decisions(path, votes, Finder(records), how.reasons)
    note = (
        "Covidence exports the team's verdict, not each reviewer's vote, so agreement cannot be computed "
        f'from it; the verdicts stand under "{how.reviewer(reviewer)}".'
    )
    alone = all(d.reviewer == how.reviewer(reviewer) for d in imported.decisions)
    return replace(imported, notes=(note,) if alone else ())


def _votes(entry: Entry, verdict: str, reviewer: str, mapped: Mapped) -> Iterator[Decision]:
    notes = entry.get("notes")
    found = _REASON.search(notes)
    kept = _VOTES.match(notes.partition("RAYYAN-INCLUSION:")[2])
    votes = unquoted(kept[1]) if kept else {reviewer: verdict}
    for name, said in votes.items():
        reason, rest = settle_reason(said, found[1].strip() if found else "", mapped)
        yield Decision(
            record="",
            stage=mapped.stage,
            reviewer=mapped.reviewer(name),
            verdict=said,
            reason=reason,
            note=rest,
        )


def write_covidence(records: Sequence[Record], logs: Sequence[DecisionLog], *, stage: str) -> str:
    """Give records with every vote in Covidence's columns."""
    votes = standing_votes(logs, stage)
    return write_table(COLUMNS, [_row(record, votes.get(record.id, {})) for record in records])


def _row(record: Record, votes: Mapping[str, Decision]) -> dict[str, object]:
    reasons = dict.fromkeys(d.reason for d in votes.values() if d.reason)
    because = f"Exclusion reason: {', '.join(reasons)}; " if reasons else ""
    return {
        "Title": record.title,
        "Authors": "; ".join(record.authors),
        "Abstract": record.abstract,
        "Published Year": record.year,
        "Journal": record.journal,
        "Volume": record.volume,
        "Issue": record.issue,
        "Pages": record.pages,
        "Accession Number": record.pmid or record.accession,
        "DOI": record.doi,
        "Ref": record.id,
        "Study": record.label,
        "Notes": because + vote_notes(votes),
        "Tags": UNCLEAR if any(d.verdict == UNCLEAR for d in votes.values()) else "",
    }
