"""Records before anyone judges them: searching, importing, finding duplicates."""

from metareview.search.catalogue import read_records, write_records
from metareview.search.record import Link, Record

__all__ = ["Link", "Record", "read_records", "write_records"]
