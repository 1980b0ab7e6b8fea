"""Records to files that other programs read: RIS, BibTeX, and our own table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from metareview.errors import FormatError
from metareview.files import write_atomically
from metareview.search.catalogue import write_records
from metareview.search.formats.fields import TYPES
from metareview.search.record import Record, family_name

_CODES = {name.casefold(): code for code, name in reversed(TYPES.items())} | {"conference abstract": "CONF"}
_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": "\\textbackslash{}", "~": "\\~{}", "^": "\\^{}"}
)


def write_export(path: str | Path, records: Iterable[Record]) -> bool:
    """Write records as their file's name says: ``.ris``, ``.bib`` or ``.csv``.

    Returns
    -------
    bool
        Whether the file changed.

    Raises
    ------
    FormatError
        When the name has another ending.
    """
    ending = Path(path).suffix.casefold()
    if ending == ".csv":
        return write_records(path, records)
    if ending == ".ris":
        return write_atomically(path, as_ris(records))
    if ending == ".bib":
        return write_atomically(path, as_bibtex(records))
    raise FormatError(f'{path} ends in "{ending}"; .ris, .bib and .csv can be written.')


def as_ris(records: Iterable[Record]) -> str:
    """Give records as RIS, every one closed by ``ER``."""
    return "".join(f"{tag}  - {_line(value)}\n" for record in records for tag, value in _ris_lines(record))


def _line(value: object) -> str:
    """Return a value on one line: a break in it would begin another field, or another record."""
    return " ".join(str(value).splitlines())


def _ris_lines(record: Record) -> Iterator[tuple[str, str]]:
    codes = [_CODES[t.casefold()] for t in record.types if t.casefold() in _CODES]
    yield "TY", codes[0] if codes else ("JOUR" if record.journal else "GEN")
    single = {
        "ID": record.id,
        "TI": record.title,
        "TT": record.original_title,
        "T2": record.journal,
        "PY": record.year,
        "DA": record.published,
        "VL": record.volume,
        "IS": record.issue,
        "SP": record.pages,
        "SN": record.issn,
        "DO": record.doi,
        "PM": record.pmid,
        "C2": record.pmcid,
        "AN": record.accession,
        "DB": record.database,
        "UR": record.url,
        "AB": record.abstract,
    }
    yield from ((tag, str(value)) for tag, value in single.items() if value)
    many = (("AU", record.authors), ("M3", record.types), ("LA", record.languages), ("KW", record.keywords))
    yield from ((tag, value) for tag, values in many for value in values)
    yield from (("N1", number) for number in record.registry)
    yield "ER", ""


def as_bibtex(records: Iterable[Record]) -> str:
    """Give records as BibTeX, every one under a key of its own."""
    taken: dict[str, int] = {}
    return "\n".join(_bibtex(record, _key(record, taken)) for record in records)


def _key(record: Record, taken: dict[str, int]) -> str:
    stem = re.sub(r"\W+", "", family_name(record.authors[0]) if record.authors else "anonymous")
    stem = key = f"{stem}{record.year or ''}"
    while key in taken:
        taken[stem] += 1
        key = f"{stem}-{taken[stem]}"
    taken[key] = 0
    return key


def _bibtex(record: Record, key: str) -> str:
    fields = {
        "title": record.title,
        "author": " and ".join(record.authors),
        "journal": record.journal,
        "year": record.year,
        "volume": record.volume,
        "number": record.issue,
        "pages": record.pages,
        "issn": record.issn,
        "doi": record.doi,
        "pmid": record.pmid,
        "pmcid": record.pmcid,
        "unique-id": record.accession,
        "source": record.database,
        "language": "; ".join(record.languages),
        "keywords": "; ".join(record.keywords),
        "type": "; ".join(record.types),
        "note": "; ".join(record.registry),
        "url": record.url,
        "abstract": record.abstract,
    }
    lines = [f"  {name} = {{{_line(value).translate(_LATEX)}}}," for name, value in fields.items() if value]
    return "\n".join([f"@article{{{key},", *lines, "}", ""])
