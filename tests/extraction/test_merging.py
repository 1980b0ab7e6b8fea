"""A merge takes what one side changed, and never loses what a person wrote."""

from hypothesis import given
from hypothesis import strategies as st

from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Grid, grid_text
from metareview.extraction.identities import with_new_ids
from metareview.extraction.merging import WHOLE_ROW, choices, merge_grids
from metareview.tables import clean, parse_table

KIND = SHEETS["results"]
COLUMNS = ("row", "study", "n", "events", "note")


def grid(*rows):
    return Grid(KIND, COLUMNS, tuple(dict(zip(COLUMNS, row, strict=True)) for row in rows))


BASE = grid(("r1", "A", "", "", ""), ("r2", "A", "", "", ""))


def test_each_side_alone_has_its_way():
    ours = grid(("r1", "A", "10", "", ""), ("r2", "A", "", "", ""))
    theirs = grid(("r1", "A", "", "3", ""), ("r2", "A", "", "", "seen"))
    merged = merge_grids(BASE, ours, theirs)
    assert merged.conflicts == ()
    assert merged.grid == grid(("r1", "A", "10", "3", ""), ("r2", "A", "", "", "seen"))
    assert [(c.row, c.column, c.old, c.new) for c in merged.changes] == [
        ("r1", "events", "", "3"),
        ("r2", "note", "", "seen"),
    ]


def test_two_different_changes_of_a_cell_are_a_conflict():
    ours = grid(("r1", "A", "10", "", ""), ("r2", "A", "", "", ""))
    theirs = grid(("r1", "A", "11", "", ""), ("r2", "A", "", "", ""))
    (conflict,) = merge_grids(BASE, ours, theirs).conflicts
    assert conflict.name == "results:r1:n"
    assert str(conflict) == (
        'results.csv: row r1: n was "", is "10" here and "11" in what comes in; '
        'say --ours or --theirs "results:r1:n".'
    )


def test_a_conflict_is_resolved_by_its_name_or_all_at_once():
    ours = grid(("r1", "A", "10", "5", ""), ("r2", "A", "", "", ""))
    theirs = grid(("r1", "A", "11", "6", ""), ("r2", "A", "", "", ""))
    merged = merge_grids(BASE, ours, theirs, resolve=choices(["all"], ["results:r1:n"]))
    assert merged.conflicts == ()
    assert merged.grid.rows[0] == {"row": "r1", "study": "A", "n": "11", "events": "5", "note": ""}


def test_the_same_change_on_both_sides_is_no_conflict():
    both = grid(("r1", "A", "10", "", ""), ("r2", "A", "", "", ""))
    merged = merge_grids(BASE, both, both)
    assert (merged.conflicts, merged.changes, merged.grid) == ((), (), both)


def test_a_row_taken_away_is_kept_among_the_removed():
    theirs = grid(("r1", "A", "", "", ""))
    merged = merge_grids(BASE, BASE, theirs)
    assert [r["row"] for r in merged.grid.rows] == ["r1"]
    assert [(r.row, r.cells["study"], r.reason) for r in merged.removed] == [
        ("r2", "A", "taken away in what came in")
    ]


def test_a_row_taken_away_there_and_changed_here_is_a_conflict():
    ours = grid(("r1", "A", "", "", ""), ("r2", "A", "12", "", ""))
    merged = merge_grids(BASE, ours, grid(("r1", "A", "", "", "")))
    (conflict,) = merged.conflicts
    assert conflict.column == WHOLE_ROW
    assert "changed here and taken away in what comes in" in str(conflict)


def test_a_row_that_people_deleted_does_not_come_back():
    ours = grid(("r1", "A", "", "", ""))
    assert merge_grids(BASE, ours, BASE).grid == ours


def test_rows_without_an_id_are_given_one_that_was_never_used():
    theirs = grid(("r1", "A", "", "", ""), ("", "A", "5", "", ""), ("", "", "", "", ""))
    numbered = with_new_ids(theirs, (grid(("r7", "B", "", "", "")),))
    assert [row["row"] for row in numbered.rows] == ["r1", "r008"]


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8).map(clean)
some_rows = st.dictionaries(
    st.sampled_from(["r1", "r2", "r3", "r4"]),
    st.tuples(*[st.sampled_from(["", "1", "2"])] * 3),
    max_size=4,
)


def as_grid(rows):
    return grid(*[(name, "A", *cells) for name, cells in rows.items()])


@given(some_rows, some_rows, some_rows)
def test_no_merge_loses_a_cell_that_a_person_wrote(base, ours, theirs):
    merged = merge_grids(as_grid(base), as_grid(ours), as_grid(theirs))
    kept = merged.grid.by_id()
    gone = {r.row: r.cells for r in merged.removed}
    conflicts = {(c.row, c.column) for c in merged.conflicts}
    for name, row in as_grid(ours).by_id().items():
        was = as_grid(base).by_id().get(name, {})
        for column, text in row.items():
            if text and text != was.get(column, ""):
                where = kept.get(name) or gone[name]
                assert where[column] == text or (name, column) in conflicts


@given(some_rows, some_rows)
def test_a_merge_of_what_did_not_change_changes_nothing(base, ours):
    merged = merge_grids(as_grid(base), as_grid(ours), as_grid(base))
    assert (merged.changes, merged.conflicts, merged.removed) == ((), (), ())
    assert merged.grid.rows == as_grid(ours).rows


@given(some_rows, some_rows)
def test_a_side_that_did_not_change_takes_the_other(base, theirs):
    merged = merge_grids(as_grid(base), as_grid(base), as_grid(theirs))
    assert merged.conflicts == ()
    assert merged.grid.by_id() == as_grid(theirs).by_id()


@given(some_rows, some_rows, some_rows)
def test_swapping_the_sides_finds_the_same_conflicts(base, ours, theirs):
    one = merge_grids(as_grid(base), as_grid(ours), as_grid(theirs)).conflicts
    two = merge_grids(as_grid(base), as_grid(theirs), as_grid(ours)).conflicts
    assert {c.name for c in one} == {c.name for c in two}


@given(st.lists(st.lists(texts, min_size=5, max_size=5).filter(any), max_size=6))
def test_a_sheet_written_and_read_is_the_same(rows):
    written = parse_table(grid_text(grid(*rows)), "results.csv")
    assert tuple(row.cells for row in written) == grid(*rows).rows
