"""The table for the R package PRISMA2020 and the appendix of searches."""

import csv
import io
import re

import pytest

from metareview.screening import Column, Count, Flow, Previous
from metareview.screening.prisma_table import COLUMNS, prisma_csv, search_appendix
from metareview.search.ledger import SearchRun

# data, node, box of the template that the package ships (inst/extdata/PRISMA.csv, read 2026-11-24)
TEMPLATE = """
NA node4 prevstud, previous_studies node5 box1, previous_reports NA box1, NA node6 newstud,
database_results node7 box2, register_results NA box2, NA node16 othstud, website_results node17 box11,
organisation_results NA box11, citations_results NA box11, duplicates node8 box3, excluded_automatic NA box3,
excluded_other NA box3, records_screened node9 box4, records_excluded node10 box5,
dbr_sought_reports node11 box6, dbr_notretrieved_reports node12 box7, other_sought_reports node18 box12,
other_notretrieved_reports node19 box13, dbr_assessed node13 box8, dbr_excluded node14 box9,
other_assessed node20 box14, other_excluded node21 box15, new_studies node15 box10, new_reports NA box10,
total_studies node22 box16, total_reports NA box16, identification node1 identification,
screening node2 screening, included node3 included
"""


def flow(**more):
    main = Column(
        identified=(Count("PubMed", 90, "databases"), Count("ClinicalTrials.gov", 10, "registers")),
        duplicates=20,
        automation=5,
        removed=(Count("retracted", 5),),
        screened=70,
        excluded=40,
        sought=30,
        not_retrieved=2,
        assessed=28,
        excluded_reports=(Count("Population, or disease; other", 12), Count("Design", 6)),
        included=10,
    )
    other = Column(
        name="other methods",
        identified=(Count("Reference lists", 7, "citation searching"), Count("WHO", 1, "organisations")),
        duplicates=1,
        screened=7,
        excluded=3,
        sought=4,
        assessed=4,
        excluded_reports=(Count("Design", 1),),
        included=3,
    )
    made = {"databases": main, "other": other, "new_studies": 9, "new_reports": 13}
    return Flow(**(made | more))


def rows(counted):
    return list(csv.DictReader(io.StringIO(prisma_csv(counted))))


def by_key(counted):
    return {row["data"]: row["n"] for row in rows(counted) if row["data"] != "NA"}


def test_every_row_of_the_packages_template_is_there_with_its_node_and_box():
    wanted = {tuple(line.split()) for line in TEMPLATE.replace("\n", " ").split(",")}
    assert wanted <= {(row["data"], row["node"], row["box"]) for row in rows(flow())}
    assert tuple(rows(flow())[0]) == COLUMNS


def test_each_count_stands_under_its_key():
    found = by_key(flow())
    assert found["database_results"] == "90"
    assert found["database_specific_results"] == "PubMed, 90"
    assert found["register_results"] == "10"
    assert found["citations_results"] == "7"
    assert (found["duplicates"], found["excluded_automatic"], found["excluded_other"]) == ("20", "5", "5")
    assert (found["records_screened"], found["records_excluded"]) == ("70", "40")
    assert (found["dbr_sought_reports"], found["dbr_assessed"], found["other_assessed"]) == ("30", "28", "4")
    assert (found["new_studies"], found["new_reports"], found["total_reports"]) == ("9", "13", "13")
    assert (found["omr_dropped"], found["omr_left_out"]) == ("1", "3")


def test_reasons_survive_the_packages_splitting_at_semicolon_and_comma():
    parts = [part.split(",") for part in by_key(flow())["dbr_excluded"].split(";")]
    assert [(label.strip(), int(n)) for label, n in parts] == [
        ("Population / or disease / other", 12),
        ("Design", 6),
    ]


def test_no_key_of_ours_is_found_by_the_packages_search_for_its_own():
    keys = [row["data"] for row in rows(flow(synthesised=4))]
    for key in (
        "duplicates",
        "records_excluded",
        "other_excluded",
        "other_assessed",
        "included",
        "excluded_other",
    ):
        assert [k for k in keys if re.search(key, k)] == [key]
    assert [k for k in keys if re.search("total_studies$", k)] == ["total_studies"]


def test_a_flow_without_other_methods_or_studies_says_so():
    bare = Flow(databases=Column())
    found = by_key(bare)
    assert (found["new_studies"], found["other_sought_reports"], found["dbr_excluded"]) == ("NA", "0", "NA")


def test_an_update_carries_what_was_included_before():
    found = by_key(flow(previous=Previous(3, 4)))
    assert (found["previous_studies"], found["previous_reports"]) == ("3", "4")
    assert (found["total_studies"], found["total_reports"]) == ("12", "17")


RUNS = [
    SearchRun(
        id="pubmed-2026-11-24",
        database="PubMed",
        query="gvhd[tiab]",
        translation="translated",
        hits=12,
        records=11,
        not_returned=1,
    ),
    SearchRun("seed", "citation searching", "Reference lists", date="2026-11-23", records=4),
]


def test_the_appendix_prints_every_search_word_for_word_and_says_what_is_not_recorded():
    text = search_appendix(RUNS, title="Cells", dedupe="by rules")
    assert "Strategy as run (item 8): gvhd[tiab]" in text
    assert "Records (item 15): 11 of 12 hits" in text
    assert "Not returned: 1" in text
    assert "2. Reference lists (citation searching), search seed" in text
    assert "Platform (items 1, 2): not recorded" in text
    assert "Records in all (PRISMA-S item 15): 15 from 2 searches" in text


@pytest.mark.parametrize("runs", [[], RUNS[:1]])
def test_the_appendix_cites_prisma_s_however_many_searches(runs):
    assert "doi:10.1186/s13643-020-01542-z" in search_appendix(runs)
