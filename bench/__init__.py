"""Side-by-side measurements: against the usual way, and against the physical limit."""
