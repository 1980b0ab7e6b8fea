"""``metareview convert NAME``: from what a paper prints to what a synthesis needs.

Every conversion is a command, its options read from the function that does the work.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import click

from metareview.cli.terminal import say, say_json
from metareview.effects.conversions import CONVERSIONS, Derived

# one command line per conversion; tests run them all, and docs/conversions.md shows them
EXAMPLES: Mapping[str, str] = {
    "se-from-ci": "--low 0.47 --high 0.92 --log",
    "se-from-statistic": "--estimate 3.8 --statistic 2.78",
    "se-from-p": "--estimate 3.8 --p 0.008 --df 45",
    "sd-from-se": "--se 2 --n 25",
    "sd-from-ci": "--low 30.0 --high 34.2 --n 25",
    "sd-from-difference-se": "--se 1.37 --n-1 25 --n-2 22",
    "sd-from-iqr": "--q1 10 --q3 20 --n 40",
    "sd-from-range": "--low 2 --high 31",
    "change-sd": "--sd-before 6.4 --sd-after 7.1 --r 0.8",
    "change-correlation": "--sd-before 6.4 --sd-after 7.1 --sd-change 4.5",
    "mean-sd-from-quantiles": "--n 80 --median 12 --q1 9 --q3 16",
    "skewness-test": "--n 100 --median 4 --low 2 --high 9",
    "combine-arms": "--n 10,20 --mean 4.0,7.0 --sd 1.0,2.0",
    "split-control": "--total 60 --comparisons 2 --events 15",
    "design-effect": "--cluster-size 29.8 --icc 0.02 --total 295 --events 63",
    "crossover-difference": "--mean-1 7.0 --sd-1 2.38 --mean-2 6.5 --sd-2 2.21 --n 10 --r 0.68",
    "crossover-correlation": "--mean-difference 0.5 --sd-1 2.38 --sd-2 2.21 --n 10 --se 0.5827",
    "paired-odds-ratio": "--only-1 12 --only-2 6",
    "events-from-percent": "--percent 83.1 --total 65",
    "table-from-ratio": "--estimate 0.41 --total-1 123 --total-2 139 --events 15",
    "hr-from-ci": "--hr 0.66 --low 0.47 --high 0.92",
    "hr-from-oe": "--oe -5 --oe-v 10",
    "hr-from-p": "--p 0.03 --direction lower --events 50",
    "hr-from-curves": (
        "--time 0,6,12 --survival-1 1,0.8,0.6 --survival-2 1,0.6,0.4 "
        "--at-risk-1 50,40,30 --at-risk-2 50,30,20"
    ),
    "smd-from-or": "--estimate 2 --low 1.2 --high 3.4",
    "or-from-smd": "--estimate 0.38",
    "rr-from-or": "--estimate 0.5 --risk 0.4",
    "or-from-rr": "--estimate 0.625 --risk 0.4",
}


class NumberList(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """Numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[float]:
        """Read ``0,6,12``."""
        if isinstance(value, list):
            return value
        try:
            return [float(part) for part in str(value).split(",")]
        except ValueError:
            self.fail(f'"{value}" is not a list of numbers such as 0,6,12', param, ctx)


class Conversions(click.Group):
    """A group with one command per conversion, made when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the conversions in the order of the table."""
        return list(CONVERSIONS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make a conversion's command from its function."""
        function = CONVERSIONS.get(cmd_name.replace("_", "-"))
        return None if function is None else _command(cmd_name.replace("_", "-"), function)


HELP = """Derive what a synthesis needs from what a paper prints.

Every result is marked as derived, with its method, its citation and what to know of it.

\b
Example:
  metareview convert sd-from-ci --low 30.0 --high 34.2 --n 25
  metareview convert events-from-percent --percent 83.1 --total 65 --json
"""


@click.group(cls=Conversions, help=HELP)
def convert_numbers() -> None:
    """Derive what a synthesis needs from what a paper prints."""


def _command(name: str, function: Callable[..., Derived]) -> click.Command:
    says = _described(function)
    hints = get_type_hints(function)
    options: list[click.Parameter] = [
        _option(parameter, hints[parameter.name], says.get(parameter.name, ""))
        for parameter in inspect.signature(function).parameters.values()
    ]
    options.append(click.Option(["--json", "as_json"], is_flag=True, help="Print as JSON."))

    def run(as_json: bool, **given: Any) -> None:
        derived = function(**given)
        if as_json:
            say_json(derived.as_dict())
        else:
            say(str(derived))

    example = f"Example:\n  metareview convert {name} {EXAMPLES[name]}"
    lead = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0]
    return click.Command(name, callback=run, params=options, help=f"{lead}\n\n\b\n{example}", short_help=lead)


def _option(parameter: inspect.Parameter, hint: Any, says: str) -> click.Option:
    flag = f"--{parameter.name.replace('_', '-')}"
    needed = parameter.default is inspect.Parameter.empty
    if hint is bool:
        return click.Option([flag, parameter.name], is_flag=True, default=False, help=says)
    default = {} if needed else {"default": parameter.default, "show_default": parameter.default is not None}
    return click.Option([flag, parameter.name], type=_kind(hint), required=needed, help=says, **default)


def _kind(hint: Any) -> Any:
    """Choose how an option's text is read: a printed percentage stays text, so that its digits count."""
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if any(get_origin(k) is collections.abc.Sequence for k in kinds):
        return NumberList()
    if str in kinds:
        return click.STRING
    return click.INT if int in kinds and float not in kinds else click.FLOAT


def _described(function: Callable[..., Derived]) -> dict[str, str]:
    """Give what the docstring says of each parameter."""
    text = inspect.cleandoc(function.__doc__ or "")
    found = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    says: dict[str, str] = {}
    names: list[str] = []
    for line in found.group(1).splitlines() if found else []:
        if line and not line.startswith(" "):
            names = [n.strip() for n in line.split(",")]
        else:
            for name in names:
                says[name] = f"{says.get(name, '')} {line.strip()}".strip().replace("``", "")
    return says
