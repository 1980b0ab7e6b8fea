"""``metareview flow``: the PRISMA 2020 diagram, counted from the review's own files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from metareview.cli.outputs import check_outputs
from metareview.cli.progress import telling
from metareview.cli.terminal import say, say_json
from metareview.errors import FigureError, MetareviewError
from metareview.extraction import Study
from metareview.files import is_there, write_atomically
from metareview.review.place import find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening import Flow, require_complete
from metareview.screening.prisma_table import prisma_csv, search_appendix

PICTURES = (".svg", ".pdf", ".png")


@click.command()
@click.argument("review")
@click.option("-o", "output", help="Where to draw it: .svg, .pdf or .png.")
@click.option("--csv", "table", help="Write the counts for the R package PRISMA2020.")
@click.option("--appendix", help="Write the searches as PRISMA-S asks for them, as text.")
@click.option(
    "--draft", is_flag=True, help="Allow records that wait for a verdict and reports of no study yet."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def draw_flow(
    review: str, output: str | None, table: str | None, appendix: str | None, draft: bool, as_json: bool
) -> None:
    """Count and draw the PRISMA 2020 flow diagram of REVIEW.

    Nothing is typed: the counts come from records, duplicates, decisions and sheets. Where a record is
    in no box or in two, or a report belongs to no study, the records are listed and nothing is written.

    \b
    Examples:
      metareview flow msc-sr-agvhd -o flow.svg
      metareview flow msc-sr-agvhd --csv PRISMA.csv --appendix searches.txt
    """
    desk = ScreeningDesk(find_review(review))
    if output and Path(output).suffix.lower() not in PICTURES:
        raise FigureError(f"{output} cannot be drawn; its name must end in {', '.join(PICTURES)}.")
    check_outputs({"-o": output, "--csv": table, "--appendix": appendix})
    with telling("Counting records"):
        counted = _count(desk, draft)
    if as_json:
        say_json(_as_json(counted))
    else:
        _say(counted)
    if output:
        _draw(counted, Path(output))
    if table:
        write_atomically(table, prisma_csv(counted))
    if appendix:
        title = desk.protocol.title
        write_atomically(appendix, search_appendix(desk.searches, title=title, dedupe=_dedupe(desk)))
    for path in filter(None, (output, table, appendix)):
        say(f"wrote {path}", err=True)


def _count(desk: ScreeningDesk, draft: bool) -> Flow:
    if not draft:
        require_complete(desk.placed())
        return desk.flow(_studies(desk))
    try:
        return desk.flow(_studies(desk))
    except MetareviewError as error:
        counted = desk.flow()
        for problem in error.problems:
            say(f"draft: {problem}", err=True)
        return counted


def _studies(desk: ScreeningDesk) -> list[Study] | None:
    """Read the sheets' studies; ``None`` while there are no sheets."""
    from metareview.extraction import read_sheets

    if not is_there(desk.place.sheets / "studies.csv"):
        return None
    return list(read_sheets(desk.place.sheets, desk.protocol).studies)


def _dedupe(desk: ScreeningDesk) -> str:
    n = len(desk.identified.duplicates)
    return f"{n} removed; each decision with its reason is in duplicates.csv." if n else ""


def _as_json(counted: Flow) -> dict[str, object]:
    return asdict(counted) | {
        "total_studies": counted.total_studies,
        "total_reports": counted.total_reports,
        "unfinished": counted.unfinished,
    }


def _say(counted: Flow) -> None:
    from metareview.figures.flow import flow_counts

    for box, n in flow_counts(counted):
        say(f"{n:>6}  {box}")
    for note in counted.notes:
        say(f"note: {note}")


def _draw(counted: Flow, path: Path) -> None:
    from metareview.figures import save_figure
    from metareview.figures.flow import flow_diagram

    save_figure(flow_diagram(counted), path)
