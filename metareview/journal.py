"""Writes of several files that belong together: all of them, or none, whenever the process dies.

:func:`all_or_none` collects the writes and puts them into ``.journal/`` in the folder they are for.
Once ``.journal/entries.json`` is on the disk they count as made: they are carried out, and the next
command carries out what a killed one left. Where a person changed one of the files in between that was
not written yet, the next command takes the others back instead: a person's edit always stays.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from metareview.disk import flush_folder
from metareview.errors import FileError
from metareview.files import (
    PENDING,
    file_status,
    put,
    put_staged,
    refuse_link,
    sweep,
    through_link,
    unlink,
    why,
)
from metareview.readings import (
    ABSENT,
    absolute,
    changed_meanwhile,
    digest_now,
    digest_of,
    expected_digest,
    note_written,
)

FOLDER = ".journal"
ENTRIES = "entries.json"
# the folders a review's files lie in, and the folder of its protocol
ROOMS = ("searched", "screened", "texts", "extracted", "reports", "output")
PROTOCOLS = "protocols"
_COMPLETED: set[Path] = set()  # what this process has written for a killed one


@dataclass(frozen=True, slots=True)
class StagedWrite:
    """One write, or removal, of a journal.

    Attributes
    ----------
    path : from the journal's folder on
    before, after : digests of what it held and of what it is to hold; ``""`` for no file
    """

    path: str
    before: str
    after: str


@contextmanager
def all_or_none(home: str | Path) -> Iterator[None]:
    """Let every write and removal inside be made together, or none of them.

    Parameters
    ----------
    home
        The folder they are for, which is locked; other files may only be those of the same review.

    Raises
    ------
    FileError
        When the disk refuses, or somebody changed one of the files meanwhile: nothing is written then.
    """
    if PENDING.get() is not None:  # the writes join those of the journal around this one
        yield
        return
    pending: dict[Path, bytes | None] = {}
    token = PENDING.set(pending)
    try:
        yield
    finally:
        PENDING.reset(token)
    if pending:
        _commit(absolute(Path(home)), pending)


def _commit(home: Path, pending: Mapping[Path, bytes | None]) -> None:
    entries = [_entry(home, path, raw) for path, raw in pending.items()]
    try:
        _stage(home, entries, list(pending.values()))
    except BaseException as error:
        _clear(home)
        if isinstance(error, OSError):
            raise FileError(f"{home} cannot be written: {why(error)}; nothing was changed.") from None
        raise
    _carry_out(home, entries)
    for path, entry in zip(pending, entries, strict=True):
        note_written(path, entry.after)


def _entry(home: Path, path: Path, raw: bytes | None) -> StagedWrite:
    """Describe a write, and refuse it when its file is not what was read."""
    before, expected = digest_now(through_link(path)), expected_digest(path)
    if expected not in (None, before):
        raise changed_meanwhile([path])
    entry = StagedWrite(os.path.relpath(path, home), before, ABSENT if raw is None else digest_of(raw))
    _target(home, entry)
    return entry


def _target(home: Path, entry: StagedWrite) -> Path:
    """Return where an entry goes; refuse one that leaves the review's own folders.

    A journal may come with a review from somebody else, so its paths are not believed.
    """
    path = absolute(home / entry.path)
    if home in path.parents:
        return path
    project, name = home.parent.parent, home.name
    own = [project / room / name for room in ROOMS]
    if home in own and (path == project / PROTOCOLS / f"{name}.toml" or any(o in path.parents for o in own)):
        return path
    raise FileError(
        f"{home / FOLDER / ENTRIES} names {entry.path}, which is no file of this review; remove {FOLDER}."
    )


def _stage(home: Path, entries: Sequence[StagedWrite], contents: Sequence[bytes | None]) -> None:
    """Put what files hold and are to hold into the journal; the list of them comes last."""
    folder = home / FOLDER
    refuse_link(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for number, (entry, raw) in enumerate(zip(entries, contents, strict=True)):
        if raw is not None:
            put(folder / f"{number}.new", raw)
        if entry.before != ABSENT:
            old = through_link(_target(home, entry)).read_bytes()
            if digest_of(old) != entry.before:
                raise changed_meanwhile([_target(home, entry)])
            put(folder / f"{number}.old", old)
    flush_folder(home)
    put(folder / ENTRIES, json.dumps([asdict(entry) for entry in entries], indent=1).encode())


def _carry_out(home: Path, entries: Sequence[StagedWrite], made: Container[int] = ()) -> None:
    """Make every write of a complete journal but those made; take all back when one cannot be made."""
    try:
        for number, entry in enumerate(entries):
            if number not in made:
                _apply(home, number, entry, forward=True)
    except FileError:
        _take_back(home, entries)
        raise
    _clear(home)


def _apply(home: Path, number: int, entry: StagedWrite, *, forward: bool) -> None:
    """Let one file hold what it is to hold (or what it held); nothing when it does already."""
    path = _target(home, entry)
    before, after = (entry.before, entry.after) if forward else (entry.after, entry.before)
    if digest_now(path) == after:
        return
    if after == ABSENT:
        if digest_now(path) != before:
            raise changed_meanwhile([path])
        unlink(path)
        return
    put_staged(path, _staged(home, number, forward=forward), before)


def _staged(home: Path, number: int, *, forward: bool) -> Path:
    return home / FOLDER / f"{number}.{'new' if forward else 'old'}"


def _take_back(home: Path, entries: Sequence[StagedWrite]) -> None:
    """Let every file hold what it held before; one that a person changed stays as they left it."""
    for number, entry in enumerate(entries):
        if digest_now(_target(home, entry)) == entry.after:
            _apply(home, number, entry, forward=False)
    _clear(home)


def _clear(home: Path) -> None:
    """Remove the journal, its list first: without it nothing else in it counts."""
    with suppress(OSError):
        (home / FOLDER / ENTRIES).unlink(missing_ok=True)
        flush_folder(home / FOLDER)
        shutil.rmtree(home / FOLDER, ignore_errors=True)


def is_unsettled(home: Path) -> bool:
    """Check whether a killed command left a complete journal in a folder."""
    found = file_status(home / FOLDER / ENTRIES)
    return found is not None and stat.S_ISREG(found.st_mode)


def settle_journal(home: Path) -> None:
    """Carry out, or take back, what a killed command left; the folder must be locked.

    Raises
    ------
    FileError
        When a person changed one of the files since, before it was written: the interrupted command is
        undone, once, and this says so.
    """
    if not is_unsettled(home):
        if (home / FOLDER).is_dir() and not (home / FOLDER).is_symlink():
            shutil.rmtree(home / FOLDER, ignore_errors=True)
        return
    entries = _read_entries(home)
    for number, entry in enumerate(entries):
        _give_back(home, number, entry)
    touched = [n for n, entry in enumerate(entries) if not _can_be_made(home, n, entry)]
    if all(_was_made(home, n, entries[n]) for n in touched):
        _carry_out(home, entries, touched)
        _COMPLETED.update(_target(home, entry) for entry in entries)
        return
    _take_back(home, entries)
    raise FileError(
        f"{_target(home, entries[n])} was changed after a command was cut short; your change stays, and what "
        "that command had begun was taken back. Run it again."
        for n in touched
    )


def was_completed(path: Path) -> bool:
    """Check, once, whether this process wrote a file that a killed command had left in its journal."""
    here = absolute(path) in _COMPLETED
    _COMPLETED.discard(absolute(path))
    return here


def _give_back(home: Path, number: int, entry: StagedWrite) -> None:
    """Put back what somebody saved at the moment of a write, when the process died before it could."""
    staged, path = _staged(home, number, forward=True), _target(home, entry)
    sweep(through_link(path).parent, again=True)  # on another disk it was held beside the file
    known = (ABSENT, entry.before, entry.after)
    if entry.after != ABSENT and digest_now(path) == entry.after and digest_now(staged) not in known:
        put_staged(path, staged, entry.after)


def _was_made(home: Path, number: int, entry: StagedWrite) -> bool:
    """Check whether a file was written before somebody changed it: its change then holds ours.

    A write moves the staged file away, or leaves in its place what stood there before.
    """
    return entry.after != ABSENT and digest_now(_staged(home, number, forward=True)) in (ABSENT, entry.before)


def _can_be_made(home: Path, number: int, entry: StagedWrite) -> bool:
    """Check whether a write was made, or still can be."""
    there = digest_now(_target(home, entry))
    if there == entry.after:
        return True
    ready = entry.after == ABSENT or digest_now(_staged(home, number, forward=True)) == entry.after
    return there == entry.before and ready


def _read_entries(home: Path) -> list[StagedWrite]:
    path = home / FOLDER / ENTRIES
    try:
        return [
            StagedWrite(str(e["path"]), str(e["before"]), str(e["after"]))
            for e in json.loads(path.read_bytes())
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise FileError(f"{path} cannot be read; move {path.parent} away and try again.") from None
