"""How the models for sparse data do where the truth is known.

Simulates reviews of two to five trials with event rates of 0.5 to 20 per cent, pools each by every
model, and tells bias, coverage, and how often a model gives no finite answer::

    python -m benchmarks.rare_events simulate --first 0 --sets 20000 --to rare.npz
    python -m benchmarks.rare_events report rare.npz

Every data set has a seed of its own, so a run may be cut into pieces (``--first``); ``report`` takes
them all and writes the table and the picture of docs/rare-events.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metareview.effects import Effects, effect_sizes
from metareview.synthesis import Synthesis, pool
from metareview.synthesis.models import fit_model

STUDIES = (2, 3, 5)
RATES = (0.005, 0.01, 0.02, 0.05, 0.2)
LOG_ODDS_RATIOS = (0.0, float(np.log(0.5)))
TAUS = (0.0, 0.4)
MODELS = ("mh", "peto", "um.fs", "um.rs", "cm.el", "cm.al", "betabin", "firth", "bayes")
INVERSE_VARIANCE = "IV + 0.5"
DOCS = Path(__file__).parent.parent / "docs"


@dataclass(frozen=True)
class Setting:
    """One row of the design: how many trials, their control risk, the true effect, its spread."""

    k: int
    rate: float
    log_or: float
    tau: float


def settings() -> list[Setting]:
    return [Setting(k, r, m, t) for k in STUDIES for r in RATES for m in LOG_ODDS_RATIOS for t in TAUS]


def draw(setting: Setting, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw one review: arms of 50 to 500, risks scattered about the rate, arms 1:1 or 2:1."""
    n2 = np.round(np.exp(rng.uniform(np.log(50), np.log(500), setting.k)))
    n1 = n2 * rng.choice([1, 2], setting.k)
    alpha = np.log(setting.rate / (1 - setting.rate)) + rng.normal(0, 0.4, setting.k)
    theta = setting.log_or + rng.normal(0, 1, setting.k) * setting.tau
    risk1, risk2 = 1 / (1 + np.exp(-alpha - theta)), 1 / (1 + np.exp(-alpha))
    ai, ci = rng.binomial(n1.astype(int), risk1), rng.binomial(n2.astype(int), risk2)
    return {"ai": ai.astype(float), "n1i": n1, "ci": ci.astype(float), "n2i": n2}


def pooled(effects: Effects, model: str) -> Synthesis | None:
    """Pool by one model; None where inverse variance has no study to pool."""
    if model != INVERSE_VARIANCE:
        return fit_model(effects, model=model) if model != "bayes" or effects.estimable.any() else None
    return pool(effects) if effects.estimable.any() else None


def one_set(index: int, setting: Setting, seed: int) -> Iterator[tuple[str, float, float, float]]:
    """Yield model, estimate, and the ends of its interval; NaN where there is none."""
    rng = np.random.default_rng([seed, index])
    effects = effect_sizes(draw(setting, rng), measure="OR")
    for model in (INVERSE_VARIANCE, *MODELS):
        fit = pooled(effects, model)
        ci = None if fit is None else fit.ci
        yield (
            model,
            np.nan if fit is None else fit.estimate,
            np.nan if ci is None else ci.low,
            np.nan if ci is None else ci.high,
        )


def simulate(first: int, sets: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return estimates and intervals, ``(sets, models, 3)``, and what crashed."""
    from rich.progress import track

    design, crashes = settings(), []
    rows = np.full((sets, len(MODELS) + 1, 3), np.nan)
    for index in track(range(first, first + sets), description="simulating", console=_stderr()):
        setting = design[index % len(design)]
        try:
            rows[index - first] = [row[1:] for row in one_set(index, setting, seed)]
        except Exception as error:
            crashes.append(f"set {index} {setting}: {type(error).__name__}: {error}")
    return rows, crashes


def gathered(files: list[Path]) -> dict[str, object]:
    """Put the pieces of a run together and summarise each model in each setting."""
    design, pieces, crashes = settings(), [], []
    for file in files:
        with np.load(file) as piece:
            numbers = piece["first"] + np.arange(len(piece["rows"]))
            pieces.append((numbers % len(design), piece["rows"]))
            crashes.extend(piece["crashes"].tolist())
            seed = int(piece["seed"])
    where, rows = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    cells = [
        {"model": model, **setting.__dict__, **summarise(rows[where == at, number], setting.log_or)}
        for at, setting in enumerate(design)
        for number, model in enumerate((INVERSE_VARIANCE, *MODELS))
        if (where == at).any()
    ]
    return {"sets": len(rows), "seed": seed, "crashes": crashes, "cells": cells}


def _stderr() -> object:
    from rich.console import Console

    return Console(stderr=True)


def summarise(rows: np.ndarray, truth: float) -> dict[str, float]:
    """Return how often an answer is finite, its bias and coverage then, and the median width."""
    estimate, low, high = rows.T
    there = np.isfinite(estimate) & np.isfinite(low) & np.isfinite(high)
    if not there.any():
        return {
            "sets": len(rows),
            "finite": 0.0,
            "bias": np.nan,
            "rmse": np.nan,
            "coverage": np.nan,
            "width": np.nan,
        }
    error = estimate[there] - truth
    covered = (low[there] <= truth) & (truth <= high[there])
    return {
        "sets": len(rows),
        "finite": float(there.mean()),
        "bias": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "coverage": float(covered.mean()),
        "width": float(np.median(high[there] - low[there])),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("simulate")
    run.add_argument("--first", type=int, default=0)
    run.add_argument("--sets", type=int, default=20_000)
    run.add_argument("--seed", type=int, default=2024)
    run.add_argument("--to", type=Path, required=True)
    tell = verbs.add_parser("report")
    tell.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    if options.verb == "report":
        from benchmarks.rare_events_report import write_report

        write_report(gathered(options.files), DOCS)
        return 0
    rows, crashes = simulate(options.first, options.sets, options.seed)
    np.savez(
        options.to, rows=rows, crashes=np.array(crashes, dtype=str), first=options.first, seed=options.seed
    )
    print("\n".join(crashes), file=sys.stderr)
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main())
