"""``merged.csv``: every row that a merge of studies changed, as it was and as it became; for taking it back.

Beside it, ``.merged/N/`` holds the files of merge N as they were, with the digests of what the merge made of
them: a file that nobody touched since is put back byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metareview.errors import ExtractionError
from metareview.extraction.bearers import CODE, OWN, Bearer, Renaming
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Cells
from metareview.extraction.recording import Signature
from metareview.files import is_there, read_bytes, read_text, remove, write_atomically
from metareview.readings import digest_of
from metareview.tables import read_table, require_columns, write_table

LEDGER = "merged.csv"
COPIES = ".merged"
DIGESTS = "SHA256SUMS"
PROTOCOL = "protocol"
ANALYSIS = "(analysis)"  # no study can be called that
COLUMNS = ("merge", "when", "who", "kept", "joined", "file", "before", "after")


@dataclass(frozen=True, slots=True)
class Touched:
    """One row that a merge changed.

    Attributes
    ----------
    file : its path from the sheets' folder on, or ``protocol``
    before, after : its cells; ``None`` where there was, or is, no such row
    """

    file: str
    before: Cells | None
    after: Cells | None


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge as it was recorded."""

    number: int
    signature: Signature
    kept: str
    joined: tuple[str, ...]
    touched: tuple[Touched, ...]


def read_merges(folder: Path) -> list[Merge]:
    """Read every merge that stands.

    Raises
    ------
    FileError, ExtractionError
        When the ledger cannot be read as one.
    """
    path = folder / LEDGER
    if not is_there(path):
        return []
    table = read_table(path)
    require_columns(table, COLUMNS)
    merges: dict[int, Merge] = {}
    touched: dict[int, list[Touched]] = {}
    for row in table:
        cells = row.cells
        where = f"{path}:{row.line}"
        number = int(cells["merge"]) if cells["merge"].isdecimal() and len(cells["merge"]) < 10 else 0
        if not number:
            raise ExtractionError(f'{where}: merge is "{cells["merge"]}"; a number is needed.')
        signature = Signature(cells["who"], cells["when"])
        joined = tuple(part.strip() for part in cells["joined"].split(";"))
        merges.setdefault(number, Merge(number, signature, cells["kept"], joined, ()))
        row_touched = Touched(cells["file"], _row(cells["before"], where), _row(cells["after"], where))
        touched.setdefault(number, []).append(row_touched)
    return [replace(merges[number], touched=tuple(touched[number])) for number in sorted(merges)]


def _row(text: str, where: str) -> Cells | None:
    """Read a row's cells; the ledger may come with a review from somebody else."""
    if not text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ExtractionError(f"{where}: the cells of a row cannot be read; put the file back as it was.")
    return found


def write_merges(folder: Path, merges: Sequence[Merge]) -> None:
    """Write the ledger; without a merge there is none."""
    rows = _as_rows(merges)
    if rows:
        write_atomically(folder / LEDGER, write_table(COLUMNS, rows))
    else:
        remove(folder / LEDGER)


def _text(cells: Cells | None) -> str:
    if cells is None:
        return ""
    return json.dumps({name: text for name, text in cells.items() if text}, ensure_ascii=False)


def keep_copies(folder: Path, number: int, paths: Mapping[str, Path], made: Mapping[str, bytes]) -> None:
    """Keep the files of a merge as they are now, with the digests of what is made of them."""
    lines = [f"{digest_of(raw)}  {name}\n" for name, raw in sorted(made.items())]
    for name in made:
        if is_there(paths[name]):
            write_atomically(folder / COPIES / str(number) / name, read_bytes(paths[name]))
    write_atomically(folder / COPIES / str(number) / DIGESTS, "".join(lines))


def untouched(folder: Path, number: int, paths: Mapping[str, Path]) -> dict[str, bytes | None]:
    """Return what each file held before a merge, of those that nobody changed since; ``None`` for no file."""
    home = folder / COPIES / str(number)
    if not is_there(home / DIGESTS):
        return {}
    found: dict[str, bytes | None] = {}
    for line in read_text(home / DIGESTS).splitlines():
        digest, _, name = line.partition("  ")
        path = paths.get(name)  # a name from elsewhere is no file of this review
        if path is not None and is_there(path) and digest_of(read_bytes(path)) == digest:
            found[name] = read_bytes(home / name) if is_there(home / name) else None
    return found


def drop_copies(folder: Path, number: int, paths: Mapping[str, Path]) -> None:
    """Remove what was kept of a merge that was taken back."""
    for name in (*paths, DIGESTS):
        remove(folder / COPIES / str(number) / name)


def rename_in_ledger(folder: Path, renaming: Renaming) -> Iterator[tuple[Path, tuple[bytes, int]]]:
    """Let the ledger follow a renaming, so that an earlier merge can still be taken back."""
    merges = read_merges(folder)
    if not merges:
        return
    places = 0
    followed = []
    for merge in merges:
        touched = []
        for one in merge.touched:
            sides = [_renamed(one.file, cells, renaming) for cells in (one.before, one.after)]
            places += sum(count for _, count in sides)
            touched.append(Touched(one.file, sides[0][0], sides[1][0]))
        kept = renaming.new if renaming.kind == "study" and merge.kept == renaming.old else merge.kept
        followed.append(replace(merge, kept=kept, touched=tuple(touched)))
    if places:
        rows = _as_rows(followed)
        yield folder / LEDGER, (write_table(COLUMNS, rows).encode(), places)


def _as_rows(merges: Sequence[Merge]) -> list[dict[str, str]]:
    return [row for merge in merges for row in _rows_of(merge)]


def _rows_of(merge: Merge) -> Iterator[dict[str, str]]:
    for touched in merge.touched:
        yield {
            "merge": str(merge.number),
            "when": merge.signature.when,
            "who": merge.signature.who,
            "kept": merge.kept,
            "joined": "; ".join(merge.joined),
            "file": touched.file,
            "before": _text(touched.before),
            "after": _text(touched.after),
        }


def _renamed(file: str, cells: Cells | None, renaming: Renaming) -> tuple[Cells | None, int]:
    if cells is None:
        return None, 0
    if file == PROTOCOL:
        if renaming.kind != "study" or renaming.old not in cells:
            return cells, 0
        return {renaming.new if name == renaming.old else name: text for name, text in cells.items()}, 1
    stem = Path(file).name.split(".")[0]
    bearer = Bearer(Path(file), stem, OWN if stem in SHEETS else CODE)
    changed = renaming.change(bearer)(cells)
    return {**cells, **changed}, len(changed)
