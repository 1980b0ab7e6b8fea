"""Where the files of a review lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metareview.errors import ProtocolError, did_you_mean


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one review under the project's root, by the verb that writes each.

    >>> Place(Path("."), "bcg").sheets.as_posix()
    'extracted/bcg'
    """

    root: Path
    name: str

    @property
    def protocol(self) -> Path:
        """The plan, written by people."""
        return self.root / "protocols" / f"{self.name}.toml"

    @property
    def searched(self) -> Path:
        """Raw replies and records."""
        return self.root / "searched" / self.name

    @property
    def screened(self) -> Path:
        """Decisions, one file per reviewer."""
        return self.root / "screened" / self.name

    @property
    def sheets(self) -> Path:
        """The extraction sheets."""
        return self.root / "extracted" / self.name

    @property
    def output(self) -> Path:
        """What is made by code alone."""
        return self.root / "output" / self.name


def find_review(name: str, root: Path | None = None) -> Place:
    """Find a review by its name.

    Raises
    ------
    ProtocolError
        When there is no protocol of that name.
    """
    place = Place(root or Path(), name)
    if not place.protocol.exists():
        known = sorted(p.stem for p in (place.root / "protocols").glob("*.toml"))
        here = did_you_mean(name, known).replace("Allowed", "Reviews here")
        raise ProtocolError(
            f"{place.protocol} does not exist; {here} `metareview new {name}` writes a starter."
        )
    return place
