"""The options of a synthesis: codes as people write them, each checked against its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from metareview.errors import SynthesisError, did_you_mean
from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.policy import policy_named
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.tau2 import ESTIMATORS
from metareview.synthesis.tau2_intervals import TAU2_INTERVALS

MODELS = ("common", "random")
I2_FROM = ("tau2", "Q")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asks for; None leaves a choice to the policy.

    Attributes
    ----------
    policy : ``cochrane``, ``iqwig``, ``revman5``, ``metafor``
    model : ``common`` or ``random``
    tau2 : an estimator's code, or tau2 itself as a number
    ci, prediction, tau2_ci : codes of intervals
    i2 : ``tau2`` or ``Q``: what I2 and H2 are computed from
    level : of all intervals, a fraction
    """

    policy: str = "cochrane"
    model: str | None = None
    tau2: str | float | None = None
    ci: str | None = None
    prediction: str | None = None
    tau2_ci: str | None = None
    i2: str | None = None
    level: float = 0.95


def checked(options: Options) -> Options:
    """Return the options with every code in its own spelling.

    Raises
    ------
    SynthesisError
        Naming every code that is not known and a level that is not a fraction.
    """
    problems: list[str] = []
    policy_named(options.policy)
    tables: dict[str, Sequence[str]] = {
        "model": MODELS,
        "ci": list(INTERVALS),
        "prediction": [*PREDICTIONS, "none"],
        "tau2_ci": list(TAU2_INTERVALS),
        "i2": I2_FROM,
    }
    spelt: dict[str, Any] = {
        what: _spelt(what, getattr(options, what), table, problems) for what, table in tables.items()
    }
    tau2 = _tau2(options.tau2, problems)
    _check_level(options.level, problems)
    if problems:
        raise SynthesisError(problems)
    return replace(options, policy=options.policy.casefold(), tau2=tau2, **spelt)


def _spelt(what: str, code: object, table: Sequence[str], problems: list[str]) -> str | None:
    if code is None:
        return None
    by_folded = {name.casefold(): name for name in table}
    found = by_folded.get(str(code).casefold())
    if found is None:
        problems.append(f'{what} is "{code}"; {did_you_mean(str(code), table)}')
    return found


def _tau2(value: str | float | None, problems: list[str]) -> str | float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return _spelt("tau2", value, list(ESTIMATORS), problems)
    if not (isfinite(number) and number >= 0):
        problems.append(f"tau2 is {value}; as a number it is a variance, 0 or more and finite.")
    return number


def _check_level(level: object, problems: list[str]) -> None:
    if isinstance(level, int | float) and not isinstance(level, bool) and 0.5 < level < 1:
        return
    hint = (
        f" Write {level / 100:g} for {level:g}%."
        if isinstance(level, int | float) and 50 < level < 100
        else ""
    )
    problems.append(f"level is {level}; it is a fraction between 0.5 and 1, such as 0.95.{hint}")
