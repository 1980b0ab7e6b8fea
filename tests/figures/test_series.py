from dataclasses import replace

import numpy as np
import pytest

from metareview.effects import effect_sizes
from metareview.errors import FigureError
from metareview.figures import ForestOptions, refits_plot, subgroup_plot, summary_plot
from metareview.figures.groups import subgroup_table
from metareview.figures.page import cut_items, overlapping_texts
from metareview.figures.series import refits_table, summary_table
from metareview.figures.style import NAMES, PRESETS
from metareview.synthesis import cumulative, leave_one_out, pool, pool_subgroups

HOUSE = PRESETS["metareview"]


@pytest.fixture(scope="module")
def fit(bcg):
    data = bcg.effects.data | {"study": bcg.effects.labels} | dict(bcg.effects.moderators)
    return pool(effect_sizes(data, measure="RR"))


def plain(text):
    return text.replace("\u00a0", " ")


def clean(pages):
    return all(not overlapping_texts(p.page) and not cut_items(p.page) for p in pages)


def test_each_subgroup_has_its_studies_its_diamond_and_its_heterogeneity(fit):
    groups = pool_subgroups(fit, "alloc")
    table = subgroup_table(groups, HOUSE, ForestOptions())
    assert [r.label for r in table.rows if r.kind == "heading"] == ["random", "alternate", "systematic"]
    assert sorted(r.label for r in table.rows if r.kind == "study") == sorted(fit.effects.labels)
    pooled = [r for r in table.rows if r.kind == "pooled"]
    assert len(pooled) == 4
    assert pooled[0].effect[0] == pytest.approx(np.exp(groups.groups[0][1].estimate))
    texts = [plain(r.label) for r in table.rows if r.kind == "text"]
    assert sum("Heterogeneity" in t for t in texts) == 3
    assert f"Test for subgroup differences: Q = {groups.q:.2f}, df = 2" in texts[-1]


def test_weights_of_subgroups_are_shares_of_the_whole(fit):
    table = subgroup_table(pool_subgroups(fit, "alloc"), HOUSE, ForestOptions())
    subtotals = [float(r.cells["weight"]) for r in table.rows if r.kind == "pooled"][:3]
    assert sum(subtotals) == pytest.approx(100, abs=0.3)


def test_a_subgroup_of_one_study_is_not_pooled_and_studies_without_a_group_stay(fit):
    values = ["alone", "", *["many"] * 11]
    effects = replace(fit.effects, moderators={"g": values})
    table = subgroup_table(pool_subgroups(replace(fit, effects=effects), "g"), HOUSE, ForestOptions())
    texts = [r.label for r in table.rows if r.kind in {"text", "heading"}]
    assert "Not pooled: one study" in texts
    assert "In no group by g" in texts
    assert sum(r.kind == "study" for r in table.rows) == 13


@pytest.mark.parametrize("style", NAMES)
@pytest.mark.parametrize("size", ["full", "narrow"])
def test_subgroups_overlap_nothing(fit, style, size):
    assert clean(subgroup_plot(pool_subgroups(fit, "alloc"), style=style, options=ForestOptions(size=size)))


def test_leaving_out_and_adding_name_the_study_of_each_row(fit):
    left = refits_table(leave_one_out(fit), HOUSE, ForestOptions())
    assert left.columns[0].head == "Study left out"
    assert [r.label for r in left.rows if r.kind == "study"] == list(fit.effects.labels)
    added = refits_table(cumulative(fit, "year"), HOUSE, ForestOptions())
    assert [r.cells["k"] for r in added.rows if r.kind == "study"] == [str(k) for k in range(1, 14)]
    assert added.rows[0].label == "+ Aronson 1948"
    assert added.rows[12].cells["effect"] == added.rows[-1].cells["effect"]
    assert ("", "Each row pools the studies down to it, in order of year.") in added.foot


def test_many_outcomes_stand_on_one_axis(fit, synthesis_of):
    one = synthesis_of([0.1], [0.1])
    table = summary_table([("Pooled", fit), ("Single", one)], HOUSE, ForestOptions())
    assert [(r.kind, r.cells["k"]) for r in table.rows] == [("pooled", "13"), ("study", "1")]
    assert table.rows[0].prediction == pytest.approx(tuple(np.exp([fit.prediction.low, fit.prediction.high])))
    assert table.rows[0].cells["people"] == "357347"
    assert clean(summary_plot([("Pooled", fit), ("Single", one)]))


def test_measures_without_a_common_axis_are_refused(fit, synthesis_of, measure):
    with pytest.raises(FigureError, match="no axis in common"):
        summary_plot([("A", fit), ("B", synthesis_of([0.1], [0.1], measure=measure("identity")))])


def test_an_empty_summary_is_refused():
    with pytest.raises(FigureError, match="no synthesis"):
        summary_plot([])


def test_a_column_that_a_series_lacks_is_refused_with_a_guess(fit):
    with pytest.raises(FigureError, match='did you mean "tau2"'):
        refits_plot(leave_one_out(fit), options=ForestOptions(columns=("tau",)))
