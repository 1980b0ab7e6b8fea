"""``metareview measures``: which effect measures there are, and what they need."""

from __future__ import annotations

import json

import click

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
        click.echo(measures_page(), nl=False)
    elif as_json:
        click.echo(json.dumps([_plain(code) for code in MEASURES], ensure_ascii=False, indent=1))
    else:
        for code, measure in MEASURES.items():
            click.echo(f"{code:6} {measure.label:52} {' '.join(measure.needs)}")


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
