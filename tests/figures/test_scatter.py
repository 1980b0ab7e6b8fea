from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.effects import MEASURES
from metareview.errors import FigureError
from metareview.figures import ForestOptions, baujat_plot, funnel_plot, labbe_plot
from metareview.figures.chart import lay_out_chart
from metareview.figures.page import Disc, Text, cut_items, overlapping_texts
from metareview.figures.scatter import (
    baujat_chart,
    baujat_values,
    drapery_chart,
    funnel_chart,
    labbe_chart,
    radial_chart,
)
from metareview.figures.style import NAMES, PRESETS

HOUSE = PRESETS["metareview"]
CHARTS = {
    "funnel": lambda s, style, o: funnel_chart(s, style, o, few=True),
    "baujat": baujat_chart,
    "radial": radial_chart,
    "drapery": drapery_chart,
}


def test_baujat_agrees_with_the_reference(bcg):
    # metafor 3.8-1:
    # d <- escalc("RR", ai=ai, n1i=n1i, ci=ci, n2i=n2i, data=bcg)
    # baujat(rma(yi, vi, data=d, method="FE"))
    x = [0.6471587360, 6.8571096272, 2.0279242864, 51.1073136255, 0.8837578017, 18.3351122201, 6.3562772563,
         49.3676862705, 0.0271351610, 12.1272954278, 0.6660857179, 1.4417192428, 2.3884327092]  # fmt: skip
    y = [0.0032765992, 0.0582907850, 0.0080393380, 4.5630994855, 0.0292413495, 5.7112311794, 0.0470926810,
         34.8795103128, 0.0008122359, 0.2786393378, 0.1014178565, 0.0044542984, 0.0561515477]  # fmt: skip
    share, influence = baujat_values(bcg.effects.yi, np.sqrt(bcg.effects.vi))
    assert share == pytest.approx(x, rel=1e-8)
    assert influence == pytest.approx(y, rel=1e-7)
    assert share.sum() == pytest.approx(152.2330, abs=1e-4)


def test_a_funnel_of_few_studies_is_refused_unless_asked_for_and_then_says_so(synthesis_of):
    s = synthesis_of([0.1] * 9, [0.1] * 9)
    with pytest.raises(FigureError, match=r"9 studies.*at least 10.*few"):
        funnel_plot(s)
    chart = funnel_chart(s, HOUSE, few=True)
    assert any("Fewer than 10 studies" in line for line in chart.foot)


def test_the_contours_of_a_funnel_hold_the_normal_quantiles(bcg):
    chart = funnel_chart(bcg, HOUSE)
    widest = next(p for p in chart.paths if p.name == "0.01 < P ≤ 0.05")
    at, top = widest.points[1]
    assert np.log(at) / top == pytest.approx(2.5758, abs=1e-4)
    assert [d.key for d in chart.dots] == list(bcg.effects.labels)


def test_labbe_draws_the_risks_that_the_pooled_effect_implies(bcg):
    effects = replace(bcg.effects, measure=MEASURES["RR"])
    chart = labbe_chart(replace(bcg, effects=effects, estimate=np.log(0.5)), HOUSE)
    assert next((d.x, d.y) for d in chart.dots) == pytest.approx((11 / 139, 4 / 123))
    curve = next(p for p in chart.paths if p.name == "Pooled risk ratio")
    assert all(q == pytest.approx(p / 2) for p, q in curve.points)


def test_labbe_without_counts_is_refused(synthesis_of):
    with pytest.raises(FigureError, match="events and totals"):
        labbe_plot(synthesis_of([0.1], [0.1]))


def test_a_baujat_plot_of_two_studies_is_refused(synthesis_of):
    with pytest.raises(FigureError, match="3 or more studies"):
        baujat_plot(synthesis_of([0.1, 0.2], [0.1, 0.1]))


def test_the_right_edge_of_a_radial_plot_reads_effects(bcg):
    chart = radial_chart(bcg, HOUSE)
    (x, y), _ = next(m for m in chart.marks if m[1] == "1")
    assert (y, x) == (0.0, chart.x.high)
    assert all(y == pytest.approx(np.log(float(t)) * x) for (x, y), t in chart.marks)


def test_a_drapery_curve_peaks_at_its_estimate_and_crosses_the_ends_of_the_interval(bcg):
    chart = drapery_chart(bcg, HOUSE)
    pooled = next(p for p in chart.paths if p.name.startswith("Pooled"))
    assert max(pooled.points, key=lambda p: p[1]) == pytest.approx((np.exp(bcg.estimate), 1.0))
    at_low = np.interp(
        bcg.estimate - 1.959964 * bcg.se, *zip(*[(np.log(x), p) for x, p in pooled.points], strict=True)
    )
    assert at_low == pytest.approx(0.05, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_charts_cut_nothing_and_overlap_nothing(data, synthesis_of, measure):
    k = data.draw(st.integers(3, 40))
    yi = data.draw(st.lists(st.floats(-4, 4), min_size=k, max_size=k))
    vi = data.draw(st.lists(st.floats(1e-3, 4), min_size=k, max_size=k))
    scale = data.draw(st.sampled_from(["log", "identity", "logit"]))
    s = synthesis_of(
        yi, vi, [f"A study with a name of its own {n}" for n in range(k)], measure=measure(scale)
    )
    style = PRESETS[data.draw(st.sampled_from(NAMES))]
    kind = data.draw(st.sampled_from(sorted(CHARTS)))
    page = lay_out_chart(
        CHARTS[kind](s, style, ForestOptions(title="Title")), style, data.draw(st.sampled_from([85.0, 174.0]))
    )
    assert overlapping_texts(page) == []
    assert cut_items(page) == []
    labels = [i for i in page.items if isinstance(i, Text) and i.role == "dot label"]
    discs = [i for i in page.items if isinstance(i, Disc)]
    assert not [(t.text, d.key) for t in labels for d in discs if t.box.overlaps(d.box)]
    if kind == "baujat" and len(labels) < k:
        assert any("names are left out" in t.text for t in page.texts)
