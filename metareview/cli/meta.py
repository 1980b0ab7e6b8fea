"""``metareview meta``: one table of studies, one answer, no protocol."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from metareview.cli.effects_file import effects_from_file
from metareview.cli.flags import given_flag
from metareview.cli.outputs import check_outputs
from metareview.cli.terminal import say_json
from metareview.effects import Effects, ZeroCells
from metareview.errors import MetareviewError, SynthesisError
from metareview.files import write_atomically
from metareview.synthesis import (
    AsymmetryTest,
    Influence,
    Options,
    Refits,
    Subgroups,
    Synthesis,
    TrimAndFill,
    as_dict,
    asymmetry_test,
    cumulative,
    influence,
    leave_one_out,
    pool_as,
    pool_subgroups,
    trim_and_fill,
)
from metareview.synthesis.new_setting import NewSetting, probability_beyond
from metareview.synthesis.refitting import Fit, by_inverse_variance
from metareview.synthesis.robustness import (
    bias_dict,
    influence_dict,
    refits_dict,
    subgroups_dict,
    trim_fill_dict,
)

if TYPE_CHECKING:
    from metareview.synthesis.second_engine import Agreement

_EPILOG = """
\b
Examples:
  Two arms of counts, by the cochrane policy:
    metareview meta trials.csv --measure RR
  Reported estimates with confidence intervals; a figure and the full result as JSON:
    metareview meta hazards.csv --measure HR --json result.json -o forest.svg
  Choices of one's own in place of the policy's:
    metareview meta trials.csv --measure SMD --tau2 PM --ci hksj-adhoc --pi "t(k-2)" --level 0.9
  As another program would have it:
    metareview meta trials.csv --measure OR --policy revman5
  Zero cells:
    metareview meta trials.csv --measure OR --add 0.25 --to all --drop00
  Sparse data, and the Bayesian model:
    metareview meta trials.csv --measure OR --model mh
    metareview meta trials.csv --measure OR --model bayes --prior "half-normal(0.5)"
  Subgroups, with a tau2 of their own or a common one:
    metareview meta trials.csv --measure RR --subgroup alloc --common-tau2 --planned
  Robustness:
    metareview meta trials.csv --measure RR --leave-one-out --influence --cumulative year
  Asymmetry of the funnel plot, and trim and fill:
    metareview meta trials.csv --measure OR --bias --trim-fill L0
  How likely a risk ratio under 0.8 is in a new setting:
    metareview meta trials.csv --measure RR --below 0.8
  The same estimate by a second engine (PyMARE, statsmodels):
    metareview meta trials.csv --measure RR --check-engine
  From another program:
    cat trials.csv | metareview meta - --measure RR --json -

Columns may have metafor's names (ai bi ci di n1i n2i, m1i sd1i, xi ni, yi vi sei) or ours
(events_1 total_1 events_2 total_2, mean_1 sd_1, events total, estimate ci_low ci_high se);
the study's label stands in study or slab. docs/measures.md lists them by measure.
"""


@dataclass(frozen=True, eq=False)
class Answer:
    """Everything that was asked for."""

    synthesis: Synthesis
    subgroups: Subgroups | None
    leave_one_out: Refits | None
    cumulative: Refits | None
    influence: Influence | None
    bias: AsymmetryTest | None
    trim_fill: TrimAndFill | None
    new_settings: tuple[NewSetting, ...] = ()
    agreements: tuple[Agreement, ...] | None = None


_option = click.option


@click.command("meta", epilog=_EPILOG)
@click.argument("file")
@_option(
    "--measure", required=True, metavar="CODE", help="Effect measure: RR OR RD MD SMD HR PLO IRR ZCOR GEN …"
)
@_option("--vtype", metavar="CODE", help="Kind of sampling variance, by metafor's code (LS, UB …).")
@_option(
    "--policy",
    default="cochrane",
    show_default=True,
    metavar="NAME",
    help="cochrane, iqwig, revman5 or metafor.",
)
@_option(
    "--model",
    metavar="CODE",
    help="common, random, or a model for sparse data (mh, peto, um.fs, cm.el, bayes …).",
)
@_option("--prior", metavar="SPEC", help='Prior for tau of --model bayes, such as "half-normal(0.5)".')
@_option("--mu-prior", metavar="SPEC", help='Prior for the mean of --model bayes: "normal(0, 1)" [uniform].')
@_option("--order", type=int, help="Order of the quadrature of a mixed model; 1 is Laplace's approximation.")
@_option("--tau2", metavar="CODE|NUMBER", help="Estimator of tau2 (REML DL PM ML …), or tau2 itself.")
@_option("--ci", metavar="CODE", help="Interval of the pooled effect (wald t hksj hksj-adhoc hksj-floor …).")
@_option(
    "--pi", "prediction", metavar="CODE", help='Prediction interval ("t(k-1)" "t(k-2)" hksj wald none …).'
)
@_option("--tau2-ci", metavar="CODE", help="Interval of tau2 (QP …, none).")
@_option("--i2", metavar="FROM", help="What I2 is computed from: tau2 or Q.")
@_option("--level", default=0.95, show_default=True, help="Level of all intervals, a fraction.")
@_option("--add", type=float, help="What is added to the cells of a table with a zero cell [0.5].")
@_option("--to", metavar="WHICH", help="Which studies get it: only0 all if0all none treatment-arm [only0].")
@_option("--drop00/--keep00", default=None, help="Whether studies without events in both arms are left out.")
@_option("--subgroup", metavar="COLUMN", help="Pool the groups of a column, and test between them.")
@_option("--common-tau2", is_flag=True, help="One tau2 for all subgroups.")
@_option("--planned/--post-hoc", default=None, help="Whether the subgroups were planned.")
@_option("--leave-one-out", is_flag=True, help="Pool without each study in turn.")
@_option("--cumulative", metavar="COLUMN", help="Pool one study more at a time, by a column or by precision.")
@_option("--influence", is_flag=True, help="Cook's distance, DFFITS, hat, tau2 and Q without each study.")
@_option(
    "--bias", is_flag=True, help="Test the funnel plot for asymmetry, by the test that suits the measure."
)
@_option("--bias-test", metavar="CODE", help="The test by name: egger begg peters harbord thompson-sharp …")
@_option("--trim-fill", metavar="L0|R0", help="Trim and fill with this estimator.")
@_option("--side", default="auto", show_default=True, help="Side of trim and fill: left, right or auto.")
@_option(
    "--below", type=float, metavar="EFFECT", help="Probability of an effect below this in a new setting."
)
@_option(
    "--above", type=float, metavar="EFFECT", help="Probability of an effect above this in a new setting."
)
@_option("--check-engine", is_flag=True, help="Compute it again by PyMARE or statsmodels, and compare.")
@_option("--force", is_flag=True, help="Test for asymmetry with fewer than ten studies; recorded.")
@_option(
    "--json", "json_to", metavar="FILE|-", help="Write the result as JSON; - for the standard output alone."
)
@_option(
    "-o",
    "--output",
    metavar="FILE",
    help="Draw the forest plot, by subgroups if they are asked for: .svg .pdf .png",
)
@_option(
    "--style",
    default="metareview",
    show_default=True,
    help="Preset of the forest plot (revman, jama, bmj …).",
)
def pool_table(**given: Any) -> None:
    """Pool the studies of FILE (CSV; - for the standard input).

    Prints the studies, the pooled answer with its caveats, and why each method was taken.
    """
    _check_pairs(given)
    check_outputs(
        {"--json": None if given["json_to"] == "-" else given["json_to"], "-o": given["output"]},
        inputs=[given["file"]],
    )
    answer = _answer(given)
    figure = _figure(answer, given["style"]) if given["output"] else None
    found = _as_json(answer)
    if figure is not None:
        from metareview.figures import save_figure

        save_figure(figure, given["output"])
    if given["json_to"] == "-":
        say_json(found)
        return
    if given["json_to"]:
        text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(given["json_to"], text)
    from metareview.cli.meta_text import print_answer

    print_answer(answer)


# options that say nothing without another one
_BELONGS = {
    "common_tau2": ("--subgroup", ("subgroup",)),
    "planned": ("--subgroup", ("subgroup",)),
    "force": ("--bias", ("bias", "bias_test")),
    "side": ("--trim-fill", ("trim_fill",)),
    "style": ("-o", ("output",)),
}


def _check_pairs(given: dict[str, Any]) -> None:
    """Refuse an option that would be ignored."""
    problems = [
        f"{flag} belongs to {other}, which was not given."
        for name, (other, needs) in _BELONGS.items()
        if (flag := given_flag(name)) and not any(given[need] for need in needs)
    ]
    if problems:
        raise SynthesisError(problems)


def _answer(given: dict[str, Any]) -> Answer:
    """Compute all that is asked for; every refusal at once."""
    effects = effects_from_file(
        given["file"], measure=given["measure"], zero_cells=_zero_cells(given), vtype=given["vtype"]
    )
    fit = _fit(given)
    synthesis = fit(effects)
    again = None if by_inverse_variance(synthesis.method) else fit
    problems: list[str] = []

    def ask(wanted: Any, make: Any) -> Any:
        try:
            return make() if wanted else None
        except MetareviewError as error:
            problems.extend(error.problems)
            return None

    answer = Answer(
        synthesis=synthesis,
        subgroups=ask(given["subgroup"], lambda: _subgroups(synthesis, given, again)),
        leave_one_out=ask(given["leave_one_out"], lambda: leave_one_out(synthesis, fit=again)),
        cumulative=ask(given["cumulative"], lambda: cumulative(synthesis, given["cumulative"], fit=again)),
        influence=ask(given["influence"], lambda: influence(synthesis)),
        bias=ask(given["bias"] or given["bias_test"], lambda: _bias(effects, given)),
        trim_fill=ask(given["trim_fill"], lambda: _trim_fill(synthesis, given)),
        new_settings=tuple(
            found
            for side in ("below", "above")
            if (found := ask(given[side] is not None, lambda s=side: _new_setting(synthesis, given[s], s)))
        ),
        agreements=ask(given["check_engine"], lambda: _agreements(synthesis)),
    )
    if problems:
        raise SynthesisError(problems)
    return answer


def _zero_cells(given: dict[str, Any]) -> ZeroCells | None:
    named = {name: given[name] for name in ("add", "to", "drop00") if given[name] is not None}
    return ZeroCells(**named) if named else None


def _fit(given: dict[str, Any]) -> Fit:
    """Return how effects are pooled: by inverse variance, or by the model that was named."""
    inverse = {name: given[name] for name in ("tau2", "ci", "prediction", "tau2_ci", "i2")}
    model = given["model"]
    if model is None or model.casefold() in ("common", "random"):
        if given["prior"] is not None or given["mu_prior"] is not None:
            raise SynthesisError("--prior belongs to --model bayes; inverse-variance pooling has no prior.")
        if given["order"] is not None:
            raise SynthesisError("--order belongs to mixed models; inverse variance integrates nothing.")
        options = Options(policy=given["policy"], model=model, level=given["level"], **inverse)
        return lambda effects: pool_as(effects, options)
    named = [
        f"--{'pi' if name == 'prediction' else name.replace('_', '-')}" for name in inverse if inverse[name]
    ]
    if named:
        raise SynthesisError(f"The model {model} has no choice of {', '.join(named)}; leave it out.")
    from metareview.synthesis.models import fit_model

    own = {name: given[name] for name in ("level", "prior", "mu_prior", "order")}
    return lambda effects: fit_model(effects, model=model, **own)


def _subgroups(synthesis: Synthesis, given: dict[str, Any], fit: Fit | None) -> Subgroups:
    return pool_subgroups(
        synthesis, given["subgroup"], common_tau2=given["common_tau2"], planned=given["planned"], fit=fit
    )


def _bias(effects: Effects, given: dict[str, Any]) -> AsymmetryTest:
    test = given["bias_test"] or "auto"
    return asymmetry_test(effects, test=test, force=given["force"], level=given["level"])


def _trim_fill(synthesis: Synthesis, given: dict[str, Any]) -> TrimAndFill:
    return trim_and_fill(synthesis, estimator=given["trim_fill"].upper(), side=given["side"])


def _new_setting(synthesis: Synthesis, threshold: float, side: str) -> NewSetting:
    return probability_beyond(synthesis, threshold, side=side)


def _agreements(synthesis: Synthesis) -> tuple[Agreement, ...]:
    from metareview.synthesis.second_engine import check_synthesis

    return check_synthesis(synthesis)


def _figure(answer: Answer, style: str) -> Any:
    from metareview.figures import forest_plot, subgroup_plot

    if answer.subgroups:
        return subgroup_plot(answer.subgroups, style=style)[0]
    return forest_plot(answer.synthesis, style=style)


def _as_json(answer: Answer) -> dict[str, Any]:
    """Return the synthesis as JSON has it, with a block for each thing that was asked for besides."""
    found = as_dict(answer.synthesis)
    blocks: dict[str, Any] = {
        "subgroups": answer.subgroups and subgroups_dict(answer.subgroups),
        "leave_one_out": answer.leave_one_out and refits_dict(answer.leave_one_out),
        "cumulative": answer.cumulative and refits_dict(answer.cumulative),
        "influence": answer.influence and influence_dict(answer.influence),
        "bias": answer.bias and bias_dict(answer.bias, answer.synthesis),
        "trim_fill": answer.trim_fill and trim_fill_dict(answer.trim_fill),
        "new_settings": [asdict(found) for found in answer.new_settings] or None,
        "engines": None if answer.agreements is None else [asdict(a) for a in answer.agreements],
    }
    return {**found, **{name: block for name, block in blocks.items() if block is not None}}
