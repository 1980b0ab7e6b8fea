"""Whole processes beside Rscript with metafor: ``python -m benchmarks.whole_process``."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 9
TABLE = str(Path(__file__).parent.parent / "tests" / "reference" / "datasets" / "bcg.csv")
R = (
    "suppressMessages(library(metafor)); d <- read.csv('{table}'); "
    "r <- rma(measure='RR', ai=ai, bi=bi, ci=ci, di=di, data=d, test='knha'); "
    "print(r); print(confint(r)); print(predict(r, transf=exp))"
)
METAREVIEW = str(Path(sys.executable).parent / "metareview")


def commands() -> dict[str, list[str]]:
    found = {
        "metareview meta, table and sentences": [METAREVIEW, "meta", TABLE, "--measure", "RR"],
        "metareview meta --json -": [METAREVIEW, "meta", TABLE, "--measure", "RR", "--json", "-"],
        "metareview --help": [METAREVIEW, "--help"],
    }
    if shutil.which("Rscript"):
        found["Rscript + metafor, the same"] = ["Rscript", "-e", R.format(table=TABLE)]
    return found


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in commands()}
    for _ in range(ROUNDS):  # in turn, so that a busy machine is busy for all of them
        for name, command in commands().items():
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(t) for name, t in times.items()}
    reference = medians.get("Rscript + metafor, the same")
    print("| process | median s | ratio to R |\n|---|---|---|")
    for name, median in medians.items():
        print(
            f"| {name} | {median:.2f} | {median / reference:.2f} |"
            if reference
            else f"| {name} | {median:.2f} | |"
        )


if __name__ == "__main__":
    main()
