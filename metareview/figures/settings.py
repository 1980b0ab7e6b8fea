"""matplotlib as it comes: a ``matplotlibrc`` in the folder of a review, or in a home, counts for nothing.

Such a file can ask for texts to be set by LaTeX, which runs programs, and for another look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def plain_settings(changes: Mapping[str, object] | None = None) -> Iterator[None]:
    """Draw or save with matplotlib's own settings but for some; those of the caller return afterwards."""
    from matplotlib import rc_context, rcdefaults, rcParams

    with rc_context():
        rcdefaults()
        rcParams.update(changes or {})  # type: ignore[arg-type]
        yield
