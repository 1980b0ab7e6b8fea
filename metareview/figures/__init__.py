"""Figures: plain data in, matplotlib figure out.

The names are loaded when first used, so that a forest plot does not wait for the other figures.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metareview.figures.bias import bias_summary_plot, lights_of_table, traffic_light_plot
    from metareview.figures.flow import flow_diagram
    from metareview.figures.forest import forest_pages, forest_plot
    from metareview.figures.groups import subgroup_plot
    from metareview.figures.interactive import interactive_forest
    from metareview.figures.options import ForestOptions
    from metareview.figures.saving import figure_bytes, save_figure, save_pages, write_companions
    from metareview.figures.scatter import baujat_plot, drapery_plot, funnel_plot, labbe_plot, radial_plot
    from metareview.figures.series import refits_plot, summary_plot
    from metareview.figures.style import NAMES, PRESETS, Style

_FILE_OF = {
    "NAMES": "style",
    "PRESETS": "style",
    "ForestOptions": "options",
    "Style": "style",
    "baujat_plot": "scatter",
    "bias_summary_plot": "bias",
    "drapery_plot": "scatter",
    "figure_bytes": "saving",
    "flow_diagram": "flow",
    "forest_pages": "forest",
    "forest_plot": "forest",
    "funnel_plot": "scatter",
    "interactive_forest": "interactive",
    "labbe_plot": "scatter",
    "lights_of_table": "bias",
    "radial_plot": "scatter",
    "refits_plot": "series",
    "save_figure": "saving",
    "save_pages": "saving",
    "subgroup_plot": "groups",
    "summary_plot": "series",
    "traffic_light_plot": "bias",
    "write_companions": "saving",
}

__all__ = [
    "NAMES",
    "PRESETS",
    "ForestOptions",
    "Style",
    "baujat_plot",
    "bias_summary_plot",
    "drapery_plot",
    "figure_bytes",
    "flow_diagram",
    "forest_pages",
    "forest_plot",
    "funnel_plot",
    "interactive_forest",
    "labbe_plot",
    "lights_of_table",
    "radial_plot",
    "refits_plot",
    "save_figure",
    "save_pages",
    "subgroup_plot",
    "summary_plot",
    "traffic_light_plot",
    "write_companions",
]


def __getattr__(name: str) -> object:
    """Load a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
