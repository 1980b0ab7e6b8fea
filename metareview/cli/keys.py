"""Keys from a terminal, one at a time, without losing what was typed ahead; lines where there is none."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper

import click

QUIT = "q"
NONE = "an arrow or function key"
_ESCAPE_SECONDS = 0.05


@contextmanager
def single_keys() -> Iterator[tuple[Callable[[], str], Callable[[str], str]]]:
    """Give two functions: one that waits for a key, one that asks for a line.

    The terminal is put in single-key mode once, not for each key: switching throws away what was
    typed in between. Without a terminal every line of the input is a key, by its first letter; the
    end of the input is ``q``.
    """
    _pass_over_broken_bytes()
    if sys.stdin is None or not sys.stdin.isatty():
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


def _pass_over_broken_bytes() -> None:
    """Read bytes that are no text as a mark, rather than stop at them."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def _pressed(descriptor: int) -> str:
    """Wait for a key; an arrow or function key, which sends several letters, is :data:`NONE`."""
    try:
        key = os.read(descriptor, 1)
    except KeyboardInterrupt:
        return QUIT
    if key == b"\x1b":
        _pass_over_sequence(descriptor)
        return NONE
    more = sum(key >= start for start in (b"\xc0", b"\xe0", b"\xf0"))  # the rest of a letter in UTF-8
    key += b"".join(_follows(descriptor) for _ in range(more))
    return key.decode("utf-8", "replace") or QUIT


def _pass_over_sequence(descriptor: int) -> None:
    """Read what a key sends behind ESC, and nothing that was typed after it."""
    if _follows(descriptor) not in (b"[", b"O"):
        return
    while (sent := _follows(descriptor)) and not b"@" <= sent <= b"~":
        pass


def _follows(descriptor: int) -> bytes:
    """Return a byte that comes at once, if any does."""
    return os.read(descriptor, 1) if select.select([descriptor], [], [], _ESCAPE_SECONDS)[0] else b""


def _piped() -> str:
    line = sys.stdin.readline() if sys.stdin else ""
    return (line.strip() or " ")[0] if line else QUIT


def _piped_line(prompt: str) -> str:
    return sys.stdin.readline().strip() if sys.stdin else ""
