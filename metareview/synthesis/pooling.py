"""From effects to one answer, by a policy, with every choice and its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from scipy.special import ndtri

from metareview.effects import Effects, FloatArray, Interval
from metareview.errors import SynthesisError
from metareview.synthesis.heterogeneity import inconsistencies, q_test
from metareview.synthesis.inference import Inference, Question
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.model import Alternative, Choice, Heterogeneity, Method, Synthesis
from metareview.synthesis.options import Options, checked
from metareview.synthesis.policy import Because, Policy, Situation, policy_named
from metareview.synthesis.prediction import predict
from metareview.synthesis.stack import BoolArray, Stack, stack_one
from metareview.synthesis.tau2 import estimate_tau2
from metareview.synthesis.tau2_intervals import TAU2_INTERVALS
from metareview.synthesis.weighting import Weighted, weigh
from metareview.synthesis.wording import notes_of

_MOST = 1e50


def pool(
    effects: Effects,
    *,
    policy: str = "cochrane",
    model: str | None = None,
    tau2: str | float | None = None,
    ci: str | None = None,
    prediction: str | None = None,
    level: float = 0.95,
) -> Synthesis:
    """Pool the effects of the studies by inverse variance.

    Parameters
    ----------
    effects
        One estimate per study; a study without one stays in the answer with weight 0.
    policy
        ``cochrane``, ``iqwig``, ``revman5`` or ``metafor``: chooses whatever is not given below.
    model
        ``common`` or ``random``.
    tau2
        The estimator's code, or a number: tau2 itself, in squared units of the analysis scale.
    ci, prediction
        Codes of the confidence and the prediction interval.
    level
        Of all intervals, a fraction between 0.5 and 1.

    Raises
    ------
    SynthesisError
        For a code that is not known, and when no study has an estimate with a variance.
    """
    return pool_as(effects, Options(policy, model, tau2, ci, prediction, level=level))


def pool_as(effects: Effects, options: Options) -> Synthesis:
    """Do as :func:`pool`, with all options, among them the interval for tau2 and what I2 comes from."""
    options = checked(options)
    inside = effects.estimable
    k = int(np.count_nonzero(inside))
    if k == 0:
        raise SynthesisError(
            f'"{effects.measure.label}" cannot be pooled: none of its {len(effects)} studies '
            "has an estimate with a variance."
        )
    _refuse_off_scale(effects, inside)
    answer = _single(effects, options, inside) if k == 1 else _pooled(effects, options, inside, k)
    return replace(answer, notes=notes_of(answer))


def _refuse_off_scale(effects: Effects, inside: BoolArray) -> None:
    """Refuse effects and variances whose powers floating-point numbers cannot hold."""
    off = inside & ~((effects.vi > 1 / _MOST) & (effects.vi < _MOST) & (np.abs(effects.yi) < _MOST))
    if off.any():
        raise SynthesisError(
            f"{effects.labels[i]}: effect {effects.yi[i]:g} with variance {effects.vi[i]:g} is too large or "
            f"too small to be pooled; change its unit."
            for i in np.flatnonzero(off)
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """The policy with the user's overrides; collects the choices made."""

    policy: Policy
    options: Options
    choices: list[Choice]

    def take(self, what: str, situation: Situation | None = None) -> str:
        """Return the code of a choice, the user's or the policy's, and note why."""
        own = getattr(self.options, what)
        usual = self._usual(what, situation)
        if own is None:
            self.choices.append(usual.choice(what))
            return str(usual.value)
        value = str(own)
        if value == usual.value:
            self.choices.append(replace(usual.choice(what), asked=True))
        else:
            reason = f"Asked for in place of {usual.value}, the choice of the policy {self.policy.name}."
            self.choices.append(Choice(what, value, reason, overridden=True, asked=True))
        return value

    def _usual(self, what: str, situation: Situation | None) -> Because:
        if what == "tau2":
            return self.policy.tau2_for(self.options.ci)
        rule = getattr(self.policy, what)
        usual: Because = rule(situation) if callable(rule) else rule
        return usual


def _pooled(effects: Effects, options: Options, inside: BoolArray, k: int) -> Synthesis:
    plan = _Plan(policy_named(options.policy), options, [])
    model = plan.take("model")
    common = _common(effects, inside, plan.policy.q_about)
    code, fit = _fit(plan, model, common)
    question = _question(effects, options, common.stack, code)
    situation = Situation(k, bool(fit.tau2[0] > 0), common=model == "common")
    ci = plan.take("ci", situation)
    with np.errstate(all="ignore"):
        inference = INTERVALS[ci].formula(fit, question)
    situation, question = replace(situation, ci=ci), replace(question, ci=ci)
    prediction, limits = _predict(plan, model, situation, (fit, inference, question))
    spread = _heterogeneity(plan, common, fit.tau2, code)
    method = Method(
        plan.policy.name, model, code, ci, prediction, options.level, tuple(plan.choices), plan.policy.version
    )
    others = _others(plan.policy.others(situation), fit, question)
    return _synthesis(effects, method, inside, (fit, inference), limits, spread, others)


def _common(effects: Effects, inside: BoolArray, q_about: str) -> Weighted:
    """Weight by ``1 / v``; where the policy says so, with residuals about Mantel and Haenszel's estimate."""
    stack = stack_one(effects.yi[inside], effects.vi[inside])
    common = weigh(stack, np.zeros(1))
    if q_about == "mh" and effects.measure.kind == "binary" and "ci" in effects.data:
        from metareview.synthesis.rare import pool_mantel_haenszel

        poolable = effects.measure.code in ("OR", "RR", "RD")
        about = pool_mantel_haenszel(effects).estimate if poolable else np.nan
        return replace(common, mu=about - stack.centre) if isfinite(about) else common
    return common


def _question(effects: Effects, options: Options, stack: Stack, code: str) -> Question:
    null = np.nan if effects.measure.null is None else effects.measure.null
    tau2 = options.tau2 if isinstance(options.tau2, float) else code
    return Question(options.level, null - stack.centre, tau2)


def _fit(plan: _Plan, model: str, common: Weighted) -> tuple[str, Weighted]:
    """Estimate tau2, or take the user's, and weight by it."""
    stack = common.stack
    if model == "common":
        return "none", weigh(stack, np.zeros(1))
    code, own = plan.take("tau2"), plan.options.tau2
    if isinstance(own, float):
        return code, weigh(stack, np.array([own]))
    if code == "DL":  # with the policy's Q
        with np.errstate(all="ignore"):
            moment = (common.q - stack.n + 1.0) / common.unbiased
        return code, weigh(stack, np.maximum(moment, 0.0))
    return code, weigh(stack, estimate_tau2(stack, code))


def _predict(
    plan: _Plan, model: str, situation: Situation, fitted: tuple[Weighted, Inference, Question]
) -> tuple[str, Interval | None]:
    if model == "common":
        return "none", None
    code = plan.take("prediction", situation)
    with np.errstate(all="ignore"):
        low, high = predict(code, *fitted)
    return code, _interval(low, high, fitted[0].stack, plan.options.level)


def _interval(low: FloatArray, high: FloatArray, stack: Stack, level: float) -> Interval | None:
    """Put the centre back; None where a limit is not finite."""
    ends = float(low[0] + stack.centre[0]), float(high[0] + stack.centre[0])
    return Interval(*ends, level) if isfinite(ends[0]) and isfinite(ends[1]) else None


def _heterogeneity(plan: _Plan, common: Weighted, tau2: FloatArray, code: str) -> Heterogeneity:
    """Describe the spread; a common-effect model has no tau2, and the user's own value no interval."""
    level = plan.options.level
    fixed = code == "none" or isinstance(plan.options.tau2, float)
    wanted = "none" if fixed else plan.take("tau2_ci")
    low, high = TAU2_INTERVALS[wanted].formula(common.stack, level, code)
    limits = Interval(float(low[0]), float(high[0]), level) if isfinite(high[0]) else None
    basis = "Q" if code == "none" else plan.take("i2")
    parts = inconsistencies(common, float(tau2[0]), limits, level)
    main = parts[basis]
    return Heterogeneity(
        q=float(common.q[0]), q_df=int(common.stack.n[0]) - 1, q_p=float(q_test(common)[0]),
        tau2=float(tau2[0]), tau2_ci=limits, i2=main.i2, i2_ci=main.i2_ci, h2=main.h2, h2_ci=main.h2_ci,
        i2_from=basis, from_tau2=parts["tau2"], from_q=parts["Q"],
    )  # fmt: skip


def _others(codes: tuple[str, ...], fit: Weighted, question: Question) -> tuple[Alternative, ...]:
    """Compute the intervals that are shown beside the main one."""
    found = []
    for code in codes:
        with np.errstate(all="ignore"):
            other = INTERVALS[code].formula(fit, question)
        interval = _interval(other.low, other.high, fit.stack, question.level)
        if interval is not None:
            estimate = float(other.mu[0] + fit.stack.centre[0])
            found.append(Alternative(code, INTERVALS[code].label, estimate, interval))
    return tuple(found)


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _synthesis(
    effects: Effects, method: Method, inside: BoolArray, fitted: tuple[Weighted, Inference],
    limits: Interval | None, spread: Heterogeneity | None, others: tuple[Alternative, ...],
) -> Synthesis:  # fmt: skip
    fit, inference = fitted
    weights = np.zeros(len(effects))
    weights[inside] = 1.0 / (effects.vi[inside] + fit.tau2[0]) / fit.total[0]
    low, high = _study_limits(effects, method.level)
    return Synthesis(
        effects=effects, method=method, k=int(fit.stack.n[0]),
        estimate=float(inference.mu[0] + fit.stack.centre[0]), se=float(inference.se[0]),
        ci=_interval(inference.low, inference.high, fit.stack, method.level),
        statistic=_finite(inference.statistic[0]), df=_finite(inference.df[0]), p=_finite(inference.p[0]),
        prediction=limits, weights=weights, study_low=low, study_high=high,
        heterogeneity=spread, alternatives=others,
    )  # fmt: skip


def _study_limits(effects: Effects, level: float) -> tuple[FloatArray, FloatArray]:
    """Return each study's own normal interval; NaN where it is not estimable."""
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(np.where(effects.estimable, effects.vi, np.nan))
    return effects.yi - half, effects.yi + half


def _single(effects: Effects, options: Options, inside: BoolArray) -> Synthesis:
    """Show the one study there is; nothing is pooled."""
    policy = policy_named(options.policy)
    choice = Choice("model", "none", "One study: it is shown as it stands, and nothing is pooled.")
    method = Method(policy.name, "none", "none", "wald", "none", options.level, (choice,), policy.version)
    fit = weigh(stack_one(effects.yi[inside], effects.vi[inside]), np.zeros(1))
    inference = INTERVALS["wald"].formula(fit, _question(effects, options, fit.stack, "none"))
    return _synthesis(effects, method, inside, (fit, inference), None, None, ())
