"""``metareview extract``: sheets and workbook from the protocol, and a filled workbook brought back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from metareview.characters import printable
from metareview.cli.signing import signed
from metareview.cli.terminal import say
from metareview.errors import ExtractionError
from metareview.extraction.joining import Pair
from metareview.extraction.leaving import REMOVED
from metareview.extraction.merging import choices
from metareview.extraction.recording import Signature, restore_rows
from metareview.extraction.template import Included
from metareview.extraction.updating import WORKBOOK, Update, bring_back, update_sheets
from metareview.files import is_folder, is_there
from metareview.protocol import read_protocol
from metareview.readings import watching
from metareview.review.joining import keep_apart, undecided_pairs
from metareview.review.merging import merge_studies
from metareview.review.place import Place, find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening.counting import INCLUDED
from metareview.search import Record
from metareview.search.record import family_name, registry_numbers


@click.command("extract")
@click.argument("review")
@click.option("--from", "workbook", metavar="PATH", help="Bring this filled workbook back into the sheets.")
@click.option("--as", "who", help="Your initials, for changes.csv; else the login name.")
@click.option(
    "--ours", multiple=True, metavar="CELL|all", help="Keep the sheet's text of a cell in conflict."
)
@click.option(
    "--theirs", multiple=True, metavar="CELL|all", help="Take the workbook's text of a cell in conflict."
)
@click.option("--force", is_flag=True, help="Let rows leave in which people wrote; removed.csv keeps them.")
@click.option("--restore", multiple=True, metavar="ROW|all", help="Bring back rows that left.")
def extract_review(
    review: str,
    workbook: str | None,
    who: str | None,
    ours: Sequence[str],
    theirs: Sequence[str],
    *,
    force: bool,
    restore: Sequence[str],
) -> None:
    """Write the sheets that REVIEW's protocol asks for, and a workbook to fill them in.

    Rows that are asked for and missing are added; what people wrote is never changed, and a row in which
    they wrote leaves only with --force. With --from, a filled workbook is merged into the sheets: a cell
    that was changed in both is a conflict, and nothing is written until each is resolved.

    Studies whose reports share a registry number may be one: at a terminal you are asked, and the answer is
    kept in joined.csv; elsewhere the command that joins them is printed.

    \b
    Example: metareview extract statins
             metareview extract statins --from extracted/statins/extraction.xlsx --as AB
             metareview extract statins --from back.xlsx --theirs results:r012:n --ours all
             metareview extract statins --restore results:r012
    """
    if workbook is None and (ours or theirs):
        raise click.UsageError("--ours and --theirs belong to --from.")
    place = find_review(review)
    signature = signed(who)
    if restore:
        _restore(place, restore, signature, alone=workbook is None and not force)
        return
    with watching() as inputs:
        protocol = read_protocol(place.protocol)
        included = _included(place) if workbook is None else []
    if workbook is None:
        update = update_sheets(place.sheets, protocol, included, signature, force=force, inputs=inputs)
    else:
        resolve = choices(ours, theirs)
        update = bring_back(place.sheets, protocol, workbook, signature, resolve, force=force, inputs=inputs)
    for line in _lines(update, place):
        say(line)
    _ask(place, included, signature)


def _ask(place: Place, included: Sequence[Included], signature: Signature) -> None:
    """Ask which studies are one, at a terminal; elsewhere say how to join them."""
    pairs = undecided_pairs(place, included)
    if not at_terminal():
        for pair in pairs:
            command = f"metareview merge {place.name} {pair.study.study} {pair.other.study}"
            say(f"{_may_be_one(pair)} They may be one study.")
            say(f"  If so: {command}")
            say(f"  If not: {command} --apart")
        return
    while pairs:
        study, other = pairs[0].study.study, pairs[0].other.study
        if click.confirm(f"{_may_be_one(pairs[0])} Are they one study?"):
            merge_studies(place, [study, other], signature)
            say(f"{other} is now a report of {study}; metareview merge {place.name} --undo takes it back.")
        else:
            keep_apart(place, pairs[0].study, pairs[0].other, signature)
        pairs = undecided_pairs(place, included)


def at_terminal() -> bool:
    """Check whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _may_be_one(pair: Pair) -> str:
    one, other = (f"{s.study} ({s.label}: {', '.join(s.reports)})" for s in (pair.study, pair.other))
    return printable(f"{one} and {other} share {', '.join(pair.shared)}.")


def _restore(place: Place, names: Sequence[str], signature: Signature, *, alone: bool) -> None:
    if not alone:
        raise ExtractionError("--restore stands alone; run --from or --force in a second step.")
    back = restore_rows(place.sheets, names, signature)
    if not back:
        say(f"{REMOVED} holds no row that could come back.")
    for change in back:
        say(f"{place.sheets / f'{change.sheet}.csv'}: row {change.row} is back.")


def _lines(update: Update, place: Place) -> Iterator[str]:
    cells = sum(bool(change.column) for change in update.changes)
    added = sum(change.new == "added" and not change.column for change in update.changes)
    if not update.changes:
        yield "No cell changed." if update.written else "The sheets hold everything already; no cell changed."
    else:
        yield f"{added} rows added, {cells} cells changed, {len(update.removed)} rows moved to {REMOVED}."
    yield from _moved(update, place)
    if update.kept:
        kept = ", ".join(update.kept)
        yield f"Nothing asks for these rows any more; people wrote in them, so they stay: {kept}."
    for path in update.written:
        yield f"  {path}"
    yield f"Fill in {place.sheets / WORKBOOK} or the CSV files, then run: metareview check {place.name}"


def _moved(update: Update, place: Place) -> Iterator[str]:
    """Report every row that left with something in it, and how it comes back."""
    for one in update.filled:
        row, path = one.row, place.sheets / f"{one.row.sheet}.csv"
        held = ", ".join(f"{column} {row.cells[column]}" for column in one.columns)
        yield (
            f"MOVED TO {REMOVED}: {path} row {row.row}, with {held}; {row.reason}. "
            f"Back with: metareview extract {place.name} --restore '{row.sheet}:{row.row}'"
        )


def _included(place: Place) -> list[Included]:
    """Give the studies that screening let in; none before there are records and decisions."""
    if not is_there(place.searched / "records.csv") or not is_folder(place.screened):
        return []
    desk = ScreeningDesk(place)
    records = {record.id: record for record in desk.identified.records}
    return [_study(records[placed.record]) for placed in desk.placed() if placed.box == INCLUDED]


def _study(record: Record) -> Included:
    """Return a record as a study, to be named by its first author and year."""
    reports = [f"pmid:{record.pmid}" if record.pmid else "", f"doi:{record.doi}" if record.doi else ""]
    return Included(
        study="",
        label=record.label,
        year="" if record.year is None else str(record.year),
        registry="; ".join(record.registry),
        reports=tuple(filter(None, reports)) or (record.id,),
        status="retracted" if record.retracted else "corrected" if record.corrections else "",
        author=family_name(record.authors[0]) if record.authors else "",
        record=record.id,
        numbers=_numbers(record),
    )


def _numbers(record: Record) -> tuple[str, ...]:
    """Return the registry numbers that link a report with others: listed, or the only one printed in it."""
    printed = registry_numbers(f"{record.title} {record.abstract}")
    return record.registry or (printed if len(printed) == 1 else ())
