"""``metareview pool`` as a person meets it: what is printed, what is refused."""

import json
import shutil

import pytest

from metareview.cli import main
from tests.small_review import PROTOCOL, RESULTS, STUDIES, lay_out


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command line and return its exit code, its output and its errors."""

    def run(*words):
        monkeypatch.setattr("sys.argv", ["metareview", *words])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def root(tmp_path, monkeypatch):
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def semicolons(text):
    return text.replace(",", ";")


def results(old, new):
    assert old in RESULTS
    return RESULTS.replace(old, new, 1)


TOO_MANY = 'results.csv:2: events is "140"; it cannot exceed n (100)'
REFUSED = {
    "events above n": (results("drug,100,10,,", "drug,100,140,,"), TOO_MANY),
    "negative n": (results("drug,100,10,,", "drug,-100,10,,"), 'results.csv:2: n is "-100"'),
    "text in a number cell": (results("drug,100,10,,", "drug,100,ten,,"), 'results.csv:2: events is "ten"'),
    "decimal comma": (semicolons(results("drug,100,10,,", "drug,100,10,5,,")), "results.csv:2"),
    "merged header": (results("n,events,", "n,,"), "results.csv:1: column 8 has no name"),
    "same row twice": (results("r3,A,death,day 90,ITT,drug", "r3,A,death,day 28,ITT,drug"), "results.csv:4"),
    "empty sheet": ("", "results.csv is empty"),
    "misspelt outcome": (results("r1,A,death", "r1,A,deth"), 'did you mean "death"'),
    "a date": (results("drug,100,10,,", "drug,100,10-Jan,,"), "looks like a date"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_faulty_sheet_is_refused_in_a_sentence_and_nothing_is_written(call, root, case):
    text, says = REFUSED[case]
    (root / "extracted/small/results.csv").write_text(text, "utf-8")
    code, _, err = call("pool", "small")
    assert code == 1
    assert says in err
    assert all(line.startswith("error: ") for line in err.splitlines())
    assert not (root / "output").exists()


def test_an_interval_that_does_not_hold_its_estimate_is_refused(call, root):
    path = root / "extracted/small/contrasts.csv"
    path.write_text(path.read_text("utf-8").replace("0.68,0.48", "0.38,0.48"), "utf-8")
    code, _, err = call("pool", "small")
    assert code == 1
    assert "contrasts.csv:2" in err


def test_unreadable_bytes_and_a_folder_in_place_of_a_file_are_refused(call, root):
    sheet = root / "extracted/small/results.csv"
    sheet.write_bytes(b"\x00\x81\x8d\xff")
    assert call("pool", "small")[0] == 1
    sheet.unlink()
    sheet.mkdir()
    code, _, err = call("pool", "small")
    assert code == 1
    assert "is a folder" in err


@pytest.mark.parametrize("name", ["nothing", "smal", "../small", ""])
def test_a_review_that_is_not_there_is_said(call, root, name):
    code, _, err = call("pool", name)
    assert code == 1
    assert err.startswith("error: ")


def test_a_misspelt_outcome_in_the_plan_is_refused(call, root):
    plan = PROTOCOL.replace('outcomes = ["death"]', 'outcomes = ["deth"]')
    lay_out(root, protocol=plan)
    code, _, err = call("pool", "small")
    assert code == 1
    assert 'did you mean "death"' in err


def test_marks_semicolons_and_blanks_are_read_when_they_are_clear(call, root):
    path = root / "extracted/small/results.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + semicolons(RESULTS.replace("drug,100,10,", "drug , 100 , 10 ,")).encode()
    )
    code, out, err = call("pool", "small")
    assert (code, err.count("error")) == (0, 0)
    assert "RR 0.57 (0.34 to 0.96), P = .03" in out


def test_the_table_has_a_line_per_analysis_and_a_second_run_does_nothing(call, root):
    code, out, _ = call("pool", "small")
    assert code == 0
    assert "RR 0.57 (0.34 to 0.96), P = .03" in out
    assert "4 of 4 analyses were made anew." in out
    before = {p: p.stat().st_mtime_ns for p in (root / "output").rglob("*")}
    (root / "output/small/.metareview-00.tmp").write_text("left by a killed run, after its last write")
    code, out, _ = call("pool", "small")
    assert "Nothing has changed; nothing was done." in out
    folder = root / "output/small"
    before[folder] = folder.stat().st_mtime_ns
    assert before == {p: p.stat().st_mtime_ns for p in (root / "output").rglob("*")}


def test_the_summary_as_json(call, root):
    rows = json.loads(call("pool", "small", "--json")[1])
    assert [row["analysis"] for row in rows] == ["death", "death/inferred", "death/mh", "relapse"]


def test_a_misspelt_override_is_refused(call, root):
    code, _, err = call("pool", "small", "--ci", "hskj")
    assert code == 1
    assert 'did you mean "hksj"' in err


def test_explain_goes_from_the_estimate_to_the_page(call, root):
    code, out, _ = call("explain", "small", "death")
    assert code == 0
    words = ("Risk ratio 0.57", "Alpha 2001: weight", "ai = 10, n1i = 100", "results.csv:2 (r1)", "Table 2")
    for said in (*words, "Delta 2004 is left out"):
        assert said in " ".join(out.split())
    code, _, err = call("explain", "small", "death", "Alpa 2001")
    assert code == 1
    assert "is not part of analysis" in err


def test_explain_as_json_carries_file_and_line(call, root):
    trail = json.loads(call("explain", "small", "death", "A", "--json")[1])
    (study,) = trail["rests_on"]
    cells = study["rests_on"][0]["rests_on"]
    assert [(cell["row"], cell["line"], cell["cells"]["events"]) for cell in cells] == [
        ("r1", 2, "10"),
        ("r2", 3, "20"),
    ]


def test_status_names_the_cell_that_made_an_output_stale(call, root):
    assert call("status", "small")[0] == 1
    call("pool", "small")
    assert call("status", "small")[0] == 0
    (root / "extracted/small/studies.csv").write_text(STUDIES.replace("2002,RCT", "2012,RCT"), "utf-8")
    code, out, _ = call("status", "small")
    assert code == 1
    assert 'studies.csv B: year was "2002", is "2012"' in out


def test_a_removed_output_folder_is_made_again(call, root):
    call("pool", "small")
    shutil.rmtree(root / "output/small/death")
    assert "analyses were made anew" in call("pool", "small")[1]
    assert (root / "output/small/death/forest.svg").exists()
