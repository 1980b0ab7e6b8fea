"""Where numbers come from: figures that the quote does not hold, and rows without a source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metareview.extraction.checks.ledger import Ledger
from metareview.extraction.finding import Finding
from metareview.extraction.rows import Contrast, Result

# a number that begins where its digits begin: tried once, not from each of its digits
_DECIMAL = r"-?(?<!\d)\d+(?:\.\d+)?"
_SHARES = re.compile(r"(?<![\d/.])(\d{1,15})\s*+(?:/|of)\s*+(\d{1,15})(?![\d/])")
_PERCENTS = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*+%(?!\s*CI)")
_ESTIMATES = re.compile(
    rf"({_DECIMAL})\s*+\(\s*+(?:\d+\s*+%\s*+CI[:,]?\s*+)?({_DECIMAL})\s*+(?:-|–|to|,)\s*+({_DECIMAL})\s*+\)"
)
_SPREADS = re.compile(
    rf"({_DECIMAL})\s*+(?:±|\(\s*+(?:SD\s*+)?)\s*+(\d+(?:\.\d+)?)\s*+\)?(?![\d.]|\s*(?:-|–|to))"
)
_LEVELS = re.compile(r"(\d{2}(?:\.\d)?)\s*%\s*CI")
_P_VALUES = re.compile(r"\bP\s*+(?:value)?\s*+[=<≤]?\s*+(0?\.\d+)", re.I)
_MINUS = str.maketrans("−·", "-.")


def unquoted_results(ledger: Ledger) -> Iterator[Finding]:
    """Find counts, percentages, means and P values of a result that its own quote contradicts."""
    for row in ledger.sheets.results:
        quote = row.quote.translate(_MINUS)
        if not quote:
            continue
        shares = [(int(a), int(b)) for a, b in _SHARES.findall(quote)]
        if shares and row.events is not None and row.n and (row.events, row.n) not in shares:
            column = "n" if row.events in [a for a, _ in shares] else "events"
            yield _unquoted(ledger, row, column)
        yield from _unlike(ledger, row, "percent", _PERCENTS.findall(quote))
        if row.sd is not None:
            spreads = _SPREADS.findall(quote)
            yield from _unlike(ledger, row, "mean", [mean for mean, _ in spreads])
            yield from _unlike(ledger, row, "sd", [sd for _, sd in spreads])
        yield from _unlike(ledger, row, "p", _P_VALUES.findall(quote))


def unquoted_contrasts(ledger: Ledger) -> Iterator[Finding]:
    """Find estimates, intervals, levels and P values of an effect that its own quote contradicts."""
    for row in ledger.sheets.contrasts:
        quote = row.quote.translate(_MINUS)
        found = _ESTIMATES.findall(quote)
        for place, column in enumerate(("estimate", "ci_low", "ci_high")):
            yield from _unlike(ledger, row, column, [figures[place] for figures in found])
        yield from _unlike(ledger, row, "p", _P_VALUES.findall(quote))
        levels = [float(level) / 100 for level in _LEVELS.findall(quote)]
        if levels and row.level is not None and all(abs(row.level - level) > 1e-9 for level in levels):
            yield _unquoted(ledger, row, "level")


def _unlike(ledger: Ledger, row: Result | Contrast, column: str, quoted: list[str]) -> Iterator[Finding]:
    value = getattr(row, column)
    if value is not None and quoted and all(abs(float(text) - value) > 1e-9 for text in quoted):
        yield _unquoted(ledger, row, column)


def _unquoted(ledger: Ledger, row: Result | Contrast, column: str) -> Finding:
    return ledger.doubt("quote", row, column, f'the quote of this row says otherwise: "{row.quote}"')


def sourceless_rows(ledger: Ledger) -> Iterator[Finding]:
    """Note rows with numbers that do not say where they were read."""
    for row in ledger.sheets.figures:
        lacking = [name for name in ("report", "location") if not getattr(row, name)]
        if row.basis and lacking:
            why = f"the row has numbers and no {' and no '.join(lacking)}"
            yield ledger.doubt("source-missing", row, "", why, level="note")


def unfilled_rows(ledger: Ledger) -> Iterator[Finding]:
    """Note how many rows of a sheet nobody has filled in."""
    for rows in (ledger.sheets.results, ledger.sheets.contrasts):
        blank = [row for row in rows if not row.basis and not row.note]
        if blank:
            file = blank[0].file
            why = f"has {len(blank)} of {len(rows)} rows that are not filled in (first: line {blank[0].line})"
            yield Finding("rows-empty", "note", file, 0, "", "", why)
