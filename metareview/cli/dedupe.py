"""``metareview dedupe``: which records are the same work, in a review or in files."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from metareview.cli.outputs import check_outputs
from metareview.cli.progress import telling
from metareview.cli.terminal import say, say_json
from metareview.errors import FileError
from metareview.files import file_status

if TYPE_CHECKING:
    from metareview.search.works import Works

_SHOWN = 20


@click.command("dedupe")
@click.argument("inputs", nargs=-1, required=True, metavar="REVIEW | FILE…")
@click.option("-o", "output", type=Path, help="Write one record per work: .ris, .bib or .csv.")
@click.option("--duplicates", type=Path, help="Write every decision: kept,dropped,decision,why.")
@click.option("--studies", type=Path, help="Write which works report one registered study.")
@click.option("--join", nargs=2, metavar="ID ID", help="Decide that two records of a review are one work.")
@click.option("--part", nargs=2, metavar="ID ID", help="Decide that two records of a review are two works.")
@click.option("--undo", nargs=2, metavar="ID ID", help="Take back what a person decided of two records.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def dedupe_records(
    inputs: tuple[str, ...],
    output: Path | None,
    duplicates: Path | None,
    studies: Path | None,
    as_json: bool,
    **decision: tuple[str, str] | None,
) -> None:
    """Find the records that are the same work, in REVIEW or in export FILEs.

    Each pair is "same" (one record is kept, its empty fields filled from the others), "ask" (a person must
    look; both stay) or different. A DOI alone never decides. For a review the decisions are written to
    searched/REVIEW/duplicates.csv; records of files are named FILE:n.

    \b
    Examples:
      metareview dedupe pubmed.nbib embase.ris -o unique.ris --duplicates duplicates.csv
      metareview dedupe msc-sr-agvhd
      metareview dedupe msc-sr-agvhd --part pmid:31505228 doi:10.1000/182
    """
    from metareview.search.dedupe.table import write_duplicates, write_studies
    from metareview.search.works import refuse_inputs, write_unique

    named = {"-o": output, "--duplicates": duplicates, "--studies": studies}
    check_outputs(named, inputs=[n for n in inputs if _is_file(n)], endings={"-o": (".ris", ".bib", ".csv")})
    outputs = [path for path in (output, duplicates, studies) if path]
    refuse_inputs(outputs, [*map(Path, inputs), *_tables(inputs[0])])
    with telling("Comparing records"):
        told = _told(inputs, {name: pair for name, pair in decision.items() if pair})
    if output:
        write_unique(output, told, [])
    if duplicates:
        write_duplicates(duplicates, told.found.duplicates)
    if studies:
        write_studies(studies, told.found.studies)
    for export in told.exports:
        for says in export.refused:
            say(f"warning: {says}", err=True)
    if as_json:
        say_json(_as_json(told))
        return
    for line in _lines(told):
        say(line)


def _told(inputs: Sequence[str], decision: dict[str, tuple[str, str]]) -> Works:
    """Take the inputs for files, or the only one for a review."""
    from metareview.review.place import place_of
    from metareview.search.works import decide_pairs, dedupe_files

    if len(inputs) == 1 and not _is_file(inputs[0]) and any(_tables(inputs[0])):
        words = {"join": "same", "part": "different", "undo": ""}
        decisions = [(pair, words[name]) for name, pair in decision.items()]
        return decide_pairs(place_of(inputs[0]).searched, decisions)
    if decision:
        raise click.UsageError("--join, --part and --undo need a review that has records.")
    missing = [name for name in inputs if not _is_file(name)]
    if missing:
        raise FileError([_neither(name) for name in missing])
    return dedupe_files([Path(name) for name in inputs])


def _is_file(name: str) -> bool:
    found = file_status(name)
    return found is not None and not stat.S_ISDIR(found.st_mode)


def _tables(review: str) -> list[Path]:
    """Return the tables of a review that has records; none for what is no name of one."""
    from metareview.files import is_there
    from metareview.names import name_fault

    folder = Path("searched") / review
    if name_fault(review) or not is_there(folder / "records.csv"):
        return []
    return [folder / name for name in ("records.csv", "searches.csv", "duplicates.csv")]


def _neither(name: str) -> str:
    from metareview.characters import printable
    from metareview.names import name_fault

    shown, fault = printable(name), name_fault(name)
    if fault:
        return f"{shown} is no file, and it cannot name a review: {fault}."
    return f"{shown} is neither a file nor a review with records in searched/{shown}/."


def _lines(told: Works) -> Iterator[str]:
    counts = Counter(d.decision for d in told.found.duplicates)
    yield (
        f"{len(told.records)} records, {len(told.unique)} works: {counts['same']} dropped as the same work, "
        f"{counts['ask']} pairs to ask about."
    )
    for why, n in Counter(
        d.why.split(" (")[0] for d in told.found.duplicates if d.decision == "same"
    ).most_common():
        yield f"  {n} same: {why}"
    asked = [d for d in told.found.duplicates if d.decision == "ask"]
    yield from (f"  ask {d.kept} | {d.dropped}: {d.why}" for d in asked[:_SHOWN])
    if len(asked) > _SHOWN:
        yield f"  … {len(asked) - _SHOWN} more to ask about; --duplicates FILE lists them all"
    if told.found.studies:
        n = len(told.found.studies)
        yield f"{n} studies have several reports here, by registry number; none was dropped."


def _as_json(told: Works) -> dict[str, object]:
    return {
        "records": len(told.records),
        "works": len(told.unique),
        "duplicates": [asdict(d) for d in told.found.duplicates],
        "studies": [{"registry": number, "records": list(ids)} for number, ids in told.found.studies],
    }
