"""``metareview extract``: sheets and workbook from the protocol, and a filled workbook brought back."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from metareview.characters import printable
from metareview.extraction.joining import Pair
from metareview.extraction.merging import choices
from metareview.extraction.template import Included
from metareview.extraction.updating import WORKBOOK, Signature, Update, bring_back, update_sheets
from metareview.protocol import read_protocol
from metareview.review.joining import keep_apart, undecided_pairs
from metareview.review.merging import merge_studies
from metareview.review.place import Place, find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening.counting import INCLUDED
from metareview.search import Record
from metareview.search.record import registry_numbers


@click.command("extract")
@click.argument("review")
@click.option(
    "--from", "workbook", type=click.Path(), help="Bring this filled workbook back into the sheets."
)
@click.option("--as", "who", help="Your initials, for changes.csv; else the login name.")
@click.option(
    "--ours", multiple=True, metavar="CELL|all", help="Keep the sheet's text of a cell in conflict."
)
@click.option(
    "--theirs", multiple=True, metavar="CELL|all", help="Take the workbook's text of a cell in conflict."
)
def extract_review(
    review: str, workbook: str | None, who: str | None, ours: Sequence[str], theirs: Sequence[str]
) -> None:
    """Write the sheets that REVIEW's protocol asks for, and a workbook to fill them in.

    Rows that are asked for and missing are added; what people wrote is never changed. With --from, a
    filled workbook is merged into the sheets: a cell that was changed in both is a conflict, and nothing
    is written until each is resolved.

    Studies whose reports share a registry number may be one: at a terminal you are asked, and the answer is
    kept in joined.csv; elsewhere the command that joins them is printed.

    \b
    Example: metareview extract statins
             metareview extract statins --from extracted/statins/extraction.xlsx --as AB
             metareview extract statins --from back.xlsx --theirs results:r012:n --ours all
    """
    place = find_review(review)
    protocol = read_protocol(place.protocol)
    signature = Signature(who or getpass.getuser(), datetime.now().strftime("%Y-%m-%d %H:%M"))
    included = _included(place) if workbook is None else []
    if workbook is None:
        update = update_sheets(place.sheets, protocol, included, signature)
    else:
        update = bring_back(place.sheets, protocol, workbook, signature, choices(ours, theirs))
    for line in _lines(update, place):
        click.echo(line)
    _ask(place, included, signature)


def _ask(place: Place, included: Sequence[Included], signature: Signature) -> None:
    """Ask which studies are one, at a terminal; elsewhere say how to join them."""
    pairs = undecided_pairs(place, included)
    if not at_terminal():
        for pair in pairs:
            command = f"metareview merge {place.name} {pair.study.study} {pair.other.study}"
            click.echo(f"{_may_be_one(pair)} They may be one study.")
            click.echo(f"  If so: {command}")
            click.echo(f"  If not: {command} --apart")
        return
    while pairs:
        study, other = pairs[0].study.study, pairs[0].other.study
        if click.confirm(f"{_may_be_one(pairs[0])} Are they one study?"):
            merge_studies(place, [study, other], signature)
            click.echo(
                f"{other} is now a report of {study}; metareview merge {place.name} --undo takes it back."
            )
        else:
            keep_apart(place, pairs[0].study, pairs[0].other, signature)
        pairs = undecided_pairs(place, included)


def at_terminal() -> bool:
    """Check whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _may_be_one(pair: Pair) -> str:
    one, other = (f"{s.study} ({s.label}: {', '.join(s.reports)})" for s in (pair.study, pair.other))
    return printable(f"{one} and {other} share {', '.join(pair.shared)}.")


def _lines(update: Update, place: Place) -> Iterator[str]:
    cells = sum(bool(change.column) for change in update.changes)
    added = sum(change.new == "added" and not change.column for change in update.changes)
    if not update.changes:
        yield "No cell changed." if update.written else "The sheets hold everything already; no cell changed."
    else:
        yield f"{added} rows added, {cells} cells changed, {len(update.removed)} rows moved to removed.csv."
    for path in update.written:
        yield f"  {path}"
    yield f"Fill in {place.sheets / WORKBOOK} or the CSV files, then run: metareview check {place.name}"


def _included(place: Place) -> list[Included]:
    """Give the studies that screening let in; none before there are records and decisions."""
    if not (place.searched / "records.csv").exists() or not place.screened.is_dir():
        return []
    desk = ScreeningDesk(place)
    records = {record.id: record for record in desk.identified.records}
    kept = [records[placed.record] for placed in desk.placed() if placed.box == INCLUDED]
    return list(_studies(kept))


def _studies(records: Sequence[Record]) -> Iterator[Included]:
    """Name a study by its first report: the author's name and the year, with a letter when taken."""
    taken: set[str] = set()
    for record in records:
        stem = re.sub(r"[^A-Za-z0-9]", "", record.label.replace("n.d.", "")) or "study"
        name = next(n for n in (stem, *(f"{stem}{c}" for c in "bcdefghijklmnopqrstuvwxyz")) if n not in taken)
        taken.add(name)
        reports = [f"pmid:{record.pmid}" if record.pmid else "", f"doi:{record.doi}" if record.doi else ""]
        named = tuple(r for r in reports if r) or (record.id,)
        year = "" if record.year is None else str(record.year)
        status = "retracted" if record.retracted else "corrected" if record.corrections else ""
        yield Included(name, record.label, year, "; ".join(record.registry), named, status, _numbers(record))


def _numbers(record: Record) -> tuple[str, ...]:
    """Give the registry numbers that link a report with others: listed, or the only one printed in it."""
    printed = registry_numbers(f"{record.title} {record.abstract}")
    return record.registry or (printed if len(printed) == 1 else ())
