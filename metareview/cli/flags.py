"""Which options a person gave, so that none is ignored without a word."""

from __future__ import annotations

import click
from click.core import ParameterSource


def given_flag(name: str) -> str:
    """Return an option as it was written on the command line; ``""`` when it was not, whatever its value."""
    context = click.get_current_context()
    if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
        return ""
    option = next(found for found in context.command.params if found.name == name)
    return (option.secondary_opts if context.params[name] is False else option.opts)[-1]
