"""Effect sizes: from what was reported to ``yi`` and ``vi`` on the analysis scale."""

from metareview.effects.model import Columns, Effects, FloatArray, Interval, Measure

__all__ = ["Columns", "Effects", "FloatArray", "Interval", "Measure"]
