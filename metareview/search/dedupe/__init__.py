"""Which records are the same work, and why we think so."""

from metareview.search.dedupe.groups import Deduplicated, Duplicate, find_duplicates

__all__ = ["Deduplicated", "Duplicate", "find_duplicates"]
