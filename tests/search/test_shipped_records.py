"""The records of the shipped review are what they are: other methods, not a search of PubMed."""

from pathlib import Path

from metareview.files import sha256
from metareview.search.catalogue import read_records
from metareview.search.ledger import read_searches
from metareview.tables import read_table

HERE = Path(__file__).parents[2] / "searched" / "msc-sr-agvhd"


def test_every_listed_record_is_there_under_the_search_that_found_it():
    listed = read_table(HERE / "other-methods-2026-11-24" / "records.csv")
    records = read_records(HERE / "records.csv")
    assert sorted(r.title for r in records) == sorted(listed.column("title"))
    runs = {run.id: run for run in read_searches(HERE / "searches.csv")}
    for name, run in runs.items():
        assert run.records == sum(name in r.source for r in records)
        assert sha256(HERE / run.file) == run.sha256
        assert run.method in ("citation searching", "registers")
        assert not run.query, "nothing is dressed up as a query"


def test_an_author_who_was_not_seen_is_not_named():
    records = {r.id: r for r in read_records(HERE / "records.csv")}
    assert records["pmid:38413930"].authors == ()
    assert "not seen" in records["pmid:38413930"].note
