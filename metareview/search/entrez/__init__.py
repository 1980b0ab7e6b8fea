"""The client of NCBI's E-utilities: the only place that opens a connection."""

from metareview.search.entrez.client import Access, Client
from metareview.search.entrez.transport import NCBI, Patience

__all__ = ["NCBI", "Access", "Client", "Patience"]
