"""corruptions: transmitted light made worse by known amounts, and how far a measure then moves."""
