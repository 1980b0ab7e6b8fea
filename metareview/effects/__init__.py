"""Effect sizes: from what was reported to ``yi`` and ``vi`` on the analysis scale."""

from metareview.effects.measures import MEASURES, measure_of
from metareview.effects.model import Columns, Effects, FloatArray, Interval, Measure
from metareview.effects.sizes import effect_sizes
from metareview.effects.subsets import only_studies
from metareview.effects.zerocells import ZeroCells

__all__ = [
    "MEASURES",
    "Columns",
    "Effects",
    "FloatArray",
    "Interval",
    "Measure",
    "ZeroCells",
    "effect_sizes",
    "measure_of",
    "only_studies",
]
