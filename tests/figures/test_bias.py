import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import FigureError
from metareview.figures import ForestOptions, bias_summary_plot, lights_of_table, traffic_light_plot
from metareview.figures.bias import Light, lay_out_bars, lay_out_lights, level_shares
from metareview.figures.page import Disc, Shape, cut_items, overlapping_texts
from metareview.figures.style import PRESETS
from metareview.tables import parse_table

ROBVIS = """Study,D1,D2,Overall,Weight
Anthony 1998,Low,Some concerns,High,33.33
Barry 2005,High,Low,No information,66.67
"""


def test_the_table_of_robvis_is_read():
    lights, weights = lights_of_table(parse_table(ROBVIS, "rob.csv"))
    assert lights[1] == Light("Anthony 1998", "D2", "some concerns")
    assert weights == {"Anthony 1998": 33.33, "Barry 2005": 66.67}


def test_all_cells_that_are_no_level_are_refused_at_once():
    text = ROBVIS.replace("Low,Some", "lowish,Some").replace("66.67", "heavy")
    with pytest.raises(FigureError) as refused:
        lights_of_table(parse_table(text, "rob.csv"))
    assert [p.split(";")[0] for p in refused.value.problems] == [
        'rob.csv:2: D1 is "lowish"',
        'rob.csv:3: Weight is "heavy"',
    ]


def test_shares_follow_the_weights():
    lights, weights = lights_of_table(parse_table(ROBVIS, "rob.csv"))
    assert level_shares(lights, "D1", weights) == pytest.approx({"low": 0.3333, "high": 0.6667}, abs=1e-4)
    assert level_shares(lights, "D1", None) == {"low": 0.5, "high": 0.5}


def test_each_study_has_a_light_per_domain_with_its_symbol():
    lights, _ = lights_of_table(parse_table(ROBVIS, "rob.csv"))
    page = lay_out_lights(lights, PRESETS["metareview"], ForestOptions())
    assert len([i for i in page.items if isinstance(i, Disc)]) == 6
    assert [t.text for t in page.texts if t.role == "light"] == ["+", "−", "×", "×", "+", "?"]


def test_bars_fill_the_width_and_say_what_is_not_counted():
    lights, weights = lights_of_table(parse_table(ROBVIS, "rob.csv"))
    page = lay_out_bars(lights, PRESETS["metareview"], ForestOptions(), {"Barry 2005": 1.0})
    assert any("Without a weight and not counted: Anthony 1998." in t.text for t in page.texts)
    page = lay_out_bars(lights, PRESETS["metareview"], ForestOptions(), weights)
    widths = [i.box.right - i.box.left for i in page.items if isinstance(i, Shape) and i.role == "bar"]
    assert widths[0] / widths[1] == pytest.approx(0.5, abs=1e-3)


def test_nothing_to_draw_is_refused():
    with pytest.raises(FigureError, match="no judgement"):
        traffic_light_plot([])
    with pytest.raises(FigureError, match="no judgement"):
        bias_summary_plot([])


def test_the_words_give_each_domain_its_levels():
    lights, _ = lights_of_table(parse_table(ROBVIS, "rob.csv"))
    assert "D1: low 50%, high 50%." in traffic_light_plot(lights).alt


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(st.text("abc ABC-12é", max_size=90), min_size=1, max_size=30, unique=True),
    domains=st.lists(st.text("abc ABC-12:", min_size=1, max_size=60), min_size=1, max_size=9, unique=True),
    size=st.sampled_from(["full", "narrow"]),
    data=st.data(),
)
def test_lights_and_bars_overlap_nothing_and_cut_nothing(names, domains, size, data):
    levels = st.sampled_from(["low", "some concerns", "high", "no information", ""])
    lights = [Light(n, d, data.draw(levels)) for n in names for d in domains]
    for page in (
        lay_out_lights(lights, PRESETS["bmj"], ForestOptions(size=size)),
        lay_out_bars(lights, PRESETS["metareview"], ForestOptions(size=size), None),
    ):
        assert overlapping_texts(page) == []
        assert cut_items(page) == []
