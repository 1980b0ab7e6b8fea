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


def test_extract_refuses_to_lose_numbers_and_force_says_each_row_and_its_way_back(desk, small):
    run("extract", "small", "--as", "AB")
    plan, results = desk / "protocols" / "small.toml", small.folder / "results.csv"
    plan.write_text(
        plan.read_text("utf-8").replace('outcomes = ["death"]', 'outcomes = ["death", "pain"]'), "utf-8"
    )
    run("extract", "small", "--as", "AB")
    lines = results.read_text("utf-8").splitlines()
    row = next(line for line in lines if ",A1,pain,,,d," in line)
    name = row.split(",")[0]
    text = results.read_text("utf-8").replace(row, row.replace(",pain,,,d,", ",pain,,,d,61", 1))
    results.write_text(text, "utf-8")
    plan.write_text(plan.read_text("utf-8").replace('"pain"', '"ache"'), "utf-8")
    code, problems = run("extract", "small")
    assert code == 1
    assert "metareview rename small outcome pain ache" in problems[0]
    code, output = run("extract", "small", "--force", "--as", "A\x1b[DB")
    assert f"MOVED TO removed.csv: extracted/small/results.csv row {name}, with n 61; outcome" in output
    assert "note [row-removed] extracted/small/removed.csv:2: row" in run("check", "small")[1]
    assert (small.folder / "removed.csv").read_text("utf-8").splitlines()[1].split(",")[1] == "AB"
    back = output.split("Back with: metareview ")[1].splitlines()[0].replace("'", "").split()
    assert run(*back) == (0, f"extracted/small/results.csv: row {name} is back.\n")
    assert f"{name},A1,pain,,,d,61," in results.read_text("utf-8")
    assert run("extract", "small", "--force", "--restore", "all")[1] == (
        "--restore stands alone; run --from or --force in a second step.",
    )


def test_extract_names_the_studies_that_screening_let_in_as_people_do(desk, small):
    from metareview.search import Record
    from metareview.search.catalogue import write_records
    from metareview.search.ledger import SearchRun, write_searches

    authors = {"11": ("CRASH-3 trial collaborators", 2019), "12": ("Zhao K", 2022)}
    records = [
        Record(id=f"pmid:{pmid}", title="x", pmid=pmid, year=year, authors=(name,), source=("found",))
        for pmid, (name, year) in authors.items()
    ]
    searched = SearchRun("found", "databases", "PubMed", "E-utilities", "drug", records=2)
    write_searches(desk / "searched" / "small" / "searches.csv", [searched])
    write_records(desk / "searched" / "small" / "records.csv", records)
    (desk / "screened" / "small").mkdir(parents=True)
    lines = [
        f"{r.id},{stage},AB,include,,,,2026-01-02" for r in records for stage in ("abstract", "full text")
    ]
    header = "record_id,stage,reviewer,decision,reason,note,seconds,date"
    (desk / "screened" / "small" / "AB.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    code, output = run("extract", "small")
    assert code == 0, output
    text = (small.folder / "studies.csv").read_text("utf-8")
    assert [line.split(",")[0] for line in text.splitlines()[3:]] == ["CRASH3-2019", "Zhao2022"]
    assert run("extract", "small", "--as", "AB")[1].startswith("The sheets hold everything already")


def test_check_finds_ids_that_cannot_name_files_or_differ_by_capitals_only(desk, small):
    small.add("studies", study="a1", label="Other").add("studies", study="../up", label="Up")
    small.add("arms", study="a1", arm="c", role="control").add("arms", study="a1", arm="C", role="drug")
    small.write()
    output = run("check", "small")[1]
    assert (
        'warning [id-name] extracted/small/studies.csv:4: study is "a1"; "A1" differs from it only' in output
    )
    assert (
        'warning [id-name] extracted/small/studies.csv:5: study is "../up"; it cannot name a file' in output
    )
    assert 'warning [id-name] extracted/small/arms.csv:7: arm is "C"; "c" differs from it only' in output


def test_a_linked_sheet_that_is_not_there_is_one_error_of_check(desk, small):
    (small.folder / "results.csv").unlink()
    (small.folder / "results.csv").symlink_to(desk / "share" / "results.csv")
    code, output = run("check", "small")
    assert (code, "error [file]" in output, "mount the share" in output) == (1, True, True)


def test_a_plan_that_is_saved_while_extract_runs_is_not_answered_from(desk, monkeypatch):
    from metareview.extraction import updating

    plan = desk / "protocols" / "small.toml"
    real = updating.workbook_bytes

    def slow(*arguments):
        plan.write_text(plan.read_text("utf-8") + "\n# saved\n", "utf-8")
        return real(*arguments)

    monkeypatch.setattr(updating, "workbook_bytes", slow)
    before = {p: p.read_bytes() for p in (desk / "extracted").rglob("*") if p.is_file()}
    code, problems = run("extract", "small")
    assert (code, "small.toml was changed while" in problems[0]) == (1, True)
    assert {p: p.read_bytes() for p in (desk / "extracted").rglob("*.csv")} == before
