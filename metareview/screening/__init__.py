"""Screening decisions, agreement, and the PRISMA counts that follow from them."""
