"""Our numbers beside metafor's: ``python -m benchmarks.validation`` writes docs/validation.md.

The reference is what tests/reference/make_reference.R made; R is not needed here.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from metareview.effects import MEASURES, Effects, ZeroCells, effect_sizes
from metareview.synthesis import (
    Influence,
    Options,
    Synthesis,
    asymmetry_test,
    cumulative,
    influence,
    leave_one_out,
    pool_as,
    pool_subgroups,
    trim_and_fill,
)

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "tests" / "reference"
PAGE = ROOT / "docs" / "validation.md"

# our code -> metafor's method, and whether it is solved by iteration
METHODS = {
    "EE": ("EE", False), "DL": ("DL", False), "HE": ("HE", False), "HS": ("HS", False), "HSk": ("HSk", False),
    "SJ": ("SJ", False), "ML": ("ML", True), "REML": ("REML", True), "EB": ("EB", True), "PM": ("PM", True),
    "PMM": ("PMM", True),
}  # fmt: skip
CIS = ("wald", "t", "hksj", "hksj-floor")
PREDICTIONS = {"wald": "wald", "t": "t(k-1)", "hksj": "hksj"}
INEXACT_IN_METAFOR = (
    "UCOR",
)  # its hypergeometric function by coarse quadrature; mpmath is the test's reference
CLOSED, ITERATIVE, PROFILE = 1e-10, 1e-8, 1e-5
R_SUBTRACTS = 1e-3  # R takes small exact P values of the rank test as 1 - p, which leaves 1e-14
LIMITS = {"closed form": CLOSED, "iterative": ITERATIVE, "profile or quadrature": PROFILE}


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of ours beside the reference's.

    ``unit`` is what a deviation is measured in where the number itself is near 0: the standard
    error for an effect, the typical sampling variance for tau2.
    """

    quantity: str
    kind: str
    cell: tuple[str, ...]
    ours: float
    reference: float
    unit: float

    @property
    def deviation(self) -> float:
        """The difference in the size of the reference, or in its unit if that is larger."""
        return abs(self.ours - self.reference) / max(abs(self.reference), self.unit)

    @property
    def limit(self) -> float:
        """The largest deviation that is allowed."""
        return LIMITS[self.kind]

    @property
    def where(self) -> str:
        """The data set and the method."""
        return " ".join(self.cell)


def datasets() -> list[str]:
    """Name the data sets with a pinned reference."""
    return sorted(path.stem for path in (REFERENCE / "synthesis").glob("*.json"))


@cache
def reference(name: str) -> dict[str, Any]:
    """Read a data set's pinned reference."""
    found: dict[str, Any] = json.loads((REFERENCE / "synthesis" / f"{name}.json").read_text("utf-8"))
    return found


def effects_of(name: str, measure: str) -> Effects:
    """Return the effects that metafor pooled, with the counts and columns of the same rows."""
    block = reference(name)["measures"][measure]
    places = [int(i) - 1 for i in block["row"]]
    rows = list(csv.DictReader((REFERENCE / "datasets" / f"{name}.csv").read_text("utf-8").splitlines()))
    columns = {column: [rows[i][column] for i in places] for column in rows[0]}
    labels = columns.pop("study")
    data = {column: _numbers(cells) for column, cells in columns.items() if _is_count(column)}
    moderators = {column: ["" if c == "NA" else c for c in cells] for column, cells in columns.items()}
    return Effects(MEASURES[measure], tuple(labels), block["yi"], block["vi"], data, moderators)


def _is_count(column: str) -> bool:
    return column in {"ai", "bi", "ci", "di", "n1i", "n2i", "xi", "ni"}


def _numbers(cells: Sequence[str]) -> np.ndarray:
    return np.array([float("nan") if cell == "NA" else float(cell) for cell in cells])


def comparisons() -> Iterator[Compared]:
    """Compare everything there is a reference for."""
    for path in sorted((REFERENCE / "escalc").glob("*.json")):
        yield from _effect_sizes(path)
    for name in datasets():
        for measure in reference(name)["measures"]:
            yield from _pooling(name, measure)
        yield from _robustness(name)
        yield from _asymmetry(name)
        yield from _subgroups(name)


def _effect_sizes(path: Path) -> Iterator[Compared]:
    """Compare effects and variances with escalc's, in the default treatment of zero cells and others."""
    folders = (REFERENCE / "datasets", REFERENCE / "escalc" / "datasets")
    table = next(f / f"{path.stem}.csv" for f in folders if (f / f"{path.stem}.csv").exists())
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    data = {column: [row[column] for row in rows] for column in rows[0]}
    for key, pinned in json.loads(path.read_text("utf-8"))["escalc"].items():
        code, *options = key.split()
        if code in INEXACT_IN_METAFOR:
            continue
        found = effect_sizes(data, measure=code, **_as_escalc(code, dict(o.split("=") for o in options)))
        for what, ours, unit in (("yi", found.yi, 1e-5), ("vi", found.vi, 1e-12)):
            for mine, value in zip(ours, pinned[what], strict=True):
                yield from _one(
                    f"effect sizes: {what} of {code}", "closed form", (path.stem, key), mine, value, unit
                )


def _as_escalc(code: str, given: dict[str, str]) -> dict[str, Any]:
    """Return what asks effect_sizes for the same as a call of escalc, which keeps double-zero studies."""
    measure = MEASURES[code]
    rule = ZeroCells(
        add=float(given.get("add", measure.add)),
        to=given.get("to", "only0" if measure.add else "none"),
        drop00=given.get("drop00") == "TRUE",
    )
    return {"zero_cells": rule, "vtype": given.get("vtype", "LS" if code == "ZPCOR" else None)}


def _options(method: str, ci: str, **more: Any) -> Options:
    model, tau2 = ("common", None) if method == "EE" else ("random", method)
    return Options(policy="metafor", model=model, tau2=tau2, ci=ci, **more)


def _kind(method: str) -> str:
    return "iterative" if METHODS[method][1] else "closed form"


def _pooling(name: str, measure: str) -> Iterator[Compared]:
    effects, block = effects_of(name, measure), reference(name)["measures"][measure]
    for method, (theirs, _) in METHODS.items():
        pinned = block["pool"].get(theirs)
        if pinned is not None:
            yield from _estimator(effects, (name, measure, method), pinned)
    if block["other"]:
        yield from _others(effects, (name, measure), block)


def _estimator(effects: Effects, cell: tuple[str, str, str], pinned: dict[str, Any]) -> Iterator[Compared]:
    method, kind = cell[2], _kind(cell[2])
    se = pinned["ci"]["wald"]["se"]
    for ci in CIS:
        found = pool_as(effects, _options(method, ci, prediction=PREDICTIONS.get(ci, "none"), tau2_ci="QP"))
        yield from _interval(found, (*cell, ci), kind, pinned["ci"][ci], se)
        if ci == "wald":
            yield from _estimate(found, cell, kind, pinned)
    if "pi_hts" in pinned and found.k > 2:
        found = pool_as(effects, _options(method, "wald", prediction="t(k-2)"))
        yield from _ends("prediction interval t(k-2)", kind, cell, found.prediction, pinned["pi_hts"], se)


def _interval(
    found: Synthesis, cell: tuple[str, ...], kind: str, pinned: dict[str, Any], se: float
) -> Iterator[Compared]:
    ci = cell[-1]
    yield from _one(f"se, {ci}", kind, cell, found.se, pinned["se"], se)
    yield from _one(f"P, {ci}", "iterative", cell, found.p, pinned["p"], 1e-15)
    yield from _ends(f"confidence interval, {ci}", kind, cell, found.ci, pinned["ci"], se)
    if ci in PREDICTIONS and found.k > 1:
        code = PREDICTIONS[ci]
        yield from _ends(f"prediction interval {code}", kind, cell, found.prediction, pinned["pi"], se)


def _estimate(
    found: Synthesis, cell: tuple[str, ...], kind: str, pinned: dict[str, Any]
) -> Iterator[Compared]:
    se = pinned["ci"]["wald"]["se"]
    yield from _one("pooled effect", kind, cell, found.estimate, pinned["estimate"], se)
    spread = found.heterogeneity
    if spread is None:
        return
    typical = _typical_variance(found.effects.vi)
    yield from _one("Q", "closed form", cell, spread.q, pinned["q"], 1e-9)
    yield from _one("P of Q", "closed form", cell, spread.q_p, pinned["q_p"], 1e-15)
    if "weights" in pinned:
        for ours, theirs in zip(found.weights, pinned["weights"], strict=True):
            yield from _one("weights", kind, cell, ours, theirs, 0.0)
    if cell[2] == "EE":
        yield from _one("I2, from Q", "closed form", cell, spread.i2, pinned["i2"], 1.0)
        return
    yield from _one("tau2", kind, cell, spread.tau2, pinned["tau2"], typical)
    yield from _one("I2, from tau2", kind, cell, spread.i2, pinned["i2"], 1.0)
    yield from _one("H2, from tau2", kind, cell, spread.h2, pinned["h2"], 1.0)
    limits = pinned.get("tau2_ci", {})
    yield from _ends("interval of tau2, QP", "iterative", cell, spread.tau2_ci, limits.get("qp"), typical)
    if limits.get("pl"):
        other = pool_as(found.effects, _options(cell[2], "wald", tau2_ci="PL")).heterogeneity
        assert other is not None
        profile = "interval of tau2, profile likelihood"
        yield from _ends(profile, "profile or quadrature", cell, other.tau2_ci, limits["pl"], typical)


def _typical_variance(vi: np.ndarray) -> float:
    w = 1.0 / vi
    return float((len(vi) - 1) * np.sum(w) / (np.sum(w) ** 2 - np.sum(w**2)))


def _others(effects: Effects, cell: tuple[str, str], block: dict[str, Any]) -> Iterator[Compared]:
    """Compare what metafor gives outside the grid: other intervals, other estimators of tau2."""
    pinned, se = block["other"], block["pool"]["DL"]["ci"]["wald"]["se"]
    found = pool_as(effects, _options("DL", "ivhet"))
    yield from _one("se, ivhet", "closed form", (*cell, "ivhet"), found.se, pinned["ivhet"]["se"], se)
    yield from _ends(
        "confidence interval, ivhet", "closed form", (*cell, "ivhet"), found.ci, pinned["ivhet"]["ci"], se
    )
    for code, method in (("hc", "DL"), ("pl", "ML")):
        limits = pinned[code]["ci"] if code == "hc" and pinned[code] else pinned[code]
        if limits:
            other = pool_as(effects, _options(method, code))
            yield from _ends(
                f"confidence interval, {code}", "profile or quadrature", (*cell, code), other.ci, limits, se
            )
    if pinned["permutation_p"] is not None:
        p = pool_as(effects, _options("DL", "permutation")).p
        yield from _one(
            "P, permutation", "closed form", (*cell, "permutation"), p, pinned["permutation_p"], 1e-15
        )
    for code, name in (("GENQ", "genq_se"), ("DL2", "dl2")):
        spread = pool_as(effects, _options(code, "wald")).heterogeneity
        if spread is not None:
            yield from _one("tau2", "closed form", (*cell, code), spread.tau2, pinned[name], se**2)


_SERIES = {
    "estimate": "estimate", "se": "se", "low": "ci.lb", "high": "ci.ub", "tau2": "tau2", "q": "Q",
    "q_p": "Qp", "i2": "I2",
}  # fmt: skip
_INFLUENCE = {
    "rstudent": "rstudent", "dffits": "dffits", "cook": "cook.d", "cov_ratio": "cov.r",
    "tau2_without": "tau2.del", "q_without": "QE.del", "hat": "hat",
}  # fmt: skip


def _robustness(name: str) -> Iterator[Compared]:
    for method, pinned in reference(name).get("robust", {}).items():
        cell = (name, reference(name)["primary"], method)
        effects = effects_of(name, cell[1])
        normal = pool_as(effects, _options(method, "wald"))
        student = pool_as(effects, _options(method, "hksj"))
        yield from _series("leave-one-out", cell, leave_one_out(normal), pinned["leave_one_out"], normal)
        yield from _series(
            "leave-one-out, hksj", cell, leave_one_out(student), pinned["leave_one_out_hksj"], normal
        )
        by_precision = cumulative(normal, "precision")
        yield from _series("cumulative", cell, by_precision, pinned["cumulative_precision"], normal)
        yield from _influence(cell, influence(normal), pinned["influence"])


def _series(
    what: str, cell: tuple[str, ...], found: Any, pinned: dict[str, Any], full: Synthesis
) -> Iterator[Compared]:
    units = {"tau2": full.se**2, "q": 1e-9, "q_p": 1e-15, "i2": 1.0}
    for ours, theirs in _SERIES.items():
        column = pinned.get(theirs) or ()
        for i, value in enumerate(column):
            if found.k[i] > 1:
                scale = 100.0 if ours == "i2" else 1.0
                pinned_value = None if value is None else value / scale
                unit = units.get(ours, full.se)
                yield from _one(
                    what, _kind(cell[2]), (*cell, ours), getattr(found, ours)[i], pinned_value, unit
                )


def _influence(cell: tuple[str, ...], found: Influence, pinned: dict[str, Any]) -> Iterator[Compared]:
    units = {"tau2_without": found.full.se**2, "q_without": 1e-9}
    for ours, theirs in _INFLUENCE.items():
        for mine, value in zip(getattr(found, ours), pinned[theirs], strict=True):
            unit = units.get(ours, 1e-3)
            yield from _one(f"influence: {ours}", _kind(cell[2]), cell, mine, value, unit)


_LINES = {
    "egger": "egger", "harbord": "harbord", "harbord-rr": "harbord_rr", "peters": "peters",
    "peters-one-arm": "peters_one_arm", "pustejovsky": "pustejovsky",
}  # fmt: skip


def _asymmetry(name: str) -> Iterator[Compared]:
    pinned = reference(name).get("asymmetry")
    if pinned is None:
        return
    cell = (name, reference(name)["primary"])
    effects = effects_of(*cell)
    if np.ptp(effects.yi) == 0:  # refused: there is nothing to test
        return
    for test, key in _LINES.items():
        if pinned.get(key):
            found = asymmetry_test(effects, test=test, force=True)
            yield from _one(
                f"{test}: statistic", "closed form", cell, found.statistic, pinned[key]["stat"], 1.0
            )
            yield from _one(f"{test}: P", "iterative", cell, found.p, pinned[key]["p"], 1e-15)
    for tau2, key in (("REML", "rma_sei"), ("DL", "rma_sei_dl")):
        if pinned.get(key):
            found = asymmetry_test(effects, test="thompson-sharp", force=True, tau2=tau2)
            kind = _kind(tau2)
            yield from _one(
                "thompson-sharp: z", kind, (*cell, tau2), found.statistic, pinned[key]["stat"], 1.0
            )
    if pinned.get("begg"):
        found = asymmetry_test(effects, test="begg", force=True)
        yield from _one("begg: tau", "closed form", cell, found.statistic, pinned["begg"]["tau"], 1.0)
        yield from _one("begg: P", "closed form", cell, found.p, pinned["begg"]["p"], R_SUBTRACTS)
    yield from _trim_fill(cell, effects, pinned["trim_fill"])


def _trim_fill(cell: tuple[str, str], effects: Effects, pinned: dict[str, Any]) -> Iterator[Compared]:
    for key, block in pinned.items():
        if block is None:
            continue
        method, estimator, side = key.split("_")
        full = pool_as(effects, _options(method, "wald"))
        found = trim_and_fill(full, estimator=estimator, side=side)
        where, se = (*cell, key), block["se"]
        yield from _one("trim and fill: k0", "closed form", where, found.k0, block["k0"], 1.0)
        yield from _one("trim and fill: se of k0", "closed form", where, found.k0_se, block["se_k0"], 1.0)
        yield from _one("trim and fill: P of k0", "closed form", where, found.k0_p, block["p_k0"], 1e-15)
        yield from _one(
            "trim and fill: effect", _kind(method), where, found.adjusted.estimate, block["estimate"], se
        )
        yield from _one("trim and fill: se", _kind(method), where, found.adjusted.se, block["se"], se)


def _subgroups(name: str) -> Iterator[Compared]:
    pinned = reference(name).get("subgroup")
    if pinned is None:
        return
    effects = effects_of(name, reference(name)["primary"])
    for sharing in ("own", "common"):
        for method, block in pinned[sharing].items():
            overall = pool_as(effects, _options(method, "wald"))
            found = pool_subgroups(overall, pinned["by"], common_tau2=sharing == "common")
            cell = (name, method, f"by {pinned['by']}")
            yield from _one(f"subgroups, {sharing} tau2: Q", _kind(method), cell, found.q, block["q"], 1e-9)
            yield from _one(f"subgroups, {sharing} tau2: P", "iterative", cell, found.p, block["p"], 1e-15)
            if sharing == "own":
                yield from _groups(found, cell, _kind(method), block)


def _groups(found: Any, cell: tuple[str, ...], kind: str, block: dict[str, Any]) -> Iterator[Compared]:
    ours = dict(found.groups)
    for i, label in enumerate(block["label"]):
        group, se = ours[label], block["se"][i]
        yield from _one("subgroups: effect", kind, (*cell, label), group.estimate, block["estimate"][i], se)
        yield from _one("subgroups: se", kind, (*cell, label), group.se, se, se)


def _ends(
    quantity: str,
    kind: str,
    cell: tuple[str, ...],
    ours: Any,
    reference_ends: Sequence[float] | None,
    unit: float,
) -> Iterator[Compared]:
    if ours is None or reference_ends is None:
        return
    for end, pinned in zip((ours.low, ours.high), reference_ends, strict=True):
        yield from _one(quantity, kind, cell, end, pinned, unit)


def _one(
    quantity: str, kind: str, cell: tuple[str, ...], ours: float | None, pinned: float | None, unit: float
) -> Iterator[Compared]:
    """Compare one number where the reference has one."""
    if pinned is None or ours is None or not isfinite(ours):
        return
    yield Compared(quantity, kind, cell, float(ours), float(pinned), max(unit, 1e-300))


@dataclass(frozen=True, slots=True)
class Summary:
    """The comparisons of one quantity: how many, and the worst."""

    quantity: str
    kind: str
    count: int
    worst: Compared


def summaries(found: Sequence[Compared]) -> list[Summary]:
    """Sum up by quantity and kind of method."""
    groups: dict[tuple[str, str], list[Compared]] = {}
    for one in found:
        groups.setdefault((one.quantity, one.kind), []).append(one)
    return [
        Summary(quantity, kind, len(group), max(group, key=lambda c: c.deviation))
        for (quantity, kind), group in sorted(groups.items())
    ]


_HEAD = """# How near our numbers are to metafor's

Made by `python -m benchmarks.validation`; do not edit. The reference is R metafor {metafor} on {sets} data
sets, converged far beyond its defaults and pinned in tests/reference (its README says how, and where the
two differ and why). A deviation is the difference from the reference in the size of the reference, or in
the natural unit of the quantity where that is larger (the standard error for an effect, the typical
sampling variance for tau2, 1 for I2 and for test statistics).

{total} numbers were compared. Allowed are {closed:g} for closed forms, {iterative:g} for what is solved by
iteration (and for P values), {profile:g} for profile likelihoods and quadrature.

| quantity | method | numbers | allowed | largest deviation | on |
|---|---|---|---|---|---|
"""


def report(found: Sequence[Compared]) -> str:
    """Write the page."""
    head = _HEAD.format(
        metafor=reference("bcg")["metafor"], sets=len(datasets()), total=len(found), closed=CLOSED,
        iterative=ITERATIVE, profile=PROFILE,
    )  # fmt: skip
    rows = [
        f"| {s.quantity} | {s.kind} | {s.count} | {LIMITS[s.kind]:g} "
        f"| {s.worst.deviation:.1e} | {s.worst.where} |"
        for s in summaries(found)
    ]
    return head + "\n".join(rows) + "\n"


def main() -> None:
    found = list(comparisons())
    PAGE.write_text(report(found), "utf-8")
    print(f"{len(found)} numbers compared; {PAGE.relative_to(ROOT)} written.")


if __name__ == "__main__":
    main()
