"""Estimators of the between-study variance tau2, over many data sets at once.

Closed forms are the method of moments with different weights; iterative ones are roots of an
estimating equation. Every estimator is cut off at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.effects import FloatArray
from metareview.synthesis.likelihood import maximise
from metareview.synthesis.roots import falling_root
from metareview.synthesis.stack import Stack
from metareview.synthesis.sums import across, down, spread_of
from metareview.synthesis.weighting import weigh


@dataclass(frozen=True, slots=True)
class Estimator:
    """One estimator of tau2: its code, name, formula over a stack, and paper."""

    code: str
    label: str
    formula: Callable[[Stack], FloatArray]
    citation: str


def moment_tau2(stack: Stack, a: FloatArray) -> FloatArray:
    """Solve the moment equation of ``Q_a = sum a (y - mu_a)^2`` for tau2; may be negative.

    DerSimonian & Kacker 2007, equation 6: ``E(Q_a) = sum a v - sum a^2 v / sum a + tau2 (sum a -
    sum a^2 / sum a)``.

    Parameters
    ----------
    a : ``(k, D)`` fixed weights, 0 for a study left out
    """
    total = down(a)
    r = stack.y - down(a * stack.y) / total
    v = np.where(stack.inside, stack.v, 0.0)
    expected, per_tau2 = spread_of(a, a * v) / total, spread_of(a, a) / total
    return (down(a * r * r) - expected) / per_tau2


def _dl(stack: Stack) -> FloatArray:
    return moment_tau2(stack, 1.0 / stack.v)


def _he(stack: Stack) -> FloatArray:
    return moment_tau2(stack, stack.inside.astype(float))


def _genq(stack: Stack) -> FloatArray:
    return moment_tau2(stack, 1.0 / np.sqrt(stack.v))


def _dl2(stack: Stack) -> FloatArray:
    return moment_tau2(stack, 1.0 / (stack.v + np.maximum(_dl(stack), 0.0)))


def _hs(stack: Stack) -> FloatArray:
    fit = weigh(stack, np.zeros_like(stack.n))
    return (fit.q - stack.n) / fit.total


def _hsk(stack: Stack) -> FloatArray:
    fit = weigh(stack, np.zeros_like(stack.n))
    return (fit.q * stack.n / (stack.n - 1.0) - stack.n) / fit.total


def _sj(stack: Stack) -> FloatArray:
    start = stack.squares / stack.n
    return start * weigh(stack, start).scale


def solve_q(stack: Stack, target: FloatArray) -> FloatArray:
    """Find tau2 at which the generalised Q statistic equals a target; 0 where Q(0) is not above it.

    Q falls in tau2, and lies between ``squares / (tau2 + v_max)`` and ``squares / (tau2 + v_min)``,
    which brackets the root.
    """
    with np.errstate(all="ignore"):
        guess = stack.squares / target
        low = np.maximum(guess - stack.v_max, 0.0)
        high = np.maximum(guess - stack.v_min, 0.0)
        settled = ~(weigh(stack, np.zeros_like(stack.n)).q > target)
        low, high = np.where(settled, 0.0, low), np.where(settled, 0.0, high)
    log_target = np.log(target)

    def log_q(t: FloatArray) -> tuple[FloatArray, FloatArray]:
        w = 1.0 / (stack.v + t)
        r = stack.y - across(w, stack.y) / down(w)
        wr = w * r
        q = across(wr, r)
        return np.log(q) - log_target, -across(wr, wr) / q

    return falling_root(log_q, (low, high), stack.v_min)


def _pm(stack: Stack) -> FloatArray:
    return solve_q(stack, stack.n - 1.0)


def _pmm(stack: Stack) -> FloatArray:
    from scipy.special import chdtri

    return solve_q(stack, chdtri(stack.n - 1.0, 0.5).astype(float))


def _ml(stack: Stack) -> FloatArray:
    return maximise(stack, "ML")


def _reml(stack: Stack) -> FloatArray:
    return maximise(stack, "REML")


ESTIMATORS: dict[str, Estimator] = {
    e.code: e
    for e in (
        Estimator(
            "REML", "restricted maximum likelihood", _reml, "Viechtbauer 2005, J Educ Behav Stat 30:261"
        ),
        Estimator("DL", "DerSimonian-Laird", _dl, "DerSimonian & Laird 1986, Control Clin Trials 7:177"),
        Estimator("DL2", "two-step DerSimonian-Laird", _dl2, "DerSimonian & Kacker 2007, eq. 10"),
        Estimator("PM", "Paule-Mandel", _pm, "Paule & Mandel 1982, J Res Natl Bur Stand 87:377"),
        Estimator("PMM", "median-unbiased Paule-Mandel", _pmm, "Viechtbauer 2021"),
        Estimator("EB", "empirical Bayes", _pm, "Morris 1983, J Am Stat Assoc 78:47"),
        Estimator("ML", "maximum likelihood", _ml, "Hardy & Thompson 1996, Stat Med 15:619"),
        Estimator("HE", "Hedges", _he, "Hedges & Olkin 1985, ch. 9"),
        Estimator("HS", "Hunter-Schmidt", _hs, "Hunter & Schmidt 1990"),
        Estimator("HSk", "Hunter-Schmidt with small-sample correction", _hsk, "Brannick et al. 2019"),
        Estimator("SJ", "Sidik-Jonkman", _sj, "Sidik & Jonkman 2005, Appl Stat 54:367"),
        Estimator("GENQ", "generalised Q with weights 1/se", _genq, "Jackson 2013, Res Synth Methods 4:220"),
    )
}


def estimate_tau2(stack: Stack, code: str) -> FloatArray:
    """Estimate tau2 of every data set by one estimator; 0 where there are fewer than two studies."""
    with np.errstate(all="ignore"):
        tau2 = ESTIMATORS[code].formula(stack)
    return np.where((stack.n > 1) & (tau2 > 0), tau2, 0.0)
