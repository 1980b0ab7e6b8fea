"""BibTeX, read with bibtexparser: entries that it cannot read, and keys that stand twice, are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metareview.search.formats.entry import Entry
from metareview.search.formats.fields import Values, record_entry

_TABLE = """
title: title; abstract: abstract; authors: author; year: year; published: date; journal: journal
journaltitle; journal2: booktitle; volume: volume; issue: number; first_page: pages; article_number:
article-number; doi: doi; pmid: pmid pubmed_id; pmcid: pmcid; issn: issn isbn; languages: language;
keywords: keywords author_keywords; url: url; notes: note eprint; accession: unique-id; types: type
document_type; database: source
"""
_FIELDS = {
    key: name.strip() for name, keys in (row.split(":") for row in _TABLE.split(";")) for key in keys.split()
}
_TYPES = {
    "article": "Journal Article",
    "inproceedings": "Conference Paper",
    "conference": "Conference Abstract",
    "book": "Book",
    "incollection": "Book Chapter",
    "inbook": "Book Chapter",
    "phdthesis": "Thesis",
    "mastersthesis": "Thesis",
    "techreport": "Report",
    "unpublished": "Unpublished Work",
}


def read_bibtex(text: str) -> Iterator[Entry]:
    """Read the entries of a BibTeX file."""
    import logging

    import bibtexparser
    from bibtexparser.middlewares import LatexDecodingMiddleware

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it would print is told by entries
    library = bibtexparser.parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    entries = [_entry(block, "") for block in library.entries]
    entries += [_failed(block) for block in library.failed_blocks]
    yield from sorted(entries, key=lambda entry: entry.line)


def _entry(block: Any, says: str) -> Entry:
    values: Values = {}
    for field in block.fields:
        name = _FIELDS.get(field.key.casefold())
        if name:
            values.setdefault(name, []).append(_plain(str(field.value)).replace("--", "-"))
    values.setdefault("types", [_TYPES.get(block.entry_type.casefold(), "")])
    return record_entry((block.start_line or 0) + 1, values, "", says)


def _plain(value: str) -> str:
    """Take the braces off that kept capitals, and month names that are strings."""
    return value.replace("{", "").replace("}", "").strip('"')


def _failed(block: Any) -> Entry:
    """Keep an entry whose only fault is a key, or a field, that stands twice; tell any other."""
    line = (block.start_line or 0) + 1
    inner = getattr(block, "ignore_error_block", None)
    if inner is not None and hasattr(inner, "fields"):
        return _entry(inner, f"its key or one of its fields stands twice ({type(block).__name__})")
    reason = getattr(block.error, "abort_reason", "") or str(block.error) or type(block.error).__name__
    return Entry(line, None, f"it is broken BibTeX: {' '.join(reason.split())[:120].rstrip('. ')}")
