"""``metareview plot``: any figure of a review, in the style of a journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metareview.cli.flags import given_flag
from metareview.cli.outputs import check_outputs
from metareview.cli.terminal import say, say_json
from metareview.errors import FigureError, MetareviewError, did_you_mean
from metareview.files import is_there, write_atomically

if TYPE_CHECKING:
    from metareview.figures import ForestOptions
    from metareview.figures.ink import Plate
    from metareview.review import Answer, Review

_EPILOG = """
\b
Figures:
  forest         the forest plot of an analysis, by subgroup where the plan names one
  leave-one-out  the same without each study in turn
  cumulative     the same adding one study at a time (--by year, or --by precision)
  summary        one plot for several analyses
  funnel         contour-enhanced funnel plot (10 studies or more, unless --few)
  baujat labbe radial drapery
  lights bias    risk of bias: traffic lights, and weighted summary bars
  flow           the PRISMA 2020 flow diagram

\b
Examples:
  metareview plot msc-sr-agvhd forest response --style bmj -o response.pdf
  metareview plot msc-sr-agvhd forest response --columns study,year,arms,plot,effect,weight,p -o fig.svg
  metareview plot msc-sr-agvhd forest response --size narrow --dpi 600 -o fig.tiff
  metareview plot msc-sr-agvhd forest response -o response.html
  metareview plot msc-sr-agvhd lights --table robvis.csv -o lights.svg

Beside each figure its words (x.alt.txt) and its data (x.data.csv) are written.
"""


@dataclass(frozen=True, eq=False)
class Order:
    """What was asked for.

    Attributes
    ----------
    review, analyses : of which review and planned analyses
    style, options : how it looks
    given : the other flags
    """

    review: str
    analyses: tuple[str, ...]
    style: str
    options: ForestOptions
    given: dict[str, Any]


@click.command("plot", epilog=_EPILOG)
@click.argument("review")
@click.argument("figure")
@click.argument("analyses", nargs=-1)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Where to write it: .svg .pdf .png .tiff, .html for an interactive forest plot; may be repeated.",
)
@click.option(
    "--style",
    default="metareview",
    show_default=True,
    help="metareview, revman, cochrane-classic, jama, bmj or lancet.",
)
@click.option(
    "--columns", default="", help="Columns in order, by commas; name=Head gives one a head of its own."
)
@click.option(
    "--size", default="full", show_default=True, help="full or narrow column of the journal, or millimetres."
)
@click.option("--page-height", type=float, help="Millimetres; longer plots go on over several pages.")
@click.option("--limits", help="Ends of the axis, as 0.1,10.")
@click.option("--title", help="Title in place of the analysis's.")
@click.option(
    "--footnote", "footnotes", multiple=True, help="A further sentence below the figure; may be repeated."
)
@click.option("--transparent", is_flag=True, help="No paper behind the figure.")
@click.option("--dpi", type=int, help="Dots per inch of .png [300] and .tiff [600].")
@click.option("--by", default="year", show_default=True, help="What a cumulative plot is ordered by.")
@click.option("--few", is_flag=True, help="Draw a funnel plot of fewer than 10 studies; the figure says so.")
@click.option("--table", help="Judgements as robvis has them, in place of the review's sheet.")
@click.option("--json", "as_json", is_flag=True, help="Print files, words and data as JSON.")
def draw_figure(review: str, figure: str, analyses: tuple[str, ...], **given: Any) -> None:
    """Draw FIGURE of REVIEW, for one or more planned ANALYSES."""
    if figure not in FIGURES:
        raise FigureError(f'There is no figure "{figure}"; {did_you_mean(figure, list(FIGURES))}')
    _check_flags(figure, analyses, given)
    _check_outputs(given["outputs"], given["table"])
    order = Order(review, analyses, given["style"], _options(given), given)
    pages = [o for o in given["outputs"] if not o.casefold().endswith(".html")]
    webs = [o for o in given["outputs"] if o.casefold().endswith(".html")]
    if webs and figure != "forest":
        raise FigureError(f"{webs[0]}: only a forest plot can be written as a web page.")
    plates = FIGURES[figure](order) if pages else ()
    files = [*_write_plates(plates, pages, given["dpi"]), *_write_webs(order, webs)]
    _report(plates, files, given["as_json"])


_SHOWN = {"flow": 0, "lights": 1, "bias": 1}  # analyses, at most; the other figures ask for what they need
_FORESTS = ("forest", "leave-one-out", "cumulative", "summary")
# option → the figures that it changes; the others change all
_BELONGS = {
    "by": ("cumulative",),
    "columns": _FORESTS,
    "few": ("funnel",),
    "limits": _FORESTS,
    "page_height": _FORESTS,
    "table": ("lights", "bias"),
}


def _check_flags(figure: str, analyses: Sequence[str], given: dict[str, Any]) -> None:
    """Refuse an option or an analysis that would be ignored."""
    problems = [
        f"{flag} belongs to the figure {' or '.join(figures)}, and this is {figure}; leave it out."
        for name, figures in _BELONGS.items()
        if (flag := given_flag(name)) and figure not in figures
    ]
    drawn = [Path(output).suffix.casefold() for output in given["outputs"]]
    if given_flag("dpi") and all(suffix in (".svg", ".pdf", ".html") for suffix in drawn):
        problems.append("--dpi belongs to .png and .tiff, and none is written; leave it out.")
    shown = 0 if given["table"] else _SHOWN.get(figure, len(analyses))
    problems += [f"{name} would not be shown in this figure; leave it out." for name in analyses[shown:]]
    if problems:
        raise FigureError(problems)


def _check_outputs(outputs: Sequence[str], table: str | None) -> None:
    from metareview.figures.saving import companions

    named: dict[str, str | Path] = {f"-o {output}": output for output in outputs}
    if table:
        named |= {f"the {path.suffix} beside {outputs[0]}": path for path in companions(outputs[0])}
    check_outputs(named, inputs=[table] if table else [])


def _options(given: dict[str, Any]) -> ForestOptions:
    from metareview.figures import ForestOptions

    if given["dpi"] is not None and given["dpi"] < 1:
        raise FigureError(f"--dpi is {given['dpi']}; give dots per inch, such as 300.")
    return ForestOptions(
        title=given["title"] or "",
        columns=tuple(c.strip() for c in given["columns"].split(",") if c.strip()),
        size=given["size"] if given["size"] in {"full", "narrow"} else _number(given["size"], "--size"),
        page_height=given["page_height"],
        limits=_limits(given["limits"]),
        footnotes=given["footnotes"],
        transparent=given["transparent"],
    )


def _number(text: str, flag: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FigureError(f'{flag} is "{text}"; give full, narrow, or a number of millimetres.') from None


def _limits(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise FigureError(
            f'--limits is "{text}"; give two numbers with a comma between, as 0.1,10.'
        ) from None
    return low, high


def _write_plates(plates: Sequence[Plate], outputs: Sequence[str], dpi: int | None) -> list[Path]:
    from metareview.figures import save_pages, write_companions

    files: list[Path] = []
    for output in outputs:
        files += save_pages(plates, output, dpi=dpi)
    for output in outputs[:1]:
        files += write_companions(plates[0], output)
    return files


def _write_webs(order: Order, outputs: Sequence[str]) -> list[Path]:
    if not outputs:
        return []
    from metareview.figures.interactive import interactive_forest

    answer, options = _answered(order)
    page = interactive_forest(_synthesis(answer), style=order.style, options=options)
    for output in outputs:
        write_atomically(output, page)
    return [Path(output) for output in outputs]


def _report(plates: Sequence[Any], files: Sequence[Path], as_json: bool) -> None:
    if as_json:
        first = plates[0] if plates else None
        found = {
            "files": [str(f) for f in files],
            "alt": getattr(first, "alt", ""),
            "data": [dict(row) for row in getattr(first, "rows", ())],
        }
        say_json(found)
        return
    for note in dict.fromkeys(n for plate in plates for n in plate.page.notes):
        say(f"note: {note}", err=True)
    for file in files:
        say(f"wrote {file}")


def _review(order: Order) -> Review:
    from metareview.review import Review

    return Review(order.review)


def _answered(order: Order, name: str = "") -> tuple[Answer, ForestOptions]:
    """Answer the analysis that was named, and say how its figure is headed."""
    from metareview.report.answers import forest_options

    review = _review(order)
    if not name and len(order.analyses) != 1:
        ids = ", ".join(planned.id for planned in review.planned)
        raise MetareviewError(f"One analysis must be named for this figure; the plan has {ids}.")
    planned = review.find(name or order.analyses[0])
    answer = review.answer(planned)
    beside = [review.answer(other) for other in review.beside(planned)]
    return answer, _merged(forest_options(review, answer, beside), order, _lights(review, answer))


def _merged(plan: ForestOptions, order: Order, judgements: tuple[Any, ...]) -> ForestOptions:
    """Put what was asked on the command line over what the plan says."""
    asked = order.options
    wanted = judgements if any(c.partition("=")[0] == "rob" for c in asked.columns) else ()
    return replace(
        asked,
        title=asked.title or plan.title,
        arms=plan.arms,
        favours=plan.favours,
        also=plan.also,
        sources=plan.sources,
        judgements=wanted,
        footnotes=(*plan.footnotes, *asked.footnotes),
    )


def _lights(review: Review, answer: Answer | None) -> tuple[Any, ...]:
    """Return the judgements of risk of bias under the studies' labels, for the outcomes of an analysis."""
    from metareview.figures.bias import Light

    sheets = review.sheets
    outcomes = {"", *answer.planned.analysis.outcomes} if answer else {j.outcome for j in sheets.judgements}
    return tuple(
        Light(sheets.study(j.study).label, j.domain, j.level)
        for j in sheets.judgements
        if j.outcome in outcomes
    )


def _synthesis(answer: Answer) -> Any:
    if answer.synthesis is None:
        raise MetareviewError(
            f'No study has usable numbers for "{answer.planned.id}"; there is nothing to draw.'
        )
    return answer.synthesis


def _forest(order: Order) -> Sequence[Any]:
    from metareview.figures import forest_pages, subgroup_plot

    answer, options = _answered(order)
    if answer.subgroups is not None:
        return subgroup_plot(answer.subgroups, style=order.style, options=options)
    return forest_pages(_synthesis(answer), style=order.style, options=options)


def _refits(order: Order, leaving: bool) -> Sequence[Any]:
    from metareview.figures import refits_plot
    from metareview.synthesis import cumulative, leave_one_out

    answer, options = _answered(order)
    synthesis = _synthesis(answer)
    refits = leave_one_out(synthesis) if leaving else cumulative(synthesis, order.given["by"])
    return refits_plot(refits, style=order.style, options=options)


def _summary(order: Order) -> Sequence[Any]:
    from metareview.figures import summary_plot

    names = order.analyses or tuple(p.id for p in _review(order).planned if not p.parent)
    answers = [_answered(order, name) for name in names]
    outcomes = [(o.title or a.planned.id, a.synthesis) for a, o in answers if a.synthesis is not None]
    options = replace(answers[0][1], title=order.options.title, also=()) if answers else order.options
    if len({o.favours for _, o in answers}) > 1:
        options = replace(options, favours=("", ""))
    return summary_plot(outcomes, style=order.style, options=options)


def _chart(name: str) -> Callable[[Order], Sequence[Any]]:
    def draw(order: Order) -> Sequence[Any]:
        from metareview.figures import scatter

        answer, options = _answered(order)
        plot = getattr(scatter, f"{name}_plot")
        flags = {"few": order.given["few"]} if name == "funnel" else {}
        return (plot(_synthesis(answer), style=order.style, options=options, **flags),)

    return draw


def _judged(order: Order) -> tuple[tuple[Any, ...], dict[str, float] | None]:
    """Return judgements and weights, from a table, or from the sheets and the analysis that was named."""
    if order.given["table"]:
        from metareview.figures.bias import lights_of_table
        from metareview.tables import read_table

        lights, weights = lights_of_table(read_table(order.given["table"]))
        return lights, weights or None
    review = _review(order)
    answer = review.answer(order.analyses[0]) if order.analyses else None
    if answer is None or answer.synthesis is None:
        return _lights(review, answer), None
    synthesis = answer.synthesis
    weights = dict(zip(synthesis.effects.labels, map(float, synthesis.weights), strict=True))
    return _lights(review, answer), weights


def _traffic(order: Order) -> Sequence[Any]:
    from metareview.figures import traffic_light_plot

    return (traffic_light_plot(_judged(order)[0], style=order.style, options=order.options),)


def _bars(order: Order) -> Sequence[Any]:
    from metareview.figures import bias_summary_plot

    lights, weights = _judged(order)
    return (bias_summary_plot(lights, weights=weights, style=order.style, options=order.options),)


def _flow(order: Order) -> Sequence[Any]:
    from metareview.figures import flow_diagram
    from metareview.review.place import find_review
    from metareview.review.screened import ScreeningDesk

    review = _review(order)
    desk = ScreeningDesk(find_review(order.review))
    studies = review.sheets.studies if is_there(review.place.sheets / "studies.csv") else None
    return (flow_diagram(desk.flow(studies), style=order.style, options=order.options),)


FIGURES: dict[str, Callable[[Order], Sequence[Any]]] = {
    "forest": _forest,
    "leave-one-out": lambda order: _refits(order, True),
    "cumulative": lambda order: _refits(order, False),
    "summary": _summary,
    **{name: _chart(name) for name in ("funnel", "baujat", "labbe", "radial", "drapery")},
    "lights": _traffic,
    "bias": _bars,
    "flow": _flow,
}
