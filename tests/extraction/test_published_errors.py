"""Errors that stand in published sources of the worked review; each is planted and must be found."""

import pytest

from metareview.extraction import check_sheets, read_sheets
from metareview.protocol import read_protocol


@pytest.fixture
def plan():
    return read_protocol("protocols/msc-sr-agvhd.toml")


@pytest.fixture
def found(tmp_path, plan):
    """Write rows as a source prints them and return what the radar says of them."""

    def write(name, columns, rows):
        lines = [",".join(columns)] + [",".join(str(row.get(c, "")) for c in columns) for row in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def look(results=(), contrasts=(), arms=("msc", "control")):
        write("studies", ["study", "label"], [{"study": "S", "label": "S"}])
        write("arms", ["study", "arm", "role"], [{"study": "S", "arm": a, "role": a} for a in arms])
        write(
            "results",
            [
                "row",
                "study",
                "outcome",
                "timepoint",
                "population",
                "arm",
                "n",
                "events",
                "percent",
                "p",
                "basis",
            ],
            [{"row": f"r{k}", "study": "S", "basis": "reported"} | row for k, row in enumerate(results)],
        )
        write(
            "contrasts",
            [
                "row",
                "study",
                "outcome",
                "arm_1",
                "arm_2",
                "measure",
                "estimate",
                "ci_low",
                "ci_high",
                "p",
                "basis",
            ],
            [
                {"row": f"c{k}", "study": "S", "arm_1": "msc", "arm_2": "control", "basis": "reported"} | row
                for k, row in enumerate(contrasts)
            ],
        )
        return {
            (f.check, f.column, f.value)
            for f in check_sheets(read_sheets(tmp_path, plan), plan)
            if f.level != "note"
        }

    return look


def rows(outcome, *arms, **shared):
    return [{"outcome": outcome, "arm": a, "n": n, "events": e, "percent": p} | shared for a, n, e, p in arms]


def test_a_total_of_6_where_the_arms_have_2_and_3(found):
    """Index trial 2024, Table 1: low-dose cyclophosphamide."""
    table = rows("baseline_low_dose_ptcy", ("msc", 65, 2, ""), ("control", 65, 3, ""), ("total", 130, 6, 4.6))
    assert ("total-sum", "events", "6") in found(table)


def test_77_3_per_cent_of_15(found):
    """A review of 2022 on Bloor 2020: 5/8 and 6/7 are 11/15."""
    assert ("percent-events", "percent", "77.3") in found(rows("overall_response", ("msc", 15, 11, 77.3)))


def test_51_3_per_cent_for_123_of_241(found):
    """Study 275: partial responses; 123/241 is 51.0%."""
    assert ("percent-events", "percent", "51.3") in found(rows("overall_response", ("msc", 241, 123, 51.3)))


@pytest.mark.parametrize("n", [32, 33])
def test_21_6_per_cent_for_7_of_32_or_33(found, n):
    """Servais 2018: complete responses; 21.9% of 32, 21.2% of 33."""
    assert ("percent-events", "percent", "21.6") in found(rows("complete_response", ("msc", n, 7, 21.6)))


def test_36_6_per_cent_for_19_of_52(found):
    """Donadel 2023: complete responses; 36.5%."""
    assert ("percent-events", "percent", "36.6") in found(rows("complete_response", ("msc", 52, 19, 36.6)))


def test_p_of_0_610_beside_an_interval_that_gives_0_48(found):
    """Zhao 2022: relapse, hazard ratio."""
    printed = {
        "outcome": "relapse",
        "measure": "HR",
        "estimate": 0.75,
        "ci_low": 0.34,
        "ci_high": 1.67,
        "p": "0.610",
    }
    assert ("ci-p", "p", "0.610") in found(contrasts=[printed])


def test_an_odds_ratio_of_2_02_where_the_counts_give_2_03(found):
    """Zhao 2022: durable overall response, 78/99 v 64/99."""
    table = rows("durable_overall_response", ("msc", 99, 78, 78.8), ("control", 99, 64, 64.6))
    printed = {
        "outcome": "durable_overall_response",
        "measure": "OR",
        "estimate": 2.02,
        "ci_low": 1.08,
        "ci_high": 3.83,
    }
    assert ("effect-counts", "estimate", "2.02") in found(table, [printed])


def test_44_5_per_cent_of_313(found):
    """Daenen 2025: no whole number of 313 is 44.5%."""
    assert ("percent-grim", "percent", "44.5") in found(rows("overall_response", ("msc", 313, "", 44.5)))


def test_p_values_of_the_uncorrected_chi_square_are_not_doubted(found):
    """Index trial 2024, Table 4: the P values are of the uncorrected test."""
    for one, two, p in [((62, 2), (65, 9), 0.033), ((62, 6), (65, 6), 0.931), ((62, 1), (65, 5), 0.102)]:
        table = rows("ebv_infection", ("msc", *one, ""), ("control", *two, ""), p=p)
        assert not found(table)


def test_a_p_value_of_another_test_than_the_one_named_is_doubted(found):
    """The same table with Fisher's test named would print 0.055 (and not 0.033)."""
    table = rows("ebv_infection", ("msc", 62, 2, ""), ("control", 65, 9, ""), p=0.003)
    assert ("p-numbers", "p", "0.003") in found(table)


def test_the_shipped_sheets_have_no_error_and_every_warning_is_answered(plan):
    findings = check_sheets(read_sheets("extracted/msc-sr-agvhd", plan), plan)
    assert [f for f in findings if f.level == "error"] == []
    assert [str(f) for f in findings if f.level == "warning" and not f.answer] == []
    assert {f.check for f in findings if f.answer} >= {
        "percent-grim",
        "percent-events",
        "ci-p",
        "effect-counts",
    }
