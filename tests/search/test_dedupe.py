"""Which records are one work: measured on generated records, and trap by trap."""

import random
from dataclasses import replace

import pytest
from twins import make_twins, make_work, true_pairs

from metareview.search.dedupe import find_duplicates
from metareview.search.dedupe.face import first_page, fold, journal_words
from metareview.search.dedupe.groups import PERSON, pairs_of
from metareview.search.dedupe.merging import merge_records, unique_records
from metareview.search.record import Record

PAPER = Record(
    id="a",
    title="Stromal cells for steroid-refractory acute graft-versus-host disease: a randomized trial",
    authors=("Kebriaei, P.", "Hayes, J."),
    year=2020,
    journal="Biology of Blood and Marrow Transplantation",
    volume="26",
    pages="835-844",
    abstract="Background: steroid-refractory acute graft-versus-host disease is fatal in many. " * 5,
    types=("Journal Article",),
    database="PubMed",
)


def decision(a, b):
    found = find_duplicates([replace(a, id="a"), replace(b, id="b")])
    return found.duplicates[0].decision if found.duplicates else "different"


def but(**changes):
    return replace(PAPER, **changes)


def test_generated_exports_are_told_apart_and_together():
    twins = make_twins(3_000, seed=7)
    found = find_duplicates([twin.record for twin in twins])
    made, truth = pairs_of(found.groups.values()), true_pairs(twins)
    assert len(truth) > 1_000
    assert len(made & truth) / len(made) >= 0.995
    assert len(made & truth) / len(truth) >= 0.99


def test_the_order_of_the_records_does_not_matter():
    records = [twin.record for twin in make_twins(400, seed=3)]
    found = find_duplicates(records)
    random.Random(1).shuffle(records)
    assert find_duplicates(records) == found


def test_what_is_left_holds_no_duplicates():
    records = [twin.record for twin in make_twins(800, seed=4)]
    left = [merged.record for merged in unique_records(records, find_duplicates(records))]
    assert find_duplicates(left).groups == {}
    assert len(left) < len(records)


@pytest.mark.parametrize(
    "other",
    [
        but(journal="Biol Blood Marrow Transplant", pages="835-44"),
        but(title=PAPER.title.upper() + "."),
        but(title=PAPER.title.split(":")[0]),
        but(title=PAPER.title.replace("acute", "acut"), doi="10.5555/x"),
        but(abstract="", pages="", volume="", year=2019),
        but(title="RETRACTED: " + PAPER.title),
        but(types=("Conference Abstract",), database="Embase"),
    ],
    ids=["abbreviated", "capitals", "no subtitle", "typing error", "bare", "retracted", "kind named apart"],
)
def test_one_work_described_apart_is_the_same(other):
    assert decision(PAPER, other) == "same"


@pytest.mark.parametrize(
    "other",
    [
        but(title=PAPER.title + " Part II", pages="900-9", abstract="Methods: go on. " * 20),
        but(title="Erratum: " + PAPER.title, pages="1701", abstract=""),
        but(title=PAPER.title, types=("Published Erratum",), pages="1701", abstract=""),
        but(title="Reply to " + PAPER.title, pages="e12", abstract="", authors=("Other, A.",)),
        but(
            types=("Conference Abstract",), journal="Blood", volume="130", pages="S12", abstract="Aims. " * 40
        ),
        but(
            title="Ruxolitinib in children",
            authors=("Zeiser, R.",),
            pages="S9",
            abstract="Aims: other. " * 30,
        ),
        but(authors=("Zhao, K.",), abstract="Other words. " * 30, pages="15", volume="3", journal="Oncology"),
    ],
    ids=[
        "part II",
        "erratum by title",
        "erratum by type",
        "reply",
        "conference",
        "one supplement",
        "one title",
    ],
)
def test_two_works_are_different_even_under_one_doi(other):
    assert decision(but(doi="10.5555/x"), replace(other, doi="10.5555/x")) == "different"
    assert decision(PAPER, other) == "different"


def test_phases_and_parts_are_told_apart_however_they_are_written():
    for one, two in [
        ("phase 2", "phase 3"),
        ("phase II", "phase III"),
        ("part A", "part B"),
        ("part one", "part two"),
    ]:
        a, b = (
            but(title=f"Cells for acute disease in adults, a {x} trial of long standing") for x in (one, two)
        )
        assert decision(a, replace(b, pages="3")) == "different", (one, two)
        assert decision(a, b) == "ask", "the same page speaks for a typing error"
    a, b = (but(title=f"A {x} trial of cells in adults") for x in ("phase II", "phase 2"))
    assert decision(a, b) == "same"


def test_different_pmids_are_never_joined_even_through_a_third_record():
    first, second = but(pmid="1"), but(pmid="2")
    found = find_duplicates([replace(first, id="a"), replace(second, id="b"), but(id="c")])
    assert {frozenset(g) for g in found.groups.values()} == {frozenset(("a", "c"))}
    assert {(d.kept, d.dropped, d.decision) for d in found.duplicates} >= {("a", "c", "same")}
    assert any(d.decision == "ask" for d in found.duplicates)


def test_too_little_to_tell_is_asked():
    assert decision(Record(id="", title=PAPER.title), Record(id="", title=PAPER.title)) == "ask"


def test_every_decision_says_why():
    found = find_duplicates([twin.record for twin in make_twins(500, seed=9)])
    assert all(len(d.why) > 10 for d in found.duplicates)


def test_what_a_person_decided_goes_before_the_rules():
    a, b = replace(PAPER, id="a"), replace(PAPER, id="b")
    apart = find_duplicates([a, b], {frozenset("ab"): "different"})
    assert apart.groups == {}
    assert [(d.decision, d.why) for d in apart.duplicates] == [("different", PERSON)]
    other = Record(id="c", title="Something else")
    assert find_duplicates([a, other], {frozenset("ac"): "same"}).groups == {"a": ("a", "c")}


def test_a_third_copy_does_not_join_what_a_person_told_apart():
    records = [replace(PAPER, id=name) for name in "abc"]
    found = find_duplicates(records, {frozenset("ab"): "different"})
    together = [set(group) for group in found.groups.values()]
    assert together and not any({"a", "b"} <= group for group in together)


def test_a_merged_record_takes_each_field_from_a_copy_and_says_which():
    full, bare = but(id="a", source=("s1",)), but(id="b", abstract="", pages="", pmid="7", source=("s2",))
    merged = merge_records([bare, full])
    assert (merged.record.id, merged.record.pmid, merged.record.pages) == ("b", "7", "835-844")
    assert merged.record.source == ("s2", "s1")
    assert merged.origins == {"abstract": "a", "pages": "a", "source": "a"}


def test_reports_of_one_study_are_linked_and_not_dropped():
    paper = but(id="a", registry=("NCT00366145",))
    talk = Record(id="b", title="Remestemcel-L: first results (NCT00366145)", types=("Conference Abstract",))
    review = Record(id="c", title="A review", abstract="We found NCT00366145 and NCT04738981.")
    found = find_duplicates([paper, talk, review])
    assert found.studies == (("NCT00366145", ("a", "b")),)
    assert found.duplicates == ()


@pytest.mark.parametrize("records", [[], [PAPER], [Record(id="a"), Record(id="b")]])
def test_few_or_empty_records_are_no_trouble(records):
    found = find_duplicates(records)
    assert found.groups == {}


def test_the_words_of_names_and_journals_are_folded():
    assert fold("Ringdén Müller") == "ringden muller"
    assert journal_words("The Journal of Medicine (Boston, Mass.)") == ("journal", "medicine")
    assert [first_page(p) for p in ("S12-S13", "0835", "1", "e0136991", "")] == [
        "s12",
        "835",
        "",
        "e136991",
        "",
    ]


def test_twins_are_made_the_same_way_every_time():
    assert make_work(random.Random(1), 5) == make_work(random.Random(1), 5)
