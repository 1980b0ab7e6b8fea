"""Figures as files: the same figure gives the same bytes, on any day."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from metareview.errors import FigureError
from metareview.figures.fonts import TYPEFACE, plain_line
from metareview.figures.settings import plain_settings
from metareview.files import write_atomically
from metareview.tables import write_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png", "tiff")
_DEFAULT = ("svg", "pdf", "png")
_DPI = {"png": 300, "tiff": 600}
_MOST_PIXELS = 2**16
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "metareview",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "text.hinting": "no_hinting",
    "path.simplify": False,
}
# fonts of the same widths, for readers whose machine lacks ours
_STAND_INS = "'Liberation Sans', Arial, Helvetica, 'Nimbus Sans'"


def save_figure(
    figure: Figure, path: str | Path, *, formats: Sequence[str] = (), dpi: int | None = None
) -> tuple[Path, ...]:
    """Write a figure to one file, or to several formats at once.

    Parameters
    ----------
    figure
        From any function of this room.
    path
        With a suffix (``.svg``, ``.pdf``, ``.png``, ``.tiff``) one file is written; without one, each of
        ``formats``.
    formats
        SVG, PDF and PNG where not given.
    dpi
        Dots per inch of PNG (300) and TIFF (600).

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    FigureError
        For a format that figures are not written in.
    """
    path = Path(path)
    suffix = path.suffix[1:].casefold()
    suffix = "tiff" if suffix == "tif" else suffix
    if suffix in FORMATS and not formats:
        write_atomically(path, figure_bytes(figure, suffix, dpi=dpi))
        return (path,)
    if path.suffix and not formats and suffix not in FORMATS and re.fullmatch(r"[a-z]{2,5}", suffix):
        raise FigureError(
            f"{path}: figures are written as {', '.join(FORMATS)}; end the name with one of them."
        )
    stem = path.with_suffix("") if suffix in FORMATS else path
    files = tuple(stem.with_name(f"{stem.name}.{form}") for form in formats or _DEFAULT)
    for form in formats or _DEFAULT:  # before anything is written, or drawn for minutes
        _refuse_too_many_pixels(figure, form, dpi or _DPI.get(form, 72))
    for file, form in zip(files, formats or _DEFAULT, strict=True):
        write_atomically(file, figure_bytes(figure, form, dpi=dpi))
    return files


def save_pages(figures: Sequence[Figure], path: str | Path, *, dpi: int | None = None) -> tuple[Path, ...]:
    """Write the pages of a figure: one file of one page, else ``x-1.svg``, ``x-2.svg`` and so on."""
    path = Path(path)
    if len(figures) == 1:
        return save_figure(figures[0], path, dpi=dpi)
    return tuple(
        file
        for number, figure in enumerate(figures, 1)
        for file in save_figure(figure, path.with_name(f"{_stem(path).name}-{number}{path.suffix}"), dpi=dpi)
    )


def _stem(path: Path) -> Path:
    return path.with_suffix("") if path.suffix[1:].casefold() in {*FORMATS, "tif", "html"} else path


def figure_bytes(figure: Figure, form: str, *, dpi: int | None = None) -> bytes:
    """Return a figure's file as bytes: text as text in SVG, fonts embedded in PDF, no date in either."""
    if form not in FORMATS:
        raise FigureError(f'Figures are not written as "{form}"; the formats are {", ".join(FORMATS)}.')
    _refuse_too_many_pixels(figure, form, dpi or _DPI.get(form, 72))
    alt = _alt(figure)
    out = io.BytesIO()
    with plain_settings(_SETTINGS):
        figure.savefig(out, format=form, dpi=dpi or _DPI.get(form, 72), **_metadata(form, alt))
    return _finish_svg(out.getvalue(), alt) if form == "svg" else out.getvalue()


def _alt(figure: Figure) -> str:
    """Return what a figure shows; XML has no place for control characters, and a terminal obeys them."""
    return plain_line(str(getattr(figure, "alt", "")))


def _refuse_too_many_pixels(figure: Figure, form: str, dpi: int) -> None:
    tallest = float(max(figure.get_size_inches())) * dpi
    if form in _DPI and tallest >= _MOST_PIXELS:
        raise FigureError(
            f"A {form.upper()} of {tallest:,.0f} pixels cannot be written; ask for fewer dots per inch than "
            f"{dpi}, for pages (page_height, --page-height), or for SVG or PDF."
        )


def _metadata(form: str, alt: str) -> dict[str, Any]:
    if form == "svg":
        return {"metadata": {"Date": None, "Creator": "metareview"}}
    if form == "pdf":
        about = {"CreationDate": None, "ModDate": None, "Creator": "metareview", "Producer": "metareview"}
        return {"metadata": {**about, "Subject": alt} if alt else about}
    if form == "png":
        about = {"Software": "metareview", **({"Description": alt} if alt else {})}
        return {"metadata": about, "pil_kwargs": {"compress_level": 3}}
    return {"pil_kwargs": {"compression": "tiff_lzw"}}


def _finish_svg(raw: bytes, alt: str) -> bytes:
    """Name fonts of the same widths beside ours, and say what the figure shows."""
    text = raw.decode("utf-8").replace(f"'{TYPEFACE}'", _STAND_INS)
    if alt:
        text = re.sub(
            r"(<svg [^>]*?)>", lambda m: f'{m[1]} role="img">\n <desc>{escape(alt)}</desc>', text, count=1
        )
    return text.encode("utf-8")


def companions(path: str | Path) -> tuple[Path, Path]:
    """Return where a figure's words and its data stand beside it."""
    stem = _stem(Path(path))
    return stem.with_name(f"{stem.name}.alt.txt"), stem.with_name(f"{stem.name}.data.csv")


def write_companions(figure: Figure, path: str | Path) -> tuple[Path, ...]:
    """Write what a figure says beside it: its alt text (``x.alt.txt``) and its data (``x.data.csv``)."""
    words, data = companions(path)
    alt, columns = _alt(figure), list(getattr(figure, "columns", ()))
    files = []
    if alt:
        files.append(words)
        write_atomically(files[-1], alt + "\n")
    if columns:
        files.append(data)
        write_atomically(files[-1], write_table(columns, getattr(figure, "rows", ())))
    return tuple(files)
