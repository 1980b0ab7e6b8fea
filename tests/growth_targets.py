"""Everything that reads a text of other people's making, by name: what the growth tests feed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from metareview.characters import guarded, printable, storable, unguarded
from metareview.errors import MetareviewError, did_you_mean
from metareview.extraction.cells import read_cell
from metareview.extraction.checks import sources
from metareview.extraction.checks.answers import parse_answers
from metareview.extraction.checks.overlaps import _REGISTRY as NUMBERS
from metareview.extraction.checks.texts import _EXCEL_DATE, _NOTHING
from metareview.extraction.columns import CONTRASTS, RESULTS, STUDIES
from metareview.extraction.printed import read_printed
from metareview.files import decode
from metareview.protocol.reading import parse_protocol
from metareview.report.markdown import code, escape
from metareview.screening.exchange import covidence, rayyan, votes
from metareview.screening.highlight import find_words, question_words
from metareview.search.catalogue import join_list, split_list
from metareview.search.dedupe import find_duplicates
from metareview.search.dedupe.face import face_of
from metareview.search.entrez.replies import _gist, retry_after
from metareview.search.formats.bibtex import read_bibtex
from metareview.search.formats.delimited import field_of, read_delimited
from metareview.search.formats.dialects import DIALECTS
from metareview.search.formats.fields import record_of, split_authors
from metareview.search.formats.reading import _reader
from metareview.search.formats.tagged import read_tagged
from metareview.search.formats.writing import as_bibtex, as_ris
from metareview.search.query import lint
from metareview.search.record import (
    Record,
    clean_doi,
    clean_pmcid,
    clean_pmid,
    family_name,
    find_year,
    own_id,
    registry_numbers,
    tidy,
)
from metareview.synthesis.bayes import prior_from
from metareview.tables import number, parse_table

FIELDS = [
    "title",
    "abstract",
    "authors",
    "first_page",
    "doi",
    "keywords",
    "url",
    "notes",
    "accession",
    "citation",
]


def of_fields(text: str) -> object:
    return [record_of({name: [text]}) for name in FIELDS]


def of_lines(text: str) -> object:
    return record_of({name: text.split("a") for name in FIELDS})


def face(text: str) -> object:
    words = {name: text for name in ("title", "abstract", "journal", "issn", "volume", "pages")}
    return face_of(Record(id="a", authors=(text,), types=(text,), **words))


def twins(text: str) -> object:
    words = {name: text for name in ("title", "abstract", "journal", "issn", "volume", "pages")}
    return find_duplicates([Record(id=i, authors=(text,), types=(text,), **words) for i in "ab"])


def quotes(text: str) -> object:
    quote = text.translate(sources._MINUS)
    found = (sources._SHARES, sources._PERCENTS, sources._ESTIMATES, sources._SPREADS, sources._LEVELS)
    return [pattern.findall(quote) for pattern in (*found, sources._P_VALUES, NUMBERS)]


def marks(text: str) -> object:
    return [pattern.fullmatch(text) for pattern in (_EXCEL_DATE, _NOTHING)]


def cells(text: str) -> object:
    columns = [*RESULTS.columns, *CONTRASTS.columns, *STUDIES.columns]
    return [read_cell(text, column, decimal_comma=comma) for column in columns for comma in (True, False)]


def printed(text: str) -> object:
    return read_printed(text, 1.0)


def exported(text: str) -> object:
    record = Record(id=text, title=text, authors=(text,), abstract=text, keywords=(text,), journal=text)
    return as_ris([record]), as_bibtex([record]), own_id(record)


def exchanged(text: str) -> object:
    for notes in (text, f"RAYYAN-INCLUSION: {text}", f"Exclusion reason: {text}"):
        covidence._REASON.search(notes)
        covidence._VOTES.match(notes.partition("RAYYAN-INCLUSION:")[2])
        rayyan._INCLUSION.match(rayyan._behind(notes, "RAYYAN-INCLUSION:"))
        rayyan._NEXT.split(notes, maxsplit=1)
        rayyan._user_notes(f"USER-NOTES: {{{notes}}}")
        rayyan._user_notes(f"USER-NOTES: {notes}")
        votes.unquoted(notes)
    return None


def sniffed(text: str) -> object:
    return list(_reader(text.encode(), "x")[1]())


def tagged(text: str) -> object:
    return [list(read_tagged(text, dialect)) for dialect in DIALECTS]


def tags(text: str) -> object:
    return list(read_tagged(f"TY  - JOUR\nTI  - {text}\nAB  - {text}\nER  - \n", DIALECTS[0]))


def protocol(text: str) -> object:
    return parse_protocol(text, "x")


def named(text: str) -> object:
    return did_you_mean(text, ["title", "a" * len(text), text[1:]])


def refused(work: Callable[[str], object]) -> Callable[[str], object]:
    """Let a text be refused, as most are; nothing but a sentence may come of it."""

    def reading(text: str) -> object:
        with suppress(MetareviewError):
            return work(text)
        return None

    return reading


TARGETS: dict[str, Callable[[str], object]] = {
    name: refused(work)
    for name, work in {
        "answers": parse_answers,
        "authors": split_authors,
        "bibtex": lambda text: list(read_bibtex(text)),
        "bibtex entry": lambda text: list(
            read_bibtex(f"@article{{a,\n author = {{{text}}},\n title = {{x}}}}\n")
        ),
        "cells": cells,
        "decode": lambda text: decode(text.encode(), "x"),
        "delimited": lambda text: list(read_delimited("title,abstract,doi\n" + text, "x")),
        "did you mean": named,
        "doi": clean_doi,
        "exchange": exchanged,
        "export": exported,
        "face": face,
        "family name": family_name,
        "fields": of_fields,
        "fields of lines": of_lines,
        "field of heading": field_of,
        "gist": lambda text: _gist(text.encode()),
        "highlight": lambda text: list(find_words(text, question_words({"a": text}))),
        "lists": lambda text: (split_list(text), join_list([text])),
        "marks": marks,
        "markdown": lambda text: (escape(text), code(text)),
        "number": lambda text: [number(text, decimal_comma=comma) for comma in (True, False)],
        "guard": lambda text: (unguarded(text), guarded(text), printable(text), storable(text)),
        "pmcid": clean_pmcid,
        "pmid": clean_pmid,
        "printed": printed,
        "prior": prior_from,
        "protocol": protocol,
        "query": lint,
        "quotes": quotes,
        "registry": registry_numbers,
        "retry after": retry_after,
        "sniffing": sniffed,
        "table": lambda text: parse_table(text, "x"),
        "tagged": tagged,
        "tags": tags,
        "tidy": tidy,
        "twins": twins,
        "year": find_year,
    }.items()
}
