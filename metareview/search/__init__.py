"""Records before anyone judges them: searched, imported, deduplicated."""
