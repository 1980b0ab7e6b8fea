"""How well the radar finds planted errors: ``python -m benchmarks.seeded_errors [--runs 1000] [--seed 1]``.

In every run one error of every kind is planted at a random place: those that reading refuses into one
copy of the sheets, those that only the radar can see into another. An error counts as found when a
finding of a fitting check stands at its row (or at the row it was copied to, or its other arm). Findings
elsewhere that the clean sheets do not have are false alarms. The table goes into docs/checks.md.
"""

import argparse
import copy
import random
import tempfile
from collections import Counter
from pathlib import Path

from rich.progress import track

from benchmarks.clean_sheets import OpenSheets, open_protocol, worked_review
from benchmarks.planting import READING, SEEING
from metareview.extraction import check_sheets, read_sheets, survey
from metareview.extraction.checks.page import PAGE, with_block
from metareview.extraction.columns import SHEETS
from metareview.extraction.comparing import wilson
from metareview.files import read_text, write_atomically
from metareview.tables import write_table


def write(folder, rows):
    for name, kind in SHEETS.items():
        found = rows.get(name, [])
        columns = list(dict.fromkeys([*kind.names, *(key for row in found for key in row)]))
        (folder / f"{name}.csv").write_text(write_table(columns, found), "utf-8")


def findings(folder, protocol):
    reading = survey(folder, protocol)
    found = reading.errors if reading.sheets is None else check_sheets(reading.sheets, protocol)
    return [f for f in found if f.level != "note"]


def place(finding):
    return Path(finding.file).stem, finding.line


class Score:
    """What was planted, found, and raised for nothing."""

    def __init__(self):
        self.planted, self.found, self.alarms, self.rows = Counter(), Counter(), Counter(), 0

    def run(self, folder, protocol, rows, kinds, rng, known):
        """Plant one error of each kind into a copy of the rows, and count what is seen."""
        spoilt, touched, plants = copy.deepcopy(rows), set(), []
        for kind in rng.sample(kinds, len(kinds)):
            planted = kind.plant(spoilt, rng, touched)
            if planted is not None:
                plants.append((kind, planted))
        write(folder, spoilt)
        seen = findings(folder, protocol)
        for kind, planted in plants:
            self.planted[kind.name] += 1
            hit = any(place(f) in planted.places and f.check in kind.checks for f in seen)
            self.found[kind.name] += hit
        spared = set().union(*(planted.places for _, planted in plants)) if plants else set()
        self.rows += sum(len(found) for found in spoilt.values()) - len(spared)
        for f in seen:
            if place(f) not in spared and (f.check, *place(f)) not in known:
                self.alarms[f.check] += 1


def bases():
    open_sheets = OpenSheets().rows
    worked = worked_review()
    return [("open data sets", open_protocol(), open_sheets), ("worked review", *worked)]


def clean_findings(folder, protocol, rows):
    write(folder, rows)
    return {
        (f.check, *place(f))
        for f in check_sheets(read_sheets(folder, protocol), protocol)
        if f.level != "note"
    }


def measure(runs, seed):
    """Plant in both reviews, by turns; return the score and what clean sheets raise."""
    score, clean = Score(), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = []
        for label, protocol, rows in bases():
            known = clean_findings(folder, protocol, rows)
            clean[label] = (known, sum(len(found) for found in rows.values()), rows)
            prepared.append((protocol, rows, known))
        for number in track(range(runs), description="planting errors"):
            rng = random.Random(seed * 1_000_003 + number)
            protocol, rows, known = prepared[number % 2]
            for kinds in (READING, SEEING):
                score.run(folder, protocol, rows, kinds, rng, known)
    return score, clean


def report(score, clean, runs, seed):
    kinds = [*READING, *SEEING]
    lines = [
        f"{runs:,} runs, seed {seed}. Recall with its 95% interval (Wilson).",
        "",
        "| planted | level | times | found | recall | 95% interval |",
        "|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        n, k = score.planted[kind.name], score.found[kind.name]
        share = wilson(k, n)
        shown = f"{share[0]:.3f} | {share[1]:.3f} to {share[2]:.3f}" if share else "– | –"
        lines.append(f"| {kind.name} | {kind.level} | {n} | {k} | {shown} |")
    for level in ("error", "warning"):
        n = sum(score.planted[k.name] for k in kinds if k.level == level)
        found = sum(score.found[k.name] for k in kinds if k.level == level)
        low, high = wilson(found, n)[1:]
        lines.append(
            f"| **all {level}s** | {level} | {n} | {found} | {found / n:.3f} | {low:.3f} to {high:.3f} |"
        )
    total = sum(score.alarms.values())
    lines += [
        "",
        f"False alarms on untouched rows: {total} in {score.rows:,} rows, "
        f"{200 * total / score.rows:.3f} per 200 rows.",
    ]
    if total:
        lines.append(
            "By check: " + ", ".join(f"`{code}` {n}" for code, n in score.alarms.most_common()) + "."
        )
    for label, (known, size, rows) in clean.items():
        answered = sum(1 for found in rows.values() for row in found if row.get("checked"))
        lines.append(
            f"Warnings of the clean sheets, {label}: {len(known)} in {size:,} rows, {answered} rows answered."
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-page", action="store_true", help="print only; leave docs/checks.md alone")
    given = parser.parse_args()
    text = report(*measure(given.runs, given.seed), given.runs, given.seed)
    print(text)
    if not given.no_page:
        write_atomically(PAGE, with_block(read_text(PAGE), "benchmark", text))


if __name__ == "__main__":
    main()
