"""The one door for every failure: one ``error:`` line for each thing that is wrong, never a traceback."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import threading
import traceback
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from metareview.cli.terminal import say
from metareview.errors import MetareviewError
from metareview.files import why

TRACEBACK = "METAREVIEW_TRACEBACK"
_PACKAGE = Path(__file__).parent.parent
_LONGEST = 2000
_LINES = re.compile(r"\s*\n\s*")


class StoppedError(BaseException):
    """Somebody asked the process to end: files that are half written are swept on the way out.

    Parameters
    ----------
    code
        The exit code: 128 and the signal's number; 0 when a reader of the output has read enough.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def stoppable() -> Iterator[None]:
    """Let the signals that end a process unwind it first; Ctrl-C does so already."""
    mine = [number for number in _ending_signals() if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in mine:
            signal.signal(number, _stop)
        yield
    except KeyboardInterrupt:  # before click makes "Aborted!" of it
        raise StoppedError(128 + signal.SIGINT) from None
    except BrokenPipeError:  # `metareview … | head`
        raise StoppedError(0) from None
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _ending_signals() -> list[signal.Signals]:
    """Return the signals that end a process unasked; only the main thread may take them."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedError(128 + number)


@contextmanager
def one_line_per_problem() -> Iterator[None]:
    """Turn whatever goes wrong into ``error:`` lines and an exit code."""
    try:
        yield
    except (Exception, StoppedError) as error:
        if os.environ.get(TRACEBACK) and not isinstance(error, _EXPECTED):
            raise
        for line in _lines(error):
            _last_words(line)
        sys.exit(_code(error))
    finally:
        _let_go_of_output()


def tell_warning(
    message: Warning | str, category: object, filename: str, lineno: int, *_: object, **__: object
) -> None:
    """Print what Python or a library warns of as one line."""
    path = Path(filename)
    place = path.relative_to(_PACKAGE).as_posix() if path.is_relative_to(_PACKAGE) else path.name
    _last_words(f"warning: {_LINES.sub(' ', str(message))} ({place}:{lineno}).")


_EXPECTED = (MetareviewError, StoppedError, click.ClickException, click.Abort)


def _lines(error: BaseException) -> Iterator[str]:
    """Return what is printed of a failure."""
    if isinstance(error, StoppedError):
        yield from ["Stopped."] if error.code else []
    elif isinstance(error, click.ClickException):
        out = io.StringIO()
        error.show(out)
        yield from map(_short, out.getvalue().rstrip("\n").splitlines())
    elif isinstance(error, click.Abort):
        yield "Stopped: the input ended before an answer."
    elif isinstance(error, Exception) and not isinstance(error, BrokenPipeError):
        yield from (f"error: {problem}" for problem in problems_of(error))


def _code(error: BaseException) -> int:
    if isinstance(error, StoppedError):
        return error.code
    if isinstance(error, BrokenPipeError):
        return 0
    return error.exit_code if isinstance(error, click.ClickException) else 1


def problems_of(error: Exception) -> tuple[str, ...]:
    """Return what went wrong, one line for each problem."""
    said = error.problems if isinstance(error, MetareviewError) else (_sentence(error),)
    return tuple(_short(_LINES.sub(" ", problem.strip())) for problem in said)


def _short(line: str) -> str:
    """Keep the beginning, which says where, and the end, which says what would be right."""
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 4 :]}"


def _sentence(error: Exception) -> str:
    """Return a sentence on what the room where it arose had no words for."""
    if isinstance(error, OSError):
        named = "The system refused" if error.filename is None else str(error.filename)
        return f"{named}: {why(error)}."
    for kinds, sentence in _KINDS:
        if isinstance(error, kinds):
            return sentence.format(said=str(error).rstrip("."), place=_place(error))
    return (
        f"metareview met a fault of its own ({type(error).__name__} in {_place(error)}: {error}); please "
        "report it with the command."
    )


# kinds that have their cause in what was given, or in the machine
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (MemoryError, "The memory of this machine is not enough for this ({place}); try with less at a time."),
    (RecursionError, "What was given is nested too deeply to be read ({place})."),
    (
        UnicodeError,
        "A text holds letters that are no letters ({place}: {said}); save it as UTF-8.",
    ),
    (OverflowError, "A number is too large to be computed with ({place}: {said})."),
    ((zipfile.BadZipFile, zlib.error, EOFError), "A packed file is damaged ({place}: {said})."),
)


def _place(error: BaseException) -> str:
    """Return the line of ours that an exception passed last."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_relative_to(_PACKAGE):
            return f"{Path(frame.filename).relative_to(_PACKAGE).as_posix()}:{frame.lineno}"
    return "metareview"


def _last_words(text: str) -> None:
    """Print on the error stream; where even that is gone nobody can be told."""
    with suppress(OSError, MetareviewError):
        say(text, err=True)


def _let_go_of_output() -> None:
    """Let Python not stumble at its end over an output that takes nothing more."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
