import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.figures import ForestOptions, flow_diagram
from metareview.figures.flow import lay_out_flow
from metareview.figures.page import Shape, cut_items, overlapping_texts
from metareview.figures.style import PRESETS
from metareview.screening import Column, Count, Flow, Previous

WORDS = st.text("abcdefghij klm-/é", min_size=1, max_size=90).filter(str.strip)


@st.composite
def flows(draw):
    def column(name, kinds, direct):
        reasons = draw(st.lists(st.tuples(WORDS, st.integers(0, 9999)), max_size=6))
        included, lost = draw(st.integers(0, 500)), draw(st.integers(0, 50))
        assessed = included + sum(n for _, n in reasons)
        sought = assessed + lost
        duplicates, excluded = draw(st.integers(0, 10**6)), 0 if direct else draw(st.integers(0, 10**6))
        identified = [Count(draw(WORDS), sought + excluded + duplicates, kind) for kind in kinds[:1]]
        return Column(
            name=name,
            identified=(*identified, *(Count(draw(WORDS), 0, kind) for kind in kinds[1:])),
            duplicates=duplicates,
            screened=0 if direct else sought + excluded,
            excluded=excluded,
            direct=sought if direct else 0,
            sought=sought,
            not_retrieved=lost,
            assessed=assessed,
            excluded_reports=tuple(Count(label, n) for label, n in reasons),
            included=included,
        )

    main = column("databases and registers", ("databases", "databases", "registers"), False)
    other = draw(st.sampled_from([None, 1])) and column("other methods", ("websites",), True)
    included = main.included + (other.included if other else 0)
    previous = draw(st.sampled_from([None, Previous(3, 4)]))
    return Flow(databases=main, other=other, previous=previous, new_studies=included, new_reports=included)


def lines_of(page):
    return " ".join(t.text.replace("\u00a0", " ").strip() for t in page.texts)


@settings(max_examples=60, deadline=None)
@given(flow=flows(), size=st.sampled_from(["full", "narrow"]))
def test_every_count_is_drawn_inside_its_box(flow, size):
    page = lay_out_flow(flow, PRESETS["metareview"], ForestOptions(size=size))
    assert overlapping_texts(page) == []
    assert cut_items(page) == []
    boxes = [i.box for i in page.items if isinstance(i, Shape) and i.role == "box"]
    for text in page.texts:
        if text.role == "cell":
            assert any(box.holds(text.box) for box in boxes), text.text
    assert not [1 for n, a in enumerate(boxes) for b in boxes[n + 1 :] if a.overlaps(b)]
    said = lines_of(page).replace(" ", "")
    for column in flow.columns:
        for count in (*column.identified, *column.excluded_reports):
            assert f"(n={count.n:,})" in said


@pytest.fixture
def flow():
    column = Column(
        identified=(Count("PubMed", 60, "databases"),),
        duplicates=10,
        screened=50,
        excluded=40,
        sought=10,
        assessed=10,
        excluded_reports=(Count("Wrong population", 7),),
        included=3,
    )
    return Flow(databases=column, new_studies=2, new_reports=3, notes=("Two records wait.",))


def test_boxes_have_the_words_of_the_statement(flow):
    said = lines_of(lay_out_flow(flow, PRESETS["metareview"], ForestOptions()))
    for words in (
        "Identification of studies via databases and registers",
        "Records identified from:",
        "Records removed before screening:",
        "Duplicate records removed (n = 10)",
        "Records marked as ineligible by automation tools (n = 0)",
        "Records screened (n = 50)",
        "Records excluded (n = 40)",
        "Reports sought for retrieval (n = 10)",
        "Reports not retrieved (n = 0)",
        "Reports assessed for eligibility (n = 10)",
        "Wrong population (n = 7)",
        "Studies included in review (n = 2)",
        "Reports of included studies (n = 3)",
        "Two records wait.",
    ):
        assert words in said


def test_studies_not_yet_counted_are_said_to_be_so():
    flow = Flow(databases=Column(), new_studies=None)
    assert "Studies included in review (n = not yet counted)" in lines_of(
        lay_out_flow(flow, PRESETS["metareview"], ForestOptions())
    )


def test_the_figure_says_its_counts_in_words_and_as_data(flow):
    figure = flow_diagram(flow)
    assert "databases and registers: records screened 50" in figure.alt
    assert {"box": "studies included", "count": 2} in figure.rows
