"""Every command that writes, each with a small review to run it on, and what a person edits there."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from reliability.command import Done, run
from reliability.trees import Tree, put_back, take
from small_review import PROTOCOL, SHEETS

REVIEW = "small"
WHEN = ("--date", "2026-11-20")
MORE = PROTOCOL.replace(
    'timepoints = ["day 28", "day 90"]\nbetter', 'timepoints = ["day 28", "day 90", "1 year"]\nbetter'
)
ONE_ANALYSIS = (
    PROTOCOL.split("[[analyses]]", maxsplit=1)[0]
    + "[[analyses]]"
    + PROTOCOL.rsplit("[[analyses]]", maxsplit=1)[1]
)
TRIALS = "study,ai,n1i,ci,n2i\nAlpha,10,100,20,100\nBeta,10,100,15,100\nGamma,5,60,9,60\n"


@dataclass(frozen=True)
class Edit:
    """What a person changes in a file; with nothing to find, they make the file."""

    path: str
    old: str
    new: str

    def of(self, raw: bytes | None) -> bytes | None:
        """Return the file as the person saves it; ``None`` where there is nothing to change."""
        if not self.old:
            return self.new.encode() if raw is None else None
        if raw is None or self.old.encode() not in raw:
            return None
        return raw.replace(self.old.encode(), self.new.encode(), 1)


@dataclass(frozen=True)
class Scene:
    """A command and the review it is run on.

    Attributes
    ----------
    before : lays the review out; cached
    words, keys : the command line and the standard input
    edits : what people may change meanwhile
    files : some files are this scene's own
    environment : variables that are set
    """

    before: Callable[[], Tree]
    words: tuple[str, ...]
    keys: str = ""
    edits: tuple[Edit, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def tree(self) -> dict[str, bytes | None]:
        """Return the review as it stands before the command."""
        return {**self.before(), **{name: text.encode() for name, text in self.files.items()}}


def _medline(*numbers: int, title: str = "Drug for the condition, trial") -> str:
    authors = {1: "Alpha", 2: "Beta", 3: "Gamma", 4: "Delta"}
    return "\n".join(
        f"PMID- {n}\nTI  - {title} {n}\n"
        f"FAU - {authors.get(n, 'Other')}, Ann\nAU  - {authors.get(n, 'Other')} A\n"
        f"DP  - {2000 + n}\nJT  - Journal of trials\nLID - 10.5555/t.{n} [doi]\nPT  - Journal Article\n"
        for n in numbers
    )


def _made(before: Tree, *commands: tuple[tuple[str, ...], str], **files: str) -> Tree:
    """Return what real commands leave of a folder."""
    root = Path(tempfile.mkdtemp()) / "review"
    try:
        put_back(root, before)
        for words, keys in commands:
            done: Done = run(root, words, keys=keys)
            assert done.code == 0, (words, done.err)
        return take(root)
    finally:
        shutil.rmtree(root.parent)


@cache
def planned() -> Tree:
    """Return a review of which there is a protocol."""
    return {f"protocols/{REVIEW}.toml": PROTOCOL.encode()}


@cache
def recorded() -> Tree:
    """Return a review with the records of one import, and the export of another database beside it."""
    files = {"first.nbib": _medline(1, 2, 3, 4).encode(), "second.nbib": _medline(3, 4, 5).encode()}
    imported = (("import", REVIEW, "first.nbib", "--database", "MEDLINE", *WHEN), "")
    return _made({**planned(), **files}, imported)


@cache
def recorded_twice() -> Tree:
    """Return a review with the records of two databases."""
    return _made(recorded(), (("import", REVIEW, "second.nbib", "--database", "Embase", *WHEN), ""))


@cache
def half_read() -> Tree:
    """Return a review of which a reviewer has read two abstracts of four."""
    return _made(recorded(), (("screen", REVIEW, "--as", "AB"), "i\ni\nq\n"))


@cache
def in_conflict() -> Tree:
    """Return a review of which two reviewers have read the abstracts and differ."""
    one = (("screen", REVIEW, "--as", "AB"), "i\n" * 4)
    return _made(recorded(), one, (("screen", REVIEW, "--as", "CD"), "i\ne\ni\ne\n"))


@cache
def voted() -> Tree:
    """Return a review whose votes stand in an export of Rayyan."""
    export = (("screen", "export", REVIEW, "--to", "rayyan", "-o", "rayyan.csv"), "")
    made = _made(in_conflict(), export)
    return {name: raw for name, raw in made.items() if not name.startswith("screened")}


@cache
def screened() -> Tree:
    """Return a review that is screened."""
    stages = [("screen", REVIEW, "--stage", stage, "--as", "AB") for stage in ("abstract", "full-text")]
    return _made(recorded(), *((words, "i\n" * 4) for words in stages))


@cache
def extracted() -> Tree:
    """Return a review whose sheets are filled in."""
    return {
        **screened(),
        **{f"extracted/{REVIEW}/{name}.csv": text.encode() for name, text in SHEETS.items()},
    }


@cache
def templated() -> Tree:
    """Return a review whose sheets come from ``extract`` and hold what a person filled in."""
    made = dict(_made(screened(), (("extract", REVIEW, "--as", "AB"), "")))
    name = f"extracted/{REVIEW}/results.csv"
    made[name] = _filled_in(made[name] or b"", n="100", events="10", basis="reported")
    return made


def _filled_in(raw: bytes, **cells: str) -> bytes:
    """Fill cells of the first row of a sheet."""
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    rows[0] |= cells
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@cache
def two_reports() -> Tree:
    """Return a review in which a second report of a trial was taken for a study of its own."""
    made = dict(extracted())
    for name, row in (("studies", "E,Gamma 2004,2004,RCT,,pmid:4,,\n"), ("arms", "E,drug,Drug,drug,60,\n")):
        path = f"extracted/{REVIEW}/{name}.csv"
        made[path] = (made[path] or b"") + row.encode()
    made[f"extracted/{REVIEW}/studies.csv"] = (made[f"extracted/{REVIEW}/studies.csv"] or b"").replace(
        b"D,Delta 2004,2004,RCT,,pmid:4,", b"D,Delta 2004,2004,RCT,,pmid:5,"
    )
    return made


@cache
def merged() -> Tree:
    """Return a review in which two studies were made one."""
    return _made(two_reports(), (("merge", REVIEW, "C", "E", "--as", "AB"), ""))


@cache
def returned() -> Tree:
    """Return a review with a workbook that somebody filled in."""
    from openpyxl import load_workbook

    made = dict(templated())
    book = load_workbook(io.BytesIO(made[f"extracted/{REVIEW}/extraction.xlsx"] or b""))
    tab = book["results"]
    at = {cell.value: cell.column for cell in tab[1]}
    for row, column, text in ((3, "n", "60"), (3, "events", "9"), (3, "basis", "reported")):
        tab.cell(row, at[column], text)
    out = io.BytesIO()
    book.save(out)
    made["back.xlsx"] = out.getvalue()
    return made


@cache
def twice_extracted() -> Tree:
    """Return a review that two extractors have read, who differ in one number."""
    made, folder = dict(extracted()), f"extracted/{REVIEW}"
    results = SHEETS["results"].replace(",AB,", ",,")
    made[f"{folder}/results.AB.csv"] = results.encode()
    made[f"{folder}/results.CD.csv"] = results.replace(
        "A,death,day 28,ITT,drug,100,10", "A,death,day 28,ITT,drug,100,11"
    ).encode()
    del made[f"{folder}/results.csv"]
    return made


@cache
def decided() -> Tree:
    """Return a review in which every difference of two extractors is decided."""
    made = dict(_made(twice_extracted(), (("reconcile", REVIEW), "")))
    name = f"extracted/{REVIEW}/adjudication.csv"
    made[name] = _filled_in(made[name] or b"", chosen="10", by="EF", why="read again", date="2026-01-03")
    return made


def pooled() -> Tree:
    """Return a review that is pooled, of which one cell was changed since."""
    made = dict(_pooled())
    name = f"extracted/{REVIEW}/contrasts.csv"
    made[name] = (made[name] or b"").replace(b"0.68", b"0.69")
    return made


@cache
def _pooled() -> Tree:
    return _made({**extracted(), f"protocols/{REVIEW}.toml": ONE_ANALYSIS.encode()}, (("pool", REVIEW), ""))


RECORDS = Edit(f"searched/{REVIEW}/records.csv", "condition, trial 1", "condition, a trial")
SEARCHES = Edit(f"searched/{REVIEW}/searches.csv", "The query was not given", "It was not given")
STUDIES = Edit(f"extracted/{REVIEW}/studies.csv", "Alpha 2001", "Alpha et al. 2001")
RESULTS = Edit(f"extracted/{REVIEW}/results.csv", ",100,10,", ",100,12,")
CONTRASTS = Edit(f"extracted/{REVIEW}/contrasts.csv", "0.48", "0.49")
ARMS = Edit(f"extracted/{REVIEW}/arms.csv", "Drug", "The drug")
PROTOCOL_EDIT = Edit(f"protocols/{REVIEW}.toml", "A small review", "A small but good review")
ONE = {f"protocols/{REVIEW}.toml": ONE_ANALYSIS}

SCENES: dict[str, Scene] = {
    "new": Scene(planned, ("new", "fresh"), edits=(Edit("protocols/fresh.toml", "", PROTOCOL),)),
    "import": Scene(
        recorded,
        ("import", REVIEW, "second.nbib", "--database", "Embase", *WHEN),
        edits=(RECORDS, SEARCHES),
    ),
    "import --undo": Scene(
        recorded_twice, ("import", REVIEW, "--undo", "embase-2026-11-20"), edits=(RECORDS, SEARCHES)
    ),
    "import --rename-database": Scene(
        recorded_twice,
        ("import", REVIEW, "--rename-database", "embase-2026-11-20", "CENTRAL"),
        edits=(RECORDS, SEARCHES),
    ),
    "dedupe": Scene(
        recorded_twice,
        ("dedupe", REVIEW),
        edits=(
            RECORDS,
            Edit(
                f"searched/{REVIEW}/duplicates.csv",
                "",
                "kept,dropped,decision,why\npmid:1,pmid:2,different,decided by AB\n",
            ),
        ),
    ),
    "dedupe --part": Scene(
        recorded_twice, ("dedupe", REVIEW, "--part", "pmid:1", "pmid:2"), edits=(RECORDS,)
    ),
    "dedupe -o": Scene(
        recorded_twice,
        ("dedupe", REVIEW, "-o", "unique.ris", "--duplicates", "duplicates.csv", "--studies", "studies.csv"),
        edits=(RECORDS,),
    ),
    "screen": Scene(recorded, ("screen", REVIEW, "--as", "AB"), keys="i\n" * 6),
    "screen on": Scene(
        half_read,
        ("screen", REVIEW, "--as", "AB"),
        keys="i\n" * 4,
        edits=(Edit(f"screened/{REVIEW}/AB.csv", "include", "unclear"),),
    ),
    "screen settle": Scene(
        in_conflict,
        ("screen", "settle", REVIEW, "--as", "AB and CD"),
        keys="i\n" * 3,
        edits=(Edit(f"screened/{REVIEW}/AB.csv", "include", "unclear"),),
    ),
    "screen import": Scene(
        voted, ("screen", "import", REVIEW, "rayyan.csv", "--from", "rayyan", "--stage", "abstract")
    ),
    "screen export": Scene(
        in_conflict, ("screen", "export", REVIEW, "--to", "asreview", "-o", "out.csv"), edits=(RECORDS,)
    ),
    "flow": Scene(
        extracted,
        ("flow", REVIEW, "-o", "flow.svg", "--csv", "counts.csv", "--appendix", "searches.txt"),
        edits=(RECORDS, STUDIES),
    ),
    "extract": Scene(
        screened,
        ("extract", REVIEW, "--as", "AB"),
        edits=(Edit(f"extracted/{REVIEW}/studies.csv", "", SHEETS["studies"]), PROTOCOL_EDIT),
    ),
    "extract again": Scene(
        templated,
        ("extract", REVIEW, "--as", "AB"),
        edits=(STUDIES, RESULTS, ARMS),
        files={f"protocols/{REVIEW}.toml": MORE},
    ),
    "extract --from": Scene(
        returned,
        ("extract", REVIEW, "--from", "back.xlsx", "--as", "AB"),
        edits=(STUDIES, RESULTS, ARMS),
    ),
    "rename": Scene(
        templated, ("rename", REVIEW, "outcome", "death", "mortality", "--as", "AB"), edits=(STUDIES, RESULTS)
    ),
    "merge": Scene(two_reports, ("merge", REVIEW, "C", "E", "--as", "AB"), edits=(STUDIES, RESULTS)),
    "merge --undo": Scene(merged, ("merge", REVIEW, "--undo", "--as", "AB"), edits=(STUDIES, RESULTS)),
    "reconcile": Scene(
        twice_extracted,
        ("reconcile", REVIEW),
        edits=(Edit(f"extracted/{REVIEW}/results.AB.csv", ",100,20,", ",100,21,"),),
    ),
    "reconcile, decided": Scene(
        decided,
        ("reconcile", REVIEW),
        edits=(Edit(f"extracted/{REVIEW}/adjudication.csv", "read again", "read once more"),),
    ),
    "pool": Scene(extracted, ("pool", REVIEW), edits=(CONTRASTS,), files=ONE),
    "pool again": Scene(pooled, ("pool", REVIEW), edits=(CONTRASTS,)),
    "plot": Scene(
        extracted, ("plot", REVIEW, "forest", "relapse", "-o", "forest.svg"), edits=(CONTRASTS,), files=ONE
    ),
    "meta": Scene(
        lambda: {"trials.csv": TRIALS.encode()},
        ("meta", "trials.csv", "--measure", "RR", "-o", "forest.svg", "--json", "result.json"),
        edits=(Edit("trials.csv", "Alpha", "Alpha 2001"),),
    ),
}

# its environment, the address of a stand-in, is the test's
SEARCH = Scene(recorded, ("search", REVIEW, "--query", "cells"), edits=(RECORDS, SEARCHES))
