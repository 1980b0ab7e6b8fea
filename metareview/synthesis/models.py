"""The models beside inverse variance, by their codes: one door for the command line and the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from metareview.effects import Effects
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis import bayes, rare
from metareview.synthesis.model import Synthesis


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes
    ----------
    label : as a reader knows it
    measures : the codes it can pool; empty for any measure
    fit : effects and options -> synthesis
    takes : the options it has beside ``level``
    """

    label: str
    measures: tuple[str, ...]
    fit: Callable[..., Synthesis]
    takes: tuple[str, ...] = ()


_RATIO, _ORDER = ("OR", "IRR"), ("order",)
MODELS: Mapping[str, Model] = {
    "mh": Model("Mantel-Haenszel", ("OR", "RR", "VE", "RD", "IRR", "IRD"), rare.pool_mantel_haenszel),
    "peto": Model("Peto", ("OR", "PETO"), rare.peto_odds_ratio),
    "um.fs": Model("Mixed model, fixed study intercepts", _RATIO, rare.um_fs, _ORDER),
    "um.rs": Model("Mixed model, random study intercepts", _RATIO, rare.um_rs, _ORDER),
    "cm.el": Model("Conditional model, exact likelihood", _RATIO, rare.cm_el, _ORDER),
    "cm.al": Model("Conditional model, approximate likelihood", _RATIO, rare.cm_al, _ORDER),
    "logit-normal": Model("Binomial-normal model", ("PLO",), rare.logit_normal, _ORDER),
    "betabin": Model("Beta-binomial model", ("OR", "PLO"), rare.pool_beta_binomial),
    "firth": Model("Firth's penalised logistic regression", ("OR",), rare.firth_logistic),
    "bayes": Model("Bayesian normal-normal model", (), bayes.pool_bayes, ("prior", "mu_prior")),
    "poisson-normal": Model("Poisson-normal model", ("IRLN",), rare.poisson_normal, _ORDER),
}


def model_named(code: str) -> tuple[str, Model]:
    """Return a model and its code as it is spelt.

    Raises
    ------
    SynthesisError
        When there is none of that name.
    """
    folded = str(code).casefold()
    if folded not in MODELS:
        raise SynthesisError(f'model is "{code}"; {did_you_mean(str(code), list(MODELS))}')
    return folded, MODELS[folded]


def fit_model(
    effects: Effects,
    *,
    model: str,
    level: float = 0.95,
    prior: str | None = None,
    mu_prior: str | None = None,
    order: int | None = None,
) -> Synthesis:
    """Pool effects by a model for sparse data or few studies.

    Parameters
    ----------
    effects
        The studies, with their counts where the model needs them.
    model
        A code of :data:`MODELS`.
    level
        Of all intervals, a fraction between 0.5 and 1.
    prior
        Of the Bayesian model: the prior for tau, such as ``half-normal(0.5)``.
    mu_prior
        Of the Bayesian model: the prior for mu, ``normal(mean, sd)``; uniform unless given.
    order
        Of the quadrature of a mixed model.

    Raises
    ------
    SynthesisError
        For a code, measure or option that does not fit, all at once.
    """
    code, chosen = model_named(model)
    asked = {"prior": prior, "mu_prior": mu_prior, "order": order}
    given = {name: value for name, value in asked.items() if value is not None}
    problems = list(_faults(effects, code, chosen, level, given))
    if problems:
        raise SynthesisError(problems)
    return chosen.fit(effects, level=level, **given)


def _faults(
    effects: Effects, code: str, model: Model, level: float, given: Mapping[str, object]
) -> list[str]:
    said = [
        f"{name} is {value}, but the model {code} has no such option."
        for name, value in given.items()
        if name not in model.takes
    ]
    if model.measures and effects.measure.code not in model.measures:
        said.append(
            f"The model {code} pools {', '.join(model.measures)}; {effects.measure.label} "
            f"({effects.measure.code}) is none of them."
        )
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0.5 < level < 1:
        said.append(f"level is {level}; it is a fraction between 0.5 and 1, such as 0.95.")
    return said
