"""Large reviews and exports: seconds of processor, memory at the peak, and growth.

``python -m benchmarks.large [--write] [--rounds N] [--only NAME]`` generates reviews and exports of two
sizes each, runs the commands on them in processes of their own, and prints the medians of the rounds;
``--write`` puts the table into docs/performance.md. Growth is how many times as long the larger takes,
beside how many times as large it is.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generated import NAME, make_review, make_ris

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Work:
    """One command on ground of two sizes.

    Attributes
    ----------
    says : what the table calls it
    words : of the command
    make : lays out the ground for a number in a folder
    sizes : the smaller and the larger
    before : commands that must have run
    """

    says: str
    words: tuple[str, ...]
    make: Callable[[Path, int], object]
    sizes: tuple[int, int]
    before: tuple[tuple[str, ...], ...] = ()


def _rows(root: Path, rows: int) -> object:
    return make_review(root, studies=rows // 20, outcomes=10, analyses=10)


def _studies(root: Path, studies: int) -> object:
    return make_review(root, studies=studies, outcomes=1, analyses=1)


def _plan(root: Path, analyses: int) -> object:
    return make_review(root, studies=5, outcomes=analyses, analyses=analyses)


def _records(root: Path, records: int) -> object:
    make_review(root, studies=2, outcomes=1, analyses=1)
    return make_ris(root / "export.ris", records)


IMPORT = ("import", NAME, "export.ris")
WORKS: Mapping[str, Work] = {
    "check": Work("`check`, rows of results.csv", ("check", NAME), _rows, (25_000, 100_000)),
    "pool": Work("`pool`, the same, 10 analyses", ("pool", NAME), _rows, (25_000, 100_000)),
    "one": Work("`pool`, studies of one analysis", ("pool", NAME), _studies, (5_000, 50_000)),
    "plan": Work("`pool`, analyses of 5 studies", ("pool", NAME), _plan, (500, 2_000)),
    "import": Work("`import`, records in RIS", IMPORT, _records, (25_000, 100_000)),
    "dedupe": Work("`dedupe`, records", ("dedupe", NAME), _records, (25_000, 100_000), (IMPORT,)),
    "flow": Work(
        "`flow --draft`, records", ("flow", "--draft", NAME), _records, (25_000, 100_000), (IMPORT,)
    ),
}


@dataclass(frozen=True)
class Took:
    """What a command took: seconds of processor, and MiB at the peak."""

    seconds: float
    memory: float


def run(words: tuple[str, ...], root: Path) -> Took:
    """Run a command in a process of its own and measure it alone."""
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "benchmarks.large", "--run", *words]
    done = subprocess.run(command, cwd=root, env=here, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1:]
    if not last or not last[0].startswith("took "):
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    _, seconds, memory = last[0].split()
    return Took(float(seconds), float(memory))


def run_here(words: list[str]) -> None:
    """Run a command in this process, then say what it took."""
    from metareview.cli import main

    sys.argv = ["metareview", *words]
    try:
        main()
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        sys.stderr.write(f"took {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss / 1024:.0f}\n")


def measured(work: Work, size: int, rounds: int) -> Took:
    """Give the medians of some rounds on ground of one size."""
    took: list[Took] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            work.make(Path(folder), size)
            for words in work.before:
                run(words, Path(folder))
            took.append(run(work.words, Path(folder)))
            shutil.rmtree(Path(folder) / "output", ignore_errors=True)
    return Took(statistics.median(t.seconds for t in took), statistics.median(t.memory for t in took))


def rows(names: list[str], rounds: int) -> Iterator[str]:
    """Give the lines of the table, one per command."""
    yield "| work | size | processor, s | memory, MiB | size × | time × |"
    yield "|---|---|---|---|---|---|"
    for name in names:
        work = WORKS[name]
        small, large = (measured(work, size, rounds) for size in work.sizes)
        yield f"| {work.says} | {work.sizes[0]:,} | {small.seconds:.1f} | {small.memory:.0f} | | |"
        size, time = work.sizes[1] / work.sizes[0], large.seconds / small.seconds
        yield f"| | {work.sizes[1]:,} | {large.seconds:.1f} | {large.memory:.0f} | {size:.0f} | {time:.1f} |"


def main() -> None:
    """Measure, print, and write the table where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=list(WORKS), action="append")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run_here(given.run)
        return
    lines = []
    for line in rows(given.only or list(WORKS), given.rounds):
        print(line, flush=True)
        lines.append(line)
    if given.write:
        page, text = PAGE.read_text("utf-8"), "\n".join(lines)
        marked = r"(<!-- large -->\n).*?(<!-- /large -->)"
        PAGE.write_text(re.sub(marked, rf"\g<1>{text}\n\g<2>", page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
