"""Syntheses made by hand, so that figures are tested without the rooms that compute them."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from metareview.effects import Effects, Interval, Measure
from metareview.synthesis import Choice, Heterogeneity, Method, Synthesis

DATASETS = Path(__file__).parent.parent / "reference" / "datasets"


def identity(values):
    return values


def measure_on(scale="log", arms=2):
    back = {"log": np.exp, "logit": lambda x: 1 / (1 + np.exp(-np.asarray(x)))}.get(scale, identity)
    labels = {"log": "Risk ratio", "logit": "Proportion", "identity": "Mean difference"}
    null = None if arms == 1 else 0.0
    return Measure(
        "X", labels[scale], arms, "binary", (), lambda c: (c["ai"], c["ai"]), scale, back, null, "none"
    )


def hand_made(yi, vi, labels=None, **more):
    """Pool with fixed inverse-variance weights: enough for a figure to show."""
    yi, vi = np.asarray(yi, float), np.asarray(vi, float)
    effects = Effects(
        more.pop("measure", measure_on()),
        tuple(labels or (f"Study {n + 1}" for n in range(len(yi)))),
        yi,
        vi,
        more.pop("data", {}),
        more.pop("moderators", {}),
        more.pop("study_notes", ()),
        more.pop("effect_notes", ()),
    )
    used = effects.estimable
    weights = np.where(used, 1 / np.where(used, vi, 1.0), 0.0)
    total, k = weights.sum(), int(used.sum())
    estimate = float((weights * np.where(used, yi, 0.0)).sum() / total) if k else math.nan
    se = float(1 / math.sqrt(total)) if k else math.nan
    half = 1.96 * np.sqrt(np.where(used, vi, np.nan))
    defaults = {
        "method": Method(
            "cochrane", "random", "REML", "HKSJ", "t(k-1)", 0.95, (Choice("tau2", "REML", "REML was used"),)
        ),
        "ci": Interval(estimate - 1.96 * se, estimate + 1.96 * se, 0.95) if k else None,
        "prediction": Interval(estimate - 4 * se, estimate + 4 * se, 0.95) if k > 2 else None,
        "heterogeneity": heterogeneity() if k > 1 else None,
        "alternatives": (),
        "notes": (),
    } | more
    return Synthesis(
        effects=effects,
        k=k,
        estimate=estimate,
        se=se,
        statistic=estimate / se if k else None,
        df=None,
        p=0.03 if k else None,
        weights=weights / total if k else weights,
        study_low=yi - half,
        study_high=yi + half,
        **defaults,
    )


def heterogeneity():
    return Heterogeneity(152.233, 12, 1e-12, 0.3132, Interval(0.1197, 1.1115, 0.95), 0.9222, None, 12.9, None)


@pytest.fixture(scope="session")
def synthesis_of():
    return hand_made


@pytest.fixture(scope="session")
def measure():
    return measure_on


@pytest.fixture(scope="session")
def bcg():
    """Thirteen trials of BCG vaccine against tuberculosis (Colditz 1994)."""
    with (DATASETS / "bcg.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ai, n1i, ci, n2i = (np.array([float(r[c]) for r in rows]) for c in ("ai", "n1i", "ci", "n2i"))
    return hand_made(
        np.log(ai / n1i / (ci / n2i)),
        1 / ai - 1 / n1i + 1 / ci - 1 / n2i,
        [r["study"] for r in rows],
        data={"ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i},
        moderators={"year": [int(r["year"]) for r in rows], "alloc": [r["alloc"] for r in rows]},
    )
