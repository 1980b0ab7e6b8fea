"""The flow diagram as the R package PRISMA2020 reads it, and the searches as PRISMA-S asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metareview.screening.flow import MAIN_KINDS, Column, Count, Flow, total
from metareview.search.ledger import SearchRun
from metareview.tables import write_table

COLUMNS = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")
MISSING = "NA"
PRISMA_S = (
    "Rethlefsen ML, Kirtley S, Waffenschmidt S, et al. PRISMA-S: an extension to the PRISMA Statement for "
    "Reporting Literature Searches in Systematic Reviews. Syst Rev 2021;10:39. doi:10.1186/s13643-020-01542-z"
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the table: the package's key, node and box, and the words of the box."""

    data: str
    node: str
    box: str
    text: str
    n: str | int = 0
    where: str = ""

    def row(self) -> dict[str, object]:
        description = f"{self.text} ({self.where})" if self.where else self.text
        url = f"{self.box if self.data == MISSING else self.data}.html"
        return {
            "data": self.data,
            "node": self.node,
            "box": self.box,
            "description": description,
            "boxtext": self.text,
            "tooltips": description,
            "url": url,
            "n": self.n,
        }


def prisma_csv(flow: Flow) -> str:
    """Give a flow as the CSV that the R package PRISMA2020 draws (Haddaway 2022).

    The package splits reasons at ``;`` and their numbers at ``,``, so commas and semicolons inside
    a label become ``/``. Its format has no row for records of other methods that were removed
    or excluded before retrieval: they are in two rows of ours that the package passes over.

    References
    ----------
    Haddaway NR, Page MJ, Pritchard CC, McGuinness LA. PRISMA2020: an R package and Shiny app for
    producing PRISMA 2020-compliant flow diagrams. Campbell Syst Rev 2022;18:e1230.
    """
    lines = [
        *_previous(flow),
        _Line(MISSING, "node6", "newstud", "Identification of new studies via databases and registers"),
        *_identified(flow),
        *_removed(flow.databases),
        *_screened(flow),
        *_included(flow),
        _Line("identification", "node1", "identification", "Identification"),
        _Line("screening", "node2", "screening", "Screening"),
        _Line("included", "node3", "included", "Included"),
    ]
    return write_table(COLUMNS, [line.row() for line in lines])


def _previous(flow: Flow) -> Iterator[_Line]:
    studies, reports = (flow.previous.studies, flow.previous.reports) if flow.previous else (0, 0)
    words = "tudies included in previous version of review"
    yield _Line(MISSING, "node4", "prevstud", "Previous studies")
    yield _Line("previous_studies", "node5", "box1", f"S{words}", studies)
    yield _Line("previous_reports", MISSING, "box1", f"Reports of s{words}", reports)


def _identified(flow: Flow) -> Iterator[_Line]:
    main, other = flow.databases, flow.other or Column(name="other methods")
    for kind, node in (("database", "node7"), ("register", MISSING)):
        counts = main.of_kind(f"{kind}s")
        yield _Line(f"{kind}_results", node, "box2", f"{kind.title()}s", total(counts), "identified from")
        yield _Line(f"{kind}_specific_results", MISSING, "box2", f"Each {kind}", _listed(counts))
    yield _Line(MISSING, "node16", "othstud", "Identification of new studies via other methods")
    for data, node, kind in (
        ("website_results", "node17", "websites"),
        ("organisation_results", MISSING, "organisations"),
        ("citations_results", MISSING, "citation searching"),
    ):
        yield _Line(data, node, "box11", kind.capitalize(), total(other.of_kind(kind)))


def _removed(main: Column) -> Iterator[_Line]:
    yield _Line("duplicates", "node8", "box3", "Duplicate records", main.duplicates)
    yield _Line(
        "excluded_automatic",
        MISSING,
        "box3",
        "Records marked as ineligible by automation tools",
        main.automation,
    )
    yield _Line("excluded_other", MISSING, "box3", "Records removed for other reasons", total(main.removed))


def _screened(flow: Flow) -> Iterator[_Line]:
    main, other = flow.databases, flow.other or Column(name="other methods")
    here, there = "databases and registers", "other"
    yield _Line("records_screened", "node9", "box4", "Records screened", main.screened, here)
    yield _Line("records_excluded", "node10", "box5", "Records excluded", main.excluded, here)
    yield from _reports("dbr", main, (11, 6), here)
    yield from _reports("other", other, (18, 12), there)
    dropped = other.duplicates + other.automation + total(other.removed)
    yield _Line("omr_dropped", MISSING, "omr", "Records removed before screening", dropped, there)
    words = "Records excluded on title and abstract"
    yield _Line("omr_left_out", MISSING, "omr", words, other.excluded, there)


def _reports(key: str, column: Column, first: tuple[int, int], where: str) -> Iterator[_Line]:
    """Yield the four report boxes of a column, whose nodes and boxes are numbered on from the first."""
    node, box = first
    lines: tuple[tuple[str, str, str | int], ...] = (
        ("sought_reports", "Reports sought for retrieval", column.sought),
        ("notretrieved_reports", "Reports not retrieved", column.not_retrieved),
        ("assessed", "Reports assessed for eligibility", column.assessed),
        ("excluded", "Reports excluded", _listed(column.excluded_reports)),
    )
    for step, (data, words, n) in enumerate(lines):
        yield _Line(f"{key}_{data}", f"node{node + step}", f"box{box + step}", words, n, where)


def _included(flow: Flow) -> Iterator[_Line]:
    def known(n: int | None) -> str | int:
        return MISSING if n is None else n

    new, all_studies = known(flow.new_studies), known(flow.total_studies)
    yield _Line("new_studies", "node15", "box10", "New studies included in review", new)
    yield _Line("new_reports", MISSING, "box10", "Reports of new included studies", flow.new_reports)
    yield _Line("total_studies", "node22", "box16", "Total studies included in review", all_studies)
    yield _Line("total_reports", MISSING, "box16", "Reports of total included studies", flow.total_reports)
    if flow.synthesised is not None:
        words = "Total studies included in meta-analysis"
        yield _Line("total_studies_ma", MISSING, "box16", words, flow.synthesised)


def _listed(counts: Sequence[Count]) -> str:
    """Write labels with numbers as the package splits them: ``Reason, 3; Another, 2``."""
    clean = ((" / ".join(c.label.replace(";", ",").split(",")).replace("  ", " "), c.n) for c in counts)
    return "; ".join(f"{label}, {n}" for label, n in clean) or MISSING


def search_appendix(runs: Iterable[SearchRun], *, title: str = "", dedupe: str = "") -> str:
    """Write the appendix of searches that PRISMA-S asks for, as text.

    Parameters
    ----------
    runs
        The rows of ``searches.csv``.
    title
        Of the review.
    dedupe
        How duplicates were found, in a sentence (item 16).

    Notes
    -----
    What a row does not say is printed as "not recorded": nothing is left out in silence.
    """
    rows = list(runs)
    parts = [f"Searches{f' of {title}' if title else ''}", ""]
    parts += [_appendix_entry(i, run) for i, run in enumerate(rows, 1)]
    counted = [run.records for run in rows if run.records is not None]
    parts.append(
        f"Records in all (PRISMA-S item 15): {sum(counted)} from {len(rows)} searches, before duplicates "
        "were removed."
    )
    parts += [f"Duplicates (item 16): {dedupe or 'not recorded'}", "", f"Reported after: {PRISMA_S}", ""]
    return "\n".join(parts)


def _appendix_entry(number: int, run: SearchRun) -> str:
    database = run.method in MAIN_KINDS
    searched = run.database or "not recorded"
    lines = [
        f"{number}. {searched} ({run.method}), search {run.id}",
        f"   Platform (items 1, 2): {run.platform or 'not recorded'}",
        f"   Date of search (item 13): {run.date or 'not recorded'}",
        f"   Limits (item 9): {run.limits or ('none' if database else 'not applicable')}",
        f"   Records (item 15): {'not recorded' if run.records is None else run.records}"
        + (f" of {run.hits} hits" if run.hits is not None else ""),
        f"   Strategy as run (item 8): {run.query or ('not recorded' if database else 'not applicable')}",
    ]
    lines += [f"   As the database understood it: {run.translation}"] if run.translation else []
    lines += [f"   Not returned: {run.not_returned}"] if run.not_returned else []
    lines += [f"   SHA-256 of what was received: {run.sha256}"] if run.sha256 else []
    lines += [f"   Note: {run.note}"] if run.note else []
    return "\n".join(lines) + "\n"
