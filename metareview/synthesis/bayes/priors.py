"""Priors for the between-study standard deviation tau, and how people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, isnan, log, pi

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

from metareview.effects import FloatArray
from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.bayes.published import published_prior

_FORM = re.compile(r"\s*+([a-z0-9-]+)\s*+(?:\((.*)\))?\s*+", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """A normal prior for mu, on the analysis scale."""

    mean: float
    sd: float


@dataclass(frozen=True, eq=False)
class Prior:
    """A prior for tau.

    Attributes
    ----------
    spec : as it is written, ``half-normal(0.5)``
    label : for a reader
    citation : where it was published; empty for a free choice
    log_density : tau ``(n,)`` -> log density, ``-inf`` where it is impossible
    quantile : probability -> tau; the inverse of the distribution function
    low, high : where the density is not 0
    tail : the power of tau by which the density falls; infinite when faster than any
    measure : the only measure it was made for, ``OR`` or ``SMD``; empty for any
    proper : whether it integrates to 1
    """

    spec: str
    label: str
    citation: str
    log_density: Callable[[FloatArray], FloatArray]
    quantile: Callable[[float], float]
    low: float = 0.0
    high: float = inf
    tail: float = inf
    measure: str = ""
    proper: bool = True

    def density(self, tau: FloatArray) -> FloatArray:
        """Return the density at ``tau``, ``(n,)``."""
        with np.errstate(all="ignore"):
            return np.exp(self.log_density(np.asarray(tau, dtype=float)))


def prior_from(spec: str) -> Prior:
    """Read a prior as people write it.

    ``half-normal(scale)``, ``half-cauchy(scale)``, ``half-t(df, scale)``, ``uniform(low, high)``
    (``high`` may be ``inf``), ``log-normal(location, scale)`` and ``log-t(location, scale, df)`` of
    log tau, ``turner2015(outcome, comparison)``, ``rhodes2015(outcome, comparison, area)``. A
    comparison is ``pharmacological vs placebo / control``; with nothing in the brackets the published
    priors are those for outcomes and comparisons in general.

    Parameters
    ----------
    spec
        The prior, in any case of letters.

    Raises
    ------
    SynthesisError
        When it is not known, or has not the numbers it needs.

    Examples
    --------
    >>> prior_from("half-normal(0.5)").quantile(0.5)
    0.337...
    >>> prior_from("turner2015(all-cause mortality, pharmacological vs control)").label
    'log-normal(-1.975, 0.67) of all-cause mortality, pharmacological vs placebo / control'
    """
    form = _FORM.fullmatch(str(spec))
    name = form.group(1).casefold() if form else str(spec)
    if form is None or name not in (*_FAMILIES, *_PUBLISHED):
        raise SynthesisError(f'prior is "{spec}"; {did_you_mean(name, [*_FAMILIES, *_PUBLISHED])}')
    given = [part.strip() for part in (form.group(2) or "").split(",") if part.strip()]
    if name in _PUBLISHED:
        return _published(name, given)
    names, make = _FAMILIES[name]
    numbers = [_number(part) for part in given]
    if len(numbers) != len(names) or None in numbers:
        raise SynthesisError(f'prior is "{spec}"; write {name}({", ".join(names)}) with a number for each.')
    return make(str(spec), [n for n in numbers if n is not None])


def normal_prior_from(spec: str | None) -> NormalPrior | None:
    """Read a prior for mu, ``normal(mean, sd)`` on the analysis scale; None is the uniform prior.

    Raises
    ------
    SynthesisError
        When it is something else.
    """
    if spec is None or str(spec).strip().casefold() == "uniform":
        return None
    form = _FORM.fullmatch(str(spec))
    numbers = [_number(part) for part in (form.group(2) or "").split(",")] if form else []
    if form is None or form.group(1).casefold() != "normal" or len(numbers) != 2:
        raise SynthesisError(f'mu_prior is "{spec}"; write normal(mean, sd), or uniform.')
    mean, sd = numbers
    if mean is None or sd is None or not (isfinite(mean) and isfinite(sd) and sd > 0):
        raise SynthesisError(f'mu_prior is "{spec}"; mean and sd must be finite numbers, sd above 0.')
    return NormalPrior(mean, sd)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if isnan(value) else value


def _scale(spec: str, what: str, value: float) -> float:
    if not (isfinite(value) and value > 0):
        raise SynthesisError(f'prior is "{spec}"; its {what} must be above 0 and finite.')
    return value


def _half_normal(spec: str, numbers: list[float]) -> Prior:
    s = _scale(spec, "scale", numbers[0])
    constant = 0.5 * log(2 / pi) - log(s)
    written = f"half-normal({s:g})"
    return Prior(
        written, written, "", lambda t: _positive(t, constant - 0.5 * (t / s) ** 2),
        lambda p: s * float(ndtri((1 + p) / 2)),
    )  # fmt: skip


def _half_cauchy(spec: str, numbers: list[float]) -> Prior:
    s = _scale(spec, "scale", numbers[0])
    constant = log(2 / pi / s)
    written = f"half-cauchy({s:g})"
    return Prior(
        written, written, "", lambda t: _positive(t, constant - np.log1p((t / s) ** 2)),
        lambda p: s * float(np.tan(pi * p / 2)), tail=2.0,
    )  # fmt: skip


def _half_t(spec: str, numbers: list[float]) -> Prior:
    df, s = _scale(spec, "df", numbers[0]), _scale(spec, "scale", numbers[1])
    constant = log(2) + _t_constant(df) - log(s)
    written = f"half-t({df:g}, {s:g})"
    return Prior(
        written, written, "",
        lambda t: _positive(t, constant - (df + 1) / 2 * np.log1p((t / s) ** 2 / df)),
        lambda p: s * float(stdtrit(df, (1 + p) / 2)), tail=df + 1,
    )  # fmt: skip


def _uniform(spec: str, numbers: list[float]) -> Prior:
    low, high = numbers
    if not (0 <= low < high and isfinite(low)):
        raise SynthesisError(f'prior is "{spec}"; its limits must be 0 or more, the lower one first.')
    height = 0.0 if high == inf else -log(high - low)
    written = f"uniform({low:g}, {high:g})"
    return Prior(
        written, written, "", lambda t: np.where((t >= low) & (t <= high), height, -inf),
        lambda p: low + p * (high - low), low, high, tail=0.0 if high == inf else inf, proper=high < inf,
    )  # fmt: skip


def _log_normal(spec: str, numbers: list[float]) -> Prior:
    location, s = numbers[0], _scale(spec, "scale", numbers[1])
    if not isfinite(location):
        raise SynthesisError(f'prior is "{spec}"; its location must be finite.')
    constant = -0.5 * log(2 * pi) - log(s)
    written = f"log-normal({location:g}, {s:g})"
    return Prior(
        written, written, "", lambda t: _in_log(t, lambda u: constant - 0.5 * ((u - location) / s) ** 2),
        lambda p: float(np.exp(location + s * ndtri(p))),
    )  # fmt: skip


def _log_t(spec: str, numbers: list[float]) -> Prior:
    location, s, df = numbers[0], _scale(spec, "scale", numbers[1]), _scale(spec, "df", numbers[2])
    if not isfinite(location):
        raise SynthesisError(f'prior is "{spec}"; its location must be finite.')
    constant = _t_constant(df) - log(s)
    written = f"log-t({location:g}, {s:g}, {df:g})"

    def log_density(t: FloatArray) -> FloatArray:
        return _in_log(t, lambda u: constant - (df + 1) / 2 * np.log1p(((u - location) / s) ** 2 / df))

    return Prior(
        written, written, "", log_density, lambda p: float(np.exp(location + s * stdtrit(df, p))), tail=1.0
    )


def _t_constant(df: float) -> float:
    return float(gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * pi))


def _positive(tau: FloatArray, value: FloatArray) -> FloatArray:
    return np.where(tau >= 0, value, -inf)


def _in_log(tau: FloatArray, density: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Turn a log density of ``log tau`` into one of tau; 0 at tau = 0, where it vanishes."""
    with np.errstate(all="ignore"):
        u = np.log(tau)
        return np.where(tau > 0, density(u) - u, -inf)


def _published(name: str, given: list[str]) -> Prior:
    row = published_prior(name, given)
    location, scale = row.tau2_location / 2, row.tau2_scale / 2
    numbers = [location, scale]
    free = _log_normal(name, numbers) if row.df is None else _log_t(name, [*numbers, row.df])
    citation, measure = _PUBLISHED[name]
    return Prior(
        f"{name}({row.written})", f"{free.label} of {row.written}", citation,
        free.log_density, free.quantile, tail=free.tail, measure=measure,
    )  # fmt: skip


_FAMILIES: Mapping[str, tuple[tuple[str, ...], Callable[[str, list[float]], Prior]]] = {
    "half-normal": (("scale",), _half_normal),
    "half-cauchy": (("scale",), _half_cauchy),
    "half-t": (("df", "scale"), _half_t),
    "uniform": (("low", "high"), _uniform),
    "log-normal": (("location", "scale"), _log_normal),
    "log-t": (("location", "scale", "df"), _log_t),
}
_PUBLISHED: Mapping[str, tuple[str, str]] = {
    "turner2015": ("Turner et al. 2015, Stat Med 34:984", "OR"),
    "rhodes2015": ("Rhodes et al. 2015, J Clin Epidemiol 68:52", "SMD"),
}
