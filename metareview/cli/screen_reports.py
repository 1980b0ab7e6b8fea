"""What the decisions say: how far screening is, where reviewers agree, what a ranking would have saved."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from metareview.cli.progress import telling
from metareview.cli.screen_reading import STAGE, stage_named
from metareview.cli.terminal import say, say_json
from metareview.review.place import find_review
from metareview.review.screened import ScreeningDesk
from metareview.screening import reach_verdicts
from metareview.screening.decision import ABSTRACT, CONSENSUS, FULL_TEXT
from metareview.screening.sitting import conflicts, due_records
from metareview.screening.verdicts import describe_conflict

if TYPE_CHECKING:
    from metareview.screening.agreement import Agreement, OverallAgreement
    from metareview.screening.simulation import Simulation

JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
COEFFICIENTS = (
    ("percent", "agreement observed (fraction)"),
    ("kappa", "Cohen's kappa"),
    ("pabak", "PABAK"),
    ("ac1", "Gwet's AC1"),
    ("positive", "agreement on going forward"),
    ("negative", "agreement on exclusion"),
)
DEFINITIONS = {
    "wss95": "work saved over sampling at 95% recall: 1 - k/N - 0.05, k records read until 95% are found",
    "rrf10": "relevant records found after reading 10%",
    "atd": "average time to discovery: mean rank of the relevant records / N",
}


@click.command()
@click.argument("review")
@JSON
def say_status(review: str, as_json: bool) -> None:
    """Say how far the screening of REVIEW is: per stage, what is agreed, in conflict, waiting.

    \b
    Example:
      metareview screen status msc-sr-agvhd
    """
    desk = ScreeningDesk(find_review(review))
    found = {stage: _standing(desk, stage) for stage in (ABSTRACT, FULL_TEXT)}
    if as_json:
        say_json(found)
        return
    for stage, counts in found.items():
        states = ", ".join(f"{n} {state}" for state, n in counts["states"].items())
        say(f"{stage}: {counts['due']} due, {states}")
        for reviewer, n in counts["reviewers"].items():
            say(f"  {reviewer}: {n} decided")
    for note in (note for log in desk.logs for note in log.notes):
        say(f"note: {note}", err=True)


def _standing(desk: ScreeningDesk, stage: str) -> dict[str, Any]:
    due = [r.id for r in due_records(desk.identified.unique(), desk.logs, stage=stage)]
    verdicts = reach_verdicts(desk.logs, due, stage=stage).values()
    states = [v.state for v in verdicts]
    return {
        "due": len(due),
        "states": {state: states.count(state) for state in ("agreed", "conflict", "waiting")},
        "reviewers": {log.reviewer: len(log.standing(stage)) for log in desk.logs if log.standing(stage)},
    }


@click.command()
@click.argument("review")
@STAGE
@JSON
def list_conflicts(review: str, stage: str, as_json: bool) -> None:
    """List the records of REVIEW that reviewers who judged them do not agree on.

    \b
    Example:
      metareview screen conflicts msc-sr-agvhd --stage full-text
    """
    desk = ScreeningDesk(find_review(review))
    named = stage_named(stage)
    due = due_records(desk.identified.unique(), desk.logs, stage=named)
    found = conflicts(desk.logs, due, stage=named)
    if as_json:
        say_json([asdict(v) for v in found])
        return
    for verdict in found:
        say(describe_conflict(verdict))
    say(f"{len(found)} in conflict; `metareview screen settle {review} --stage {stage}` settles them.")


@click.command()
@click.argument("review")
@STAGE
@click.option("--level", default=0.95, show_default=True, help="Level of the intervals, a fraction.")
@JSON
def say_agreement(review: str, stage: str, level: float, as_json: bool) -> None:
    """Say how far the reviewers of REVIEW agree: kappa, PABAK, AC1, with intervals.

    \b
    Example:
      metareview screen agreement msc-sr-agvhd --stage abstract
    """
    from metareview.errors import ScreeningError
    from metareview.screening.agreement import overall_agreement, pairwise_agreement

    if not 0 < level < 1:
        raise ScreeningError(f"--level is {level}; a fraction such as 0.95 would be right.")
    desk = ScreeningDesk(find_review(review))
    pairs = pairwise_agreement(desk.logs, stage=stage_named(stage), level=level)
    overall = overall_agreement(desk.logs, stage=stage_named(stage), level=level)
    if as_json:
        found = {"pairs": [asdict(p) | {"records": p.records} for p in pairs], "overall": asdict(overall)}
        say_json(found)
        return
    if not pairs:
        people = [log.reviewer for log in desk.logs if log.reviewer != CONSENSUS]
        say(f"Agreement needs two reviewers; at this stage there is {', '.join(people) or 'nobody'}.")
    for pair in pairs:
        _say_pair(pair)
    if len(overall.reviewers) > 2:
        _say_overall(overall)


def _say_pair(pair: Agreement) -> None:
    first, second = pair.reviewers
    say(f"{first} and {second}, {pair.stage}: {pair.records} records judged by both")
    counts = (pair.both, pair.first_only, pair.second_only, pair.neither)
    names = ("forward by both", f"by {first} only", f"by {second} only", "by neither")
    say("  " + ", ".join(f"{n} {name}" for n, name in zip(counts, names, strict=True)))
    for name, label in COEFFICIENTS:
        say(f"  {label:<30} {getattr(pair, name)}")
    for note in pair.notes:
        say(f"  note: {note}")


def _say_overall(overall: OverallAgreement) -> None:
    say(f"All ({', '.join(overall.reviewers)}): {overall.records} records judged by two or more")
    say(f"  {'agreement observed (fraction)':<30} {overall.percent}")
    say(f"  {'Fleiss kappa':<30} {overall.fleiss}")
    say(f"  {'AC1':<30} {overall.ac1}")


@click.command()
@click.argument("file")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 1000), help="How many runs.")
@click.option("--label", default="", help="Column of 0 and 1; by default the first known name.")
@JSON
def simulate(file: str, seeds: int, label: str, as_json: bool) -> None:
    """Play prioritised screening on labelled records (a CSV with title, abstract and labels).

    \b
    Example:
      metareview screen simulate labelled.csv --seeds 5
    """
    from metareview.screening.simulation import read_labelled, simulate_screening

    texts, labels = read_labelled(file, label=label)
    with telling("simulating") as tell:
        found = simulate_screening(texts, labels, seeds=range(seeds), tell=partial(tell, "simulating"))
    if as_json:
        say_json(_as_json(found))
        return
    say(f"{len(labels)} records, {sum(labels)} relevant; {seeds} runs")
    for measure, meaning in DEFINITIONS.items():
        low, high = found.spread(measure)
        say(f"{measure:<6} {found.mean(measure):.3f} ({low:.3f} to {high:.3f})  {meaning}")
    for note in found.notes:
        say(f"note: {note}")


def _as_json(found: Simulation) -> dict[str, Any]:
    means = {measure: found.mean(measure) for measure in DEFINITIONS}
    pairs = zip(found.seeds, found.runs, strict=True)
    runs = [{"seed": seed, **asdict(run)} for seed, run in pairs]
    return {"mean": means, "runs": runs, "definitions": DEFINITIONS, "notes": found.notes}
