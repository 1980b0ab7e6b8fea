"""Every command explains itself: what it does, with an example, and a place in the docs."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from click.testing import CliRunner

from metareview.cli import COMMANDS, commands

DOCS = Path(__file__).parent.parent.parent / "docs"


def help_of(*words):
    done = CliRunner().invoke(commands, [*words, "--help"], terminal_width=100)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_command_has_help_with_an_example(verb):
    said = help_of(verb)
    assert f"metareview {verb}" in said.split("Usage:")[1].split("\n", 1)[1], said


def test_the_list_of_commands_is_in_the_order_of_a_reviews_life():
    said = help_of()
    assert (
        said.index("new")
        < said.index("search")
        < said.index("screen")
        < said.index("extract")
        < said.index("pool")
    )


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_command_has_a_place_in_the_docs(verb):
    pages = "\n".join(page.read_text("utf-8") for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"])
    assert f"metareview {verb}" in pages


def test_the_page_of_the_command_line_is_current():
    script = DOCS / "make_cli.py"
    spec = spec_from_file_location("make_cli", script)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "cli.md").read_text("utf-8") == module.page(), "run: python docs/make_cli.py"
