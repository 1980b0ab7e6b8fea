"""One bar on the error stream for whatever takes longer than a moment; only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from metareview.cli.terminal import console, label

Tell = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and of how much (0 when that is not known)."""


@contextmanager
def telling(first: str, *, unit: str = "") -> Iterator[Tell]:
    """Show what is being done and how long it will take, and leave nothing behind.

    Parameters
    ----------
    first
        What is done first.
    unit
        What is counted (``records``), where the speed is of interest.
    """
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    columns += (TextColumn("{task.fields[rate]}"), TimeRemainingColumn())  # type: ignore[assignment]
    with Progress(*columns, console=console(err=True), transient=True) as bar:
        task = bar.add_task(label(first), total=None, rate="")

        def tell(stage: str, done: int, total: int) -> None:
            speed = bar.tasks[0].speed if unit and done and total else None
            rate = f"{speed:.0f} {unit}/s" if speed else ""
            bar.update(task, description=label(stage), completed=done, total=total or None, rate=rate)

        yield tell


def _silent(stage: str, done: int, total: int) -> None:
    """Report nothing, where nobody looks on."""
