"""Exports of every kind: each record counted in and accounted for, and the traps of each format."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import FormatError
from metareview.search.formats.fields import split_authors
from metareview.search.formats.reading import read_export
from metareview.search.formats.writing import as_bibtex, as_ris, write_export
from metareview.search.record import Record, own_id, tidy

HERE = Path(__file__).parents[1] / "data" / "exports"
# file: records in it, records that can be read
COUNTS = {
    "asreview.csv": (2, 2),
    "central.txt": (2, 2),
    "covidence.csv": (1, 1),
    "embase.csv": (1, 1),
    "endnote.enw": (2, 2),
    "endnote.xml": (2, 1),
    "faulty.ris": (6, 4),
    "library.bib": (5, 4),
    "ovid_embase.ris": (2, 2),
    "ovid_medline.txt": (2, 2),
    "pubmed.csv": (1, 1),
    "pubmed.nbib": (2, 2),
    "pubmed.xml": (5, 3),
    "rayyan.csv": (2, 2),
    "registry.csv": (1, 1),
    "scopus.csv": (2, 2),
    "wos.txt": (2, 2),
}
NO_PMID = {"asreview.csv", "covidence.csv", "endnote.enw", "faulty.ris", "registry.csv"}


def read(name):
    return read_export(HERE / name)


def test_every_export_is_tested():
    assert {path.name for path in HERE.iterdir()} == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_is_accounted_for(name):
    export = read(name)
    assert (len(export.entries), len(export.records)) == COUNTS[name]
    assert len(export.records) + len(export.refused) == len(export.entries)
    assert all(f"{name}:" in says for says in export.refused)


@pytest.mark.parametrize("name", sorted(set(COUNTS) - NO_PMID - {"pubmed.xml"}))
def test_one_article_is_known_by_its_pmid_in_every_export(name):
    first = read(name).records[0]
    assert first.pmid == "38000001"
    assert first.title.casefold().startswith("cell therapy")


@pytest.mark.parametrize(
    "name", sorted(set(COUNTS) - {"faulty.ris", "registry.csv", "pubmed.xml", "pubmed.csv"})
)
def test_authors_are_told_apart_in_every_export(name):
    authors = read(name).records[0].authors
    assert [a.replace("ü", "u")[:6] for a in authors[:2]] == ["Muller", "O'Hara"]


def test_pubmed_xml_keeps_what_is_the_records_own():
    first, second, chapter = read("pubmed.xml").records
    assert first.title == "CO2 in vivo: P < 0.05."
    assert first.abstract == "BACKGROUND: Something was unknown. RESULTS: P < 0.05 and x > 3."
    assert first.doi == "10.5555/jim.1", "not the invalid one, not one that it cites"
    assert first.authors == ("Müller Jr, Anna", "Imagined Group"), (
        "not the invalid author, not the investigator"
    )
    assert (first.year, first.published) == (1998, "1998 Dec-1999 Jan")
    assert first.registry == ("NCT01234567",), "GenBank is no register of trials"
    assert first.retracted
    assert [str(link) for link in first.links] == [
        "RetractionIn:J Invent Med. 2024;1:1",
        "ErratumIn:39000001",
    ]
    assert second.title == "A second version."
    assert (chapter.title, chapter.journal, chapter.authors) == (
        "One disease",
        "Book of Genes",
        ("Writer, A",),
    )
    assert (chapter.pages, chapter.accession, chapter.types) == ("Chapter 5", "NBK1116", ("Review",))


def test_a_title_in_its_own_language_alone_is_the_title(tmp_path):
    text = (HERE / "pubmed.xml").read_text("utf-8")
    start, end = (
        text.index('<PubmedArticle><MedlineCitation><PMID Version="2">'),
        text.index("<PubmedBookArticle>"),
    )
    (tmp_path / "x.xml").write_text(text[:start] + text[end:], "utf-8")
    german = read_export(tmp_path / "x.xml").records[1]
    assert (german.title, german.original_title, german.abstract) == ("Über Zellen.", "", "Zellen helfen.")
    assert (german.published, german.doi) == ("2013 Winter", "10.5555/de.2")


def test_medline_text_keeps_notices_and_joins_lines():
    first, second = read("pubmed.nbib").records
    assert first.abstract == "BACKGROUND: Something was unknown. RESULTS: It is known now."
    assert first.retracted
    assert [str(link) for link in first.links] == [
        "RetractionIn:39000009",
        "ErratumIn:J Invent Med. 2023;12:200",
    ]
    assert first.registry == ("NCT01234567",)
    assert second.year == 1998


def test_ris_without_beginnings_and_ends_loses_nothing():
    export = read("faulty.ris")
    assert [r.title.split(" ")[0] for r in export.records] == ["First", "Second", "Third", "Fourth"]
    second = export.records[1]
    assert second.abstract.startswith("A second, longer")
    assert second.abstract.endswith("Words that go on over a line")
    assert second.keywords == ("one", "two", "three")
    assert any(":16:" in says and "belongs to no record" in says for says in export.refused)


def test_a_broken_entry_of_bibtex_is_told_and_a_key_that_stands_twice_is_kept():
    export = read("library.bib")
    assert any(":17:" in says and "broken BibTeX" in says for says in export.refused)
    assert [r.title for r in export.records][2] == "The same key again"
    assert export.records[0].title == "Cell therapy for Imagined disease: Öffnung"
    assert export.records[0].pages == "101-110"


def test_numbers_of_registers_and_databases_are_found():
    assert read("registry.csv").records[0].registry == ("NCT01234567",)
    assert read("central.txt").records[1].registry == ("NCT07654321",)
    assert read("ovid_embase.ris").records[0].registry == ("NCT01234567",)
    assert read("embase.csv").records[0].accession == "20230123456"
    assert read("wos.txt").records[0].accession == "WOS:000999999900001"
    databases = {name: read(name).records[0].database for name in COUNTS}
    assert databases["scopus.csv"] == "Scopus"
    assert databases["registry.csv"] == "ClinicalTrials.gov"
    assert databases["ovid_embase.ris"] == databases["embase.csv"] == "Embase"
    assert databases["ovid_medline.txt"] == "MEDLINE"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_of_exports_is_read(tmp_path, encoding):
    text = "TY  - JOUR\r\nTI  - Zellen für Müller\r\nAU  - Ringdén, O.\r\nER  - \r\n"
    (tmp_path / "x.ris").write_bytes(text.encode(encoding))
    (record,) = read_export(tmp_path / "x.ris").records
    assert (record.title, record.authors) == ("Zellen für Müller", ("Ringdén, O.",))


def test_a_row_that_does_not_fit_is_listed_with_its_line(tmp_path):
    (tmp_path / "x.csv").write_text('title,doi\nA,10.5555/a\nB,10.5555/b,extra\n"C\nc",\n', "utf-8")
    export = read_export(tmp_path / "x.csv")
    assert [r.title for r in export.records] == ["A", "C c"]
    assert export.refused == (f"{tmp_path}/x.csv:3: not a record: the row has 3 cells; the header has 2.",)


def test_a_workbook_is_read(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (
        ["title", "year", "doi"],
        ["A work", 2020, "10.5555/a"],
        [None, None, None],
        ["B", None, None],
    ):
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    assert [(r.title, r.year) for r in read_export(tmp_path / "x.xlsx").records] == [
        ("A work", 2020),
        ("B", None),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no export that is known"),
        (b"just some words\n", "no export that is known"),
        (b"a,b\n1,2\n", "no export that is known"),
        (b"year,volume\n1,2\n", "no column is a title"),
        (b"<html><body>Log in</body></html>", "neither PubMed's"),
        (b"<PubmedArticleSet><PubmedArticle>", "broken or cut short"),
        (
            b'<!DOCTYPE x [<!ENTITY a "b">]><PubmedArticleSet><PubmedArticle/></PubmedArticleSet>',
            "declares XML entities",
        ),
        (b"<PubmedArticleSet></PubmedArticleSet>", "holds no record"),
        (b"PK\x03\x04rubbish", "cannot be read as a workbook"),
        (b"TY\n", "no export that is known"),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(tmp_path, content, says):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FormatError, match=says):
        read_export(tmp_path / "x")


@given(st.sampled_from(sorted(COUNTS)), st.data())
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path_factory, name, data):
    raw = bytearray((HERE / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=5))
        if not raw:
            raw = bytearray(b"x")
    path = tmp_path_factory.mktemp("damaged") / "x"
    path.write_bytes(raw)
    from metareview.errors import MetareviewError

    try:
        export = read_export(path)
    except MetareviewError as error:
        assert error.problems
    else:
        assert len(export.records) + len(export.refused) == len(export.entries)


def words(alphabet=None):
    text = st.text(
        alphabet=alphabet or st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]),
        min_size=1,
        max_size=30,
    )
    return text.map(tidy).filter(lambda s: any(c.isalnum() for c in s))


name_parts = st.from_regex(r"[A-Z][a-zé]{2,8}", fullmatch=True)
plain = st.builds(
    Record,
    id=st.just(""),
    title=st.from_regex(r"[A-Z][a-z]{3,9}( [a-zéü]{2,9}){1,5}", fullmatch=True),
    abstract=st.just("")
    | st.from_regex(r"[A-Z][a-z]{3,9}( [a-z<&%_0-9]{1,9}){5,20}", fullmatch=True).map(tidy),
    authors=st.lists(st.builds("{}, {}".format, name_parts, name_parts), max_size=3, unique=True).map(tuple),
    year=st.none() | st.integers(1900, 2030),
    journal=st.just("") | st.from_regex(r"[A-Z][a-z]{3,9} of [A-Z][a-z]{3,9}", fullmatch=True),
    volume=st.just("") | st.integers(1, 99).map(str),
    issue=st.just("") | st.integers(1, 12).map(str),
    pages=st.just("") | st.builds("{}-{}".format, st.integers(2, 99), st.integers(100, 199)),
    doi=st.just("") | st.integers(1, 10**6).map("10.5555/x.{}".format),
    pmid=st.just("") | st.integers(1, 10**7).map(str),
    registry=st.just(()) | st.just(("NCT01234567",)),
    keywords=st.lists(name_parts, max_size=3, unique=True).map(tuple),
    database=st.sampled_from(["PubMed", "Embase", "Scopus"]),
)


@given(st.lists(plain, min_size=1, max_size=4))
def test_ris_and_bibtex_read_back_as_they_were_written(tmp_path_factory, records):
    folder = tmp_path_factory.mktemp("written")
    expected = [replace(record, id=own_id(record)) for record in records]
    for name in ("x.ris", "x.bib"):
        write_export(folder / name, expected)
        got = [replace(r, types=()) for r in read_export(folder / name).records]
        assert got == expected, name


def test_only_known_endings_are_written(tmp_path):
    with pytest.raises(FormatError, match=r"\.ris, \.bib and \.csv"):
        write_export(tmp_path / "x.docx", [])


def test_ris_is_closed_and_bibtex_keys_are_unique():
    records = [
        Record(id="a", title="A", authors=("Smith, J.",), year=2020),
        Record(id="b", title="B 50% & _"),
    ] * 2
    assert as_ris(records).count("\nER  - \n") == 4
    keys = [line for line in as_bibtex(records).splitlines() if line.startswith("@")]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("cell", "authors"),
    [
        ("", []),
        ("Wang L.", ["Wang L."]),
        ("Muller, A., O'Hara, B.C.", ["Muller, A.", "O'Hara, B.C."]),
        ("MAGIC Study Group", ["MAGIC Study Group"]),
        ("Anna Muller, Bea O'Hara, Li Wang", ["Anna Muller", "Bea O'Hara", "Li Wang"]),
    ],
)
def test_lists_of_authors_are_split_where_authors_end(cell, authors):
    assert split_authors(cell) == authors
