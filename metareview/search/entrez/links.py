"""Who cites a work, whom it cites, what resembles it: ``elink``, PRISMA's "citation searching"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from metareview.errors import SearchError
from metareview.search.entrez.client import Asked, Client
from metareview.search.entrez.replies import ReplyError
from metareview.search.record import clean_pmid

LINKS = {
    "cited-by": "pubmed_pubmed_citedin",
    "similar": "pubmed_pubmed",
    "references": "pubmed_pubmed_refs",
}
CAVEAT = {
    "cited-by": "PubMed knows only citing articles whose references PubMed Central or publishers gave it.",
    "references": "PubMed knows only references that PubMed Central or publishers gave it.",
    "similar": "PubMed's similar articles share words; they are suggestions, not citations.",
}


@dataclass(frozen=True, slots=True)
class Linked:
    """The records that PubMed links to one record.

    Attributes
    ----------
    pmid : the record that was asked about
    ids : what it is linked to, itself left out, in PubMed's order
    known : False when PubMed holds no links of this kind for it, which is not "none exist"
    """

    pmid: str
    ids: tuple[str, ...]
    known: bool


def check_pmids(pmids: Sequence[str]) -> tuple[str, ...]:
    """Return PMIDs, each once.

    Raises
    ------
    SearchError
        For every one that cannot be a PMID.
    """
    wrong = [p for p in pmids if not clean_pmid(p)]
    if wrong or not pmids:
        raise SearchError(
            [f'"{p}" is no PMID; a number such as 38413930 would be right.' for p in wrong or [""]]
        )
    return tuple(dict.fromkeys(map(clean_pmid, pmids)))


def ask_links(client: Client, kind: str, pmids: Sequence[str]) -> Asked[list[Linked]]:
    """Ask for the links of one kind of some records; the answer has one item per PMID asked."""
    ids = check_pmids(pmids)
    params = {"dbfrom": "pubmed", "db": "pubmed", "linkname": LINKS[kind], "id": list(ids)}
    return client.ask("elink", params, "eLinkResult", lambda element: read_links(element, kind, ids))


def read_links(element: etree._Element, kind: str, asked: Sequence[str]) -> list[Linked]:
    """Read an ``eLinkResult``.

    Raises
    ------
    ReplyError
        When it leaves out a record that was asked about.
    """
    name, found = LINKS[kind], {}
    for one in element.iterfind("LinkSet"):
        pmid = (one.findtext("IdList/Id") or "").strip()
        sets = [s for s in one.iterfind("LinkSetDb") if s.findtext("LinkName") == name]
        ids = dict.fromkeys((e.text or "").strip() for s in sets for e in s.iterfind("Link/Id"))
        ids.pop(pmid, None)
        found[pmid] = Linked(pmid, tuple(ids), known=bool(sets))
    missing = [i for i in asked if i not in found]
    if missing:
        raise ReplyError(f"no set of links for PMID {missing[0]}", passing=True)
    return [found[i] for i in asked]
