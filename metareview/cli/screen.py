"""``metareview screen``: reading records, and what follows from the decisions."""

from __future__ import annotations

from importlib import import_module

import click

# word after `screen` -> module:command; anything else is the name of a review to be read
PARTS = {
    "agreement": "metareview.cli.screen_reports:say_agreement",
    "conflicts": "metareview.cli.screen_reports:list_conflicts",
    "status": "metareview.cli.screen_reports:say_status",
    "settle": "metareview.cli.screen_reading:settle",
    "stop": "metareview.cli.screen_reading:stop",
    "import": "metareview.cli.screen_exchange:import_votes",
    "export": "metareview.cli.screen_exchange:export_votes",
    "simulate": "metareview.cli.screen_reports:simulate",
}
READ = "metareview.cli.screen_reading:read"


class ScreenGroup(click.Group):
    """A group whose first word may be a review: then it is read."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the parts in the order of the work."""
        return list(PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the part's file and return its command."""
        module, name = PARTS.get(cmd_name, READ).split(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no part as the review to be read."""
        if args and args[0] in PARTS:
            return super().resolve_command(ctx, args)
        return "", self.get_command(ctx, ""), args


@click.group(cls=ScreenGroup)
def screen_records() -> None:
    """Screen the records of a review: `metareview screen REVIEW` reads, the commands below do the rest.

    \b
    Examples:
      metareview screen msc-sr-agvhd --stage abstract --as AB
      metareview screen msc-sr-agvhd --stage full-text --as AB
      metareview screen agreement msc-sr-agvhd --stage abstract
      metareview screen settle msc-sr-agvhd --stage abstract --as "AB and CD"
      metareview screen simulate labelled.csv

    `metareview screen REVIEW --help` lists the options and keys of reading.
    """
