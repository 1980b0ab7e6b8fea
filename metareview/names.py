"""Names that become names of files and folders: reviews, analyses, searches, studies, reviewers.

One rule for all of them, so that a name which is taken on one system is taken on every other, and
none leads out of the folder it is meant for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

ID = r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$"
LONGEST = 100
_ID = re.compile(ID)
_PERSON = re.compile(r"[\w][\w .'-]{0,59}")
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10))]
)


def name_fault(name: str) -> str:
    """Return what is wrong with a name that is to name a file, as half a sentence; ``""`` when nothing is.

    >>> name_fault("msc-sr-agvhd"), name_fault("CON")
    ('', 'it is a name that Windows keeps for itself')
    """
    if not _ID.fullmatch(name):
        return "use letters, digits, dots, dashes and underscores, starting with a letter or digit"
    return _file_fault(name)


def person_fault(name: str) -> str:
    """Return what is wrong with a name that is to name a person's file; blanks may stand in it."""
    if not _PERSON.fullmatch(name):
        return "use initials or a name of letters, digits, blanks, dots and hyphens, at most 60"
    return _file_fault(name)


def _file_fault(name: str) -> str:
    if name.split(".", maxsplit=1)[0].rstrip().casefold() in _RESERVED:
        return "it is a name that Windows keeps for itself"
    if name[-1] in ". ":
        return "it must not end in a dot or a blank"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    return ""


def person_key(name: str) -> str:
    """Return what all spellings of one person's name share: capitals and blanks around do not count.

    >>> person_key(" AB ") == person_key("ab")
    True
    """
    return unicodedata.normalize("NFC", name.strip().casefold())


def case_twin(name: str, others: Iterable[str]) -> str:
    """Return the other name that differs only by capitals; ``""`` for none.

    Many disks take the two for the same.

    >>> case_twin("Response", ["response", "survival"])
    'response'
    """
    wanted = name.casefold()
    return next((other for other in others if other != name and other.casefold() == wanted), "")


def case_twins(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield every name with the first other one that differs from it only by capitals.

    >>> list(case_twins(["Response", "response", "survival"]))
    [('Response', 'response'), ('response', 'Response')]
    """
    alike: dict[str, dict[str, None]] = {}
    for name in names:
        alike.setdefault(name.casefold(), {})[name] = None
    for found in alike.values():
        for name in found if len(found) > 1 else ():
            yield name, case_twin(name, islice(found, 2))
