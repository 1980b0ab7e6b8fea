"""Mixed models with one random effect per study: UM.FS, CM.EL, CM.AL, and those for one arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isfinite, isinf, isnan, nan

import numpy as np

from metareview.effects import Effects
from metareview.errors import SynthesisError
from metareview.synthesis.model import Synthesis
from metareview.synthesis.rare.answer import Finding, Recipe, Spread, synthesis_from
from metareview.synthesis.rare.counts import Mask, TwoArms, one_arm, refuse_fractions, two_arms
from metareview.synthesis.rare.kernels import (
    Kernel,
    binomial,
    hypergeometric,
    poisson,
    two_binomials,
    two_poissons,
)
from metareview.synthesis.rare.maximum import Maximum, maximise

ORDER = 31  # likelihoods are then right to 1e-7 at a tau of 2, and better below
_HIGHEST_ORDER = 101
_RARE = 0.1

_UM_FS = Recipe(
    "um.fs", "ML", "wald",
    "Logistic (Poisson, for rates) mixed model with one fixed intercept per study and a random effect: "
    "the counts enter as they are, so that nothing is added to zero cells.",
    "Turner et al. 2000, Stat Med 19:3417; Stijnen et al. 2010, Stat Med 29:3046, 3.1",
)  # fmt: skip
_CM_EL = Recipe(
    "cm.el", "ML", "wald",
    "Conditional model: given each study's total of events (non-central hypergeometric; binomial for "
    "rates) no intercept needs estimating and nothing is added to zero cells.",
    "van Houwelingen et al. 1993, Stat Med 12:2273; Stijnen et al. 2010, Stat Med 29:3046, 3.2",
)  # fmt: skip
_CM_AL = Recipe(
    "cm.al", "ML", "wald",
    "Conditional model with the binomial approximation to the non-central hypergeometric distribution; good "
    "only where events are rare.",
    "Stijnen et al. 2010, Stat Med 29:3046, 3.3",
)  # fmt: skip
_LOGIT_NORMAL = Recipe(
    "logit-normal", "ML", "wald",
    "Binomial-normal model for proportions: arms without events, or with nothing but events, enter as "
    "they are.",
    "Stijnen et al. 2010, Stat Med 29:3046, 2; Hamza et al. 2008, J Clin Epidemiol 61:41",
)  # fmt: skip
_POISSON_NORMAL = Recipe(
    "poisson-normal", "ML", "wald",
    "Poisson-normal model for rates: arms without events enter as they are.",
    "Stijnen et al. 2010, Stat Med 29:3046, 4",
)  # fmt: skip


def um_fs(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Fit the unconditional model with fixed study intercepts and a random effect, by maximum likelihood.

    ``logit p1 = a_i + theta_i / 2``, ``logit p2 = a_i - theta_i / 2``, ``theta_i ~ N(mu, tau2)``
    (log rates for IRR). Studies without any event, or with nothing but events, carry no information.

    Parameters
    ----------
    effects
        Of the measure OR or IRR, with their counts.
    level
        Of the interval, a fraction.
    order
        Of the adaptive Gauss-Hermite quadrature, 1 (Laplace) to 101; 31 unless given.

    Raises
    ------
    SynthesisError
        For another measure or order, and when no study has counts.
    """
    arms = _informative(effects, _UM_FS)
    kernel = two_binomials if arms.binary else two_poissons
    return _two_armed(effects, arms, kernel, _UM_FS, level, order)


def cm_el(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Fit the conditional model with the exact likelihood; see :func:`um_fs` for the parameters.

    Given all margins the first arm's events follow Fisher's non-central hypergeometric distribution
    with log odds ratio ``theta_i ~ N(mu, tau2)``; for IRR they are binomial.

    Raises
    ------
    SynthesisError
        As :func:`um_fs`, and for counts that are not whole numbers.
    """
    arms = _informative(effects, _CM_EL)
    if arms.binary:
        refuse_fractions(effects, (arms.x1, arms.n1, arms.x2, arms.n2), arms.inside, "cm.el")
        return _two_armed(effects, arms, hypergeometric, _CM_EL, level, order)
    return _two_armed(effects, arms, _split, _CM_EL, level, order)


def cm_al(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Fit the conditional model with the binomial approximation; see :func:`um_fs` for the parameters.

    Given the total of events, those of the first arm are binomial with log odds
    ``theta_i + log(n1 / n2)``: for rates this is exact, and the same as ``cm.el``.
    """
    arms = _informative(effects, _CM_AL)
    found = _two_armed(effects, arms, _split, _CM_AL, level, order)
    rate = (arms.x1 + arms.x2).sum() / (arms.n1 + arms.n2).sum() if arms.x1.size else 0.0
    if not arms.binary or rate <= _RARE:
        return found
    caution = (
        f"Events are not rare ({100 * rate:.0f}%): the binomial approximation pulls the odds ratio to 1; "
        "use cm.el."
    )
    return replace(found, notes=(caution, *found.notes))


def logit_normal(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Pool proportions of single arms with ``logit p_i ~ N(mu, tau2)``; see :func:`um_fs` for the parameters.

    Effects are of the measure PLO (logit proportions), with their counts.
    """
    need_measure(effects, ("PLO",), _LOGIT_NORMAL.model)
    arm = one_arm(effects)
    return _fitted(effects, arm.inside, binomial(arm.x, arm.n, np.zeros(1)), _LOGIT_NORMAL, level, order)


def poisson_normal(effects: Effects, *, level: float = 0.95, order: int | None = None) -> Synthesis:
    """Pool rates of single arms with ``log rate_i ~ N(mu, tau2)``; see :func:`um_fs` for the parameters.

    Effects are of the measure IRLN (log rates), with their counts.
    """
    need_measure(effects, ("IRLN",), _POISSON_NORMAL.model)
    arm = one_arm(effects)
    return _fitted(effects, arm.inside, poisson(arm.x, arm.n), _POISSON_NORMAL, level, order)


def need_measure(effects: Effects, codes: tuple[str, ...], model: str) -> None:
    """Refuse effects of a measure that a model cannot pool."""
    if effects.measure.code not in codes:
        raise SynthesisError(
            f"The model {model} is for the measure {' or '.join(codes)}; {effects.measure.label} "
            f"({effects.measure.code}) is on another scale."
        )


def _informative(effects: Effects, recipe: Recipe) -> TwoArms:
    need_measure(effects, ("OR", "IRR"), recipe.model)
    arms = two_arms(effects)
    return arms.only(~arms.silent)


def _split(x1: np.ndarray, n1: np.ndarray, x2: np.ndarray, n2: np.ndarray) -> Kernel:
    """Give the events of the first arm as a share of all events."""
    return binomial(x1, x1 + x2, np.log(n1 / n2))


def _two_armed(
    effects: Effects,
    arms: TwoArms,
    kernel: Callable[..., Kernel],
    recipe: Recipe,
    level: float,
    order: int | None,
) -> Synthesis:
    if not arms.x1.size:
        return synthesis_from(effects, _nothing(effects, arms.inside), recipe, level)
    return _fitted(effects, arms.inside, kernel(arms.x1, arms.n1, arms.x2, arms.n2), recipe, level, order)


def _fitted(
    effects: Effects, used: Mask, kernel: Kernel, recipe: Recipe, level: float, order: int | None
) -> Synthesis:
    found = maximise(kernel, checked_order(order, ORDER), random=kernel.k > 1)
    spread = Spread(found.q_lrt, kernel.k - 1, found.tau**2) if kernel.k > 1 and isfinite(found.mu) else None
    finding = Finding(
        used=used,
        estimate=found.mu,
        se=found.se,
        spread=spread,
        details=details_of(found),
        notes=tuple(sentences_of(found, kernel.k)),
    )
    return synthesis_from(effects, finding, recipe, level)


def checked_order(order: int | None, usual: int) -> int:
    """Return the order of the quadrature.

    Raises
    ------
    SynthesisError
        When it is not a whole number from 1 to 101.
    """
    if order is None:
        return usual
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= _HIGHEST_ORDER:
        raise SynthesisError(f"order is {order}; it is a whole number from 1 (Laplace) to {_HIGHEST_ORDER}.")
    return order


def _nothing(effects: Effects, used: Mask) -> Finding:
    note = "No study bears on the ratio: in each, both arms have no event or only events."
    return Finding(used, nan, nan, None, notes=(note,))


def details_of(found: Maximum) -> dict[str, float]:
    """Return the figures of a fit that a synthesis has no field for."""
    return {
        "log_likelihood": found.log_likelihood,
        "tau2_se": 2 * found.tau * found.tau_se,
        "q_lrt": found.q_lrt,
        "q_wald": found.q_wald,
        "q_wald_df": max(found.finite - 1, 0),
        "order": found.order,
    }


def sentences_of(found: Maximum, k: int) -> list[str]:
    """Say what a reader must know of a fit."""
    if isnan(found.mu) and isfinite(found.tau):
        return ["The likelihood is too flat for an estimate with a standard error; none is given."]
    if isnan(found.mu):
        return [
            "The likelihood has no maximum: every study lies at a limit of what it can show, some at one end "
            "and some at the other, so that an ever larger tau2 fits as well or better. No estimate is given."
        ]
    if isinf(found.mu):
        end = "lowest" if found.mu < 0 else "highest"
        return [
            f"The likelihood has no finite maximum: every study shows the {end} effect it can, "
            "so that the estimate is infinite and has no standard error."
        ]
    said = []
    if k < 5:
        said.append(
            f"Only {k} {'study' if k == 1 else 'studies'}: maximum likelihood puts tau2 too low then."
        )
    if k > 1:
        said.append(
            f"Tests that all effects are equal: likelihood ratio {found.q_lrt:.2f} on {k - 1} df; "
            f"Wald {found.q_wald:.2f} on {max(found.finite - 1, 0)} df, over the studies whose own estimate "
            "is finite."
        )
    method = (
        "Laplace's approximation"
        if found.order == 1
        else f"adaptive Gauss-Hermite quadrature of order {found.order}"
    )
    said.append(f"The likelihood was integrated by {method}.")
    return said
