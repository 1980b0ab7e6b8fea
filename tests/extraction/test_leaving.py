"""A row in which people wrote never leaves the sheets without their word, and comes back when they ask."""

import csv

import pytest

from metareview.errors import ExtractionError
from metareview.extraction.leaving import trail_findings
from metareview.extraction.recording import restore_rows
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, bring_back, update_sheets
from metareview.protocol import parse_protocol, starter_text

SIGNED = Signature("AB", "2026-01-02 03:04")
TEXT = starter_text("x")
PLAN = parse_protocol(TEXT, "x.toml")
STUDIES = [
    Included("Alpha2001", "Alpha 2001", "2001", "", ("pmid:1",)),
    Included("Beta2002", "Beta 2002", "2002", "", ("pmid:2",)),
]


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(folder, name, change):
    """Let a person change every row of a sheet; ``None`` takes a row out."""
    found = rows(folder, name)
    changed = [row for row in map(change, [dict(row) for row in found]) if row is not None]
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(changed)


def snapshot(folder):
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def renamed(column, old, new):
    return lambda row: row | {column: new} if row.get(column) == old else row


def plan(old, new):
    return parse_protocol(TEXT.replace(f'"{old}"', f'"{new}"'), "x.toml")


@pytest.fixture
def folder(tmp_path):
    """Sheets of two studies, each row of results with its number of participants."""
    update_sheets(tmp_path / "x", PLAN, STUDIES, SIGNED)
    rewrite(tmp_path / "x", "results", lambda row: row | {"n": "50", "events": "3", "basis": "reported"})
    return tmp_path / "x"


def refused(folder, protocol=PLAN, included=STUDIES):
    before = snapshot(folder)
    with pytest.raises(ExtractionError) as caught:
        update_sheets(folder, protocol, included, SIGNED)
    assert snapshot(folder) == before
    return caught.value.problems


def test_an_outcome_renamed_in_the_protocol_alone_is_refused_with_the_three_ways_out(folder):
    problems = refused(folder, plan("pain", "function"))
    assert len(problems) == 2
    assert problems[0] == (
        f"{folder}/results.csv: 2 rows of study Alpha2001, outcome pain (r003, r004) would leave with "
        '6 cells that people filled in: outcome "pain" is no longer in the protocol. If it is called '
        '"function" now, put "pain" back and run `metareview rename x outcome pain function`, which '
        "changes it everywhere; if it was taken out by mistake, put it back; else say --force, which moves "
        "them to removed.csv."
    )


def test_an_arm_renamed_in_the_protocol_alone_is_refused_at_once(folder):
    problems = refused(folder, plan("drug", "medicine"))
    assert {"results.csv" in problem for problem in problems} == {True}
    assert all("`metareview rename x arm drug medicine`" in problem for problem in problems)


def test_an_arm_of_one_study_renamed_in_arms_alone_is_named_with_its_study(folder):
    low = ("Beta2002", "drug")
    rewrite(folder, "arms", lambda row: row | {"arm": "low"} if (row["study"], row["arm"]) == low else row)
    problems = refused(folder)
    assert "run `metareview rename x arm Beta2002/drug low`" in problems[0]


def test_a_study_renamed_in_studies_alone_is_refused_and_known_by_its_reports(folder):
    rewrite(folder, "studies", renamed("study", "Beta2002", "X"))
    reports = [Included("", "Beta 2002", "2002", "", ("pmid:2",), author="Beta", record="pmid:2"), STUDIES[0]]
    problems = refused(folder, included=reports)
    assert len(problems) == 2
    assert all("`metareview rename x study Beta2002 X`" in problem for problem in problems)


def test_a_study_that_is_no_longer_included_takes_no_numbers_along(folder):
    (death, pain) = refused(folder, included=STUDIES[:1])
    assert "study Beta2002, outcome death (r005, r006)" in death
    assert "no longer included" in pain


@pytest.mark.parametrize(
    ("column", "old", "new", "sheets"),
    [
        ("study", "Beta2002", "BetaX", ("studies", "arms", "results")),
        ("outcome", "pain", "function", ("results",)),
        ("arm", "drug", "medicine", ("arms", "results")),
    ],
)
def test_an_id_renamed_by_hand_everywhere_is_followed(folder, column, old, new, sheets):
    for sheet in sheets:
        rewrite(folder, sheet, renamed(column, old, new))
    rewrite(folder, "arms", renamed("role", old, new))
    protocol = PLAN if column == "study" else plan(old, new)
    reports = [Included("", s.label, s.year, "", s.reports, record=s.reports[0]) for s in STUDIES]
    update = update_sheets(folder, protocol, reports, SIGNED)
    assert (update.removed, update.kept) == ((), ())
    assert len(rows(folder, "results")) == 8
    assert {row["n"] for row in rows(folder, "results")} == {"50"}
    assert update_sheets(folder, protocol, reports, SIGNED).written == ()


def test_force_moves_the_rows_and_restore_brings_them_back_as_they_were(folder):
    before = {row["row"]: row for row in rows(folder, "results")}
    update = update_sheets(folder, plan("pain", "function"), STUDIES, SIGNED, force=True)
    assert {one.row.row: one.columns for one in update.filled} == dict.fromkeys(
        ["r003", "r004", "r007", "r008"], ("n", "events", "basis")
    )
    with pytest.raises(ExtractionError, match=r'has no row "results:r03"; did you mean "results:r003"'):
        restore_rows(folder, ["results:r03"], SIGNED)
    restore_rows(folder, ["results:r003"], SIGNED)
    with pytest.raises(ExtractionError, match="row r003 stands there already"):
        restore_rows(folder, ["results:r003"], SIGNED)
    restore_rows(folder, ["all"], SIGNED)
    now = {row["row"]: row for row in rows(folder, "results")}
    assert {name: now[name] for name in before} == before
    assert [row["new"] for row in rows(folder, "changes")][-4:] == ["brought back"] * 4
    update_sheets(folder, PLAN, STUDIES, SIGNED)
    assert before.items() <= {row["row"]: row for row in rows(folder, "results")}.items()


def test_rows_that_nobody_filled_in_leave_and_are_recorded(folder):
    rewrite(folder, "results", lambda row: row | {"n": "", "events": "", "basis": ""})
    update = update_sheets(folder, plan("pain", "function"), STUDIES, SIGNED)
    assert (len(update.removed), update.filled) == (4, ())
    assert len(rows(folder, "removed")) == 4


def test_filled_rows_that_nothing_asks_for_but_whose_ids_are_known_stay(folder):
    other = parse_protocol(TEXT.replace('"12 weeks"', '"6 weeks"'), "x.toml")
    update = update_sheets(folder, other, STUDIES, SIGNED)
    assert update.kept == ("results:r003", "results:r004", "results:r007", "results:r008")
    assert {row["row"] for row in rows(folder, "results")} >= {"r003", "r004", "r007", "r008"}
    assert update_sheets(folder, other, STUDIES, SIGNED).written == ()


def test_a_study_that_people_deleted_stays_deleted_when_its_record_is_corrected(folder):
    for sheet in ("studies", "arms", "results"):
        rewrite(folder, sheet, lambda row: None if row["study"] == "Beta2002" else row)
    corrected = [STUDIES[0], Included("Beta2002", "Beta 2003", "2003", "", ("pmid:2",))]
    update_sheets(folder, PLAN, corrected, SIGNED)
    assert [row["study"] for row in rows(folder, "studies")] == ["Alpha2001"]


def take_out(book, tab, row):
    from openpyxl import load_workbook

    opened = load_workbook(book)
    sheet = opened[tab]
    for line in range(2, sheet.max_row + 1):
        if sheet.cell(line, 1).value == row:
            sheet.delete_rows(line)
            break
    opened.save(book)


def test_filled_rows_taken_out_of_the_workbook_are_refused_without_force(folder):
    book = folder / "extraction.xlsx"
    update_sheets(folder, PLAN, STUDIES, SIGNED)  # the workbook shows the numbers
    take_out(book, "results", "r003")
    before = snapshot(folder)
    with pytest.raises(
        ExtractionError, match=r"outcome pain \(r003\) would leave with 3 cells.*Put them back in the"
    ):
        bring_back(folder, PLAN, book, SIGNED)
    assert snapshot(folder) == before
    update = bring_back(folder, PLAN, book, SIGNED, force=True)
    assert [one.row.row for one in update.filled] == ["r003"]


def test_a_workbook_from_elsewhere_never_covers_entries_in_the_one_of_the_folder(folder, tmp_path):
    from openpyxl import load_workbook

    other = tmp_path / "back.xlsx"
    other.write_bytes((folder / "extraction.xlsx").read_bytes())
    book = load_workbook(folder / "extraction.xlsx")
    book["results"]["G2"] = "51"
    book.save(folder / "extraction.xlsx")
    with pytest.raises(ExtractionError, match="holds entries that were not brought back"):
        bring_back(folder, PLAN, other, SIGNED)


def test_a_workbook_brought_back_twice_adds_its_new_rows_once(folder, tmp_path):
    from openpyxl import load_workbook

    book = load_workbook(folder / "extraction.xlsx")
    book["results"].append([None, "Alpha2001", "death", "6 months", "ITT", "drug", "48", "2"])
    book.save(tmp_path / "back.xlsx")
    for _ in range(2):
        bring_back(folder, PLAN, tmp_path / "back.xlsx", SIGNED)
    assert [row["row"] for row in rows(folder, "results") if row["timepoint"] == "6 months"] == ["r009"]


def test_check_names_rows_that_left_with_numbers_and_rows_that_are_gone(folder):
    update_sheets(folder, plan("pain", "function"), STUDIES, SIGNED, force=True)
    rewrite(folder, "results", lambda row: None if row["row"] == "r001" else row)
    found = [(f.check, f.level, f.line) for f in trail_findings(folder)]
    assert found == [("row-removed", "note", n) for n in (2, 3, 4, 5)] + [("row-missing", "note", 2)]
    restore_rows(folder, ["all"], SIGNED)
    assert [f.check for f in trail_findings(folder)] == ["row-missing"]


def test_a_damaged_record_of_removed_rows_is_a_sentence_and_not_lost(folder):
    update_sheets(folder, plan("pain", "function"), STUDIES, SIGNED, force=True)
    text = (folder / "removed.csv").read_text("utf-8")
    (folder / "removed.csv").write_text(text.replace("{", "", 1), "utf-8")
    with pytest.raises(ExtractionError, match=r"removed.csv:2: cells is no JSON object"):
        update_sheets(folder, plan("pain", "function"), STUDIES, SIGNED)
    assert [f.check for f in trail_findings(folder)] == ["file"]


def test_columns_that_people_added_to_the_records_stay(folder):
    text = (folder / "changes.csv").read_text("utf-8").splitlines()
    (folder / "changes.csv").write_text(
        "\n".join([text[0] + ",mine", *(t + ",seen" for t in text[1:])]), "utf-8"
    )
    update_sheets(folder, PLAN, [*STUDIES, Included("Gamma2003", "Gamma 2003")], SIGNED)
    assert rows(folder, "changes")[0]["mine"] == "seen"


def test_a_sheet_without_its_key_column_is_refused_in_a_sentence(folder):
    text = (folder / "studies.csv").read_text("utf-8")
    (folder / "studies.csv").write_text(text.replace("study,", "trial,", 1), "utf-8")
    assert refused(folder) == (
        f"{folder}/studies.csv:1: column study is missing; it says which row is which.",
    )
