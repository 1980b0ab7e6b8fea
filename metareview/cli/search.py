"""``metareview search``: ask PubMed, keep everything, say what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metareview.cli.progress import telling
from metareview.cli.terminal import say, say_json
from metareview.errors import SearchError

if TYPE_CHECKING:
    from metareview.search.plan import Plan
    from metareview.search.run import Outcome

_SHOWN = 20


@click.command("search")
@click.argument("review")
@click.argument("pmids", nargs=-1)
@click.option("--since", default="", help="Compare with this run: last, its id, or its date.")
@click.option("--cited-by", "links", flag_value="cited-by", help="Find what cites the PMIDs.")
@click.option("--similar", "links", flag_value="similar", help="Find what PubMed calls similar to the PMIDs.")
@click.option("--references", "links", flag_value="references", help="Find what the PMIDs cite.")
@click.option("--query", default="", help="Search for this instead of the protocol's PubMed strategies.")
@click.option("--email", default="", help="NCBI asks for it; or set NCBI_EMAIL.")
@click.option(
    "--lint", "lint_only", is_flag=True, help="Only say what is wrong with the query; send nothing."
)
@click.option("--force", is_flag=True, help="Send the query whatever is wrong with it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def search_pubmed(review: str, pmids: tuple[str, ...], **chosen: Any) -> None:
    """Search PubMed for REVIEW, or follow the links of PMIDS.

    Everything PubMed sends is kept in searched/REVIEW/; records.csv is the table, searches.csv says what was
    searched and when. A run that was cut short is taken up when the same command is given again. A run
    after the first also says which records are new, gone, changed, retracted or corrected.

    NCBI_EMAIL is needed, NCBI_API_KEY makes it faster; HTTPS_PROXY and SSL_CERT_FILE are honoured.

    \b
    Examples:
      metareview search msc-sr-agvhd
      metareview search msc-sr-agvhd --since last
      metareview search msc-sr-agvhd --cited-by 31505228 35255929
    """
    plans = _plans(review, pmids, chosen["links"], chosen["query"])
    lines = [line for plan in plans for line in _linted(plan, force=chosen["force"] or chosen["lint_only"])]
    for line in lines:
        say(line, err=True)
    if chosen["lint_only"]:
        say("Nothing is wrong with the query." if not lines else f"{len(lines)} findings; nothing was sent.")
        return
    from metareview.review.place import place_to_fill

    folder, outcomes = place_to_fill(review).searched, []
    try:
        for outcome in _run(folder, plans, chosen["email"], chosen["since"]):
            outcomes.append(outcome)
    finally:  # where a later search fails, what the earlier ones gave is told all the same
        _show(outcomes, folder, as_json=chosen["as_json"])


def _show(outcomes: Sequence[Outcome], folder: Path, *, as_json: bool) -> None:
    if as_json:
        say_json([_as_json(o) for o in outcomes])
        return
    for outcome in outcomes:
        for line in _lines(outcome, folder):
            say(line)


def _plans(review: str, pmids: Sequence[str], links: str | None, query: str) -> list[Plan]:
    """Make out what to ask: links of records, a query given here, or the protocol's."""
    from metareview.search.plan import Plan, link_plan

    if links:
        return [link_plan(links, tuple(pmids))]
    if pmids:
        raise click.UsageError("PMIDs need --cited-by, --similar or --references.")
    return [Plan(query)] if query else _planned(review)


def _planned(review: str) -> list[Plan]:
    from metareview.protocol import read_protocol
    from metareview.review.place import find_review
    from metareview.search.plan import Plan, date_limits

    place = find_review(review)
    searches = read_protocol(place.protocol).searches
    plans: list[Plan] = []
    for search in searches:
        if "pubmed" in search.database.casefold():
            name = "pubmed" if not plans else f"pubmed-{len(plans) + 1}"
            query = " ".join(search.query.split())
            plans.append(Plan(query, limits=date_limits(search.from_date, search.to_date), name=name))
    if not plans:
        raise SearchError(
            f"{place.protocol} plans no search of PubMed; add one under [[searches]], or give --query. "
            f"Exports of other databases come in by `metareview import {review} FILE`."
        )
    others = [s.database for s in searches if "pubmed" not in s.database.casefold()]
    if others:
        say(
            f"note: {', '.join(others)} cannot be searched from here; run the planned search there and bring "
            f"the export in by `metareview import {review} FILE`.",
            err=True,
        )
    return plans


def _linted(plan: Plan, *, force: bool) -> Iterator[str]:
    """Give what is wrong with a query; refuse a grave fault unless forced."""
    from metareview.search.query import lint

    if plan.pmids:
        return
    findings = lint(plan.term)
    grave = [str(finding) for finding in findings if finding.grave]
    if grave and not force:
        raise SearchError(
            [f"{plan.name}: {says}" for says in grave]
            + ["Nothing was sent; --force sends the query as it is."]
        )
    yield from (f"{'fault' if f.grave else 'warning'}: {plan.name}: {f}" for f in findings)


def _run(folder: Path, plans: Sequence[Plan], email: str, since: str) -> Iterator[Outcome]:
    from metareview.search.entrez import Access
    from metareview.search.run import run_search

    access = Access.from_environment(email)
    with telling("searching", unit="records") as tell:
        for plan in plans:
            yield run_search(folder, plan, access, since=since, tell=tell)


def _lines(outcome: Outcome, folder: Path) -> Iterator[str]:
    run = outcome.run
    yield f"{run.database}, {run.date[:10]}: {run.hits} hits, {run.records} records, in {folder / run.file}."
    if not outcome.asked:
        yield (
            "It was cut short when PubMed had sent everything, and is complete now; PubMed was not asked. "
            "The same command searches anew."
        )
    if run.translation:
        yield f"PubMed understood: {run.translation}"
    yield from outcome.warnings
    yield f"{outcome.added} records are new to the review; the table is {folder / 'records.csv'}."
    if outcome.not_returned:
        yield (
            f"{len(outcome.not_returned)} hits were not returned by PubMed, PMIDs "
            f"{_listed(outcome.not_returned)}; they are listed in {folder / run.file / 'not_returned.txt'}."
        )
    if outcome.retracted:
        yield f"{len(outcome.retracted)} of the records are retracted: {_listed(outcome.retracted)}."
    yield from _change_lines(outcome, folder)


def _change_lines(outcome: Outcome, folder: Path) -> Iterator[str]:
    from metareview.search.changes import KINDS

    if outcome.changes is None:
        return
    counts = {kind: sum(c.kind == kind for c in outcome.changes) for kind in KINDS}
    yield f"Since {outcome.since}: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()) + "."
    yield from (f"  {c.kind} {c.record}: {c.detail}" for c in outcome.changes[:_SHOWN])
    if len(outcome.changes) > _SHOWN:
        rest = len(outcome.changes) - _SHOWN
        yield f"  … {rest} more in {folder / outcome.run.file / 'changes.csv'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _as_json(outcome: Outcome) -> dict[str, object]:
    from dataclasses import asdict

    changes = None if outcome.changes is None else [asdict(change) for change in outcome.changes]
    return {
        "search": asdict(outcome.run),
        "added": outcome.added,
        "not_returned": list(outcome.not_returned),
        "retracted": list(outcome.retracted),
        "since": outcome.since or None,
        "changes": changes,
        "warnings": list(outcome.warnings),
        "asked": outcome.asked,
    }
