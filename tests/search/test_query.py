"""What PubMed would misread is told before it is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.search.query import FIELD_NAMES, lint

GOOD = (
    '("Mesenchymal Stem Cells"[Mesh] OR mesenchymal[tiab] OR "stromal cell*"[tiab]) AND ("Graft vs Host '
    'Disease"[MeSH Terms:noexp] OR gvhd[Title] OR "graft host"[tiab:~3]) NOT (mice[mh] NOT humans[mh])'
)


def graves(query):
    return [str(finding) for finding in lint(query) if finding.grave]


def test_a_sound_strategy_passes():
    assert lint(GOOD) == []


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "the query is empty"),
        ("asthma[foo] AND b[mh]", "no field [foo]"),
        ("stem cells[tiba] AND b[mh]", 'did you mean "tiab"'),
        ("(a OR b)[tiab] AND c[mh]", "stands behind a bracket"),
        ("cell[ti:noexp] AND c[mh]", "not understood"),
        ("stem cell[tiab:~3] AND c[mh]", "is ignored there"),
        ('"stem cell"[mh:~3] AND c[mh]', "is ignored there"),
        ("((a[mh])", "is not closed"),
        ("a[mh])", "closes nothing"),
        ("a[mh", "is not closed"),
        ('"stem cells[tiab] AND a[mh]', "left open"),
        ("“stem cells”[tiab] AND a[mh]", "not the sign it looks like"),
        ("asthm∗[tiab] AND a[mh]", "write *"),
        ("a[mh]\u200b AND b[tiab]", "invisible character"),
        ("stem and gvhd", "write AND"),
        ("a[mh] or b[tiab]", "write OR"),
        ("a[mh] AND", "nothing on one side"),
        ("a[mh] AND OR b[tiab]", "nothing behind it"),
        ("stem adj3 cell", "operator of other databases"),
        ("msc* AND b[mh]", "four letters"),
        ("therap$ AND b[mh]", "PubMed cuts with *"),
        ("AND[tiab]", "stands behind no term"),
    ],
)
def test_a_grave_fault_is_told_with_its_place(query, says):
    assert any(says in grave for grave in graves(query)), graves(query)
    assert all(grave.startswith("character ") for grave in graves(query))


def test_a_missing_heading_is_a_warning():
    assert [f.grave for f in lint("cells[tiab] AND gvhd[tiab]")] == [False]
    assert any("headings alone" in f.says for f in lint("cells[mh] AND trial[pt]"))


def test_words_inside_quotes_are_left_alone():
    assert lint('"graft and host or (not)"[tiab] AND a[mh]') == []


@pytest.mark.parametrize("name", sorted(FIELD_NAMES))
def test_every_field_of_pubmed_is_known_in_any_case(name):
    assert graves(f"word[{name.upper()}]") == []


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(query):
    for finding in lint(query):
        assert finding.says
        assert finding.place >= 1
