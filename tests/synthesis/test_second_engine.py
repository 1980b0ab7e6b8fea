"""The same estimate by PyMARE and statsmodels."""

import numpy as np
import pytest

from benchmarks.validation import effects_of
from metareview.effects import effect_sizes
from metareview.synthesis import pool
from metareview.synthesis.second_engine import check_synthesis

BCG = effects_of("bcg", "RR")


@pytest.mark.parametrize(
    ("asked", "engine", "quantities"),
    [
        ({}, "pymare", {"estimate", "se", "ci_low", "ci_high", "tau2", "q"}),
        ({"ci": "wald"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "tau2", "q"}),
        ({"ci": "hksj-floor"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "tau2", "q"}),
        ({"tau2": "DL"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "tau2", "q"}),
        ({"tau2": "HE", "ci": "wald"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "tau2", "q"}),
        ({"tau2": "ML", "ci": "kr"}, "pymare", {"estimate", "tau2", "q"}),
        ({"ci": "hc"}, "pymare", {"tau2", "q"}),
        ({"tau2": 0.1, "ci": "wald"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "q"}),
        ({"model": "common"}, "pymare", {"estimate", "se", "ci_low", "ci_high", "q"}),
        ({"tau2": "PM", "ci": "wald"}, "statsmodels", {"estimate", "se", "tau2", "q"}),
        ({"tau2": "EB", "ci": "hksj"}, "statsmodels", {"estimate", "se", "tau2", "q"}),
    ],
)
def test_both_engines_agree(asked, engine, quantities):
    found = check_synthesis(pool(BCG, **asked))
    assert {agreement.quantity for agreement in found} == quantities
    assert all(agreement.agrees and agreement.engine == engine for agreement in found)
    assert all(agreement.version for agreement in found)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_they_agree_in_any_unit_and_at_any_offset(scale):
    yi = scale * (np.array([0.1, 0.5, 0.3, 0.9, 0.2]) + 7)
    effects = effect_sizes(
        {"yi": yi, "vi": scale**2 * np.array([0.01, 0.02, 0.03, 0.01, 0.05])}, measure="GEN"
    )
    assert all(agreement.agrees for agreement in check_synthesis(pool(effects)))


def test_they_agree_where_the_likelihood_has_two_maxima():
    assert all(a.agrees for a in check_synthesis(pool(effects_of("gibson2002", "MD"))))


def test_a_wrong_figure_is_seen():
    from dataclasses import replace

    found = check_synthesis(replace(pool(BCG), estimate=-0.7146))
    assert [a.quantity for a in found if not a.agrees] == ["estimate"]


def test_what_the_other_engines_lack_is_not_checked():
    assert check_synthesis(pool(BCG, tau2="SJ")) == ()
    assert check_synthesis(pool(effect_sizes({"yi": [0.1], "vi": [0.1]}, measure="GEN"))) == ()
    assert check_synthesis(pool(BCG, policy="revman5")) == ()
