"""From pairs to groups: one record of each work is kept, and nothing is thrown away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metareview.search.dedupe.face import Face, face_of
from metareview.search.dedupe.pairs import Pair, candidate_pairs
from metareview.search.dedupe.rules import ASK, DIFFERENT, NEARLY, SAME, Judgement, judge
from metareview.search.record import Record, registry_numbers

PERSON = "decided by a person"
_STUDY = 0.5


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row of ``duplicates.csv``.

    Attributes
    ----------
    kept : id of the record that stands for the work
    dropped : id of the other; with ``ask`` and ``different`` both stay
    decision : ``same``, ``ask`` or ``different``
    why : the reason
    """

    kept: str
    dropped: str
    decision: str
    why: str


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """What the search for duplicates found.

    Attributes
    ----------
    duplicates : a row for each record dropped and each pair to ask about, in the order of the records
    groups : id of the record kept → ids of its group, itself first
    studies : ids of records that report one study (a registry number in common), not duplicates
    """

    duplicates: tuple[Duplicate, ...]
    groups: Mapping[str, tuple[str, ...]]
    studies: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def dropped(self) -> frozenset[str]:
        """Ids of the records that another one stands for."""
        return frozenset(d.dropped for d in self.duplicates if d.decision == SAME)


@dataclass(slots=True)
class _Forest:
    """Groups of places, joined one pair at a time."""

    root: list[int]
    pmids: dict[int, set[str]]
    members: dict[int, list[int]] = field(default_factory=dict)

    def find(self, place: int) -> int:
        while self.root[place] != place:
            self.root[place] = self.root[self.root[place]]
            place = self.root[place]
        return place

    def clash(self, a: int, b: int) -> bool:
        """Tell whether joining two groups would join two different PMIDs."""
        first, second = self.pmids.get(self.find(a), set()), self.pmids.get(self.find(b), set())
        return bool(first and second and not first & second)

    def of(self, place: int) -> list[int]:
        return self.members.get(place, [place])

    def join(self, a: int, b: int) -> None:
        first, second = sorted((self.find(a), self.find(b)))
        if first == second:
            return
        self.root[second] = first
        few, many = sorted((self.of(first), self.members.pop(second, [second])), key=len)
        many += few
        self.members[first] = many
        self.pmids.setdefault(first, set()).update(self.pmids.pop(second, set()))


def find_duplicates(
    records: Sequence[Record], decided: Mapping[frozenset[str], str] | None = None
) -> Deduplicated:
    """Find the records that are the same work.

    The result does not depend on the order of the records.

    Parameters
    ----------
    records
        With ids that are unique.
    decided
        What people decided of pairs of ids (``same`` or ``different``); it goes before the rules.

    Notes
    -----
    A DOI alone never makes two records one: the abstracts of a supplement may share it. Different
    numbers in the titles (part I and II, phase 2 and 3), a notice about a work, a conference
    abstract beside a paper, different PMIDs or DOIs speak against it. Groups are joined from the
    surest pair to the least sure, and never across two PMIDs.
    """
    ordered = sorted(records, key=lambda record: record.id)
    faces = [face_of(record) for record in ordered]
    judged = _judged(faces)
    places = {record.id: place for place, record in enumerate(ordered)}
    _apply(decided or {}, places, judged)
    forest = _Forest(list(range(len(faces))), {n: {f.pmid} for n, f in enumerate(faces) if f.pmid})
    apart = {pair for pair, j in judged.items() if j.decision == DIFFERENT and j.why == PERSON}
    ask = {pair: j for pair, j in judged.items() if j.decision == ASK}
    for pair, judgement in sorted(judged.items(), key=lambda item: (-item[1].weight, item[0])):
        if judgement.decision != SAME:
            continue
        if judgement.why != PERSON and (forest.clash(*pair) or _parts(forest, pair, apart)):
            ask[pair] = Judgement(ASK, f"{judgement.why}; but joining them would join works told apart")
        else:
            forest.join(*pair)
    return _result(ordered, forest, judged, ask)


def _judged(faces: Sequence[Face]) -> dict[Pair, Judgement]:
    """Judge every pair that is worth it; those that nothing speaks for are left out."""
    candidates = candidate_pairs(faces)
    judged = {}
    for pairs, least in ((candidates.likely, 0.0), (candidates.possible, NEARLY)):
        for (a, b), title in _title_ratios(faces, list(pairs), least):
            judgement = judge(faces[a], faces[b], title)
            if judgement.decision != DIFFERENT:
                judged[a, b] = judgement
    return judged


def _title_ratios(faces: Sequence[Face], pairs: Sequence[Pair], least: float) -> list[tuple[Pair, float]]:
    """Compare the titles of all pairs at once, on all processors; give those that agree enough."""
    import numpy as np
    from rapidfuzz import fuzz
    from rapidfuzz.process import cpdist

    if not pairs:
        return []
    left = [faces[a].title for a, _ in pairs]
    right = [faces[b].title for _, b in pairs]
    ratios = cpdist(left, right, scorer=fuzz.ratio, score_cutoff=least, dtype=np.float32, workers=-1)
    return [(pairs[place], float(ratios[place])) for place in np.flatnonzero(ratios >= least).tolist()]


def _apply(
    decided: Mapping[frozenset[str], str],
    places: Mapping[str, int],
    judged: dict[Pair, Judgement],
) -> None:
    """Put what people decided in the place of what the rules say."""
    for pair, decision in decided.items():
        known = sorted(places[name] for name in pair if name in places)
        if len(known) == 2:
            judged[known[0], known[1]] = Judgement(decision, PERSON, 9.0)


def _parts(forest: _Forest, pair: Pair, apart: set[Pair]) -> bool:
    """Tell whether joining two groups would join what a person told apart."""
    if not apart:
        return False
    roots = [forest.find(place) for place in pair]
    first, second = map(forest.of, roots)
    if len(first) * len(second) > len(apart):
        return any(sorted(roots) == sorted(map(forest.find, told)) for told in apart)
    return any((min(a, b), max(a, b)) in apart for a in first for b in second)


def _result(
    records: Sequence[Record],
    forest: _Forest,
    judged: Mapping[Pair, Judgement],
    ask: Mapping[Pair, Judgement],
) -> Deduplicated:
    groups: dict[str, tuple[str, ...]] = {}
    rows: list[Duplicate] = []
    kept: dict[int, int] = {}
    partners = _partners(judged)
    for members in forest.members.values():
        best = min(members, key=lambda place: _rank(records[place]))
        others = sorted(place for place in members if place != best)
        kept |= dict.fromkeys(members, best)
        groups[records[best].id] = tuple(records[place].id for place in (best, *others))
        rows += [_row(records, best, other, _reason(judged, partners, best, other)) for other in others]
    for (a, b), judgement in ask.items():
        if forest.find(a) != forest.find(b):
            first, second = kept.get(a, a), kept.get(b, b)
            first, second = sorted((first, second), key=lambda place: _rank(records[place]))
            rows.append(_row(records, first, second, judgement))
    rows += [
        _row(records, a, b, j) for (a, b), j in judged.items() if j.decision == DIFFERENT and j.why == PERSON
    ]
    ordered = dict.fromkeys(
        sorted(rows, key=lambda row: (row.decision != SAME, row.kept, row.dropped, row.why))
    )
    return Deduplicated(tuple(ordered), groups, _studies(records, forest))


def _row(records: Sequence[Record], kept: int, dropped: int, judgement: Judgement) -> Duplicate:
    return Duplicate(records[kept].id, records[dropped].id, judgement.decision, judgement.why)


def _partners(judged: Mapping[Pair, Judgement]) -> dict[int, list[int]]:
    """Return for each record those that were judged to be the same work, in their order."""
    partners: dict[int, list[int]] = defaultdict(list)
    for a, b in sorted(pair for pair, judgement in judged.items() if judgement.decision == SAME):
        partners[a].append(b)
        partners[b].append(a)
    return partners


def _reason(
    judged: Mapping[Pair, Judgement], partners: Mapping[int, Sequence[int]], best: int, other: int
) -> Judgement:
    """Return why a record is in a group: by the one kept, or by another of the group."""
    direct = judged.get((min(best, other), max(best, other)))
    if direct and direct.decision == SAME:
        return direct
    reasons = (judged[min(x, other), max(x, other)] for x in partners.get(other, ()))
    strongest = max(reasons, key=lambda j: j.weight, default=Judgement(SAME, "joined through its group"))
    return Judgement(SAME, f"{strongest.why} (through another copy)", strongest.weight)


def _rank(record: Record) -> tuple[object, ...]:
    """Order the records of one work, the best description first: PubMed's, then the fullest."""
    filled = sum(bool(x) for x in (record.abstract, record.doi, record.journal, record.volume, record.pages))
    return (not record.pmid, not record.abstract, record.database != "PubMed", -filled, record.id)


def _studies(records: Sequence[Record], forest: _Forest) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Link the reports of one study: works that carry one registry number."""
    held: dict[str, dict[int, str]] = defaultdict(dict)
    for place, record in enumerate(records):
        numbers = record.registry or registry_numbers(f"{record.title} {record.abstract}")
        if len(numbers) == 1:  # a review names many trials and reports none of them
            held[numbers[0]].setdefault(forest.find(place), record.id)
    return tuple((number, tuple(ids.values())) for number, ids in sorted(held.items()) if len(ids) > 1)


def pairs_of(groups: Iterable[Sequence[str]]) -> frozenset[frozenset[str]]:
    """Give all pairs within groups: what two ways of finding duplicates are compared by."""
    return frozenset(
        frozenset((a, b)) for group in groups for n, a in enumerate(group) for b in group[n + 1 :]
    )
