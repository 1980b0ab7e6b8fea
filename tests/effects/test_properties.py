"""What must hold of every effect, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects import MEASURES, effect_sizes
from metareview.effects.continuous import hedges_correction

k = st.shared(st.integers(1, 6), key="k")


def series(values):
    return k.flatmap(lambda n: st.lists(values, min_size=n, max_size=n))


events, others = series(st.integers(0, 40)), series(st.integers(1, 60))
sizes = series(st.integers(3, 400))
means, spreads = series(st.floats(0.5, 100)), series(st.floats(0.2, 50))
times = series(st.floats(1, 5000))

TABLE = st.fixed_dictionaries({"ai": events, "bi": others, "ci": events, "di": others})
TWO_MEANS = st.fixed_dictionaries(
    {"m1i": means, "sd1i": spreads, "n1i": sizes, "m2i": means, "sd2i": spreads, "n2i": sizes}
)
TWO_RATES = st.fixed_dictionaries({"x1i": events, "t1i": times, "x2i": events, "t2i": times})
SWAPS = {
    **dict.fromkeys(["RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "PBIT"], (TABLE, "ai ci bi di")),
    **dict.fromkeys(
        ["MD", "SMD", "SMDH", "ROM", "CVR", "VR", "RPB"], (TWO_MEANS, "m1i m2i sd1i sd2i n1i n2i")
    ),
    **dict.fromkeys(["IRR", "IRD", "IRSD"], (TWO_RATES, "x1i x2i t1i t2i")),
}


def swapped(data, names):
    first, second = names[::2], names[1::2]
    turn = dict(zip(first, second, strict=True)) | dict(zip(second, first, strict=True))
    return {turn[name]: values for name, values in data.items()}


@pytest.mark.parametrize("measure", SWAPS)
@given(st.data())
def test_swapping_the_arms_flips_the_sign(measure, data):
    numbers, names = SWAPS[measure]
    drawn = data.draw(numbers)
    one = effect_sizes(drawn, measure=measure)
    other = effect_sizes(swapped(drawn, names.split()), measure=measure)
    np.testing.assert_allclose(one.yi, -other.yi, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.vi, other.vi, rtol=1e-9, atol=1e-15)


@given(TWO_MEANS, st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_the_unit_of_an_outcome_scales_md_and_leaves_smd_and_rom(data, factor, shift):
    lengths = ("m1i", "sd1i", "m2i", "sd2i")
    scaled = {n: [x * factor for x in v] if n in lengths else v for n, v in data.items()}
    moved = {n: [x + shift for x in v] if n in ("m1i", "m2i") else v for n, v in data.items()}
    base = {m: effect_sizes(data, measure=m) for m in ("MD", "SMD", "ROM", "CVR", "VR")}
    for measure, effects in base.items():
        grows = factor if measure == "MD" else 1
        again = effect_sizes(scaled, measure=measure)
        np.testing.assert_allclose(again.yi, effects.yi * grows, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(again.vi, effects.vi * grows**2, rtol=1e-9)
    for measure in ("MD", "SMD"):
        again = effect_sizes(moved, measure=measure)
        np.testing.assert_allclose(again.yi, base[measure].yi, rtol=1e-7, atol=1e-9)


@given(TWO_RATES, st.floats(1e-3, 1e3))
def test_the_unit_of_time_leaves_the_rate_ratio(data, factor):
    scaled = {n: [x * factor for x in v] if n in ("t1i", "t2i") else v for n, v in data.items()}
    one, other = effect_sizes(data, measure="IRR"), effect_sizes(scaled, measure="IRR")
    np.testing.assert_allclose(one.yi, other.yi, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(one.vi, other.vi, rtol=1e-12)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@given(st.data())
def test_the_order_of_the_studies_does_not_matter(measure, data):
    drawn = data.draw(TABLE)
    order = data.draw(st.permutations(range(len(drawn["ai"]))))
    one = effect_sizes(drawn, measure=measure)
    other = effect_sizes({n: [v[i] for i in order] for n, v in drawn.items()}, measure=measure)
    np.testing.assert_array_equal(one.yi[list(order)], other.yi)
    assert tuple(one.study_notes[i] for i in order) == other.study_notes
    assert one.notes[:2] == other.notes[:2]


@given(TABLE)
def test_a_variance_is_positive_wherever_there_is_an_effect(data):
    for measure in ("RR", "OR", "RD", "PETO", "YUQ", "YUY"):
        effects = effect_sizes(data, measure=measure)
        assert np.all(effects.vi[np.isfinite(effects.yi)] > 0)


@given(st.integers(2, 10_000))
def test_hedges_correction_lies_between_its_bounds(df):
    """J < 1, and Hedges' approximation 1 - 3/(4m - 1) is good to a few thousandths from m = 2 on."""
    j = float(hedges_correction(np.array([float(df)]))[0])
    assert 0 < j < 1
    assert j == pytest.approx(1 - 3 / (4 * df - 1), abs=0.02 / df)


def test_hedges_correction_has_no_value_below_two_degrees_of_freedom():
    assert np.isnan(hedges_correction(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize("code", [c for c, m in MEASURES.items() if m.takes_printed])
@given(y=st.floats(0.01, 0.99))
def test_forward_undoes_back(code, y):
    measure = MEASURES[code]
    assert measure.forward(measure.back(y)) == pytest.approx(y, rel=1e-9)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_double_arcsine_comes_back_exactly(pair):
    x, n = pair
    effects = effect_sizes({"xi": [x], "ni": [n]}, measure="PFT")
    assert effects.printed(effects.yi)[0] == pytest.approx(x / n, abs=1e-9)
    assert 0 <= effects.measure.back(effects.yi[0]) <= 1
