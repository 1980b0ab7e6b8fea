"""Draw every figure and preset of docs/gallery.md from real data, and write the page.

Run from the project's folder: python docs/make_gallery.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from metareview.effects import Effects, effect_sizes
from metareview.figures import (
    NAMES,
    ForestOptions,
    baujat_plot,
    bias_summary_plot,
    drapery_plot,
    flow_diagram,
    forest_plot,
    funnel_plot,
    interactive_forest,
    labbe_plot,
    lights_of_table,
    radial_plot,
    refits_plot,
    save_figure,
    subgroup_plot,
    summary_plot,
    traffic_light_plot,
)
from metareview.files import write_atomically
from metareview.report.answers import forest_options
from metareview.review import Review
from metareview.review.screened import ScreeningDesk
from metareview.synthesis import Synthesis, cumulative, leave_one_out, pool, pool_subgroups
from metareview.tables import parse_table, read_table

HERE = Path(__file__).parent
DATA = HERE.parent / "tests" / "reference" / "datasets"
REVIEW = "msc-sr-agvhd"
BCG = ForestOptions(
    title="BCG vaccine and tuberculosis",
    arms=("BCG vaccine", "No vaccine"),
    favours=("BCG vaccine", "no vaccine"),
)
WIDE = ("study", "year", "arms", "plot", "effect", "weight", "weight_common", "p")
# levels for the look of the lights only; nobody judged these trials
MADE_UP = """Study,D1: Randomisation process,D2: Deviations from interventions,D3: Missing outcome data,\
D4: Measurement of the outcome,D5: Selection of the result,Overall,Weight
Trial A,Low,Low,Low,Low,Low,Low,40
Trial B,Low,Some concerns,Low,Low,Some concerns,Some concerns,25
Trial C,High,Some concerns,No information,Low,Low,High,20
Trial D,Some concerns,Low,Low,High,Low,High,15
"""


@dataclass(frozen=True)
class Picture:
    """One picture of the gallery: heading, file, what it shows, how it is drawn."""

    section: str
    name: str
    says: str
    draw: Callable[[], Any]


def effects(name: str, measure: str) -> Effects:
    """Compute the effects of one of the reference data sets."""
    table = read_table(DATA / f"{name}.csv")
    return effect_sizes({c: table.column(c) for c in table.columns}, measure=measure)


def bcg() -> Synthesis:
    """Pool the thirteen trials of BCG vaccine (Colditz 1994)."""
    return pool(effects("bcg", "RR"))


def presets() -> Iterator[Picture]:
    """Yield each preset in both column widths."""
    for name in NAMES:
        for size in ("full", "narrow"):
            options = replace(BCG, size=size)
            yield Picture(
                f"Preset `{name}`",
                f"{name}-{size}",
                f'`forest_plot(fit, style="{name}", options=ForestOptions(size="{size}"))`',
                lambda name=name, options=options: forest_plot(bcg(), style=name, options=options),
            )


def forests() -> Iterator[Picture]:
    """Yield the kinds of forest plots."""
    grouped = replace(BCG, title="BCG vaccine and tuberculosis, by allocation")
    yield Picture(
        "Subgroups",
        "subgroups",
        "Groups with their own diamonds, and the test between them.",
        lambda: subgroup_plot(pool_subgroups(bcg(), "alloc"), options=grouped)[0],
    )
    yield Picture(
        "Subgroups",
        "subgroups-revman",
        "The same in the preset `revman`.",
        lambda: subgroup_plot(pool_subgroups(bcg(), "alloc"), style="revman", options=grouped)[0],
    )
    yield Picture(
        "Any mix of columns",
        "columns",
        "Year, both weights and P beside the usual columns.",
        lambda: forest_plot(bcg(), options=replace(BCG, columns=WIDE)),
    )
    yield Picture(
        "Several models",
        "models",
        "Random and common effects on one plot.",
        lambda: forest_plot(bcg(), options=replace(BCG, also=(pool(effects("bcg", "RR"), model="common"),))),
    )
    yield Picture(
        "Leave one out",
        "leave-one-out",
        "Every row is the synthesis without one study.",
        lambda: refits_plot(leave_one_out(bcg()), options=BCG)[0],
    )
    yield Picture(
        "Cumulative",
        "cumulative",
        "Every row adds a study, by year.",
        lambda: refits_plot(cumulative(bcg(), "year"), options=BCG)[0],
    )
    yield Picture(
        "Means",
        "means",
        "Means and standard deviations of two arms (Normand 1999).",
        lambda: forest_plot(
            pool(effects("normand1999", "MD")),
            options=ForestOptions(
                title="Length of stay in hospital, days",
                arms=("Specialist care", "Routine care"),
                favours=("specialist care", "routine care"),
            ),
        ),
    )


def of_the_review() -> Iterator[Picture]:
    """Yield figures of the worked review."""
    review = Review(REVIEW, HERE.parent)
    for name in ("response-primary", "overall-response/with-inferred-counts", "single-arm-overall-response"):
        yield Picture(
            "The worked review",
            f"gvhd-{name.replace('/', '-')}",
            f"`metareview plot {REVIEW} forest {name}`",
            lambda name=name: review_forest(review, name),
        )
    yield Picture(
        "Many outcomes",
        "summary",
        f"`metareview plot {REVIEW} summary overall-response infection-grade-3-4 sepsis`",
        lambda: review_summary(review, ("overall-response", "infection-grade-3-4", "sepsis")),
    )
    yield Picture(
        "PRISMA 2020 flow",
        "flow",
        "Counted from the review's own records and decisions as they stand.",
        lambda: flow_diagram(ScreeningDesk(review.place).flow()),
    )


def review_forest(review: Review, name: str) -> Any:
    """Draw an analysis of the review as its output has it."""
    planned = review.find(name)
    answer = review.answer(planned)
    beside = [review.answer(other) for other in review.beside(planned)]
    return forest_plot(answer.synthesis, options=forest_options(review, answer, beside))


def review_summary(review: Review, names: tuple[str, ...]) -> Any:
    """Draw several analyses of the review on one axis."""
    answers = [(review.find(n).analysis.title, review.answer(n).synthesis) for n in names]
    arms = ("MSC + second line", "Second line")
    return summary_plot(
        [(title, s) for title, s in answers if s is not None], options=ForestOptions(arms=arms)
    )[0]


def others() -> Iterator[Picture]:
    """Yield the figures that are no forest plots."""
    smoke = ForestOptions(title="Environmental tobacco smoke and lung cancer (Hackshaw 1998)", size="narrow")
    narrow = replace(BCG, size="narrow")
    yield Picture(
        "Funnel",
        "funnel",
        "Shades show the P value an effect would have.",
        lambda: funnel_plot(pool(effects("hackshaw1998", "OR")), options=smoke),
    )
    yield Picture(
        "Baujat",
        "baujat",
        "Who makes Q, and who moves the answer.",
        lambda: baujat_plot(bcg(), options=narrow),
    )
    yield Picture(
        "L'Abbé",
        "labbe",
        "Risk in one arm against risk in the other.",
        lambda: labbe_plot(bcg(), options=narrow),
    )
    yield Picture(
        "Radial (Galbraith)", "radial", "Effects as slopes.", lambda: radial_plot(bcg(), options=narrow)
    )
    yield Picture("Drapery", "drapery", "P value curves.", lambda: drapery_plot(bcg(), options=narrow))
    lights, weights = lights_of_table(parse_table(MADE_UP, "made-up levels"))
    made_up = ForestOptions(footnotes=("Made-up levels, to show the look.",))
    yield Picture(
        "Risk of bias",
        "lights",
        "Traffic lights (made-up levels).",
        lambda: traffic_light_plot(lights, options=made_up),
    )
    yield Picture(
        "Risk of bias",
        "bias",
        "Weighted summary (made-up levels).",
        lambda: bias_summary_plot(lights, weights=weights, options=made_up),
    )


def page(pictures: list[Picture], alts: list[str]) -> str:
    """Write the page."""
    lines = [
        "# Gallery",
        "",
        "Every figure and preset, drawn by `python docs/make_gallery.py` from the data sets in",
        "`tests/reference/datasets` and from the worked review. What each function can be asked for is in",
        "[figures.md](figures.md); a forest plot to point at and click is",
        "[images/forest.html](images/forest.html).",
    ]
    section = ""
    for picture, alt in zip(pictures, alts, strict=True):
        if picture.section != section:
            section = picture.section
            lines += ["", f"## {section}"]
        words = alt.split(". ")[0].replace("[", "(").replace("]", ")").replace("\n", " ")
        lines += ["", picture.says, "", f"![{words}](images/{picture.name}.svg)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw all and write the page."""
    pictures = [*presets(), *forests(), *of_the_review(), *others()]
    alts = []
    for picture in track(pictures, "Drawing", console=Console(stderr=True), transient=True):
        figure = picture.draw()
        save_figure(figure, HERE / "images" / f"{picture.name}.svg")
        alts.append(figure.alt)
    write_atomically(HERE / "images" / "forest.html", interactive_forest(bcg(), options=BCG))
    write_atomically(HERE / "gallery.md", page(pictures, alts))


if __name__ == "__main__":
    main()
