"""``metareview rename``: another id for a study, an outcome or an arm, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from metareview.cli.signing import signed
from metareview.cli.terminal import say
from metareview.review.place import Place, find_review
from metareview.review.renaming import RenamedId, What, named_in_words, rename


@click.command("rename")
@click.argument("review")
@click.argument("what", type=click.Choice(["study", "outcome", "arm"]))
@click.argument("old")
@click.argument("new")
@click.option("--as", "who", help="Your initials, for changes.csv; else the login name.")
@click.option("--dry-run", is_flag=True, help="Say what would change, file by file, and write nothing.")
def rename_id(review: str, what: What, old: str, new: str, who: str | None, dry_run: bool) -> None:
    """Change the id of a study, an outcome or an arm of REVIEW from OLD to NEW.

    The protocol, the sheets (those of two extractors too), adjudication.csv, what was generated, the
    workbook and previous.csv change together or not at all; every other character of them stays. An arm is
    a planned one of the protocol, with the arms of studies that bear the same id; STUDY/OLD is an arm of
    one study.

    \b
    Example: metareview rename statins study Zhao2022 CRASH3-2019 --dry-run
             metareview rename statins outcome death mortality
             metareview rename statins arm Zhao2022/drug low-dose
    """
    place = find_review(review)
    signature = signed(who)
    done = rename(place, what, old, new, signature, dry_run=dry_run)
    for line in _lines(place, done, what, old, new, dry_run=dry_run):
        say(line)


def _lines(place: Place, done: RenamedId, what: str, old: str, new: str, *, dry_run: bool) -> Iterator[str]:
    places = sum(count for _, count in done.files)
    would = "would be" if dry_run else "is"
    yield f'The {what} "{old}" {would} called "{new}": {places} places in {len(done.files)} files.'
    for path, count in done.files:
        yield f"  {path}: {count}"
    for path in done.others:
        yield f"  {path}: {'to be made anew' if dry_run else 'made anew'}"
    words = list(named_in_words([path for path, _ in done.files], old)) if "/" not in old else []
    if words and not dry_run:
        yield f'"{old}" still stands in words that people wrote, which stay:'
        yield from (f"  {line}" for line in words)
    if dry_run:
        yield "Nothing was written."
    else:
        yield f"Now run metareview pool {place.name}: its output still says {old}."
