"""A synthesis as plain data: the JSON that other programs read, and tables of it.

Numbers are on the analysis scale; those under ``display`` are on the printed scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from metareview.effects import FloatArray, Interval
from metareview.synthesis.model import Inconsistency, Synthesis
from metareview.synthesis.wording import printed, printed_interval, sentence

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "study",
    "measure",
    "estimate",
    "ci_low",
    "ci_high",
    "se",
    "p",
    "weight",
    "k",
    "tau2",
    "i2",
    "q",
    "df",
)


def as_dict(synthesis: Synthesis) -> dict[str, Any]:
    """Return a synthesis as JSON has it: every number finite, or None.

    The keys are a contract; docs/json.md describes them, and new ones are only ever added.
    """
    spread = synthesis.heterogeneity
    return {
        "measure": synthesis.effects.measure.code,
        "k": synthesis.k,
        "estimate": _number(synthesis.estimate),
        "se": _number(synthesis.se),
        "ci": _ends(synthesis.ci),
        "statistic": _number(synthesis.statistic),
        "df": _number(synthesis.df),
        "p": _number(synthesis.p),
        "prediction": _ends(synthesis.prediction),
        **_heterogeneity(synthesis),
        "from_tau2": _inconsistency(spread.from_tau2 if spread else None),
        "from_q": _inconsistency(spread.from_q if spread else None),
        "method": asdict(synthesis.method),
        "alternatives": [_alternative(synthesis, other) for other in synthesis.alternatives],
        "notes": list(synthesis.notes),
        "details": {name: _number(value) for name, value in synthesis.details.items()},
        "display": _display(synthesis),
        "studies": _studies(synthesis),
    }


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None


def _ends(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_number(interval.low), _number(interval.high)]


def _heterogeneity(synthesis: Synthesis) -> dict[str, Any]:
    spread = synthesis.heterogeneity
    names = ("tau2", "tau2_ci", "i2", "i2_ci", "h2", "h2_ci", "q", "q_df", "q_p")
    if spread is None:
        return dict.fromkeys(names)
    values = {name: getattr(spread, name) for name in names}
    return {
        name: _ends(value) if name.endswith("_ci") else value if name == "q_df" else _number(value)
        for name, value in values.items()
    }


def _inconsistency(part: Inconsistency | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {
        "i2": _number(part.i2),
        "i2_ci": _ends(part.i2_ci),
        "h2": _number(part.h2),
        "h2_ci": _ends(part.h2_ci),
    }


def _alternative(synthesis: Synthesis, other: Any) -> dict[str, Any]:
    return {
        "code": other.code,
        "label": other.label,
        "estimate": _number(other.estimate),
        "ci": _ends(other.ci),
        "note": other.note,
        "display": _printed(synthesis, other.estimate, other.ci),
    }


def _printed(synthesis: Synthesis, estimate: float, interval: Interval | None) -> dict[str, Any]:
    ci = None if interval is None else [_number(end) for end in printed_interval(synthesis, interval)]
    # an infinite log ratio must not come out as a ratio of 0
    value = _number(printed(synthesis, [estimate])[0]) if isfinite(estimate) else None
    return {"estimate": value, "ci": ci}


def _display(synthesis: Synthesis) -> dict[str, Any]:
    measure, prediction = synthesis.effects.measure, synthesis.prediction
    null = None if measure.null is None else _number(printed(synthesis, [measure.null])[0])
    return {
        "label": measure.label,
        **_printed(synthesis, synthesis.estimate, synthesis.ci),
        "prediction": None
        if prediction is None
        else [_number(e) for e in printed_interval(synthesis, prediction)],
        "null": null,
        "sentence": sentence(synthesis),
    }


def study_display(synthesis: Synthesis) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each study's estimate and limits on the printed scale, ``(len(effects),)`` each."""
    effects = synthesis.effects
    ends = (effects.printed(synthesis.study_low), effects.printed(synthesis.study_high))
    estimate = np.where(effects.estimable, effects.printed(effects.yi), np.nan)
    return estimate, np.minimum(*ends), np.maximum(*ends)


def _studies(synthesis: Synthesis) -> list[dict[str, Any]]:
    effects = synthesis.effects
    estimate, low, high = study_display(synthesis)
    estimable = effects.estimable
    se = np.sqrt(np.where(estimable, effects.vi, np.nan))
    return [
        {
            "study": label,
            "yi": _number(effects.yi[i]),
            "vi": _number(effects.vi[i]),
            "se": _number(se[i]),
            "ci": _pair(synthesis.study_low[i], synthesis.study_high[i]),
            "weight": _number(synthesis.weights[i]),
            "estimable": bool(estimable[i]),
            "data": {name: _number(column[i]) for name, column in effects.data.items()},
            "notes": list(effects.study_notes[i]),
            "display": {"estimate": _number(estimate[i]), "ci": _pair(low[i], high[i])},
        }
        for i, label in enumerate(effects.labels)
    ]


def _pair(low: float, high: float) -> list[float | None] | None:
    ends = [_number(low), _number(high)]
    return None if None in ends else ends


def rows_of(synthesis: Synthesis) -> pd.DataFrame:
    """Return one row per study and the pooled row; estimate and limits on the printed scale."""
    import pandas as pd

    effects = synthesis.effects
    estimate, low, high = study_display(synthesis)
    se = np.sqrt(np.where(effects.estimable, effects.vi, np.nan))
    null = np.nan if effects.measure.null is None else effects.measure.null
    p = 2 * ndtr(-np.abs(effects.yi - null) / se)
    studies = pd.DataFrame(
        {"study": effects.labels, "measure": effects.measure.code, "estimate": estimate, "ci_low": low,
         "ci_high": high, "se": se, "p": p, "weight": synthesis.weights}
    )  # fmt: skip
    if not synthesis.pooled:
        return studies
    last = _summary_row(synthesis)
    pooled = pd.DataFrame(
        [{**{name: last[name] for name in studies.columns[1:-1]}, "study": "Pooled", "weight": 1.0}]
    )
    return pd.concat([studies, pooled[studies.columns]], ignore_index=True)


def summary_of(synthesis: Synthesis) -> pd.DataFrame:
    """Return one row: the pooled answer; estimate and limits on the printed scale."""
    import pandas as pd

    return pd.DataFrame([_summary_row(synthesis)])


def _summary_row(synthesis: Synthesis) -> dict[str, Any]:
    answer = as_dict(synthesis)
    low, high = _two(answer["display"]["ci"])
    prediction_low, prediction_high = _two(answer["display"]["prediction"])
    names = ("se", "p", "k", "tau2", "i2", "q")
    row = {
        "measure": answer["measure"],
        "estimate": answer["display"]["estimate"],
        "ci_low": low,
        "ci_high": high,
        "prediction_low": prediction_low,
        "prediction_high": prediction_high,
        **{name: answer[name] for name in names},
        "df": answer["q_df"],
    }
    return {name: np.nan if value is None else value for name, value in row.items()}


def _two(ends: Sequence[float | None] | None) -> Sequence[float | None]:
    return (None, None) if ends is None else ends
