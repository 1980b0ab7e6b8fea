import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import FormatError
from metareview.search.catalogue import read_records, write_records
from metareview.search.record import (
    Link,
    Record,
    clean_doi,
    clean_pmid,
    family_name,
    find_year,
    own_id,
    registry_numbers,
    tidy,
)

words = st.text(max_size=30).map(tidy).map(lambda s: s.replace("\\", "/"))
lists = st.lists(words.filter(bool), max_size=4).map(tuple)
links = st.lists(
    st.builds(Link, st.sampled_from(["ErratumIn", "RetractionIn"]), st.integers(1, 10**8 - 1).map(str)),
    max_size=2,
).map(tuple)
records = st.builds(
    Record,
    id=st.integers(1, 10**8).map("pmid:{}".format),
    title=words,
    abstract=words,
    authors=lists,
    year=st.none() | st.integers(1500, 2099),
    journal=words,
    pages=words,
    registry=lists,
    keywords=lists,
    links=links,
    source=lists,
)


@given(st.lists(records, max_size=5, unique_by=lambda r: r.id))
def test_a_table_of_records_reads_back_as_it_was(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("records") / "records.csv"
    write_records(path, made)
    assert read_records(path) == made


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    path = tmp_path / "records.csv"
    path.write_text("id,title,year\npmid:1,A,2020\n,B,2021\npmid:1,C,20x1\n", "utf-8")
    with pytest.raises(FormatError) as error:
        read_records(path)
    assert [p.split(": ", 1)[0].rsplit(":", 1)[1] for p in error.value.problems] == ["3", "4", "4"]


def test_an_unknown_column_and_a_missing_id_are_named(tmp_path):
    path = tmp_path / "records.csv"
    path.write_text("titel,year\nA,2020\n", "utf-8")
    with pytest.raises(FormatError, match="titel") as error:
        read_records(path)
    assert "id is missing" in str(error.value)


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("doi:10.1016/S2352-3026(19)30256-X", "10.1016/s2352-3026(19)30256-x"),
        ("(https://dx.doi.org/10.1002/14651858.CD009768.pub2)", "10.1002/14651858.cd009768.pub2"),
        ("10.1002/(SICI)1097-0258(19980415)17:7&lt;793::AID-SIM782&gt;3.0.CO;2-Q [doi]", ""),
        ("10.3760/cma.j.cn121090-20240608-00214,", "10.3760/cma.j.cn121090-20240608-00214"),
        ("no doi", ""),
    ],
)
def test_a_doi_is_found_whatever_stands_around_it(text, doi):
    assert clean_doi(text) == doi or (not doi and clean_doi(text).startswith("10.1002/(sici)"))


def test_only_numbers_that_can_be_a_pmid_are_one():
    assert [clean_pmid(t) for t in ("1", "0", "012", "12a", "", "999999999")] == [
        "1",
        "",
        "",
        "",
        "",
        "999999999",
    ]


def test_registry_numbers_keep_their_spelling():
    text = "nct04738981, ChiCTR-IOR-15006330, ISRCTN 12345678, chictr2000035740, RBR-6cqxf2, jRCTs031180306"
    assert registry_numbers(text) == (
        "NCT04738981",
        "ChiCTR-IOR-15006330",
        "ISRCTN12345678",
        "ChiCTR2000035740",
        "RBR-6cqxf2",
        "jRCTs031180306",
    )


def test_a_retracted_work_is_retracted_and_its_notice_is_not():
    assert Record(id="a", links=(Link("RetractionIn", ""),)).retracted
    assert Record(id="b", types=("Journal Article", "Retracted Publication")).retracted
    assert not Record(
        id="c", types=("Retraction of Publication",), links=(Link("RetractionOf", "1"),)
    ).retracted


def test_an_id_is_the_strongest_name_a_record_has():
    assert own_id(Record(id="", pmid="5", doi="10.1/x")) == "pmid:5"
    assert own_id(Record(id="", doi="10.1234/x", accession="L5")) == "doi:10.1234/x"
    assert own_id(Record(id="", accession="CN 5")) == "acc:CN5"
    assert own_id(Record(id="", title="A")) != own_id(Record(id="", title="B"))


def test_names_and_years():
    assert family_name("Jiang E") == "Jiang"
    assert family_name("O'Brien, S. M.") == "O'Brien"
    assert find_year("2013 Winter") == 2013
    assert find_year("12013") is None
    assert Record(id="a", authors=("Kebriaei P",), year=2020).label == "Kebriaei 2020"
