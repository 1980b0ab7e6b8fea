"""``metareview new``: a commented protocol for a review that does not exist yet."""

from __future__ import annotations

import click

from metareview.cli.terminal import say
from metareview.protocol import write_starter


@click.command("new")
@click.argument("name")
def start_review(name: str) -> None:
    """Write a commented starter protocol to protocols/NAME.toml.

    A protocol that exists already is never touched.

    Example: metareview new statins
    """
    path = write_starter(name)
    say(f"{path} is written. Fill it in, then run: metareview check {name}")
