"""The folder of one search of PubMed: its manifest, the replies as received, their sums.

``manifest.json`` says what was asked and, once all is there, ``"state": "complete"``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metareview.archives import open_gzip
from metareview.files import files_in, is_there, read_bytes, read_text, sha256, write_atomically
from metareview.search.formats.pubmed_xml import read_pubmed_xml
from metareview.search.record import Record

BEGUN, COMPLETE = "begun", "complete"
_PARTS = ("ids", "records")  # the folders of a run that hold replies
_SUM = re.compile(rf"(?P<sum>[0-9a-f]{{64}})  (?P<name>({'|'.join(_PARTS)})/[A-Za-z0-9][A-Za-z0-9.-]*)")
_CHANGED = "{} was changed after it was received; restore it from a copy."


def read_manifest(place: Path) -> dict[str, Any]:
    """Return what a run says of itself; nothing when it says nothing that can be read."""
    path = place / "manifest.json"
    if not is_there(path):
        return {}
    try:
        held = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}


def write_manifest(place: Path, held: dict[str, Any]) -> None:
    """Write what a run says of itself."""
    write_atomically(place / "manifest.json", json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def records_of(place: Path) -> Iterator[Record]:
    """Read the records that a run received, each once, in the order of their PMIDs but for late ones."""
    batches = files_in(place / "records", "*.xml.gz")
    for path in sorted(batches, key=lambda path: (path.name.startswith("again"), path.name)):
        with open_gzip(path) as stream:
            entries = read_pubmed_xml(stream, str(path))
            newest = {e.record.pmid: e.record for e in entries if e.record}
        yield from sorted(newest.values(), key=lambda record: int(record.pmid))


def write_sums(place: Path) -> str:
    """List the SHA-256 of all that was received, as ``sha256sum -c`` reads it; return the list's."""
    kept = [path for part in _PARTS for path in files_in(place / part, "*.xml.gz")]
    lines = [f"{sha256(path)}  {path.relative_to(place).as_posix()}\n" for path in kept]
    write_atomically(place / "SHA256SUMS", "".join(lines))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def damage(place: Path) -> list[str]:
    """Say which received files are not what they were when they came."""
    listed = place / "SHA256SUMS"
    lines = enumerate(read_text(listed).splitlines(), 1)
    return [says for n, line in lines if (says := _damage(place, line, f"{listed}:{n}"))]


def _damage(place: Path, line: str, where: str) -> str:
    """Hold one line of sums against the disk; its names are not believed, as it may have come by mail."""
    found = _SUM.fullmatch(line)
    if not found:
        return f"{where}: the line is no sum of a received file; restore the list from a copy."
    path = place / found["name"]
    if not is_there(path):
        return f"{path} is missing; it was received by that search."
    return "" if sha256(path) == found["sum"] else _CHANGED.format(path)
