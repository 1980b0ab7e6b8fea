"""The summary of a review: one row per analysis, for people, programs and the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metareview.report.phrases import effect_text, prediction_text
from metareview.synthesis import as_dict
from metareview.tables import write_table

if TYPE_CHECKING:
    from metareview.protocol import Protocol
    from metareview.review import Answer

COLUMNS = (
    "analysis", "sensitivity_of", "title", "outcome", "k", "participants", "measure", "result", "prediction",
    "estimate", "ci_low", "ci_high", "level", "p", "prediction_low", "prediction_high", "tau2", "i2", "q",
    "df", "q_p", "model", "tau2_method", "ci_method", "prediction_method", "policy", "engines_agree", "notes",
)  # fmt: skip


def summary_row(answer: Answer, protocol: Protocol) -> dict[str, Any]:
    """Give one analysis's row; estimate and intervals on the printed scale."""
    analysis = answer.planned.analysis
    row: dict[str, Any] = {
        "analysis": answer.planned.id,
        "sensitivity_of": answer.planned.parent,
        "title": analysis.title,
        "outcome": "; ".join(protocol.outcome(name).label for name in analysis.outcomes),
        "measure": analysis.measure,
        "level": analysis.level,
        "participants": answer.participants,
        "policy": analysis.policy,
        "notes": "No study has numbers that this analysis may take.",
        "k": 0,
    }
    return row | (_numbers(answer) if answer.synthesis is not None else {})


def _numbers(answer: Answer) -> dict[str, Any]:
    synthesis = answer.synthesis
    assert synthesis is not None
    found = as_dict(synthesis)
    shown, method = found["display"], synthesis.method
    low, high = shown["ci"] or (None, None)
    prediction_low, prediction_high = shown["prediction"] or (None, None)
    agreed = [one.agrees for one in answer.agreements]
    return {
        "k": synthesis.k,
        "result": effect_text(synthesis),
        "prediction": prediction_text(synthesis),
        "estimate": shown["estimate"],
        "ci_low": low,
        "ci_high": high,
        "p": found["p"],
        "prediction_low": prediction_low,
        "prediction_high": prediction_high,
        "tau2": found["tau2"],
        "i2": found["i2"],
        "q": found["q"],
        "df": found["q_df"],
        "q_p": found["q_p"],
        "model": method.model,
        "tau2_method": method.tau2,
        "ci_method": method.ci,
        "prediction_method": method.prediction,
        "policy": method.policy,
        "engines_agree": ("yes" if all(agreed) else "NO") if agreed else "",
        "notes": " | ".join(synthesis.notes),
    }


def summary_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Give the text of ``summary.csv``."""
    return write_table(COLUMNS, rows)
