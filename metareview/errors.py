"""What metareview refuses, one class per room.

::

    MetareviewError
    ├── FileError         a file that cannot be read or written        path
    ├── ProtocolError     the plan cannot be read as a plan
    ├── SearchError       the service did not give what was asked
    ├── FormatError       an export file cannot be read
    ├── ScreeningError    a decision that cannot be
    ├── ExtractionError   sheets with faults
    ├── EffectError       no effect can be computed
    ├── SynthesisError    no answer from these effects
    └── FigureError       a picture that cannot be drawn as asked

Every message is made of whole sentences: what was found, where, what would be
right, and the way out. An error may carry many problems; all of them are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_LISTED = 60


class MetareviewError(Exception):
    """Something a person can mend; shown as one line per problem, never as a traceback.

    Parameters
    ----------
    problems
        One sentence, or several: each says what was found, where, and what would be right.
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class FileError(MetareviewError):
    """A file that cannot be read or written."""


class ProtocolError(MetareviewError):
    """The plan cannot be read as a plan."""


class SearchError(MetareviewError):
    """The service did not give what was asked."""


class FormatError(MetareviewError):
    """An export file cannot be read."""


class ScreeningError(MetareviewError):
    """A screening decision that cannot be."""


class ExtractionError(MetareviewError):
    """Extraction sheets with faults: all of them."""


class EffectError(MetareviewError):
    """No effect can be computed from what was given."""


class SynthesisError(MetareviewError):
    """No answer can be had from these effects."""


class FigureError(MetareviewError):
    """A figure that cannot be drawn as asked."""


def did_you_mean(word: str, allowed: Sequence[str]) -> str:
    """Return which allowed word is near, and the list of them; of many only the first.

    >>> did_you_mean("deth", ["death", "relapse"])
    'did you mean "death"? Allowed: death, relapse.'
    """
    listed = f"Allowed: {', '.join(allowed)}." if allowed else "None is defined."
    if len(allowed) > _LISTED:
        listed = f"Allowed: {', '.join(allowed[:5])} … ({len(allowed)} in all)."
    near = get_close_matches(word.casefold(), [a.casefold() for a in allowed], n=1, cutoff=0.6)
    if not near:
        return listed
    exact = next(a for a in allowed if a.casefold() == near[0])
    return f'did you mean "{exact}"? {listed}'
