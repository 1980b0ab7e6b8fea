"""``metareview explain``: from a number back to the page it was read on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from metareview.cli.terminal import say, say_json

if TYPE_CHECKING:
    from metareview.review.trail import Step


@click.command("explain")
@click.argument("review")
@click.argument("analysis")
@click.argument("study", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the trail as JSON.")
def explain_number(review: str, analysis: str, study: str, as_json: bool) -> None:
    """Print where the estimate of ANALYSIS in REVIEW comes from, down to file, line, page and search.

    \b
    Example:
      metareview explain msc-sr-agvhd overall-response
      metareview explain msc-sr-agvhd overall-response Zhao2022 --json
    """
    from metareview.review import Review
    from metareview.review.trail import trail_of

    trail = trail_of(Review(review), analysis, study=study)
    if as_json:
        say_json(trail.as_dict())
        return
    for depth, line in _lines(trail):
        say("  " * depth + line)


def _lines(step: Step, depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, step.text
    for below in step.rests_on:
        yield from _lines(below, depth + 1)
