"""Decisions to and from ASReview, Rayyan and Covidence."""

from __future__ import annotations

import click

from metareview.cli.outputs import check_outputs
from metareview.cli.screen_reading import STAGE, stage_named
from metareview.cli.terminal import say
from metareview.errors import ScreeningError, did_you_mean
from metareview.files import write_atomically
from metareview.names import person_key
from metareview.review.place import find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening import append_votes
from metareview.screening.decision import CONSENSUS
from metareview.screening.exchange import (
    Imported,
    Mapped,
    read_asreview,
    read_covidence,
    read_rayyan,
    write_asreview,
    write_covidence,
    write_rayyan,
)
from metareview.screening.exchange.covidence import LISTS

TARGETS = click.Choice(["asreview", "rayyan", "covidence"])
SOURCES = click.Choice(["asreview", "rayyan", *(f"covidence-{name}" for name in LISTS)])


@click.command()
@click.argument("review")
@click.argument("file")
@click.option(
    "--from", "program", required=True, type=SOURCES, help="Which program wrote it; which list of Covidence."
)
@STAGE
@click.option(
    "--as", "reviewer", default="", metavar="NAME", help="Whose decisions, if the file does not say."
)
@click.option("--name", "names", multiple=True, metavar="THEIRS=OURS", help="Rename a reviewer.")
@click.option("--reason", "words", multiple=True, metavar="WORDS=ID", help="Which criterion a reason is.")
def import_votes(
    *,
    review: str,
    file: str,
    program: str,
    stage: str,
    reviewer: str,
    names: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    """Add the decisions in FILE, every reviewer's to their own file of REVIEW.

    Rows that are no record of the review are listed. What stands already is not added again.

    \b
    Examples:
      metareview screen import msc-sr-agvhd articles.csv --from rayyan --name "ann@x.org=AB"
      metareview screen import msc-sr-agvhd asreview.csv --from asreview --as AB
      metareview screen import msc-sr-agvhd excluded.csv --from covidence-excluded --as team
    """
    desk = ScreeningDesk(find_review(review))
    mapped = Mapped(stage_named(stage), desk.reasons, _pairs(names, "--name"), _pairs(words, "--reason"))
    imported = _read(file, program, desk, mapped, reviewer)
    added = append_votes(desk.place.screened, imported.decisions)
    for note in imported.notes:
        say(f"note: {note}")
    for row in imported.unmatched:
        say(f"not a record of {review}: {row}")
    said = ", ".join(f"{n} by {name}" for name, n in added.items())
    say(f"{sum(added.values())} decisions added{f' ({said})' if said else ''}.")


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    wrong = [pair for pair in given if "=" not in pair]
    if wrong:
        raise ScreeningError(f'{option} is "{pair}"; THEIRS=OURS would be right.' for pair in wrong)
    return dict(pair.rsplit("=", 1) for pair in given)


def _read(file: str, program: str, desk: ScreeningDesk, mapped: Mapped, reviewer: str) -> Imported:
    records = desk.identified.unique()
    if program == "rayyan":
        return read_rayyan(file, records, mapped=mapped)
    if not reviewer:
        raise ScreeningError(f"files of {program} do not say who decided; say it with --as NAME.")
    if program == "asreview":
        return read_asreview(file, records, reviewer=reviewer, mapped=mapped)
    which = program.removeprefix("covidence-")
    return read_covidence(file, records, reference_list=which, reviewer=reviewer, mapped=mapped)


@click.command()
@click.argument("review")
@click.option("--to", "program", required=True, type=TARGETS, help="Which program will read the file.")
@STAGE
@click.option("--as", "reviewer", default="", metavar="NAME", help="ASReview: whose label to give.")
@click.option("-o", "output", required=True, help="The file to write.")
def export_votes(review: str, program: str, stage: str, reviewer: str, output: str) -> None:
    """Write the records of REVIEW with every reviewer's vote for another program.

    \b
    Example:
      metareview screen export msc-sr-agvhd --to rayyan --stage abstract -o rayyan.csv
    """
    check_outputs({"-o": output})
    desk = ScreeningDesk(find_review(review))
    records, named = desk.identified.unique(), stage_named(stage)
    if program == "rayyan":
        text = write_rayyan(records, desk.logs, stage=named)
    elif program == "covidence":
        text = write_covidence(records, desk.logs, stage=named)
    else:
        text = write_asreview(records, desk.logs, stage=named, reviewer=_known(reviewer, desk))
    write_atomically(output, text)
    say(f"{len(records)} records are in {output}.")


def _known(reviewer: str, desk: ScreeningDesk) -> str:
    """Return a reviewer's name as their file spells it."""
    names = [log.reviewer for log in desk.logs if log.reviewer != CONSENSUS]
    found = next((name for name in names if person_key(name) == person_key(reviewer)), "")
    if reviewer and not found:
        raise ScreeningError(f'--as is "{reviewer}", who has no decisions; {did_you_mean(reviewer, names)}')
    return found
