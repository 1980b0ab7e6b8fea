from math import log

import pytest

from metareview.effects import effect_sizes
from metareview.review.trail import WORKED, worked

NUMBERS = {
    "RR": {"ai": 54.0, "n1i": 65.0, "ci": 36.0, "n2i": 66.0},
    "OR": {"ai": 54.0, "n1i": 65.0, "ci": 36.0, "n2i": 66.0},
    "RD": {"ai": 54.0, "n1i": 65.0, "ci": 36.0, "n2i": 66.0},
    "PLO": {"xi": 5.0, "ni": 14.0},
    "PR": {"xi": 5.0, "ni": 14.0},
    "MD": {"m1i": 4.5, "sd1i": 1.0, "n1i": 20.0, "m2i": 3.25, "sd2i": 1.5, "n2i": 22.0},
    "IRR": {"x1i": 5.0, "t1i": 100.5, "x2i": 9.0, "t2i": 98.25},
    "HR": {"estimate": 0.55, "ci_low": 0.36, "ci_high": 0.84},
}


@pytest.mark.parametrize("code", WORKED)
def test_the_formula_as_written_gives_the_effect(code):
    written = worked(code, NUMBERS[code]).removesuffix(" = ")
    columns = {name: [value] for name, value in NUMBERS[code].items()}
    assert eval(written, {"log": log}) == pytest.approx(
        float(effect_sizes(columns, measure=code).yi[0]), rel=1e-12
    )


def test_a_formula_is_not_written_where_a_zero_cell_was_treated():
    assert worked("RR", {**NUMBERS["RR"], "ai": 0.0}) == ""
    assert worked("SMD", NUMBERS["MD"]) == ""
