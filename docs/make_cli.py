"""Write docs/cli.md from the commands themselves: ``python docs/make_cli.py``."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from metareview.cli import COMMANDS, commands
from metareview.files import write_atomically

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# The command line

Made from the commands themselves by `python docs/make_cli.py`. Every command takes `--help`. What people
read goes to the output, progress and errors to the error stream. Exit code 0: done. 1: refused, with one
`error:` line per problem. 2: the command was not written as it must be.
"""


def page() -> str:
    """Give the text of the page: the list of commands, then the help of each."""
    return "\n".join([HEAD, _help(), *(f"## {verb}\n\n{_help(verb)}" for verb in COMMANDS)])


def _help(*words: str) -> str:
    said = CliRunner().invoke(commands, [*words, "--help"], prog_name="metareview", terminal_width=100).output
    lines = "\n".join(line.rstrip() for line in said.strip().splitlines())
    return f"```text\n{lines}\n```\n"


if __name__ == "__main__":
    write_atomically(PAGE, page())
