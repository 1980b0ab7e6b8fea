"""Sheets and workbook follow protocol and screening, and keep every cell that people wrote."""

import csv

import pytest

from metareview.errors import ExtractionError, FileError
from metareview.extraction import read_sheets
from metareview.extraction.merging import choices
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, bring_back, update_sheets
from metareview.locks import locked
from metareview.protocol import parse_protocol, starter_text

SIGNED = Signature("AB", "2026-01-02 03:04")
PLAN = parse_protocol(starter_text("x"), "x.toml")
ALPHA = Included("Alpha2001", "Alpha 2001", "2001", "NCT00000001", ("pmid:1", "doi:10/1"))
BETA = Included("Beta2002", "Beta 2002", "2002", "", ("pmid:2",))


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fill(folder, name, where, **cells):
    """Write into the rows of a sheet as a person would."""
    found = rows(folder, name)
    hits = [row for row in found if all(row[k] == v for k, v in where.items())]
    assert hits
    for row in hits:
        row.update(cells)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def edit(path, tab, where, *, save=None, **cells):
    """Write into the rows of a workbook's tab."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    sheet = book[tab]
    at = {cell.value: cell.column for cell in sheet[1]}
    for line in range(2, sheet.max_row + 1):
        if all(sheet.cell(line, at[k]).value == v for k, v in where.items()):
            for name, value in cells.items():
                sheet.cell(line, at[name]).value = value
    book.save(save or path)


@pytest.fixture
def folder(tmp_path):
    update_sheets(tmp_path / "x", PLAN, [ALPHA, BETA], SIGNED)
    return tmp_path / "x"


def test_a_new_review_gets_every_row_the_protocol_expects(folder):
    assert [r["study"] for r in rows(folder, "studies")] == ["Alpha2001", "Beta2002"]
    assert rows(folder, "studies")[0]["reports"] == "pmid:1; doi:10/1"
    assert {(r["study"], r["arm"], r["role"]) for r in rows(folder, "arms")} == {
        (s, a, a) for s in ("Alpha2001", "Beta2002") for a in ("drug", "control")
    }
    assert {(r["outcome"], r["timepoint"]) for r in rows(folder, "results")} == {
        ("death", "12 months"),
        ("pain", "12 weeks"),
    }
    assert len({r["row"] for r in rows(folder, "results")}) == 8


def test_blank_sheets_are_read_without_a_fault(folder):
    assert len(read_sheets(folder, PLAN).results) == 8


def test_updating_again_writes_nothing(folder):
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED).written == ()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_new_study_is_added_and_filled_cells_stay(folder):
    fill(folder, "results", {"row": "r001"}, n="50", events="3", population="ITT", basis="reported")
    gamma = Included("Gamma2003", "Gamma 2003")
    update = update_sheets(folder, PLAN, [ALPHA, BETA, gamma], SIGNED)
    first = rows(folder, "results")[0]
    assert (first["n"], first["events"], first["population"]) == ("50", "3", "ITT")
    assert sum(r["study"] == "Gamma2003" for r in rows(folder, "results")) == 4
    assert update.removed == ()


def test_a_corrected_record_changes_what_nobody_touched(folder):
    fill(folder, "studies", {"study": "Beta2002"}, label="Beta et al 2002")
    corrected = [
        Included("Alpha2001", "Alpha 2002", "2002", "NCT00000001", ("pmid:1", "doi:10/1")),
        BETA,
    ]
    update_sheets(folder, PLAN, corrected, SIGNED)
    assert [r["label"] for r in rows(folder, "studies")] == ["Alpha 2002", "Beta et al 2002"]


def test_a_generated_cell_changed_on_both_sides_is_a_conflict_and_nothing_is_written(folder):
    fill(folder, "studies", {"study": "Alpha2001"}, year="1999")
    before = {p: p.read_bytes() for p in folder.rglob("*.csv")}
    corrected = [Included("Alpha2001", "Alpha 2001", "2002", "NCT00000001", ("pmid:1", "doi:10/1")), BETA]
    with pytest.raises(ExtractionError, match='year was "2001", is "1999" here and "2002"'):
        update_sheets(folder, PLAN, corrected, SIGNED)
    assert {p: p.read_bytes() for p in folder.rglob("*.csv")} == before


def test_rows_of_a_study_that_left_move_to_removed_with_the_reason(folder):
    fill(folder, "results", {"study": "Beta2002", "outcome": "death", "arm": "drug"}, n="60", note="mine")
    update = update_sheets(folder, PLAN, [ALPHA], SIGNED, force=True)
    assert {r["study"] for name in ("studies", "arms", "results") for r in rows(folder, name)} == {
        "Alpha2001"
    }
    kept = rows(folder, "removed")
    assert len(kept) == len(update.removed) == 1 + 2 + 4
    assert any('"n": "60"' in r["cells"] and '"note": "mine"' in r["cells"] for r in kept)
    assert {r["reason"] for r in kept} == {'study "Beta2002" is no longer included'}
    assert {(r["who"], r["when"]) for r in kept} == {("AB", "2026-01-02 03:04")}


def test_an_outcome_that_left_the_protocol_takes_its_rows_along(folder):
    text = starter_text("x").replace('id = "pain"', 'id = "function"').replace('["pain"]', '["function"]')
    update_sheets(folder, parse_protocol(text, "x.toml"), [ALPHA, BETA], SIGNED)
    assert {r["outcome"] for r in rows(folder, "results")} == {"death", "function"}
    assert {r["reason"] for r in rows(folder, "removed")} == {'outcome "pain" is no longer in the protocol'}


def test_ids_of_removed_rows_are_never_given_again(folder):
    update_sheets(folder, PLAN, [ALPHA], SIGNED)
    gone = {r["row"] for r in rows(folder, "removed") if r["sheet"] == "results"}
    update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)
    assert not gone & {r["row"] for r in rows(folder, "results")}


def test_rows_that_people_added_are_theirs(folder):
    text = (folder / "results.csv").read_text("utf-8")
    (folder / "results.csv").write_text(
        text + "mine,Alpha2001,death,6 months,ITT,drug,9,1" + "," * 27 + "\n", "utf-8"
    )
    update = update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)
    assert "mine" in {r["row"] for r in rows(folder, "results")}
    assert not update.removed


def test_a_workbook_brings_back_what_was_filled_in(folder):
    book = folder / "extraction.xlsx"
    edit(
        book,
        "results",
        {"row": "r001"},
        n=100,
        events="8",
        percent="8.0",
        basis="reported",
        note="=1+1 \u2212 no",
    )
    fill(folder, "results", {"row": "r002"}, n="90")
    with pytest.raises(ExtractionError, match="it is a formula"):
        bring_back(folder, PLAN, book, SIGNED)
    edit(book, "results", {"row": "r001"}, note="seen \u2212 twice")
    update = bring_back(folder, PLAN, book, SIGNED)
    one, two, *_ = rows(folder, "results")
    assert (one["n"], one["events"], one["percent"], one["note"]) == ("100", "8", "8.0", "seen \u2212 twice")
    assert two["n"] == "90"
    assert {(c.row, c.column, c.new) for c in update.changes} >= {
        ("r001", "n", "100"),
        ("r001", "events", "8"),
    }
    assert {(r["who"], r["row"], r["column"], r["old"], r["new"]) for r in rows(folder, "changes")} >= {
        ("AB", "r001", "n", "", "100")
    }


def test_a_cell_changed_in_both_is_listed_and_nothing_written_until_resolved(folder):
    book = folder / "extraction.xlsx"
    edit(book, "results", {"row": "r001"}, n="100", events="7")
    fill(folder, "results", {"row": "r001"}, n="99")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(ExtractionError, match="results:r001:n"):
        bring_back(folder, PLAN, book, SIGNED)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    bring_back(folder, PLAN, book, SIGNED, choices([], ["results:r001:n"]))
    assert (rows(folder, "results")[0]["n"], rows(folder, "results")[0]["events"]) == ("100", "7")


def test_a_workbook_with_entries_is_never_written_over(folder):
    edit(folder / "extraction.xlsx", "results", {"row": "r001"}, n="100")
    before = (folder / "extraction.xlsx").read_bytes()
    with pytest.raises(ExtractionError, match="holds entries that were not brought back"):
        update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)
    assert (folder / "extraction.xlsx").read_bytes() == before


def test_a_row_added_in_the_workbook_gets_an_id(folder):
    from openpyxl import load_workbook

    book = load_workbook(folder / "extraction.xlsx")
    book["results"].append([None, "Alpha2001", "death", "6 months", "ITT", "drug", "48", "2"])
    book.save(folder / "extraction.xlsx")
    bring_back(folder, PLAN, folder / "extraction.xlsx", SIGNED)
    assert [r["row"] for r in rows(folder, "results") if r["timepoint"] == "6 months"] == ["r009"]


def test_the_same_sheets_give_the_same_workbook(tmp_path):
    for name in ("a", "b"):
        update_sheets(tmp_path / name, PLAN, [ALPHA, BETA], SIGNED)
    assert (tmp_path / "a" / "extraction.xlsx").read_bytes() == (
        tmp_path / "b" / "extraction.xlsx"
    ).read_bytes()


def test_the_workbook_has_drop_downs_definitions_text_cells_and_locked_keys(folder):
    from openpyxl import load_workbook

    book = load_workbook(folder / "extraction.xlsx")
    tab = book["results"]
    at = {cell.value: cell for cell in tab[1]}
    assert "Participants analysed." in at["n"].comment.text
    assert tab.freeze_panes == "D2"
    assert tab.protection.sheet
    assert tab.cell(2, at["row"].column).protection.locked
    assert not tab.column_dimensions["G"].protection.locked if tab.column_dimensions["G"].protection else True
    lists = {str(v.sqref): v.formula1 for v in tab.data_validations.dataValidation}
    assert any("death,pain" in source for source in lists.values())
    assert any("reported,derived,inferred" in source for source in lists.values())
    assert tab.cell(2, at["row"].column).number_format == "@"
    assert book["sent results"].sheet_state == "veryHidden"


def test_two_people_cannot_write_at_once(folder):
    with locked(folder), pytest.raises(FileError, match="another metareview process"):
        update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)


def test_single_arm_studies_are_not_asked_for_comparisons(tmp_path):
    from metareview.extraction.template import asked_outcomes
    from metareview.protocol import read_protocol

    plan = read_protocol("protocols/msc-sr-agvhd.toml")
    asked = {outcome.id for outcome in asked_outcomes(plan, "single-arm")}
    assert {"overall_response", "complete_response"} <= asked
    assert "sepsis" not in asked


def test_rows_that_people_added_without_an_id_are_given_one_and_none_is_lost(folder):
    text = (folder / "results.csv").read_text("utf-8")
    further = "".join(f",Alpha2001,death,{n} months,ITT,drug,9,{n}" + "," * 27 + "\n" for n in (3, 6))
    (folder / "results.csv").write_text(text + further, "utf-8")
    update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED)
    assert [(r["row"], r["events"]) for r in rows(folder, "results")[-2:]] == [("r009", "3"), ("r010", "6")]


def test_a_row_id_that_stands_twice_is_refused_before_anything_is_lost(folder):
    text = (folder / "results.csv").read_text("utf-8")
    (folder / "results.csv").write_text(
        text + text.splitlines()[1].replace("12 months", "24 months") + "\n", "utf-8"
    )
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for update in (
        lambda: update_sheets(folder, PLAN, [ALPHA, BETA], SIGNED),
        lambda: bring_back(folder, PLAN, folder / "extraction.xlsx", SIGNED),
    ):
        with pytest.raises(ExtractionError, match=r'results.csv: "r001" stands twice'):
            update()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_sheets_with_few_columns_keep_their_bytes_when_nothing_is_asked_for(small):
    folder = small.write()
    update_sheets(folder, small.protocol, [], SIGNED)
    for name in ("studies", "arms"):
        assert (folder / f"{name}.csv").read_text("utf-8") == small.texts[name]
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert update_sheets(folder, small.protocol, [], SIGNED).written == ()
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_what_people_extracted_already_is_not_asked_for_again(small):
    small.change("results", "r3,B2,death,30 days", "r3,B2,death,6 weeks")
    folder = small.write()
    update_sheets(folder, small.protocol, [], SIGNED)
    assert [r["row"] for r in rows(folder, "results") if r["outcome"] == "death"] == ["r1", "r2", "r3", "r4"]


HOSTILE = [
    "=1+1",
    "-2+3",
    "@SUM(A1)",
    'a"b',
    "a,b",
    "../../etc/passwd",
    "<b>&amp;",
    "\u202eabc",
    "王 2020",
    "_x000D_",
    "x" * 300,
]


def test_sheets_with_hostile_ids_make_a_workbook_that_comes_back_unchanged(tmp_path):
    plan = parse_protocol(starter_text("x").replace('title = "', 'title = "<&>'), "x.toml")
    studies = [Included(name, f"{name} et al") for name in HOSTILE]
    update_sheets(tmp_path / "x", plan, studies, SIGNED)
    assert [row["study"].removeprefix("'") for row in rows(tmp_path / "x", "studies")] == HOSTILE
    back = bring_back(tmp_path / "x", plan, tmp_path / "x" / "extraction.xlsx", SIGNED)
    assert (back.changes, back.removed, back.written) == ((), (), ())
    assert update_sheets(tmp_path / "x", plan, studies, SIGNED).written == ()
