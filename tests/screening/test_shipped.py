"""The shipped review's own files give its diagram."""

from pathlib import Path

import pytest

from metareview.extraction import read_sheets
from metareview.review.place import Place
from metareview.review.screened import ScreeningDesk
from metareview.screening import require_complete
from metareview.screening.prisma_table import search_appendix

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def desk():
    return ScreeningDesk(Place(ROOT, "msc-sr-agvhd"))


def test_all_102_records_of_the_shipped_review_end_in_one_box(desk):
    require_complete(desk.placed())
    flow = desk.flow(read_sheets(desk.place.sheets, desk.protocol).studies)
    assert sum(column.records for column in flow.columns) == len(desk.identified.records) == 102
    assert flow.unfinished == 0
    assert (flow.new_studies, flow.new_reports) == (25, 26)


def test_the_diagram_says_how_the_shipped_review_was_screened(desk):
    notes = " ".join(desk.flow().notes)
    for words in ("single screening", "No bibliographic database was searched", "Full texts were not read"):
        assert words in notes


def test_every_decision_of_the_shipped_review_says_why(desk):
    (log,) = desk.logs
    assert all(decision.note for decision in log.decisions)
    assert {decision.when for decision in log.decisions} == {"2026-11-24"}


def test_the_appendix_names_every_source_of_the_shipped_review(desk):
    text = search_appendix(desk.searches)
    assert all(run.id in text for run in desk.searches)
    assert "Records in all (PRISMA-S item 15): 102 from 3 searches" in text
