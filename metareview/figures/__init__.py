"""Figures: plain data in, matplotlib figure out."""
