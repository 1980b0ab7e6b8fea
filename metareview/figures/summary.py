"""What stands below a forest plot: heterogeneity, tests, method and every caveat, as sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from metareview.figures.columns import domain_letters
from metareview.figures.options import ForestOptions
from metareview.figures.style import Style, Wording
from metareview.figures.wording import write_number, write_p, write_span
from metareview.synthesis import Heterogeneity, Synthesis

LEVELS: dict[str, tuple[str, str]] = {  # level: symbol, colour
    "low": ("+", "#1b7f5c"),
    "some concerns": ("−", "#a86400"),
    "moderate": ("−", "#a86400"),
    "high": ("×", "#b3261e"),
    "serious": ("×", "#b3261e"),
    "critical": ("!", "#6b1020"),
    "no information": ("?", "#54606e"),
    "unclear": ("?", "#54606e"),
}
_INTERVALS = {"wald": "Wald", "hksj": "HKSJ", "hksj-adhoc": "guarded HKSJ", "hksj-floor": "HKSJ, floor 1"}
_NO_LEVEL = ("?", "#54606e")


def level_look(level: str) -> tuple[str, str]:
    """Return the symbol and the colour of a level of risk of bias; the symbol alone tells it in grey."""
    return LEVELS.get(level.strip().casefold(), _NO_LEVEL)


def model_name(synthesis: Synthesis) -> str:
    """Name a model for the row of its diamond: ``Random effects (REML, HKSJ)``."""
    method = synthesis.method
    interval = _INTERVALS.get(method.ci, method.ci)
    if method.model == "random":
        return f"Random effects ({method.tau2}, {interval})"
    if method.model == "common":
        return "Common effect" if method.ci == "wald" else f"Common effect ({interval})"
    from metareview.synthesis.models import MODELS

    return MODELS[method.model].label if method.model in MODELS else method.model


def heterogeneity_line(synthesis: Synthesis, words: Wording, spelled: bool = False) -> str:
    """Write tau2 with its interval, I2, Q and its test on one line; ``spelled`` writes Tau² and Chi²."""
    h = synthesis.heterogeneity
    if h is None:
        return "Heterogeneity: not applicable"
    tau, chi = ("Tau²", "Chi²") if spelled else ("τ²", "Q")
    parts = []
    if math.isfinite(h.tau2):
        value = write_number(h.tau2, tau2_digits(h.tau2), words)
        parts.append(f"{tau}\u00a0=\u00a0{value}{_tau2_span(h, words)}")
    if math.isfinite(h.q):
        q = write_number(h.q, 2, words)
        parts.append(f"{chi}\u00a0=\u00a0{q}, df\u00a0=\u00a0{h.q_df}, {write_p(h.q_p, words)}")
    if math.isfinite(h.i2):
        parts.append(f"I²\u00a0=\u00a0{100 * h.i2:.0f}%")
    return "Heterogeneity: " + "; ".join(parts) if parts else "Heterogeneity: not applicable"


def tau2_digits(tau2: float) -> int:
    """Return how many decimals tau2 is written with: three, fewer where it is large."""
    return 3 if tau2 < 10 else 1 if tau2 < 100 else 0


def _tau2_span(h: Heterogeneity, words: Wording) -> str:
    if h.tau2_ci is None or not math.isfinite(h.tau2_ci.low):
        return ""
    span = write_span(h.tau2_ci.low, h.tau2_ci.high, tau2_digits(h.tau2), words)
    return f" ({h.tau2_ci.level * 100:g}% CI {span})"


def effect_line(synthesis: Synthesis, words: Wording) -> str:
    """Write the test of no effect; nothing where there is none."""
    s = synthesis
    if s.p is None or s.statistic is None or not math.isfinite(s.p):
        return ""
    name = "z" if s.df is None else f"t({s.df:g})"
    label = "Test of overall effect" if s.pooled else "Test of effect"
    value = write_number(s.statistic, 2, words)
    return f"{label}: {name}\u00a0=\u00a0{value}, {write_p(s.p, words)}"


def summary_lines(synthesis: Synthesis, style: Style) -> list[str]:
    """Return the lines on heterogeneity and the overall effect, each standing for itself."""
    if not synthesis.pooled:
        return [line for line in (effect_line(synthesis, style.words),) if line]
    lines = (
        heterogeneity_line(synthesis, style.words, style.summary_left),
        effect_line(synthesis, style.words),
    )
    return [line for line in lines if line]


def method_line(synthesis: Synthesis) -> str:
    """Return the reasons of each choice of method, as one paragraph."""
    said = set(synthesis.notes)
    reasons = (sentence(c.reason) for c in synthesis.method.choices if c.reason and c.reason not in said)
    return " ".join(dict.fromkeys(reasons))


def sentence(text: str) -> str:
    """Return a text with a full stop."""
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def mark_notes(
    notes: Iterable[Sequence[str]], words: Wording, taken: dict[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """Give each different note a mark.

    Returns
    -------
    marks, sentences
        The marks of each study, joined; and sentence by mark, in order. ``taken`` holds earlier ones.
    """
    mark_of = {note: mark for mark, note in (taken or {}).items()}
    marks = []
    for study in notes:
        for note in study:
            mark_of.setdefault(note, _mark(len(mark_of), words.markers))
        mine = set(study)
        marks.append(",".join(mark for note, mark in mark_of.items() if note in mine))
    return marks, {mark: note for note, mark in mark_of.items()}


def _mark(number: int, markers: str) -> str:
    """Return the mark of a number: a to z, then aa, bb and so on.

    >>> _mark(0, "abc"), _mark(4, "abc")
    ('a', 'bb')
    """
    turns, place = divmod(number, len(markers))
    return markers[place] * (turns + 1)


def foot_of(
    synthesis: Synthesis, marked: dict[str, str], style: Style, options: ForestOptions, *, summary: bool
) -> tuple[tuple[str, str], ...]:
    """Return every line below the plot, with its mark or none: nothing a reader must know is left out.

    ``summary`` says whether heterogeneity and the test stand here, and not in the table.
    """
    lines: list[tuple[str, str]] = []
    if summary:
        lines += [("", " ".join(map(sentence, part))) for part in [summary_lines(synthesis, style)] if part]
    if method := method_line(synthesis):
        lines.append(("", method))
    lines += _plain((*_not_drawn(synthesis), *synthesis.effects.notes))
    for other in options.also:
        own = [sentence(n) for n in other.notes if n not in synthesis.notes]
        lines += [("", f"{model_name(other)}. {' '.join(own)}")] if own else []
    lines += [(mark, sentence(note)) for mark, note in marked.items()]
    lines += [("", line) for line in lights_legend(options.judgements)]
    lines += _plain(options.footnotes)
    return tuple(dict.fromkeys(lines))


def _not_drawn(synthesis: Synthesis) -> Iterator[str]:
    """Yield the notes that no row of the table says already."""
    drawn = tuple(f"{other.label} interval: " for other in synthesis.alternatives)
    return (note for note in synthesis.notes if not (drawn and note.startswith(drawn)))


def _plain(notes: Iterable[str]) -> list[tuple[str, str]]:
    return [("", sentence(note)) for note in notes]


def lights_legend(judgements: Sequence[object]) -> list[str]:
    """Say what the letters and symbols of the risk-of-bias columns mean."""
    if not judgements:
        return []
    letters = [(d, c) for d, c in domain_letters(judgements) if c != "Overall"]
    domains = "; ".join(f"{c}, {d.split(':', 1)[-1].strip()}" for d, c in letters)
    used = dict.fromkeys(str(getattr(j, "level", "")).strip().casefold() for j in judgements)
    symbols = "; ".join(f"{level_look(level)[0]}, {level}" for level in used if level)
    lines = [f"Risk of bias domains: {domains}."] if domains else []
    return [*lines, f"Judgements: {symbols}."] if symbols else lines
