"""Synthesis: from effects to an answer."""

from metareview.synthesis.model import Alternative, Choice, Heterogeneity, Method, Synthesis

__all__ = ["Alternative", "Choice", "Heterogeneity", "Method", "Synthesis"]
