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
from dataclasses import dataclass, field
from difflib import get_close_matches

# no message lists more words than these, and no word is longer that anybody mistypes
MOST_LISTED = 60
_LONGEST = 200
_MANY = 12
# a sheet whose every row names a study of its own would take hours to be given a hint each
_ASKED = 50


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


def did_you_mean(word: str, allowed: Sequence[str], *, heading: str = "Allowed") -> str:
    """Return which allowed word is near, and the list of them; of many only the first.

    >>> did_you_mean("deth", ["death", "relapse"])
    'did you mean "death"? Allowed: death, relapse.'
    """
    near = nearest_word(word, allowed)
    listed = _listed(allowed, heading)
    return f'did you mean "{near}"? {listed}' if near else listed


def _listed(allowed: Sequence[str], heading: str) -> str:
    if len(allowed) > MOST_LISTED:
        return f"{heading}: {', '.join(allowed[:5])} … ({len(allowed)} in all)."
    return f"{heading}: {', '.join(allowed)}." if allowed else "None is defined."


def nearest_word(word: str, allowed: Sequence[str]) -> str:
    """Return the allowed word that is nearest; empty when none is near."""
    if len(word) > _LONGEST:
        return ""
    folded = {a.casefold(): a for a in reversed(allowed) if len(a) <= _LONGEST}
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


@dataclass(slots=True)
class Hints:
    """Names the nearest of many words; each word is looked for once, and the first few dozen only."""

    allowed: Sequence[str]
    near: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return a hint at the nearest word; all of them are listed only while the list is short."""
        if name not in self.near:
            self.near[name] = nearest_word(name, self.allowed) if len(self.near) < _ASKED else ""
        near = self.near[name]
        parts = [f'did you mean "{near}"?'] if near else []
        if len(self.allowed) <= _MANY:
            parts.append(_listed(self.allowed, "Allowed"))
        return " ".join(parts) or f"it defines {len(self.allowed)} others"
