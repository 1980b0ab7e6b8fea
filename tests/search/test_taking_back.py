"""Imports are brought in once, whole, and can be corrected and taken back."""

import csv
import shutil
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from eutils import StandIn, corpus
from faults import killed_at
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import FormatError, MetareviewError, SearchError
from metareview.files import TEMPORARY
from metareview.locks import locked
from metareview.review.place import Place
from metareview.review.ties import ties_of
from metareview.screening.decision import Decision
from metareview.screening.log import append_decision
from metareview.search import run as running
from metareview.search.catalogue import read_records
from metareview.search.entrez import Access
from metareview.search.importing import Origin, import_file, import_files
from metareview.search.keeping import kept_name
from metareview.search.ledger import read_searches
from metareview.search.plan import Plan
from metareview.search.renaming import rename_database
from metareview.search.run import run_search
from metareview.search.undoing import undo_search
from metareview.search.works import decide_pairs, dedupe_review

EXPORTS = Path(__file__).parents[1] / "data" / "exports"
DAY = Origin(date="2026-11-20")
RIS = "TY  - JOUR\nTI  - {title}\nPY  - 2020\nAN  - {number}\nER  - \n"


def held(folder):
    """Give every file of a review but the lock, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def tables(folder):
    return read_records(folder / "records.csv"), read_searches(folder / "searches.csv")


def judged(record):
    return Decision(record=record, stage="abstract", reviewer="AB", verdict="include", when="2026-11-25")


def ris(path, *works):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(RIS.format(title=title, number=number) for number, title in works))
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "searched" / "x"


# -- whole or not at all ------------------------------------------------------------------------


def bring_in(folder):
    import_files(folder, [EXPORTS / "scopus.csv", EXPORTS / "faulty.ris"], DAY)


def seek_duplicates(folder):
    decide_pairs(folder, [(("pmid:38000001", "pmid:38000001~2"), "different")])


def take_back(folder):
    undo_search(folder, "scopus-2026-11-21")


def correct(folder):
    rename_database(folder, "faulty-2026-11-20", "CINAHL")


def with_imports(folder):
    bring_in(folder)
    newer = folder.parent / "newer.csv"
    newer.write_text((EXPORTS / "scopus.csv").read_text("utf-8").replace("Another", "One more"), "utf-8")
    import_files(folder, [newer, EXPORTS / "pubmed.csv"], Origin(date="2026-11-21"))
    dedupe_review(folder)


def kills(folder, seed, work, step):
    """Kill the work before every step-th of its file operations; return how many kills each end took.

    What the next command finds, once it has settled what was left, is the state before or after.
    """
    before = held(seed)
    shutil.copytree(seed, folder, dirs_exist_ok=True)
    work()
    calm, ends = held(folder), []
    for n in count(1, step):
        shutil.rmtree(folder)
        shutil.copytree(seed, folder)
        if not killed_at(n, work):
            break
        with locked(folder):  # what every command does first
            left = held(folder)
        assert left in (before, calm), f"operation {n}: {set(left) ^ set(calm)}"
        ends.append(left == calm)
        if left == before:
            work()
        assert held(folder) == calm
        assert not [p for p in folder.rglob(f"{TEMPORARY}*")]
        records, runs = tables(folder)
        assert {s for r in records for s in r.source} <= {r.id for r in runs}, "what `flow` needs"
    return ends.count(False), ends.count(True)


JOBS = {
    "import": (lambda folder: None, bring_in),
    "dedupe": (with_imports, seek_duplicates),
    "undo": (with_imports, take_back),
    "rename-database": (with_imports, correct),
}
SOME, EVERY = 23, pytest.param(1, marks=pytest.mark.slow, id="every")


@pytest.mark.parametrize("step", [SOME, EVERY])
@pytest.mark.parametrize("job", JOBS)
def test_a_kill_at_any_file_operation_is_completed_or_undone_by_the_next_command(folder, job, step):
    prepare, work = JOBS[job]
    seed = folder.parent / "seed"
    seed.mkdir(parents=True)
    prepare(seed)
    undone, completed = kills(folder, seed, lambda: work(folder), step)
    print(f"{job}: {undone + completed} kills, {undone} undone, {completed} completed, 0 lost")  # noqa: T201
    assert undone
    assert completed or step > 1


@pytest.mark.parametrize("step", [SOME, EVERY])
def test_a_kill_while_a_search_ends_is_completed_by_the_same_command(folder, monkeypatch, step):
    seed = folder.parent / "seed"
    with StandIn(corpus(30)) as service:
        access = Access("a@example.org", "", service.url, gap=0.0)
        with monkeypatch.context() as patched:
            patched.setattr(running, "_finish", lambda *words: (_ for _ in ()).throw(SearchError("cut")))
            with pytest.raises(SearchError, match="cut"):
                run_search(seed, Plan("cells"), access)
        day = running.now()
        monkeypatch.setattr(running, "now", lambda: day)
        service.asked.clear()
        undone, completed = kills(folder, seed, lambda: run_search(folder, Plan("cells"), access), step)
        print(f"search: {undone + completed} kills, {undone} undone, {completed} completed, 0 lost")  # noqa: T201
        assert service.asked == [], "the replies stay"
    assert len(tables(folder)[0]) == 30


def test_one_faulty_file_among_several_leaves_all_of_them_out_and_all_faults_are_told(folder, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear colleague")
    (tmp_path / "empty.ris").write_text("")
    with pytest.raises(FormatError) as error:
        import_files(folder, [EXPORTS / "scopus.csv", tmp_path / "letter.txt", tmp_path / "empty.ris"], DAY)
    assert len(error.value.problems) == 3
    assert "None of the 3 files" in error.value.problems[-1]
    assert not folder.exists()


def test_somebody_elses_hidden_files_are_left_alone(folder):
    with StandIn(corpus(3)) as service:
        access = Access("a@example.org", "", service.url, gap=0.0)
        place = folder / run_search(folder, Plan("cells"), access).run.file
        ours = place / "records" / f"{TEMPORARY}abc.tmp"
        theirs = [folder / ".records.csv.swp", place / ".notes.txt", place / "records" / ".DS_Store.x"]
        for path in (ours, *theirs):
            path.write_text("x")
        run_search(folder, Plan("cells"), access)
    assert [path.exists() for path in (ours, *theirs)] == [False, True, True, True]


# -- once -----------------------------------------------------------------------------------------


def as_workbook(path, target):
    from openpyxl import Workbook

    book = Workbook()
    for n, row in enumerate(csv.reader(path.read_text("utf-8").splitlines())):
        number = float if n % 2 else int  # a column with an empty cell is one of floats elsewhere
        book.active.append([number(cell) if cell.isdigit() else cell for cell in row])
    book.save(target)
    return target


def resaved(path, target):
    """Save a table anew: UTF-16, other line ends, the rows turned round."""
    head, *rows = path.read_text("utf-8").splitlines()
    target.write_text("\r\n".join([head, *reversed(rows)]), "utf-16", newline="")
    return target


@pytest.mark.parametrize(("save", "name"), [(as_workbook, "again.xlsx"), (resaved, "again.csv")])
@pytest.mark.parametrize("export", ["scopus.csv", "embase.csv", "covidence.csv"])
def test_one_export_saved_in_another_way_is_one_search(folder, tmp_path, export, save, name):
    again = save(EXPORTS / export, tmp_path / name)
    done = import_file(folder, EXPORTS / export, DAY)
    before = held(folder)
    with pytest.raises(FormatError, match=f"the same records as {done.run.id}, imported on 2026-11-20"):
        import_file(folder, again, DAY)
    assert held(folder) == before
    assert import_file(folder, again, DAY, again=True).run.id != done.run.id


def test_the_same_records_in_two_files_of_one_command_are_told(folder, tmp_path):
    again = as_workbook(EXPORTS / "scopus.csv", tmp_path / "again.xlsx")
    with pytest.raises(FormatError, match="leave one of them away"):
        import_files(folder, [EXPORTS / "scopus.csv", again])
    assert not folder.exists()


def test_a_corrected_export_is_another_export(folder, tmp_path):
    import_file(folder, ris(tmp_path / "a.ris", (1, "One"), (2, "Two")), DAY)
    import_file(folder, ris(tmp_path / "b.ris", (1, "One"), (2, "Two, corrected")), DAY)
    assert len(tables(folder)[1]) == 2


# -- taken back -----------------------------------------------------------------------------------


def test_what_is_taken_back_leaves_the_review_as_if_it_had_never_come(folder, tmp_path):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    before = tables(folder)
    newer = tmp_path / "newer.csv"
    text = (EXPORTS / "scopus.csv").read_text("utf-8").replace("Another title", "Another title, corrected")
    newer.write_text(text + text.splitlines()[-1].replace("Another", "New").replace("002", "003"), "utf-8")
    later = import_file(folder, newer, Origin(date="2026-12-01"))
    assert (len(later.added), len(later.known)) == (1, 2)
    done = undo_search(folder, later.run.id)
    assert tables(folder) == before, "the older description is back too"
    assert (done.removed, len(done.stayed)) == (later.added, 2)
    assert [r.id for r in read_records(done.place / "removed_records.csv")] == list(later.added)
    assert read_searches(done.place / "search.csv") == [later.run]
    again = import_file(folder, done.kept, Origin(date="2026-12-01"))
    assert (again.run.id, again.added) == (later.run.id, later.added), "and it can be brought back"


def test_a_search_of_pubmed_is_taken_back_with_its_replies(folder):
    with StandIn(corpus(12)) as service:
        access = Access("a@example.org", "", service.url, gap=0.0)
        run = run_search(folder, Plan("cells"), access).run
    done = undo_search(folder, run.id)
    assert tables(folder) == ([], [])
    assert len(list(done.place.glob("records/*.xml.gz"))) == 1
    assert not (folder / run.id).exists()


def test_taking_back_an_unknown_search_says_which_is_near(folder):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    for refused in (undo_search, partial(rename_database, database="Embase")):
        with pytest.raises(
            SearchError, match=r'no search "scopus-2026-11-2"; did you mean "scopus-2026-11-20"'
        ):
            refused(folder, "scopus-2026-11-2")


def test_what_people_worked_on_is_named_and_taken_back_by_force_alone(folder):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    import_file(folder, EXPORTS / "pubmed.csv", DAY)
    place = Place(folder.parent.parent, "x")
    scopus = [r.id for r in tables(folder)[0] if r.database == "Scopus"]
    append_decision(place.screened, judged(scopus[1]))
    place.sheets.mkdir(parents=True)
    (place.sheets / "studies.csv").write_text(f"study,reports\nA,{scopus[1]}; pmid:1\nB,pmid:38000001\n")
    dedupe_review(folder)
    before, decisions = held(folder), held(place.screened)
    with pytest.raises(SearchError) as error:
        undo_search(folder, "scopus-2026-11-20", partial(ties_of, place))
    told = "\n".join(error.value.problems)
    assert f"{scopus[1]} has a decision in" in told
    assert f"{scopus[1]} is named as a report in" in told
    assert "is kept in place of its duplicate" in told
    assert "pmid:38000001 is named" not in told, "PubMed gave that report too"
    assert held(folder) == before
    done = undo_search(folder, "scopus-2026-11-20", partial(ties_of, place), force=True)
    assert len(done.remarks) == 3
    assert held(place.screened) == decisions
    assert done.pairs == 1
    assert (folder / "duplicates.csv").read_text().strip() == "kept,dropped,decision,why"
    assert "same" in (done.place / "duplicates.csv").read_text()


def test_what_an_older_version_left_half_done_can_be_taken_back(folder):
    """Records without the row of their search, which `flow` refuses."""
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    (folder / "searches.csv").write_text((folder / "searches.csv").read_text().splitlines()[0] + "\n")
    done = undo_search(folder, "scopus-2026-11-20")
    assert len(done.removed) == 2
    assert (done.place / "scopus.csv").exists()
    assert tables(folder) == ([], [])


def test_a_linked_folder_of_a_search_is_not_emptied(folder, tmp_path):
    run = import_file(folder, EXPORTS / "scopus.csv", DAY).run
    (folder / run.id).rename(tmp_path / "elsewhere")
    (folder / run.id).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MetareviewError, match="is a link"):
        undo_search(folder, run.id)
    assert (tmp_path / "elsewhere" / "scopus.csv").exists()


# -- corrected --------------------------------------------------------------------------------------


def test_a_database_that_was_guessed_is_told_and_corrected(folder, tmp_path):
    done = import_file(folder, ris(tmp_path / "export.ris", (1, "One")), DAY)
    assert done.guessed
    assert '"export" is taken from its name' in done.run.note
    renamed = rename_database(folder, done.run.id, "CINAHL")
    assert (renamed.run.database, renamed.changed) == ("CINAHL", 1)
    assert "taken from its name" not in renamed.run.note
    later = ris(tmp_path / "later.ris", (1, "One, renewed"))
    again = import_file(folder, later, Origin("CINAHL", date="2026-12-01"))
    assert (again.added, again.known) == ((), ("acc:1",)), "it is known under the corrected name"


def test_a_corrected_record_becomes_one_with_what_that_database_gave_before(folder, tmp_path):
    import_file(folder, ris(tmp_path / "a.ris", (1, "One"), (2, "Two")), Origin("CINAHL", date="2026-01-01"))
    run = import_file(folder, ris(tmp_path / "export.ris", (2, "Two, renewed"), (3, "Three")), DAY).run
    renamed = rename_database(folder, run.id, "CINAHL")
    assert dict(renamed.merged) == {"acc:2~2": "acc:2"}
    records = {r.id: r for r in tables(folder)[0]}
    assert [(r.id, r.title, r.database, len(r.source)) for r in records.values()] == [
        ("acc:1", "One", "CINAHL", 1),
        ("acc:2", "Two, renewed", "CINAHL", 2),
        ("acc:3", "Three", "CINAHL", 1),
    ]


def test_of_two_rows_the_one_that_was_judged_stays_and_two_judged_ones_are_joined_by_force(folder, tmp_path):
    import_file(folder, ris(tmp_path / "a.ris", (1, "One")), Origin("CINAHL", date="2026-01-01"))
    run = import_file(folder, ris(tmp_path / "export.ris", (1, "One.")), DAY).run
    place = Place(folder.parent.parent, "x")
    ties = partial(ties_of, place)
    shutil.copytree(folder, folder.parent / "y")
    append_decision(place.screened, judged("acc:1~2"))
    assert rename_database(folder, run.id, "CINAHL", ties).merged == {"acc:1": "acc:1~2"}
    append_decision(place.screened, judged("acc:1"))
    with pytest.raises(SearchError, match="has a decision"):
        rename_database(folder.parent / "y", run.id, "CINAHL", ties)
    done = rename_database(folder.parent / "y", run.id, "CINAHL", ties, force=True)
    assert (dict(done.merged), len(done.remarks)) == ({"acc:1~2": "acc:1"}, 1)


def test_two_exports_of_one_name_and_two_databases_are_parted(folder, tmp_path):
    one = import_file(folder, ris(tmp_path / "1" / "export.ris", (1, "One"), (2, "Two")), DAY).run
    two = import_file(folder, ris(tmp_path / "2" / "export.ris", (2, "Two"), (3, "Three")), DAY).run
    done = rename_database(folder, two.id, "CINAHL")
    assert dict(done.split) == {"acc:2": "acc:2~2"}
    assert [(r.id, r.database, r.source) for r in tables(folder)[0]] == [
        ("acc:1", "export", (one.id,)),
        ("acc:2", "export", (one.id,)),
        ("acc:3", "CINAHL", (two.id,)),
        ("acc:2~2", "CINAHL", (two.id,)),
    ]


WORKS = st.lists(st.integers(1, 5), min_size=1, max_size=5, unique=True)


@settings(max_examples=8)
@given(st.lists(st.tuples(WORKS, st.sampled_from("AB")), min_size=1, max_size=3), st.data())
def test_a_corrected_database_is_what_a_right_import_would_have_given(tmp_path_factory, imports, data):
    root = tmp_path_factory.mktemp("rename")
    wrong, right = root / "wrong", root / "right"
    which = data.draw(st.integers(0, len(imports) - 1))
    for n, (works, database) in enumerate(imports):
        path = ris(root / f"{n}.ris", *((w, f"Work {w}") for w in works))
        for folder, given_name in ((wrong, "Z" if n == which else database), (right, database)):
            import_file(folder, path, Origin(given_name, date=f"2026-01-0{n + 1}"), again=True)
    run = read_searches(wrong / "searches.csv")[which]
    rename_database(wrong, run.id, imports[which][1])

    def told(folder):
        ids = [r.id for r in read_searches(folder / "searches.csv")]
        return {
            (r.database, r.accession, tuple(sorted(ids.index(s) for s in r.source)))
            for r in read_records(folder / "records.csv")
        }

    assert told(wrong) == told(right)


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Embase 1-500 (final).ris", "Embase 1-500 (final).ris"),
        ("Übersicht.ris", "Übersicht.ris"),
        ("a\x1b[31m\u202eb.ris", "a__31m_b.ris"),
        ("\udcff.ris", "_.ris"),
        (".hidden", "export-hidden"),
        ("aux.ris", "export-aux.ris"),
        ("not_read.csv", "export-not_read.csv"),
        ("=cmd.csv", "export-cmd.csv"),
        ("...", "export"),
        ("x" * 300 + ".ris", "x" * 89 + ".ris"),
    ],
)
def test_the_copy_of_an_export_has_a_name_that_every_system_can_have(name, kept):
    assert kept_name(name) == kept


@pytest.mark.parametrize(
    "file", ["../../victim", "/etc/passwd", "C:/x", "a\\..\\b", "a/../../b", "~x/../../y", "a\x1b[31m"]
)
def test_a_path_out_of_the_table_of_searches_stays_in_the_review(folder, file):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    text = (folder / "searches.csv").read_text().replace("scopus-2026-11-20/scopus.csv", file)
    (folder / "searches.csv").write_text(text)
    with pytest.raises(MetareviewError, match=r"a path below the folder|not text"):
        undo_search(folder, "scopus-2026-11-20")


@pytest.mark.parametrize("name", ["../x", "con", "-x", "undone", "a b", "x" * 101])
def test_an_id_out_of_the_table_of_searches_can_name_a_folder(folder, name):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    text = (folder / "searches.csv").read_text().replace("\nscopus-2026-11-20,", f"\n{name},")
    (folder / "searches.csv").write_text(text)
    with pytest.raises(SearchError, match="cannot name a search"):
        read_searches(folder / "searches.csv")


def test_ids_that_differ_by_capitals_are_refused(folder):
    import_file(folder, EXPORTS / "scopus.csv", DAY)
    row = (folder / "searches.csv").read_text().splitlines()[1]
    with (folder / "searches.csv").open("a") as table:
        table.write(row.replace("scopus-2026-11-20,", "Scopus-2026-11-20,") + "\n")
    with pytest.raises(SearchError, match="differ only by capitals"):
        read_searches(folder / "searches.csv")
