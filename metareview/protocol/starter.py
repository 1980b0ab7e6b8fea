"""A commented protocol for a new review, to be filled in."""

from __future__ import annotations

from importlib.resources import files as package_files
from pathlib import Path

from metareview.errors import ProtocolError
from metareview.files import files_in, is_there, write_atomically
from metareview.locks import locked
from metareview.names import case_twin, name_fault


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
    fault = name_fault(name)
    if fault:
        raise ProtocolError(f'"{name}" cannot name a review; {fault}, such as my-review.')
    path = Path(folder) / f"{name}.toml"
    with locked(folder):
        twin = case_twin(name, (other.stem for other in files_in(folder, "*.toml")))
        if twin:
            raise ProtocolError(
                f'"{name}" differs from the review "{twin}" only by capitals, which many disks take for the '
                "same name; choose another."
            )
        if is_there(path):
            raise ProtocolError(f"{path} exists already and is left as it is; choose another name.")
        write_atomically(path, starter_text(name))
    return path
