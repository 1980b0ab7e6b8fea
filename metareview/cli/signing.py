"""Who is at the keyboard, and when: what changes are signed with."""

from __future__ import annotations

import getpass
from datetime import datetime

from metareview.characters import storable
from metareview.extraction.recording import Signature


def signed(who: str | None) -> Signature:
    """Return the signature of ``--as``, else of the login name, as a table keeps it."""
    return Signature(storable(who or "") or _login(), datetime.now().strftime("%Y-%m-%d %H:%M"))


def _login() -> str:
    try:
        return storable(getpass.getuser()) or "unknown"
    except (OSError, KeyError, ImportError):  # an account without a name
        return "unknown"
