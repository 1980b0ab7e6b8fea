"""Keys from a terminal, one at a time, without losing what was typed ahead; lines where there is none."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

QUIT = "q"
_ESCAPE_SECONDS = 0.05


@contextmanager
def single_keys() -> Iterator[tuple[Callable[[], str], Callable[[str], str]]]:
    """Give two functions: one that waits for a key, one that asks for a line.

    The terminal is put in single-key mode once, not for each key: switching throws away what was
    typed in between. Without a terminal every line of the input is a key, by its first letter; the
    end of the input is ``q``.
    """
    if not sys.stdin.isatty():
        yield _piped, _piped_line
        return
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield click.getchar, input
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def line(prompt: str) -> str:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        try:
            return input(prompt).strip()
        except EOFError:
            return ""
        finally:
            tty.setcbreak(descriptor, termios.TCSADRAIN)

    try:
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        yield lambda: _pressed(descriptor), line
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _pressed(descriptor: int) -> str:
    """Wait for a key; an arrow or function key, which sends several letters, is one blank."""
    try:
        key = os.read(descriptor, 1)
    except KeyboardInterrupt:
        return QUIT
    if key == b"\x1b":
        while select.select([descriptor], [], [], _ESCAPE_SECONDS)[0]:
            os.read(descriptor, 1)
        return " "
    return key.decode("latin-1") or QUIT


def _piped() -> str:
    line = sys.stdin.readline()
    return (line.strip() or " ")[0] if line else QUIT


def _piped_line(prompt: str) -> str:
    return sys.stdin.readline().strip()
