"""From the fields of any export to a record: here names, dates, pages and numbers are understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from metareview.search.formats.entry import Entry, accept
from metareview.search.record import (
    Link,
    Record,
    clean_doi,
    clean_pmcid,
    clean_pmid,
    find_year,
    identifier,
    registry_numbers,
    tidy,
)

# field → values; a field with a digit behind it (``journal2``) is asked when the one before is empty
Values = dict[str, list[str]]

TYPES = {
    "JOUR": "Journal Article",
    "JFULL": "Journal Article",
    "EJOUR": "Journal Article",
    "INPR": "Journal Article",
    "MGZN": "Magazine Article",
    "NEWS": "News",
    "CONF": "Conference Abstract",
    "CPAPER": "Conference Paper",
    "ABST": "Abstract",
    "BOOK": "Book",
    "CHAP": "Book Chapter",
    "THES": "Thesis",
    "RPRT": "Report",
    "UNPB": "Unpublished Work",
    "ELEC": "Web Page",
    "WEB": "Web Page",
    "CTLG": "Clinical Trial",
    "DATA": "Data Set",
}
_MEDLINE_NAMES = re.compile(r"medline|pubmed|\bnlm\b", re.IGNORECASE)
_QUOTED_PMID = re.compile(r"\b(?:PUBMED|PMID|MEDLINE)\b[:#\s]*([1-9]\d{0,8})\b", re.IGNORECASE)
_ADDRESS_PMID = re.compile(r"(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/([1-9]\d{0,8})\b")
_BEGINS_AS_DOI = re.compile(r"\s*(doi:|https?://(dx\.)?doi\.org/|10\.)", re.IGNORECASE)
_COLLECTIVE = re.compile(r"\b(group|study|network|consortium)\b", re.IGNORECASE)
_AND = re.compile(r",? and ")
_QUOTED_PMCID = re.compile(r"\bPMC\d{4,9}\b")
_MARKUP = re.compile(
    r"</?(?:i|b|u|em|strong|sub|sup|p|br|jats:[a-z]+|span|h\d|inf)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_INITIALS = re.compile(r"(?:[^\W\d_a-zà-ÿ]\.?[- ]?){1,4}(?:,? ?(?:Jr|Sr|II|III)\.?)?")
_LIST = re.compile(r"[;\n]")
_NO_ABSTRACT = re.compile(
    r"\W*+(no abstract( is)? available|abstract not available|n/?a)?\W*+", re.IGNORECASE
)
_HELD_AGAINST = 20  # abstracts of a record that a shorter one may be a part of
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_BARE_NUMBER = re.compile(r"\d{1,9}")
# a word of what an export calls its database, and the database's usual name
_PROVIDERS = {
    "embase": "Embase",
    "scopus": "Scopus",
    "web of science": "Web of Science",
    "cochrane": "CENTRAL",
    "central": "CENTRAL",
    "pubmed": "PubMed",
    "medline": "MEDLINE",
    "nlm": "PubMed",
    "cinahl": "CINAHL",
    "psycinfo": "APA PsycInfo",
    "clinicaltrials.gov": "ClinicalTrials.gov",
    "ictrp": "WHO ICTRP",
    "lilacs": "LILACS",
}


def record_entry(line: int, values: Values, database: str = "", says: str = "") -> Entry:
    """Make a record of the fields of one record of a file.

    Parameters
    ----------
    line
        Where it begins.
    values
        Its fields, as the file has them.
    database
        Where such files come from, when the record does not say it.
    says
        What is to be told of it already.
    """
    return accept(line, record_of(values, database), says)


def record_of(values: Values, database: str = "") -> Record:
    """Make a record of fields; see :func:`record_entry`."""
    provider = name_database(_first(values, "database", "provider")) or database
    journal = _first(values, "journal", "journal2", "journal3", "book")
    year = _first(values, "year")
    published = (_first(values, "published") or year).rstrip("/ ")
    doi, pmid, accession = _doi(values), _pmid(values, provider), _accession(values, provider)
    return Record(
        id=identifier(pmid, doi, accession),
        title=_title(values),
        original_title=_first(values, "original_title"),
        abstract=_abstract(values),
        authors=_authors(values),
        year=find_year(year) or find_year(published) or find_year(_first(values, "citation")),
        published=published if find_year(published) and not published.isdigit() else "",
        journal="" if "://" in journal else journal or _first(values, "citation").partition(".")[0],
        issn=_first(values, "issn"),
        volume=_first(values, "volume"),
        issue=_first(values, "issue"),
        pages=_pages(values),
        doi=doi,
        pmid=pmid,
        pmcid=_pmcid(values),
        accession=accession,
        registry=_registry(values),
        types=_types(values),
        languages=_list(values, "languages"),
        keywords=_list(values, "keywords"),
        url=_first(values, "url"),
        links=_links(values),
        database=provider,
    )


@lru_cache(maxsize=1000)
def name_database(said: str) -> str:
    """Return a database's usual name; a name that is not known stays as it is.

    >>> name_database("Embase Classic+Embase"), name_database("Ovid MEDLINE(R)"), name_database("Our library")
    ('Embase', 'MEDLINE', 'Our library')
    """
    folded = said.casefold()
    return next((name for word, name in _PROVIDERS.items() if word in folded), said)


def _first(values: Values, *names: str) -> str:
    for name in names:
        for value in values.get(name, ()):
            if text := tidy(value):
                return text
    return ""


def _without_markup(text: str) -> str:
    """Take out the markup of exports, but not a "P < 0.05"."""
    return tidy(_MARKUP.sub("", text)) if "<" in text else tidy(text)


def _title(values: Values) -> str:
    return _without_markup(_first(values, "title", "original_title", "book"))


def _abstract(values: Values) -> str:
    """Take every abstract of the record, each once; exports repeat them, and say when there is none."""
    kept: dict[str, None] = {}
    for value in sorted(values.get("abstract") or values.get("abstract2") or [], key=len, reverse=True):
        text = _without_markup(value)
        known = text in kept or any(text in other for other in islice(kept, _HELD_AGAINST))
        if not _NO_ABSTRACT.fullmatch(text) and not known:
            kept[text] = None
    return " ".join(kept)


def _list(values: Values, name: str) -> tuple[str, ...]:
    parts = (tidy(part) for value in values.get(name, ()) for part in _LIST.split(value))
    return tuple(dict.fromkeys(part for part in parts if part))


def _authors(values: Values) -> tuple[str, ...]:
    held = values.get("authors") or values.get("authors2") or []
    names = [name for value in held for name in split_authors(value)]
    return tuple(dict.fromkeys([*names, *_list(values, "collectives")]))


def split_authors(cell: str) -> list[str]:
    """Split a cell that may hold one author or many.

    >>> split_authors("Zhao K, Lin R, Fan Z."), split_authors("Zhao, Ke"), split_authors("Zhao, K., Lin, R.")
    (['Zhao K', 'Lin R', 'Fan Z'], ['Zhao, Ke'], ['Zhao, K.', 'Lin, R.'])
    >>> split_authors("Zhao, Ke; Lin, Ren"), split_authors("Knut Smith and Wei Li")
    (['Zhao, Ke', 'Lin, Ren'], ['Knut Smith', 'Wei Li'])
    """
    text = cell.strip()
    if ";" in text or "\n" in text:
        return [name for part in _LIST.split(text) if (name := tidy(part))]
    text = tidy(text)
    if " and " in text and not _COLLECTIVE.search(text):
        return [name for part in _AND.split(text) if (name := tidy(part))]
    parts = [name for part in text.split(",") if (name := tidy(part))]
    return parts if len(parts) < 2 else _joined(parts)


def _joined(parts: list[str]) -> list[str]:
    """Decide what the commas of a list of authors are: between authors, or inside their names."""
    if len(parts) == 2 and (" " not in parts[0] or " " not in parts[1]):
        return [", ".join(parts)]
    initials = [bool(_INITIALS.fullmatch(part)) for part in parts]
    if len(parts) % 2 == 0 and all(initials[1::2]) and not any(initials[0::2]):
        return [f"{family}, {given}" for family, given in zip(parts[0::2], parts[1::2], strict=True)]
    dotted = parts[-1].split()[-1].count(".") > 1  # the dot belongs to initials, not to the list
    return [*parts[:-1], parts[-1] if dotted else parts[-1].removesuffix(".")]


def _pages(values: Values) -> str:
    first, last = (_first(values, name).translate(_HYPHENS) for name in ("first_page", "last_page"))
    if first and last and "-" not in first and first != last:
        return f"{first}-{last}"
    return first or _first(values, "article_number")


def _doi(values: Values) -> str:
    places = _doi_places(values)
    return next((doi for place in places if (doi := clean_doi(place.replace("[doi]", "")))), "")


def _doi_places(values: Values) -> Iterator[str]:
    """Return where exports put a DOI, the likeliest first."""
    yield from values.get("doi", ())
    yield from (v for v in values.get("doi_or_other", ()) if "[doi]" in v)
    yield from (v for v in values.get("url", ()) if "doi.org/" in v)
    yield from (v for v in values.get("notes", ()) if _BEGINS_AS_DOI.match(v))
    yield from (v for name in ("types", "accession") for v in values.get(name, ()) if v.startswith("10."))


def _pmid(values: Values, provider: str) -> str:
    """Find a PMID where exports put it; a bare accession number is one only where PubMed gave it."""
    own = next((pmid for v in values.get("pmid", ()) if (pmid := clean_pmid(v.split(" ")[0]))), "")
    if own:
        return own
    elsewhere = "\n".join(v for name in ("notes", "accession", "label") for v in values.get(name, ()))
    quoted = _QUOTED_PMID.search(elsewhere) or _ADDRESS_PMID.search("\n".join(values.get("url", ())))
    if quoted:
        return quoted[1]
    if _MEDLINE_NAMES.search(provider):
        return next(
            (p for v in values.get("accession", ()) if _BARE_NUMBER.fullmatch(v) and (p := clean_pmid(v))), ""
        )
    return ""


def _pmcid(values: Values) -> str:
    own = next((p for v in values.get("pmcid", ()) if (p := clean_pmcid(v))), "")
    quoted = _QUOTED_PMCID.search("\n".join((*values.get("notes", ()), *values.get("url", ()))))
    return own or (quoted[0] if quoted else "")


def _accession(values: Values, provider: str) -> str:
    """Give the database's own number; a DOI, a PMID or a number of PubMed's is not kept twice."""
    for value in values.get("accession", ()):
        text = tidy(value)
        is_pmid = _MEDLINE_NAMES.search(provider) and clean_pmid(text)
        if text and not is_pmid and not text.startswith("10.") and not _QUOTED_PMID.match(text):
            return text
    return ""


def _registry(values: Values) -> tuple[str, ...]:
    places = ("registry", "accession", "label", "url", "notes", "title", "journal")
    return tuple(dict.fromkeys(n for p in places for v in values.get(p, ()) for n in registry_numbers(v)))


def _types(values: Values) -> tuple[str, ...]:
    code = _first(values, "type_code").upper()
    given = [t for t in _list(values, "types") if not t.startswith("10.")]
    return tuple(dict.fromkeys(given or filter(None, (TYPES.get(code, ""),))))


def _links(values: Values) -> tuple[Link, ...]:
    return tuple(
        _link(name[5:], text) for name, held in values.items() if name.startswith("link:") for text in held
    )


def _link(kind: str, text: str) -> Link:
    pmid = re.search(r"PMID:?\s*(\d+)", text)
    return Link(kind, pmid[1]) if pmid else Link(kind, citation=tidy(text))
