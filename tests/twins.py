"""Generated records with the noise of real exports, and the truth about which are one work.

Every work is described once or more as different databases would: abbreviated journals, missing
identifiers, shortened pages, lost accents, a subtitle cut off, a year of online publication.
Among them stand the traps that make tools drop studies: parts and phases of one programme, errata
and replies, conference abstracts beside papers, supplements that share a DOI, series under one title.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace

from metareview.search.record import Record

SYLLABLES = re.findall(
    r"\w+", "ba ce di fo gu ha ki lo mu ne pra sto ver xan tri ox cal den phor mab lin stat zol vir cept gli"
)
SUBJECTS = ["children", "adults", "older people", "pregnant women", "patients", "survivors", "nurses", "mice"]
DESIGNS = [
    "a randomized controlled trial",
    "a cohort study",
    "a case-control study",
    "an open-label trial",
    "a multicentre study",
    "a retrospective analysis",
    "a systematic review",
    "a pilot study",
]
FRAMES = [
    "Effect of {a} on {b} in {s} with {c}",
    "{a} versus {b} for {c} in {s}",
    "Safety of {a} in {s} with {c} and {b}",
    "{c} and {b} after {a} in {s}",
    "Association between {a} and {c} among {s} given {b}",
]
JOURNALS = [
    ("Journal of Generated Medicine", "J Gen Med"),
    ("Annals of Invented Surgery", "Ann Invent Surg"),
    ("The Lancet of Nowhere", "Lancet Nowhere"),
    ("International Journal of Assumed Oncology", "Int J Assum Oncol"),
    ("Archives of Supposed Pediatrics", "Arch Supposed Pediatr"),
    ("Bone Marrow Fabrication", "Bone Marrow Fabr"),
    ("Proceedings of the National Academy of Tales", "Proc Natl Acad Tales"),
]
FAMILIES = [
    "Müller",
    "Garcia-Lopez",
    "O'Hara",
    "Nguyen",
    "Ringdén",
    "Zhang",
    "Wang",
    "Kowalski",
    "te Boome",
    "Le Blanc",
    "Smith",
    "Johnson",
    "Yamada",
    "Silva",
    "Ivanov",
    "Kebriaei",
]


@dataclass(frozen=True)
class Twin:
    """A record, and the number of the work it describes."""

    record: Record
    work: int


def word(draw: random.Random) -> str:
    return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 4)))


TERMS = [word(random.Random(n)) for n in range(160)]  # few, so that many titles are alike


def make_work(draw: random.Random, number: int) -> Record:
    """Invent one work, described in full."""
    long, _ = draw.choice(JOURNALS)
    terms = dict(zip("abc", draw.sample(TERMS, 3), strict=True))
    title = draw.choice(FRAMES).format(s=draw.choice(SUBJECTS), **terms)
    first = draw.randint(2, 1900)
    authors = tuple(
        f"{draw.choice(FAMILIES)}, {draw.choice('ABCDEFGHJKLM')}.{draw.choice('ABCDEFGHJKLM')}."
        for _ in range(draw.randint(1, 6))
    )
    abstract = " ".join(word(draw) for _ in range(draw.randint(25, 60)))
    return Record(
        id="",
        title=f"{title}: {draw.choice(DESIGNS)}",
        abstract=f"Background: {abstract}.",
        authors=authors,
        year=draw.randint(1975, 2025),
        journal=long,
        volume=str(draw.randint(1, 90)),
        issue=str(draw.randint(1, 12)),
        pages=f"{first}-{first + draw.randint(3, 12)}",
        doi=f"10.5555/j.{number}" if draw.random() < 0.8 else "",
        pmid=str(10_000_000 + number),
        types=("Journal Article",),
        database="PubMed",
    )


def as_elsewhere(draw: random.Random, work: Record) -> Record:
    """Describe a work as another database would."""
    changes: dict[str, object] = {"database": draw.choice(["Embase", "Scopus", "CENTRAL"]), "pmid": ""}
    journal = dict(JOURNALS)[work.journal] if draw.random() < 0.5 else work.journal
    changes["journal"] = journal.upper() if draw.random() < 0.1 else journal
    chances = {
        "doi": 0.3,
        "abstract": 0.15,
        "issue": 0.2,
        "volume": 0.05,
        "pages": 0.05,
        "authors": 0.03,
    }
    changes |= {
        name: type(getattr(work, name))() for name, chance in chances.items() if draw.random() < chance
    }
    if draw.random() < 0.4 and changes.get("pages") is None:
        first, last = work.pages.split("-")
        changes["pages"] = f"{first}-{last[-2:]}" if len(last) > 2 else first
    if draw.random() < 0.3:
        changes["authors"] = tuple(
            a.replace(".", "").replace(",", "").replace("ü", "u") for a in work.authors
        )
    if draw.random() < 0.08 and work.year:
        changes["year"] = work.year + draw.choice([-1, 1])
    return replace(work, title=_retyped(draw, work.title), **changes)  # type: ignore[arg-type]


def _retyped(draw: random.Random, title: str) -> str:
    dice = draw.random()
    if dice < 0.1:
        return title.upper()
    if dice < 0.3:
        return title + "."
    if dice < 0.36:
        return title.partition(":")[0]
    if dice < 0.44:
        place = draw.randrange(5, len(title) - 5)
        return title[:place] + title[place + 1 :]
    if dice < 0.48:
        return title.replace(": ", " - ").replace(" and ", " & ")
    return title


def make_trap(draw: random.Random, work: Record, number: int) -> Record:
    """Make another work that looks like this one."""
    other = make_work(draw, number)
    kind = draw.randrange(6)
    if kind == 0:  # the next part, with a page and a DOI of its own
        return replace(
            other,
            title=f"{work.title} Part {draw.choice(['II', '2', 'two'])}",
            journal=work.journal,
            authors=work.authors,
            year=work.year,
            volume=work.volume,
        )
    if kind == 1:  # an erratum that quotes the title
        return replace(
            other,
            title=f"Erratum: {work.title}",
            authors=work.authors,
            journal=work.journal,
            types=("Published Erratum",),
            abstract="",
            year=work.year,
        )
    if kind == 2:  # the conference abstract that came before
        return replace(
            other,
            title=work.title,
            authors=work.authors,
            year=(work.year or 2000) - 1,
            types=("Conference Abstract",),
            database="Embase",
            pmid="",
            journal=other.journal,
        )
    if kind == 3:  # another abstract of one supplement, under the supplement's DOI
        return replace(
            other,
            doi=work.doi,
            journal=work.journal,
            volume=work.volume,
            year=work.year,
            pmid="",
            database="Embase",
        )
    if kind == 4:  # the letter in reply
        return replace(
            other, title=f"Reply to: {work.title}", journal=work.journal, abstract="", year=work.year
        )
    return replace(
        other, title=work.title.partition(":")[0], year=(work.year or 2000) + 7
    )  # a short title, used again


def make_twins(size: int, *, seed: int = 1, doubled: float = 0.35, traps: float = 0.08) -> list[Twin]:
    """Make about ``size`` records, shuffled, each with its work's number."""
    draw = random.Random(seed)
    made: list[Twin] = []
    number = 0
    while len(made) < size:
        number += 1
        work = make_work(draw, number)
        made.append(Twin(work, number))
        first = number
        while draw.random() < doubled:
            made.append(Twin(as_elsewhere(draw, work), first))
        if draw.random() < traps:
            number += 1
            made.append(Twin(make_trap(draw, work, number), number))
    draw.shuffle(made)
    return [Twin(replace(t.record, id=f"r{place:07d}"), t.work) for place, t in enumerate(made)]


def true_pairs(twins: list[Twin]) -> frozenset[frozenset[str]]:
    """Give the pairs of ids that describe one work."""
    works: dict[int, list[str]] = {}
    for twin in twins:
        works.setdefault(twin.work, []).append(twin.record.id)
    return frozenset(
        frozenset((a, b)) for ids in works.values() for n, a in enumerate(ids) for b in ids[n + 1 :]
    )
