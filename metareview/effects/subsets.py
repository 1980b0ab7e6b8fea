"""Some of the studies: the same effects, fewer or in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metareview.effects.model import Effects
from metareview.effects.sizes import with_size


def only_studies(effects: Effects, places: Sequence[int]) -> Effects:
    """Keep some of the studies, in the order of their places.

    Parameters
    ----------
    effects : all of them
    places : indices from 0

    Examples
    --------
    >>> from metareview.effects import effect_sizes
    >>> three = effect_sizes({"study": ["a", "b", "c"], "yi": [1, 2, 3], "vi": [1, 1, 1]}, measure="GEN")
    >>> only_studies(three, [2, 0]).labels
    ('c', 'a')
    """
    index = list(places)
    yi = effects.yi[index]
    data = {name: column[index] for name, column in effects.data.items()}
    return replace(
        effects,
        measure=with_size(effects.measure, data, yi),
        labels=tuple(effects.labels[i] for i in index),
        yi=yi,
        vi=effects.vi[index],
        data=data,
        moderators={name: [column[i] for i in index] for name, column in effects.moderators.items()},
        study_notes=tuple(effects.study_notes[i] for i in index),
    )
