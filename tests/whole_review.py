"""A whole small review on disk: plan, records, decisions, sheets; and commands run in this process."""

import io
import sys
from contextlib import contextmanager
from dataclasses import dataclass

from metareview.cli import main
from metareview.screening.decision import ABSTRACT, FULL_TEXT, Decision
from metareview.screening.log import append_decisions
from metareview.search import Record, write_records
from metareview.search.ledger import SearchRun, write_searches
from tests.small_review import PROTOCOL, lay_out

NAME = "small"
CRITERIA = """
[[criteria]]
id = "population"
include = "Adults"
exclude = "Children"

[[searches]]
database = "PubMed"
query = "drug AND placebo"
"""
PLAN = PROTOCOL.replace("[[arms]]", CRITERIA + "\n[[arms]]", 1)
INCLUDED, JUDGED = (1, 2, 3, 4), (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Done:
    """What a command came to: its exit code, what it printed, what it complained of."""

    code: int
    out: str
    err: str


def call(*words, given=b"", encoding="utf-8"):
    """Run the command line as a person does, in this process."""
    pipes = {
        "stdin": io.TextIOWrapper(io.BytesIO(given), encoding=encoding),
        "stdout": io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True),
        "stderr": io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True),
    }
    with _in_place_of(sys, argv=["metareview", *words], **pipes):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
    out, err = (pipes[name].buffer.getvalue().decode(encoding) for name in ("stdout", "stderr"))
    return Done(code, out, err)


@contextmanager
def _in_place_of(thing, **others):
    before = {name: getattr(thing, name) for name in others}
    try:
        for name, other in others.items():
            setattr(thing, name, other)
        yield
    finally:
        for name, other in before.items():
            setattr(thing, name, other)


def contents(root):
    """Return every file of a folder with its bytes, and every folder; locks apart."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.name != ".lock":
            found[path.relative_to(root).as_posix()] = path.read_bytes() if path.is_file() else path.is_dir()
    return found


def lay_out_whole(root, *, protocol=PLAN, **sheets):
    """Write the whole review under a folder."""
    lay_out(root, protocol=protocol, **sheets)
    searched = root / "searched" / NAME
    searched.mkdir(parents=True)
    write_records(searched / "records.csv", [_record(n) for n in JUDGED])
    run = SearchRun("pubmed-2026-11-24", "databases", "PubMed", "E-utilities", "drug", records=len(JUDGED))
    write_searches(searched / "searches.csv", [run])
    for who in ("AB", "CD"):
        append_decisions(root / "screened" / NAME, _decisions(who), owner=who)
    return root


def _record(n):
    return Record(
        id=f"pmid:{n}",
        pmid=str(n),
        title=f"Drug and placebo, trial {n}",
        abstract="Adults were randomised to the drug or to placebo.",
        authors=(f"Author{n} A",),
        year=2000 + n,
        journal="Journal of Trials",
        source=("pubmed-2026-11-24",),
    )


def _decisions(who):
    for n in JUDGED:
        verdict = "include" if n in INCLUDED else "exclude"
        when = "2026-11-24T10:15:00Z"
        yield Decision(record=f"pmid:{n}", stage=ABSTRACT, reviewer=who, verdict=verdict, when=when)
        if n in INCLUDED:
            yield Decision(record=f"pmid:{n}", stage=FULL_TEXT, reviewer=who, verdict="include", when=when)
