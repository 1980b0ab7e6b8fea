"""A search of PubMed, from the question to the records on the disk; whatever stops it, it goes on from there.

Every reply is written before the next is asked for, under a name that follows from what was
asked. A run that was cut short is therefore taken up by asking only for what is not there; the
last thing written is the word "complete".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import metareview
from metareview.errors import SearchError
from metareview.files import files_in, is_there, refuse_link, write_atomically
from metareview.journal import all_or_none, was_completed
from metareview.locks import locked
from metareview.search.capsule import (
    BEGUN,
    COMPLETE,
    now,
    read_manifest,
    records_of,
    write_manifest,
    write_sums,
)
from metareview.search.changes import Change, compare
from metareview.search.entrez import Access, Client
from metareview.search.entrez.batches import fetch_batches
from metareview.search.entrez.ids import Found
from metareview.search.gather import gather_into, read_held, write_renewed
from metareview.search.ledger import SearchRun, enter_run, find_run, free_id, read_searches
from metareview.search.plan import Plan, Tell, find_ids
from metareview.search.record import Record
from metareview.tables import write_table

PLATFORM = "PubMed, NCBI E-utilities"
STALE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search gave.

    Attributes
    ----------
    run : its row in ``searches.csv``
    added : how many records the review did not have before
    retracted : ids of received records that are retracted
    not_returned : PMIDs that were found and not handed out
    changes : against the run before; ``None`` for the first
    since : that run's id
    warnings : PubMed's own words about the query
    asked : whether PubMed was asked; not where a killed run had all of it, and only had to be entered
    """

    run: SearchRun
    added: int
    retracted: tuple[str, ...]
    not_returned: tuple[str, ...]
    changes: tuple[Change, ...] | None
    since: str
    warnings: tuple[str, ...]
    asked: bool = True


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def run_search(folder: Path, plan: Plan, access: Access, *, since: str = "", tell: Tell = silent) -> Outcome:
    """Search PubMed, or take up a search that was cut short.

    Parameters
    ----------
    folder
        ``searched/REVIEW``; made if it is not there.
    plan
        What to search for.
    access
        Who asks, and where.
    since
        The run to compare with: its id, its date, ``last``, or ``""`` for the last if there is one.
    tell
        Told what is being done: a stage, how much of it is done, and how much there is.

    Raises
    ------
    SearchError
        When PubMed refuses, does not answer, or its ids and its count do not agree.
    """
    with locked(folder):
        for ended in _runs_of(folder, plan, access, COMPLETE):
            if was_completed(ended / "manifest.json"):
                return _told(folder, ended, _run_before(folder, plan, since, ended))
        place = next(_runs_of(folder, plan, access, BEGUN), None)
        before = _run_before(folder, plan, since, place)
        place = place or _begin(folder, plan, access)
        client = Client(access, lambda says: tell(says, 0, 0))
        found = find_ids(place / "ids", plan, client, tell)
        returned = _records(place, found, client, tell)
        with all_or_none(folder):
            return _finish(folder, place, plan, _Received(found, returned), before)


@dataclass(frozen=True, slots=True)
class _Received:
    found: Found
    returned: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(i for i in self.found.ids if i not in self.returned)


def _is_run_of(plan: Plan, name: str) -> bool:
    return re.fullmatch(rf"{re.escape(plan.name)}-\d{{4}}-\d\d-\d\d(-\d+)?", name) is not None


def _run_before(folder: Path, plan: Plan, since: str, place: Path | None) -> SearchRun | None:
    """Find the run that this one is compared with; one that is taken up is not compared with itself."""
    runs = [r for r in read_searches(folder / "searches.csv") if _is_run_of(plan, r.id) and r.file]
    runs = [r for r in runs if place is None or r.id != place.name]
    if since in ("", "last"):
        if since and not runs:
            raise SearchError(
                f"{folder} holds no earlier search of {plan.name}; leave --since away the first time."
            )
        return runs[-1] if runs else None
    chosen = [r for r in runs if r.id == since or r.date.startswith(since)]
    if not chosen:
        known = ", ".join(r.id for r in runs) or "none"
        raise SearchError(f'--since "{since}" names no search of {folder}; there are: {known}.')
    return chosen[-1]


def _runs_of(folder: Path, plan: Plan, access: Access, state: str) -> Iterator[Path]:
    """Find the runs of the same question that were begun within the last week, the latest first."""
    for place in sorted(files_in(folder, f"{plan.name}-*"), reverse=True):
        held = read_manifest(place) if _is_run_of(plan, place.name) else {}
        same = held.get("term") == plan.term and held.get("service") == access.url
        if same and held.get("state") == state and _is_fresh(held.get("begun")):
            refuse_link(place)
            yield place


def _is_fresh(begun: object) -> bool:
    """Check whether a run was begun within the last week; what is no time was not."""
    try:
        return now() - datetime.fromisoformat(str(begun)) < STALE
    except (ValueError, TypeError):
        return False


def _begin(folder: Path, plan: Plan, access: Access) -> Path:
    begun = now()
    known = {run.id.casefold() for run in read_searches(folder / "searches.csv")}
    stem = f"{plan.name}-{begun:%Y-%m-%d}"
    place = folder / free_id(stem, lambda name: name in known or is_there(folder / name / "manifest.json"))
    write_manifest(
        place,
        {
            "state": BEGUN,
            "database": "PubMed",
            "platform": PLATFORM,
            "service": access.url,
            "query": plan.query,
            "limits": plan.limits,
            "term": plan.term,
            "term_sha256": hashlib.sha256(plan.term.encode()).hexdigest(),
            "begun": begun.isoformat(timespec="seconds"),
            "with_key": bool(access.key),
            "metareview": metareview.__version__,
        },
    )
    return place


def _records(place: Path, found: Found, client: Client, tell: Tell) -> frozenset[str]:
    done = 0

    def step(n: int) -> None:
        nonlocal done
        done += n
        tell("fetching", done, len(found.ids))

    return frozenset(fetch_batches(client, found.ids, place / "records", step))


def _finish(folder: Path, place: Path, plan: Plan, received: _Received, before: SearchRun | None) -> Outcome:
    """Write what follows from the replies, all of it or nothing: a crash here is repeated, not lost."""
    records = _in_order(place)
    if {r.pmid for r in records} != received.returned:
        raise SearchError(f"{place}: the replies on the disk hold other records than when they came.")
    write_atomically(place / "ids.txt", "".join(f"{i}\n" for i in received.found.ids))
    write_atomically(place / "not_returned.txt", "".join(f"{i}\n" for i in received.missing))
    changes = None if before is None else _changes(place, folder / before.file, records)
    gathered = gather_into(folder / "records.csv", records, place.name)
    write_renewed(place, gathered.renewed)
    run = _row(place, plan, received, len(records))
    enter_run(folder / "searches.csv", run)
    _seal(place, received, len(records))
    return Outcome(
        run=run,
        added=sum(r.source == (place.name,) for r in gathered.records),
        retracted=tuple(r.id for r in records if r.retracted),
        not_returned=received.missing,
        changes=changes,
        since=before.id if before else "",
        warnings=received.found.whole.errors + received.found.whole.warnings,
    )


def _in_order(place: Path) -> list[Record]:
    return sorted(records_of(place), key=lambda record: int(record.pmid))


def _told(folder: Path, place: Path, before: SearchRun | None) -> Outcome:
    """Return what a complete run gave, from what it left; nobody is asked."""
    held, records, ledger = read_manifest(place), _in_order(place), folder / "searches.csv"
    return Outcome(
        run=find_run(read_searches(ledger), place.name, ledger),
        added=sum(r.source == (place.name,) for r in read_held(folder / "records.csv")),
        retracted=tuple(r.id for r in records if r.retracted),
        not_returned=tuple(held["not_returned"]),
        changes=None if before is None else tuple(compare(records_of(folder / before.file), records)),
        since=before.id if before else "",
        warnings=(*held["errors"], *held["warnings"]),
        asked=False,
    )


def _changes(place: Path, before: Path, records: list[Record]) -> tuple[Change, ...]:
    changes = tuple(compare(records_of(before), records))
    rows = [{"record": c.record, "change": c.kind, "detail": c.detail} for c in changes]
    write_atomically(place / "changes.csv", write_table(("record", "change", "detail"), rows))
    return changes


def _row(place: Path, plan: Plan, received: _Received, records: int) -> SearchRun:
    whole = received.found.whole
    return SearchRun(
        id=place.name,
        method=plan.method,
        database=plan.label,
        platform=PLATFORM,
        query=plan.query,
        translation=whole.translation,
        limits=plan.limits,
        date=str(read_manifest(place)["begun"]),
        hits=whole.count,
        records=records,
        not_returned=len(received.missing),
        file=place.name,
        sha256=write_sums(place),
        note=" ".join(whole.errors + whole.warnings),
    )


def _seal(place: Path, received: _Received, records: int) -> None:
    """Say in the manifest that the run is complete, and what it gave."""
    whole = received.found.whole
    given = {
        "state": COMPLETE,
        "ended": now().isoformat(timespec="seconds"),
        "count": whole.count,
        "slices": [list(part) for part in received.found.slices],
        "translation": whole.translation,
        "errors": list(whole.errors),
        "warnings": list(whole.warnings),
        "records": records,
        "not_returned": list(received.missing),
    }
    write_manifest(place, read_manifest(place) | given)
