"""A commented protocol for a new review, to be filled in."""

from __future__ import annotations

import re
from importlib.resources import files as package_files
from pathlib import Path

from metareview.errors import ProtocolError
from metareview.files import locked, write_atomically

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


def starter_text(name: str) -> str:
    """Return the text of a starter protocol; it is a valid plan as it stands.

    >>> "title" in starter_text("statins")
    True
    """
    text = package_files("metareview.protocol").joinpath("starter.toml").read_text("utf-8")
    return text.replace("NAME", name)


def write_starter(name: str, folder: str | Path = "protocols") -> Path:
    """Write ``folder/name.toml``; a file that is there already is never touched.

    Raises
    ------
    ProtocolError
        When the name cannot be a file's, or the protocol exists.
    """
    if not _NAME.fullmatch(name):
        raise ProtocolError(
            f'"{name}" cannot name a review; use letters, digits, dashes and underscores, such as my-review.'
        )
    path = Path(folder) / f"{name}.toml"
    with locked(folder):
        if path.exists():
            raise ProtocolError(f"{path} exists already and is left as it is; choose another name.")
        write_atomically(path, starter_text(name))
    return path
