"""``metareview import``: bring exports of other databases into a review, take them back, correct them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metareview.characters import printable
from metareview.cli.progress import telling
from metareview.cli.terminal import say, say_json
from metareview.search.ledger import METHODS

if TYPE_CHECKING:
    from metareview.review.place import Place
    from metareview.search.importing import Imported
    from metareview.search.renaming import RenamedDatabase
    from metareview.search.undoing import Undone

_SHOWN = 20


@click.command("import")
@click.argument("review")
@click.argument("files", nargs=-1, type=Path)
@click.option("--database", default="", help="Whose records these are, when the file does not say it.")
@click.option("--method", default="", help=f"How they were found: {', '.join(METHODS)}.")
@click.option("--platform", default="", help="Through what the database was searched: Ovid, EBSCO …")
@click.option("--query", default="", help="The search as it was run there, for PRISMA-S.")
@click.option("--date", default="", help="When it was run: 2026-11-24; today when not given.")
@click.option("--undo", metavar="SEARCH", help="Take a search or import back; what it gave is kept aside.")
@click.option(
    "--rename-database", "rename", nargs=2, metavar="SEARCH NAME", help="Correct whose records a search gave."
)
@click.option(
    "--force",
    is_flag=True,
    help="Import the same records again; take back or join records that people worked on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_records(
    review: str,
    files: tuple[Path, ...],
    undo: str | None,
    rename: tuple[str, str] | None,
    force: bool,
    as_json: bool,
    **origin: str,
) -> None:
    """Import the records of FILES into REVIEW, all of them or none.

    RIS, NBIB/MEDLINE, PubMed XML and CSV, EndNote XML, BibTeX, and the exports of Covidence, Rayyan,
    ASReview, Ovid, Embase, CENTRAL, Scopus and Web of Science are told apart by what they hold. Every record
    of a file is counted; one that cannot be read is listed with its line. The same records are imported once,
    however the file was saved.

    \b
    Examples:
      metareview import msc-sr-agvhd embase.ris --platform Ovid --date 2026-11-20
      metareview import msc-sr-agvhd --rename-database export-2026-11-20 CINAHL
      metareview import msc-sr-agvhd --undo embase-2026-11-20
    """
    _check_usage(files, undo, rename, given=[name for name, value in origin.items() if value])
    if undo is not None:
        _take_back(review, undo, force=force, as_json=as_json)
    elif rename is not None:
        _correct(review, rename, force=force, as_json=as_json)
    else:
        _bring_in(review, files, origin, again=force, as_json=as_json)


def _check_usage(
    files: Sequence[Path], undo: str | None, rename: tuple[str, str] | None, *, given: Sequence[str]
) -> None:
    asked = [word for word, value in (("--undo", undo), ("--rename-database", rename)) if value is not None]
    if len(asked) == 2 or (asked and files):
        raise click.UsageError("FILES, --undo and --rename-database are three things; give one of them.")
    if asked and given:
        raise click.UsageError(f"--{given[0]} is for FILES; {asked[0]} takes nothing of it.")
    if not asked and not files:
        raise click.UsageError("FILES are missing: give export files, --undo SEARCH or --rename-database.")


def _bring_in(
    review: str, files: Sequence[Path], origin: dict[str, str], *, again: bool, as_json: bool
) -> None:
    from metareview.review.place import place_to_fill
    from metareview.search.importing import Origin, import_files

    folder = place_to_fill(review).searched
    with telling("Reading") as tell:
        told = import_files(folder, files, Origin(**origin), again=again, tell=tell)
    for one in told:
        for line in _faults(one, folder, review):
            say(line, err=True)
    if as_json:
        say_json([_as_json(one) for one in told])
        return
    for one in told:
        say(_line(one))


def _faults(one: Imported, folder: Path, review: str) -> Iterator[str]:
    faults = [*(f"warning: {s}" for s in one.export.refused), *(f"note: {s}" for s in one.export.remarks)]
    yield from map(printable, faults[:_SHOWN])
    if len(faults) > _SHOWN:
        place = folder / one.run.id / "not_read.csv"
        yield f"… {len(faults) - _SHOWN} more; what was not read is in {place}."
    if one.guessed:
        shown = printable(one.export.path)
        yield (
            f'note: {shown} does not say whose records these are; "{printable(one.run.database)}" is taken '
            f"from its name. `metareview import {review} --rename-database {one.run.id} NAME` corrects it."
        )


def _line(one: Imported) -> str:
    run = one.run
    refused = f", {run.not_returned} not read and listed" if run.not_returned else ""
    known = f", {len(one.known)} given by {run.database} before" if one.known else ""
    return printable(
        f"{one.export.path} ({one.export.format}, {run.database}): {run.hits} records in the file, "
        f"{run.records} imported as {run.id}{refused}; {len(one.added)} new to the review{known}."
    )


def _as_json(one: Imported) -> dict[str, object]:
    return {
        "search": asdict(one.run),
        "format": one.export.format,
        "in_file": len(one.export.entries),
        "imported": len(one.export.records),
        "not_read": list(one.export.refused),
        "remarks": list(one.export.remarks),
        "added": len(one.added),
        "known": len(one.known),
        "database_from_name": one.guessed,
    }


def _take_back(review: str, name: str, *, force: bool, as_json: bool) -> None:
    from metareview.review.place import place_of
    from metareview.review.ties import ties_of
    from metareview.search.undoing import undo_search

    place = place_of(review)
    done = undo_search(_searched(place), name, partial(ties_of, place), force=force)
    _warn(done.remarks)
    if as_json:
        say_json(asdict(done) | {"place": str(done.place), "kept": str(done.kept or "")})
        return
    for line in _undone_lines(done, place):
        say(printable(line))


def _searched(place: Place) -> Path:
    """Return the folder of a review's searches; refuse a review that has none."""
    from metareview.errors import SearchError
    from metareview.files import is_there

    if not is_there(place.searched / "searches.csv"):
        raise SearchError(
            f"{place.searched / 'searches.csv'} does not exist; {place.name} has no search yet."
        )
    return place.searched


def _warn(remarks: Sequence[str]) -> None:
    for says in remarks:
        say(printable(f"warning: {says}"), err=True)


def _undone_lines(done: Undone, place: Place) -> Iterator[str]:
    stayed = f"; {len(done.stayed)} stay, which other searches gave too" if done.stayed else ""
    yield f"{done.run.id} was taken back: {len(done.removed)} records left the review{stayed}."
    if done.pairs:
        yield (f"{done.pairs} rows of duplicates.csv named them and left too; run `dedupe` again.")
    yield f"All that it gave is kept in {done.place}."
    yield f"To bring it back: {_way_back(done, place)}"


def _way_back(done: Undone, place: Place) -> str:
    run = done.run
    if done.kept is None:
        return f"put the rows of {done.place} back into the tables."
    if done.kept.is_dir() and not (done.kept / "manifest.json").is_file():
        return f"import the export in {done.kept}."
    if not done.kept.is_file():
        return f"metareview search {place.name} (PubMed's replies of {run.date[:10]} are in {done.kept})."
    database = "" if done.mixed else run.database
    said = {"database": database, "method": run.method, "platform": run.platform, "query": run.query}
    words = ["metareview", "import", place.name, str(done.kept), "--date", run.date[:10]]
    words += [word for name, value in said.items() if value for word in (f"--{name}", value)]
    return shlex.join(words)


def _correct(review: str, rename: tuple[str, str], *, force: bool, as_json: bool) -> None:
    from metareview.review.place import place_of
    from metareview.review.ties import ties_of
    from metareview.search.renaming import rename_database

    place = place_of(review)
    done = rename_database(_searched(place), *rename, partial(ties_of, place), force=force)
    _warn(done.remarks)
    if as_json:
        say_json(asdict(done))
        return
    for line in _renamed_lines(done, place):
        say(printable(line))


def _renamed_lines(done: RenamedDatabase, place: Place) -> Iterator[str]:
    yield f"{done.run.id} is of {done.run.database} now (was {done.before}): {done.changed} records."
    if done.merged:
        pairs = ", ".join(f"{gone} into {stays}" for gone, stays in list(done.merged.items())[:_SHOWN])
        yield f"{len(done.merged)} of them became one with a record of that database: {pairs}."
    if done.split:
        yield (
            f"{len(done.split)} of them stay under {done.before} too, where another search gave them: "
            f"{', '.join(list(done.split)[:_SHOWN])}."
        )
    if done.merged or done.split:
        yield f"Run `metareview dedupe {place.name}` again."
