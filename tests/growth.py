"""Long repetitive texts, and how the time that a reader takes grows with them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from itertools import product

SIGNS = tuple("a1 .,;:-_'\"()[]{}<>&|/\\=%@#*\n\té\u00a0\u0301")
WORDS = (
    "A and ", "and ", " and", "a; ", "a, B.", "A. ", "1.", "1 ", "10.1000/", "10.1000/a", ").", "((", "))",
    "&#1", "&amp;", "NCT", "ChiCTR", "ChiCTR-", "JPRN-", "JPRN-a", "IRCT1", "EudraCT ", "CTRI/1", "P ",
    "P=", "1(", "1 (", "1/2 ", "1 of ", "1%", "95% CI ", "1 ± ", "no abstract ", "n/a", "retracted: ",
    "[retracted", "(french", "(french ", "(published online", "[published correction ", "<i ", "<i>", "</",
    '"a"=>', '"a"=>[', '\\"', "a\\", "{a", "}|", "RAYYAN-INCLUSION:{", "USER-NOTES:{", "| A-",
    "Exclusion reason:", "[ti", "[tiab] ", "[x]", '"a" ', "a*", "a OR ", "PMID ", "PMID:1 ", "PMC1", "doi:",
    "TY  - JOUR\n", "AB  - a\n", "@a{", "@a{b,\n", "@a\n", "title = {", "a-", "-a", "20", "2001-",
    "e\u0301", "\u0323\u0301", "\r\n", "\x85", "ss", "I ", "(", "part a ", "1e", "e1", "0", "00,", "1,000",
    "vs ", " vs", "<title>", "a:", ";a", "; ", ";a: ",
)  # fmt: skip
HEADS = (
    "",
    "a",
    "1",
    "(",
    '"',
    "{",
    "[",
    "P",
    "1 (",
    "RAYYAN-INCLUSION:",
    "USER-NOTES:",
    "RAYYAN-EXCLUSION-REASONS:",
)
TAILS = ("", "x", "!", "\n", ")")


def texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    """Give texts of any length: a head, a part over and over, and a tail."""
    words = dict.fromkeys((*SIGNS, *WORDS))
    pairs = dict.fromkeys(a + b for a, b in product(" .a1\n", SIGNS) if a + b not in words)
    ends = dict.fromkeys([*((head, "x") for head in HEADS), *(("", tail) for tail in TAILS)])
    few = [("", "x"), ("1", "x"), ("(", "x"), ("", "")]
    for part, (head, tail) in (*product(words, ends), *product(pairs, few)):
        yield f"{head!r} {part!r}* {tail!r}", _of(head, part, tail)


def _of(head: str, part: str, tail: str) -> Callable[[int], str]:
    return lambda size: head + part * (size // len(part)) + tail


def seconds(work: Callable[[], object]) -> float:
    """Measure the processor's time of some work."""
    gc.collect(0)
    start = time.process_time()
    work()
    return time.process_time() - start


def growth(work: Callable[[str], object], text: Callable[[int], str], size: int, most: float) -> float:
    """Give how the time grows from a size to four times of it: 4 when linear, 16 when quadratic.

    A text that is read in ``most`` seconds at the larger size counts as 1: it is quick, however it grows.
    """
    large = seconds(lambda: work(text(4 * size)))
    if large < most:
        return 1.0
    again = seconds(lambda: work(text(4 * size)))
    small = [seconds(lambda: work(text(size))) for _ in range(3)]
    return min(large, again) / max(*small, 1e-6)
