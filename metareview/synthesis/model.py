"""What a synthesis is: the answer, the recipe that made it, and what a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metareview.effects import Effects, FloatArray, Interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of method, who made it and why.

    Attributes
    ----------
    what : ``model``, ``tau2``, ``ci``, ``prediction``, ``tau2_ci``, ``i2``, ``zero_cells``
    value : the option taken, by its code
    reason : one sentence for the reader
    citation : where the rule stands; empty for the user's own choice
    overridden : whether the user put it in place of the policy's choice
    asked : whether the user named it, be it the policy's choice or another
    """

    what: str
    value: str
    reason: str
    citation: str = ""
    overridden: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """The recipe of a synthesis: policy and options by their codes, with the reason of each choice.

    ``version`` is that of the policy. Without a between-study model ``tau2`` is ``none``.
    """

    policy: str
    model: str
    tau2: str
    ci: str
    prediction: str
    level: float
    choices: tuple[Choice, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """I-squared and H-squared, with their intervals, computed from one thing.

    Attributes
    ----------
    i2, i2_ci : share of the variability that lies between studies, a fraction (0.922)
    h2, h2_ci : total over sampling variance
    """

    i2: float
    i2_ci: Interval | None
    h2: float
    h2_ci: Interval | None


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How much the studies differ.

    Attributes
    ----------
    q, q_df, q_p : Cochran's Q, its degrees of freedom, its P value
    tau2, tau2_ci : between-study variance (squared analysis scale) and its interval
    i2, i2_ci : I-squared as a fraction (0.922), from tau2 unless the method says otherwise
    h2, h2_ci : H-squared
    i2_from : ``tau2`` or ``Q``: what the four above are computed from
    from_tau2, from_q : both versions of them
    """

    q: float
    q_df: int
    q_p: float
    tau2: float
    tau2_ci: Interval | None
    i2: float
    i2_ci: Interval | None
    h2: float
    h2_ci: Interval | None
    i2_from: str = "tau2"
    from_tau2: Inconsistency | None = None
    from_q: Inconsistency | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another interval for the same estimate or model, shown beside the main one."""

    code: str
    label: str
    estimate: float
    ci: Interval
    note: str = ""


@dataclass(frozen=True, eq=False)
class Synthesis:
    """The pooled answer of one analysis; everything on the analysis scale (log for ratios).

    Attributes
    ----------
    effects : what was pooled, every study of it, also those not estimable
    method : how, and why so
    k : the number of studies that entered
    estimate, se, ci : pooled effect, standard error and interval; NaN and ``None`` when ``k`` is 0.
        With ``k`` = 1 they are that study's own, and ``pooled`` is false
    statistic, df, p : test of no effect; ``df`` is None for the normal distribution, all None
        where the measure has no null value
    prediction : interval for the effect in a new setting, or None (the reason is in ``notes``)
    weights : ``(len(effects),)`` fractions summing to 1; 0 where a study did not enter
    study_low, study_high : ``(len(effects),)`` each study's own interval at ``method.level``
    heterogeneity : None when ``k`` < 2
    alternatives : other intervals shown beside the main one
    notes : sentences for the reader, in order of weight
    details : further figures that only some models give, by name (``log_likelihood``, ``cmh``)
    """

    effects: Effects
    method: Method
    k: int
    estimate: float
    se: float
    ci: Interval | None
    statistic: float | None
    df: float | None
    p: float | None
    prediction: Interval | None
    weights: FloatArray
    study_low: FloatArray
    study_high: FloatArray
    heterogeneity: Heterogeneity | None
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def pooled(self) -> bool:
        """Whether two or more studies were put together."""
        return self.k > 1

    def __str__(self) -> str:
        """Say the answer in one sentence, on the printed scale."""
        from metareview.synthesis.wording import sentence

        return sentence(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the synthesis as JSON has it; see docs/json.md."""
        from metareview.synthesis.summary import as_dict

        return as_dict(self)

    def rows(self) -> pd.DataFrame:
        """Return one row per study, then the pooled row; estimate and limits on the printed scale."""
        from metareview.synthesis.summary import rows_of

        return rows_of(self)

    def summary(self) -> pd.DataFrame:
        """Return one row: the pooled answer; estimate and limits on the printed scale."""
        from metareview.synthesis.summary import summary_of

        return summary_of(self)
