"""Importing into a review: raw file kept, records counted, nothing doubled or lost."""

from pathlib import Path

import pytest

from metareview.errors import FormatError
from metareview.files import sha256
from metareview.search.catalogue import read_records
from metareview.search.gather import gather_records
from metareview.search.importing import Origin, import_file
from metareview.search.ledger import read_searches
from metareview.search.record import Record
from metareview.search.works import decide, dedupe_files, dedupe_review, write_unique

EXPORTS = Path(__file__).parents[1] / "data" / "exports"


def test_an_import_keeps_the_file_and_enters_it(tmp_path):
    done = import_file(
        tmp_path, EXPORTS / "ovid_embase.ris", Origin(platform="Ovid", query="1. x", date="2026-11-20")
    )
    (run,) = read_searches(tmp_path / "searches.csv")
    assert run == done.run
    assert (run.id, run.method, run.database, run.hits, run.records) == (
        "embase-2026-11-20",
        "databases",
        "Embase",
        2,
        2,
    )
    assert sha256(tmp_path / run.file) == sha256(EXPORTS / "ovid_embase.ris") == run.sha256
    assert [r.source for r in read_records(tmp_path / "records.csv")] == [("embase-2026-11-20",)] * 2


def test_the_same_article_of_two_databases_is_two_records_until_duplicates_are_sought(tmp_path):
    for name in ("pubmed.nbib", "ovid_embase.ris", "scopus.csv", "wos.txt", "central.txt", "embase.csv"):
        import_file(tmp_path, EXPORTS / name)
    records = read_records(tmp_path / "records.csv")
    same = [r for r in records if r.pmid == "38000001"]
    assert [r.id for r in same] == ["pmid:38000001", *(f"pmid:38000001~{n}" for n in range(2, 6))], (
        "Embase came twice"
    )
    found = dedupe_review(tmp_path)
    assert next(len(g) for g in found.found.groups.values() if "pmid:38000001" in g) == 5
    merged = next(m.record for m in found.unique if m.record.id == "pmid:38000001")
    assert len(merged.source) == 6


def test_a_file_is_imported_once(tmp_path):
    import_file(tmp_path, EXPORTS / "wos.txt")
    with pytest.raises(FormatError, match="imported before, as web-of-science-"):
        import_file(tmp_path, EXPORTS / "wos.txt")


def test_a_later_export_of_one_database_renews_its_records(tmp_path):
    import_file(tmp_path, EXPORTS / "scopus.csv", Origin(date="2026-01-01"))
    text = (EXPORTS / "scopus.csv").read_text("utf-8").replace("Another title", "Another title, corrected")
    (tmp_path / "new.csv").write_text(text, "utf-8")
    done = import_file(tmp_path, tmp_path / "new.csv", Origin(date="2026-02-01"))
    assert (len(done.added), len(done.known)) == (0, 2)
    second = read_records(tmp_path / "records.csv")[1]
    assert second.title == "Another title, corrected"
    assert second.source == ("scopus-2026-01-01", "scopus-2026-02-01")


def test_records_that_cannot_be_read_are_listed_beside_the_file(tmp_path):
    done = import_file(tmp_path, EXPORTS / "faulty.ris")
    assert (done.run.hits, done.run.records, done.run.not_returned) == (6, 4, 2)
    assert (tmp_path / done.run.id / "not_read.csv").read_text().splitlines()[1].startswith("16,")
    assert done.run.database == "faulty", "a file that does not say its database is named by itself"


def test_two_abstracts_under_one_doi_stay_two_records():
    talks = [Record(id="", title=t, doi="10.5555/s", database="Embase") for t in ("One", "Two")]
    first = gather_records([], talks, "s1")
    assert first.added == ("doi:10.5555/s", "doi:10.5555/s~2")
    again = gather_records(first.records, reversed(talks), "s2")
    assert (again.added, set(again.known)) == ((), set(first.added))
    assert [r.title for r in again.records] == ["One", "Two"]


def test_an_origin_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(FormatError) as error:
        import_file(tmp_path, EXPORTS / "wos.txt", Origin(method="google", date="yesterday"))
    assert len(error.value.problems) == 2
    assert not (tmp_path / "searches.csv").exists()


def test_what_a_person_decides_is_kept_and_can_be_undone(tmp_path):
    for name in ("pubmed.csv", "wos.txt"):
        import_file(tmp_path, EXPORTS / name)
    pair = ("pmid:38000001", "pmid:38000001~2")
    dropped = {"pmid:38000001"}  # PubMed's table has no abstract, so the other copy is kept
    assert dedupe_review(tmp_path).found.dropped == dropped
    assert decide(tmp_path, pair, "different").found.dropped == frozenset()
    assert dedupe_review(tmp_path).found.dropped == frozenset(), "the decision outlives another run"
    assert decide(tmp_path, pair, "").found.dropped == dropped
    with pytest.raises(FormatError) as error:
        decide(tmp_path, ("x", "x"), "same")
    assert len(error.value.problems) == 3


def test_files_are_compared_without_a_review(tmp_path):
    paths = [EXPORTS / "pubmed.nbib", EXPORTS / "ovid_embase.ris"]
    works = dedupe_files(paths)
    assert [(d.kept, d.dropped, d.decision) for d in works.found.duplicates] == [
        ("pubmed.nbib:1", "ovid_embase.ris:1", "same")
    ]
    write_unique(tmp_path / "unique.ris", works, paths)
    assert (tmp_path / "unique.ris").read_text("utf-8").count("ER  - ") == 3
    with pytest.raises(FormatError, match="read as input"):
        write_unique(paths[1], works, paths)


def test_two_files_of_one_name_are_told_apart_by_their_path(tmp_path):
    paths = [tmp_path / "a" / "x.ris", tmp_path / "b" / "x.ris"]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes((EXPORTS / "ovid_embase.ris").read_bytes())
    assert {r.id for r in dedupe_files(paths).records} == {f"{path}:{n}" for path in paths for n in (1, 2)}
