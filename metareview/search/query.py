"""What is wrong with a query, told before it is sent: PubMed drops in silence what it does not understand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from metareview.errors import did_you_mean

# PubMed's fields: the tag that people write, then the names that mean the same
_FIELDS = """
1au first author|first author name; ad affiliation; aid article identifier; all all fields;
au author|author name; auid author identifier|author - identifier; book;
cn corporate author|author - corporate; cois conflict of interest statement|conflict of interest statements;
crdt create date|date - create; dcom completion date|date - completion;
dp publication date|date - publication|pdat; ed editor;
edat entry date|entrez date|date - entry|date - entrez;
eid extended pmid; fau full author name|author - full; filter filt;
fir full investigator name|investigator - full; gr grant number|grants and funding|grant; ip issue;
ir investigator; isbn; jid nlm unique id; la language|lang;
lastau last author|last author name|author - last; lid location id;
lr modification date|date - modification|mdat; majr mesh major topic|mesh major|major;
mh mesh terms|mesh|mesh term; mhda mesh date|date - mesh;
nm supplementary concept|substance name|substance; ot other term; pa pharmacological action;
pg pagination|page; pl place of publication; pmc pmcid; pmid uid; ppdt print publication date;
epdt electronic publication date;
ps subject - personal name|personal name as subject; pt publication type|ptyp; pubn publisher;
rn ec/rn number|registry number; sb subset; si secondary source id;
sh mesh subheading|subheading|subheadings|mesh subheadings; ta journal|journal title|jour|so; ti title|titl;
tiab title/abstract; tt transliterated title; tw text word|text words|word|text; vi volume
"""
_SUFFIX = re.compile(r"^(mh|mesh|mesh terms|majr|mesh major topic|sh)\s*:\s*(noexp|no exp)$")
_PROXIMITY = re.compile(r"^(?P<field>[^:]+):~\d+$")
_NEAR_FIELDS = frozenset({"ti", "title", "tiab", "title/abstract", "ad", "affiliation"})
_LOOK_ALIKES = {
    "\u2217": "*", "\u204e": "*", "\uff0a": "*", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"',
    "\u00bb": '"', "\uff02": '"', "\u2033": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
    "\u2014": "-", "\u2212": "-", "\uff08": "(", "\uff09": ")", "\uff3b": "[", "\uff3d": "]", "\u2018": "'",
    "\u2019": "'",
}  # fmt: skip
_TOKEN = re.compile(r'"[^"]*"|\[[^\[\]]*\]|[()]|[^\s()\[\]"]+')
_HEADINGS = frozenset({"mh", "mesh", "mesh terms", "mesh term", "majr", "mesh major topic"})
_OPERATORS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a query.

    Attributes
    ----------
    grave : whether the search would find other things than meant
    place : the character of the query where it is, from 1
    says : a sentence with what would be right
    """

    grave: bool
    place: int
    says: str

    def __str__(self) -> str:
        """Give the sentence with its place."""
        return f"character {self.place}: {self.says}"


def _names() -> frozenset[str]:
    names = set()
    for field in _FIELDS.replace("\n", " ").split(";"):
        tag, _, longer = field.strip().partition(" ")
        names |= {tag, *(name.strip() for name in longer.split("|") if name.strip())}
    return frozenset(names)


FIELD_NAMES = _names()


def lint(query: str) -> list[Finding]:
    """List what PubMed would misread in a query, in the order of its places.

    >>> [finding.place for finding in lint("stem cells[tiba] or stem cells[mh]")]
    [11, 18]
    >>> print(lint("gvhd[tiab] or cells[mh]")[0])
    character 12: "or" is not read as an operator; write OR, or quote the phrase around it.
    """
    if not query.strip():
        return [Finding(True, 1, "the query is empty; write what is to be found.")]
    found = [*_characters(query), *_balance(query), *_tags(query), *_words(query), *_subject_headings(query)]
    return sorted(found, key=lambda finding: finding.place)


def _characters(query: str) -> Iterator[Finding]:
    for place, sign in enumerate(query, 1):
        if sign in _LOOK_ALIKES:
            yield Finding(
                True,
                place,
                f'"{sign}" is not the sign it looks like; write {_LOOK_ALIKES[sign]} in its place.',
            )
        elif unicodedata.category(sign) in ("Cf", "Cc") and sign not in "\n\r\t":
            yield Finding(True, place, f"an invisible character (U+{ord(sign):04X}) stands there; delete it.")
        elif sign.isalpha() and unicodedata.name(sign, "").startswith(("CYRILLIC", "GREEK CAPITAL")):
            yield Finding(
                False,
                place,
                f'"{sign}" is {unicodedata.name(sign).lower()}, not a Latin letter; is it meant?',
            )


def _balance(query: str) -> Iterator[Finding]:
    if query.count('"') % 2:
        yield Finding(True, query.rindex('"') + 1, "a quotation mark is left open; close the phrase.")
    bare = re.sub(r'"[^"]*"', lambda m: " " * len(m[0]), query)
    for opening, closing in ("()", "[]"):
        yield from _pairs(bare, opening, closing)


def _pairs(text: str, opening: str, closing: str) -> Iterator[Finding]:
    waiting = []
    for place, sign in enumerate(text, 1):
        if sign == opening:
            waiting.append(place)
        elif sign == closing and not waiting:
            yield Finding(True, place, f'"{closing}" closes nothing; delete it, or open it before.')
        elif sign == closing:
            waiting.pop()
    for place in waiting:
        yield Finding(True, place, f'"{opening}" is not closed.')


def _tags(query: str) -> Iterator[Finding]:
    for found in re.finditer(r"\[([^\[\]]*)\]", query):
        place = found.start() + 1
        tag = " ".join(found[1].split()).casefold()
        before = _before(query, found.start())
        if before.endswith(")"):
            yield Finding(
                True,
                place,
                f"[{found[1]}] stands behind a bracket, where PubMed ignores it; tag every term.",
            )
        if not before or before.endswith(("(", *_OPERATORS)):
            yield Finding(True, place, f"[{found[1]}] stands behind no term.")
        yield from _tag(found[1], tag, before, place)


def _before(query: str, end: int) -> str:
    """Return the last few signs before a place, blanks left out."""
    while end and query[end - 1].isspace():
        end -= 1
    return query[max(0, end - 4) : end]


def _tag(written: str, tag: str, before: str, place: int) -> Iterator[Finding]:
    near = _PROXIMITY.match(tag)
    if near:
        if near["field"].strip() not in _NEAR_FIELDS or not before.endswith('"'):
            yield Finding(
                True,
                place,
                f'[{written}] is ignored there; "two words"[tiab:~3] works, in ti, tiab and ad alone.',
            )
        return
    if tag in FIELD_NAMES or _SUFFIX.match(tag):
        return
    base = tag.partition(":")[0].strip()
    if base in FIELD_NAMES:
        yield Finding(
            True, place, f"[{written}] is not understood; only headings take :noexp, as in [mh:noexp]."
        )
        return
    guess = _guess(tag)
    yield Finding(
        True,
        place,
        f"PubMed has no field [{written}] and would search all fields without saying so; "
        f"{guess or 'tiab, mh, au, pt, dp are usual ones.'}",
    )


@lru_cache(256)
def _guess(tag: str) -> str:
    return did_you_mean(tag, sorted(FIELD_NAMES)).split("Allowed", maxsplit=1)[0].strip()


def _words(query: str) -> Iterator[Finding]:
    tokens = [(m.start() + 1, m[0]) for m in _TOKEN.finditer(query)]
    for number, (place, word) in enumerate(tokens):
        inner = 0 < number < len(tokens) - 1
        if word.upper() in _OPERATORS and word not in _OPERATORS and inner:
            yield Finding(
                True,
                place,
                f'"{word}" is not read as an operator; write {word.upper()}, or quote the phrase around it.',
            )
        elif word in _OPERATORS and (number == len(tokens) - 1 or (number == 0 and word != "NOT")):
            yield Finding(True, place, f"{word} has nothing on one side.")
        elif word in ("ADJ", "NEAR", "WITHIN") or re.fullmatch(r"(adj|near/|n|w/)\d+", word, re.IGNORECASE):
            yield Finding(
                True, place, f'"{word}" is an operator of other databases; PubMed takes "a b"[tiab:~3].'
            )
        elif inner and word in ("AND", "OR") and tokens[number + 1][1] in ("AND", "OR", ")"):
            yield Finding(True, place, f"{word} has nothing behind it.")
        yield from _truncation(place, word)


def _truncation(place: int, word: str) -> Iterator[Finding]:
    head, asterisk, _ = word.partition("*")
    if asterisk and not re.fullmatch(r"\w{4}", head[-4:]):
        yield Finding(
            True, place, f'"{word}" is cut too short; PubMed needs four letters before the asterisk.'
        )
    if word.startswith(("$", "?")) or re.search(r"\w[$?#]$", word):
        yield Finding(True, place, f'"{word}" is cut as in other databases; PubMed cuts with * alone.')


def _subject_headings(query: str) -> Iterator[Finding]:
    tags = {" ".join(t.split()).casefold().split(":")[0] for t in re.findall(r"\[([^\[\]]*)\]", query)}
    if tags and not tags & (_HEADINGS | {"all", "all fields"}):
        says = "the query has no MeSH heading ([mh]); articles found by their indexing alone are missed."
        yield Finding(False, 1, says)
    if tags and tags <= _HEADINGS | {"pt", "la", "dp", "sb"}:
        says = "the query has headings alone; articles not yet indexed are missed. Add text words ([tiab])."
        yield Finding(False, 1, says)
