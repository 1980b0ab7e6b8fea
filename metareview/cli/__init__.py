"""The command line: parse, call one function, print.

Each verb lives in a file of its own and is loaded when it is called, so that ``--help`` is quick.
"""

from __future__ import annotations

import gc
import sys
import warnings
from importlib import import_module
from typing import Any

import click

import metareview
from metareview.cli.failures import one_line_per_problem, stoppable, tell_warning
from metareview.cli.terminal import settle_streams

# verb -> (module:function, what the list of commands says of it), in the order of a review's life
COMMANDS: dict[str, tuple[str, str]] = {
    "new": ("metareview.cli.new:start_review", "write a commented protocol for a new review"),
    "search": ("metareview.cli.search:search_pubmed", "search PubMed, or follow citations; say what changed"),
    "import": ("metareview.cli.import_:import_records", "bring in exports of other databases"),
    "dedupe": ("metareview.cli.dedupe:dedupe_records", "find the records that are the same work"),
    "screen": ("metareview.cli.screen:screen_records", "judge records: read, agree, settle, simulate"),
    "flow": ("metareview.cli.flow:draw_flow", "count and draw the PRISMA 2020 flow diagram"),
    "extract": ("metareview.cli.extract:extract_review", "make sheets and workbook, bring a workbook back"),
    "rename": (
        "metareview.cli.rename:rename_id",
        "give a study, an outcome or an arm another id, everywhere",
    ),
    "merge": ("metareview.cli.merge:merge_reports", "make one study of two reports of it, or take that back"),
    "check": ("metareview.cli.check:check_review", "find what cannot be or is unlikely in plan and sheets"),
    "reconcile": ("metareview.cli.reconcile:reconcile_review", "compare two extractors, make the consensus"),
    "pool": ("metareview.cli.pool:pool_review", "pool and draw every planned analysis of a review"),
    "plot": ("metareview.cli.plot:draw_figure", "draw any figure of a review in a journal's style"),
    "explain": (
        "metareview.cli.explain:explain_number",
        "follow an estimate back to file, line, page and search",
    ),
    "status": ("metareview.cli.status:show_status", "say which outputs are stale, and because of which cell"),
    "meta": ("metareview.cli.meta:pool_table", "pool one table of studies, without a protocol"),
    "measures": ("metareview.cli.measures:list_measures", "list the effect measures and what they need"),
    "convert": (
        "metareview.cli.convert:convert_numbers",
        "derive what a synthesis needs from what a paper prints",
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the verbs in the order of a review's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's file and return its command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb so that Ctrl-C and a request to end unwind it."""
        with stoppable():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing their files."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, says) for verb, (_, says) in COMMANDS.items()])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(metareview.__version__, prog_name="metareview")
def commands() -> None:
    """Make a review: from protocol and sheets to estimates, figures and sentences."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(50_000)  # the rows of a large review are many and no garbage
    settle_streams()
    warnings.showwarning = tell_warning
    with one_line_per_problem():
        code = commands.main(prog_name="metareview", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
