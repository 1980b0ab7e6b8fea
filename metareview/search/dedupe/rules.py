"""Are two records the same work? Rules in plain words, the first that holds decides; never a DOI alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metareview.search.dedupe.face import CONFERENCE, PAPER, Face
from metareview.search.dedupe.signs import Signs, signs_of

SAME, ASK, DIFFERENT = "same", "ask", "different"
LIKE, NEARLY, WORDED = 95.0, 85.0, 60.0  # per cent of the letters of two titles that agree


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of two records.

    Attributes
    ----------
    decision : ``same``, ``ask`` (a person must look) or ``different``
    why : the reason, half a sentence
    weight : how sure, for the order in which groups are joined
    """

    decision: str
    why: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """When something holds of two records, this is what they are."""

    holds: Callable[[Signs], bool]
    decision: str
    why: str
    weight: float = 0.0


_IDENTIFIED = (
    Rule(
        lambda s: bool(s.pmid) and (s.title >= WORDED or s.place or bool(s.doi) or bool(s.author)),
        SAME,
        "same PMID",
        4.0,
    ),
    Rule(lambda s: bool(s.pmid), ASK, "same PMID, but nothing else agrees"),
    Rule(
        lambda s: (s.title >= NEARLY or s.contained) and s.page is not False and s.abstract is not False,
        SAME,
        "same DOI and title",
        3.0,
    ),
    Rule(
        lambda s: s.title >= LIKE and s.author is not False and (s.abstract is not False or s.place),
        SAME,
        "same DOI and title",
        3.0,
    ),
    Rule(
        lambda s: s.place and s.author is not False and s.abstract is not False,
        SAME,
        "same DOI, volume and page",
        2.5,
    ),
    Rule(
        lambda s: bool(s.abstract) and s.author is not False and s.page is not False,
        SAME,
        "same DOI and abstract",
        2.5,
    ),
    Rule(
        lambda s: s.title >= WORDED and s.author is not False and s.abstract is not False,
        ASK,
        "same DOI, but their titles differ",
    ),
    Rule(lambda s: True, DIFFERENT, "the DOI alone agrees, as among the abstracts of a supplement"),
)
_ALIKE = (
    Rule(
        lambda s: s.author is False and (s.place or (bool(s.abstract) and s.page is not False)),
        ASK,
        "same title and place or abstract, but another first author",
    ),
    Rule(lambda s: s.author is False, DIFFERENT, "same title, but another author"),
    Rule(
        lambda s: bool(s.page) and (s.volume is not False or bool(s.journal)) and s.year is not False,
        SAME,
        "same title and page",
        2.0,
    ),
    Rule(
        lambda s: bool(s.abstract) and s.year is not False and (s.journal is not False or bool(s.volume)),
        SAME,
        "same title and abstract",
        1.8,
    ),
    Rule(
        lambda s: s.abstract is False and s.journal is not True,
        DIFFERENT,
        "same title, but another abstract and journal",
    ),
    Rule(
        lambda s: s.contradictions == 1 and bool(s.journal and s.author) and s.abstract is not False,
        SAME,
        "same title, author and journal; one number differs",
        1.1,
    ),
    Rule(
        lambda s: s.contradictions > 0 and bool(s.abstract and s.author),
        ASK,
        "same title, author and abstract in two places",
    ),
    Rule(lambda s: s.numbers_differ, DIFFERENT, "same title in two places"),
    Rule(lambda s: bool(s.journal and s.author), SAME, "same title, author and journal", 1.5),
    Rule(
        lambda s: s.long and bool(s.author) and s.journal is None,
        SAME,
        "same long title and author; nothing contradicts",
        1.2,
    ),
    Rule(lambda s: True, ASK, "same title; too little else is given to tell"),
)
_NEAR = (
    Rule(
        lambda s: s.author is False or s.year is False,
        DIFFERENT,
        "titles are only alike, and authors or years differ",
    ),
    Rule(
        lambda s: s.place and s.abstract is not False, SAME, "titles nearly agree; same volume and page", 1.4
    ),
    Rule(
        lambda s: bool(s.page and s.journal and s.author) and s.abstract is not False,
        SAME,
        "titles nearly agree; same journal, author and page",
        1.3,
    ),
    Rule(
        lambda s: bool(s.abstract and s.author) and s.page is not False,
        SAME,
        "titles nearly agree; same author and abstract",
        1.2,
    ),
    Rule(
        lambda s: bool(s.author and s.journal) and s.page is not False and s.volume is not False,
        ASK,
        "titles nearly agree; same author and journal",
    ),
    Rule(lambda s: True, DIFFERENT, "titles are only alike"),
)
_APART = (
    Rule(
        lambda s: s.place and bool(s.journal and s.author and s.year and s.abstract),
        SAME,
        "same place in print, author and abstract; the titles are worded apart",
        1.0,
    ),
    Rule(
        lambda s: s.place and bool(s.journal and s.author and s.year),
        ASK,
        "same place in print and author, but their titles differ",
    ),
    Rule(
        lambda s: bool(s.abstract and s.author and s.year) and s.title >= WORDED,
        ASK,
        "same abstract and author, but their titles differ",
    ),
    Rule(lambda s: True, DIFFERENT, "titles and places differ"),
)


def judge(a: Face, b: Face, title: float) -> Judgement:
    """Judge two records.

    Parameters
    ----------
    a, b
        The records, as they are compared.
    title
        Per cent of the letters of their titles that agree.
    """
    signs = signs_of(a, b, title)
    if a.notice != b.notice:
        return Judgement(
            DIFFERENT, f"one is a notice about a work ({a.notice or b.notice}), the other is not"
        )
    if a.kind != b.kind and _kinds_differ(a, b, signs):
        return Judgement(DIFFERENT, f"one is a {a.kind}, the other a {b.kind}: two reports")
    if a.numbers != b.numbers and title < 99.5:
        return _numbers_differ(a, b, signs)
    if signs.pmid is False or (signs.doi is False and not signs.pmid):
        return _identifiers_differ(signs)
    return _first(_table(signs), signs)


def _table(signs: Signs) -> Sequence[Rule]:
    if signs.pmid or signs.doi:
        return _IDENTIFIED
    if signs.title >= LIKE:
        return _ALIKE
    return _NEAR if signs.title >= NEARLY or signs.contained else _APART


def _first(rules: Sequence[Rule], signs: Signs) -> Judgement:
    rule = next(rule for rule in rules if rule.holds(signs))
    return Judgement(rule.decision, rule.why, rule.weight)


def _kinds_differ(a: Face, b: Face, signs: Signs) -> bool:
    """Tell a real difference of kind from one database's habit of naming kinds."""
    known = signs.pmid or (signs.doi and signs.title >= LIKE)
    if {a.kind, b.kind} == {CONFERENCE, PAPER}:
        return not (known or signs.place)
    return not known


def _numbers_differ(a: Face, b: Face, signs: Signs) -> Judgement:
    """Part I is not part II; but a number lost in typing does not outweigh identifiers."""
    told = " and ".join(" ".join(face.numbers) or "none" for face in (a, b))
    if signs.pmid or (signs.doi and (signs.place or (signs.abstract and signs.author is not False))):
        which = "PMID" if signs.pmid else "DOI and place in print or abstract"
        return Judgement(SAME, f"same {which}, though the numbers in their titles differ ({told})", 1.5)
    against = False in (signs.author, signs.abstract, signs.page)
    if (signs.doi or signs.place) and signs.title >= NEARLY and not against:
        return Judgement(ASK, f"DOI or place in print agree, but the numbers in their titles differ ({told})")
    return Judgement(DIFFERENT, f"the numbers in their titles differ ({told})")


def _identifiers_differ(signs: Signs) -> Judgement:
    """Judge two records that a PMID or DOI tells apart; databases make errors here too."""
    which = "PMIDs" if signs.pmid is False else "DOIs"
    identical = signs.title >= LIKE and signs.author is not False and signs.year is not False and signs.place
    if identical and signs.journal is not False and signs.abstract is not False:
        decision = ASK if signs.pmid is False else SAME
        return Judgement(decision, f"title, volume and page agree, though the {which} differ", 1.0)
    return Judgement(DIFFERENT, f"they have different {which}")
