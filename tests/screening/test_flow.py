"""Counting a flow diagram: every record in exactly one box, whatever was decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import ScreeningError
from metareview.screening import (
    Column,
    Count,
    Decision,
    DecisionLog,
    Flow,
    Identified,
    Origin,
    Reason,
    count_flow,
    place_records,
    require_complete,
)
from metareview.search import Record

ORIGINS = {
    "pubmed": Origin("databases", "PubMed"),
    "embase": Origin("databases", "Embase"),
    "ctgov": Origin("registers", "ClinicalTrials.gov"),
    "seed": Origin("citation searching", "Seed document"),
}


def record(name, *source):
    return Record(id=name, title=f"Title of {name}", source=source or ("pubmed",))


def decide(name, stage, verdict, reason="", who="AB"):
    return Decision(record=name, stage=stage, reviewer=who, verdict=verdict, reason=reason, when="2026-11-24")


def log(*decisions, who="AB"):
    return DecisionLog(who, tuple(decisions))


def small_review():
    records = [record(f"r{i}") for i in range(6)] + [record("c1", "seed"), record("c2", "seed")]
    records.append(record("r0b", "embase"))
    made = [
        *(decide(f"r{i}", "abstract", "include") for i in range(4)),
        decide("r4", "abstract", "exclude"),
        decide("r5", "abstract", "unclear"),
        decide("c2", "abstract", "exclude"),
        decide("r0", "full text", "include"),
        decide("r1", "full text", "include"),
        decide("r2", "full text", "exclude", "population"),
        decide("r3", "full text", "not-retrieved"),
        decide("r5", "full text", "exclude", "design"),
        decide("c1", "full text", "include"),
    ]
    return Identified(records=records, duplicates={"r0b": "r0"}, origins=ORIGINS), [log(*made)]


def test_each_box_of_a_small_review_is_counted():
    identified, logs = small_review()
    flow = count_flow(
        identified,
        logs,
        studies={"Fu 2024": ["r0", "r1"], "Jiang 2024": ["c1"]},
        reasons=[Reason("population", "Wrong population")],
    )
    main, other = flow.databases, flow.other
    assert main.identified == (Count("Embase", 1, "databases"), Count("PubMed", 6, "databases"))
    assert (main.duplicates, main.screened, main.excluded, main.sought) == (1, 6, 1, 5)
    assert (main.not_retrieved, main.assessed, main.included) == (1, 4, 2)
    assert main.excluded_reports == (Count("Wrong population", 1), Count("design", 1))
    assert (other.screened, other.excluded, other.direct, other.sought, other.included) == (1, 1, 1, 1, 1)
    assert (flow.new_studies, flow.new_reports, flow.total_studies) == (2, 3, 2)
    assert flow.unfinished == 0


def test_a_record_found_twice_counts_in_both_sources_and_once_as_a_duplicate():
    identified = Identified(records=[record("a", "pubmed", "embase", "seed")], origins=ORIGINS)
    flow = count_flow(identified, [log(decide("a", "abstract", "exclude"))])
    assert flow.databases.records == 2
    assert flow.databases.duplicates == 1
    assert flow.other.records == 1
    assert flow.other.duplicates == 1


def test_two_runs_in_the_same_database_identify_a_record_once():
    origins = {"pubmed 1": Origin("databases", "PubMed"), "pubmed 2": Origin("databases", "PubMed")}
    identified = Identified(records=[record("a", "pubmed 1", "pubmed 2")], origins=origins)
    assert count_flow(identified, []).databases.identified == (Count("PubMed", 1, "databases"),)


def test_an_unfinished_review_says_what_waits():
    identified, _ = small_review()
    flow = count_flow(identified, [])
    assert (flow.databases.awaiting_screening, flow.other.awaiting_screening) == (6, 2)
    with pytest.raises(ScreeningError, match=r"r0, r1, .* are awaiting screening"):
        require_complete(place_records(identified, []))


def test_automation_and_other_removals_have_boxes_of_their_own():
    identified = Identified(records=[record("a"), record("b"), record("c")], origins=ORIGINS)
    made = [
        decide("a", "before screening", "exclude", "automation"),
        decide("b", "before screening", "exclude", "retracted"),
        decide("c", "abstract", "exclude"),
    ]
    main = count_flow(identified, [log(*made)]).databases
    assert (main.automation, main.removed, main.screened) == (1, (Count("retracted", 1),), 1)


def test_an_updated_review_keeps_what_it_had():
    identified, logs = small_review()
    flow = count_flow(
        identified,
        logs,
        studies={"Old": ["old1", "r1"], "Fu 2024": ["r0"], "Jiang 2024": ["c1"]},
        previous={"Old": ["old1"]},
    )
    assert (flow.previous.studies, flow.previous.reports) == (1, 1)
    assert (flow.new_studies, flow.new_reports, flow.added_reports) == (2, 2, 1)
    assert (flow.total_studies, flow.total_reports) == (3, 4)


@pytest.mark.parametrize(
    ("decisions", "says"),
    [
        ([decide("zzz", "abstract", "include")], 'AB decided on "zzz", which is not among the records'),
        ([decide("r0b", "abstract", "include")], "removed as a duplicate of r0"),
        (
            [decide("r0", "abstract", "exclude"), decide("r0", "full text", "include")],
            "excluded on its abstract",
        ),
        ([decide("r0", "full text", "include")], "no agreed verdict on its abstract"),
        (
            [decide("r0", "before screening", "exclude", "automation"), decide("r0", "abstract", "include")],
            "removed before screening, yet was screened",
        ),
    ],
)
def test_decisions_that_cannot_be_are_listed_by_record(decisions, says):
    identified, _ = small_review()
    with pytest.raises(ScreeningError, match=says):
        count_flow(identified, [log(*decisions)])


def test_reports_and_studies_must_match_and_every_mismatch_is_listed():
    identified, logs = small_review()
    with pytest.raises(ScreeningError) as caught:
        count_flow(identified, logs, studies={"A": ["r0", "r2"], "B": ["r0"]})
    text = str(caught.value)
    assert "r2 is a report of A but was not included" in text
    assert "r0 is a report of both A and B" in text
    assert "r1 was included but is a report of no study" in text


def test_a_source_that_no_search_describes_is_refused():
    with pytest.raises(ScreeningError, match=r'a comes from "scopus", which no row of searches.csv'):
        count_flow(Identified(records=[record("a", "scopus")], origins=ORIGINS), [])


def test_a_kind_of_source_that_has_no_box_is_refused():
    with pytest.raises(ScreeningError, match="is no way of searching"):
        Origin("pigeons", "Post")


def test_single_screening_and_the_lack_of_databases_are_said():
    identified = Identified(records=[record("a", "seed"), record("b", "ctgov")], origins=ORIGINS)
    made = [decide(r, stage, "include") for r in ("a", "b") for stage in ("abstract", "full text")]
    notes = count_flow(identified, [log(*made)]).notes
    assert notes[0].startswith("One reviewer (AB) screened at the abstract and full text stage")
    assert notes[1] == "No bibliographic database was searched for the records counted here."
    twice = [log(*made), log(*(decide(d.record, d.stage, "include", who="CD") for d in made), who="CD")]
    assert not any("single screening" in note for note in count_flow(identified, twice).notes)


def test_a_circle_of_duplicates_is_refused():
    identified = Identified(
        records=[record("a"), record("b")], duplicates={"a": "b", "b": "a"}, origins=ORIGINS
    )
    with pytest.raises(ScreeningError, match="a, b are duplicates of each other"):
        count_flow(identified, [])


def test_numbers_that_do_not_add_up_cannot_be_a_column():
    with pytest.raises(ScreeningError, match="10 records identified are not 3 duplicates"):
        Column(identified=(Count("PubMed", 10, "databases"),), duplicates=3, screened=6, excluded=6)


def test_reports_of_no_study_cannot_be_a_flow():
    with pytest.raises(ScreeningError, match="every report belongs to one study"):
        Flow(databases=Column(), new_reports=2)


VERDICTS = {
    "abstract": st.sampled_from(["include", "exclude", "unclear", "withdrawn"]),
    "full text": st.sampled_from(["include", "exclude", "unclear", "not-retrieved", "withdrawn"]),
}


@st.composite
def reviews(draw):
    """Random records, duplicates, and the logs of one to three reviewers with a consensus."""
    n = draw(st.integers(0, 25))
    sources = draw(st.lists(st.sets(st.sampled_from(sorted(ORIGINS)), min_size=1), min_size=n, max_size=n))
    records = [record(f"r{i}", *sorted(found)) for i, found in enumerate(sources)]
    kept = draw(st.lists(st.integers(0, max(n - 1, 0)), min_size=n, max_size=n))
    duplicates = {f"r{i}": f"r{k}" for i, k in enumerate(kept) if k < i and draw(st.booleans())}
    people = draw(st.lists(st.sampled_from(["AB", "CD", "EF"]), min_size=1, max_size=3, unique=True))
    unique = [r.id for r in records if r.id not in duplicates]
    logs = [draw(decision_logs(unique, who)) for who in [*people, "consensus"]]
    return Identified(records=records, duplicates=duplicates, origins=ORIGINS), logs


@st.composite
def decision_logs(draw, unique, who):
    made = []
    for name in unique:
        for stage, verdicts in VERDICTS.items():
            for verdict in draw(st.lists(verdicts, max_size=2)):
                reason = draw(st.sampled_from(["population", "design"])) if verdict == "exclude" else ""
                made.append(decide(name, stage, verdict, reason, who))
    return log(*made, who=who)


@given(reviews())
def test_the_flow_conserves_counts_or_names_the_records(review):
    identified, logs = review
    try:
        flow = count_flow(identified, logs)
    except ScreeningError as error:
        assert all(problem.startswith("r") for problem in error.problems)
        return
    hits = sum(len({ORIGINS[s] for s in r.source}) for r in identified.records)
    assert sum(c.records for c in flow.columns) == hits
    for column in flow.columns:
        for _, inside, out in column.laws():
            assert inside == sum(out.values())
    ends = sum(
        c.excluded
        + c.awaiting_screening
        + c.not_retrieved
        + c.awaiting_assessment
        + c.included
        + sum(x.n for x in c.excluded_reports)
        for c in flow.columns
    )
    assert ends == len(identified.unique())


@given(reviews())
def test_the_order_of_records_and_files_does_not_matter(review):
    identified, logs = review
    turned = Identified(
        records=identified.records[::-1], duplicates=identified.duplicates, origins=identified.origins
    )
    try:
        flow = count_flow(identified, logs)
    except ScreeningError as error:
        with pytest.raises(ScreeningError) as other:
            count_flow(turned, logs[::-1])
        assert sorted(other.value.problems) == sorted(error.problems)
        return
    again = count_flow(turned, logs[::-1])
    assert (again.databases, again.other) == (flow.databases, flow.other)
