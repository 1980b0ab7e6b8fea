"""Figures: plain data in, matplotlib figure out."""

from metareview.figures.forest import forest_pages, forest_plot
from metareview.figures.options import ForestOptions
from metareview.figures.saving import save_figure, write_companions
from metareview.figures.style import NAMES, PRESETS, Style

__all__ = [
    "NAMES",
    "PRESETS",
    "ForestOptions",
    "Style",
    "forest_pages",
    "forest_plot",
    "save_figure",
    "write_companions",
]
