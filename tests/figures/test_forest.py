import numpy as np
import pytest

from metareview.effects import Interval
from metareview.errors import FigureError
from metareview.figures import ForestOptions, figure_bytes, forest_pages, forest_plot
from metareview.figures.bias import Light
from metareview.figures.contents import forest_table
from metareview.figures.style import NAMES, PRESETS
from metareview.synthesis import Alternative

HOUSE = PRESETS["metareview"]


def rows(table, kind):
    return [r for r in table.rows if r.kind == kind]


def test_every_study_has_its_row_with_its_numbers(bcg):
    table = forest_table(bcg, HOUSE, ForestOptions())
    assert [r.label for r in rows(table, "study")] == list(bcg.effects.labels)
    first = rows(table, "study")[0]
    assert first.cells["events_1"] == "4/123"
    assert first.cells["events_2"] == "11/139"
    assert first.cells["effect"] == "0.41 (0.13 to 1.26)"
    assert first.effect == pytest.approx((4 / 123 / (11 / 139), 0.134299, 1.257424), rel=1e-5)


def test_the_pooled_row_sums_events_and_participants(bcg):
    (pooled,) = rows(forest_table(bcg, HOUSE, ForestOptions()), "pooled")
    assert pooled.cells["events_1"] == "1065/191064"
    assert pooled.cells["weight"] == "100.0"


def test_revman_splits_events_and_totals_and_writes_heterogeneity_in_the_table(bcg):
    table = forest_table(bcg, PRESETS["revman"], ForestOptions(arms=("BCG", "None")))
    assert [c.head for c in table.columns[1:5]] == ["Events", "Total", "Events", "Total"]
    assert [c.group for c in table.columns[1:5]] == ["BCG", "BCG", "None", "None"]
    said = [r.label.replace("\u00a0", " ") for r in rows(table, "text")]
    assert said[0].startswith(
        "Heterogeneity: Tau² = 0.313 (95% CI 0.120, 1.111); Chi² = 152.23, df = 12, P < 0.001"
    )


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("metareview", "0.41 (0.13 to 1.26)"),
        ("revman", "0.41 [0.13, 1.26]"),
        ("lancet", "0·41 (0·13–1·26)"),
        ("jama", "0.41 (0.13-1.26)"),
    ],
)
def test_each_preset_writes_effects_as_its_journal_does(bcg, style, text):
    assert rows(forest_table(bcg, PRESETS[style], ForestOptions()), "study")[0].cells["effect"] == text


def test_a_dash_never_joins_negative_bounds(synthesis_of, measure):
    s = synthesis_of([-0.5, 0.2], [0.04, 0.04], measure=measure("identity"))
    assert (
        rows(forest_table(s, PRESETS["jama"], ForestOptions()), "study")[0].cells["effect"]
        == "−0.50 (−0.89 to −0.11)"
    )


def test_studies_that_are_not_estimable_stay_and_say_so(synthesis_of):
    s = synthesis_of([0.1, np.nan], [0.1, np.nan], ["A", "B"], study_notes=((), ("No event in either arm.",)))
    table = forest_table(s, HOUSE, ForestOptions())
    second = rows(table, "study")[1]
    assert (second.label, second.cells["effect"], second.effect, second.markers) == (
        "B",
        "Not estimable",
        None,
        "a",
    )
    assert ("a", "No event in either arm.") in table.foot


def test_notes_that_are_alike_share_a_mark(synthesis_of):
    notes = (("Derived.",), ("Inferred.", "Derived."), ())
    table = forest_table(synthesis_of([0.1] * 3, [0.1] * 3, study_notes=notes), HOUSE, ForestOptions())
    assert [r.markers for r in rows(table, "study")] == ["a", "a,b", ""]
    assert [f for f in table.foot if f[0]] == [("a", "Derived."), ("b", "Inferred.")]


def test_every_caveat_and_reason_reaches_the_foot(synthesis_of):
    s = synthesis_of(
        [0.1, 0.3], [0.1, 0.2], notes=("Only 2 studies",), effect_notes=("Zeros were corrected",)
    )
    said = [words for _, words in forest_table(s, HOUSE, ForestOptions(footnotes=("Mine",))).foot]
    assert {"Only 2 studies.", "Zeros were corrected.", "REML was used.", "Mine."} <= set(said)
    assert any("τ²" in words and "Test of overall effect" in words for words in said)


def test_one_study_is_shown_and_not_pooled(synthesis_of):
    table = forest_table(synthesis_of([0.1], [0.1]), HOUSE, ForestOptions())
    assert rows(table, "pooled") == []
    assert [r.label for r in rows(table, "text")] == ["Not pooled: one study"]
    assert "weight" not in [c.key for c in table.columns]


def test_no_study_at_all_is_said(synthesis_of):
    table = forest_table(synthesis_of([], []), HOUSE, ForestOptions())
    assert [r.label for r in table.rows] == ["Not pooled: no study with an estimate"]


def test_other_models_and_intervals_have_rows_of_their_own(synthesis_of):
    other = Alternative("wald", "Wald", 0.1, Interval(0.0, 0.2, 0.95))
    s = synthesis_of([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], alternatives=(other,))
    table = forest_table(s, HOUSE, ForestOptions(also=(synthesis_of([0.1, 0.2], [0.1, 0.1]),)))
    assert [r.label for r in rows(table, "alternative")] == ["Wald interval"]
    assert len(rows(table, "pooled")) == 2


def test_columns_come_in_the_order_asked_for_with_heads_of_ones_own(bcg):
    options = ForestOptions(columns=("year=Published", "plot", "p", "effect", "alloc"))
    table = forest_table(bcg, HOUSE, options)
    assert [c.key for c in table.columns] == ["study", "year", "plot", "p", "effect", "alloc"]
    assert table.columns[1].head == "Published"
    assert rows(table, "study")[0].cells["year"] == "1948"
    assert rows(table, "study")[1].cells["p"] == "<0.001"


def test_all_columns_that_do_not_exist_are_named_at_once(bcg):
    with pytest.raises(FigureError) as refused:
        forest_table(bcg, HOUSE, ForestOptions(columns=("yeer", "wheight")))
    assert [p.split(";")[0] for p in refused.value.problems] == [
        'There is no column "yeer"',
        'There is no column "wheight"',
    ]
    assert 'did you mean "year"' in refused.value.problems[0]


def test_continuous_arms_show_mean_sd_and_total(synthesis_of, measure):
    data = {"m1i": [5.0], "sd1i": [2.5], "n1i": [20], "m2i": [4.0], "sd2i": [2.0], "n2i": [22]}
    s = synthesis_of([1.0], [0.5], data=data, measure=measure("identity"))
    (row,) = rows(forest_table(s, HOUSE, ForestOptions()), "study")
    assert (row.cells["mean_1"], row.cells["total_2"]) == ("5 (2.5)", "22")


def test_lights_stand_in_a_column_per_domain_with_a_legend(synthesis_of):
    lights = (
        Light("A", "D1: Randomisation", "low"),
        Light("A", "Overall", "high"),
        Light("B", "Overall", "low"),
    )
    table = forest_table(
        synthesis_of([0.1, 0.2], [0.1, 0.1], ["A", "B"]), HOUSE, ForestOptions(judgements=lights)
    )
    assert [c.head for c in table.columns if c.lights] == ["D1", "Overall"]
    assert [r.cells.get("rob:D1: Randomisation") for r in rows(table, "study")] == ["low", ""]
    assert ("", "Risk of bias domains: D1, Randomisation.") in table.foot


def test_without_a_word_on_benefit_only_lower_and_higher_are_claimed(bcg):
    assert forest_table(bcg, HOUSE, ForestOptions(arms=("BCG", "None"))).favours == (
        "Lower with BCG",
        "Higher with BCG",
    )
    asked = ForestOptions(favours=("BCG", "Favours nothing"))
    assert forest_table(bcg, PRESETS["jama"], asked).favours == ("Favors BCG", "Favors nothing")


def test_duplicate_labels_keep_their_rows(synthesis_of):
    table = forest_table(synthesis_of([0.1, 0.9], [0.1, 0.1], ["A", "A"]), HOUSE, ForestOptions())
    assert [r.effect[0] for r in rows(table, "study")] == pytest.approx([np.exp(0.1), np.exp(0.9)])


@pytest.mark.parametrize("name", NAMES)
def test_the_figure_has_axes_in_units_of_the_measure(bcg, name):
    figure = forest_plot(bcg, style=name)
    plot = next(a for a in figure.axes if a.get_label() == "plot")
    assert plot.get_xscale() == "log"
    low, high = plot.get_xlim()
    assert low < 0.2
    assert high > 1.0
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(PRESETS[name].width)


def test_long_plots_go_on_over_pages_and_lose_no_study(synthesis_of):
    s = synthesis_of(np.linspace(-1, 1, 200), np.full(200, 0.1))
    pages = forest_pages(s, options=ForestOptions(title="Many", page_height=240))
    labels = [
        t.text for p in pages for t in p.page.texts if t.role == "label" and t.text.startswith("Study ")
    ]
    assert sorted(labels) == sorted(s.effects.labels)
    assert len(pages) > 3
    assert all(p.page.height <= 240 for p in pages)
    assert any("page 2 of" in t.text for t in pages[1].page.texts)


def test_alt_text_says_studies_answer_and_caveats(bcg):
    said = forest_plot(bcg, options=ForestOptions(title="tuberculosis")).alt
    assert said.startswith("Forest plot of tuberculosis: 13 studies.")
    assert "Random effects" in said
    assert "Estimates run from 0.198 to 1.56." in said


def test_the_data_of_the_figure_hold_each_row(bcg):
    figure = forest_plot(bcg)
    assert [r["study"] for r in figure.rows][:13] == list(bcg.effects.labels)
    assert figure.rows[0]["estimate"] == pytest.approx(4 / 123 / (11 / 139))


@pytest.mark.parametrize("size", [10, 5000, "wide"])
def test_a_width_that_no_page_has_is_refused(bcg, size):
    with pytest.raises(FigureError):
        forest_plot(bcg, options=ForestOptions(size=size))


def test_an_estimate_without_an_interval_says_so_and_keeps_its_place(synthesis_of):
    s = synthesis_of([0.0, 0.1], [0.1, np.nan], ["A", "B"])
    (_, second) = rows(forest_table(s, HOUSE, ForestOptions()), "study")
    assert second.cells["effect"] == "1.11 (no interval)"
    assert second.effect == pytest.approx([np.exp(0.1)] * 3)


def test_tabs_in_a_label_are_blanks(synthesis_of):
    figure = forest_plot(synthesis_of([0.1], [0.1], ["Smith\t2019"]))
    assert "Smith 2019" in [t.text for t in figure.page.texts]


def test_options_that_cannot_be_are_refused_all_at_once(bcg):
    with pytest.raises(FigureError) as refused:
        forest_plot(bcg, options=ForestOptions(limits=(0.0, -1.0), page_height=10))
    assert len(refused.value.problems) == 3


def test_a_bitmap_of_too_many_pixels_is_refused_with_the_way_out(synthesis_of):
    figure = forest_plot(synthesis_of(np.zeros(700), np.ones(700)))
    with pytest.raises(FigureError, match="page_height"):
        figure_bytes(figure, "tiff")
