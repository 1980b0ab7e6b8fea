"""``metareview convert`` and ``metareview measures``."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from metareview.cli import commands as cli
from metareview.cli.convert import EXAMPLES
from metareview.effects import MEASURES
from metareview.effects.conversions import CONVERSIONS
from metareview.errors import EffectError

DOCS = Path(__file__).parents[2] / "docs"


def run(*arguments):
    return CliRunner().invoke(cli, arguments)


def test_every_conversion_has_an_example_and_a_place_in_the_docs():
    assert list(EXAMPLES) == list(CONVERSIONS)
    page = (DOCS / "conversions.md").read_text("utf-8")
    for name in CONVERSIONS:
        assert f"`{name.replace('-', '_')}`" in page, name


@pytest.mark.parametrize("name", CONVERSIONS)
def test_every_conversion_has_help_with_an_example(name):
    result = run("convert", name, "--help")
    assert result.exit_code == 0
    assert f"metareview convert {name}" in " ".join(result.output.split())
    assert "--json" in result.output


@pytest.mark.parametrize("name", [n for n in CONVERSIONS if n != "sd-from-range"])
def test_every_example_runs_and_says_what_the_function_gives(name):
    said = run("convert", name, *shlex.split(EXAMPLES[name]))
    assert said.exit_code == 0, said.output
    assert "(derived: " in said.output
    plain = json.loads(run("convert", name, *shlex.split(EXAMPLES[name]), "--json").output)
    assert plain["derived"] is True and plain["citation"] and plain["values"]


def test_what_is_refused_is_an_error_of_the_room():
    result = run("convert", "sd-from-range", "--low", "2", "--high", "31")
    assert isinstance(result.exception, EffectError)


def test_all_conversions_are_listed():
    listed = run("convert", "--help").output
    assert all(name in listed for name in CONVERSIONS)


def test_underscores_are_taken_for_hyphens():
    assert run("convert", "sd_from_se", "--se", "2", "--n", "25").output.startswith("sd = 10 ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing-such",),
        ("sd-from-se", "--se", "2"),
        ("sd-from-se", "--se", "two", "--n", "25"),
        ("combine-arms", "--n", "10;20", "--mean", "1,2", "--sd", "1,2"),
    ],
)
def test_wrong_usage_ends_with_2(arguments):
    result = run("convert", *arguments)
    assert result.exit_code == 2
    assert "Error" in result.output


def test_digits_of_a_percentage_survive_the_shell():
    plain = json.loads(
        run("convert", "events-from-percent", "--percent", "45.0", "--total", "400", "--json").output
    )
    assert plain["values"]["candidates"] == [180]


def test_measures_are_listed_as_text_as_json_and_as_the_page():
    assert "SMD    Standardised mean difference" in run("measures").output
    plain = json.loads(run("measures", "--json").output)
    assert [m["code"] for m in plain] == list(MEASURES)
    assert run("measures", "--markdown").output == (DOCS / "measures.md").read_text("utf-8")
