import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.figures import ForestOptions
from metareview.figures.contents import forest_table
from metareview.figures.groups import subgroup_table
from metareview.figures.layout import lay_out
from metareview.figures.page import Line, Shape, Whisker, cut_items, overlapping_texts
from metareview.figures.style import NAMES, PRESETS
from metareview.synthesis import Subgroups


@dataclass(frozen=True)
class Judged:
    study: str
    domain: str
    level: str


ALPHABET = "abcdefghijklmnop ABCXYZ éüñøÅŁ żΩ -/()&,.0123456789 αβ Жд"
LABELS = st.text(ALPHABET, max_size=120)
EFFECTS = st.one_of(st.floats(-3, 3), st.floats(-300, 300), st.just(math.nan))
VARIANCES = st.one_of(st.floats(1e-4, 4), st.floats(1e-8, 1e4), st.just(math.nan), st.just(0.0))
COLUMNS = (
    "arms",
    "effect",
    "weight",
    "weight_common",
    "p",
    "prediction",
    "yi",
    "se",
    "year",
    "dose",
    "centre",
    "rob",
)
NOTES = st.lists(
    st.sampled_from(["Derived.", "Inferred from the text.", "0.5 added to each cell."]), max_size=3
)


@st.composite
def cases(draw):
    k = draw(st.sampled_from([*range(4), *range(4), 5, 8, 13, 21, 40, 200]))
    labels = draw(st.lists(LABELS, min_size=min(k, 12), max_size=min(k, 12)))
    labels = [labels[n % len(labels)] for n in range(k)] if labels else []
    pairs = draw(st.lists(st.tuples(EFFECTS, VARIANCES), min_size=min(k, 15), max_size=min(k, 15)))
    pairs = [pairs[n % len(pairs)] for n in range(k)] if pairs else []
    notes = draw(st.lists(NOTES, min_size=min(k, 5), max_size=min(k, 5)))
    return {
        "yi": [p[0] for p in pairs],
        "vi": [p[1] for p in pairs],
        "labels": labels,
        "study_notes": tuple(tuple(notes[n % len(notes)]) for n in range(k)) if notes else (),
        "scale": draw(st.sampled_from(["log", "identity", "logit"])),
        "columns": tuple(draw(st.lists(st.sampled_from(COLUMNS), unique=True, max_size=12))),
        "arms": draw(st.tuples(LABELS, LABELS)),
        "favours": draw(st.tuples(LABELS, LABELS)),
        "title": draw(LABELS),
        "style": draw(st.sampled_from(NAMES)),
        "size": draw(st.sampled_from(["full", "narrow", 40.0, 250.0])),
        "page_height": draw(st.sampled_from([None, None, 120.0, 240.0])),
        "groups": draw(st.sampled_from([0, 0, 1, 2, 7])),
    }


def pages_of(case, synthesis_of, measure):
    k = len(case["yi"])
    yi = np.asarray(case["yi"], float)
    if case["scale"] == "identity":
        yi = yi * 1000
    counts = np.arange(k, dtype=float) * 371
    synthesis = synthesis_of(
        yi,
        case["vi"],
        case["labels"],
        measure=measure(case["scale"]),
        study_notes=case["study_notes"],
        data={"ai": counts, "n1i": counts * 2, "ci": counts, "n2i": counts + 5},
        moderators={
            "group": [group_of(n, case) for n in range(k)],
            "year": list(range(k)),
            "dose": [0.5] * k,
            "centre": ["Hôpital Saint-Louis"] * k,
        },
        notes=("One note that is long enough to need more than one line on a narrow page, surely.",),
    )
    judgements = tuple(Judged(label, f"D{n}: x", "high") for label in case["labels"][:3] for n in range(5))
    options = ForestOptions(
        title=case["title"],
        arms=case["arms"],
        favours=case["favours"],
        columns=case["columns"],
        judgements=judgements,
        size=case["size"],
        page_height=case["page_height"],
    )
    style = PRESETS[case["style"]]
    table = forest_table(synthesis, style, options)
    if case["groups"] and k:
        table = subgroup_table(grouped(synthesis, case, synthesis_of), style, options)
    width = {"full": style.width, "narrow": style.narrow}.get(case["size"], case["size"])
    return table, lay_out(table, style, width, page_height=case["page_height"])


def group_of(number, case):
    """Put the first study into a group of its own, the second into none, the others round about."""
    if number < 2:
        return ("A group of one with a name that is rather long", "")[number]
    return f"Group {number % max(case['groups'], 1)}"


def grouped(synthesis, case, synthesis_of):
    effects = synthesis.effects
    names = effects.moderators["group"]
    groups = []
    for name in dict.fromkeys(n for n in names if n):
        mine = [n for n, other in enumerate(names) if other == name]
        labels = [effects.labels[n] for n in mine]
        data = {key: column[mine] for key, column in effects.data.items()}
        one = synthesis_of(effects.yi[mine], effects.vi[mine], labels, measure=effects.measure, data=data)
        groups.append((name, one))
    return Subgroups("group", synthesis, tuple(groups), 3.2, len(groups) - 1, 0.07, False, None, ("A note.",))


def check_pages(case, synthesis_of, measure):
    table, pages = pages_of(case, synthesis_of, measure)
    for page in pages:
        assert overlapping_texts(page) == []
        assert cut_items(page) == []
        assert marks_over_texts(page) == []
        if case["page_height"]:
            assert page.height <= case["page_height"] + 0.1 or too_tall_to_break(page)
    assert drawn_studies(pages) == Counter(
        r.label for r in table.rows if r.kind == "study" and r.effect and in_sight(r, pages[0])
    )


def too_tall_to_break(page):
    """Say whether a page holds only what is kept together: eight lines under heads, one row, the foot."""
    labels = [t for t in page.texts if t.role == "label"]
    return len(labels) <= 9 or len({t.row for t in labels}) == 1


def in_sight(row, page):
    low, high = page.frame.x_range
    return row.effect[2] >= low and row.effect[1] <= high


def drawn_studies(pages):
    return Counter(i.key for page in pages for i in page.items if isinstance(i, Whisker))


def marks_over_texts(page):
    marks = [
        i
        for i in page.items
        if isinstance(i, Whisker) or (isinstance(i, Shape) and i.role in {"diamond", "prediction", "arrow"})
    ]
    texts = [
        t
        for t in page.texts
        if t.role in {"label", "cell", "tick", "marker", "foot", "head"} and t.text.strip()
    ]
    return [
        (m.key if m.role != "arrow" else "arrow", t.text)
        for m in marks
        for t in texts
        if m.box.overlaps(t.box)
    ]


@settings(max_examples=100, deadline=None)
@given(case=cases())
def test_nothing_overlaps_and_nothing_is_cut(case, synthesis_of, measure):
    check_pages(case, synthesis_of, measure)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(case=cases())
def test_nothing_overlaps_and_nothing_is_cut_in_two_thousand_cases(case, synthesis_of, measure):
    check_pages(case, synthesis_of, measure)


def page_of(synthesis, **asked):
    options, style = ForestOptions(**asked), PRESETS["metareview"]
    (page,) = lay_out(forest_table(synthesis, style, options), style, 174.0)
    return page


def test_the_line_of_no_effect_stands_where_squares_of_no_effect_stand(synthesis_of):
    page = page_of(synthesis_of([0.0, 0.4], [0.1, 0.1]))
    (line,) = [i for i in page.items if isinstance(i, Line) and i.role == "null"]
    square = next(i for i in page.items if isinstance(i, Whisker))
    assert line.x1 == line.x2 == pytest.approx(square.x)
    assert line.y1 < square.y < line.y2


def test_areas_of_squares_follow_the_weights(synthesis_of):
    page = page_of(synthesis_of([0.0, 0.1], [0.1, 0.4]))
    first, second = (i.side for i in page.items if isinstance(i, Whisker))
    assert first**2 / second**2 == pytest.approx(4)


def test_an_estimate_off_the_axis_has_an_arrow_and_no_square(synthesis_of):
    page = page_of(synthesis_of([0.0, 3.0], [0.01, 4.0], ["In", "Out"]), limits=(0.5, 2.0))
    out = next(i for i in page.items if isinstance(i, Whisker) and i.key == "Out")
    assert (out.at, out.side) == (None, 0.0)
    arrows = [i for i in page.items if isinstance(i, Shape) and i.role == "arrow"]
    assert len([a for a in arrows if abs((a.box.top + a.box.bottom) / 2 - out.y) < 0.01]) == 2


def test_numbers_of_a_column_end_at_one_line(bcg):
    page = page_of(bcg)
    ends = {round(t.box.right, 3) for t in page.texts if t.role == "cell" and t.text.endswith(")")}
    assert len(ends) == 1
