"""The folder of one search of PubMed: its manifest, the replies as received, their sums.

``manifest.json`` says what was asked and, once all is there, ``"state": "complete"``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metareview.archives import open_gzip
from metareview.files import write_atomically
from metareview.search.formats.pubmed_xml import read_pubmed_xml
from metareview.search.record import Record

BEGUN, COMPLETE = "begun", "complete"


def read_manifest(place: Path) -> dict[str, Any]:
    """Return what a run says of itself; nothing when it says nothing that can be read."""
    try:
        held = json.loads((place / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def write_manifest(place: Path, held: dict[str, Any]) -> None:
    """Write what a run says of itself."""
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / "manifest.json", json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def records_of(place: Path) -> Iterator[Record]:
    """Read the records that a run received, each once, in the order of their PMIDs but for late ones."""
    batches = (place / "records").glob("*.xml.gz")
    for path in sorted(batches, key=lambda path: (path.name.startswith("again"), path.name)):
        with open_gzip(path) as stream:
            entries = read_pubmed_xml(stream, str(path))
            newest = {e.record.pmid: e.record for e in entries if e.record}
        yield from sorted(newest.values(), key=lambda record: int(record.pmid))


def write_sums(place: Path) -> str:
    """List the SHA-256 of all that was received, as ``sha256sum -c`` reads it; return the list's."""
    lines = [
        f"{_sum(path)}  {path.relative_to(place).as_posix()}\n" for path in sorted(place.rglob("*.xml.gz"))
    ]
    write_atomically(place / "SHA256SUMS", "".join(lines))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def damage(place: Path) -> list[str]:
    """Say which received files are not what they were when they came."""
    listed = (place / "SHA256SUMS").read_text("utf-8").splitlines()
    problems = []
    for line in listed:
        wanted, name = line.split("  ", 1)
        path = place / name
        if not path.exists():
            problems.append(f"{path} is missing; it was received by that search.")
        elif _sum(path) != wanted:
            problems.append(f"{path} was changed after it was received; restore it from a copy.")
    return problems


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
