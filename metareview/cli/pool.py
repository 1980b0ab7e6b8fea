"""``metareview pool``: every planned analysis of a review, made where it is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from metareview.cli.progress import telling
from metareview.cli.terminal import console, say, say_json
from metareview.review.answering import Overrides
from metareview.review.place import find_review
from metareview.tables import read_table

if TYPE_CHECKING:
    from metareview.review import Place

# heading -> (side, narrowest width, share of the width that is left)
HEADINGS: dict[str, tuple[Literal["left", "right"], int, int | None]] = {
    "outcome": ("left", 44, 3),
    "k": ("right", 2, None),
    "participants": ("right", 12, None),
    "effect (CI)": ("left", 35, None),
    "prediction interval": ("left", 19, None),
    "tau2": ("right", 7, None),
    "I2": ("right", 4, None),
    "notes": ("left", 30, 2),
}
NARROWEST = 176


@click.command("pool")
@click.argument("review")
@click.option("--tau2", help="Estimator of tau2 in place of the policy's (REML, DL, PM …), or a number.")
@click.option("--ci", help="Confidence interval in place of the policy's (wald, hksj, hksj-adhoc …).")
@click.option(
    "--pi", "prediction", help="Prediction interval in place of the policy's (t(k-1), t(k-2), none …)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def pool_review(review: str, tau2: str | None, ci: str | None, prediction: str | None, as_json: bool) -> None:
    """Pool every planned analysis of REVIEW, draw it, and write output/REVIEW/.

    Only what depends on a changed cell is made again. An option that overrides the plan is written into
    every output.

    \b
    Example:
      metareview pool msc-sr-agvhd
      metareview pool msc-sr-agvhd --ci wald
    """
    place = find_review(review)
    overrides = Overrides(tau2, ci, prediction)
    said = _make(place, overrides)
    rows = [dict(row.cells) for row in read_table(place.output / "summary.csv")]
    if as_json:
        say_json(rows)
        return
    _print_table(rows)
    say(f"{said} Figures, data and sentences: {place.output}/ (start with results.md)")


def _make(place: Place, overrides: Overrides) -> str:
    from metareview.report.record import is_fresh, remove_half_written

    if is_fresh(place, overrides):
        remove_half_written(place.output)
        return "Nothing has changed; nothing was done."
    from metareview.report.making import make_output
    from metareview.review import Review

    with telling("Pooling") as tell:
        run = make_output(Review(place.name, place.root), overrides=overrides, progress=tell)
    for path in run.kept:
        say(f"note: {path} was made by a former run and changed since; it stays. Remove it.", err=True)
    return f"{len(run.made)} of {run.total} analyses were made anew."


def _print_table(rows: list[dict[str, str]]) -> None:
    """Print one line per analysis; what does not fit ends in an ellipsis, and stands whole in results.md."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for heading, (side, narrowest, share) in HEADINGS.items():
        table.add_column(
            heading, justify=side, min_width=narrowest, ratio=share, no_wrap=True, overflow="ellipsis"
        )
    titles = {row["analysis"]: row["title"] for row in rows}
    for row in rows:
        table.add_row(*_cells(row, titles.get(row["sensitivity_of"], "")))
    console(width=max(console().width, NARROWEST)).print(table)


def _cells(row: dict[str, str], parent: str) -> tuple[str, ...]:
    own = row["title"].removeprefix(parent).lstrip(" ,:")
    return (
        f"  {own}" if parent else row["title"],
        row["k"],
        row["participants"] or "–",
        row["result"] or "none",
        row["prediction"] or "–",
        _short(row["tau2"], "{:.3g}"),
        _short(row["i2"], "{:.0%}"),
        row["notes"].split(" | ")[0],
    )


def _short(text: str, form: str) -> str:
    return form.format(float(text)) if text else "–"
