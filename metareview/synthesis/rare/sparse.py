"""When data are sparse, and which models suit them then."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from metareview.effects import Effects
from metareview.errors import SynthesisError
from metareview.synthesis.rare.counts import OneArm, TwoArms, one_arm, two_arms

_RARE = 0.01  # Cochrane Handbook 10.4.4.1: where Peto's method does best
_FEW = 5  # events in half of the arms: a working rule, as many events make a low risk no matter
_BALANCED = 1.5  # a working rule for "arms about equal"
_HANDBOOK = "Cochrane Handbook 10.4.4"


def sparse_data_note(effects: Effects) -> str | None:
    """Say that data are sparse, why inverse variance may mislead, and what to compare it with.

    Parameters
    ----------
    effects
        Any effects; those that carry no counts, or are not sparse, get no note.

    Returns
    -------
    str or None
        One sentence or two with the reason, for the reader of an inverse-variance synthesis. Data count
        as sparse when an arm has no event (or, in a 2x2 table, nothing but events), or when fewer than
        1% of all participants have one and half of the arms fewer than five events.
    """
    measure = effects.measure
    try:
        if measure.code in ("OR", "RR", "RD", "VE", "IRR", "IRD", "PETO"):
            return _on_two(measure.code, two_arms(effects))
        if measure.code in ("PLO", "IRLN"):
            return _on_one(measure.code, one_arm(effects))
    except SynthesisError:
        return None
    return None


def _on_two(code: str, arms: TwoArms) -> str | None:
    zero = (arms.x1 == 0) | (arms.x2 == 0)
    if arms.binary:
        zero |= (arms.x1 == arms.n1) | (arms.x2 == arms.n2)
    both = int(np.count_nonzero(arms.silent))
    some = int(np.count_nonzero(zero)) - both
    rate = float((arms.x1 + arms.x2).sum() / (arms.n1 + arms.n2).sum())
    few = float(np.median(np.concatenate([arms.x1, arms.x2]))) < _FEW
    rare = arms.binary and rate < _RARE and few
    if not (some or both or rare):
        return None
    found = list(_signs(int(zero.size), some, both))
    if rare:
        found.append(f"only {100 * rate:.2g}% of participants have an event")
    return (
        f"Data are sparse ({'; '.join(found)}): inverse variance, with or without something added to zero "
        f"cells, can be biased then ({_HANDBOOK}). Compare {_advice(code, arms, rate)}."
    )


def _signs(k: int, some: int, both: int) -> Iterator[str]:
    if some:
        yield f"{some} of {k} studies {'has' if some == 1 else 'have'} an arm with none or only events"
    if both:
        yield f"{both} of {k} {'has' if both == 1 else 'have'} none, or only events, in both arms"


def _advice(code: str, arms: TwoArms, rate: float) -> str:
    if code == "IRD":
        return "the model mh"
    if code == "IRR":
        return "the model mh, and cm.el for effects that differ between studies"
    advice = "the model mh (Mantel-Haenszel, nothing added)"
    if code not in ("OR", "PETO"):
        return advice
    ratio = np.maximum(arms.n1, arms.n2) / np.minimum(arms.n1, arms.n2)
    if rate < _RARE and np.median(ratio) <= _BALANCED:
        advice += ", peto (events below 1%, arms about equal)"
    return advice + ", and cm.el or um.fs for effects that differ between studies"


def _on_one(code: str, arm: OneArm) -> str | None:
    at_limit = arm.x == 0
    if arm.binary:
        at_limit |= arm.x == arm.n
    number = int(np.count_nonzero(at_limit))
    if not number:
        return None
    model = "logit-normal" if code == "PLO" else "poisson-normal"
    subject, verb = ("One study", "has") if number == 1 else (f"{number} studies", "have")
    return (
        f"{subject} {verb} no event{' or only events' if arm.binary else ''}: inverse variance needs "
        f"something added to the counts; the model {model} uses them as they are."
    )
