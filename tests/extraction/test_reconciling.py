"""Two extractors are compared cell by cell, what differs is decided, and one sheet comes of it."""

import csv

import pytest

from metareview.errors import ExtractionError
from metareview.extraction import read_sheets
from metareview.extraction.adjudication import describe_extraction, settle
from metareview.extraction.comparing import compare_extractors, icc, kappa, wilson
from metareview.extraction.merging import choices


@pytest.fixture
def pair(small):
    """Two extractors who differ in one number, one basis, and one row."""
    folder = small.write()
    text = small.texts["results"]
    (folder / "results.AB.csv").write_text(text, "utf-8")
    other = text.replace("d,123,14", "d,123,15").replace("d,60,3,,,,,,reported", "d,60,3,,,,,,derived")
    (folder / "results.CD.csv").write_text("\n".join(other.splitlines()[:-1]) + "\n", "utf-8")
    (folder / "results.csv").unlink()
    return folder


def decide(folder, **by_column):
    with (folder / "adjudication.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {"chosen": by_column.get(row["column"], row["value_1"]), "by": "EF", "why": "read again"}
    with (folder / "adjudication.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_cells_agree_differ_or_stand_on_one_side(pair):
    comparison = compare_extractors(pair)
    assert comparison.extractors == ("AB", "CD")
    found = {(c.key["study"], c.key["arm"], c.column): c.status for c in comparison.open}
    assert found["A1", "d", "events"] == "differ"
    assert found["B2", "d", "basis"] == "differ"
    assert found["B2", "c", "n"] == "only AB"
    assert ("A1", "d", "n") not in found


def test_numbers_within_the_tolerance_agree(pair):
    open_cells = {(c.key["study"], c.column) for c in compare_extractors(pair, tolerance=0.07).open}
    assert ("A1", "events") not in open_cells


def test_blanks_case_and_digits_do_not_make_a_difference(pair):
    text = (
        (pair / "results.AB.csv")
        .read_text("utf-8")
        .replace(",11.4,", ",11.40,")
        .replace("A1,death", "A1, death ")
    )
    (pair / "results.CD.csv").write_text(text, "utf-8")
    assert compare_extractors(pair).open == ()


def test_agreement_is_told_per_column_with_intervals(pair):
    fields = {f.column: f for f in compare_extractors(pair).agreement()}
    assert (fields["events"].cells, fields["events"].agreeing, fields["events"].one_sided) == (3, 2, 1)
    assert fields["events"].percent[0] == pytest.approx(2 / 3)
    assert fields["events"].icc is not None
    assert fields["events"].kappa is None
    assert fields["basis"].icc is None


def test_nothing_becomes_the_consensus_before_all_is_decided(pair):
    settlement = settle(pair, compare_extractors(pair))
    assert settlement.waiting == len(compare_extractors(pair).open)
    assert not (pair / "results.csv").exists()
    assert [p.name for p in settlement.written] == ["adjudication.csv"]


def test_decisions_are_kept_and_make_the_consensus(pair, small):
    settle(pair, compare_extractors(pair))
    decide(pair, events="15", basis="reported")
    settlement = settle(pair, compare_extractors(pair))
    assert settlement.waiting == 0
    sheets = read_sheets(pair, small.protocol)
    first = next(r for r in sheets.results if (r.study, r.arm) == ("A1", "d"))
    assert (first.events, first.n, first.extractor) == (15, 123, "AB and CD")
    assert len(sheets.results) == 4
    again = settle(pair, compare_extractors(pair))
    assert again.written == ()


def test_a_choice_without_a_name_or_a_reason_is_refused(pair):
    settle(pair, compare_extractors(pair))
    text = (pair / "adjudication.csv").read_text("utf-8")
    decide(pair)
    decided = (pair / "adjudication.csv").read_text("utf-8").replace("EF", "").replace("read again", "")
    (pair / "adjudication.csv").write_text(decided, "utf-8")
    with pytest.raises(ExtractionError, match="chosen by nobody"):
        settle(pair, compare_extractors(pair))
    assert text != decided


def test_a_cell_can_be_decided_to_be_empty(pair, small):
    settle(pair, compare_extractors(pair))
    decide(pair, p="(empty)", percent="(empty)")
    (pair / "results.AB.csv").write_text(
        (pair / "results.AB.csv").read_text("utf-8").replace("11.4,", "12.4,"), "utf-8"
    )
    settle(pair, compare_extractors(pair))
    decide(pair, percent="(empty)")
    settle(pair, compare_extractors(pair))
    assert read_sheets(pair, small.protocol).results[0].percent is None


def test_a_consensus_that_people_changed_since_is_not_written_over(pair, small):
    settle(pair, compare_extractors(pair))
    decide(pair)
    settle(pair, compare_extractors(pair))
    text = (pair / "results.csv").read_text("utf-8")
    (pair / "results.csv").write_text(text.replace("d,123,14", "d,123,13"), "utf-8")
    ab = (pair / "results.AB.csv").read_text("utf-8")
    (pair / "results.AB.csv").write_text(ab.replace("d,123,14", "d,123,15"), "utf-8")
    before = (pair / "results.csv").read_bytes()
    with pytest.raises(ExtractionError, match='events was "14", is "13" here and "15"'):
        settle(pair, compare_extractors(pair))
    assert (pair / "results.csv").read_bytes() == before
    settle(pair, compare_extractors(pair), choices(["all"], []))
    assert read_sheets(pair, small.protocol).results[0].events == 13


def test_one_extractor_or_three_are_refused(pair):
    (pair / "results.EF.csv").write_text("row\n", "utf-8")
    with pytest.raises(ExtractionError, match="there are 3"):
        compare_extractors(pair)
    for name in ("CD", "EF"):
        (pair / f"results.{name}.csv").unlink()
    with pytest.raises(ExtractionError, match=r"there are 1 \(AB\)"):
        compare_extractors(pair)


def test_faults_in_an_extractors_sheet_are_refused(pair):
    text = (pair / "results.AB.csv").read_text("utf-8").replace("d,123,14", "d,many,14")
    (pair / "results.AB.csv").write_text(text, "utf-8")
    with pytest.raises(ExtractionError, match='n is "many"'):
        compare_extractors(pair)


def test_how_many_people_read_the_numbers_is_said(pair, small):
    settle(pair, compare_extractors(pair))
    decide(pair)
    settle(pair, compare_extractors(pair))
    sheets = read_sheets(pair, small.protocol)
    assert describe_extraction(sheets).startswith("3 of 5 rows were extracted by two people")
    single = small.texts["results"]
    (pair / "results.csv").write_text(single, "utf-8")
    assert "without a second independent extraction" in describe_extraction(read_sheets(pair, small.protocol))


def test_icc_of_four_judges_is_the_published_one():
    """Shrout & Fleiss 1979, tables 2 and 4: ICC(2,1) = .29."""
    judges = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    value, low, high = icc(judges)
    assert value == pytest.approx(0.29, abs=5e-3)
    assert (low, high) == (pytest.approx(0.02, abs=5e-3), pytest.approx(0.76, abs=5e-3))


def test_kappa_wilson_and_icc_are_not_defined_where_there_is_nothing():
    assert kappa([]) is None
    assert kappa([("a", "a")]) is None
    assert wilson(0, 0) is None
    assert icc([(1, 1), (2, 2)]) is None
    assert icc([(1, 1)] * 4) is None


def test_kappa_of_the_textbook_table():
    """20, 5, 10 and 15 pairs: 35 of 50 agree, 25 by chance, so kappa is (0.7 - 0.5) / 0.5."""
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    assert kappa(pairs)[0] == pytest.approx(0.40)


def test_a_decision_whose_values_changed_since_stands_at_the_end_and_is_not_lost(pair):
    settle(pair, compare_extractors(pair))
    decide(pair)
    text = (pair / "results.CD.csv").read_text("utf-8")
    (pair / "results.CD.csv").write_text(text.replace("d,123,15", "d,123,14"), "utf-8")
    settlement = settle(pair, compare_extractors(pair))
    assert settlement.idle == 1
    last = (pair / "adjudication.csv").read_text("utf-8").splitlines()[-1]
    assert ",events,AB,14," in last and last.endswith(",14,EF,read again,")
    (pair / "results.CD.csv").write_text(text, "utf-8")
    again = settle(pair, compare_extractors(pair))
    assert (again.waiting, again.idle) == (0, 0)


def test_columns_that_people_add_to_the_adjudication_stay(pair):
    settle(pair, compare_extractors(pair))
    lines = (pair / "adjudication.csv").read_text("utf-8").splitlines()
    (pair / "adjudication.csv").write_text(
        "\n".join([lines[0] + ",page", *(f"{line},{n}" for n, line in enumerate(lines[1:], 1))]), "utf-8"
    )
    settle(pair, compare_extractors(pair))
    assert (pair / "adjudication.csv").read_text("utf-8").splitlines()[1].endswith(",1")


def test_a_row_that_both_extractors_dropped_leaves_the_consensus_only_by_force(pair):
    settle(pair, compare_extractors(pair))
    decide(pair)
    settle(pair, compare_extractors(pair))
    for name in ("AB", "CD"):
        path = pair / f"results.{name}.csv"
        kept = [
            line for line in path.read_text("utf-8").splitlines() if ",A1,death,30 days,ITT,d," not in line
        ]
        path.write_text("\n".join(kept) + "\n", "utf-8")
    before = (pair / "results.csv").read_bytes()
    with pytest.raises(ExtractionError, match=r"study A1, outcome death \(r001\) would leave with \d+ cells"):
        settle(pair, compare_extractors(pair))
    assert (pair / "results.csv").read_bytes() == before
    settlement = settle(pair, compare_extractors(pair), force=True)
    assert [(row.row, row.cells["events"]) for row in settlement.removed] == [("r001", "14")]
    assert '""events"": ""14""' in (pair / "removed.csv").read_text("utf-8")


def test_a_row_of_the_template_in_which_somebody_wrote_is_not_dropped(pair):
    (pair / "results.csv").write_text(
        "row,study,outcome,timepoint,population,arm,n\n"
        "r7,B2,death,30 days,,d,\nr8,B2,death,30 days,safety,d,\nr9,B2,death,1 year,,d,60\n",
        "utf-8",
    )
    settle(pair, compare_extractors(pair))
    decide(pair)
    settle(pair, compare_extractors(pair))
    with (pair / "results.csv").open(encoding="utf-8", newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)][:2] == ["r8", "r9"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("results.A.B.csv", r'"A\.B" cannot name an extractor; a dot stands in it'),
        ("results.a?b.csv", r'"a\?b" cannot name an extractor'),
        ("results.con.csv", "Windows keeps for itself"),
        ("results.ab.csv", 'of "AB" and of "ab", which differ only by capitals'),
    ],
)
def test_a_sheet_whose_name_is_no_extractors_is_told_and_not_passed_over(pair, name, said):
    (pair / name).write_bytes((pair / "results.AB.csv").read_bytes())
    with pytest.raises(ExtractionError, match=said):
        compare_extractors(pair)
