"""Files of ASReview, Rayyan and Covidence: in and out with every reviewer's vote."""

import csv
import io
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import ScreeningError
from metareview.screening import Decision, DecisionLog, Reason
from metareview.screening.exchange import (
    Mapped,
    read_asreview,
    read_covidence,
    read_rayyan,
    write_asreview,
    write_covidence,
    write_rayyan,
)
from metareview.screening.exchange.votes import quoted, read_entries, unquoted
from metareview.search import Record
from metareview.search.formats.delimited import read_delimited

RECORDS = [
    Record(
        id="pmid:1", title="Stromal cells for acute GVHD", abstract="Cells; 60 v 62.", year=2024, pmid="1"
    ),
    Record(id="doi:10.1/b", title="Basiliximab alone", abstract="Another", year=2022, doi="10.1/b"),
    Record(id="text:c", title="A review of mice", year=2019),
    Record(id="text:d", title="A review of mice", year=2020),
]
REASONS = [Reason("population", "Wrong population"), Reason("design", "Wrong study design")]
FULL = Mapped(stage="full text", reasons=REASONS)


def vote(record, who, verdict, stage="abstract", **more):
    return Decision(record=record, stage=stage, reviewer=who, verdict=verdict, when="2026-11-24", **more)


def two_logs(stage="abstract"):
    return [
        DecisionLog(
            "AB",
            (
                vote("pmid:1", "AB", "include", stage),
                vote("doi:10.1/b", "AB", "exclude", stage, reason="design", note='said "no" | twice'),
                vote("text:c", "AB", "unclear", stage),
            ),
        ),
        DecisionLog(
            "CD",
            (vote("pmid:1", "CD", "exclude", stage, reason="design"), vote("text:d", "CD", "include", stage)),
        ),
    ]


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1+1", "@SUM(1)", "-A1", "'=1"])
@pytest.mark.parametrize(
    ("write", "column", "read"),
    [
        (write_rayyan, "title", read_rayyan),
        (
            write_covidence,
            "Title",
            partial(read_covidence, reference_list="select"),
        ),
        (write_asreview, "title", partial(read_asreview, reviewer="AB")),
    ],
)
def test_a_formula_does_not_run_in_a_spreadsheet_and_comes_back(tmp_path, write, column, read, formula):
    records, path = [Record(id="", title=formula), Record(id="r2", title="Sober")], tmp_path / "out.csv"
    path.write_text(write(records, [DecisionLog("AB", (vote("", "AB", "include"),))], stage="abstract"))
    first, second = csv.DictReader(io.StringIO(path.read_text()))
    assert (first[column], second[column]) == (f"'{formula}", "Sober")
    assert [entry.get("title") for entry in read_entries(path)] == [formula, "Sober"]
    found = read(path, [Record(id="r1", title=formula)])
    assert [(d.record, d.verdict) for d in found.decisions] == [("r1", "include")]
    assert [r.title for r in read_records_of(path)] == [formula, "Sober"]


def read_records_of(path):
    return [entry.record for entry in read_delimited(path.read_text(), path.name)]


def said(imported):
    return {(d.record, d.reviewer): (d.verdict, d.reason) for d in imported.decisions}


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (write_rayyan, lambda path: read_rayyan(path, RECORDS, mapped=FULL)),
        (write_covidence, lambda path: read_covidence(path, RECORDS, reference_list="excluded", mapped=FULL)),
    ],
)
def test_every_reviewers_vote_goes_out_and_comes_back(tmp_path, write, read):
    path = tmp_path / "out.csv"
    path.write_text(write(RECORDS, two_logs("full text"), stage="full text"))
    found = said(read(path))
    assert {
        ("pmid:1", "AB"): ("include", ""),
        ("pmid:1", "CD"): ("exclude", "design"),
        ("doi:10.1/b", "AB"): ("exclude", "design"),
        ("text:c", "AB"): ("unclear", ""),
        ("text:d", "CD"): ("include", ""),
    }.items() <= found.items()


RAYYAN = """key,title,year,authors,abstract,notes
rayyan-7,Stromal cells for acute GVHD,2024,A,x,"Old note | RAYYAN-INCLUSION: {""Ann""=>""Included"", ""Bo""=>""Excluded""} | RAYYAN-LABELS: a,b | RAYYAN-EXCLUSION-REASONS: wrong population,foreign language | USER-NOTES: {""Bo""=>[""check later""]}"
rayyan-8,Basiliximab alone,2022,A,x,"RAYYAN-INCLUSION: {""Ann""=>""Maybe""}"
rayyan-9,A review of mice,2020,A,x,
rayyan-10,Something else,2020,A,x,"RAYYAN-INCLUSION: {""Ann""=>""Included""}"
"""  # noqa: E501


def test_a_rayyan_export_keeps_each_vote_reason_and_note(tmp_path):
    path = tmp_path / "articles.csv"
    path.write_text(RAYYAN)
    imported = read_rayyan(path, RECORDS, mapped=FULL)
    assert said(imported) == {
        ("pmid:1", "Ann"): ("include", ""),
        ("pmid:1", "Bo"): ("exclude", "population"),
        ("doi:10.1/b", "Ann"): ("unclear", ""),
    }
    assert imported.decisions[1].note == "check later; reasons given: foreign language"
    assert imported.unmatched == (f'{path}:5: "Something else"',)


def test_an_exclusion_at_full_text_without_a_known_reason_is_refused(tmp_path):
    path = tmp_path / "articles.csv"
    path.write_text(RAYYAN.replace("wrong population,foreign language", "foreign language"))
    with pytest.raises(ScreeningError, match=r"articles.csv:2: reason is empty"):
        read_rayyan(path, RECORDS, mapped=FULL)
    mapped = Mapped(stage="full text", reasons=REASONS, words={"Foreign Language": "design"})
    assert ("exclude", "design") in said(read_rayyan(path, RECORDS, mapped=mapped)).values()


def test_a_reviewer_whose_name_cannot_name_a_file_needs_another(tmp_path):
    path = tmp_path / "articles.csv"
    path.write_text(RAYYAN.replace('""Ann""', '""ann@x.org""'))
    with pytest.raises(ScreeningError, match=r'give another name, as in --name "ann@x\.org=AB"'):
        read_rayyan(path, RECORDS, mapped=FULL)
    mapped = Mapped(stage="full text", reasons=REASONS, names={"ann@x.org": "Ann"})
    assert ("pmid:1", "Ann") in said(read_rayyan(path, RECORDS, mapped=mapped))


def test_asreview_labels_are_read_from_a_table(tmp_path):
    path = tmp_path / "asreview.csv"
    path.write_text(
        "title,doi,included,asreview_note\n"
        "Stromal cells for acute GVHD,,1,\nBasiliximab alone,10.1/B,0,no cells\nA review of mice,,,\n"
    )
    imported = read_asreview(path, RECORDS, reviewer="AB")
    assert said(imported) == {("pmid:1", "AB"): ("include", ""), ("doi:10.1/b", "AB"): ("exclude", "")}
    assert imported.decisions[1].note == "no cells"


def test_asreview_labels_are_read_from_ris_even_when_an_end_is_missing(tmp_path):
    path = tmp_path / "asreview.ris"
    path.write_text(
        "TY  - JOUR\nTI  - Stromal cells for acute GVHD\nN1  - old\nN1  - ASReview_relevant\nER  - \n\n"
        "TY  - JOUR\nT1  - Basiliximab alone\nDO  - 10.1/b\nN1  - ASReview_irrelevant\n"
        "TY  - JOUR\nTI  - A review of mice\nPY  - 2020\nN1  - ASReview_not_seen\n"
    )
    imported = read_asreview(path, RECORDS, reviewer="AB")
    assert said(imported) == {("pmid:1", "AB"): ("include", ""), ("doi:10.1/b", "AB"): ("exclude", "")}


def test_asreview_gets_the_agreed_verdict_and_every_vote_beside_it():
    rows = list(csv.DictReader(io.StringIO(write_asreview(RECORDS, two_logs(), stage="abstract"))))
    assert [row["included"] for row in rows] == ["", "", "", ""]
    alone = csv.DictReader(io.StringIO(write_asreview(RECORDS, two_logs(), stage="abstract", reviewer="AB")))
    assert [row["included"] for row in alone] == ["1", "0", "", ""]
    assert rows[0]["votes"] == (
        'RAYYAN-INCLUSION: {"AB"=>"Included", "CD"=>"Excluded"} | RAYYAN-EXCLUSION-REASONS: design'
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [("title\nx\n", "no labels were found"), ("title,included\nx,maybe\n", r'a.csv:2: included is "maybe"')],
)
def test_asreview_files_without_labels_are_refused(tmp_path, text, says):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ScreeningError, match=says):
        read_asreview(path, RECORDS, reviewer="AB")


COVIDENCE = (
    "Title,Authors,Abstract,Published Year,DOI,Ref,Covidence #,Study,Notes,Tags\n"
    "Basiliximab alone,A,x,2022,10.1/b,6535,#1581,Heslop 1990,Exclusion reason: Wrong study design; ,SRH\n"
)


def test_a_covidence_list_gives_the_teams_verdict_and_says_that_votes_are_missing(tmp_path):
    path = tmp_path / "excluded.csv"
    path.write_text(COVIDENCE)
    imported = read_covidence(path, RECORDS, reference_list="excluded", mapped=Mapped(reasons=REASONS))
    assert said(imported) == {("doi:10.1/b", "Covidence"): ("exclude", "design")}
    assert imported.decisions[0].stage == "full text"
    assert "agreement cannot be computed" in imported.notes[0]


def test_a_list_that_covidence_does_not_have_is_refused(tmp_path):
    with pytest.raises(ScreeningError, match='did you mean "irrelevant"'):
        read_covidence(tmp_path / "x", RECORDS, reference_list="irelevant")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


@given(st.dictionaries(NAMES, st.sampled_from(["include", "exclude", "unclear"]), max_size=4))
def test_votes_survive_any_name(votes):
    assert unquoted(quoted(votes)) == votes
