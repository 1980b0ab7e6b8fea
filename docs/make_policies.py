"""Write docs/policies.md from the policies themselves: ``python docs/make_policies.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metareview.synthesis.intervals import INTERVALS
from metareview.synthesis.policy import POLICIES, Because, Policy, Situation
from metareview.synthesis.prediction import PREDICTIONS
from metareview.synthesis.tau2 import ESTIMATORS
from metareview.synthesis.tau2_intervals import TAU2_INTERVALS

PAGE = Path(__file__).parent / "policies.md"
SITUATIONS = {
    "2 studies": Situation(2, True),
    "3 or 4 studies, tau2 above 0": Situation(3, True),
    "3 or 4 studies, tau2 = 0": Situation(3, False),
    "5 or more studies, tau2 above 0": Situation(5, True),
    "5 or more studies, tau2 = 0": Situation(5, False),
}
HEAD = """# Policies

A policy is a named, versioned table that chooses the method of a synthesis: the model, the estimator of
tau2, the intervals, and what I2 is computed from. It looks at the number of studies and at whether tau2 is
above 0, never at the result. Every choice carries its reason and where the rule stands; both are in the notes
of the result, in its JSON and under the figure. What the user puts in place of a choice is recorded as an
override. *Working rule* marks what no guideline prescribes in so many words: it was chosen for the reason
given.

One study is shown and never pooled, whatever the policy. This page is written by `docs/make_policies.py`.

```python
import metareview as mr

effects = mr.effect_sizes({"yi": [0.2, 0.5, 0.9], "vi": [0.04, 0.05, 0.03]}, measure="GEN")
for name in ("cochrane", "iqwig", "revman5", "metafor"):
    print(name, mr.pool(effects, policy=name))
for choice in mr.pool(effects, tau2="DL").method.choices:
    print(choice.what, choice.value, choice.overridden, choice.reason)
```
"""
BELOW = """## Beside the main interval

With few studies a policy shows other intervals too, and a sentence says when they disagree about "no effect":
"""


def page() -> str:
    """Give the text of the page."""
    parts = [HEAD]
    for policy in POLICIES.values():
        parts += [f"## `{policy.name}` {policy.version}: {policy.title}\n", *_fixed(policy), *_ruled(policy)]
    return "\n".join([*parts, BELOW, *_others(), *_codes()]).rstrip() + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _fixed(policy: Policy) -> Iterator[str]:
    yield _row("choice", "value", "reason", "rule")
    yield "|---|---|---|---|"
    for what in ("model", "tau2", "tau2_ci", "i2"):
        because: Because = getattr(policy, what)
        yield _row(what, f"`{because.value}`", because.reason, because.citation)


def _ruled(policy: Policy) -> Iterator[str]:
    for when, situation in SITUATIONS.items():
        ci = policy.ci(situation)
        prediction = policy.prediction(Situation(situation.k, situation.differ, ci.value))
        yield _row(f"ci, {when}", f"`{ci.value}`", ci.reason, ci.citation)
        yield _row(f"prediction, {when}", f"`{prediction.value}`", prediction.reason, prediction.citation)
    yield ""


def _others() -> Iterator[str]:
    yield _row("policy", *SITUATIONS)
    yield "|---" * (len(SITUATIONS) + 1) + "|"
    for policy in POLICIES.values():
        shown = [policy.others(Situation(s.k, s.differ, policy.ci(s).value)) for s in SITUATIONS.values()]
        yield _row(policy.name, *(", ".join(f"`{code}`" for code in codes) or "-" for codes in shown))
    yield ""


def _codes() -> Iterator[str]:
    for title, codes in (
        ("Estimators of tau2", ESTIMATORS),
        ("Confidence intervals", INTERVALS),
        ("Prediction intervals", PREDICTIONS),
        ("Intervals for tau2", TAU2_INTERVALS),
    ):
        yield f"## {title}\n"
        yield _row("code", "name", "paper")
        yield "|---|---|---|"
        for code, entry in codes.items():  # type: ignore[attr-defined]
            yield _row(f"`{code}`", entry.label, entry.citation)
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
