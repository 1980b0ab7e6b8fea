"""What was made and from what: ``output/x/made.json``, so that nothing is made twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metareview.errors import FileError
from metareview.files import read_text, sha256, write_atomically
from metareview.review.freshness import fingerprint, made_with

if TYPE_CHECKING:
    from metareview.review.answering import Overrides
    from metareview.review.place import Place

NAME = "made.json"
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
    """Read the record; one that is missing or damaged counts as nothing made."""
    try:
        raw = json.loads(read_text(folder / NAME))
        return Made(str(raw["sources"]), dict(raw["analyses"]), dict(raw["outputs"]))
    except (FileError, ValueError, KeyError, TypeError):
        return Made()


def write_made(folder: Path, made: Made) -> None:
    """Write the record, last of all, so that an interrupted run is made again."""
    content = {"sources": made.sources, "analyses": dict(made.analyses), "outputs": dict(made.outputs)}
    write_atomically(folder / NAME, json.dumps(content, indent=1, sort_keys=True) + "\n")


def is_whole(folder: Path, outputs: Mapping[str, str]) -> bool:
    """Say whether every file is there as it was written."""
    return bool(outputs) and all(
        (folder / name).is_file() and sha256(folder / name) == digest for name, digest in outputs.items()
    )


def own_outputs(made: Made, analysis: str) -> dict[str, str]:
    """Give the files of one analysis: those directly in its folder, with their hashes."""
    return {name: digest for name, digest in made.outputs.items() if Path(name).parent == Path(analysis)}


def sources_of(place: Place, overrides: Overrides) -> str:
    """Give one hash of everything a review's output is made from: files, code, overrides."""
    files = [place.protocol, *sorted(place.sheets.glob("*.csv"))]
    return fingerprint({**{f.name: sha256(f) for f in files}, **made_with(), **overrides.given()})


def is_fresh(place: Place, overrides: Overrides) -> bool:
    """Say whether the output stands as it is: nothing it was made from has changed, and it is whole."""
    made = read_made(place.output)
    try:
        return made.sources == sources_of(place, overrides) and is_whole(place.output, made.outputs)
    except FileError:
        return False


def hashes(folder: Path, files: tuple[Path, ...]) -> dict[str, str]:
    """Give the hash of each file by its name under the folder."""
    return {file.relative_to(folder).as_posix(): sha256(file) for file in files}


def remove_left_over(folder: Path, before: Made, now: Made) -> None:
    """Remove files that a former run made and this one did not, and folders left empty."""
    for name in before.outputs.keys() - now.outputs.keys():
        path = folder / name
        path.unlink(missing_ok=True)
        for parent in list(path.parents)[: len(Path(name).parents) - 1]:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
