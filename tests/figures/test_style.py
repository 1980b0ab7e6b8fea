from itertools import pairwise

import numpy as np
import pytest

from metareview.errors import FigureError
from metareview.figures.scatter import _SHADES
from metareview.figures.style import (
    MARK_CONTRAST,
    NAMES,
    PRESETS,
    TEXT_CONTRAST,
    contrast,
    luminance,
    style_named,
)
from metareview.figures.summary import LEVELS

# Machado, Oliveira and Fernandes 2009 (IEEE TVCG 15:1291), severity 1, for linear RGB
BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour):
    channels = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def seen(colour, kind):
    return float(np.clip(np.array(BLINDNESS[kind]) @ linear(colour), 0, 1) @ (0.2126, 0.7152, 0.0722))


def grounds(palette):
    return [g for g in (palette.ground, palette.stripe, palette.band) if g]


@pytest.mark.parametrize("name", NAMES)
def test_text_and_marks_stand_out_from_every_ground(name):
    palette = PRESETS[name].palette
    for ground in grounds(palette):
        assert contrast(palette.text, ground) >= TEXT_CONTRAST
        assert contrast(palette.muted, ground) >= TEXT_CONTRAST
        for mark in (palette.square, palette.interval, palette.diamond, palette.prediction, palette.grid):
            assert contrast(mark, ground) >= MARK_CONTRAST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_marks_stand_out_for_the_colour_blind(name, kind):
    palette = PRESETS[name].palette
    for ground in grounds(palette):
        for mark in (palette.square, palette.interval, palette.diamond, palette.prediction):
            light, dark = sorted((seen(mark, kind), seen(ground, kind)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= MARK_CONTRAST


def test_lights_are_told_apart_by_their_symbols_alone_and_read_on_their_colour():
    symbols = [LEVELS[level][0] for level in ("low", "some concerns", "high", "critical", "no information")]
    assert len(set(symbols)) == len(symbols)
    for _, colour in LEVELS.values():
        assert contrast("#ffffff", colour) >= TEXT_CONTRAST
        assert contrast(colour, "#f3f5f8") >= MARK_CONTRAST


def test_funnel_shades_differ_in_grey_and_leave_the_dots_visible():
    greys = [luminance(shade) for shade, _ in _SHADES]
    assert greys == sorted(greys, reverse=True)
    assert min(a - b for a, b in pairwise(greys)) > 0.1
    darkest = _SHADES[-1][0]
    assert all(contrast(PRESETS[n].palette.square, darkest) >= MARK_CONTRAST for n in NAMES)


def test_presets_have_the_column_widths_of_journals():
    for name in NAMES:
        assert 75 <= PRESETS[name].narrow <= 90
        assert 150 <= PRESETS[name].width <= 180


def test_an_unknown_preset_is_refused_with_a_guess():
    with pytest.raises(FigureError, match='did you mean "revman"'):
        style_named("revmann")
