"""The columns of a forest plot: which there are, and the text of their cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.effects import FloatArray
from metareview.errors import FigureError, did_you_mean
from metareview.figures.options import ForestOptions, width_of
from metareview.figures.style import Style, Wording
from metareview.figures.table import Column
from metareview.figures.wording import digits_for, write_effect, write_interval, write_number, write_p
from metareview.synthesis import Synthesis

_NARROW_BELOW = 120.0
_FIXED = ("common", "mh", "peto")
_FAMILIES = {
    "mh": "M-H",
    "peto": "Peto",
    "bayes": "Bayes",
    "um": "GLMM",
    "cm": "GLMM",
    "logit-normal": "GLMM",
    "poisson-normal": "GLMM",
}
_HEADS = {"year": "Year", "se": "SE", "dose": "Dose", "n": "No."}

# per kind of data: the columns it needs, then (key, head joined, parts) of each arm
_ARM_FORMS: tuple[tuple[tuple[str, ...], str, tuple[tuple[str, ...], ...]], ...] = (
    (("ai", "n1i", "ci", "n2i"), "events", (("ai", "n1i"), ("ci", "n2i"))),
    (("x1i", "t1i", "x2i", "t2i"), "rate", (("x1i", "t1i"), ("x2i", "t2i"))),
    (
        ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),
        "mean",
        (("m1i", "sd1i", "n1i"), ("m2i", "sd2i", "n2i")),
    ),
    (("xi", "ni"), "events", (("xi", "ni"),)),
    (("xi", "ti"), "rate", (("xi", "ti"),)),
    (("mi", "sdi", "ni"), "mean", (("mi", "sdi", "ni"),)),
    (("n1i", "n2i"), "n", (("n1i",), ("n2i",))),
    (("ni",), "n", (("ni",),)),
)
_PARTS = {
    "events": ("Events", "Total"),
    "rate": ("Events", "Time"),
    "mean": ("Mean (SD)", "Total"),
    "n": ("Total",),
}
_JOINED = {"events": "Events/total", "rate": "Events/time"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A column with what it says of a synthesis: of each study, and of the pooled answer."""

    column: Column
    study: Callable[[Synthesis], Sequence[str]]
    pooled: Callable[[Synthesis], str]


def filled_columns(synthesis: Synthesis, style: Style, options: ForestOptions) -> tuple[Filled, ...]:
    """Return the columns asked for, or those of the preset.

    Raises
    ------
    FigureError
        All columns that do not exist, with those that do.
    """
    asked = options.columns or _default_columns(synthesis, style, options)
    digits = effect_digits(synthesis)
    made: list[Filled] = []
    problems = []
    for name in with_needed(asked):
        key, _, head = name.partition("=")
        found = _columns_named(key.strip(), head.strip(), synthesis, style, options, digits)
        made += found or ()
        if found is None:
            allowed = (*_BUILT_IN, *synthesis.effects.data, *synthesis.effects.moderators)
            problems.append(f'There is no column "{key}"; {did_you_mean(key, allowed)}')
    if problems:
        raise FigureError(problems)
    return _unique(made)


def with_needed(asked: Sequence[str]) -> tuple[str, ...]:
    """Put the study's name first and the plot somewhere, whatever was asked."""
    keys = [name.partition("=")[0].strip() for name in asked]
    first = () if "study" in keys else ("study",)
    plot = () if "plot" in keys else ("plot",)
    ordered = sorted(asked, key=lambda n: n.partition("=")[0].strip() != "study")
    return (*first, *ordered, *plot)


def _default_columns(synthesis: Synthesis, style: Style, options: ForestOptions) -> tuple[str, ...]:
    narrow = width_of(options, style) < _NARROW_BELOW
    names = style.narrow_columns if narrow else style.columns
    if not synthesis.pooled or not np.any(synthesis.weights > 0):
        # nothing was pooled, or by a model that gives studies no weights
        names = tuple(name for name in names if name != "weight")
    return (*names, "rob") if options.judgements else names


def _unique(made: Sequence[Filled]) -> tuple[Filled, ...]:
    return tuple({f.column.key: f for f in made}.values())


def effect_digits(synthesis: Synthesis) -> int:
    """Return how many decimals the effects of a synthesis are printed with."""
    effects = synthesis.effects
    half = (effects.printed(synthesis.study_high) - effects.printed(synthesis.study_low)) / 2
    bounded = effects.measure.scale in {"log", "logit", "arcsine"}
    return digits_for([float(h) for h in half], bounded)


_BUILT_IN = (
    "study",
    "plot",
    "arms",
    "effect",
    "weight",
    "weight_common",
    "p",
    "prediction",
    "rob",
    "yi",
    "se",
)


def _columns_named(
    key: str, head: str, synthesis: Synthesis, style: Style, options: ForestOptions, digits: int
) -> list[Filled] | None:
    """Return the columns a name stands for, or None when there is no such name."""
    effects = synthesis.effects
    if key == "arms":
        return _arm_columns(synthesis, style, options)
    if key == "rob":
        return _light_columns(options)
    if key in _SINGLE:
        return [_SINGLE[key](head, synthesis, style, digits)]
    if key in effects.moderators:
        return [_moderator_column(key, head, effects.moderators[key])]
    if key in effects.data:
        return [_data_column(key, head, style)]
    return None


def _study_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    column = Column("study", head or "Study", align="left")
    return Filled(column, lambda s: s.effects.labels, lambda s: "")


def _plot_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    measure = synthesis.effects.measure
    title = head or (f"{measure.axis or measure.label}\n{_weighted(synthesis)}" if style.plot_head else "")
    return Filled(Column("plot", title, align="centre"), lambda s: [""] * len(s.effects), lambda s: "")


def _effect_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    measure, words = synthesis.effects.measure, style.words
    inside = _weighted(synthesis) if style.plot_head else f"({_level(synthesis)} CI)"

    def study(s: Synthesis) -> list[str]:
        at, low, high = (s.effects.printed(v) for v in (s.effects.yi, s.study_low, s.study_high))
        return [_study_effect(e, a, b, digits, words) for e, a, b in zip(at, low, high, strict=True)]

    def pooled(s: Synthesis) -> str:
        if s.ci is None:
            return ""
        back = s.effects.measure.back
        return write_effect(
            float(back(s.estimate)), float(back(s.ci.low)), float(back(s.ci.high)), digits, words
        )

    return Filled(Column("effect", head or f"{measure.axis or measure.label}\n{inside}"), study, pooled)


def _study_effect(estimate: float, low: float, high: float, digits: int, words: Wording) -> str:
    if not math.isfinite(estimate):
        return "Not estimable"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{write_number(estimate, digits, words)} (no interval)"
    return write_effect(estimate, low, high, digits, words)


def _weighted(synthesis: Synthesis) -> str:
    """Write how studies were weighted, as RevMan heads its columns: ``IV, Random, 95% CI``."""
    if not synthesis.pooled:
        return f"{_level(synthesis)} CI"
    model = "Fixed" if synthesis.method.model in _FIXED else "Random"
    return f"{weighting(synthesis)}, {model}, {_level(synthesis)} CI"


def weighting(synthesis: Synthesis) -> str:
    """Return the weights' family: inverse variance, Mantel-Haenszel, Peto, or the model's own code."""
    return _FAMILIES.get(synthesis.method.model.partition(".")[0], "IV")


def _level(synthesis: Synthesis) -> str:
    return f"{synthesis.method.level * 100:g}%"


def _weight_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    return Filled(
        Column("weight", head or "Weight\n(%)"),
        lambda s: _percents(s.weights, style),
        lambda s: write_number(100.0, 1, style.words) if s.pooled and np.any(s.weights > 0) else "",
    )


def _common_weight_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    def common(s: Synthesis) -> FloatArray:
        entered = s.effects.estimable & (s.weights > 0)
        inverse = np.where(entered, 1 / np.where(entered, s.effects.vi, 1.0), 0.0)
        return np.asarray(inverse / inverse.sum() if inverse.any() else inverse, dtype=float)

    return Filled(
        Column("weight_common", head or "Weight (%),\ncommon"),
        lambda s: _percents(common(s), style),
        lambda s: write_number(100.0, 1, style.words) if s.pooled else "",
    )


def _percents(weights: FloatArray, style: Style) -> list[str]:
    return [write_number(100 * w, 1, style.words) if w > 0 else "—" for w in weights]


def _p_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    def study(s: Synthesis) -> list[str]:
        return [write_p(p, style.words, name=False) if p is not None else "" for p in study_p(s)]

    def pooled(s: Synthesis) -> str:
        return write_p(s.p, style.words, name=False) if s.p is not None and math.isfinite(s.p) else ""

    return Filled(Column("p", head or style.words.p_name), study, pooled)


def study_p(synthesis: Synthesis) -> list[float | None]:
    """Return each study's two-sided P value of no effect (normal); None where there is none."""
    effects, null = synthesis.effects, synthesis.effects.measure.null
    if null is None:
        return [None] * len(effects)
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(effects.yi - null) / np.sqrt(effects.vi)
    return [float(2 * ndtr(-v)) if math.isfinite(v) else None for v in z]


def _prediction_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    def pooled(s: Synthesis) -> str:
        if s.prediction is None:
            return ""
        back = s.effects.measure.back
        low, high = sorted((float(back(s.prediction.low)), float(back(s.prediction.high))))
        return write_interval(low, high, digits, style.words)

    title = head or f"{_level(synthesis)} prediction\ninterval"
    return Filled(Column("prediction", title), lambda s: [""] * len(s.effects), pooled)


def _yi_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    return _analysis_column(
        "yi", head or "Effect,\nanalysis scale", lambda s: (s.effects.yi, s.estimate), style
    )


def _se_column(head: str, synthesis: Synthesis, style: Style, digits: int) -> Filled:
    def values(s: Synthesis) -> tuple[FloatArray, float]:
        return np.sqrt(np.maximum(s.effects.vi, 0)), s.se

    return _analysis_column("se", head or "SE", values, style)


def _analysis_column(
    key: str, head: str, values: Callable[[Synthesis], tuple[FloatArray, float]], style: Style
) -> Filled:
    def written(value: float) -> str:
        return write_number(value, 3, style.words) if math.isfinite(value) else ""

    return Filled(
        Column(key, head),
        lambda s: [written(float(v)) for v in values(s)[0]],
        lambda s: written(float(values(s)[1])) if s.pooled else "",
    )


_SINGLE: Mapping[str, Callable[[str, Synthesis, Style, int], Filled]] = {
    "study": _study_column,
    "plot": _plot_column,
    "effect": _effect_column,
    "weight": _weight_column,
    "weight_common": _common_weight_column,
    "p": _p_column,
    "prediction": _prediction_column,
    "yi": _yi_column,
    "se": _se_column,
}


def _moderator_column(key: str, head: str, values: Sequence[Any]) -> Filled:
    texts = [cell_text(v) for v in values]
    numbers = all(t == "" or _is_number(t) for t in texts)
    column = Column(
        key, head or _HEADS.get(key, key.replace("_", " ").capitalize()), align="right" if numbers else "left"
    )
    return Filled(column, lambda s: [cell_text(v) for v in s.effects.moderators[key]], lambda s: "")


def _is_number(text: str) -> bool:
    return text.replace("−", "", 1).replace(".", "", 1).isdigit()


def cell_text(value: Any) -> str:
    """Write a cell of a column that came with the data; a missing one is blank."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value)).replace("-", "−")
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)


def _data_column(key: str, head: str, style: Style) -> Filled:
    return Filled(
        Column(key, head or _HEADS.get(key, key)),
        lambda s: [_count(v, style) for v in s.effects.data[key]],
        lambda s: "",
    )


def _count(value: float, style: Style) -> str:
    if not math.isfinite(value):
        return "–"
    return cell_text(float(f"{value:.6g}")).replace(".", style.words.decimal)


def _arm_columns(synthesis: Synthesis, style: Style, options: ForestOptions) -> list[Filled]:
    data = synthesis.effects.data
    form = next((f for f in _ARM_FORMS if all(n in data for n in f[0])), None)
    if form is None:
        return []
    _, kind, arms = form
    names = options.arms if len(arms) == 2 else ("",)
    return [
        column
        for number, (name, parts) in enumerate(zip(names, arms, strict=True), 1)
        for column in _one_arm(name, number, kind, parts, style)
    ]


def _one_arm(name: str, number: int, kind: str, parts: tuple[str, ...], style: Style) -> list[Filled]:
    if kind in _JOINED and style.joined_arms:
        column = Column(f"{kind}_{number}", _JOINED[kind], group=name)
        return [
            Filled(
                column,
                lambda s: [
                    _fraction(a, b, style) for a, b in zip(*(s.effects.data[p] for p in parts), strict=True)
                ],
                lambda s: _fraction(_total(s, parts[0]), _total(s, parts[1]), style),
            )
        ]
    return [
        _arm_part(f"{head.split()[0].casefold()}_{number}", head, name, part, style)
        for head, part in zip(_PARTS[kind], _grouped(kind, parts), strict=True)
    ]


def _grouped(kind: str, parts: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return (parts[:2], parts[2:]) if kind == "mean" else tuple((p,) for p in parts)


def _arm_part(key: str, head: str, name: str, part: tuple[str, ...], style: Style) -> Filled:
    def study(s: Synthesis) -> list[str]:
        if len(part) == 1:
            return [_count(v, style) for v in s.effects.data[part[0]]]
        return [
            f"{_count(mean, style)} ({_count(sd, style)})" if math.isfinite(mean) else "–"
            for mean, sd in zip(*(s.effects.data[p] for p in part), strict=True)
        ]

    def pooled(s: Synthesis) -> str:
        return _count(_total(s, part[0]), style) if len(part) == 1 else ""

    return Filled(Column(key, head, group=name), study, pooled)


def _fraction(events: float, total: float, style: Style) -> str:
    if not math.isfinite(events) and not math.isfinite(total):
        return "–"
    return f"{_count(events, style)}{style.words.over}{_count(total, style)}"


def _total(synthesis: Synthesis, name: str) -> float:
    """Return the sum of a column over the studies that give it; NaN when none does."""
    values = synthesis.effects.data[name]
    known = values[np.isfinite(values)]
    return float(known.sum()) if known.size else math.nan


def _light_columns(options: ForestOptions) -> list[Filled]:
    return [
        Filled(
            Column(f"rob:{domain}", letter, group="Risk of bias", align="centre", lights=True),
            lambda s, d=domain: levels_of(s.effects.labels, d, options.judgements),  # type: ignore[misc]
            lambda s: "",
        )
        for domain, letter in domain_letters(options.judgements)
    ]


def domain_letters(judgements: Sequence[Any]) -> list[tuple[str, str]]:
    """Give each domain, in order of first appearance, its letter; the overall judgement is called so.

    A domain that begins with a code (``D1: Randomisation``) keeps the code.
    """
    domains = list(dict.fromkeys(j.domain for j in judgements))
    overall = [d for d in domains if d.casefold().startswith("overall")]
    named, letters = [], iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    for domain in [d for d in domains if d not in overall]:
        code = domain.split(":")[0].strip()
        named.append((domain, code if ":" in domain and len(code) <= 3 else next(letters, "·")))
    return named + [(d, "Overall") for d in overall]


def levels_of(labels: Sequence[str], domain: str, judgements: Sequence[Any]) -> list[str]:
    """Return each study's level of risk of bias in a domain; blank where nobody judged it."""
    found = {j.study: j.level for j in judgements if j.domain == domain}
    return [found.get(label, "") for label in labels]
