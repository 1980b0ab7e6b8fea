"""Conversions: what a paper prints instead of what a synthesis needs, each result marked as derived."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from metareview.effects.conversions.arms import (
    combine_arms,
    crossover_correlation,
    crossover_difference,
    design_effect,
    paired_odds_ratio,
    split_control,
)
from metareview.effects.conversions.counts import events_from_percent, table_from_ratio
from metareview.effects.conversions.derived import Derived
from metareview.effects.conversions.quantiles import mean_sd_from_quantiles, skewness_test
from metareview.effects.conversions.scales import or_from_rr, or_from_smd, rr_from_or, smd_from_or
from metareview.effects.conversions.spread import (
    change_correlation,
    change_sd,
    sd_from_ci,
    sd_from_difference_se,
    sd_from_iqr,
    sd_from_range,
    sd_from_se,
    se_from_ci,
    se_from_p,
    se_from_statistic,
)
from metareview.effects.conversions.survival import hr_from_ci, hr_from_curves, hr_from_oe, hr_from_p

_FUNCTIONS: tuple[Callable[..., Derived], ...] = (
    se_from_ci,
    se_from_statistic,
    se_from_p,
    sd_from_se,
    sd_from_ci,
    sd_from_difference_se,
    sd_from_iqr,
    sd_from_range,
    change_sd,
    change_correlation,
    mean_sd_from_quantiles,
    skewness_test,
    combine_arms,
    split_control,
    design_effect,
    crossover_difference,
    crossover_correlation,
    paired_odds_ratio,
    events_from_percent,
    table_from_ratio,
    hr_from_ci,
    hr_from_oe,
    hr_from_p,
    hr_from_curves,
    smd_from_or,
    or_from_smd,
    rr_from_or,
    or_from_rr,
)
CONVERSIONS: Mapping[str, Callable[..., Derived]] = MappingProxyType(
    {function.__name__.replace("_", "-"): function for function in _FUNCTIONS}
)

__all__ = [
    "CONVERSIONS",
    "Derived",
    "change_correlation",
    "change_sd",
    "combine_arms",
    "crossover_correlation",
    "crossover_difference",
    "design_effect",
    "events_from_percent",
    "hr_from_ci",
    "hr_from_curves",
    "hr_from_oe",
    "hr_from_p",
    "mean_sd_from_quantiles",
    "or_from_rr",
    "or_from_smd",
    "paired_odds_ratio",
    "rr_from_or",
    "sd_from_ci",
    "sd_from_difference_se",
    "sd_from_iqr",
    "sd_from_range",
    "sd_from_se",
    "se_from_ci",
    "se_from_p",
    "se_from_statistic",
    "skewness_test",
    "smd_from_or",
    "split_control",
    "table_from_ratio",
]
