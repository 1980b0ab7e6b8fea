"""Two reports of one trial are one study: by a person's yes, remembered, and taken back exactly."""

import json
import re
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner
from faults import every_kill
from small_review import PROTOCOL, RESULTS, STUDIES, lay_out

from metareview.cli import commands
from metareview.errors import MetareviewError
from metareview.extraction.grids import read_grids
from metareview.extraction.joining import joined, read_joined
from metareview.extraction.leaving import GENERATED
from metareview.extraction.study_ids import with_ids
from metareview.extraction.template import Included
from metareview.extraction.updating import Signature, update_sheets
from metareview.locks import locked
from metareview.protocol import read_protocol
from metareview.review import Review
from metareview.review.joining import keep_apart, undecided_pairs
from metareview.review.merging import merge_studies
from metareview.review.place import find_review
from metareview.review.unmerging import unmerge
from metareview.search import read_records, write_records
from metareview.tables import read_table
from tests.screening.reviews import make_review

SIGNED = Signature("AB", "2026-01-02 03:04")
MAIN = Included("Zhao2022", "Zhao 2022", "2022", "NCT02241018", ("pmid:1", "doi:10/1"))
LATER = Included("Zhao2023", "Zhao 2023", "2023", "nct02241018", ("pmid:2",), "corrected")
THIRD = Included("Ma2024", "Ma 2024", "2024", "", ("pmid:3",), numbers=("NCT 02241018",))
OTHER = Included("Lee2020", "Lee 2020", "2020", "NCT00000009", ("pmid:9",))


def run(*arguments, **options):
    done = CliRunner().invoke(commands, arguments, **options)
    if isinstance(done.exception, MetareviewError):
        return 1, "\n".join(done.exception.problems)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def texts(root, *, history=False):
    """Every file of the sheets, but for the history that only grows."""
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and p.name != ".lock" and (history or p.name != "changes.csv")
    }


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(lay_out(tmp_path))
    return tmp_path


@pytest.fixture
def made(root):
    """Sheets and a workbook that the code made for three studies, of which two are one trial."""
    folder = root / "extracted" / "small"
    shutil.rmtree(folder)
    update(root, MAIN, LATER, OTHER)
    return folder


def update(root, *included):
    protocol = read_protocol(root / "protocols" / "small.toml")
    return update_sheets(root / "extracted" / "small", protocol, included, SIGNED)


def fill(path, where, what):
    text = path.read_text()
    assert where in text
    path.write_text(text.replace(where, what, 1))


def cells(folder, sheet, **where):
    found = [r.cells for r in read_table(folder / f"{sheet}.csv")]
    return [c for c in found if all(c[k] == v for k, v in where.items())]


def test_what_shares_a_registry_number_is_asked_once(made):
    place = find_review("small")
    pairs = undecided_pairs(place, [MAIN, LATER, OTHER])
    assert [(p.study.study, p.other.study, p.shared) for p in pairs] == [
        ("Zhao2022", "Zhao2023", ("NCT02241018",))
    ]
    keep_apart(place, pairs[0].study, pairs[0].other, SIGNED)
    assert undecided_pairs(place, [MAIN, LATER, OTHER]) == []
    (said,) = cells(made, "joined")
    assert (said["study"], said["report"], said["answer"], said["who"]) == ("Zhao2022", "pmid:2", "no", "AB")
    # a third report of the trial is asked about, with each of the two
    update(made.parent.parent, MAIN, LATER, OTHER, THIRD)
    assert [(p.study.study, p.other.study) for p in undecided_pairs(place, [MAIN, LATER, THIRD])] == [
        ("Zhao2022", "Ma2024"), ("Zhao2023", "Ma2024"),
    ]  # fmt: skip


def test_a_yes_makes_one_study_which_later_runs_do_not_split(made):
    fill(made / "results.csv", "Zhao2023,death,day 28,,drug,,,", "Zhao2023,death,day 28,,drug,40,4,")
    fill(made / "results.csv", "Zhao2022,death,day 90,,placebo,,,", "Zhao2022,death,day 90,,placebo,41,5,")
    rows = len(read_table(made / "results.csv"))
    merge_studies(find_review("small"), ["Zhao2022", "Zhao2023"], SIGNED)
    (study,) = cells(made, "studies", study="Zhao2022")
    assert (study["reports"], study["registry"], study["status"], study["label"]) == (
        "pmid:1; doi:10/1; pmid:2", "NCT02241018", "corrected", "Zhao 2022",
    )  # fmt: skip
    assert cells(made, "studies", study="Zhao2023") == []
    filled = [c for c in cells(made, "results", study="Zhao2022") if c["n"]]
    assert sorted((c["timepoint"], c["n"], c["events"]) for c in filled) == [
        ("day 28", "40", "4"), ("day 90", "41", "5"),
    ]  # fmt: skip
    assert len(read_table(made / "results.csv")) == rows - 4
    for order in ((MAIN, LATER, OTHER), (LATER, OTHER, MAIN)):
        again = update(made.parent.parent, *order)
        assert (again.changes, again.removed) == ((), ())
    assert undecided_pairs(find_review("small"), [LATER, MAIN]) == []


def test_a_corrected_record_of_the_second_report_corrects_the_study(made):
    merge_studies(find_review("small"), ["Zhao2022", "Zhao2023"], SIGNED)
    retracted = Included("Zhao2023", "Zhao 2023", "2023", "NCT02241018", ("pmid:2", "doi:10/2"), "retracted")
    update(made.parent.parent, MAIN, retracted, OTHER)
    (study,) = cells(made, "studies", study="Zhao2022")
    assert (study["status"], study["reports"]) == ("retracted", "pmid:1; doi:10/1; pmid:2; doi:10/2")


def test_taking_it_back_leaves_every_byte_as_it_was(made):
    before = texts(made)
    place = find_review("small")
    merge_studies(place, ["Zhao2022", "Zhao2023", "Lee2020"], SIGNED)
    merge_studies_again = texts(made)
    assert merge_studies_again != before
    done = unmerge(place, SIGNED)
    assert texts(made) == before
    assert done.mended == () and done.joined == ("Zhao2023", "Lee2020")
    assert [c["new"] for c in cells(made, "changes")][-4:] == [
        "merged into Zhao2022", "merged into Zhao2022", "Zhao2023", "Lee2020",
    ]  # fmt: skip
    with pytest.raises(MetareviewError, match="no merge to take back"):
        unmerge(place, SIGNED)


def test_the_sheets_of_people_keep_their_bytes_through_a_merge_and_back(root):
    folder = root / "extracted" / "small"
    sheet = folder / "results.csv"
    sheet.write_bytes(("\ufeff" + sheet.read_text().replace("\n", "\r\n")).encode())
    (folder / "results.AB.csv").write_text("study;outcome;timepoint;arm;n;mean\nC;death;day 90;drug;60;1,5\n")
    plan = root / "protocols" / "small.toml"
    plan.write_text(PROTOCOL.replace('measure = "HR"', 'exclude = { C = "why" } # C\nmeasure = "HR"'))
    fill(folder / "arms.csv", "C,placebo,Placebo,placebo,60", "C,placebo,Placebo,placebo,100")
    fill(sheet, "r9,C,death,day 28", "r9,C,death,day 90")
    plan.write_text(plan.read_text().replace("{ C = ", '{ B = "dose", C = '))
    before = texts(root)
    assert run("merge", "small", "B", "C")[1].startswith("B and C are one study, B, with 2 reports:")
    assert 'exclude = { B = "dose" } # C' in plan.read_text()
    assert "B;death;day 90;drug;60;1,5" in (folder / "results.AB.csv").read_text()
    assert run("merge", "small", "--undo")[0] == 0
    assert texts(root) == before


def test_rows_that_contradict_each_other_are_all_named_and_nothing_is_written(root):
    before = texts(root, history=True)
    code, said = run("merge", "small", "A", "C")
    assert (code, texts(root, history=True)) == (1, before)
    assert (
        'results.csv: n is "100" in line 2 (A, death, day 28, ITT, drug) and "60" in line 9 (C, death' in said
    )
    assert 'events is "20"' in said and 'n_allocated is "100"' in said
    assert said.count("let both say the same") == 6


def test_the_same_numbers_twice_are_one_row_with_both_sources(root):
    folder = root / "extracted" / "small"
    lines = RESULTS.splitlines(keepends=True)
    same = lines[1].replace("r1,A", "r20,E").replace("100,10,,reported,pmid:1", "100,10.0,10,reported,pmid:5")
    (folder / "results.csv").write_text(
        "".join(lines) + same.replace(",2026-01-02,", ",2026-01-02,seen twice")
    )
    (folder / "studies.csv").write_text(STUDIES + "E,Eta 2005,2005,cohort,,pmid:5,,\n")
    fill(folder / "arms.csv", "D,drug", "E,drug,Drug,drug,100,\nD,drug")
    told = merge_studies(find_review("small"), ["A", "E"], SIGNED)
    (row,) = cells(folder, "results", study="A", timepoint="day 28", arm="drug")
    assert (row["row"], row["n"], row["percent"], row["report"], row["note"]) == (
        "r1",
        "100",
        "10",
        "pmid:1",
        "seen twice",
    )
    assert "r20" in [c["row"] for c in cells(folder, "removed")]
    assert any('design stays "RCT"; that of E, "cohort"' in note for note in told.notes)


@pytest.mark.parametrize("place", ["sheet", "plan"])
def test_numbers_are_neither_let_in_nor_kept_out_by_a_merge_alone(root, place):
    if place == "plan":
        plan = root / "protocols" / "small.toml"
        plan.write_text(PROTOCOL.replace('measure = "RR"', 'exclude = { C = "dose" }\nmeasure = "RR"'))
    else:
        fill(root / "extracted" / "small" / "studies.csv", "pmid:3,,", "pmid:3,dose,")
    fill(root / "extracted" / "small" / "results.csv", "r8,C,death,day 28", "r8,C,death,day 60")
    fill(root / "extracted" / "small" / "results.csv", "r9,C,death,day 28", "r9,C,death,day 60")
    code, said = run("merge", "small", "B", "C")
    assert code == 1 and "keeps out C and not B; as one study it is in or out" in said


def test_entries_of_exclude_follow_a_study_without_numbers_of_its_own(root):
    folder, plan = root / "extracted" / "small", root / "protocols" / "small.toml"
    (folder / "results.csv").write_text(
        "".join(x for x in RESULTS.splitlines(keepends=True) if ",C," not in x)
    )
    fill(folder / "arms.csv", "C,placebo,Placebo,placebo,60", "C,placebo,Placebo,placebo,")
    plan.write_text(
        PROTOCOL.replace('measure = "RR"', 'exclude = { C = "second report", B = "dose" }\nmeasure = "RR"')
    )
    merge_studies(find_review("small"), ["B", "C"], SIGNED)
    assert 'exclude = { B = "dose" }' in plan.read_text()
    unmerge(find_review("small"), SIGNED)
    plan.write_text(PROTOCOL.replace('measure = "RR"', 'exclude = { C = "second report" }\nmeasure = "RR"'))
    merge_studies(find_review("small"), ["B", "C"], SIGNED)
    assert read_protocol(plan).analysis("death").exclude == {}


def test_taking_back_after_edits_goes_row_by_row_and_keeps_them(made):
    place = find_review("small")
    before = {name: read_table(made / f"{name}.csv") for name in ("studies", "arms", "results")}
    merge_studies(place, ["Zhao2022", "Zhao2023"], SIGNED)
    fill(made / "results.csv", "Lee2020,death,day 28,,drug,,", "Lee2020,death,day 28,,drug,77,")
    fill(made / "studies.csv", "Lee 2020,2020,,", "Lee 2020,2020,RCT,")
    done = unmerge(place, SIGNED)
    assert {p.name for p in done.mended} == {"results.csv", "studies.csv"}
    for name, table in before.items():
        there = {
            tuple(r.cells[c] for c in ("study", "row", "arm") if c in r.cells): r.cells
            for r in read_table(made / f"{name}.csv")
        }
        assert len(there) == len(table)
        for row in table:
            mark = tuple(row.cells[c] for c in ("study", "row", "arm") if c in row.cells)
            changed = {k: v for k, v in there[mark].items() if v != row.cells[k]}
            assert changed in ({}, {"n": "77"}, {"design": "RCT"})


def test_taking_back_is_refused_where_somebody_changed_what_the_merge_wrote(made):
    place = find_review("small")
    merge_studies(place, ["Zhao2022", "Zhao2023"], SIGNED)
    fill(made / "studies.csv", "pmid:1; doi:10/1; pmid:2", "pmid:1; pmid:2; pmid:77")
    text = (made / "studies.csv").read_text()
    (made / "studies.csv").write_text(text + "Zhao2023,Another Zhao,2023,,,pmid:50,,,,\n")
    before = texts(made, history=True)
    code, said = run("merge", "small", "--undo")
    assert (code, texts(made, history=True)) == (1, before)
    assert (
        'reports is "pmid:1; pmid:2; pmid:77" now and was "pmid:1; doi:10/1; pmid:2" after the merge' in said
    )
    assert "the row of Zhao2023 would come back, and another stands in its place" in said


def test_a_merge_can_be_taken_back_after_the_study_was_renamed(made):
    place = find_review("small")
    merge_studies(place, ["Zhao2022", "Zhao2023"], SIGNED)
    assert run("rename", "small", "study", "Zhao2022", "CRASH3-2019")[0] == 0
    again = update(made.parent.parent, MAIN, LATER, OTHER)
    assert (again.changes, again.removed) == ((), ())
    unmerge(place, SIGNED)
    assert sorted(read_table(made / "studies.csv").column("study")) == ["CRASH3-2019", "Lee2020", "Zhao2023"]
    assert len(cells(made, "results", study="Zhao2023")) == len(cells(made, "results", study="CRASH3-2019"))


def test_one_of_one_is_still_pooled(root):
    """An analysis of two studies that are one has k = 1."""
    folder = root / "extracted" / "small"
    keep = [
        x
        for x in RESULTS.splitlines(keepends=True)
        if ",B," not in x and ",D," not in x and "day 90" not in x
    ]
    moved = "".join(keep).replace("C,death,day 28", "C,death,day 90").replace("inferred", "reported")
    (folder / "results.csv").write_text(moved)
    fill(folder / "arms.csv", "C,drug,Drug,drug,60", "C,drug,Drug,drug,100")
    fill(folder / "arms.csv", "C,placebo,Placebo,placebo,60", "C,placebo,Placebo,placebo,100")
    k = {planned.id: s.k for planned, s in Review("small").run()}["death"]
    merge_studies(find_review("small"), ["A", "C"], SIGNED)
    assert (k, {planned.id: s.k for planned, s in Review("small").run()}["death"]) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("A", "Z"), 'no study "Z"'),
        (("A", "A"), "each once"),
        (("a", "B"), 'did you mean "A"?'),
        (("../x", "A"), 'no study "../x"'),
        (("A",), "Name two studies or more"),
        (("--undo", "A", "B"), "name no study beside it"),
    ],
)
def test_what_is_no_pair_of_studies_is_refused(root, arguments, said):
    before = texts(root)
    code, problems = run("merge", "small", *arguments)
    assert code in (1, 2) and said in problems
    assert texts(root) == before


def test_a_ledger_from_somebody_else_reaches_no_file_outside_the_review(made):
    place = find_review("small")
    merge_studies(place, ["Zhao2022", "Zhao2023"], SIGNED)
    victim = made.parent.parent / "victim.csv"
    victim.write_text("study\nZhao2022\n")
    ledger = made / "merged.csv"
    ledger.write_text(ledger.read_text().replace(",arms.csv,", ",../../victim.csv,"))
    sums = made / ".merged" / "1" / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("  arms.csv", "  ../../victim.csv"))
    code, said = run("merge", "small", "--undo")
    assert code == 1 and "../../victim.csv" in said
    assert victim.read_text() == "study\nZhao2022\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("joined.csv", "study,report\nA,pmid:1\n", "column answer is missing"),
        ("joined.csv", "study,report,answer\nA,pmid:1,perhaps\n", "yes or no would be right"),
        ("merged.csv", "merge,kept\n1,A\n", "column when is missing"),
        ("merged.csv", "merge,when,who,kept,joined,file,before,after\nx,,,,,,,\n", "a number is needed"),
        ("merged.csv", "merge,when,who,kept,joined,file,before,after\n1,,,A,B,f,[1],\n", "cannot be read"),
    ],
)
def test_records_that_were_spoiled_are_named_with_their_line(root, name, text, said):
    (root / "extracted" / "small" / name).write_text(text)
    code, problems = run(*(("merge", "small", "--undo") if name == "merged.csv" else ("extract", "small")))
    assert code == 1 and said in problems and f"{name}:" in problems


def test_included_studies_bear_the_ids_of_their_rows(made):
    grids, base = read_grids(made), read_grids(made / GENERATED)
    new = Included("Zhao2022", "Zhao 2022", "2022", "", ("pmid:70",))
    named = with_ids([new, MAIN, LATER], grids, base, ())
    assert {s.reports[0]: s.study for s in named} == {
        "pmid:70": "Zhao2022b",
        "pmid:1": "Zhao2022",
        "pmid:2": "Zhao2023",
    }
    assert joined(named, read_joined(made)) == named


@pytest.fixture
def screened(tmp_path, monkeypatch):
    """Eight included reports of six trials: the seventh and eighth report the first and second again."""
    monkeypatch.chdir(make_review(tmp_path, n=8))
    path = tmp_path / "searched" / "small" / "records.csv"
    records = read_records(path)
    second = {"pmid:7": "pmid:1", "pmid:8": "pmid:2"}
    write_records(path, [with_number(r, second.get(r.id, r.id)) for r in records])
    for stage in ("abstract", "full-text"):
        run("screen", "small", "--as", "AB", "--stage", stage, input="i\n" * 8)
    return tmp_path / "extracted" / "small"


def with_number(record, trial):
    number = f"NCT0000000{trial[-1]}"
    printed = {"pmid:7": {"abstract": f"Registered as {number}."}}  # named in the abstract alone
    return replace(record, **printed.get(record.id, {"registry": (number,)}))


def counted(root="small"):
    flow = json.loads(run("flow", root, "--json")[1])
    return flow["new_studies"], flow["new_reports"]


def test_without_a_terminal_extract_says_how_to_join_and_goes_on(screened):
    code, said = run("extract", "small")
    assert code == 0 and counted() == (8, 8)
    commands_named = re.findall(r"If so: metareview (merge .*)", said)
    assert len(commands_named) == 2 and "share NCT00000001" in said
    for line in commands_named:
        assert run(*line.split())[0] == 0
    assert counted() == (6, 8)
    assert "If so" not in run("extract", "small")[1]
    assert counted() == (6, 8)
    run("merge", "small", "--undo")
    assert counted() == (7, 8)
    run(*re.findall(r"If not: metareview (merge .*)", run("extract", "small")[1])[0].split())
    assert "If so" not in run("extract", "small")[1]


def test_at_a_terminal_each_pair_is_asked_once(screened, monkeypatch):
    monkeypatch.setattr("metareview.cli.extract.at_terminal", lambda: True)
    code, said = run("extract", "small", "--as", "AB", input="y\nn\n")
    assert code == 0 and said.count("Are they one study?") == 2
    assert counted() == (7, 8)
    assert "Are they" not in run("extract", "small")[1]
    assert [c["answer"] for c in cells(screened, "joined")] == ["yes", "yes", "no"]
    assert {c["who"] for c in cells(screened, "joined")} == {"AB"}


@pytest.mark.slow
def test_a_kill_at_any_moment_merges_everything_or_nothing_and_so_does_the_way_back(root, tmp_path_factory):
    made, place = root / "extracted" / "small", find_review("small")
    fill(made / "arms.csv", "C,placebo,Placebo,placebo,60", "C,placebo,Placebo,placebo,100")
    fill(made / "results.csv", "r9,C,death,day 28", "r9,C,death,day 90")
    clean = tmp_path_factory.mktemp("clean") / "x"

    def prepare():
        for room in ("protocols", "extracted"):
            shutil.rmtree(root / room, ignore_errors=True)
            shutil.copytree(clean / room, root / room)

    def killed(work):
        shutil.rmtree(clean, ignore_errors=True)
        shutil.copytree(root, clean)
        found, before = [], texts(root, history=True)
        work()
        after = texts(root, history=True)

        def look(n):
            with locked(made):  # as the next command would
                found.append(texts(root, history=True))

        kills = every_kill(prepare, work, look)
        assert all(state in (before, after) for state in found)
        assert before in found and after in found
        return kills

    merged = killed(lambda: merge_studies(place, ["B", "C"], SIGNED))
    back = killed(lambda: unmerge(place, SIGNED))
    print(f"merge: killed at {merged} file operations, undo at {back}; 0 left half done")  # noqa: T201
