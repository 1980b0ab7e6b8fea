"""What is asked of PubMed: a query, or the links of known records; and the ids that answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from metareview.errors import SearchError
from metareview.files import files_in, remove
from metareview.search.entrez import Client
from metareview.search.entrez.ids import Found, Hits, Slice, collect_ids, read_hits
from metareview.search.entrez.links import CAVEAT, LINKS, Linked, ask_links, check_pmids, read_links
from metareview.search.entrez.shelf import kept_or_asked

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to search PubMed for.

    Attributes
    ----------
    query : in PubMed's syntax, or in words what is linked to what
    limits : more of the query, joined with AND; ``""`` for none
    name : tells several searches of a review apart
    pmids : the records whose links are asked for; none for a query
    """

    query: str
    limits: str = ""
    name: str = "pubmed"
    pmids: tuple[str, ...] = field(default=())

    @property
    def term(self) -> str:
        """What is sent."""
        return f"({self.query}) AND ({self.limits})" if self.limits.strip() else self.query

    @property
    def method(self) -> str:
        """Where PRISMA 2020 counts it."""
        return "citation searching" if self.pmids else "databases"

    @property
    def label(self) -> str:
        """What PRISMA 2020 calls the source."""
        return f"PubMed, {self.query.split(' ', 1)[0]}" if self.pmids else "PubMed"


def date_limits(first: str, last: str) -> str:
    """Word limits of the publication date for PubMed; ``""`` for none.

    >>> date_limits("2010-01-01", "")
    '"2010/01/01"[dp] : "3000"[dp]'
    """
    if not first and not last:
        return ""
    low, high = first.replace("-", "/") or "1000", last.replace("-", "/") or "3000"
    return f'"{low}"[dp] : "{high}"[dp]'


def link_plan(kind: str, pmids: tuple[str, ...]) -> Plan:
    """Plan to ask for the links of some records.

    Parameters
    ----------
    kind
        ``cited-by``, ``similar`` or ``references``.
    pmids
        The records.

    Raises
    ------
    SearchError
        When the kind is unknown, or something is no PMID.
    """
    if kind not in LINKS:
        raise SearchError(f'"{kind}" is no kind of link; {", ".join(LINKS)} are.')
    checked = check_pmids(pmids)
    return Plan(f"{kind} {' '.join(checked)}", name=kind, pmids=checked)


def find_ids(folder: Path, plan: Plan, client: Client, tell: Tell) -> Found:
    """Collect the ids that answer a plan, taking from the folder the replies that are there."""
    if plan.pmids:
        return _linked_ids(folder, plan, client)
    asked = 0

    def ask(part: Slice) -> Hits:
        nonlocal asked
        asked += 1
        tell("searching", asked, 0)
        path = folder / f"{part.name}.xml.gz"
        params = part.params(plan.term)
        return kept_or_asked(
            path, read_hits, lambda: client.ask("esearch", params, "eSearchResult", read_hits)
        )

    def forget() -> None:
        for path in files_in(folder, "*.xml.gz"):
            remove(path)

    return collect_ids(ask, forget)


def _linked_ids(folder: Path, plan: Plan, client: Client) -> Found:
    links: list[Linked] = kept_or_asked(
        folder / "links.xml.gz",
        lambda element: read_links(element, plan.name, plan.pmids),
        lambda: ask_links(client, plan.name, plan.pmids),
    )
    ids = {i for one in links for i in one.ids} - set(plan.pmids)
    unknown = [one.pmid for one in links if not one.known]
    notes = [CAVEAT[plan.name]]
    if unknown:
        notes.append(
            f"PubMed holds no such links for {', '.join(unknown)}, which does not mean that none exist."
        )
    ascending = tuple(sorted(ids, key=int))
    return Found(ascending, Hits(len(ids), ascending, warnings=tuple(notes)), ())
