"""Folders held in memory: put back as they were, and compared without what differs from run to run."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

Tree = Mapping[str, bytes | None]  # by path; ``None`` for a folder

_TIMES = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_SECONDS = re.compile(rb"\b\d+\.\d(?=,TIME)")
_CHANCE = re.compile(r"-[0-9a-f]{12}(?=\.tmp$)")
_LEFT_OVER = re.compile(r"(^|/)(\.metareview-|\.journal|\..*\.tmp)")


def take(root: Path) -> dict[str, bytes | None]:
    """Return everything under a folder; a lock's file, which stays and is empty, is left out."""
    found: dict[str, bytes | None] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.name != ".lock":
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


def put_back(root: Path, tree: Tree) -> None:
    """Let a folder hold what a tree holds, and nothing else."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name, raw in tree.items():
        if raw is None:
            (root / name).mkdir(parents=True, exist_ok=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(raw)


def left_over(tree: Tree) -> list[str]:
    """Return the temporary files and journals in a tree."""
    return [name for name in tree if _LEFT_OVER.search(name)]


def state(tree: Tree) -> dict[str, bytes]:
    """Return the files of a tree without times of day and today's date."""
    return {
        _timeless(name.encode()).decode(): _plain(name, raw) for name, raw in tree.items() if raw is not None
    }


def settled(tree: Tree) -> dict[str, bytes | None]:
    """Return a tree without the chance in the names of temporary files and without times."""
    return {
        _CHANCE.sub("-", _timeless(name.encode()).decode()): None if raw is None else _timeless(raw)
        for name, raw in tree.items()
    }


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Return the names of the files in which two states differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _plain(name: str, raw: bytes) -> bytes:
    if name.endswith(".xlsx") and raw.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            return b"\n".join(
                member.encode() + b"\n" + _timeless(book.read(member))
                for member in sorted(book.namelist())
                if member != "docProps/core.xml"
            )
    timeless = _timeless(raw)
    if name.startswith("screened/"):
        return _decisions(_SECONDS.sub(b"", timeless))
    if name.endswith("SHA256SUMS"):
        return b"\n".join(line[64:] for line in timeless.splitlines() if b"manifest.json" not in line)
    return timeless


def _decisions(raw: bytes) -> bytes:
    """Return decisions by record: one made twice stands once, and of two on one record the later stands."""
    header, *rows = dict.fromkeys(raw.splitlines(keepends=True)) or [b""]
    return header + b"".join(sorted(rows, key=lambda row: row.split(b",", 2)[:2]))


def _timeless(raw: bytes) -> bytes:
    raw = _TIMES.sub(b"TIME", raw)
    for day in (date.today() + timedelta(days=n) for n in (-1, 0, 1)):
        raw = raw.replace(day.isoformat().encode(), b"DAY")
    return raw
