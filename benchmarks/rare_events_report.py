"""Table and picture of the simulation of rare events, for docs/rare-events.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Cell = Mapping[str, Any]
MARKS = ("<!-- simulation -->", "<!-- /simulation -->")
SHOWN = {
    "finite": "Finite answers, %",
    "bias": "Bias of the log odds ratio",
    "rmse": "Root mean squared error",
    "coverage": "Coverage of the 95% interval, %",
}
ORDER = ("IV + 0.5", "mh", "peto", "um.fs", "um.rs", "cm.el", "cm.al", "betabin", "firth", "bayes")


def write_report(found: Mapping[str, Any], docs: Path) -> None:
    """Write docs/images/rare-events.png and the table between the marks of docs/rare-events.md."""
    draw(found["cells"], docs / "images" / "rare-events.png")
    page = docs / "rare-events.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    made = f"{summary(found)}\n\n{table(found['cells'])}"
    page.write_text(f"{before}{MARKS[0]}\n{made}\n{MARKS[1]}{rest.split(MARKS[1])[1]}", encoding="utf-8")


def summary(found: Mapping[str, Any]) -> str:
    crashes = len(found["crashes"])
    failed = "No fit failed." if not crashes else f"{crashes} data sets met a failure."
    return f"{found['sets']:,} simulated reviews (seed {found['seed']}), each pooled by every model. {failed}"


def mean(cells: Iterable[Cell], name: str) -> float:
    """Average a figure over cells, each weighing what it had of finite answers."""
    rows = [(c[name], c["sets"] * c["finite"]) for c in cells if c[name] is not None and np.isfinite(c[name])]
    total = sum(weight for _, weight in rows)
    return sum(value * weight for value, weight in rows) / total if total else np.nan


def table(cells: Sequence[Cell]) -> str:
    rates = sorted({c["rate"] for c in cells})
    heads = " | ".join(f"{100 * r:g}%" for r in rates)
    parts = []
    for name, title in SHOWN.items():
        lines = [
            f"**{title}**, by the event rate of the controls",
            "",
            f"| model | {heads} |",
            "|---" * (len(rates) + 1) + "|",
        ]
        for model in ORDER:
            values = [
                _shown(name, [c for c in cells if c["model"] == model and c["rate"] == r]) for r in rates
            ]
            lines.append(f"| `{model}` | {' | '.join(values)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _shown(name: str, cells: Sequence[Cell]) -> str:
    if name == "finite":
        total = sum(c["sets"] for c in cells)
        return f"{100 * sum(c['sets'] * c['finite'] for c in cells) / total:.0f}"
    value = mean(cells, name)
    return (
        f"{100 * value:.1f}" if name == "coverage" else f"{value:+.2f}" if name == "bias" else f"{value:.2f}"
    )


def draw(cells: Sequence[Cell], path: Path) -> None:
    """Draw bias and coverage against the event rate, one line per model, by heterogeneity."""
    from matplotlib.figure import Figure

    rates, taus = sorted({c["rate"] for c in cells}), sorted({c["tau"] for c in cells})
    figure = Figure(figsize=(9.5, 7.0), layout="constrained")
    axes = figure.subplots(2, len(taus), sharex=True, sharey="row")
    colours = [
        "#000000",
        "#0072b2",
        "#56b4e9",
        "#009e73",
        "#66c2a5",
        "#d55e00",
        "#e69f00",
        "#cc79a7",
        "#999999",
        "#7b3294",
    ]
    for column, tau in enumerate(taus):
        for row, (name, what) in enumerate(
            (("bias", "Bias of the log odds ratio"), ("coverage", "Coverage, %"))
        ):
            ax = axes[row][column]
            for model, colour in zip(ORDER, colours, strict=True):
                kept = [
                    [c for c in cells if (c["model"], c["rate"], c["tau"]) == (model, r, tau)] for r in rates
                ]
                values = [mean(c, name) * (100 if name == "coverage" else 1) for c in kept]
                dashed = "--" if model == ORDER[0] else "-"
                ax.plot(
                    rates,
                    values,
                    dashed,
                    color=colour,
                    marker="o",
                    markersize=3.5,
                    linewidth=1.4,
                    label=model,
                )
            ax.axhline(95 if name == "coverage" else 0, color="#888888", linewidth=0.8)
            ax.set_xscale("log")
            ax.set_xticks(rates, [f"{100 * r:g}%" for r in rates], minor=False)
            ax.minorticks_off()
            if column == 0:
                ax.set_ylabel(what)
            if row == 0:
                ax.set_title(f"tau = {tau:g}", fontsize=10)
            else:
                ax.set_xlabel("Event rate of the controls")
    axes[0][-1].legend(fontsize=8, ncols=2, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, metadata={"Software": None})
