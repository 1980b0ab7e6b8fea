import io
import re
import subprocess
import sys

import pytest
from lxml import etree
from matplotlib import rc_context, rcParams
from PIL import Image

from metareview.errors import FigureError
from metareview.figures import (
    ForestOptions,
    figure_bytes,
    forest_plot,
    save_figure,
    save_pages,
    write_companions,
)

OPTIONS = ForestOptions(title="Tuberculosis", arms=("BCG", "No vaccine"))


@pytest.mark.parametrize("form", ["svg", "pdf", "png", "tiff"])
def test_the_same_figure_gives_the_same_bytes(bcg, form):
    first = figure_bytes(forest_plot(bcg, options=OPTIONS), form)
    again = figure_bytes(forest_plot(bcg, options=OPTIONS), form)
    assert first == again


def test_a_settings_file_of_matplotlib_changes_nothing_and_runs_no_latex(bcg, tmp_path):
    """As where a review from somebody else holds a ``matplotlibrc``."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: 40\naxes.facecolor: red\n")
    calm = figure_bytes(forest_plot(bcg, options=OPTIONS), "svg")
    with rc_context(fname=tmp_path / "matplotlibrc"):
        assert figure_bytes(forest_plot(bcg, options=OPTIONS), "svg") == calm
        assert rcParams["text.usetex"], "the caller's settings return"


def test_the_bytes_do_not_depend_on_the_process(bcg):
    code = (
        "import hashlib, sys\nfrom metareview.figures.bias import Light\n"
        "from metareview.figures import traffic_light_plot, figure_bytes\n"
        "f = traffic_light_plot([Light('A', 'D1', 'low')])\n"
        "print(hashlib.sha256(b''.join(figure_bytes(f, x) for x in ('svg', 'pdf', 'png'))).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_in_svg_every_study_and_number_is_text(bcg):
    svg = figure_bytes(forest_plot(bcg, options=OPTIONS), "svg").decode()
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    for label in bcg.effects.labels:
        assert label.replace("&", "&amp;") in texts
    assert "0.41 (0.13 to 1.26)" in texts
    assert "Arial" in svg
    assert "<desc>Forest plot of Tuberculosis" in svg
    assert "dc:date" not in svg


def test_in_pdf_fonts_are_embedded_and_no_date_stands(bcg):
    pdf = figure_bytes(forest_plot(bcg), "pdf")
    assert b"/FontFile2" in pdf
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf


def test_a_tiff_has_600_dots_per_inch_and_the_width_of_the_journal(bcg):
    image = Image.open(io.BytesIO(figure_bytes(forest_plot(bcg, style="bmj"), "tiff")))
    assert round(float(image.info["dpi"][0])) == 600
    assert image.width == pytest.approx(174 / 25.4 * 600, abs=1)


def test_a_transparent_figure_has_no_paper(bcg):
    clear = forest_plot(bcg, options=ForestOptions(transparent=True))
    image = Image.open(io.BytesIO(figure_bytes(clear, "png", dpi=50))).convert("RGBA")
    assert image.getpixel((1, 1))[3] == 0
    solid = Image.open(io.BytesIO(figure_bytes(forest_plot(bcg), "png", dpi=50))).convert("RGBA")
    assert solid.getpixel((1, 1)) == (255, 255, 255, 255)


def test_a_path_without_suffix_gives_three_formats(bcg, tmp_path):
    files = save_figure(forest_plot(bcg), tmp_path / "deep" / "forest")
    assert [f.name for f in files] == ["forest.svg", "forest.pdf", "forest.png"]
    assert all(f.is_file() for f in files)


def test_a_dot_in_a_name_is_not_a_suffix(bcg, tmp_path):
    (file,) = save_figure(forest_plot(bcg), tmp_path / "fig.1", formats=("svg",))
    assert file.name == "fig.1.svg"


def test_an_unknown_format_is_refused_before_anything_is_written(bcg, tmp_path):
    with pytest.raises(FigureError, match="svg, pdf, png, tiff"):
        save_figure(forest_plot(bcg), tmp_path / "forest.docx")
    assert list(tmp_path.iterdir()) == []


def test_companions_do_not_touch_a_table_of_the_same_name(bcg, tmp_path):
    (tmp_path / "t.csv").write_text("mine")
    files = write_companions(forest_plot(bcg), tmp_path / "t.svg")
    assert [f.name for f in files] == ["t.alt.txt", "t.data.csv"]
    assert (tmp_path / "t.csv").read_text() == "mine"
    assert files[1].read_text().splitlines()[1].startswith("study,Aronson 1948,4/123")


def test_pages_are_numbered(bcg, tmp_path):
    figure = forest_plot(bcg)
    names = [f.name for f in save_pages((figure, figure), tmp_path / "a.svg")]
    assert names == ["a-1.svg", "a-2.svg"]
    assert [f.name for f in save_pages((figure,), tmp_path / "b.svg")] == ["b.svg"]


def test_drawing_leaves_numpy_matplotlib_and_warnings_as_they_were():
    code = """
import numpy as np, warnings, matplotlib
before = (np.geterr(), list(warnings.filters), dict(matplotlib.rcParams))
from metareview.figures.ink import _forestplot
_forestplot()
assert np.geterr() == before[0]
assert warnings.filters == before[1]
now = dict(matplotlib.rcParams)
assert {k for k in now if str(now[k]) != str(before[2][k])} <= {"backend"}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pyplot_keeps_no_figure_of_ours(bcg):
    import matplotlib.pyplot as plt

    forest_plot(bcg)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "words", ["</text><script>alert(1)</script>", "]]>", "--><b>", "&amp; &x; $x^2$", "a\x1b[31mb\x0bc"]
)
def test_words_of_others_stay_words_in_a_drawing(synthesis_of, words):
    shown = re.sub("[\x0b\x1b]", " ", words)
    figure = forest_plot(
        synthesis_of([0.1, 0.2], [0.1, 0.1], [words, "B"]), options=ForestOptions(title=words)
    )
    drawing = etree.fromstring(figure_bytes(figure, "svg"))
    names = {etree.QName(e).localname for e in drawing.iter(etree.Element)}
    assert "script" not in names
    texts = ["".join(e.itertext()) for e in drawing.iter("{*}text")]
    assert texts.count(shown) == 2
    assert shown in drawing.findtext("{*}desc")
