"""Which records are worth comparing: those that share a key, so that 100,000 need no billions of pairs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metareview.search.dedupe.face import Face

_CROWD = 24  # records under one key; beyond it, only neighbours in the order of titles are compared
_NEIGHBOURS = 8
_BEGINNING = 24  # letters of a title
ABSTRACT_KEY = 60  # letters of an abstract
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of places of records.

    Attributes
    ----------
    likely : they share an identifier, a place in print, or the beginning of a title or abstract
    possible : they share words; only titles that nearly agree can make them one work
    """

    likely: frozenset[Pair]
    possible: frozenset[Pair]


def candidate_pairs(faces: Sequence[Face]) -> Candidates:
    """Find the pairs of records that share a key.

    Parameters
    ----------
    faces
        The records, as they are compared.
    """
    common = Counter(word for face in faces for word in set(face.title.split()))
    likely = frozenset(_pairs(faces, (_sure_keys(face) for face in faces)))
    possible = frozenset(_pairs(faces, (_word_keys(face, common) for face in faces)))
    return Candidates(likely, possible - likely)


def _pairs(faces: Sequence[Face], keys: Iterable[Iterator[tuple[str, ...]]]) -> Iterator[Pair]:
    buckets: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, held in enumerate(keys):
        for key in set(held):
            buckets[key].append(place)
    for places in buckets.values():
        reach = len(places)
        if reach > _CROWD:
            places.sort(key=lambda place: (faces[place].title, place))
            reach = _NEIGHBOURS
        for n, a in enumerate(places):
            yield from ((a, b) if a < b else (b, a) for b in places[n + 1 : n + 1 + reach])


def _sure_keys(face: Face) -> Iterator[tuple[str, ...]]:
    if face.pmid:
        yield "pmid", face.pmid
    if face.doi:
        yield "doi", face.doi
    if face.page and face.volume:
        yield "place", face.volume, face.page
    if len(face.abstract) >= ABSTRACT_KEY:
        yield "abstract", face.abstract[:ABSTRACT_KEY]
    if face.title:
        yield "begins", face.title.replace(" ", "")[:_BEGINNING]


def _word_keys(face: Face, common: Counter[str]) -> Iterator[tuple[str, ...]]:
    if face.page:
        yield from (("page", face.page, author) for author in face.authors)
    words = sorted(set(face.title.split()), key=lambda word: (common[word], word))[:3]
    if not words:
        return
    yield "ends", face.title.replace(" ", "")[-_BEGINNING:]
    yield from (("words", first, second) for n, first in enumerate(words) for second in words[n + 1 :])
    yield from (("author", word, author) for word in words[:2] for author in face.authors)
