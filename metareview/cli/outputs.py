"""Files that a person names to be written: looked at before any work is done."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from metareview.errors import FileError, MetareviewError
from metareview.files import file_status
from metareview.journal import PROTOCOLS, ROOMS
from metareview.readings import absolute

_KEPT = (PROTOCOLS, *(room for room in ROOMS if room != "output"))


def check_outputs(
    named: Mapping[str, str | Path | None],
    *,
    inputs: Iterable[str | Path] = (),
    endings: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Refuse, all at once, names that cannot be written or would cover what is needed.

    Parameters
    ----------
    named
        Option → the file it names; ``None`` where it was not given.
    inputs
        What the command reads.
    endings
        Option → the endings its file may have.

    Raises
    ------
    FileError
        One sentence per fault; nothing is written then.
    """
    given = {option: Path(path) for option, path in named.items() if path is not None}
    read = [Path(path) for path in inputs]
    problems = [
        f"{option if str(path) in option else f'{option} is {path}'}; {fault}"
        for option, path in given.items()
        for fault in _faults(path, read, (endings or {}).get(option, ()))
    ]
    times = Counter(map(absolute, given.values()))
    for path in (path for path, n in times.items() if n > 1):
        options = " and ".join(option for option, other in given.items() if absolute(other) == path)
        problems.append(f"{options} name the same file, {path}; give each its own.")
    if problems:
        raise FileError(problems)


def _faults(path: Path, inputs: Sequence[Path], endings: Sequence[str]) -> Iterator[str]:
    if endings and path.suffix.casefold() not in endings:
        yield f"its name must end in {', '.join(endings)}."
    try:
        yield from _faults_of_place(path, inputs)
    except MetareviewError as error:
        yield from error.problems


def _faults_of_place(path: Path, inputs: Sequence[Path]) -> Iterator[str]:
    found = file_status(path)
    if found is not None and stat.S_ISDIR(found.st_mode):
        yield "that is a folder; name a file in it."
    elif found is not None and not stat.S_ISREG(found.st_mode):
        yield "that is a pipe or a device; name an ordinary file."
    elif not path.stem.strip() or any(c < " " for c in path.name):
        yield "a name that can be seen and typed would be right."
    elif any(_same(path, other) for other in inputs):
        yield "that was given to be read; name another file, so that nothing is lost."
    elif _kept(path):
        yield f"{_kept(path)}/ keeps what people and searches wrote; name a file elsewhere."


def _same(path: Path, other: Path) -> bool:
    one, two = file_status(path), file_status(other)
    if one is None or two is None:
        return absolute(path) == absolute(other)
    return (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino)


def _kept(path: Path) -> str:
    """Return the room of the project here whose files are not to be covered; ``""`` for none."""
    here, resolved = Path().resolve(), absolute(path)
    inside = resolved.relative_to(here).parts if resolved.is_relative_to(here) else ()
    return inside[0] if len(inside) > 1 and inside[0] in _KEPT else ""
