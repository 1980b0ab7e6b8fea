"""How long the models for sparse data take, beside metafor's ``rma.glmm`` in one run.

    python -m benchmarks.rare_speed            prints the table
    python -m benchmarks.rare_speed --write    puts it into docs/performance.md

Needs Rscript with metafor and lme4; rounds alternate between the two engines.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from metareview.effects import Effects, effect_sizes
from metareview.synthesis.models import fit_model

HERE = Path(__file__).parent.parent
DATA = HERE / "tests" / "reference" / "datasets" / "nielweise2007.csv"
PAGE = HERE / "docs" / "performance.md"
MARKS = ("<!-- rare -->", "<!-- /rare -->")
SHARED = {
    "um.fs": "UM.FS",
    "um.rs": "UM.RS",
    "cm.al": "CM.AL",
    "cm.el": "CM.EL",
    "mh": "rma.mh",
    "peto": "rma.peto",
}
OURS = ("mh", "peto", "um.fs", "um.rs", "cm.el", "cm.al", "betabin", "firth", "bayes")
R_CODE = """
suppressMessages(library(metafor)); options(warn = -1)
d <- read.csv("{data}")
arms <- function(f, ...) f(ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i, ...)
run <- function(code) try(suppressWarnings(suppressMessages(switch(code,
  rma.mh = arms(rma.mh, measure = "OR"), rma.peto = arms(rma.peto),
  arms(rma.glmm, measure = "OR", model = code)))), silent = TRUE)
out <- sapply(c({codes}), function(code) {{
  if (inherits(run(code), "try-error")) return(NA)
  median(replicate({times}, system.time(run(code))["elapsed"]))
}})
cat(paste0('{{', paste0('"', names(out), '":', ifelse(is.na(out), "null", out), collapse = ","), '}}'))
"""


def effects() -> Effects:
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("study", "ai", "n1i", "ci", "n2i")
    return effect_sizes({name: [row[name] for row in rows] for name in names}, measure="OR")


def our_seconds(made: Effects, model: str, times: int) -> float:
    fit_model(made, model=model)
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        fit_model(made, model=model)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def their_seconds(times: int) -> dict[str, float | None]:
    codes = ", ".join(f'"{code}"' for code in SHARED.values())
    with tempfile.NamedTemporaryFile("w", suffix=".R", encoding="utf-8") as script:
        script.write(R_CODE.format(data=DATA, codes=codes, times=times))
        script.flush()
        done = subprocess.run(["Rscript", script.name], capture_output=True, text=True, check=True)
    return json.loads(done.stdout[done.stdout.index("{") :])


def measure(rounds: int, times: int) -> tuple[dict[str, float], dict[str, float]]:
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    made = effects()
    for _ in range(rounds):
        for model in OURS:
            ours.setdefault(model, []).append(our_seconds(made, model, times))
        for code, seconds in their_seconds(max(3, times // 5)).items():
            if seconds is not None:
                theirs.setdefault(code, []).append(seconds)
    return (
        {m: statistics.median(t) for m, t in ours.items()},
        {m: statistics.median(t) for m, t in theirs.items()},
    )


def table(ours: dict[str, float], theirs: dict[str, float]) -> str:
    lines = ["| model | metareview, ms | metafor, ms | ratio |", "|---|---|---|---|"]
    for model, seconds in ours.items():
        other = theirs.get(SHARED.get(model, ""))
        beside = f"{1e3 * other:.0f} | {other / seconds:.0f}" if other else "– | –"
        lines.append(f"| `{model}` | {1e3 * seconds:.2f} | {beside} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    made = table(*measure(options.rounds, options.times))
    print(made)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(MARKS[0])
        PAGE.write_text(f"{before}{MARKS[0]}\n{made}\n{MARKS[1]}{rest.split(MARKS[1])[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
