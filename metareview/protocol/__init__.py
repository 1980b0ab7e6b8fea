"""What was planned: PICO, criteria, searches, outcomes, analyses."""
