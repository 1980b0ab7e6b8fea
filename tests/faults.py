"""Kill a piece of work at each of its file operations, without starting an interpreter each time."""

import os
import sys
import warnings
from itertools import count

_OPERATIONS = {"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod"}
_FUNCTIONS = ("write", "fsync", "ftruncate")


def _writes(event, args):
    if event == "open":
        mode, flags = args[1], args[2]
        return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) or bool(
            mode and set(mode) & set("wax+")
        )
    return event in _OPERATIONS


def _in_child(n, work):
    """Run the work in a process that dies, like one killed, before its n-th file operation."""
    done = 0

    def step():
        nonlocal done
        done += 1
        if done == n:
            os._exit(137)

    sys.addaudithook(lambda event, args: step() if _writes(event, args) else None)
    for name in _FUNCTIONS:
        _before(name, step)
    os._exit(_finished(work))


def _before(name, step):
    real = getattr(os, name)

    def stepped(*args):
        step()
        return real(*args)

    setattr(os, name, stepped)


def _finished(work):
    try:
        work()
    except BaseException as error:
        sys.stderr.write(f"{error!r}\n")
        return 1
    return 0


def killed_at(n, work):
    """Return whether the work was killed at its n-th file operation; it had fewer when not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside the threads of the test runner
        child = os.fork()
    if child == 0:
        _in_child(n, work)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 137), f"the work failed (exit {code}) at operation {n}"
    return code == 137


def every_kill(prepare, work, look):
    """Kill the work at each of its file operations in turn, each time from the start.

    ``prepare()`` sets the scene anew, ``look(n)`` is called after each kill. Returns how many there were.
    """
    for n in count(1):
        prepare()
        if not killed_at(n, work):
            return n - 1
        look(n)
    return 0
