# ruff: noqa: E501
"""Sheets are read whole, or refused with every fault of every sheet."""

import pytest

from metareview.errors import ExtractionError
from metareview.extraction import read_sheets
from metareview.protocol import read_protocol


def faults(review):
    folder = review.write() if review.texts else review.folder
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(ExtractionError) as caught:
        read_sheets(folder, review.protocol)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_clean_sheets_are_read_as_typed_rows(small):
    sheets = read_sheets(small.write(), small.protocol)
    first = sheets.results[0]
    assert (first.row, first.study, first.n, first.events, first.percent, first.p) == (
        "r1",
        "A1",
        123,
        14,
        11.4,
        0.03,
    )
    assert (first.line, sheets.results[-1].line) == (2, 5)
    assert first.file.endswith("results.csv")
    assert sheets.contrasts[0].level == 0.95
    assert sheets.studies[0].reports == ("pmid:1",)
    assert sheets.role("B2", "c") == "control"
    assert sheets.text(first, "percent") == "11.4"
    assert sheets.judgements == ()


def test_the_shipped_review_is_read_without_a_fault():
    plan = read_protocol("protocols/msc-sr-agvhd.toml")
    sheets = read_sheets("extracted/msc-sr-agvhd", plan)
    counts = {
        (r.study, r.outcome, r.arm): (r.events, r.n)
        for r in sheets.results
        if r.population in ("ITT", "analysis set")
    }
    assert counts["Index2024", "complete_response", "msc"] == (54, 65)
    assert counts["Zhao2022", "overall_response", "control"] == (70, 99)
    assert counts["Jiang2024", "overall_response", "msc"] == (24, 40)
    assert sheets.study("Index2024").label == "Index trial 2024 (NCT04738981)"


def test_overlapping_cohorts_of_the_shipped_review_are_left_out_with_a_reason():
    sheets = read_sheets("extracted/msc-sr-agvhd", read_protocol("protocols/msc-sr-agvhd.toml"))
    for study in ("Kurtzberg2014", "Daenen2025", "Kebriaei2009"):
        assert len(sheets.study(study).exclude) > 20


def test_more_events_than_participants_are_refused_in_the_words_of_the_manual(small):
    small.change("results", "ITT,d,123,14,", "ITT,d,123,140,")
    assert faults(small) == ['results.csv:2: events is "140"; it cannot exceed n (123).']


@pytest.mark.parametrize(
    ("sheet", "old", "new", "said"),
    [
        ("results", "d,123,14", "d,-123,14", 'results.csv:2: n is "-123"; it cannot be negative.'),
        ("results", "d,123,14", "d,123,many", 'results.csv:2: events is "many"; a number is needed here.'),
        ("results", "d,123,14", "d,123,14.5", 'results.csv:2: events is "14.5"; a whole number is needed here.'),
        ("results", "d,123,14", "d,1 234,14", 'n is "1 234"; it has a thousands separator; write 1234.'),
        ("results", "d,123,14", 'd,123,"14,5"', "a comma may be a decimal or a thousands separator"),
        ("results", "d,123,14", "d,123,3-Apr", "it looks like a date that a spreadsheet made"),
        ("results", "d,123,14", "d,123,NR", "leave the cell empty when it is not reported"),
        ("results", "d,123,14", "d,0,", 'results.csv:2: n is "0"; an arm of nobody cannot be analysed.'),
        ("results", "d,123,14", "d,126,14", "it cannot exceed the number allocated to the arm (125)"),
        ("results", "11.4,", "111.4,", "a percentage lies between 0 and 100"),
        ("results", "11.4,", "11.4%,", "it has a percent sign"),
        ("results", "0.03,reported", "3,reported", "a P value lies between 0 and 1"),
        ("results", "0.03,reported", "0.03,seen", "allowed are reported, derived, inferred"),
        ("results", "0.03,reported", "0.03,", "a row with numbers says how they came about"),
        ("results", "2026-01-02", "02.01.2026", "a date is written year-month-day"),
        ("results", "2026-01-02", "2026-13-02", "there is no such day"),
        ("results", "r1,A1,death", "r1,A1,deth", 'the protocol does not define it; did you mean "death"?'),
        ("results", "r1,A1,death", "r1,A9,death", "studies.csv does not define it"),
        ("results", "ITT,d,123", "ITT,e,123", "arms.csv has no such arm of this study"),
        ("results", "r2,A1,death,30 days,ITT,c", "r2,A1,death,30 days,ITT,d", "the row says again what line 2 says"),
        ("results", "r2,A1", "r1,A1", "line 2 has that id already"),
        ("results", "r1,A1", ",A1", 'row is ""; it must not be empty'),
        ("arms", "d,Drug,drug", "d,Drug,drog", 'did you mean "drug"?'),
        ("arms", "A1,c,Placebo,control,120", "A1,d,Placebo,control,120", "the row says again what line 2 says"),
        ("studies", "B2,Beta", "A1,Beta", "the row says again"),
        ("studies", "2001,RCT", "201,RCT", "a year is needed"),
        ("studies", "pmid:1,,,,", "pmid:1,,no,,", "any word here keeps the study out"),
        ("studies", "pmid:1,,,,", "pmid:1,withdrawn,,,", "allowed are retracted"),
        ("contrasts", "0.68,0.48,0.95", "0.98,0.48,0.95", "its interval (0.48 to 0.95) does not hold it"),
        ("contrasts", "0.68,0.48,0.95", "0.68,0.95,0.48", "it cannot exceed ci_high (0.48)"),
        ("contrasts", "0.68,0.48,0.95", "-0.39,-0.73,-0.05", "when it is a logarithm, say so"),
        ("contrasts", "0.95,0.95,,", "0.95,95,,", "a level is a fraction; write 0.95"),
        ("contrasts", "d,c,HR", "d,d,HR", "an arm cannot be compared with itself"),
        ("contrasts", ",,0.024", ",-1,0.024", "it must be greater than 0"),
    ],
)  # fmt: skip
def test_each_fault_has_its_sentence(small, sheet, old, new, said):
    problems = faults(small.change(sheet, old, new))
    assert any(said in problem for problem in problems), problems


def test_all_faults_of_all_sheets_come_at_once(small):
    small.change("results", "d,123,14", "d,123,140").change("arms", "d,Drug,drug", "d,Drug,drog")
    small.change("contrasts", "0.68,0.48", "0.98,0.48").change("studies", "2001,RCT", "x,RCT")
    assert len(faults(small)) == 4


def test_a_column_that_is_misspelt_is_named(small):
    small.change("results", "events", "evnets")
    assert faults(small)[0].startswith('results.csv:1: column "evnets" is not known; did you mean "events"?')


def test_a_column_that_is_missing_is_named(small):
    small.change("arms", ",role,", ",roel,")
    assert 'arms.csv:1: column "role" is missing (did you mean "roel"?).' in faults(small)


def test_studies_may_have_columns_of_their_own(small):
    small.change("studies", ",year,", ",year,country,").change("studies", "2001,RCT", "2001,Norway,RCT")
    small.change("studies", "2002,RCT", "2002,Chile,RCT")
    sheets = read_sheets(small.write(), small.protocol)
    assert sheets.studies[0].column("country") == "Norway"
    assert sheets.studies[0].column("year") == "2001"
    assert sheets.studies[0].column("nothing") == ""


@pytest.mark.parametrize(
    "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace(",d,", ", d ,")]
)
def test_marks_line_ends_and_trailing_blanks_do_not_matter(small, change):
    clean = read_sheets(small.write(), small.protocol)
    for name in small.texts:
        (small.folder / f"{name}.csv").write_bytes(change(small.texts[name]).encode("utf-8"))
    assert read_sheets(small.folder, small.protocol).results == clean.results


def test_semicolons_and_decimal_commas_are_read_where_they_can_be_told_apart(small):
    clean = read_sheets(small.write(), small.protocol)
    text = small.texts["results"].replace(",", ";").replace("11.4", "11,4").replace("0.03", "0,03")
    (small.folder / "results.csv").write_text(text.replace("(11,4%)", "(11.4%)"), "utf-8")
    assert read_sheets(small.folder, small.protocol).results == clean.results


def test_a_true_minus_sign_and_odd_blanks_are_read(small):
    small.add(
        "contrasts",
        row="c2",
        study="A1",
        outcome="weight",
        timepoint="1 year",
        population="ITT",
        arm_1="d",
        arm_2="c",
        measure="MD",
        estimate="\u22122.5\u00a0",
        ci_low="\u22124.0",
        ci_high="\u22121.0",
        basis="reported",
    )
    assert read_sheets(small.write(), small.protocol).contrasts[1].estimate == -2.5


def test_a_merged_header_is_refused(small):
    small.change("results", "row,study,outcome", "row,,outcome")
    assert "a merged or blank header cell cannot be read" in faults(small)[0]


def test_an_empty_sheet_is_refused(small):
    small.texts["results"] = ""
    assert faults(small) == ["results.csv is empty; its first line must name the columns."]


@pytest.mark.parametrize("sheet", ["studies", "arms"])
def test_a_sheet_without_rows_is_refused(small, sheet):
    small.texts[sheet] = small.texts[sheet].splitlines()[0] + "\n"
    assert any("has a header and no rows" in problem for problem in faults(small))


def test_sheets_without_any_number_are_refused(small):
    for sheet in ("results", "contrasts"):
        small.texts[sheet] = small.texts[sheet].splitlines()[0] + "\n"
    assert any("neither results.csv nor contrasts.csv holds a row" in problem for problem in faults(small))


def test_a_missing_sheet_is_refused(small):
    del small.texts["studies"]
    assert any("does not exist" in problem for problem in faults(small))


def test_a_folder_in_place_of_a_sheet_is_refused(small):
    small.write()
    (small.folder / "results.csv").unlink()
    (small.folder / "results.csv").mkdir()
    small.texts = {}
    assert faults(small) == ["results.csv is a folder; a file is needed here."]


def test_bytes_that_are_no_text_are_refused(small):
    small.write()
    (small.folder / "results.csv").write_bytes(b"row,study\x00\x01\xff")
    small.texts = {}
    assert any("save it as UTF-8" in problem for problem in faults(small))


def test_values_outside_the_scale_are_refused(small):
    small.add("results", row="r9", study="A1", outcome="pain", arm="d", n=20, mean=11, sd=2, basis="reported")
    assert any("Pain lies between 0 and 10" in problem for problem in faults(small))


def test_quantiles_that_do_not_ascend_are_refused(small):
    small.add(
        "results", row="r9", study="A1", outcome="weight", arm="d", n=20, median=5, q1=6, basis="reported"
    )
    assert any('median is "5"; it cannot be below q1 (6)' in problem for problem in faults(small))


def test_the_total_of_all_arms_needs_no_arm_of_its_own(small):
    small.add(
        "results",
        row="r9",
        study="A1",
        outcome="death",
        timepoint="30 days",
        population="ITT",
        arm="total",
        n=243,
        events=40,
        basis="reported",
    )
    sheets = read_sheets(small.write(), small.protocol)
    assert sheets.role("A1", "total") == ""
