"""The table of measures, as a table."""

from pathlib import Path

import numpy as np
import pytest

from metareview.effects import MEASURES
from metareview.effects.pages import measures_page

ASKED = {
    *("RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "VE"),
    *("MD", "SMD", "SMDH", "ROM", "CVR", "VR", "MC", "SMCC", "SMCR", "D"),
    *("PR", "PLN", "PLO", "PAS", "PFT", "MN", "MNLN", "IR", "IRLN", "IRS", "IRFT", "IRR", "IRD", "IRSD"),
    *("COR", "ZCOR", "UCOR", "PCOR", "ZPCOR", "GEN", "HR"),
}
DOCS = Path(__file__).parents[2] / "docs"


def test_every_measure_of_the_field_has_its_row():
    assert set(MEASURES) >= ASKED


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_a_row_is_whole(measure):
    assert measure.label and measure.axis and measure.citation and measure.needs
    assert measure.arms in (1, 2) and measure.kind in {
        "binary", "continuous", "rate", "correlation", "reliability", "contrast",
    }  # fmt: skip
    assert next(iter(measure.variants.values())) is measure.formula
    assert measure.null in (0.0, None)
    if measure.null is not None and measure.kind != "correlation":
        printed = float(measure.back(measure.null))
        assert printed == (1.0 if measure.scale == "log" and measure.code != "VE" else 0.0)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        MEASURES["RR"] = None


def test_measures_compare_by_row_and_can_be_copied():
    import pickle

    for measure in MEASURES.values():
        assert pickle.loads(pickle.dumps(measure.back))(0.5) == measure.back(0.5)


def test_back_takes_arrays_and_numbers():
    for measure in MEASURES.values():
        one, many = measure.back(0.3), measure.back(np.array([0.3, 0.4]))
        assert np.shape(many) == (2,) and many[0] == pytest.approx(float(one))


def test_the_page_of_measures_is_current():
    assert (DOCS / "measures.md").read_text("utf-8") == measures_page()
