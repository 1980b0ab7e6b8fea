"""Pooling beside R metafor and PyMARE in one run: ``python -m benchmarks.pooling [--write]``.

Every engine takes its turn in each round, so that a busy machine is busy for all of them; the table
gives medians. metafor does 10,000 syntheses by being timed on 200 of them; where its Fisher scoring
does not converge it is given smaller steps. ``--write`` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from metareview.effects import FloatArray, effect_sizes
from metareview.synthesis import Options, pool, pool_many

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
ROUNDS = 3
SOME = 200
FULL = Options(tau2="REML", ci="hksj", prediction="hksj")
JOBS = {
    "one": "one fit, k = 13, REML, HKSJ, PI, Q-profile",
    "large": "one fit, k = 1,000, the same",
    "many": "10,000 syntheses of k = 10, REML, HKSJ, PI",
    "left": "leave-one-out, k = 200, REML, HKSJ",
    "left_large": "leave-one-out, k = 1,000, REML, HKSJ",
}
R = """
suppressMessages(library(metafor)); folder <- "{folder}"
one <- read.csv(file.path(folder, "one.csv")); large <- read.csv(file.path(folder, "large.csv"))
y <- as.matrix(read.csv(file.path(folder, "y.csv"), header = FALSE))
v <- as.matrix(read.csv(file.path(folder, "v.csv"), header = FALSE))
left <- read.csv(file.path(folder, "left.csv"))
fit <- function(y, v) tryCatch(rma(y, v, test = "knha"), error = function(e) {{
  failed <<- failed + 1; rma(y, v, test = "knha", control = list(stepadj = 0.5, maxiter = 1000))
}})
full <- function(d) {{ r <- fit(d$yi, d$vi); predict(r); confint(r) }}
now <- function() proc.time()[[3]]
timed <- function(f, n) {{ f(); s <- now(); for (i in seq_len(n)) f(); (now() - s) / n }}
failed <- 0
many <- function() for (i in seq_len(ncol(y))) predict(fit(y[, i], v[, i]))
start <- now(); many(); many_s <- (now() - start) / ncol(y) * 10000
left_s <- timed(function() leave1out(fit(left$yi, left$vi)), 1)
cat(sprintf('{{"one": %.9f, "large": %.9f, "many": %.9f, "left": %.9f, "failed": %d}}',
  timed(function() full(one), 20), timed(function() full(large), 1), many_s, left_s, failed))
"""


def simulated(k: int, sets: int, seed: int) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    v = random.uniform(0.01, 0.6, (k, sets)) * random.chisquare(4, (k, sets)) / 4
    return random.normal(0.2, np.sqrt(v + 0.1)), v


DATA = {"one": simulated(13, 1, 1), "large": simulated(1000, 1, 2), "many": simulated(10, 10_000, 3)}
DATA |= {"left": simulated(200, 1, 4), "left_large": simulated(1000, 1, 5)}


def timed(job: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        job()
    return (time.perf_counter() - start) / times


def ours() -> dict[str, float]:
    effects = {
        name: effect_sizes({"yi": DATA[name][0][:, 0], "vi": DATA[name][1][:, 0]}, measure="GEN")
        for name in ("one", "large")
    }
    return {
        "one": timed(lambda: pool(effects["one"]), 200),
        "large": timed(lambda: pool(effects["large"]), 50),
        "many": timed(lambda: pool_many(*DATA["many"], options=FULL), 5),
        "left": timed(lambda: left_out("left"), 10),
        "left_large": timed(lambda: left_out("left_large"), 5),
    }


def left_out(name: str) -> object:
    y, v = (a[:, 0] for a in DATA[name])
    return pool_many(y, v, ~np.eye(len(y), dtype=bool), options=FULL)


def pymare() -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymare import Dataset
        from pymare.estimators import VarianceBasedLikelihoodEstimator

    def fit(y: FloatArray, v: FloatArray) -> None:
        engine = VarianceBasedLikelihoodEstimator(method="reml", small_sample_correction="knapp-hartung")
        summary = engine.fit_dataset(Dataset(y, v)).summary()
        summary.get_fe_stats()
        if y.shape[1] == 1:
            summary.get_re_stats()

    times = {"one": 20, "large": 5, "many": 1}
    return {name: timed(lambda name=name: fit(*DATA[name]), n) for name, n in times.items()}  # type: ignore[misc]


def metafor(folder: Path) -> dict[str, float]:
    for name in ("one", "large", "left"):
        columns = np.column_stack([a[:, 0] for a in DATA[name]])
        np.savetxt(folder / f"{name}.csv", columns, delimiter=",", header="yi,vi", comments="", fmt="%.17g")
    for name, a in zip("yv", DATA["many"], strict=True):
        np.savetxt(folder / f"{name}.csv", a[:, :SOME], delimiter=",", fmt="%.17g")
    done = subprocess.run(
        ["Rscript", "-e", R.format(folder=folder)], capture_output=True, check=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def measured() -> dict[str, dict[str, float]]:
    engines: dict[str, Callable[[], dict[str, float]]] = {"metareview": ours, "PyMARE": pymare}
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("Rscript"):
            engines["metafor"] = lambda: metafor(Path(folder))
        for engine in engines.values():
            engine()
        rounds = [{name: engine() for name, engine in engines.items()} for _ in range(ROUNDS)]
    return {
        name: {job: statistics.median(r[name][job] for r in rounds) for job in rounds[0][name]}
        for name in engines
    }


def shown(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.01 else f"{seconds:.3g} s"


def table(found: dict[str, dict[str, float]]) -> str:
    lines = ["| work | metareview | metafor | PyMARE | metafor / metareview |", "|---|---|---|---|---|"]
    for job, label in JOBS.items():
        mine, theirs, third = (found.get(e, {}).get(job) for e in ("metareview", "metafor", "PyMARE"))
        ratio = f"{theirs / mine:,.0f}" if mine and theirs and theirs / mine >= 10 else None
        ratio = ratio or (f"{theirs / mine:.1f}" if mine and theirs else "-")
        lines.append(f"| {label} | {shown(mine)} | {shown(theirs)} | {shown(third)} | {ratio} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    text = table(measured())
    print(text)
    if parser.parse_args().write:
        page = PAGE.read_text("utf-8")
        marked = r"(<!-- pooling -->\n).*?(<!-- /pooling -->)"
        PAGE.write_text(re.sub(marked, rf"\g<1>{text}\n\g<2>", page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
