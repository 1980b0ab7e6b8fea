import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.characters import guarded, storable, unguarded
from metareview.errors import FileError
from metareview.files import decode
from metareview.tables import number, parse_table, write_table


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_and_blanks_are_dropped(separator):
    table = parse_table(f"\ufeffstudy{separator}n \r\n A {separator}\u00a05\r\n", "x.csv")
    assert (table.columns, table.rows[0].cells, table.separator) == (
        ("study", "n"),
        {"study": "A", "n": "5"},
        separator,
    )


def test_lines_are_counted_as_an_editor_counts_them():
    table = parse_table('a,b\n"two\nlines",1\n\n,\nx,2\n', "x.csv")
    assert [row.line for row in table] == [2, 6]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,,b\n1,2,3\n", "column 2 has no name"),
        ("a,a\n1,2\n", '"a" stands twice'),
        ("a,b\n1,2,3\n", "x.csv:2: the row has 3 cells"),
        ('a,b\n"1,2\n', "cannot be read as a table row"),
    ],
)
def test_a_table_of_no_clear_shape_is_refused(text, fault):
    with pytest.raises(FileError, match=fault):
        parse_table(text, "x.csv")


def test_all_faults_of_shape_come_at_once():
    with pytest.raises(FileError) as caught:
        parse_table("a,a,\n1,2,3\n1\n1,2\n", "x.csv")
    assert len(caught.value.problems) == 4


def test_blank_columns_that_a_spreadsheet_adds_on_the_right_are_dropped():
    assert parse_table("a,b,,\n1,2,,\n", "x.csv").columns == ("a", "b")


@pytest.mark.parametrize(
    ("cell", "value"), [("12", 12), ("\u22123.5", -3.5), ("0\u00b75", 0.5), ("1e-3", 0.001), (" 7\u00a0", 7)]
)
def test_numbers_are_read_as_printed(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("12,5", "decimal or a thousands"),
        ("1,234.5", "thousands"),
        ("1 234", "thousands"),
        ("50%", "percent"),
        ("3-Apr", "date"),
        ("2024-04-03 00:00:00", "date"),
        ("NA", "a number"),
        ("1e999", "too large"),
        ("nan", "a number"),
        ("inf", "a number"),
    ],
)
def test_cells_that_are_no_clear_number_say_why(cell, fault):
    assert fault in number(cell)


@given(
    st.lists(
        st.tuples(
            *[
                st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).map(
                    lambda s: s.strip() or "x"
                )
            ]
            * 2
        ),
        min_size=1,
    )
)
def test_a_written_table_reads_back(rows):
    text = write_table(["a", "b"], [{"a": a, "b": b} for a, b in rows])
    back = parse_table(text, "x.csv")
    from metareview.tables import clean

    assert [(row.cells["a"], row.cells["b"]) for row in back] == [(clean(a), clean(b)) for a, b in rows]


texts = st.text(alphabet=st.characters(), max_size=12)


@given(texts)
def test_what_is_stored_stays_as_it_is_when_stored_again(text):
    assert storable(storable(text)) == storable(text)


@given(texts)
def test_a_guard_comes_off_as_it_was_put_on_and_no_formula_is_left(text):
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple("=@＝＠")


@pytest.mark.parametrize("text", ["-0.17 to 0.51", "-0.50 (-0.9 to -1e-3)", "+2 to -.5"])
def test_an_estimate_with_its_interval_is_no_formula(text):
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["-0.17 to A1", "-1+1", "-0.5 (-0.9 to -0.1)+A1", "-1 to =2", "-1 to 2 "])
def test_what_only_begins_like_an_interval_is_guarded(text):
    assert guarded(text) == f"'{text}"


def test_no_value_is_an_empty_cell_and_numbers_keep_their_digits():
    row = {"a": float("nan"), "b": None, "c": 0.1 + 0.2, "d": -3}
    assert write_table([*row], [row]) == "a,b,c,d\n,,0.30000000000000004,-3\n"


def test_only_the_room_of_tables_writes_tables():
    for path in (Path(__file__).parent.parent / "metareview").rglob("*.py"):
        if path.name != "tables.py":
            assert not re.search(r"csv\.(writer|DictWriter)|\.to_csv\(", path.read_text("utf-8")), path


def test_negative_numbers_are_no_formulas():
    given_texts = ("-2.5", "+3", "-x", "=1", "@a", "'=1", "'quoted'")
    assert [guarded(t) for t in given_texts] == ["-2.5", "+3", "'-x", "'=1", "'@a", "''=1", "'quoted'"]


@given(
    st.lists(texts.filter(storable), min_size=1, max_size=4, unique_by=storable),
    st.lists(st.lists(texts, min_size=4, max_size=4), max_size=4),
)
def test_whatever_is_written_is_read_back_as_it_is_stored(names, rows):
    filled = [dict(zip(names, ["x" + cells[0], *cells[1:]], strict=False)) for cells in rows]
    raw = write_table(names, filled).encode("utf-8")
    table = parse_table(decode(raw, "t.csv"), "t.csv")
    assert table.columns == tuple(map(storable, names))
    assert [list(row.cells.values()) for row in table] == [[storable(t) for t in r.values()] for r in filled]


def test_a_key_pressed_in_a_note_is_no_part_of_it():
    assert storable("see\x1b[D page\x1bOA 3\x07\x00") == "see page 3"
