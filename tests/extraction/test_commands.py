"""The verbs new, check, extract and reconcile, as a person at a terminal meets them."""

import json

import pytest
from click.testing import CliRunner

from metareview.cli import commands
from metareview.errors import MetareviewError


@pytest.fixture
def desk(small, monkeypatch):
    """The small review's folders, as the current folder."""
    root = small.folder.parent.parent
    (root / "protocols").mkdir()
    (root / "protocols" / "small.toml").write_text(small.plan, "utf-8")
    small.write()
    monkeypatch.chdir(root)
    return root


def run(*arguments):
    done = CliRunner().invoke(commands, arguments)
    if isinstance(done.exception, MetareviewError):
        return 1, done.exception.problems
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_new_writes_a_protocol_and_never_over_one(desk):
    assert run("new", "bcg")[0] == 0
    code, problems = run("new", "bcg")
    assert (code, "exists already" in problems[0]) == (1, True)


def test_check_of_clean_sheets_ends_well(desk):
    assert run("check", "small") == (0, "0 errors, 0 warnings, 0 notes; every warning answered.\n")


def test_check_names_every_error_and_ends_with_1(desk, small):
    small.change("results", "d,123,14", "d,123,140").change("arms", "d,Drug,drug", "d,Drug,drog").write()
    code, output = run("check", "small")
    assert code == 1
    assert (
        'error [events-over-n] extracted/small/results.csv:2: events is "140"; it cannot exceed n (123).'
        in output
    )
    assert "2 errors, 0 warnings, 0 notes" in output


def test_check_finds_what_plan_and_measures_do_not_share(desk):
    path = desk / "protocols" / "small.toml"
    path.write_text(path.read_text("utf-8").replace('measure = "RR"', 'measure = "RRR"'), "utf-8")
    code, output = run("check", "small")
    assert code == 1
    assert 'error [plan] protocols/small.toml analysis "death" has measure "RRR"' in output


def test_check_in_json_gives_place_reason_and_answer(desk, small):
    small.change("results", ",11.4,", ",11.9,").change(
        "results", "2026-01-02,\nr2", "2026-01-02,quote: so\nr2"
    ).write()
    code, output = run("check", "small", "--json")
    assert code == 0
    found = {f["check"]: f for f in json.loads(output)}
    assert set(found) == {"percent-events", "quote"}
    assert found["quote"]["answer"] == "so"
    assert (found["percent-events"]["line"], found["percent-events"]["column"]) == (2, "percent")
    assert found["percent-events"]["sentence"].startswith("extracted/small/results.csv:2: percent is")


def test_check_of_an_unknown_review_says_what_there_is(desk):
    code, problems = run("check", "smal")
    assert code == 1
    assert 'did you mean "small"?' in problems[0]


def test_extract_adds_rows_and_brings_a_workbook_back(desk):
    code, output = run("extract", "small", "--as", "AB")
    assert code == 0
    assert (desk / "extracted" / "small" / "extraction.xlsx").exists()
    code, output = run("extract", "small", "--from", "extracted/small/extraction.xlsx", "--as", "AB")
    assert (code, "hold everything already" in output) == (0, True)
    assert run("check", "small")[0] == 0


def test_extract_from_a_missing_workbook_is_refused(desk):
    code, problems = run("extract", "small", "--from", "none.xlsx")
    assert (code, problems) == (1, ("none.xlsx does not exist.",))


def test_reconcile_says_what_agrees_and_what_waits(desk, small):
    folder = small.folder
    (folder / "results.AB.csv").write_text(small.texts["results"], "utf-8")
    (folder / "results.CD.csv").write_text(small.texts["results"].replace("d,123,14", "d,123,15"), "utf-8")
    code, output = run("reconcile", "small")
    assert code == 0
    assert "results, events: 3 of 4 cells agree; 75.0%, 95% CI 30.1% to 95.4%" in output
    assert "1 cells wait for a decision" in output
    found = json.loads(run("reconcile", "small", "--json")[1])
    assert [(cell["column"], cell["values"]) for cell in found["open"]] == [
        ("events", {"AB": "14", "CD": "15"})
    ]


@pytest.mark.parametrize("verb", ["new", "check", "extract", "reconcile"])
def test_every_verb_explains_itself_with_an_example(verb):
    code, output = run(verb, "--help")
    assert code == 0
    assert f"Example: metareview {verb}" in output


def test_check_knows_from_the_records_that_a_report_was_retracted(desk, small):
    from metareview.search import Record
    from metareview.search.catalogue import write_records

    retracted = Record(id="pmid:2", title="x", pmid="2", types=("Retracted Publication",), database="PubMed")
    write_records(desk / "searched" / "small" / "records.csv", [retracted])
    output = run("check", "small")[1]
    assert "warning [report-withdrawn] extracted/small/studies.csv:3: reports" in output
    small.change("studies", "pmid:2,,,,", "pmid:2,,,,report-withdrawn: for its tables only").write()
    assert "every warning answered" in run("check", "small")[1]
