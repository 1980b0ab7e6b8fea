"""The table of measures as a page: docs/measures.md is made from it."""

from __future__ import annotations

from collections.abc import Iterator

from metareview.effects.columns import NAMES
from metareview.effects.measures import MEASURES
from metareview.effects.model import Measure

_KINDS = {
    "binary": "Binary outcomes",
    "continuous": "Continuous outcomes",
    "rate": "Rates",
    "correlation": "Correlations",
    "reliability": "Reliability",
    "contrast": "Effects as reported",
}
_HEAD = """# Effect measures

This page is made by `metareview measures --markdown > docs/measures.md` from the table in
`metareview/effects/measures.py`; do not edit it. Every value is held against R metafor 3.8-1 to a relative
1e-10 (`tests/effects/test_escalc.py`; `tests/reference/make_escalc.R` makes the numbers).

- **Analysed as**: the scale of `yi` and `vi`; estimates are printed after the way back.
- **Zero cells**: by default 0.5 is added to every cell of a study with a zero cell, and a study without an
  event (or without a non-event) in either arm is not estimable for ratios and stays in for differences.
  `ZeroCells(add, to, drop00)` asks for something else; `to` is `only0`, `all`, `if0all`, `none` or
  `treatment-arm`. What was done is a note of the study.
- **Variance**: the kinds of sampling variance (`vtype`); the first is the default.
- Any measure that has a way from its printed scale also takes studies that report only `estimate` with
  `ci_low`, `ci_high` (level in `ci_level`, else 0.95) or `se`; that is said in a note of the study.
"""
_DIFFERENCES = (
    (
        "UCOR",
        "up to 1e-3 (yi) and 5e-2 (vi, `UB`), relative, near r = 0",
        "metafor 3.8 evaluates the hypergeometric function by quadrature; here its series is summed, equal "
        "to 30-digit arithmetic to 1e-12",
    ),
    (
        "ZPCOR",
        "the default variance is 1/(n − m − 2), not 1/(n − m − 1)",
        "a partial correlation given m − 1 others is distributed as a correlation of n − (m − 1) persons "
        '(Fisher 1924), whose z has variance 1/(n − (m − 1) − 3); `vtype="LS"` gives metafor\'s',
    ),
    (
        "RR, OR, PETO, YUQ, YUY, PBIT, IRR",
        "studies without events in either arm are not estimable",
        "Cochrane Handbook 10.4.4.2; `ZeroCells(drop00=False)` keeps them as metafor does",
    ),
    ("all of counts", "an arm of nobody is not estimable", "metafor adds 0.5 to its cells too"),
    (
        "RTET",
        "not offered",
        "its reference values are not converged (variances up to 1e14 on rare events)",
    ),
)


def measures_page() -> str:
    """Give docs/measures.md as text."""
    parts = [_HEAD]
    for kind, title in _KINDS.items():
        rows = [m for m in MEASURES.values() if m.kind == kind]
        parts.append("\n".join([f"## {title}\n", *_table(rows)]))
    parts += ["\n".join(_differences()), "\n".join(_column_names())]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _table(rows: list[Measure]) -> Iterator[str]:
    yield "| code | measure | columns | analysed as | null | zero cells | variance | formula | citation |"
    yield f"|{'---|' * 9}"
    for m in rows:
        cells = (
            f"`{m.code}`",
            m.label,
            f"`{' '.join(m.needs)}`",
            m.scale,
            "–" if m.null is None else f"{m.null:g}",
            _zeros(m),
            " ".join(f"`{v}`" for v in m.variants) if len(m.variants) > 1 else "–",
            _formula(m),
            m.citation,
        )
        yield f"| {' | '.join(cells)} |"


def _formula(m: Measure) -> str:
    """Give the first line of the formula's docstring, which holds the formula, and its function."""
    summary = (m.formula.__doc__ or "").splitlines()[0].rstrip(".").replace("|", "\\|")
    return f"{summary} (`{m.formula.__module__.split('.')[-1]}.{m.formula.__name__}`)"


def _differences() -> Iterator[str]:
    yield "## Where values differ from metafor, and why\n"
    yield "| measure | difference | reason |"
    yield "|---|---|---|"
    for measure, difference, reason in _DIFFERENCES:
        yield f"| {measure} | {difference} | {reason} |"


def _zeros(m: Measure) -> str:
    if not m.cells:
        return "–"
    added = f"add {m.add:g}" if m.add else "as they are"
    return f"{added}; none in both: out" if m.relative else added


def _column_names() -> Iterator[str]:
    yield "## Column names\n"
    yield "metafor's names are always read; these stand for them, by the kind of measure:\n"
    yield "| kind | ours | metafor's |"
    yield "|---|---|---|"
    for kind, title in _KINDS.items():
        for ours, theirs in NAMES[kind].items():
            yield f"| {title.lower()} | `{ours}` | `{theirs}` |"
    yield ""
    yield "Study labels stand in `study` or `slab`. `scale` (natural, log) says on which scale `estimate` and"
    yield "its interval are, `direction` (lower, higher) to which side of no effect a P value points."
