"""Records, decisions and sheets of a review, joined into its flow."""

import pytest

from metareview.errors import FileError, ScreeningError
from metareview.extraction import Study
from metareview.review.place import Place
from metareview.review.screened import ScreeningDesk, read_duplicates, read_previous
from metareview.screening import Decision, append_decisions
from tests.screening.reviews import NAME, make_review


@pytest.fixture
def desk(tmp_path):
    make_review(tmp_path)
    return ScreeningDesk(Place(tmp_path, NAME))


def study(name, *reports, exclude=""):
    return Study(name, name, None, "RCT", "", reports, exclude, "")


def screen(desk, full):
    """Send every record on and give each the full-text verdict named for it."""
    on, when = {f"pmid:{i}": "include" for i in range(1, 7)}, "2026-11-24"
    made = []
    for stage, said in (("abstract", on), ("full text", full)):
        for record, words in said.items():
            verdict, _, reason = words.partition("/")
            made.append(
                Decision(record=record, stage=stage, reviewer="AB", verdict=verdict, reason=reason, when=when)
            )
    append_decisions(desk.place.screened, made, owner="AB")


FULL = {
    "pmid:1": "include", "pmid:2": "include", "pmid:3": "exclude/design", "pmid:4": "exclude/population",
    "pmid:5": "not-retrieved", "pmid:6": "exclude/design",
}  # fmt: skip


def test_the_criteria_are_the_reasons_with_their_words(desk):
    first = desk.reasons[0]
    assert (first.id, str(first), first.text) == ("population", "Population", "Children; healthy volunteers")


def test_studies_are_counted_by_their_reports_whatever_a_sheet_calls_them(desk):
    screen(desk, FULL)
    flow = desk.flow([study("A", "PMID:1", "pmid:2"), study("B", exclude="nothing reported")])
    assert (flow.new_studies, flow.new_reports) == (1, 2)
    assert [(c.label, c.n) for c in flow.databases.excluded_reports] == [("Design", 2), ("Population", 1)]


def test_a_study_kept_out_of_syntheses_may_have_an_excluded_report(desk):
    screen(desk, FULL)
    flow = desk.flow([study("A", "pmid:1", "pmid:2"), study("C", "pmid:3", exclude="wrong design")])
    assert flow.new_studies == 1


def test_a_study_without_a_report_among_the_records_is_named_not_counted(desk):
    screen(desk, FULL)
    flow = desk.flow([study("A", "pmid:1", "pmid:2"), study("Stranger 2020", "doi:10.1/none")])
    assert flow.new_studies == 1
    assert "1 study of the sheets has no report among the records" in flow.notes[-1]
    assert "Stranger 2020" in flow.notes[-1]


def test_what_people_want_every_reader_to_know_comes_with_the_flow(desk):
    screen(desk, FULL)
    (desk.place.screened / "caveats.txt").write_text("Full texts were not read.\n\n")
    assert desk.flow().notes[-1] == "Full texts were not read."


def test_a_study_whose_report_was_excluded_is_an_error(desk):
    screen(desk, FULL)
    with pytest.raises(ScreeningError, match="pmid:3 is a report of C but was not included"):
        desk.flow([study("A", "pmid:1", "pmid:2"), study("C", "pmid:3")])


def test_duplicates_that_were_judged_the_same_are_removed_and_others_are_not(desk):
    path = desk.place.searched / "duplicates.csv"
    path.write_text("kept,dropped,decision,why\npmid:1,pmid:2,same,DOI\npmid:3,pmid:4,ask,title\n")
    assert read_duplicates(path) == {"pmid:2": "pmid:1"}
    assert desk.flow().databases.duplicates == 1


def test_an_update_reads_what_was_included_before(desk):
    (desk.place.screened).mkdir(parents=True)
    (desk.place.screened / "previous.csv").write_text("study,report\nOld,old1\nOld,old2\n")
    assert read_previous(desk.place.screened / "previous.csv") == {"Old": ["old1", "old2"]}
    screen(desk, FULL)
    flow = desk.flow([study("Old", "pmid:1"), study("A", "pmid:2")])
    assert (flow.previous.studies, flow.new_studies, flow.added_reports, flow.total_reports) == (1, 1, 1, 4)


@pytest.mark.parametrize(
    ("name", "read"), [("duplicates.csv", read_duplicates), ("previous.csv", read_previous)]
)
def test_a_table_without_its_columns_is_refused(tmp_path, name, read):
    path = tmp_path / name
    path.write_text("x\n1\n")
    with pytest.raises(FileError, match=rf"{name}:1: column"):
        read(path)


def test_without_records_there_is_nothing_to_screen(desk):
    (desk.place.searched / "records.csv").unlink()
    with pytest.raises(FileError, match="`metareview search small`"):
        desk.flow()
