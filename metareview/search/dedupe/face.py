"""How a record looks to the comparison: its words without the accidents of databases."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from metareview.characters import normal
from metareview.search.record import Record

_WORDS = re.compile(r"[a-z0-9]+")
_TAGS = re.compile(r"<[/a-z][^<>]{0,20}>")
_PAGE = re.compile(r"([a-z]{0,3})0*(\d+)")
_FIRST_NUMBER = re.compile(r"\d+")
# words before or behind a title that say what kind of thing it is, not what it is called
_STATE = r"retracted(?: article)?|withdrawn|reprint of|republished|article in [a-z]+"
_LANGUAGE = "french|german|spanish|chinese|japanese|russian|italian|portuguese|polish|korean|turkish"
_LABELS = re.compile(
    rf"^\s*(?:\[?(?:{_STATE})\]?\s*[:.\-]\s*)+"
    rf"|[\[(](?:{_STATE}|published (?:online|correction)[^\[\]()]*+|{_LANGUAGE})[\])]?\s*+\.?\s*+$"
)
_NUMERALS = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"]
_ROMAN = {word: str(n) for n, word in enumerate(_NUMERALS, 1)}
_SPELT = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "first": "1",
    "second": "2",
    "third": "3",
}
_COUNTED = frozenset(
    [
        "part",
        "phase",
        "stage",
        "type",
        "grade",
        "study",
        "trial",
        "volume",
        "chapter",
        "series",
        "class",
        "report",
    ]
)
_ALWAYS_ROMAN = frozenset(["ii", "iii", "iv", "vi", "vii", "viii", "ix"])
_SMALL = frozenset(
    ["a", "an", "the", "of", "and", "in", "for", "on", "to", "with", "by", "from", "at", "und", "der"]
)
_NOTICE = re.compile(
    r"^\W*(erratum|errata|corrigend(?:um|a)|correction(?: to)?\b|author correction|publisher correction"
    r"|retraction(?: of| note| notice|:)|retracted article notice|expression of concern|reply|response to"
    r"|author'?s'? (?:reply|response)|in reply|comment(?:ary)? on|letter to the editor|re:|editorial comment)"
)
_NOTICE_TYPES = {
    "published erratum": "correction",
    "erratum": "correction",
    "retraction of publication": "retraction",
    "retraction notice": "retraction",
    "expression of concern": "concern",
    "comment": "comment",
}
_CONFERENCE_TYPES = frozenset(
    [
        "conference abstract",
        "conference paper",
        "meeting abstract",
        "congress",
        "conference review",
        "abstract",
    ]
)
_REGISTERS = ("clinicaltrials.gov", "who ictrp", "ictrp", "isrctn", "euctr", "drks", "anzctr")
_PREPRINTS = ("preprint", "medrxiv", "biorxiv", "research square", "ssrn", "arxiv", "preprints.org")
_NAMED = 40  # words of a name that are compared
ABSTRACT = 400  # letters of an abstract that are compared
PAPER, CONFERENCE, PREPRINT, REGISTRATION = "paper", "conference abstract", "preprint", "registry entry"


@dataclass(frozen=True, slots=True)
class Face:
    """A record as it is compared.

    Attributes
    ----------
    title : words of the title, folded to plain small letters
    numbers : the numbers of the title, Roman ones and "part two" too, in order
    authors : words of the first author's name
    journal : words of the journal's name without small ones
    year, volume, page : of the first page; ``""`` or ``None`` when not given or meaningless
    doi, pmid : identifiers
    abstract : the first 400 letters and digits of the abstract
    kind : paper, conference abstract, preprint or registry entry
    notice : what it is about another work: correction, retraction, comment; ``""`` for a work itself
    """

    title: str
    numbers: tuple[str, ...]
    authors: frozenset[str]
    journal: tuple[str, ...]
    issns: frozenset[str]
    year: int | None
    volume: str
    page: str
    doi: str
    pmid: str
    abstract: str
    kind: str
    notice: str


def face_of(record: Record) -> Face:
    """Look at a record."""
    folded = fold(record.title)
    words = _WORDS.findall(_LABELS.sub("", _TAGS.sub("", folded)))
    return Face(
        title=" ".join(words),
        numbers=_numbers(words),
        authors=_name_words(record.authors[0]) if record.authors else frozenset(),
        journal=journal_words(record.journal),
        issns=frozenset(re.findall(r"\b\d{4}-?\d{3}[\dxX]\b", record.issn.replace("-", ""))),
        year=record.year,
        volume=_number(record.volume),
        page=first_page(record.pages),
        doi=record.doi,
        pmid=record.pmid,
        abstract="".join(_WORDS.findall(fold(record.abstract[: 2 * ABSTRACT])))[:ABSTRACT],
        kind=_kind(record),
        notice=_notice(record, folded),
    )


def fold(text: str) -> str:
    """Fold to small letters without accents.

    >>> fold("Ringdén’s Naïve α-MSC")
    "ringden's naive α-msc"
    """
    if text.isascii():
        return text.lower()
    plain = normal("NFKD", text.replace("\u2019", "'").replace("ß", "ss").replace("ø", "o"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _numbers(words: list[str]) -> tuple[str, ...]:
    found = []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if word.isdigit():
            found.append(word.lstrip("0") or "0")
        elif word in _ALWAYS_ROMAN or (word in _ROMAN and before in _COUNTED):
            found.append(_ROMAN[word])
        elif word in _SPELT and before in _COUNTED:
            found.append(_SPELT[word])
        elif len(word) <= 2 and before in _COUNTED:  # part A, part B
            found.append(word)
    return tuple(sorted(found))


def _name_words(author: str) -> frozenset[str]:
    """Give the words of a name that are long enough to be compared, or all if none is."""
    words = _WORDS.findall(fold(author).replace("'", "").replace("-", ""))
    return frozenset([w for w in words if len(w) > 2][:_NAMED]) or frozenset(words[:_NAMED])


def journal_words(name: str) -> tuple[str, ...]:
    """Give the words of a journal's name, without place names in brackets and small words."""
    bare = re.split(r"[(\[:=]", fold(name), maxsplit=1)[0]
    return tuple(word for word in _WORDS.findall(bare) if word not in _SMALL)


def first_page(pages: str) -> str:
    """Give the first page, or ``""`` where it says nothing: every online article begins at 1.

    >>> first_page("835-44"), first_page("e157-e167"), first_page("S0012"), first_page("1-9")
    ('835', 'e157', 's12', '')
    """
    found = _PAGE.search(pages.lower())
    return "" if not found or (found[1], found[2]) == ("", "1") else f"{found[1]}{found[2]}"


def _number(text: str) -> str:
    found = _FIRST_NUMBER.search(text)
    return (found[0].lstrip("0") or "0") if found else ""


def _kind(record: Record) -> str:
    types = " ".join(record.types).casefold()
    if record.database.casefold() in _REGISTERS or "registry" in types or "trial registration" in types:
        return REGISTRATION
    if any(word in types or word in record.journal.casefold() for word in _PREPRINTS):
        return PREPRINT
    held = {t.casefold() for t in record.types}
    if held & _CONFERENCE_TYPES or "conference abstract" in types:
        return CONFERENCE
    return PAPER


def _notice(record: Record, folded: str) -> str:
    for kind in record.types:
        if kind.casefold() in _NOTICE_TYPES:
            return _NOTICE_TYPES[kind.casefold()]
    found = _NOTICE.match(folded)
    if not found:
        return ""
    word = found[1].split()[0].rstrip(":")
    return "correction" if word[:4] in ("erra", "corr", "auth", "publ") else word
