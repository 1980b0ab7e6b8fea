"""Ids of studies read as people write them, and never change once given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.extraction.columns import SHEETS
from metareview.extraction.grids import Grid, empty_grid
from metareview.extraction.study_ids import with_ids
from metareview.extraction.template import Included
from metareview.names import name_fault

EMPTY = {name: empty_grid(kind) for name, kind in SHEETS.items()}


def report(author, year="2020", pmid="1", **more):
    cells = {"study": "", "label": f"{author} {year}", "reports": (f"pmid:{pmid}",), "record": f"pmid:{pmid}"}
    return Included(**cells | {"author": author, "year": year} | more)


def ids(*included, ours=EMPTY, base=EMPTY, removed=()):
    return [one.study for one in with_ids(included, ours, base, removed)]


def sheets(**reports):
    rows = tuple({"study": study, "reports": named} for study, named in reports.items())
    return EMPTY | {"studies": Grid(SHEETS["studies"], SHEETS["studies"].names, rows)}


@pytest.mark.parametrize(
    ("author", "year", "wanted"),
    [
        ("Zhao", "2022", "Zhao2022"),
        ("CRASH-3 trial collaborators", "2019", "CRASH3-2019"),
        ("The CRASH-3 Trial Collaborators", "2019", "CRASH3-2019"),
        ("RECOVERY Collaborative Group", "2021", "RECOVERY2021"),
        ("GBD 2019 Collaborators", "2020", "GBD2019-2020"),
        ("CHECKMATE 214 investigators", "2018", "CHECKMATE214-2018"),
        ("ATTRACT-HF Study Group", "2018", "ATTRACT-HF2018"),
        (
            "Diabetes Control and Complications Trial Research Group",
            "1993",
            "DiabetesControlComplications1993",
        ),
        ("Research Group", "1993", "ResearchGroup1993"),
        ("van der Berg", "2015", "van-der-Berg2015"),
        ("Kim-Lee", "2015", "Kim-Lee2015"),
        ("O’Brien", "2015", "OBrien2015"),
        ("Müller-Łukasiewicz", "2015", "Muller-Lukasiewicz2015"),
        ("Sørensen", "", "Sorensen"),
        ("王", "2015", "pmid-1"),
        ("Παπαδόπουλος", "2015", "pmid-1"),
        ("Con", "", "pmid-1"),
    ],
)
def test_an_id_reads_as_people_write_it(author, year, wanted):
    assert ids(report(author, year)) == [wanted]


def test_a_study_without_authors_is_named_by_its_registry_number_or_its_title():
    title = Included("", "A trial of cells in disease 2020", "2020", reports=("pmid:1",), record="pmid:1")
    assert ids(title) == ["TrialCellsDisease2020"]
    assert ids(Included("", "x 2020", "2020", "NCT00000001", ("text:ab",))) == ["NCT00000001-2020"]


def test_a_name_that_is_taken_gets_a_letter_whatever_its_capitals():
    assert ids(report("Kim", pmid="1"), report("KIM", pmid="2"), report("Kim", pmid="3")) == [
        "Kim2020", "KIM2020b", "Kim2020c",
    ]  # fmt: skip


def test_an_earlier_record_of_the_same_name_shifts_no_letter():
    before = sheets(Kim2020="pmid:5", Kim2020b="pmid:6")
    found = ids(*(report("Kim", pmid=pmid) for pmid in ("4", "5", "6")), base=before)
    assert found == ["Kim2020c", "Kim2020", "Kim2020b"]


def test_a_study_that_people_renamed_keeps_their_name():
    assert ids(
        report("Kim", pmid="5"), ours=sheets(KimA="pmid:5; doi:10/x"), base=sheets(Kim2020="pmid:5")
    ) == ["KimA"]


def test_the_id_of_a_study_that_left_is_its_own_for_ever():
    gone = {"sheet": "studies", "row": "Kim2020", "cells": '{"study": "Kim2020", "reports": "pmid:5"}'}
    assert ids(report("Kim", pmid="7"), removed=[gone]) == ["Kim2020b"]
    assert ids(report("Kim", pmid="5"), removed=[gone]) == ["Kim2020"]


def test_two_included_reports_of_one_study_are_one_row_that_changes_nothing():
    joined = sheets(Kim2020="pmid:5; pmid:6")
    (one,) = with_ids([report("Kim", pmid="6"), report("Kim", pmid="5")], joined, joined, ())
    assert (one.study, one.reports) == ("Kim2020", ("pmid:5", "pmid:6"))
    (one,) = with_ids(
        [report("Kim", pmid="5"), report("Kim", pmid="6")], joined, sheets(Kim2020="pmid:5"), ()
    )
    assert one.reports == ("pmid:5",)


@given(st.lists(st.tuples(st.text(max_size=30), st.sampled_from(["", "2020"])), max_size=40))
def test_whatever_authors_are_called_ids_can_name_files_and_are_told_apart(authors):
    given = ids(*(report(author, year, pmid=str(n)) for n, (author, year) in enumerate(authors, 1)))
    assert not any(map(name_fault, given))
    assert len({name.casefold() for name in given}) == len(authors)


def test_a_thousand_studies_of_one_name_get_a_thousand_ids():
    found = ids(*(report("Kim", pmid=str(n)) for n in range(1, 1001)))
    assert (len(set(found)), found[25:27]) == (1000, ["Kim2020z", "Kim2020-27"])
