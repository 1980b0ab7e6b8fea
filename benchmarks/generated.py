"""Reviews and exports of any size, generated: the ground that the large benchmarks and tests stand on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

NAME = "large"
_HEAD = """title = "A generated review"
registration = "none"

[pico]
population = "Adults"
intervention = "Drug"
comparator = "Placebo"
outcomes = "Events"

[[arms]]
id = "drug"
label = "Drug"
role = "experimental"

[[arms]]
id = "placebo"
label = "Placebo"
role = "comparator"
"""
_OUTCOME = """
[[outcomes]]
id = "{id}"
label = "Outcome {n}"
kind = "binary"
better = "lower"
"""
_ANALYSIS = """
[[analyses]]
id = "{id}"
title = "Analysis {n}"
outcomes = ["{outcome}"]
compare = ["drug", "placebo"]
measure = "RR"
"""
_STUDIES = (
    "study,label,year,design,registry,reports,exclude,note,centre,authors,recruited_from,recruited_to\n"
)
_ARMS = "study,arm,label,role,n_allocated,note\n"
_RESULTS = (
    "row,study,outcome,timepoint,population,arm,n,events,percent,basis,report,location,quote,extractor,"
    "date,note\n"
)


def make_review(root: Path, *, studies: int, outcomes: int, analyses: int, seed: int = 1) -> Path:
    """Write a review whose every study has two arms with every outcome; return its sheets' folder.

    Parameters
    ----------
    root
        The project's folder.
    studies, outcomes
        ``results.csv`` holds two rows for each pair of them.
    analyses
        Each takes one outcome, in turn.
    seed
        Of the counts.
    """
    (root / "protocols").mkdir(parents=True, exist_ok=True)
    plan = [
        _HEAD,
        *(_OUTCOME.format(id=f"o{n}", n=n) for n in range(outcomes)),
        *(_ANALYSIS.format(id=f"a{n}", n=n, outcome=f"o{n % outcomes}") for n in range(analyses)),
    ]
    (root / "protocols" / f"{NAME}.toml").write_text("".join(plan), "utf-8")
    folder = root / "extracted" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "studies.csv", _STUDIES, _study_rows(studies))
    _write(folder / "arms.csv", _ARMS, _arm_rows(studies))
    _write(folder / "results.csv", _RESULTS, _result_rows(studies, outcomes, random.Random(seed)))
    return folder


def _write(path: Path, head: str, rows: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        file.writelines(rows)


def _study_rows(studies: int) -> Iterator[str]:
    for n in range(studies):
        people = f"Author{n} A; Author{n} B; Author{n} C"
        yield f"S{n},Study{n} 2001,2001,RCT,NCT{n:08d},pmid:{n + 1},,,Centre {n},{people},2001,2002\n"


def _arm_rows(studies: int) -> Iterator[str]:
    for n in range(studies):
        yield f"S{n},drug,Drug,drug,{100 + n % 50},\nS{n},placebo,Placebo,placebo,{100 + n % 50},\n"


def _result_rows(studies: int, outcomes: int, draw: random.Random) -> Iterator[str]:
    for n in range(studies):
        size = 100 + n % 50
        for o in range(outcomes):
            for arm, risk in (("drug", 0.2), ("placebo", 0.3)):
                events = sum(draw.random() < risk for _ in range(8)) * size // 8
                yield (
                    f"r{n}-{o}-{arm[0]},S{n},o{o},day 28,ITT,{arm},{size},{events},,reported,pmid:{n + 1},"
                    f"Table 2,{events}/{size},AB,2026-01-02,\n"
                )


def make_ris(path: Path, records: int) -> Path:
    """Write an export in RIS with titles, authors and abstracts; one record in ten stands twice."""
    draw = random.Random(7)
    words = [f"{a}{b}" for a in ("cardio", "neuro", "hepat", "derm", "immun", "gastro") for b in _ENDS]
    with path.open("w", encoding="utf-8") as file:
        for n in range(records):
            own = n - 5 if n % 10 == 9 else n
            title = " ".join(random.Random(own).choices(words, k=9))
            text = " ".join(draw.choices(words, k=120))
            file.write(
                f"TY  - JOUR\nTI  - {title}\nAU  - Family{own % 5000}, Given A.\n"
                f"AU  - Other{own % 700}, B. C.\n"
                f"PY  - {1980 + own % 45}\nJO  - Journal of {words[own % len(words)]}\nVL  - {own % 97}\n"
                f"IS  - {own % 12}\nSP  - {own * 37 % 9973}\nEP  - {own * 37 % 9973 + 9}\n"
                f"DO  - 10.5555/g.{own}\n"
                f"KW  - {words[own % 17]}\nKW  - {words[own % 23]}\nAB  - {text}\nER  - \n\n"
            )
    return path


_ENDS = ("logy", "pathy", "itis", "genic", "vascular", "trophic", "metry", "plasty", "scopic", "static")
