"""PubMed's XML, as ``efetch`` and the baseline files give it, read one record at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from metareview.errors import FormatError
from metareview.search.formats.entry import Entry
from metareview.search.record import (
    Link,
    Record,
    clean_doi,
    clean_pmcid,
    find_year,
    registry_numbers,
    tidy,
)

_TAGS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
_NO_TITLE = ("", "[not available].", "[not available]")
# data banks that hold other things than trials
_NO_REGISTRIES = frozenset(
    {"bioproject", "biosample", "dbgap", "dbsnp", "dbvar", "dryad", "figshare", "genbank"}
)
_NO_REGISTRIES |= {
    "geo",
    "gdb",
    "omim",
    "pdb",
    "pir",
    "protein",
    "pubchem",
    "refseq",
    "sra",
    "swissprot",
    "uniprot",
}
_ENTITIES = "{} declares XML entities, which no export of records does; it is not read."
Element = Any  # lxml's elements; its own type is private


def read_pubmed_xml(stream: IO[bytes], name: str) -> Iterator[Entry]:
    """Read the records of a ``PubmedArticleSet``, with memory for one record at a time.

    An older version of a record that stands in the file too, and citations that PubMed deleted,
    come as entries without a record.

    Parameters
    ----------
    stream
        The file, open for bytes.
    name
        What messages call it.

    Raises
    ------
    FormatError
        When the file is not whole XML, or declares entities.
    """
    events = etree.iterparse(
        stream, events=("end",), tag=_TAGS, resolve_entities=False, no_network=True, load_dtd=False
    )
    newest: dict[str, int] = {}
    try:
        for _, element in events:
            refuse_entities(element, name)
            yield from _entries(element, newest)
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise xml_fault(error, name) from None


def xml_fault(error: etree.XMLSyntaxError, name: str) -> FormatError:
    """Say what stopped the parser: entities that grow without end, or XML that is not whole."""
    if re.search(r"amplification|entity reference loop", str(error.msg), re.IGNORECASE):
        return FormatError(_ENTITIES.format(name))
    return FormatError(
        f"{name}:{error.lineno}: the XML is broken or cut short there ({error.msg}); export it again."
    )


def refuse_entities(element: Element, name: str) -> None:
    """Refuse a document that declares entities: no export does, an attack may."""
    declared = element.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise FormatError(_ENTITIES.format(name))


def _forget(element: Element) -> None:
    """Free a record that was read, and those before it."""
    parent = element.getparent()
    element.clear()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _entries(element: Element, newest: dict[str, int]) -> Iterator[Entry]:
    line = element.sourceline or 0
    if element.tag == "DeleteCitation":
        for pmid in element.iterfind("PMID"):
            yield Entry(line, None, f"PubMed deleted the record with PMID {_text(pmid)}")
        return
    record = pubmed_record(element)
    if not record.pmid:
        yield Entry(line, None, "it has no PMID")
        return
    version = _version(element)
    if version <= newest.get(record.pmid, -1):
        yield Entry(
            line, None, f"PMID {record.pmid} stands in the file already, in the same or a newer version"
        )
        return
    says = (
        f"a newer version of PMID {record.pmid}, in place of the one before" if record.pmid in newest else ""
    )
    newest[record.pmid] = version
    yield Entry(line, record, says)


def _version(element: Element) -> int:
    pmid = element.find("MedlineCitation/PMID")
    version = pmid.get("Version", "1") if pmid is not None else "1"
    return int(version) if version.isdigit() else 1


def pubmed_record(element: Element) -> Record:
    """Read one ``PubmedArticle`` or ``PubmedBookArticle``."""
    return _book(element) if element.tag == "PubmedBookArticle" else _article(element)


def _article(element: Element) -> Record:
    citation = element.find("MedlineCitation")
    article = citation.find("Article") if citation is not None else None
    if citation is None or article is None:
        return Record(id="", pmid=_text(element.find("MedlineCitation/PMID")))
    journal = article.find("Journal")
    issue = journal.find("JournalIssue") if journal is not None else None
    title, original = _titles(article)
    published, year = _published(issue.find("PubDate") if issue is not None else None)
    ids = _own_ids(element.find("PubmedData/ArticleIdList"))
    pmid = _text(citation.find("PMID"))
    return Record(
        id=f"pmid:{pmid}",
        title=title,
        original_title=original,
        abstract=_abstract(article.find("Abstract")) or _other_abstract(citation),
        authors=_authors(article.find("AuthorList")),
        year=year or find_year(_text(article.find("ArticleDate/Year"))),
        published=published,
        journal=_first(journal, "Title", "ISOAbbreviation")
        or _text(citation.find("MedlineJournalInfo/MedlineTA")),
        issn=_first(journal, "ISSN") or _text(citation.find("MedlineJournalInfo/ISSNLinking")),
        volume=_first(issue, "Volume"),
        issue=_first(issue, "Issue"),
        pages=_pages(article),
        doi=clean_doi(ids.get("doi", "")) or _located_doi(article),
        pmid=pmid,
        pmcid=clean_pmcid(ids.get("pmc", "")),
        registry=_registry(article.find("DataBankList")),
        types=_each(article, "PublicationTypeList/PublicationType"),
        languages=_each(article, "Language"),
        keywords=_each(citation, "MeshHeadingList/MeshHeading/DescriptorName")
        + _each(citation, "KeywordList/Keyword"),
        links=_links(citation.find("CommentsCorrectionsList")),
        database="PubMed",
    )


def _book(element: Element) -> Record:
    chapter = element.find("BookDocument")
    if chapter is None:
        return Record(id="")
    book = chapter.find("Book")
    book_title = _first(book, "BookTitle")
    title, original = _titles(chapter)
    published, year = _published(book.find("PubDate") if book is not None else None)
    ids = _own_ids(chapter.find("ArticleIdList")) | _own_ids(element.find("PubmedBookData/ArticleIdList"))
    pmid = _text(chapter.find("PMID"))
    return Record(
        id=f"pmid:{pmid}",
        title=title or book_title,
        original_title=original,
        abstract=_abstract(chapter.find("Abstract")),
        authors=_book_authors(chapter, book),
        year=year or find_year(_text(chapter.find("ContributionDate/Year"))),
        published=published,
        journal=book_title,
        issn=_first(book, "Isbn"),
        volume=_first(book, "Volume"),
        pages=_pages(chapter) or _text(chapter.find("LocationLabel")),
        doi=clean_doi(ids.get("doi", "")) or _located_doi(book),
        pmid=pmid,
        pmcid=clean_pmcid(ids.get("pmc", "")),
        accession=ids.get("bookaccession", ""),
        types=_each(chapter, "PublicationType"),
        languages=_each(chapter, "Language"),
        keywords=_each(chapter, "KeywordList/Keyword"),
        database="PubMed",
    )


def _text(element: Element | None) -> str:
    """All text of an element, that of markup inside it too, in one line."""
    if element is None:
        return ""
    return tidy("".join(element.itertext()) if len(element) else element.text or "")


def _first(parent: Element | None, *paths: str) -> str:
    if parent is None:
        return ""
    return next((text for path in paths if (text := _text(parent.find(path)))), "")


def _each(parent: Element, path: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for e in parent.iterfind(path) if (text := _text(e))))


def _titles(parent: Element) -> tuple[str, str]:
    """Give the title and the one in the work's own language; the latter alone is the title."""
    title, own = _text(parent.find("ArticleTitle")), _text(parent.find("VernacularTitle"))
    return (own, "") if title.casefold() in _NO_TITLE and own else (title, own)


def _published(date: Element | None) -> tuple[str, int | None]:
    if date is None:
        return "", None
    parts = [_text(date.find(tag)) for tag in ("Year", "Month", "Season", "Day")]
    said = " ".join(filter(None, parts)) or _text(date.find("MedlineDate"))
    return said, find_year(said)


def _pages(parent: Element) -> str:
    printed = _text(parent.find("Pagination/MedlinePgn"))
    if printed:
        return printed
    return "-".join(
        filter(None, (_text(parent.find(f"Pagination/{tag}")) for tag in ("StartPage", "EndPage")))
    )


def _abstract(element: Element | None) -> str:
    if element is None:
        return ""
    parts = ((part.get("Label", ""), _text(part)) for part in element.iterfind("AbstractText"))
    return " ".join(f"{tidy(label)}: {text}" if label else text for label, text in parts if text)


def _other_abstract(citation: Element) -> str:
    """Take an abstract in another language or for lay readers, when there is no other."""
    others = sorted(citation.iterfind("OtherAbstract"), key=lambda e: e.get("Language", "eng") != "eng")
    return next((text for other in others if (text := _abstract(other))), "")


def _authors(element: Element | None) -> tuple[str, ...]:
    if element is None:
        return ()
    valid = (a for a in element.iterfind("Author") if a.get("ValidYN", "Y") != "N")
    return tuple(filter(None, map(_author, valid)))


def _author(element: Element) -> str:
    family = " ".join(filter(None, (_text(element.find("LastName")), _text(element.find("Suffix")))))
    given = _text(element.find("ForeName")) or _text(element.find("Initials"))
    if family:
        return f"{family}, {given}" if given else family
    return _text(element.find("CollectiveName")) or given


def _book_authors(chapter: Element, book: Element | None) -> tuple[str, ...]:
    lists = [*chapter.iterfind("AuthorList"), *(book.iterfind("AuthorList") if book is not None else ())]
    writers = [e for e in lists if e.get("Type", "authors") == "authors"]
    return next((names for e in [*writers, *lists] if (names := _authors(e))), ())


def _own_ids(element: Element | None) -> dict[str, str]:
    """Give the record's own identifiers; those of its references stand in lists of their own."""
    if element is None:
        return {}
    return {e.get("IdType", ""): _text(e) for e in element.iterfind("ArticleId")}


def _located_doi(parent: Element | None) -> str:
    if parent is None:
        return ""
    places = (
        e
        for e in parent.iterfind("ELocationID")
        if e.get("EIdType") == "doi" and e.get("ValidYN", "Y") != "N"
    )
    return next((doi for e in places if (doi := clean_doi(_text(e)))), "")


def _registry(banks: Element | None) -> tuple[str, ...]:
    if banks is None:
        return ()
    found: dict[str, None] = {}
    for bank in banks.iterfind("DataBank"):
        other = _text(bank.find("DataBankName")).casefold().partition("-")[0] in _NO_REGISTRIES
        for number in bank.iterfind("AccessionNumberList/AccessionNumber"):
            text = _text(number)
            found |= dict.fromkeys(registry_numbers(text) or ((text,) if text and not other else ()))
    return tuple(found)


def _links(element: Element | None) -> tuple[Link, ...]:
    if element is None:
        return ()
    return tuple(
        Link(kind, pmid)
        if (pmid := _text(one.find("PMID")))
        else Link(kind, citation=_text(one.find("RefSource")))
        for one in element.iterfind("CommentsCorrections")
        if (kind := one.get("RefType", "")) and kind != "Cites"
    )
