"""Tables of records: PubMed CSV, Covidence, Rayyan, ASReview, Scopus, Embase, CENTRAL, Web of Science."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from metareview.characters import unguarded
from metareview.errors import FormatError
from metareview.search.formats.entry import Entry
from metareview.search.formats.fields import Values, record_entry
from metareview.tables import SEPARATORS

# field of a record: the headings that hold it, in small letters without signs, the better ones first
_TABLE = """
title: title, article title, document title, primary title, publication title, ti, study title, brief title,
  scientific title, name
original_title: original title, translated title
abstract: abstract, abstracts, ab, abstract note, brief summary, description
authors: authors, author, author full names, author names, author s, au, creators
year: year, publication year, published year, py, year of publication, date published year, start date
published: publication date, date of publication, published, cover date, early access date
journal: journal, journal book, source title, source, journal title, publication name, secondary title, so,
  journal name
issn: issn, isbn issn, issns
volume: volume, vol, vl
issue: issue, number, ip, issue number
first_page: pages, page start, start page, first page, bp, page range, pagination
last_page: page end, end page, last page, ep
article_number: art no, article number, ar
doi: doi, digital object identifier doi, digital object identifier, di
pmid: pmid, pubmed id, medline pmid, pm, pubmedid
pmcid: pmcid, pmc id, pubmed central id
accession: accession number, embase accession id, eid, ut unique wos id, ut, cochrane id, accession,
  nct number, trialid, pui
label: covidence, id, key, record id, record number
registry: clinical trial number, clinical trial numbers, other ids, secondary ids, trial registry number
types: publication type, document type, type, item type, pt, dt, publication types, study type
languages: language, language of original document, la, article language, languages
keywords: keywords, author keywords, mesh terms, emtree medical index terms major focus, index keywords,
  mh, de, conditions
url: url, link, urls, full text url, web address, study url, embase link
database: database, db, source database, database name
notes: notes, citation, custom 1, ref
"""
HEADINGS = {
    name: [heading.strip() for heading in row.replace("\n", " ").split(",")]
    for name, row in re.findall(r"^(\w+): (.*(?:\n  .*)*)", _TABLE, re.MULTILINE)
}
_FIELDS: dict[str, str] = {heading: name for name, row in HEADINGS.items() for heading in row}
_SIGNS = re.compile(r"[\W_]+")
_NEEDED = ("title", "doi", "pmid", "accession")


def field_of(heading: str) -> str:
    """Say which field of a record a heading means, ``""`` for none.

    >>> field_of("Journal/Book"), field_of("pubmed_id"), field_of("Cited by")
    ('journal', 'pmid', '')
    """
    return _FIELDS.get(_SIGNS.sub(" ", heading).strip().casefold(), "")


def read_delimited(text: str, name: str) -> Iterator[Entry]:
    """Read a table of records; rows that do not fit the header are told, not dropped.

    Raises
    ------
    FormatError
        When no column can be a title, a DOI or another identifier.
    """
    separator = max(SEPARATORS, key=text.lstrip("\ufeff\r\n").split("\n", 1)[0].count)
    lines = io.StringIO(text, newline="")
    if separator == "\t" and not re.search(r'(^|\t)"', text):  # Web of Science puts no quotes around cells
        reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, delimiter=separator)
    yield from read_rows(_numbered(reader), name, database_of(text))


def _numbered(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = [f"\0{error}"]
        yield start, [unguarded(cell) for cell in row]
        start = reader.line_num + 1  # type: ignore[attr-defined]


def read_rows(rows: Iterable[tuple[int, Sequence[str]]], name: str, database: str = "") -> Iterator[Entry]:
    """Read numbered rows, the first of them the header; see :func:`read_delimited`."""
    numbered = iter((line, row) for line, row in rows if any(cell.strip() for cell in row))
    _, header = next(numbered, (1, []))
    database = database or database_of(",".join(header))
    columns = _columns(header)
    if not {field for _, field in columns} & set(_NEEDED):
        raise FormatError(
            f"{name}:1: no column is a title, a DOI, a PMID or an accession number; the header has "
            f"{', '.join(header[:12]) or 'nothing'}."
        )
    for line, row in numbered:
        yield _entry(line, row, header, columns, database)


def _columns(header: Sequence[str]) -> list[tuple[int, str]]:
    """Pair places and fields, the better of two headings for one field first."""
    pairs = [(place, field_of(heading.strip())) for place, heading in enumerate(header)]
    order = list(_FIELDS)
    known = [(place, field) for place, field in pairs if field]
    return sorted(known, key=lambda pair: order.index(_SIGNS.sub(" ", header[pair[0]]).strip().casefold()))


def _entry(
    line: int, row: Sequence[str], header: Sequence[str], columns: Sequence[tuple[int, str]], database: str
) -> Entry:
    if row[0].startswith("\0"):
        return Entry(line, None, f"the row cannot be read ({row[0][1:]})")
    if len(row) != len(header) and any(cell.strip() for cell in row[len(header) :]):
        return Entry(line, None, f"the row has {len(row)} cells; the header has {len(header)}")
    values: Values = {}
    for place, field in columns:
        taken = field == "authors" and field in values  # Scopus lists them twice
        if place < len(row) and row[place].strip() and not taken:
            values.setdefault(field, []).append(row[place])
    says = f"the row has {len(row)} cells; the header has {len(header)}" if len(row) < len(header) - 1 else ""
    return record_entry(line, values, database, says)


# headings that only one service writes
_MARKS = {
    "PubMed": ("PMID", "Journal/Book", "Create Date"),
    "Scopus": ("EID", "Source title"),
    "Embase": ("PUI", "Embase Accession ID"),
    "CENTRAL": ("Cochrane ID",),
    "Web of Science": ("UT (Unique WOS ID)",),
    "ClinicalTrials.gov": ("NCT Number", "Study Title"),
    "WHO ICTRP": ("TrialID", "Scientific title"),
}


def database_of(text: str) -> str:
    """Say whose export a table is, by headings that only one service writes; ``""`` when none does."""
    header = text.lstrip("\ufeff\r\n").split("\n", 1)[0].casefold()
    marks = ((name, all(mark.casefold() in header for mark in row)) for name, row in _MARKS.items())
    found = next((name for name, fits in marks if fits), "")
    return found or ("Web of Science" if header.startswith("pt\tau\t") else "")
