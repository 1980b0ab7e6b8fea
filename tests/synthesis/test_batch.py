"""Many syntheses at once: the same figures as one by one, and no data set that fails."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.effects import effect_sizes
from metareview.errors import SynthesisError
from metareview.synthesis import Options, pool_as, pool_many
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.tau2 import ESTIMATORS


def generic(yi, vi):
    return effect_sizes({"yi": list(yi), "vi": list(vi)}, measure="GEN")


def simulated(k, sets, seed=1):
    random = np.random.default_rng(seed)
    v = random.uniform(0.01, 0.6, (k, sets)) * random.chisquare(4, (k, sets)) / 4
    return random.normal(0, np.sqrt(v + 0.1)), v


def same(batch, i, fit):
    ends = (batch.estimate[i], batch.se[i], batch.ci_low[i], batch.ci_high[i], batch.tau2[i])
    one = (fit.estimate, fit.se, fit.ci.low, fit.ci.high, fit.heterogeneity.tau2)
    assert ends == pytest.approx(one, rel=1e-9, abs=1e-12)
    assert (batch.q[i], batch.i2[i]) == pytest.approx((fit.heterogeneity.q, fit.heterogeneity.i2), rel=1e-9)
    if fit.prediction is None:
        assert np.isnan(batch.prediction_low[i])
    else:
        expected = (fit.prediction.low, fit.prediction.high)
        assert (batch.prediction_low[i], batch.prediction_high[i]) == pytest.approx(expected, rel=1e-9)


EVERY = [Options()] + [Options(tau2=code) for code in ESTIMATORS]
EVERY += [Options(ci=code) for code in INTERVALS if code != "permutation"]
EVERY += [Options(prediction=code) for code in PREDICTIONS if code != "bootstrap"]
EVERY += [Options(model="common"), Options(tau2=0.2), Options(i2="Q"), Options(level=0.9)]
EVERY += [Options(policy=name) for name in ("iqwig", "metafor")]


@pytest.mark.parametrize("options", EVERY, ids=str)
def test_a_batch_gives_what_one_by_one_gives(options):
    y, v = simulated(7, 6)
    batch = pool_many(y, v, options=options)
    for i in range(6):
        same(batch, i, pool_as(generic(y[:, i], v[:, i]), options))


def test_a_mask_leaves_studies_out_of_shared_and_of_own_data():
    y, v = simulated(9, 1)
    y, v = y[:, 0], v[:, 0]
    mask = np.random.default_rng(3).random((9, 40)) < 0.6
    mask[:3] = True
    shared = pool_many(y, v, mask)
    own = pool_many(np.repeat(y[:, None], 40, axis=1), np.repeat(v[:, None], 40, axis=1), mask)
    for i in range(40):
        fit = pool_as(generic(y[mask[:, i]], v[mask[:, i]]), Options())
        same(shared, i, fit)
        same(own, i, fit)


def test_data_sets_of_one_study_and_of_none_have_their_own_answer():
    mask = np.array([[True, False, True], [False, False, True], [False, False, True]])
    batch = pool_many([0.1, 0.5, 0.9], [0.04, 0.01, 0.02], mask)
    assert list(batch.k) == [1, 0, 3]
    assert (batch.estimate[0], batch.se[0], batch.tau2[0]) == pytest.approx((0.1, 0.2, 0.0))
    assert np.isnan(batch.estimate[1]) and np.isnan(batch.ci_low[1]) and np.isnan(batch.q[1])
    assert np.isfinite(batch.estimate[2])


def test_studies_without_an_effect_are_left_out():
    y, v = np.array([[0.1], [np.nan], [0.5], [0.3]]), np.array([[0.1], [0.1], [-1.0], [0.2]])
    assert pool_many(y, v).k[0] == 2


def test_ten_thousand_syntheses_all_have_an_answer():
    batch = pool_many(*simulated(10, 10_000), options=Options(ci="hksj", prediction="hksj"))
    for field in ("estimate", "se", "ci_low", "ci_high", "tau2", "prediction_low", "prediction_high", "p"):
        assert np.isfinite(getattr(batch, field)).all(), field


def test_a_large_offset_does_not_show():
    y, v = simulated(10, 30)
    y = np.round(y * 2**20) / 2**20  # so that adding 2**22 is exact
    here, there = (
        pool_many(y, v, options=Options(tau2_ci="QP")),
        pool_many(y + 2.0**22, v, options=Options(tau2_ci="QP")),
    )
    assert there.tau2 == pytest.approx(here.tau2, rel=1e-12, abs=1e-15)
    assert there.tau2_high == pytest.approx(here.tau2_high, rel=1e-12)
    assert there.se == pytest.approx(here.se, rel=1e-13)


def test_chunks_do_not_show():
    y, v = simulated(10, 7000)
    whole, part = pool_many(y, v), pool_many(y[:, 3270:3290], v[:, 3270:3290])
    assert part.estimate == pytest.approx(whole.estimate[3270:3290], rel=1e-10)
    assert part.tau2 == pytest.approx(whole.tau2[3270:3290], rel=1e-9, abs=1e-14)


def test_leave_one_out_of_a_thousand_equals_fits_made_alone():
    y, v = simulated(1000, 1)
    y, v = y[:, 0], v[:, 0]
    batch = pool_many(y, v, ~np.eye(1000, dtype=bool))
    for i in (0, 17, int(np.argmin(v)), 999):
        same(batch, i, pool_as(generic(np.delete(y, i), np.delete(v, i)), Options()))


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**30))
def test_wild_data_sets_never_fail(k, sets, seed):
    random = np.random.default_rng(seed)
    v = 10.0 ** random.uniform(-12, 12, (k, sets))
    y = random.normal(0, 1, (k, sets)) * 10.0 ** random.uniform(-6, 6, (k, sets))
    batch = pool_many(y, v)
    assert np.isfinite(batch.estimate).all() and np.isfinite(batch.ci_low).all()
    assert (batch.tau2 >= 0).all()


@pytest.mark.parametrize(
    ("y", "v", "mask"),
    [
        ([1.0, 2.0], [1.0], None),
        ([[1.0]], [1.0], None),
        ([1.0], [1.0], [True]),
        ([1.0], [1.0], [[True], [True]]),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_the_shapes(y, v, mask):
    with pytest.raises(SynthesisError, match="shapes"):
        pool_many(y, v, mask)


def test_the_interval_for_tau2_is_computed_when_it_is_named():
    y, v = simulated(8, 3)
    assert np.isnan(pool_many(y, v).tau2_high).all()
    for code in ("QP", "BJ", "PL"):
        batch = pool_many(y, v, options=Options(tau2_ci=code))
        one = pool_as(generic(y[:, 1], v[:, 1]), Options(tau2_ci=code)).heterogeneity.tau2_ci
        assert (batch.tau2_low[1], batch.tau2_high[1]) == pytest.approx((one.low, one.high), rel=1e-8)
