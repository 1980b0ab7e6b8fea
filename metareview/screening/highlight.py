"""The question's words inside a title or abstract, for the eye of the reviewer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

COMMON = frozenset(
    re.findall(
        r"\w+",
        """about added adverse after against ages also another any before between both care compared data
        dependent disease each events either following from given have having including into least less
        like line more most none other over patients people placebo plus same second seven single some
        source standard studies study than that their them then therapy there these they this those three
        through time treated treatment trial under until used versus week weeks were when which while with
        within without year years""",
    )
)
_WORD = re.compile(r"[^\W\d_][\w-]{3,}")


def question_words(parts: Mapping[str, str]) -> dict[str, str]:
    """Choose the words of a question that tell: four letters or more, not common ones.

    Parameters
    ----------
    parts
        Part of the question (``population``, ``intervention`` …) → its text.

    Returns
    -------
    dict
        The beginning of a word, in lower case → the part it belongs to; the first part that names a
        word has it.

    Examples
    --------
    >>> question_words({"population": "Adults with acute GVHD", "intervention": "Stromal cells; GVHD care"})
    {'adult': 'population', 'acute': 'population', 'gvhd': 'population', 'stromal': 'intervention',
    'cell': 'intervention'}
    """
    words: dict[str, str] = {}
    for part, text in parts.items():
        for word in _WORD.findall(text.casefold()):
            if word not in COMMON:
                words.setdefault(word.removesuffix("s"), part)
    return words


def find_words(text: str, words: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield where in a text each word of the question stands: start, end, part.

    >>> list(find_words("Stromal cell therapy", {"cell": "intervention"}))
    [(8, 12, 'intervention')]
    """
    for found in _WORD.finditer(text):
        word = found[0].casefold()
        part = words.get(word.removesuffix("s"))
        if part:
            yield found.start(), found.end(), part
