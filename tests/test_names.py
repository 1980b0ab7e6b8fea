import pytest

from metareview.names import case_twin, name_fault, person_fault


@pytest.mark.parametrize("name", ["msc-sr-agvhd", "Zhao2022", "CRASH3-2019", "a.b_c", "com10"])
def test_names_as_people_write_them_may_stand(name):
    assert name_fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "-x",
        ".hidden",
        "CON",
        "nul.txt",
        "lpt1",
        "a.",
        "a b",
        "C:x",
        "a\x00b",
        "a\nb",
        "\u202ea",
        "é" * 3,
        "n" * 101,
    ],
)
def test_names_that_lead_elsewhere_or_that_some_system_refuses_are_faulty(name):
    assert name_fault(name)


def test_people_have_blanks_and_accents_in_their_names():
    assert [bool(person_fault(n)) for n in ("José Núñez-O'Hara", "AB", "aux", "A/B", "A.", "")] == [
        *[False, False],
        *[True, True, True, True],
    ]


def test_a_name_that_differs_by_capitals_is_found():
    assert (case_twin("Demo", ["other", "demo"]), case_twin("demo", ["demo"])) == ("demo", "")
