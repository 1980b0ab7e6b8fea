"""The JSON contract and the tables of a synthesis."""

import json

import numpy as np
import pytest

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.synthesis import as_dict, pool

BCG = effects_of("bcg", "RR")

KEYS = [
    "measure", "k", "estimate", "se", "ci", "statistic", "df", "p", "prediction",
    "tau2", "tau2_ci", "i2", "i2_ci", "h2", "h2_ci", "q", "q_df", "q_p", "from_tau2", "from_q",
    "method", "alternatives", "notes", "display", "studies",
]  # fmt: skip
STUDY_KEYS = ["study", "yi", "vi", "se", "ci", "weight", "estimable", "data", "notes", "display"]
METHOD_KEYS = {"policy", "version", "model", "tau2", "ci", "prediction", "level", "choices"}
CHOICE_KEYS = {"what", "value", "reason", "citation", "overridden"}
GLOSSARY = {
    "study", "measure", "estimate", "ci_low", "ci_high", "se", "p", "weight", "k", "tau2", "i2", "q", "df",
    "prediction_low", "prediction_high",
}  # fmt: skip


def generic(yi, vi):
    return effect_sizes({"yi": list(yi), "vi": list(vi)}, measure="GEN")


def test_the_keys_are_the_contract():
    answer = as_dict(pool(BCG))
    assert [key for key in answer if key in KEYS] == KEYS
    assert list(answer["studies"][0])[: len(STUDY_KEYS)] == STUDY_KEYS
    assert set(answer["method"]) >= METHOD_KEYS
    assert set(answer["method"]["choices"][0]) >= CHOICE_KEYS
    assert set(answer["display"]) == {"label", "estimate", "ci", "prediction", "null", "sentence"}


def test_the_values_of_bcg_are_pinned():
    answer = as_dict(pool(BCG))
    assert answer["measure"] == "RR"
    assert answer["k"] == answer["q_df"] + 1 == 13
    assert answer["estimate"] == pytest.approx(-0.7145323421581395, rel=1e-12)
    assert answer["ci"] == pytest.approx([-1.108443713685551, -0.3206209706307281], rel=1e-12)
    assert answer["prediction"] == pytest.approx([-1.9960168341962023, 0.5669521498799233], rel=1e-12)
    assert answer["tau2_ci"] == pytest.approx([0.11971836114126079, 1.1114790840609277], rel=1e-9)
    assert answer["display"]["estimate"] == pytest.approx(np.exp(answer["estimate"]))
    assert answer["display"]["ci"] == pytest.approx(np.exp(answer["ci"]))
    assert answer["display"]["null"] == 1
    study = answer["studies"][0]
    assert study["display"]["estimate"] == pytest.approx(np.exp(study["yi"]))
    assert study["data"]["ai"] == 4
    assert sum(study["weight"] for study in answer["studies"]) == pytest.approx(1)


@pytest.mark.parametrize(
    "effects",
    [
        generic([0.1], [0.1]),
        generic([0.1, np.nan, 0.4], [0.1, 0.1, 0.2]),
        generic([0.3] * 4, [0.1] * 4),
        effect_sizes({"xi": [0, 20, 30], "ni": [50, 60, 70]}, measure="PFT"),
    ],
    ids=["one", "missing", "alike", "proportions"],
)
@pytest.mark.parametrize("ci", [None, "hksj", "permutation"])
def test_every_number_is_finite_or_null(effects, ci):
    text = json.dumps(as_dict(pool(effects, ci=ci)), allow_nan=False)
    assert json.loads(text)["k"] >= 1


def test_what_is_not_estimable_is_null_and_kept():
    study = as_dict(pool(generic([0.1, np.nan, 0.4], [0.1, 0.1, 0.2])))["studies"][1]
    assert (study["yi"], study["ci"], study["weight"], study["estimable"]) == (None, None, 0.0, False)
    assert study["display"] == {"estimate": None, "ci": None}


def test_a_measure_that_falls_is_printed_with_its_lower_end_first():
    counts = {name: BCG.data[name] for name in ("ai", "n1i", "ci", "n2i")}
    fit = pool(effect_sizes(counts, measure="VE"))
    low, high = as_dict(fit)["display"]["ci"]
    assert low < as_dict(fit)["display"]["estimate"] < high
    assert (low, high) == pytest.approx([100 * (1 - np.exp(x)) for x in (fit.ci.high, fit.ci.low)])


def test_rows_are_the_studies_and_then_the_pooled_row():
    rows = pool(BCG).rows()
    assert len(rows) == 14
    assert set(rows.columns) <= GLOSSARY
    assert rows["study"].iloc[-1] == "Pooled"
    assert rows["estimate"].iloc[-1] == pytest.approx(0.48942094)
    assert rows["weight"].iloc[:-1].sum() == pytest.approx(1)


def test_rows_of_one_study_have_no_pooled_row():
    assert list(pool(generic([0.1], [0.1])).rows()["weight"]) == [1.0]


def test_a_summary_is_one_row_of_the_glossary():
    row = pool(BCG).summary()
    assert (len(row), set(row.columns) <= GLOSSARY) == (1, True)
    assert row["i2"].item() == pytest.approx(0.9222138452126896)
    assert row["df"].item() == 12
