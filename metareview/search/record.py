"""A record: one hit of one database, and the words that tell whether two hits are one work."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from metareview.characters import normal

_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_DOI_TAIL = ".,;:'\""
_BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
_PMID = re.compile(r"[1-9]\d{0,8}")
_PMCID = re.compile(r"(?:PMC)?(\d{1,9})(?:\.\d+)?", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_BLANKS = re.compile(r"\s+")
_REGISTRY = re.compile(
    r"\bNCT[- ]?\d{8}\b|\bISRCTN[- ]?\d{7,8}\b|\bChiCTR[-A-Z0-9]{0,20}?\d{8,10}\b|\bACTRN[- ]?\d{14}\b"
    r"|\bDRKS[- ]?\d{8}\b|\bjRCTs?\d{9,10}\b|\bUMIN(?:-CTR)?[- ]?(?:0{3}|C0{6})\d{3,6}\b"
    r"|\bCTRI/\d{4}/\d{2,3}/\d{6}\b|\bKCT\d{7}\b|\bIRCT\d{8,14}N\d{1,3}\b|\bNTR[- ]?\d{3,4}\b"
    r"|\bNL-OMON\d{4,6}\b|\bPACTR\d{15,16}\b|\bRBR-[0-9a-z]{6,7}\b|\bTCTR\d{11}\b|\bSLCTR/\d{4}/\d{3}\b|\bRPCEC\d{8}\b"
    r"|(?<![\d-])20\d\d-\d{6}-\d\d(?:-\d\d)?(?![\d-])|\bJPRN-[A-Za-z]+\d+\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d{4}|NTR")
_EUDRACT = re.compile(r"20\d\d-\d{6}-\d\d(-\d\d)?")

RETRACTED_BY = ("RetractionIn", "PartialRetractionIn")
RETRACTED_TYPE = "retracted publication"
CORRECTED_BY = (
    "ErratumIn",
    "CorrectedandRepublishedIn",
    "ExpressionOfConcernIn",
    "UpdateIn",
    "RepublishedIn",
)


@dataclass(frozen=True, slots=True)
class Link:
    """What PubMed says of another record: a notice, a comment, an update.

    Attributes
    ----------
    kind : PubMed's word for it (``RetractionIn``, ``ErratumIn``, ``ExpressionOfConcernIn``, ``UpdateIn`` …)
    pmid : the other record, ``""`` where PubMed does not name it
    citation : the other record as printed
    """

    kind: str
    pmid: str = ""
    citation: str = ""

    def __str__(self) -> str:
        """Give ``kind:pmid``, or ``kind:citation`` without a PMID."""
        return f"{self.kind}:{self.pmid or self.citation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One hit of one database, as that database described it.

    Attributes
    ----------
    id : unique in a review: ``pmid:…``, ``doi:…``, ``acc:…`` or ``text:…``, with ``~2`` … when taken
    title, abstract : one line each; a structured abstract keeps its labels (``METHODS: …``)
    original_title : the title in the language of the work
    authors : ``Family GG`` or ``Family, Given``, in order; a collective is one author
    year : of publication, ``None`` if not given
    published : the date as the database prints it (``2024 Mar 5``, ``1998 Dec-1999 Jan``)
    journal, issn, volume, issue, pages : where it appeared; a book's title stands in ``journal``
    doi : lower case, no address before it; ``pmid``; ``pmcid``: with ``PMC``
    accession : the database's own number (Embase, CENTRAL, Web of Science …)
    registry : trial registry numbers, as the database lists them
    types : publication types; ``languages``; ``keywords``: MeSH headings and authors' words
    url : where it can be read
    links : retraction, erratum, expression of concern, update, comment
    database : whose description this is (``PubMed``, ``Embase``, ``ClinicalTrials.gov`` …)
    source : the searches and imports that found it, as named in ``searches.csv``
    note : what a reader of this description must know
    """

    id: str
    title: str = ""
    original_title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    published: str = ""
    journal: str = ""
    issn: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    accession: str = ""
    registry: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    url: str = ""
    links: tuple[Link, ...] = ()
    database: str = ""
    source: tuple[str, ...] = ()
    note: str = ""

    @property
    def retracted(self) -> bool:
        """Whether the work was retracted; a notice *of* retraction is not itself retracted."""
        return any(link.kind in RETRACTED_BY for link in self.links) or any(
            t.casefold() == RETRACTED_TYPE for t in self.types
        )

    @property
    def corrections(self) -> tuple[Link, ...]:
        """Errata, expressions of concern, republications and updates of this work."""
        return tuple(link for link in self.links if link.kind in CORRECTED_BY)

    @property
    def label(self) -> str:
        """Name the record as people do: ``Kebriaei 2020``."""
        first = self.authors[0] if self.authors else (self.title[:40] or self.id)
        return f"{family_name(first) if self.authors else first} {self.year or 'n.d.'}"


def changed(record: Record, **values: Any) -> Record:
    """Return a record with some of its values changed, in a third of the time of ``dataclasses.replace``."""
    return Record(**{**dict(zip(_NAMES, values_of(record), strict=True)), **values})


_NAMES = tuple(field.name for field in fields(Record))
values_of = attrgetter(*_NAMES)  # of a record, in the order of its fields


def tidy(text: str) -> str:
    r"""Make one line of a text: composed characters, no control characters, single blanks.

    >>> tidy("  Mesenchymal\n  stromal\u00a0cells\x07 ")
    'Mesenchymal stromal cells'
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most texts, and a third of the time
    return _BLANKS.sub(" ", _CONTROL.sub("", normal("NFC", text))).strip()


def clean_doi(text: str) -> str:
    """Find the DOI in a text and write it in lower case without an address before it.

    >>> clean_doi("https://doi.org/10.1186/S12916-024-03275-5.")
    '10.1186/s12916-024-03275-5'
    """
    found = _DOI.search(_unescaped(text).replace("%2F", "/").replace("%2f", "/"))
    return _without_tail(found[0]).lower() if found else ""


def _unescaped(text: str) -> str:
    """Put signs in the place of their names; a number of thousands of digits names none."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


def _without_tail(doi: str) -> str:
    """Drop what a sentence put behind a DOI; a bracket goes only if it was never opened."""
    if doi[-1] not in _DOI_TAIL and doi[-1] not in _BRACKETS:  # most
        return doi
    counts, end = Counter(doi), len(doi)
    while end and (
        doi[end - 1] in _DOI_TAIL
        or (doi[end - 1] in _BRACKETS and counts[doi[end - 1]] > counts[_BRACKETS[doi[end - 1]]])
    ):
        end -= 1
        counts[doi[end]] -= 1
    return doi[:end]


def clean_pmid(text: str) -> str:
    """Return a PMID, or ``""`` if the text is none.

    >>> clean_pmid(" 38413930 "), clean_pmid("PMID: 38413930"), clean_pmid("0"), clean_pmid("L2007")
    ('38413930', '38413930', '', '')
    """
    word = re.sub(r"^\s*(pmid|pubmed|medline)[: ]*", "", text, flags=re.IGNORECASE).strip()
    return word if _PMID.fullmatch(word) else ""


def clean_pmcid(text: str) -> str:
    """Return a PubMed Central number with its ``PMC``, or ``""``.

    >>> clean_pmcid("pmc10900595"), clean_pmcid("10900595")
    ('PMC10900595', 'PMC10900595')
    """
    found = _PMCID.fullmatch(text.strip())
    return f"PMC{found[1]}" if found else ""


def find_year(text: str) -> int | None:
    """Return the first year that a text names.

    >>> find_year("1998 Dec-1999 Jan"), find_year("Spring"), find_year("2021/01/02/")
    (1998, None, 2021)
    """
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def registry_numbers(text: str) -> tuple[str, ...]:
    """Find the numbers of trial registries in a text, in the registries' own spelling.

    >>> registry_numbers("(NCT 04738981; EudraCT 2019-001462-15; ChiCTR2000035740)")
    ('NCT04738981', '2019-001462-15', 'ChiCTR2000035740')
    """
    if not _DIGITS.search(text):  # most abstracts, at a tenth of the time
        return ()
    return tuple(dict.fromkeys(_registry_spelling(found) for found in _REGISTRY.findall(text)))


def _registry_spelling(number: str) -> str:
    if _EUDRACT.fullmatch(number):
        return number
    bare = number.replace(" ", "")
    for prefix in ("NCT", "ISRCTN", "ACTRN", "DRKS", "NTR"):
        if bare.upper().startswith(prefix):
            return bare.upper().replace("-", "")
    if bare.upper().startswith("CHICTR"):
        return f"ChiCTR{bare[6:].upper()}"
    if bare.upper().startswith(("RBR-", "JRCT")):
        return bare.lower().replace("rbr-", "RBR-").replace("jrct", "jRCT")
    return bare.upper()


def family_name(author: str) -> str:
    """Return the family name of an author written ``Family, Given`` or ``Family GG``.

    >>> family_name("te Boome LCJ"), family_name("Le Blanc, Katarina"), family_name("MAGIC Consortium")
    ('te Boome', 'Le Blanc', 'MAGIC Consortium')
    """
    if "," in author:
        return author.split(",", 1)[0].strip()
    words = author.split()
    while len(words) > 1 and _is_initials(words[-1]):
        words.pop()
    return " ".join(words)


def _is_initials(word: str) -> bool:
    letters = word.replace(".", "").replace("-", "")
    return (letters.isupper() and len(letters) <= 4) or letters in ("Jr", "Sr", "2nd", "3rd")


def own_id(record: Record) -> str:
    """Return what identifies a record: its PMID, else its DOI, else its accession, else its words."""
    return identifier(record.pmid, record.doi, record.accession) or f"text:{_fingerprint(record)}"


def identifier(pmid: str, doi: str, accession: str) -> str:
    """Return the id that a record's numbers make, ``""`` when it has none.

    >>> identifier("", "10.1/x", "L 2007")
    'doi:10.1/x'
    """
    if pmid:
        return f"pmid:{pmid}"
    if doi:
        return f"doi:{doi}"
    return f"acc:{accession.replace(' ', '')}" if accession else ""


def _fingerprint(record: Record) -> str:
    import hashlib

    words = "|".join(
        (record.title, record.authors[0] if record.authors else "", str(record.year), record.pages)
    )
    return hashlib.sha256(words.casefold().encode()).hexdigest()[:12]
