"""Long repetitive texts are read in a time that grows with their length, not with its square."""

import pytest

from metareview.characters import normal
from metareview.errors import did_you_mean
from metareview.extraction.checks import sources
from metareview.extraction.checks.overlaps import same_centres
from metareview.extraction.printed import Printed, read_printed
from metareview.search.dedupe import find_duplicates
from metareview.search.dedupe.face import face_of
from metareview.search.formats.dialects import RIS
from metareview.search.formats.fields import record_of, split_authors
from metareview.search.formats.tagged import read_tagged
from metareview.search.formats.writing import as_bibtex
from metareview.search.gather import gather_records
from metareview.search.query import lint
from metareview.search.record import Record, clean_doi, registry_numbers, tidy
from metareview.tables import parse_table
from tests.growth import growth, texts
from tests.growth_targets import TARGETS

LONG = 195_000  # where each of these took minutes while its time grew with the square


def test_blanks_between_keywords():
    cell = "stem" + " " * LONG + ";" + " " * LONG + "cells"
    assert record_of({"title": ["A"], "keywords": [cell]}).keywords == ("stem", "cells")


def test_dots_before_no_abstract():
    assert record_of({"title": ["A"], "abstract": ["." * LONG + "No abstract available"]}).abstract == ""
    assert record_of({"title": ["A"], "abstract": ["." * LONG + "x"]}).abstract.endswith(".x")


@pytest.mark.parametrize("tail", [".", ")", "),.", "]"])
def test_the_tail_of_a_doi(tail):
    assert clean_doi("10.1000/x" + tail * (LONG // len(tail))) == "10.1000/x"


def test_a_reference_to_a_sign_of_thousands_of_digits():
    assert clean_doi("10.1000/x &#" + "9" * LONG + ";") == "10.1000/x"


def test_a_word_of_120_000_letters():
    word = "a" * 120_000
    assert [found.says for found in lint(f"{word}[mh] OR {word}* OR stem[ti]")] == []
    assert "Allowed: title." in did_you_mean(word, ["title"])


def test_authors_by_the_thousand():
    assert split_authors("Smith A and " * (LONG // 12) + "Li B")[-2:] == ["Smith A", "Li B"]
    assert split_authors("A" + " " * LONG + "and B") == ["A", "B"]
    assert split_authors("Zhao K, Li B, " + "." * LONG)[:2] == ["Zhao K", "Li B"]


def test_a_table_of_100_000_columns():
    names = [f"c{n}" for n in range(100_000)]
    table = parse_table(",".join([*names, *[""] * 50_000]) + "\n" + ",".join("1" for _ in names), "x.csv")
    assert table.columns == tuple(names)


def test_accents_by_the_thousand():
    text = "e" + "\u0323\u0301" * (LONG // 2)
    assert normal("NFC", text).count("\u0323") + 1 == LONG // 2
    assert normal("NFC", "e\u0301" * LONG) == "\u00e9" * LONG
    assert len(tidy(text)) >= LONG


def test_numbers_of_thousands_of_digits():
    assert read_printed("1" * LONG + "x", 1.0) == Printed(1.0, 0)
    digits = "1" * LONG
    assert [pattern.findall(digits) for pattern in (sources._PERCENTS, sources._SHARES)] == [[], []]
    assert sources._P_VALUES.findall("P" + " " * LONG + "x") == []
    assert sources._SPREADS.findall("1 (" + " " * LONG + "x") == []
    assert registry_numbers("ChiCTR-" * (LONG // 7) + "2000035740")[-1].endswith("2000035740")


def test_labels_of_titles():
    title = "Cells " + "(published online " * (LONG // 18)
    assert face_of(Record(id="a", title=title)).title.startswith("cells published online")


def test_a_field_of_thousands_of_lines():
    text = "TY  - JOUR\nTI  - A\nAB  - a\n" + "b\n" * LONG + "ER  - \n"
    (entry,) = read_tagged(text, RIS)
    assert len(entry.record.abstract) == 2 * LONG + 1


def copies(number):
    return [Record(id=f"r{n:06}", title="Stem cells in graft disease", doi="10.1/a") for n in range(number)]


def test_a_thousand_copies_of_one_record():
    records = [Record(id="", title="Stem cells", database="A", doi="10.1/a") for _ in range(50_000)]
    gathered = gather_records([], records, "s")
    assert gathered.added[-1] == "doi:10.1/a~50000"
    assert len(find_duplicates(copies(5_000)).dropped) == 4_999
    assert as_bibtex(copies(20_000)).count("{anonymous-19999,") == 1


def test_a_centre_of_thousands_of_studies(review):
    found = list(same_centres(review(20_000)))
    assert max(sum(f.line == line for f in found) for line in (5_000, 20_000)) <= 6
    assert "more studies of the sheet" in found[-1].why


@pytest.fixture
def review():
    from metareview.extraction.checks.ledger import Ledger
    from metareview.extraction.rows import Sheets, Study

    def made(number):
        further = {"centre": "Here", "recruited_from": "2001", "recruited_to": "2002"}
        empty = {
            "label": "",
            "year": None,
            "design": "",
            "registry": "",
            "reports": (),
            "exclude": "",
            "note": "",
        }
        studies = tuple(
            Study(study=f"S{n}", characteristics=further, file="studies.csv", line=n, **empty)
            for n in range(number)
        )
        return Ledger(Sheets("", studies, (), (), (), ()), None)

    return made


SIZE, QUICK, MOST = 2_500, 0.15, 9.0


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_time_grows_with_the_length(name):
    tried, grown = 0, []
    for label, text in texts():
        tried += 1
        times = growth(TARGETS[name], text, SIZE, QUICK)
        if times > MOST:
            grown.append(f"{label}: {times:.0f} times as long for 4 times the text")
    print(f"{name}: {tried} texts tried, {len(grown)} grow too fast")  # noqa: T201
    assert grown == []
