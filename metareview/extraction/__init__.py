"""From people's reading to typed rows."""
