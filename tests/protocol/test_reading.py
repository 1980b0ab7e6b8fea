"""Protocols are read whole, or refused with every fault named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import ProtocolError
from metareview.protocol import parse_protocol, read_protocol, starter_text


def faults(text):
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(text, "protocols/x.toml")
    return caught.value.problems


def starter(*changes):
    text = starter_text("x")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_starter_is_a_protocol():
    plan = parse_protocol(starter_text("x"), "x.toml")
    assert [a.id for a in plan.analyses] == ["death", "pain"]
    assert plan.outcome("pain").scale_max == 100


def test_the_shipped_protocol_plans_the_six_analyses_of_the_question():
    plan = read_protocol("protocols/msc-sr-agvhd.toml")
    ids = {a.id for a in plan.analyses}
    assert {
        "response-primary",
        "overall-response",
        "complete-response",
        "chronic-gvhd",
        "failure-free-survival",
        "relapse",
        "single-arm-overall-response",
        "single-arm-complete-response",
    } <= ids
    assert plan.registration == "none"


def test_no_primary_analysis_of_the_shipped_protocol_takes_inferred_numbers():
    plan = read_protocol("protocols/msc-sr-agvhd.toml")
    assert all("inferred" not in a.basis for a in plan.analyses)


def test_a_misspelt_outcome_is_named_with_what_was_meant():
    assert faults(starter(('outcomes = ["death"]', 'outcomes = ["deth"]'))) == (
        'protocols/x.toml: analyses "death": outcomes names the outcome "deth"; '
        'did you mean "death"? Allowed: death, pain.',
    )


def test_a_misspelt_key_is_named_with_what_was_meant():
    (missing, unknown) = faults(starter(('measure = "RR"', 'measur = "RR"')))
    assert missing == 'protocols/x.toml: analyses "death": key "measure" is missing.'
    assert unknown.startswith(
        'protocols/x.toml: analyses "death": key "measur" is not known; did you mean "measure"?'
    )


def test_a_wrong_word_is_named_with_what_is_allowed():
    (problem,) = faults(starter(('kind = "binary"', 'kind = "binray"')))
    assert problem == (
        'protocols/x.toml: outcomes "death": kind is "binray"; did you mean "binary"? '
        "Allowed: binary, continuous, rate, contrast, correlation, diagnostic."
    )


def test_all_faults_come_at_once():
    text = starter(
        ('kind = "binary"', 'kind = "binray"'),
        ('role = "comparator"', ""),
        ('outcomes = ["pain"]', 'outcomes = ["pian"]'),
        ('measure = "OR"', "measure = 3"),
    )
    assert len(faults(text)) == 4


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('title = "Drug', 'titel = "Drug', 'key "title" is missing'),
        ('policy = "cochrane"', 'level = "95"', 'level is "95"; a number is needed'),
        ('policy = "cochrane"', "level = 95", "level is 95; a fraction between 0.5 and 1"),
        ('policy = "cochrane"', "tau2 = true", "tau2 is True; a text or a number is needed"),
        ('compare = ["drug", "control"]', 'compare = ["drug", "drug"]', 'names "drug" twice'),
        ('compare = ["drug", "control"]', "compare = []", "compare is []; it must name at least one"),
        ('id = "pain"', 'id = "death"', 'the id "death" is given 2 times'),
        ('id = "death"', 'id = "death 1"', "an id is made of letters"),
        ('better = "lower"', 'better = "lower"\nwithin = "illness"', 'within names "illness"'),
        ('id = "odds-ratio"', "id = 3", "id is 3; a text is needed"),
        ("[pico]", "[pico", "is not valid TOML"),
    ],
)
def test_each_kind_of_fault_has_its_sentence(old, new, part):
    assert any(part in problem for problem in faults(starter((old, new))))


@pytest.mark.parametrize(
    "text", ["", "arms = 3", "analyses = [3]", "outcomes = [[]]", "pico = []", "a = " + "[" * 5000]
)
def test_what_is_no_protocol_is_refused_in_sentences(text):
    assert all(problem.startswith("protocols/x.toml") for problem in faults(text))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ProtocolError, match=r"does not exist|is a folder"):
            read_protocol(path)


def test_sensitivity_analyses_inherit_and_replace():
    plan = parse_protocol(starter_text("x"), "x.toml")
    (own, none), (merged, sensitivity) = plan.analysis("death").with_sensitivity()
    assert none is None
    assert sensitivity.id == "odds-ratio"
    assert (own.measure, merged.measure) == ("RR", "OR")
    assert merged.id == "death/odds-ratio"
    assert merged.title == "Death from any cause, odds ratio"
    assert (merged.outcomes, merged.basis, merged.sensitivity) == (own.outcomes, own.basis, ())


def test_an_empty_table_of_exclusions_undoes_those_of_the_analysis():
    plan = read_protocol("protocols/msc-sr-agvhd.toml")
    merged = {m.id: m for m, _ in plan.analysis("single-arm-overall-response").with_sensitivity()}
    assert merged["single-arm-overall-response"].exclude
    assert merged["single-arm-overall-response/with-borderline-cohorts"].exclude == {}


def test_a_plan_cannot_be_changed():
    plan = parse_protocol(starter_text("x"), "x.toml")
    with pytest.raises(ValueError, match="frozen"):
        plan.title = "another"


def test_unknown_names_are_key_errors():
    plan = parse_protocol(starter_text("x"), "x.toml")
    with pytest.raises(KeyError):
        plan.outcome("none")
    with pytest.raises(KeyError):
        plan.analysis("none")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_sentences(text):
    try:
        parse_protocol(text, "x.toml")
    except ProtocolError as error:
        assert all(problem.startswith("x.toml") for problem in error.problems)


@pytest.mark.parametrize("name", ["CON", "results.md", "forest.svg", "a" * 101])
def test_ids_that_cannot_name_a_folder_on_every_system_are_refused(name):
    told = faults(starter(('[[analyses]]\nid = "death"', f'[[analyses]]\nid = "{name}"')))
    assert any(f'analyses "{name}": the id cannot name a folder' in problem for problem in told)


def test_ids_that_differ_only_by_capitals_are_refused():
    told = faults(starter(('id = "pain"\ntitle', 'id = "Death"\ntitle')))
    assert (
        'protocols/x.toml: analyses "Death": the id differs from "death" only by capitals; choose another.'
        in told
    )
