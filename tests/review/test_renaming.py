"""A study, an outcome or an arm gets another id everywhere, together or not at all."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from faults import every_kill
from small_review import PROTOCOL, lay_out

from metareview.cli import commands
from metareview.errors import MetareviewError
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, update_sheets
from metareview.locks import locked
from metareview.protocol import read_protocol
from metareview.review import Review
from metareview.review.place import find_review
from metareview.review.renaming import rename
from metareview.tables import read_table

ROOT = Path(__file__).parents[2]
SIGNED = Signature("AB", "2026-01-02 03:04")
ALPHA = Included("Alpha2001", "Alpha 2001", "2001", "", ("pmid:1",))
BETA = Included("Beta2002", "Beta 2002", "2002", "", ("pmid:2",))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(lay_out(tmp_path, protocol=with_exclusion(PROTOCOL)))
    return tmp_path


def with_exclusion(plan):
    return plan.replace('measure = "RR"', 'exclude = { C = "too small" } # C\nmeasure = "RR"')


def run(*arguments):
    done = CliRunner().invoke(commands, arguments)
    if isinstance(done.exception, MetareviewError):
        return 1, "\n".join(done.exception.problems)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def texts(root):
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def numbers(root, name):
    return [
        (analysis.id, synthesis.k, synthesis.estimate, synthesis.se, str(synthesis))
        for analysis, synthesis in Review(name, root).run()
    ]


def test_the_shipped_review_gives_the_same_numbers_under_other_names(tmp_path, monkeypatch):
    for room in ("protocols", "searched", "screened", "extracted"):
        shutil.copytree(ROOT / room / "" if room != "protocols" else ROOT / room, tmp_path / room)
    monkeypatch.chdir(tmp_path)
    before = numbers(tmp_path, "msc-sr-agvhd")
    flow = run("flow", "msc-sr-agvhd", "--json")
    for what, old, new in (
        ("study", "Zhao2022", "CRASH3-2019"),
        ("study", "Ringden2018", "R.2018"),
        ("outcome", "overall_response", "response"),
        ("arm", "msc", "cells"),
        ("arm", "CRASH3-2019/control", "basiliximab"),
    ):
        assert run("rename", "msc-sr-agvhd", what, old, new)[0] == 0
    assert numbers(tmp_path, "msc-sr-agvhd") == before and len(before) > 20
    assert "0 errors" in run("check", "msc-sr-agvhd")[1]
    assert run("flow", "msc-sr-agvhd", "--json") == flow
    for path in ("protocols/msc-sr-agvhd.toml", "extracted/msc-sr-agvhd/results.csv"):
        old_lines, new_lines = (Path(r / path).read_text("utf-8").splitlines() for r in (ROOT, tmp_path))
        assert len(old_lines) == len(new_lines)
        assert "Zhao2022" not in "".join(new_lines)


def test_status_says_which_outputs_name_the_old_id_and_one_study_pools_as_before(desk):
    plan = desk / "protocols" / "small.toml"
    start, end = (plan.read_text().find(f'[[analyses]]\nid = "{name}"') for name in ("death", "relapse"))
    plan.write_text(plan.read_text()[:start] + plan.read_text()[end:])
    assert run("pool", "small")[0] == 0
    assert run("status", "small")[0] == 0
    summary = read_table(desk / "output" / "small" / "summary.csv")
    run("rename", "small", "study", "A", "Alpha")
    code, said = run("status", "small")
    assert code == 1
    assert "studies.csv A is gone" in said and "studies.csv Alpha is new" in said
    assert run("pool", "small")[0] == 0
    assert run("status", "small")[0] == 0
    again = read_table(desk / "output" / "small" / "summary.csv")
    assert again.rows == summary.rows and summary.column("k") == ["1"]
    assert '"A"' not in (desk / "output" / "small" / "relapse" / "summary.json").read_text()


def test_a_dry_run_counts_file_by_file_and_writes_nothing(desk):
    before = texts(desk)
    code, said = run("rename", "small", "study", "C", "Gamma", "--dry-run")
    assert code == 0
    assert "protocols/small.toml: 1" in said and "results.csv: 2" in said and "Nothing was written" in said
    assert texts(desk) == before


def test_records_of_people_follow_and_changes_csv_says_who(desk):
    folder = desk / "extracted" / "small"
    (folder / "results.AB.csv").write_text(
        "study,outcome,timepoint,population,arm,n\nc ,Death,day 28,ITT,drug,60\n"
    )
    (folder / "adjudication.csv").write_text(
        "sheet,study,outcome,arm\ncontrasts,C,relapse,drug v placebo HR\n"
    )
    (desk / "screened" / "small").mkdir(parents=True)
    (desk / "screened" / "small" / "previous.csv").write_text("study,report\nC,pmid:3\nD,pmid:4\n")
    assert run("rename", "small", "study", "C", "Gamma", "--as", "AB")[0] == 0
    assert run("rename", "small", "arm", "drug", "verum")[0] == 0
    assert run("rename", "small", "outcome", "death", "mortality")[0] == 0
    assert "Gamma,mortality,day 28,ITT,verum,60" in (folder / "results.AB.csv").read_text()
    assert "Gamma,relapse,verum v placebo HR" in (folder / "adjudication.csv").read_text()
    assert (
        desk / "screened" / "small" / "previous.csv"
    ).read_text() == "study,report\nGamma,pmid:3\nD,pmid:4\n"
    assert 'exclude = { Gamma = "too small" } # C' in (desk / "protocols" / "small.toml").read_text()
    assert [row.cells["new"] for row in read_table(folder / "changes.csv")] == ["Gamma", "verum", "mortality"]
    assert read_table(folder / "changes.csv").rows[0].cells["who"] == "AB"
    # B calls its arms low and high; their role alone has another name
    assert {"B,low,Low dose,verum,50,", "A,verum,Drug,verum,100,"} < set(
        (folder / "arms.csv").read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("study", "Z", "Y"), 'there is no study "Z"'),
        (("study", "A", "b"), 'differs from "B" only by capitals'),
        (("study", "A", "B"), "it is taken in extracted/small/studies.csv"),
        (("study", "A", "../A"), "use letters, digits"),
        (("study", "A", "=1"), "use letters, digits"),
        (("study", "A", "NUL"), "Windows keeps"),
        (("study", "A", "A"), 'is called "A" already'),
        (("outcome", "deth", "x"), 'did you mean "death"?'),
        (("outcome", "death", "relapse"), "it is taken in protocols/small.toml"),
        (("arm", "drug", "total"), "stands for all arms together"),
        (("arm", "drug", "placebo"), "it is taken in protocols/small.toml"),
        (("arm", "B/low", "high"), "it is taken in extracted/small/arms.csv"),
        (("arm", "Q/low", "x"), 'no arms of a study "Q"'),
    ],
)
def test_an_id_that_is_not_there_or_is_taken_is_refused_with_nothing_written(desk, arguments, said):
    before = texts(desk)
    code, problems = run("rename", "small", *arguments)
    assert (code, texts(desk)) == (1, before)
    assert said in problems


def test_an_id_may_change_its_capitals(desk):
    assert run("rename", "small", "study", "A", "a")[0] == 0
    assert [s.study for s in Review("small", desk).sheets.studies] == ["a", "B", "C", "D"]


def test_a_link_to_a_share_that_is_not_mounted_is_refused(desk):
    sheet = desk / "extracted" / "small" / "contrasts.csv"
    sheet.unlink()
    sheet.symlink_to(desk / "share" / "contrasts.csv")
    code, said = run("rename", "small", "study", "A", "Alpha")
    assert code == 1 and "is not there; mount the share" in said


@pytest.fixture
def made(desk):
    """Sheets and a workbook that the code made."""
    folder = desk / "extracted" / "small"
    shutil.rmtree(folder)
    update_sheets(folder, read_protocol(desk / "protocols" / "small.toml"), [ALPHA, BETA], SIGNED)
    return folder


def again(folder):
    protocol = read_protocol(folder.parent.parent / "protocols" / "small.toml")
    return update_sheets(folder, protocol, [ALPHA, BETA], SIGNED)


@pytest.mark.parametrize(
    ("what", "old", "new"),
    [
        ("study", "Alpha2001", "CRASH3-2019"),
        ("study", "Alpha2001", "Zeta"),
        ("outcome", "death", "mortality"),
        ("arm", "drug", "verum"),
        ("arm", "Alpha2001/drug", "low-dose"),
    ],
)
def test_extract_knows_what_it_made_under_the_new_name(made, what, old, new):
    sheet = made / "results.csv"
    sheet.write_text(
        sheet.read_text().replace("Alpha2001,death,day 28,,drug,", "Alpha2001,death,day 28,,drug,40", 1)
    )
    rows = len(read_table(sheet))
    again(made)
    assert run("rename", "small", what, old, new)[0] == 0
    update = again(made)
    assert (update.changes, update.removed) == ((), ())
    assert len(read_table(sheet)) == rows
    assert any(row.cells["n"] == "40" for row in read_table(sheet))
    assert not (made / "removed.csv").exists()


def test_a_workbook_with_entries_that_were_not_brought_back_is_not_made_anew(made):
    from openpyxl import load_workbook

    book = load_workbook(made / "extraction.xlsx")
    book["results"].cell(2, 7).value = "40"
    book.save(made / "extraction.xlsx")
    before = texts(made)
    code, said = run("rename", "small", "study", "Alpha2001", "Alpha")
    assert code == 1 and "not brought back" in said
    assert texts(made) == before


@pytest.mark.slow
def test_a_kill_at_any_moment_renames_everything_or_nothing(desk, tmp_path_factory):
    clean = tmp_path_factory.mktemp("clean") / "x"
    shutil.copytree(desk, clean)
    found = []

    def prepare():
        for room in ("protocols", "extracted"):
            shutil.rmtree(desk / room, ignore_errors=True)
            shutil.copytree(clean / room, desk / room)

    def work():
        rename(find_review("small"), "study", "C", "Gamma", SIGNED)

    def look(n):
        with locked(desk / "extracted" / "small"):  # as the next command would
            found.append(texts(desk))

    prepare()
    before = texts(desk)
    work()
    after = texts(desk)
    kills = every_kill(prepare, work, look)
    assert all(state in (before, after) for state in found)
    assert before in found and after in found and kills > 20
    print(f"rename: killed at {kills} file operations, 0 left half renamed")  # noqa: T201


def test_two_people_at_once_lose_nothing(desk, monkeypatch):
    """A sheet that somebody saves while the command runs refuses it whole."""
    from metareview.review import renaming

    sheet = desk / "extracted" / "small" / "results.csv"
    real = renaming.record_changes

    def meanwhile(*arguments):
        sheet.write_text(sheet.read_text() + "r99,A,death,day 28,PP,drug,1,1,,reported,,,,,,\n")
        return real(*arguments)

    before = texts(desk)
    monkeypatch.setattr(renaming, "record_changes", meanwhile)
    code, said = run("rename", "small", "study", "A", "Alpha")
    assert code == 1 and "was changed while" in said
    changed = {name for name, raw in texts(desk).items() if before.get(name) != raw}
    assert changed == {"extracted/small/results.csv"}
