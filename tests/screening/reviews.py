"""A small review on disk for the tests of the commands: six records, the starter's protocol."""

from metareview.protocol import write_starter
from metareview.search import Record, write_records
from metareview.search.ledger import SearchRun, write_searches

NAME = "small"


def make_review(root, n=6):
    """Write protocol, records and searches of a review under a folder."""
    (root / "protocols").mkdir(parents=True)
    write_starter(NAME, root / "protocols")
    folder = root / "searched" / NAME
    folder.mkdir(parents=True)
    records = [
        Record(
            id=f"pmid:{i}",
            pmid=str(i),
            title=f"Drug A for condition B, trial {i}",
            abstract="Adults with condition B were randomised to drug A or placebo.",
            authors=(f"Author{i} A",),
            year=2000 + i % 25,
            source=("pubmed-2026-11-24",),
        )
        for i in range(1, n + 1)
    ]
    write_records(folder / "records.csv", records)
    run = SearchRun("pubmed-2026-11-24", "databases", "PubMed", "E-utilities", "drug A", records=n)
    write_searches(folder / "searches.csv", [run])
    return root
