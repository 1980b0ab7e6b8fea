"""metareview: a review that you can make.

The public names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metareview.effects import Effects, Interval, Measure, effect_sizes
    from metareview.figures import forest_plot
    from metareview.review import Review
    from metareview.synthesis import Synthesis, pool

__version__ = "0.1.0"

_ROOM_OF = {
    "Effects": "effects",
    "Interval": "effects",
    "Measure": "effects",
    "effect_sizes": "effects",
    "Synthesis": "synthesis",
    "pool": "synthesis",
    "forest_plot": "figures",
    "Review": "review",
}

__all__ = [
    "Effects",
    "Interval",
    "Measure",
    "Review",
    "Synthesis",
    "__version__",
    "effect_sizes",
    "forest_plot",
    "pool",
]


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
