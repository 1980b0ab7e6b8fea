"""All ids of a query, however many: PubMed serves only the first 9,999, so the rest is reached by entry date.

Every record has exactly one entry date, so slices of it tile the whole; publication dates do
not (a record may have two). A day with more than 9,999 is cut by PMID. The counts of two halves
must add up to the whole at every cut, and the ids must be as many as PubMed counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from lxml import etree

from metareview.errors import SearchError
from metareview.search.entrez.replies import ReplyError

WINDOW = 9_999
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
HIGHEST_PMID = 99_999_999
_PASSES = 3
_MOST_PAGES = 40_000  # all of PubMed takes half of that
_NUMBER = re.compile(r"[0-9]{1,9}")
_REPEAT = "PubMed's list of hits names PMID {} {} times; it is counted once."


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a query's hits: all of them, or those of some entry days, or of a day and some PMIDs."""

    days: tuple[date, date] | None = None
    pmids: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Give a name for files: ``whole``, ``20200101-20200131``, ``20200101-20200101-1-499``."""
        if self.days is None:
            return "whole"
        parts = [f"{day:%Y%m%d}" for day in self.days] + [str(n) for n in self.pmids or ()]
        return "-".join(parts)

    def halves(self) -> tuple[Slice, Slice]:
        """Cut it in two: by days while there is more than one, then by PMID."""
        low, high = self.days or (FIRST_DAY, LAST_DAY)
        if low < high:
            middle = low + (high - low) // 2
            return Slice((low, middle)), Slice((middle + timedelta(days=1), high))
        first, last = self.pmids or (1, HIGHEST_PMID)
        cut = (first + last) // 2
        return Slice(self.days, (first, cut)), Slice(self.days, (cut + 1, last))

    def params(self, query: str) -> dict[str, object]:
        """Give the parameters of ``esearch`` for this part of a query."""
        if self.pmids:
            query = f"({query}) AND {self.pmids[0]}:{self.pmids[1]}[uid]"
        asked: dict[str, object] = {"db": "pubmed", "term": query, "retmax": WINDOW, "retmode": "xml"}
        if self.days:
            low, high = (f"{day:%Y/%m/%d}" for day in self.days)
            asked |= {"datetype": "edat", "mindate": low, "maxdate": high}
        return asked


@dataclass(frozen=True, slots=True)
class Hits:
    """One answer of ``esearch``.

    Attributes
    ----------
    count : how many PubMed counts
    ids : those it gave, each once, at most 9,999
    translation : the query as PubMed understood it
    errors, warnings : PubMed's own, as sentences
    repeats : a sentence for each id that the answer names more than once
    """

    count: int
    ids: tuple[str, ...]
    translation: str = ""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All ids of a query: ascending, each once, as many as PubMed counted."""

    ids: tuple[str, ...]
    whole: Hits
    slices: tuple[tuple[str, int], ...]


class MovedError(Exception):
    """The database changed while it was asked."""


def read_hits(element: etree._Element) -> Hits:
    """Read an ``eSearchResult``.

    Raises
    ------
    ReplyError
        When it has no count, or fewer ids than it says.
    """
    count = (element.findtext("Count") or "").strip()
    ids = tuple((e.text or "").strip() for e in element.iterfind("IdList/Id"))
    if not _NUMBER.fullmatch(count) or not all(map(_NUMBER.fullmatch, ids)):
        raise ReplyError("a search result without a count", passing=True)
    if len(set(ids)) != min(int(count), WINDOW):
        raise ReplyError(f"{len(set(ids))} ids where {min(int(count), WINDOW)} were due", passing=True)
    return Hits(
        int(count),
        tuple(dict.fromkeys(ids)),
        " ".join((element.findtext("QueryTranslation") or "").split()),
        _sentences(element.find("ErrorList")),
        _sentences(element.find("WarningList")),
        tuple(_REPEAT.format(name, n) for name, n in Counter(ids).items() if n > 1),
    )


_SAYS = {
    "PhraseNotFound": 'PubMed knows no record with "{}"; that part of the query finds nothing.',
    "FieldNotFound": 'PubMed knows no field "{}" and searched without it.',
    "PhraseIgnored": 'PubMed ignored "{}".',
    "QuotedPhraseNotFound": "PubMed does not know the quoted phrase {} and found nothing for it.",
    "OutputMessage": "PubMed says: {}",
}


def _sentences(element: etree._Element | None) -> tuple[str, ...]:
    if element is None:
        return ()
    held = ((str(e.tag), " ".join((e.text or "").split())) for e in element)
    return tuple(_SAYS.get(tag, f"PubMed says {tag}: {{}}").format(text) for tag, text in held if text)


def collect_ids(ask: Callable[[Slice], Hits], forget: Callable[[], None]) -> Found:
    """Collect every id of a query.

    Parameters
    ----------
    ask
        Answers for one slice, from the disk when it was asked before.
    forget
        Drops what is on the disk, for another pass when the database changed meanwhile.

    Raises
    ------
    SearchError
        When three passes could not make ids and count agree.
    """
    moved = ""
    for _ in range(_PASSES):
        try:
            return _one_pass(ask)
        except MovedError as error:
            moved = str(error)
            forget()
    raise SearchError(
        f"PubMed's count and its ids do not agree after {_PASSES} passes: {moved}. No record was left out in "
        "silence; run the search again when PubMed is quieter."
    )


def _one_pass(ask: Callable[[Slice], Hits]) -> Found:
    whole = ask(Slice())
    if whole.count <= WINDOW:
        return Found(_ascending(whole.ids), _warned(whole, whole.repeats), (("whole", whole.count),))
    ids: set[str] = set()
    slices: list[tuple[str, int]] = []
    repeats: list[str] = []
    waiting = [(Slice((FIRST_DAY, LAST_DAY)), whole.count)]
    pages = 0
    while waiting:
        part, expected = waiting.pop()
        pages += 1
        if pages > _MOST_PAGES:
            raise SearchError(
                f"PubMed's answer goes on after {_MOST_PAGES:,} pages of ids, more than all of PubMed has; "
                "narrow the query, or run it again later."
            )
        hits = ask(part)
        if hits.count != expected:
            raise MovedError(f"{part.name} has {hits.count} hits where {expected} were due")
        if hits.count <= WINDOW:
            ids.update(hits.ids)
            repeats += hits.repeats
            slices.append((part.name, hits.count))
            continue
        if part.pmids and part.pmids[0] == part.pmids[1]:
            raise MovedError(f"one PMID, {part.pmids[0]}, has {hits.count} hits")
        low, high = part.halves()
        below = ask(low).count
        waiting += [(half, n) for half, n in ((high, hits.count - below), (low, below)) if n]
    if len(ids) != whole.count:
        raise MovedError(f"{len(ids)} different ids, and a count of {whole.count}")
    return Found(_ascending(ids), _warned(whole, (*whole.repeats, *repeats)), tuple(slices))


def _warned(whole: Hits, repeats: Sequence[str]) -> Hits:
    return replace(whole, warnings=(*whole.warnings, *dict.fromkeys(repeats)))


def _ascending(ids: object) -> tuple[str, ...]:
    return tuple(sorted(ids, key=int))  # type: ignore[call-overload]
