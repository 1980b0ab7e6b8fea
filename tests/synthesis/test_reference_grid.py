"""Every number beside the pinned reference, and proof that the grid cannot quietly shrink."""

import csv
from pathlib import Path

import pytest

from benchmarks.validation import (
    CIS,
    LIMITS,
    METHODS,
    PAGE,
    PREDICTIONS,
    Compared,
    comparisons,
    datasets,
    effects_of,
    reference,
    report,
    summaries,
)
from metareview.effects import effect_sizes

DATASETS = Path(__file__).parent.parent / "reference" / "datasets"
# the measures that metafor's reference pools, by what a data set holds
MEASURES = {
    "2x2": {"RR", "OR", "RD"},
    "cont": {"MD", "SMD", "SMDH", "ROM"},
    "cor": {"COR", "UCOR", "ZCOR"},
    "rate": {"IRR", "IRD", "IRSD"},
    "prop": {"PR", "PLN", "PLO", "PAS", "PFT"},
    "gen": {"GEN"},
    "alpha": {"ARAW", "AHW", "ABT"},
}
QUANTITIES = 150  # no fewer are compared


@pytest.fixture(scope="module")
def found():
    return list(comparisons())


def test_every_number_is_as_near_as_its_method_allows(found):
    off = [c for c in found if not c.deviation <= c.limit]
    assert [(c.quantity, c.where, c.ours, c.reference) for c in off[:20]] == []


def kind_of(columns):
    if "m1i" in columns:
        return "cont"
    if "x1i" in columns:
        return "rate"
    if {"ai", "ci"} <= columns:
        return "2x2"
    named = (("ri", "cor"), ("xi", "prop"), ("yi", "gen"), ("ai", "alpha"))
    return next(kind for name, kind in named if name in columns)


def header(name):
    return set(next(csv.reader((DATASETS / f"{name}.csv").read_text("utf-8").splitlines())))


def test_every_data_set_is_in_the_grid_under_every_measure_it_can_have():
    expected = {path.stem: kind_of(header(path.stem)) for path in DATASETS.glob("*.csv")}
    assert set(datasets()) == set(expected)
    for name in datasets():
        assert set(reference(name)["measures"]) == MEASURES[expected[name]], name
    assert len(datasets()) >= 40


def test_every_cell_of_data_set_measure_estimator_and_interval_is_compared(found):
    seen = {c.cell for c in found if c.quantity.startswith("confidence interval, ")}
    for name in datasets():
        for measure, block in reference(name)["measures"].items():
            k = len(block["yi"])
            for method in METHODS:
                for ci in CIS:
                    # one study is shown as it stands: it has no estimator and only its own interval
                    if k > 1 or (method, ci) == ("EE", "wald"):
                        assert (name, measure, method, ci) in seen


def test_every_estimator_has_its_tau2_prediction_and_q_profile_in_the_grid(found):
    by_quantity = {}
    for c in found:
        by_quantity.setdefault(c.quantity, set()).add(c.cell[:3])
    cells = {
        (name, measure, method)
        for name in datasets()
        for measure, block in reference(name)["measures"].items()
        if len(block["yi"]) > 1
        for method in METHODS
        if method != "EE"
    }
    assert cells <= by_quantity["tau2"]
    assert cells <= by_quantity["interval of tau2, QP"]
    for code in (*PREDICTIONS.values(), "t(k-2)"):
        least = 2 if code == "t(k-2)" else 1
        able = {cell for cell in cells if len(reference(cell[0])["measures"][cell[1]]["yi"]) > least}
        assert able <= by_quantity[f"prediction interval {code}"]


def test_enough_is_compared_for_the_word_all(found):
    assert len(found) > 180_000
    assert len({c.quantity for c in found}) >= QUANTITIES
    blocks = {c.quantity.split(":")[0].split(",")[0] for c in found}
    assert {"leave-one-out", "cumulative", "trim and fill", "harbord", "peters", "egger", "begg"} <= blocks
    assert {"thompson-sharp", "pustejovsky", "subgroups", "weights", "Q", "effect sizes"} <= blocks


def test_a_wrong_number_would_be_seen():
    wrong = Compared("tau2", "iterative", ("bcg",), 0.3132432, 0.3132433, 0.01)
    right = Compared("tau2", "closed form", ("bcg",), 0.0, 1e-14, 0.01)
    assert wrong.deviation > wrong.limit
    assert right.deviation <= right.limit


def test_our_effects_are_those_that_were_pooled_in_the_reference():
    for name, measure in (
        ("bcg", "RR"),
        ("normand1999", "SMD"),
        ("pritz1997", "PLO"),
        ("nielweise2008", "IRR"),
    ):
        table = list(csv.DictReader((DATASETS / f"{name}.csv").read_text("utf-8").splitlines()))
        ours = effect_sizes({c: [row[c] for row in table] for c in table[0]}, measure=measure)
        theirs = effects_of(name, measure)
        assert ours.yi == pytest.approx(theirs.yi, rel=1e-10)
        assert ours.vi == pytest.approx(theirs.vi, rel=1e-10)


def rows_of(page):
    """Return the table of the page without its floating-point column and the place of the worst."""
    lines = [
        line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ") and "---" not in line
    ]
    return [tuple(cell.strip() for cell in line[:4]) for line in lines[1:]]


def test_the_page_of_the_comparison_is_current(found):
    """Counts, methods and limits must be those of today; the deviations are machine noise."""
    page = PAGE.read_text("utf-8")
    assert rows_of(page) == rows_of(report(found))


def test_the_page_claims_no_deviation_beyond_its_limit():
    page = PAGE.read_text("utf-8")
    for line in page.splitlines():
        if line.startswith("| ") and "e-" in line:
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            assert float(cells[4]) <= float(cells[3])


def test_the_summary_finds_the_worst(found):
    worst = {(s.quantity, s.kind): s.worst.deviation for s in summaries(found)}
    for c in found[:5000]:
        assert c.deviation <= worst[c.quantity, c.kind]
    assert set(LIMITS.values()) == {1e-10, 1e-8, 1e-5}
