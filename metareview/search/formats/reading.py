"""One door for all exports: a file is what it holds, whatever its name; every record is accounted for."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.errors import FormatError
from metareview.files import decode, read_bytes
from metareview.readings import digest_of
from metareview.search.formats.bibtex import read_bibtex
from metareview.search.formats.delimited import field_of, read_delimited
from metareview.search.formats.dialects import COCHRANE, DIALECTS, MEDLINE, RIS, WEB_OF_SCIENCE, Dialect
from metareview.search.formats.endnote_xml import read_endnote_xml
from metareview.search.formats.entry import Entry
from metareview.search.formats.pubmed_xml import read_pubmed_xml
from metareview.search.formats.workbook import read_workbook
from metareview.search.record import Record

_HEAD = 20_000


@dataclass(frozen=True, slots=True)
class Export:
    """What one export file held: each of its records is in ``entries``, read or not.

    Attributes
    ----------
    path : the file
    format : what it was read as
    entries : one per record, in the file's order
    sha256 : of the very bytes that were read
    """

    path: str
    format: str
    entries: tuple[Entry, ...]
    sha256: str

    @property
    def records(self) -> tuple[Record, ...]:
        """The records that could be read."""
        return tuple(e.record for e in self.entries if e.record is not None)

    @property
    def refused(self) -> tuple[str, ...]:
        """A sentence for each record that could not be read, with its line."""
        return tuple(
            f"{self.path}:{e.line}: not a record: {e.says}." for e in self.entries if e.record is None
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence for each record that was read and has something odd, with its line."""
        return tuple(
            f"{self.path}:{e.line}: {e.says}." for e in self.entries if e.record is not None and e.says
        )


def read_export(path: str | Path) -> Export:
    """Read an export file of any format that is known.

    Parameters
    ----------
    path
        RIS, MEDLINE/NBIB, PubMed XML or CSV, EndNote XML, BibTeX, Web of Science, Cochrane, Refer, or a table
        (CSV, TSV, XLSX) with a column for the title or an identifier.

    Raises
    ------
    FormatError
        When it is none of these, holds no record, or is cut short where that cannot be mended.
    """
    raw = read_bytes(path)
    name = str(path)
    label, reader = _reader(raw, name)
    entries = tuple(reader())
    if not entries:
        raise FormatError(f"{name} was read as {label} and holds no record.")
    return Export(name, label, _without_older(entries), digest_of(raw))


def _without_older(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Where a newer version of a PubMed record follows, tell that the older one gave way."""
    last = {
        e.record.pmid: n for n, e in enumerate(entries) if e.record and e.says.startswith("a newer version")
    }
    return tuple(
        Entry(e.line, None, f"an older version of PMID {e.record.pmid}; the newer one in the file is kept")
        if e.record and e.record.pmid in last and n < last[e.record.pmid]
        else e
        for n, e in enumerate(entries)
    )


def _reader(raw: bytes, name: str) -> tuple[str, Callable[[], Iterator[Entry]]]:
    if raw.startswith(b"PK\x03\x04"):
        return "a workbook", lambda: read_workbook(raw, name)
    head = raw[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<[?!a-zA-Z]", head):
        return _xml_reader(raw, head, name)
    text = decode(_clean_controls(raw), name).removeprefix("\ufeff")
    header = text.lstrip().split("\n", 1)[0]
    named = sum(bool(field_of(cell.strip().strip('"'))) for cell in re.split(r"[,;\t]", header))
    dialect = _dialect(text) if named < 3 else None  # cells of a table may quote whole records
    if dialect:
        from metareview.search.formats.tagged import read_tagged

        return dialect.name, lambda: read_tagged(text, dialect)
    if named < 3 and re.search(r"^[^\S\n]*@\w+\s*[{(]", text, re.MULTILINE):
        return "BibTeX", lambda: read_bibtex(text)
    if named:
        return "a table", lambda: read_delimited(text, name)
    raise FormatError(
        f"{name} is no export that is known; RIS, NBIB, PubMed XML or CSV, EndNote XML, BibTeX, or a table "
        "with a column title would be right."
    )


def _xml_reader(raw: bytes, head: bytes, name: str) -> tuple[str, Callable[[], Iterator[Entry]]]:
    if re.search(rb"<(PubmedArticleSet|PubmedBookArticleSet|PubmedArticle|DeleteCitation)\b", head):
        return "PubMed XML", lambda: read_pubmed_xml(io.BytesIO(raw.lstrip()), name)
    if re.search(rb"<records?\b", head):
        return "EndNote XML", lambda: read_endnote_xml(io.BytesIO(raw.lstrip()), name)
    raise FormatError(
        f"{name} is XML, but neither PubMed's (PubmedArticleSet) nor EndNote's (xml/records/record)."
    )


def _clean_controls(raw: bytes) -> bytes:
    """Drop the stray control characters that some exports hold; text in UTF-16 is left as it is."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw
    return raw.translate(None, bytes(set(range(32)) - {9, 10, 12, 13}))


def _dialect(text: str) -> Dialect | None:
    """Find whose tags the first tagged lines are."""
    lines = [line for line in text[:_HEAD].splitlines() if line.strip()][:60]
    if re.match(r"(FN |PT [A-Z]$)", lines[0] if lines else "", re.MULTILINE):
        return WEB_OF_SCIENCE
    if any(RIS.line.match(line) and line.lstrip().startswith("TY") for line in lines):
        return RIS
    for dialect in (MEDLINE, COCHRANE, *DIALECTS):
        for line in lines:
            found = dialect.line.match(line)
            if found and found["tag"] in dialect.begins:
                return replace(dialect, begins=frozenset({found["tag"]}))
    return None
