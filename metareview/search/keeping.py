"""What is kept of an import: a copy under a name that is safe everywhere, and what it held."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from metareview.characters import printable
from metareview.errors import MetareviewError
from metareview.files import is_there
from metareview.names import LONGEST, name_fault
from metareview.search.catalogue import as_row
from metareview.search.formats.reading import Export, read_export
from metareview.search.gather import RENEWED
from metareview.search.ledger import SearchRun
from metareview.search.record import Record, own_id

NOT_READ = "not_read.csv"
_OWN = (
    "manifest.json",
    "sha256sums",
    NOT_READ,
    RENEWED,
    "search.csv",
    "removed_records.csv",
    "duplicates.csv",
)
_UNSAFE = re.compile(r"[^\w .,()+@=-]")  # what some system does not allow in a name, or a terminal runs
_LONGEST_ENDING = 12
_ODD_START = ".- =+@"


def kept_name(name: str) -> str:
    """Return the name of the copy of an export: its own where every system can have it.

    >>> kept_name("Embase 1-500.ris"), kept_name(".hidden.ris"), kept_name("con.ris")
    ('Embase 1-500.ris', 'export-hidden.ris', 'export-con.ris')
    """
    text = unicodedata.normalize("NFC", name)
    safe = _UNSAFE.sub("_", text).rstrip(". ")
    stem, dot, ending = safe.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = safe, "", ""
    room = LONGEST - len(ending.encode()) - 8
    stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    safe = f"{stem}{dot}{ending}"
    first = re.sub(r"[^A-Za-z0-9]", "x", safe.split(".", maxsplit=1)[0].rstrip()) or "x"
    odd = not safe or safe[0] in _ODD_START or safe.casefold() in _OWN or name_fault(first)
    return f"export-{safe.lstrip(_ODD_START)}".rstrip("-") if odd else safe


def renamed_note(name: str) -> str:
    """Return a sentence on the name a file came under; ``""`` where its copy has the same."""
    return "" if kept_name(name) == name else f'The file came as "{printable(name)}".'


def contents(records: Iterable[Record]) -> str:
    """Return a digest of what an export held, however it was saved: encoding, format, order of rows."""
    held = sorted(repr(sorted(as_row(replace(r, id="", source=())).items())) for r in records)
    return hashlib.sha256("\n".join(held).encode("utf-8", "replace")).hexdigest()


def same_before(
    folder: Path, export: Export, runs: Sequence[SearchRun], held: Iterable[Record]
) -> SearchRun | None:
    """Find an earlier import that held the very records of an export; ``None`` when there is none.

    Parameters
    ----------
    folder
        ``searched/REVIEW``.
    export
        What is to be imported.
    runs, held
        The searches and the records of the review so far.
    """
    names = {own_id(record) for record in export.records}
    alike = [run for run in runs if names and run.records == len(export.records) and run.file]
    given: dict[str, set[str]] = {run.id: set() for run in alike}
    for record in held if alike else ():
        for source in record.source:
            if source in given:
                given[source].add(own_id(record))
    digest = contents(export.records) if alike else ""
    return next((r for r in alike if names <= given[r.id] and _contents_of(folder / r.file) == digest), None)


def _contents_of(path: Path) -> str:
    """Read an earlier import again; one that cannot be read any more is not known to be the same."""
    try:
        return contents(read_export(path).records) if is_there(path) and path.is_file() else ""
    except MetareviewError:
        return ""
