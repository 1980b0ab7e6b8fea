"""Large reviews: every row is looked at once per analysis about it, and no figure stops the numbers."""

import json
import re

import pytest

from benchmarks.generated import NAME, make_review
from metareview.report import making
from metareview.review import Review, choosing, hall


@pytest.fixture
def looked_at(monkeypatch):
    """Count how often a row of the sheets is held against an analysis."""
    rows = []
    asked = choosing._asked_for
    monkeypatch.setattr(choosing, "_asked_for", lambda a, row: rows.append(row.row) or asked(a, row))
    return rows


@pytest.mark.parametrize(("studies", "outcomes"), [(10, 4), (40, 4), (10, 16)])
def test_each_row_is_looked_at_once(tmp_path, looked_at, studies, outcomes):
    make_review(tmp_path, studies=studies, outcomes=outcomes, analyses=outcomes)
    review = Review(NAME, tmp_path)
    review.check()
    for planned in review.planned:
        review.inputs(planned)
        review.answer(planned)
    assert len(looked_at) == 2 * studies * outcomes


def test_a_plot_that_no_page_holds_is_left_out_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(hall, "MOST_ON_A_PAGE", 11)
    make_review(tmp_path, studies=12, outcomes=1, analyses=1)
    making.make_output(Review(NAME, tmp_path))
    output = tmp_path / "output" / NAME
    says = "The forest plot is left out: its 12 studies are more than the 11 of one page."
    assert (output / "a0" / "forest.txt").read_text("utf-8").startswith(says)
    assert not list((output / "a0").glob("forest.[sph]*"))
    summary = json.loads((output / "a0" / "summary.json").read_text("utf-8"))
    assert summary["synthesis"]["notes"][-1].startswith(says)
    for name in ("results.md", "summary.csv"):
        assert says in (output / name).read_text("utf-8")
    assert re.search(r"^Data: \[`a0/`\]", (output / "results.md").read_text("utf-8"), re.MULTILINE)


def test_the_plot_is_drawn_once_the_page_holds_it(tmp_path, monkeypatch):
    make_review(tmp_path, studies=12, outcomes=1, analyses=1)
    monkeypatch.setattr(hall, "MOST_ON_A_PAGE", 11)
    making.make_output(Review(NAME, tmp_path))
    monkeypatch.setattr(hall, "MOST_ON_A_PAGE", 12)
    assert making.make_output(Review(NAME, tmp_path)).made == ("a0",)
    output = tmp_path / "output" / NAME
    assert (output / "a0" / "forest.svg").is_file()
    assert not (output / "a0" / "forest.txt").exists()
    assert "left out" not in (output / "results.md").read_text("utf-8")


def test_plots_are_drawn_in_the_order_of_the_plan_while_there_is_time(tmp_path, monkeypatch):
    monkeypatch.setattr(hall, "MOST_DRAWN", 10)
    make_review(tmp_path, studies=4, outcomes=3, analyses=3)
    review = Review(NAME, tmp_path)
    assert review.undrawn == {"a2": "the plots before it hold the 10 studies that pooling draws"}


def test_a_figure_that_cannot_be_drawn_never_stops_the_numbers(tmp_path):
    folder = make_review(tmp_path, studies=3, outcomes=1, analyses=1)
    studies = folder / "studies.csv"
    studies.write_text(studies.read_text("utf-8").replace("Study1 2001", "Study\U0010fffd 2001"), "utf-8")
    making.make_output(Review(NAME, tmp_path))
    assert "The forest plot is left out: " in (tmp_path / "output" / NAME / "results.md").read_text("utf-8")


@pytest.mark.slow
def test_five_thousand_studies_of_one_analysis_are_pooled(tmp_path):
    make_review(tmp_path, studies=5_000, outcomes=1, analyses=1)
    making.make_output(Review(NAME, tmp_path))
    summary = json.loads((tmp_path / "output" / NAME / "a0" / "summary.json").read_text("utf-8"))
    assert len(summary["synthesis"]["studies"]) == 5_000


@pytest.mark.slow
def test_two_thousand_analyses_are_checked_and_pooled(tmp_path):
    make_review(tmp_path, studies=3, outcomes=2_000, analyses=2_000)
    review = Review(NAME, tmp_path)
    review.check()
    assert sum(answer.synthesis is not None for answer in map(review.answer, review.planned)) == 2_000
