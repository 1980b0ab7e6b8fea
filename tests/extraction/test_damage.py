"""Damaged files are read, or refused in sentences; never a traceback, never a changed file."""

import os
import random

import pytest

from metareview.errors import MetareviewError
from metareview.extraction import check_sheets, read_sheets
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Grid
from metareview.extraction.updating import Signature, bring_back
from metareview.extraction.workbook import workbook_bytes

# METAREVIEW_FUZZ=10000 for the long run; the seed is the case's number, so that each can be repeated
CASES = int(os.environ.get("METAREVIEW_FUZZ", "60"))
SPICE = [b",", b'"', b"\n", b";", b"\x00", b"\xff", b"=", b"9" * 400, b"1e999", b"\xef\xbb\xbf", b"''", b"\r"]


def damaged(raw, rng):
    """Change, drop, repeat or insert bytes at random places."""
    raw = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 5, 40])):
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(4):
            case 0:
                raw[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del raw[at : at + rng.choice([1, 3, 50])]
            case 2:
                raw[at:at] = rng.choice(SPICE)
            case _:
                raw[at:at] = raw[at : at + rng.randrange(60)]
    return bytes(raw)


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def test_damaged_sheets_are_read_or_refused_in_sentences(small):
    folder = small.write()
    for case in range(CASES):
        rng = random.Random(case)
        name = rng.choice(list(small.texts))
        path = folder / f"{name}.csv"
        path.write_bytes(damaged(small.texts[name].encode("utf-8"), rng))
        before = contents(folder)
        try:
            check_sheets(read_sheets(folder, small.protocol), small.protocol)
        except MetareviewError as error:
            assert all(problem.strip().endswith((".", "?")) for problem in error.problems), case
        assert contents(folder) == before, case
        path.write_text(small.texts[name], "utf-8")


def test_damaged_workbooks_change_nothing_or_are_brought_back_whole(small):
    folder = small.write()
    grids = {name: Grid(kind, kind.names, ()) for name, kind in SHEETS.items()}
    grids["results"] = Grid(
        SHEETS["results"],
        SHEETS["results"].names,
        ({"row": "r1", "study": "A1", "outcome": "death", "arm": "d"},),
    )
    whole = workbook_bytes(grids, small.protocol)
    before = contents(folder)
    book = small.folder.parent / "book.xlsx"
    for case in range(CASES):
        book.write_bytes(damaged(whole, random.Random(case)))
        try:
            bring_back(folder, small.protocol, book, Signature("AB", "2026-01-01 00:00"))
        except MetareviewError as error:
            assert all(problem.strip().endswith((".", "?")) for problem in error.problems), case
            assert contents(folder) == before, case
        else:
            for path in contents(folder).keys() - before.keys():
                path.unlink()
            small.write()


@pytest.mark.parametrize("size", [100_000])
@pytest.mark.slow
def test_a_hundred_thousand_rows_are_read_and_checked(small, size):
    header = small.texts["results"].splitlines()[0]
    lines = [header] + [
        f"r{n},A1,death,day {n // 2},ITT,{'dc'[n % 2]},100,{n % 90},,,,{n % 90},,reported,pmid:1,p. 2,,,"
        for n in range(size)
    ]
    small.texts["results"] = "\n".join(lines) + "\n"
    folder = small.write()
    sheets = read_sheets(folder, small.protocol)
    check_sheets(sheets, small.protocol)
    assert len(sheets.results) == size
