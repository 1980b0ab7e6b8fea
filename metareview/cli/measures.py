"""``metareview measures``: which effect measures there are, and what they need."""

from __future__ import annotations

import click

from metareview.cli.terminal import say, say_json
from metareview.effects import MEASURES
from metareview.effects.pages import measures_page


@click.command("measures")
@click.option("--markdown", is_flag=True, help="Print the whole page, as docs/measures.md has it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_measures(markdown: bool, as_json: bool) -> None:
    """List the effect measures: code, name, and the columns each is computed from.

    \b
    Example:
      metareview measures
      metareview measures --markdown > docs/measures.md
    """
    if markdown:
        say(measures_page(), nl=False)
    elif as_json:
        say_json([_plain(code) for code in MEASURES])
    else:
        for code, measure in MEASURES.items():
            say(f"{code:6} {measure.label:52} {' '.join(measure.needs)}")


def _plain(code: str) -> dict[str, object]:
    measure = MEASURES[code]
    return {
        "code": code,
        "label": measure.label,
        "arms": measure.arms,
        "kind": measure.kind,
        "needs": list(measure.needs),
        "scale": measure.scale,
        "null": measure.null,
        "vtypes": list(measure.variants),
        "citation": measure.citation,
    }
