"""Cells are changed where they stand; separator, quotes, line ends and encoding stay."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.extraction.sheet_text import read_sheet_text
from metareview.tables import read_table

CELL = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from(',;"\n'), max_size=6
)


def renamed(old, new):
    return lambda cells: {name: new for name, text in cells.items() if text == old}


@pytest.mark.parametrize(
    "raw",
    [
        b"study,n\nA,1\nB,2\n",
        b"study;n\r\nA;12,5\r\n\r\nB;2\r\n",
        b'\xef\xbb\xbfstudy\tn\n"A"\t1\nB\t2',
        'study,note\nA,caf\u00e9 \u2013 "x"\nB,"a, b"\n'.encode("cp1252"),
        "study,note\nA,\u03b1\nB,\n".encode("utf-16"),
        b"study,n,,\nA,1,,\nB,2,,\n",
    ],
)
def test_a_change_and_its_way_back_leave_the_very_same_bytes(tmp_path, raw):
    path = tmp_path / "studies.csv"
    path.write_bytes(raw)
    changed = read_sheet_text(path).edited(renamed("A", "CRASH3-2019"))
    assert changed != raw
    path.write_bytes(changed)
    assert read_table(path).column("study") == ["CRASH3-2019", "B"]
    assert read_sheet_text(path).edited(renamed("CRASH3-2019", "A")) == raw


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;\t"))
def test_only_the_cells_asked_for_change_whatever_stands_in_the_others(tmp_path_factory, rows, separator):
    path = tmp_path_factory.mktemp("sheet") / "x.csv"
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([("study", "note"), ("A", "x"), *rows])
    path.write_bytes(out.getvalue().encode())
    before = read_table(path)
    path.write_bytes(read_sheet_text(path).edited(renamed("A", 'B;"C", \n')))
    after = read_table(path)
    wanted = [{n: 'B;"C",' if text == "A" else text for n, text in row.cells.items()} for row in before]
    assert [row.cells for row in after] == wanted


def test_rows_are_taken_out_and_added(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"study;n\r\nA;1\r\nB;2")
    sheet = read_sheet_text(path)
    made = sheet.edited(lambda row: None if row["study"] == "A" else {}, [{"study": "C;D", "n": "3"}])
    assert made == b'study;n\r\nB;2\r\n"C;D";3\r\n'
