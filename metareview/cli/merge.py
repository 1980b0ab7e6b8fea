"""``metareview merge``: several reports of one trial made one study, or that taken back."""

from __future__ import annotations

from collections.abc import Sequence

import click

from metareview.cli.signing import signed
from metareview.cli.terminal import say
from metareview.extraction.recording import Signature
from metareview.review.joining import in_sheets, keep_apart
from metareview.review.merging import merge_studies
from metareview.review.place import Place, find_review
from metareview.review.unmerging import unmerge


@click.command("merge")
@click.argument("review")
@click.argument("studies", nargs=-1, metavar="[STUDY STUDY ...]")
@click.option("--undo", is_flag=True, help="Take the last merge back.")
@click.option("--apart", is_flag=True, help="Remember that the studies are not one; nobody is asked again.")
@click.option("--as", "who", help="Your initials, for changes.csv; else the login name.")
def merge_reports(review: str, studies: Sequence[str], undo: bool, apart: bool, who: str | None) -> None:
    """Make one study of several of REVIEW that report the same trial; the first keeps its id.

    Its reports are united and the rows of the others become its own. Two rows that say different numbers
    of the same thing are listed, and nothing is written. --undo takes the last merge back.

    \b
    Example: metareview merge statins Zhao2022 Zhao2023
             metareview merge statins --undo
             metareview merge statins Zhao2022 Ma2024 --apart
    """
    place = find_review(review)
    signature = signed(who)
    _refuse_odd(studies, undo=undo, apart=apart)
    if undo:
        _undo(place, signature)
    elif apart:
        _apart(place, studies, signature)
    else:
        _merge(place, studies, signature)


def _refuse_odd(studies: Sequence[str], *, undo: bool, apart: bool) -> None:
    if undo and (studies or apart):
        raise click.UsageError("--undo takes the last merge back; name no study beside it.")
    if not undo and len(studies) < 2:
        raise click.UsageError("Name two studies or more, or --undo.")


def _merge(place: Place, studies: Sequence[str], signature: Signature) -> None:
    done = merge_studies(place, studies, signature)
    say(f"{' and '.join(studies)} are one study, {done.kept}, with {len(done.reports)} reports:")
    say(f"  {'; '.join(done.reports) or 'none is named'}")
    say(f"{done.moved} rows changed; {done.removed} rows that stood twice are in removed.csv.")
    for note in done.notes:
        say(f"note: {note}")
    say(f"metareview merge {place.name} --undo takes it back.")


def _apart(place: Place, studies: Sequence[str], signature: Signature) -> None:
    first, *others = in_sheets(place, studies)
    for n, other in enumerate(others):
        for study in (first, *others[:n]):
            keep_apart(place, study, other, signature)
    say(f"{' and '.join(studies)} stay apart; extract does not ask again.")


def _undo(place: Place, signature: Signature) -> None:
    done = unmerge(place, signature)
    say(f"{', '.join(done.joined)} and {done.kept} are studies of their own again.")
    for path in done.whole:
        say(f"  {path}: as it was before the merge")
    for path in done.mended:
        say(f"  {path}: changed since, so taken back row by row")
