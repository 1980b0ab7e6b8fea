"""``metareview status``: which outputs are stale, and because of which cell."""

from __future__ import annotations

import sys

import click

from metareview.cli.terminal import say, say_json


@click.command("status")
@click.argument("review")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def show_status(review: str, as_json: bool) -> None:
    """Say which outputs of REVIEW no longer stand, and the cells, settings or code that changed.

    Exit code 0 when all stand, 1 when any is stale.

    \b
    Example:
      metareview status msc-sr-agvhd
    """
    from metareview.report.standing import standing_of
    from metareview.review import Review

    found = standing_of(Review(review))
    if as_json:
        say_json(found)
    else:
        for analysis, reasons in found.items():
            say(f"{analysis}: {'stands' if not reasons else 'stale'}")
            for reason in reasons:
                say(f"  {reason}")
    if any(found.values()):
        sys.exit(1)
