"""``metareview reconcile``: two extractors' sheets compared, decided and made one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from metareview.cli.signing import signed
from metareview.cli.terminal import say, say_json
from metareview.extraction.adjudication import ADJUDICATION, Settlement, reconcile
from metareview.extraction.comparing import Comparison, FieldAgreement
from metareview.extraction.leaving import REMOVED
from metareview.extraction.merging import choices
from metareview.review.place import find_review


@click.command("reconcile")
@click.argument("review")
@click.option(
    "--tolerance", type=float, default=0.0, help="How far two numbers may lie apart and agree: 0.01 is 1%."
)
@click.option(
    "--ours", multiple=True, metavar="CELL|all", help="Keep a cell that was changed in the sheet since."
)
@click.option("--theirs", multiple=True, metavar="CELL|all", help="Take the consensus for such a cell.")
@click.option("--force", is_flag=True, help="Let rows leave that neither extractor has any more.")
@click.option("--as", "who", help="Your initials, for removed.csv; else the login name.")
@click.option("--json", "as_json", is_flag=True, help="Print agreement and open cells as JSON.")
def reconcile_review(
    review: str,
    tolerance: float,
    ours: Sequence[str],
    theirs: Sequence[str],
    *,
    force: bool,
    who: str | None,
    as_json: bool,
) -> None:
    """Compare results.AB.csv with results.CD.csv of REVIEW, and make the consensus.

    Cells that differ go to adjudication.csv: fill in chosen, by and why ("(empty)" leaves a cell empty),
    then run the command again. When nothing waits, results.csv and contrasts.csv are the consensus.

    Example: metareview reconcile statins --tolerance 0.01
    """
    place = find_review(review)
    comparison, settlement = reconcile(
        place.sheets, choices(ours, theirs), tolerance=tolerance, signature=signed(who), force=force
    )
    if as_json:
        say_json(_as_json(comparison, settlement), indent=2)
        return
    one, two = comparison.extractors
    say(f"Extractors {one} and {two}; numbers agree within {tolerance:.2%}.")
    for field in comparison.agreement():
        say("  " + _sentence(field))
    if settlement.waiting:
        say(f"{settlement.waiting} cells wait for a decision in {place.sheets / ADJUDICATION}.")
    else:
        say(f"Nothing waits ({settlement.decided} cells were decided); the consensus is written.")
    if settlement.idle:
        idle = f"{settlement.idle} decisions stand at the end of {ADJUDICATION}"
        say(f"{idle}: what they were made on has changed since.")
    for row in settlement.removed:
        say(
            f"MOVED TO {REMOVED}: row {row.row} of {row.sheet}.csv; {row.reason}. "
            f"Back with: metareview extract {place.name} --restore '{row.sheet}:{row.row}'"
        )
    for path in settlement.written:
        say(f"  {path}")


def _sentence(field: FieldAgreement) -> str:
    said = f"{field.sheet}, {field.column}: {field.agreeing} of {field.cells} cells agree"
    for name, found in (("", field.percent), ("kappa ", field.kappa), ("ICC(2,1) ", field.icc)):
        if found is not None:
            shown = (
                f"{found[0]:.1%}, 95% CI {found[1]:.1%} to {found[2]:.1%}"
                if not name
                else (f"{name}{found[0]:.3f}, 95% CI {found[1]:.3f} to {found[2]:.3f}")
            )
            said += f"; {shown}"
    return said + (f"; {field.one_sided} filled in by one only" if field.one_sided else "")


def _as_json(comparison: Comparison, settlement: Settlement) -> dict[str, object]:
    return {
        "extractors": comparison.extractors,
        "tolerance": comparison.tolerance,
        "agreement": [asdict(field) for field in comparison.agreement()],
        "open": [asdict(cell) for cell in comparison.open],
        "waiting": settlement.waiting,
        "decided": settlement.decided,
        "written": [str(path) for path in settlement.written],
    }
