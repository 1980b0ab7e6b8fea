"""Every measure against R metafor's escalc; tests/reference/make_escalc.R makes the numbers."""

import csv
import json
from pathlib import Path

import mpmath
import numpy as np
import pytest

from metareview.effects import MEASURES, ZeroCells, effect_sizes

REFERENCE = Path(__file__).parent.parent / "reference"
FILES = sorted((REFERENCE / "escalc").glob("*.json"))
CLOSED_FORM = 1e-10
# no formula of their own in metafor: as reported, or the display of another measure, or from a t
OWN = {"HR", "GEN", "GENLOG", "VE", "D"}
# metafor evaluates the hypergeometric function of UCOR by quadrature, to about 1e-3 near r = 0
LOOSE = {"UCOR": 2e-3, "UCOR vtype=LS": 2e-3, "UCOR vtype=UB": 0.1}


def load(path):
    folders = (REFERENCE / "datasets", REFERENCE / "escalc" / "datasets")
    table = next(f / f"{path.stem}.csv" for f in folders if (f / f"{path.stem}.csv").exists())
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return columns, json.loads(path.read_text("utf-8"))["escalc"]


def as_metafor(data, key):
    """What metafor's call of that key asks for: its defaults, which keep studies without events."""
    code, *options = key.split()
    given = dict(option.split("=") for option in options)
    measure = MEASURES[code]
    rule = ZeroCells(
        add=float(given.get("add", measure.add)),
        to=given.get("to", "only0" if measure.add else "none"),
        drop00=given.get("drop00") == "TRUE",
    )
    vtype = given.get("vtype", "LS" if code == "ZPCOR" else None)
    return effect_sizes(data, measure=code, zero_cells=rule, vtype=vtype)


def distance(ours, theirs):
    """Largest relative difference; both must be missing in the same places."""
    theirs = np.array([np.nan if v is None else v for v in theirs], dtype=float)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    known = ~np.isnan(theirs)
    apart = np.abs(ours - theirs)[known]
    return np.max(apart / np.maximum(np.abs(theirs[known]), 1e-15), initial=0, where=apart > 1e-15)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_effects_equal_metafors(path):
    data, reference = load(path)
    for key, expected in reference.items():
        effects = as_metafor(data, key)
        limit = LOOSE.get(key, CLOSED_FORM)
        assert distance(effects.yi, expected["yi"]) < limit, key
        assert distance(effects.vi, expected["vi"]) < limit, key


@pytest.mark.parametrize("name", ["white2020", "molloy2014", "mcdaniel1994"])
def test_the_unbiased_correlation_is_exact_where_metafors_is_not(name):
    data, _ = load(REFERENCE / "escalc" / f"{name}.json")
    effects = effect_sizes(data, measure="UCOR", vtype="UB")
    for r, n, yi, vi in zip(data["ri"], data["ni"], effects.yi, effects.vi, strict=True):
        if abs(float(r)) == 1:
            continue
        size, rest = mpmath.mpf(n), 1 - mpmath.mpf(r) ** 2
        exact = mpmath.mpf(r) * mpmath.hyp2f1(0.5, 0.5, (size - 2) / 2, rest)
        square = 1 - (size - 3) / (size - 2) * rest * mpmath.hyp2f1(1, 1, size / 2, rest)
        assert yi == pytest.approx(float(exact), rel=1e-12, abs=1e-15)
        assert vi == pytest.approx(float(exact**2 - square), rel=1e-9)


def test_the_grid_is_complete():
    """Every measure, and every kind of variance, has a reference."""
    seen = {
        " ".join(p for p in key.split() if "vtype" in p or "=" not in p) for f in FILES for key in load(f)[1]
    }
    wanted = {code for code in MEASURES if code not in OWN}
    variants = {
        f"{code} vtype={v}"
        for code, m in MEASURES.items()
        if len(m.variants) > 1
        for v in m.variants
        if (code, v) != ("ZPCOR", "F")
    }
    assert wanted | variants <= seen


def test_the_grid_holds_every_treatment_of_zero_cells():
    keys = {key for f in FILES for key in load(f)[1]}
    for code in ("RR", "OR", "RD", "PETO", "IRR", "IRD"):
        for option in ("to=all", "to=only0", "to=if0all", "to=none"):
            assert f"{code} add=0.5 {option}" in keys
        assert f"{code} add=0.25 to=only0" in keys
        assert f"{code} add=0.5 to=only0 drop00=TRUE" in keys
