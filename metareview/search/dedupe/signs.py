"""What two records have in common, sign by sign."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from metareview.search.dedupe.face import Face

_LONG_TITLE = 30


@dataclass(frozen=True, slots=True)
class Signs:
    """What two records have in common: True, False, or ``None`` where one of them does not say.

    Attributes
    ----------
    title : per cent of the letters of the titles that agree, 0 when one is missing
    long : whether both titles are long enough to name one work
    contained : whether one title is the other without its subtitle
    """

    title: float
    long: bool
    contained: bool
    doi: bool | None
    pmid: bool | None
    page: bool | None
    volume: bool | None
    author: bool | None
    journal: bool | None
    year: bool | None
    abstract: bool | None

    @property
    def place(self) -> bool:
        """Whether volume and first page agree: the same place in print."""
        return self.page is True and self.volume is True

    @property
    def numbers_differ(self) -> bool:
        """Whether year, volume or page speak against one work."""
        return False in (self.page, self.year, self.volume)

    @property
    def contradictions(self) -> int:
        """How many of year, volume, page and journal speak against one work."""
        return sum(sign is False for sign in (self.page, self.year, self.volume, self.journal))


def signs_of(a: Face, b: Face, title: float) -> Signs:
    """Compare two records sign by sign."""
    return Signs(
        title=title if a.title and b.title else 0.0,
        long=min(len(a.title), len(b.title)) >= _LONG_TITLE,
        contained=_contained(a.title, b.title),
        doi=_equal(a.doi, b.doi),
        pmid=_equal(a.pmid, b.pmid),
        page=_equal(a.page, b.page),
        volume=_equal(a.volume, b.volume),
        author=same_author(a.authors, b.authors),
        journal=same_journal(a, b),
        year=None if a.year is None or b.year is None else abs(a.year - b.year) <= 1,
        abstract=_same_abstract(a.abstract, b.abstract),
    )


def _equal(a: str, b: str) -> bool | None:
    return a == b if a and b else None


def same_author(a: frozenset[str], b: frozenset[str]) -> bool | None:
    """Tell whether two first authors can be one: a long word of their names in common, or nearly."""
    if not a or not b:
        return None
    return bool(a & b) or any(fuzz.ratio(x, y) >= 80 for x in a for y in b if len(x) > 3 and len(y) > 3)


def same_journal(a: Face, b: Face) -> bool | None:
    """Tell whether two journals are one, by ISSN, name, abbreviation or initials."""
    if a.issns & b.issns:
        return True
    if not a.journal or not b.journal:
        return None
    short, long = sorted((a.journal, b.journal), key=lambda words: (len(words), len(" ".join(words))))
    if len(short) == 1 and short[0] == "".join(word[0] for word in long):
        return True
    if len(short) == len(long) and all(_abbreviates(x, y) for x, y in zip(short, long, strict=True)):
        return True
    return _in_order(short, long) or fuzz.ratio(" ".join(short), " ".join(long)) >= 85


def _abbreviates(x: str, y: str) -> bool:
    """Tell whether one word can stand for the other: ``j`` for ``journal``, ``natl`` for ``national``."""
    short, long = sorted((x, y), key=len)
    if short[0] != long[0]:
        return False
    place = 0
    for letter in short:
        place = long.find(letter, place) + 1
        if not place:
            return False
    return True


def _in_order(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Tell whether every word of the shorter name abbreviates one of the longer, in order."""
    if len(short) < 2:
        return False
    rest = iter(long)
    return all(any(_abbreviates(word, other) for other in rest) for word in short)


def _same_abstract(a: str, b: str) -> bool | None:
    """Compare the beginnings of two abstracts; a short one says nothing."""
    size = min(len(a), len(b))
    return None if size < 80 else fuzz.ratio(a[:size], b[:size]) >= 80


def _contained(a: str, b: str) -> bool:
    """Tell whether one title is the other without its subtitle."""
    short, long = (a, b) if len(a) < len(b) else (b, a)
    return len(short) >= _LONG_TITLE and long.startswith(short)
