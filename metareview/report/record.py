"""What was made and from what: ``output/x/made.json``, so that nothing is made twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metareview.errors import FileError
from metareview.files import is_there, read_text, refuse_link, remove, sha256, write_atomically
from metareview.locks import locked
from metareview.names import name_fault
from metareview.readings import absolute
from metareview.review.freshness import fingerprint, made_with

if TYPE_CHECKING:
    from metareview.review.answering import Overrides
    from metareview.review.place import Place

NAME = "made.json"
_ENDINGS = frozenset({".csv", ".html", ".json", ".md", ".pdf", ".png", ".svg", ".txt"})  # of what is made
_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True)
class Made:
    """The record of one run.

    Attributes
    ----------
    sources : hash of everything the run was made from as a whole (files, code, overrides)
    analyses : per analysis id, the hash of its own inputs
    outputs : per file under ``output/x``, the hash of its bytes
    """

    sources: str = ""
    analyses: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    outputs: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


def read_made(folder: Path) -> Made:
    """Read the record; one that is missing or damaged counts as nothing made.

    Raises
    ------
    FileError
        When it names a file outside its folder: a record may come with a review from somebody else.
    """
    if not is_there(folder / NAME):
        return Made()
    try:
        raw = json.loads(read_text(folder / NAME))
        made = Made(str(raw["sources"]), dict(raw["analyses"]), dict(raw["outputs"]))
    except (FileError, ValueError, KeyError, TypeError, RecursionError):
        return Made()
    strange = [name for name in made.outputs if any(name_fault(part) for part in name.split("/"))]
    if strange:
        raise FileError(
            f'{folder / NAME} names "{name}", which is no file of {folder}; remove {folder / NAME}, and all '
            "is made anew."
            for name in strange
        )
    return made


def write_made(folder: Path, made: Made) -> None:
    """Write the record, last of all, so that an interrupted run is made again."""
    content = {"sources": made.sources, "analyses": dict(made.analyses), "outputs": dict(made.outputs)}
    write_atomically(folder / NAME, json.dumps(content, indent=1, sort_keys=True) + "\n")


def is_whole(folder: Path, outputs: Mapping[str, str]) -> bool:
    """Say whether every file is there as it was written."""
    return bool(outputs) and all(
        is_there(folder / name) and sha256(folder / name) == digest for name, digest in outputs.items()
    )


def own_outputs(made: Made, analysis: str) -> dict[str, str]:
    """Give the files of one analysis: those directly in its folder, with their hashes."""
    return {name: digest for name, digest in made.outputs.items() if Path(name).parent == Path(analysis)}


def sources_of(place: Place, overrides: Overrides, read: Mapping[Path, str] | None = None) -> str:
    """Return one hash of everything a review's output is made from: files, code, overrides.

    Parameters
    ----------
    place, overrides
        The review, and what the user put in place of the plan's choices.
    read
        The digests of the files as they were read; the others are read now.
    """
    files = [place.protocol, *place.sheet_files]
    digests = {f.name: (read or {}).get(absolute(f)) or sha256(f) for f in files}
    return fingerprint({**digests, **made_with(), **overrides.given()})


def is_fresh(place: Place, overrides: Overrides) -> bool:
    """Say whether the output stands as it is: nothing it was made from has changed, and it is whole."""
    made = read_made(place.output)
    try:
        return made.sources == sources_of(place, overrides) and is_whole(place.output, made.outputs)
    except FileError:
        return False


def remove_half_written(folder: Path) -> None:
    """Remove what a killed run left half written, where the folder may be written and nobody else does."""
    with suppress(FileError), locked(folder):
        pass  # whoever takes the lock sweeps first


def hashes(folder: Path, files: tuple[Path, ...]) -> dict[str, str]:
    """Give the hash of each file by its name under the folder."""
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def remove_left_over(folder: Path, before: Made, now: Made) -> tuple[Path, ...]:
    """Remove files that a former run made and this one did not, and folders left empty.

    Returns
    -------
    tuple of Path
        Files that are not as that run wrote them: they are somebody's, and stay.
    """
    kept = []
    for name in sorted(before.outputs.keys() - now.outputs.keys()):
        path = folder / name
        if not is_there(path):
            continue
        if sha256(path) != before.outputs[name]:
            kept.append(path)
            continue
        remove(path)
        for parent in list(path.parents)[: len(Path(name).parents) - 1]:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
    return tuple(kept)


def refuse_misplaced(folder: Path, analyses: Iterable[str]) -> None:
    """Refuse an output folder in which something else stands in the place of a file or folder of ours.

    A link is one: what is made there would land elsewhere. A folder with the name of a file is another, and a
    file with that of an analysis; either would stop the writing half-way.

    Raises
    ------
    FileError
        All of them at once.
    """
    refuse_link(folder.parent)
    refuse_link(folder)
    ours = {str(part) for name in analyses for part in (Path(name), *Path(name).parents)}
    found = sorted(Path(at) / name for at, *names in os.walk(folder) for name in chain(*names))
    faults = [_misplaced(path, str(path.relative_to(folder)) in ours) for path in found]
    if any(faults):
        raise FileError(filter(None, faults))


def _misplaced(path: Path, is_analysis: bool) -> str:
    """Return what is wrong with what stands in an output folder, ``""`` when nothing is."""
    if path.is_symlink():
        return f"{path} is a link; nothing is written through it. Remove it; its file is made anew."
    if is_analysis and not path.is_dir():
        return f"{path} is a file; the folder of an analysis is needed here. Move the file away."
    if not is_analysis and path.suffix in _ENDINGS and path.is_dir():
        return f"{path} is a folder; a file is written under this name. Move the folder away."
    return ""
