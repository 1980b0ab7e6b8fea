"""What ``metareview meta`` prints for people: tables, one true sentence, caveats, reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from metareview.cli.terminal import console, plain
from metareview.effects import Interval
from metareview.synthesis import Influence, Refits, Subgroups, Synthesis, TrimAndFill
from metareview.synthesis.summary import study_display
from metareview.synthesis.wording import number, per_cent, printed, span

if TYPE_CHECKING:
    from rich.console import Console

    from metareview.cli.meta import Answer
    from metareview.synthesis.second_engine import Agreement

_WIDTH = 110  # where the output is no terminal


def print_answer(answer: Answer) -> None:
    """Print everything that was asked for to the standard output."""
    screen = console()
    if not screen.is_terminal:
        screen = console(width=_WIDTH)
    screen.print(_studies(answer.synthesis))
    _say(screen, str(answer.synthesis) + ".", *answer.synthesis.notes)
    _say(screen, "Why:", *_reasons(answer.synthesis))
    _print_robustness(screen, answer)
    for found in answer.new_settings:
        _say(screen, f"{found}.", *found.notes)
    if answer.agreements is not None:
        _print_agreements(screen, answer.agreements)


def _print_robustness(screen: Console, answer: Answer) -> None:
    if answer.subgroups:
        _print_subgroups(screen, answer.subgroups)
    for refits in (answer.leave_one_out, answer.cumulative):
        if refits:
            _print_refits(screen, refits)
    if answer.influence:
        _print_influence(screen, answer.influence)
    if answer.bias:
        _say(screen, f"{answer.bias}.", answer.bias.reason, *answer.bias.notes)
    if answer.trim_fill:
        _print_trim_fill(screen, answer.trim_fill)


def _say(screen: Console, first: str, *others: str) -> None:
    """Print a sentence, and under it those that go with it."""
    screen.print(plain(first, style="bold"))
    for other in others:
        screen.print(
            plain(
                fill(
                    other,
                    screen.width - 1,
                    initial_indent="  ",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                )
            )
        )
    screen.print()


def _table(*heads: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right", overflow="fold")
    return table


def _studies(synthesis: Synthesis) -> Table:
    effects = synthesis.effects
    level = per_cent(synthesis.method.level)
    noted = ("Notes",) if any(effects.study_notes) else ()
    table = _table("Study", effects.measure.label, f"{level} CI", "Weight", *noted)
    estimate, low, high = study_display(synthesis)
    for i, label in enumerate(effects.labels):
        if effects.estimable[i]:
            width = high[i] - low[i]
            cells = (number(estimate[i], width), f"{number(low[i], width)} to {number(high[i], width)}")
        else:
            cells = ("not estimable", "")
        weight = synthesis.weights[i]
        share = f"{100 * weight:.1f}%" if weight > 0 else ""
        table.add_row(label, *cells, share, *((" ".join(effects.study_notes[i]),) if noted else ()))
    return table


def _reasons(synthesis: Synthesis) -> Iterator[str]:
    """Give the reason of each choice that the notes do not give already."""
    for choice in synthesis.method.choices:
        if choice.reason in synthesis.notes:
            continue
        where = f" ({choice.citation})" if choice.citation else ""
        yield f"{choice.what} = {choice.value}: {choice.reason.rstrip('.')}{where}."


def _result(synthesis: Synthesis, estimate: float, low: float, high: float) -> tuple[str, str]:
    """Write an estimate and its interval on the printed scale."""
    if not (isfinite(low) and isfinite(high)):
        return number(printed(synthesis, [estimate])[0], 1.0), ""
    interval = Interval(low, high, synthesis.method.level)
    ends = np.array(printed(synthesis, [low, high]))
    return number(printed(synthesis, [estimate])[0], float(np.ptp(ends))), span(synthesis, interval)


def _figure(value: float | None, digits: int = 3) -> str:
    return "" if value is None or not isfinite(value) else f"{value:.{digits}g}"


def _share(value: float | None) -> str:
    return "" if value is None or not isfinite(value) else f"{100 * value:.1f}%"


def _print_subgroups(screen: Console, subgroups: Subgroups) -> None:
    overall = subgroups.overall
    table = _table(f"Subgroup by {subgroups.by}", "k", overall.effects.measure.label, "CI", "tau2", "I2")
    for label, group in (*subgroups.groups, ("All studies", overall)):
        ends = (group.ci.low, group.ci.high) if group.ci else (np.nan, np.nan)
        spread = group.heterogeneity
        table.add_row(
            label, str(group.k), *_result(group, group.estimate, *ends),
            _figure(spread.tau2 if spread else None), _share(spread.i2 if spread else None),
        )  # fmt: skip
    screen.print(table)
    _say(screen, f"{subgroups}.", *subgroups.notes)


def _print_refits(screen: Console, refits: Refits) -> None:
    first = "Without" if refits.kind == "leave-one-out" else f"Up to, by {refits.by}"
    table = _table(first, "k", refits.full.effects.measure.label, "CI", "P", "tau2", "I2")
    for i, label in enumerate(refits.labels):
        result = _result(refits.full, float(refits.estimate[i]), float(refits.low[i]), float(refits.high[i]))
        table.add_row(
            label,
            str(refits.k[i]),
            *result,
            _figure(refits.p[i]),
            _figure(refits.tau2[i]),
            _share(refits.i2[i]),
        )
    screen.print(table)
    if refits.notes:
        _say(screen, *refits.notes)


def _print_influence(screen: Console, influence: Influence) -> None:
    heads = ("Study", "rstudent", "DFFITS", "Cook", "cov. ratio", "tau2 without", "Q without", "hat", "")
    table = _table(*heads)
    columns: Sequence[np.ndarray] = (
        influence.rstudent, influence.dffits, influence.cook, influence.cov_ratio,
        influence.tau2_without, influence.q_without, influence.hat,
    )  # fmt: skip
    for i, label in enumerate(influence.labels):
        table.add_row(
            label, *(_figure(c[i]) for c in columns), "influential" if influence.influential[i] else ""
        )
    screen.print(table)
    _say(screen, *influence.notes)


def _print_trim_fill(screen: Console, filled: TrimAndFill) -> None:
    said, *others = filled.notes
    _say(screen, said, f"With them: {filled.adjusted}.", *others)


def _print_agreements(screen: Console, agreements: Sequence[Agreement]) -> None:
    if not agreements:
        _say(screen, "No second engine has this model and estimator; there is nothing to compare with.")
        return
    table = _table("By a second engine", "ours", "theirs", "difference", "")
    for a in agreements:
        verdict = "agrees" if a.agrees else "DIFFERS"
        table.add_row(a.quantity, f"{a.ours:.9g}", f"{a.theirs:.9g}", f"{a.difference:.1e}", verdict)
    screen.print(table)
    first = agreements[0]
    _say(screen, f"{first.engine} {first.version}, to within {first.tolerance:g}.")
