import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from metareview.cli import commands as cli
from metareview.errors import MetareviewError

REVIEW = "msc-sr-agvhd"
ROOT = Path(__file__).parent.parent.parent
ROBVIS = "Study,D1,Overall,Weight\nA,Low,High,60\nB,Some concerns,Low,40\n"


@pytest.fixture
def plot(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)

    def run(*words):
        arguments = [w.replace("@", f"{tmp_path}/") for w in words]
        return CliRunner().invoke(cli, ["plot", REVIEW, *arguments], catch_exceptions=False)

    run.folder = tmp_path
    return run


def test_a_forest_plot_is_written_with_its_words_and_data(plot):
    result = plot("forest", "overall-response", "--style", "bmj", "-o", "@fig.svg", "-o", "@fig.pdf")
    assert result.exit_code == 0
    assert sorted(p.name for p in plot.folder.iterdir()) == [
        "fig.alt.txt", "fig.data.csv", "fig.pdf", "fig.svg"
    ]  # fmt: skip
    svg = (plot.folder / "fig.svg").read_text("utf-8")
    assert "Zhao 2022" in svg
    assert "82 / 99" in svg
    assert "wrote" in result.output


def test_an_html_name_gives_the_interactive_plot_with_its_trail(plot):
    assert plot("forest", "overall-response", "-o", "@fig.html").exit_code == 0
    page = (plot.folder / "fig.html").read_text("utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert all(row["sources"] for row in data if row["kind"] == "study")


def test_columns_and_size_are_asked_for_by_words(plot):
    words = ("--columns", "study,year=Published,effect,plot", "--size", "narrow")
    assert plot("forest", "overall-response", *words, "-o", "@fig.svg").exit_code == 0
    assert "Published" in (plot.folder / "fig.svg").read_text("utf-8")


@pytest.mark.parametrize("figure", ["leave-one-out", "cumulative", "radial", "drapery", "labbe"])
def test_other_figures_of_an_analysis_are_drawn(plot, figure):
    assert plot(figure, "response-primary", "-o", "@fig.svg").exit_code == 0
    assert (plot.folder / "fig.svg").stat().st_size > 1000


def test_a_summary_draws_several_analyses(plot):
    result = plot("summary", "overall-response", "sepsis", "-o", "@fig.svg", "--json")
    found = json.loads(result.output)
    assert [row["kind"] for row in found["data"]] == ["pooled", "study"]
    assert found["alt"].startswith("Forest plot")


def test_lights_are_drawn_from_a_robvis_table(plot):
    (plot.folder / "rob.csv").write_text(ROBVIS)
    for figure in ("lights", "bias"):
        assert plot(figure, "--table", "@rob.csv", "-o", f"@{figure}.svg").exit_code == 0
    assert "Studies count with their weight" in (plot.folder / "bias.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("forrest", "overall-response"), 'no figure "forrest".*did you mean "forest"'),
        (("forest", "overal-response"), 'did you mean "overall-response"'),
        (("forest",), "One analysis must be named"),
        (("forest", "overall-response", "--style", "revmann"), 'did you mean "revman"'),
        (("forest", "overall-response", "--columns", "study,yeer"), 'There is no column "yeer"'),
        (("forest", "overall-response", "--size", "wide"), "--size is"),
        (("forest", "overall-response", "--limits", "1"), "two numbers"),
        (("funnel", "overall-response"), "at least 10"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence_and_nothing_is_written(plot, words, says):
    with pytest.raises(MetareviewError, match=says):
        plot(*words, "-o", "@fig.svg")
    assert list(plot.folder.iterdir()) == []


def test_only_a_forest_plot_can_be_a_web_page(plot):
    with pytest.raises(MetareviewError, match="only a forest plot"):
        plot("funnel", "overall-response", "-o", "@fig.html")


def test_a_transparent_paged_tiff_can_be_had(plot):
    words = ("--transparent", "--page-height", "80", "--dpi", "72", "-o", "@fig.tiff")
    assert plot("forest", "single-arm-overall-response", *words).exit_code == 0
    assert (plot.folder / "fig-2.tiff").is_file()
